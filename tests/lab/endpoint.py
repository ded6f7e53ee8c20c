# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP listeners of a host, with Basic authentication and keep-alive."""

from __future__ import annotations

import base64
import binascii
import contextlib
import http.server
import socket
import threading
import time
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from .service import Caller, Response

if TYPE_CHECKING:
    import ssl

_HUGE = 1024 * 1024 * 1024
_MEDIA = "application/soap+xml"


class Answering(Protocol):
    """What handles the requests of a listener."""

    @property
    def address(self) -> str:
        """The IP address of the listener."""

    @property
    def max_envelope(self) -> int:
        """The maximum size of a request, in bytes."""

    def signed_in(self, user: str, password: str, scheme: str) -> str | None:
        """The user, or None if the credentials are refused."""

    def reject(self, caller: Caller, status: int, size: int, reason: str) -> Response:
        """Return an HTTP error."""

    def handle(self, caller: Caller, body: bytes) -> Response:
        """Handle a request."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120  # WinRM closes an idle connection after about two minutes
    resource = "/wsman"
    server: Listener

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Write no log: the journal has the requests."""

    def _user(self) -> str | None:
        scheme, _mark, token = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _mark, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return self.server.service.signed_in(user, password, self.server.scheme)

    def _sent_user(self) -> str | None:
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):
            token = self.headers.get("Authorization", "").partition(" ")[2]
            return base64.b64decode(token).decode().partition(":")[0] or None
        return None

    def _body(self) -> bytes | None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        length = self.headers.get("Content-Length")
        return self.rfile.read(int(length)) if length is not None and length.isdigit() else None

    def _is_soap(self) -> bool:
        media, *parameters = (part.strip().lower() for part in self.headers.get("Content-Type", "").split(";"))
        charset = next((part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")), "")
        return media == _MEDIA and charset in {"utf-8", ""}

    def do_POST(self) -> None:
        """Handle a request."""
        service, scheme = self.server.service, self.server.scheme
        body = self._body()
        user = self._user()
        size = len(body or b"")
        if user is None:
            response = service.reject(Caller(self._sent_user(), scheme), 401, size, "not authenticated")
        elif not self.path.partition("?")[0].lower().rstrip("/").endswith(self.resource):
            response = service.reject(Caller(user, scheme), 404, size, f"no resource {self.path}")
        elif body is None:
            response = service.reject(Caller(user, scheme), 411, 0, "no Content-Length")
        elif not self._is_soap():
            response = service.reject(Caller(user, scheme), 415, size, "wrong content type")
        elif size > service.max_envelope:
            response = service.reject(Caller(user, scheme), 413, size, "the request is larger than MaxEnvelopeSizekb")
        else:
            response = _serve(service, Caller(user, scheme), body)
        self._send(response)

    def do_GET(self) -> None:
        """WS-Management uses POST only."""
        self._send(self.server.service.reject(Caller(None, self.server.scheme), 405, 0, self.command))

    def _send(self, response: Response) -> None:
        if response.delay:
            time.sleep(response.delay)
        if response.disruption == "drop":
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        if response.disruption == "huge":
            self._send_huge()
            return
        extra = 1000 if response.disruption == "truncate" else 0
        head = f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in response.headers)
        head += f"Server: {self.server_version}\r\nDate: {self.date_time_string()}\r\n"
        head += f"Content-Length: {len(response.body) + extra}\r\n\r\n"
        self.wfile.write(head.encode() + (response.body[: len(response.body) // 2] if extra else response.body))
        if extra:
            self.close_connection = True

    def _send_huge(self) -> None:
        self.close_connection = True
        self.wfile.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: {_MEDIA};charset=UTF-8\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        chunk = b"10000\r\n" + b"<a>" + b"x" * (0x10000 - 7) + b"</a>" + b"\r\n"
        for _number in range(_HUGE // 0x10000):
            self.wfile.write(chunk)
        self.wfile.write(b"0\r\n\r\n")


def _serve(service: Answering, caller: Caller, body: bytes) -> Response:
    try:
        return service.handle(caller, body)
    except Exception:
        traceback.print_exc()
        return service.reject(caller, 500, len(body), "an error in the lab: see its log")


class Listener(http.server.ThreadingHTTPServer):
    """The listener on one port of a host."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        service: Answering,
        scheme: str,
        port: int,
        tls: ssl.SSLContext | None = None,
        handler: type[Handler] = Handler,
    ) -> None:
        self.service = service
        self.scheme = scheme
        self._tls = tls
        self._connections: set[socket.socket] = set()
        self.running = False
        self._closed = False
        self._lock = threading.Lock()
        super().__init__((service.address, port), handler)

    def server_bind(self) -> None:
        """Bind without the reverse DNS lookup of the base class, which may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept a connection. The TLS handshake is done in the thread of the connection."""
        connection, address = self.socket.accept()
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._connections.add(connection)
        return connection, address

    def verify_request(self, request: object, client_address: object) -> bool:
        """Refuse a connection that was accepted while the listener stops."""
        return self.running

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Remove a closed connection."""
        if isinstance(request, socket.socket):
            self._connections.discard(request)
        with contextlib.suppress(OSError):
            super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore errors of connections that clients close."""

    def start(self) -> None:
        """Start the thread of the listener."""
        self.running = True
        self._serving = threading.Thread(target=self._accept, daemon=True)
        self._serving.start()

    def _accept(self) -> None:
        # serve_forever would wake up again and again, which many listeners cannot afford.
        while self.running:
            self._handle_request_noblock()  # type: ignore[attr-defined] # it waits for a connection

    def _end_accept(self) -> None:
        """End the thread of the listener: the wait for a connection ends with an error."""
        self.running = False
        self.socket.shutdown(socket.SHUT_RDWR)
        self._serving.join()

    def suspend(self) -> None:
        """Close the open connections and refuse new ones. The port stays bound."""
        with self._lock:
            if self.running:
                self._end_accept()
                self._close_connections()

    def resume(self) -> None:
        """Accept connections again."""
        with self._lock:
            if not self.running and not self._closed:
                self.socket.listen(self.request_queue_size)
                self.start()

    def _close_connections(self) -> None:
        for connection in list(self._connections):
            # shutdown of the TLS socket would drop the TLS state while another thread reads.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def stop(self) -> None:
        """Close the port and every open connection."""
        with self._lock:
            self._closed = True
            if self.running:
                self._end_accept()
            self.server_close()
            self._close_connections()
