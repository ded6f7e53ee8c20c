# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP server on this machine with scripted responses, valid or invalid."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import threading
import time
import typing as t

if t.TYPE_CHECKING:
    import ssl

Handler = http.server.BaseHTTPRequestHandler
Reply = t.Callable[[Handler], None]


@dataclasses.dataclass(frozen=True)
class Seen:
    """A received request: C(connection) is the client's port, which identifies the TCP connection."""

    connection: int
    path: str
    headers: t.Mapping[str, str]
    body: bytes


class Listener:
    """A context manager that listens; all scripted replies must be used."""

    def __init__(self, *replies: Reply, tls: ssl.SSLContext | None = None) -> None:
        self.left = list(replies)
        self.seen: list[Seen] = []
        self.unexpected: list[str] = []
        listener = self

        class OneRequest(Handler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # noqa: N802 (the name that http.server calls)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.server_body = body
                listener.seen.append(Seen(self.client_address[1], self.path, dict(self.headers), body))
                if not listener.left:
                    listener.unexpected.append(self.path)
                    self.close_connection = True
                    return
                listener.left.pop(0)(self)

            def log_message(self, *_args: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_args: object) -> None:
                pass  # the client rejected the certificate or closed the connection

            def get_request(self) -> t.Any:
                connection, address = super().get_request()
                if tls is not None:
                    connection.settimeout(5)
                    connection = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                return connection, address

        self._server = Server(("127.0.0.1", 0), OneRequest)
        self._server.socket.settimeout(5)  # a connection can be gone before it is accepted
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> t.Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_args: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if kind is None:
            assert not self.unexpected, f"{len(self.unexpected)} requests too many"
            assert not self.left, f"{len(self.left)} requests too few"


def reply(status: int, body: bytes = b"", *, length: int | None = None, **headers: str) -> Reply:
    """A complete response; C(length) is a wrong Content-Length."""

    def send(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)
        if length is not None:
            handler.close_connection = True

    return send


def raw(octets: bytes) -> Reply:
    """Send these bytes and close the connection."""

    def send(handler: Handler) -> None:
        handler.wfile.write(octets)
        handler.close_connection = True

    return send


def stall(seconds: float, before: bytes = b"") -> Reply:
    """Send these bytes and wait before closing the connection."""

    def send(handler: Handler) -> None:
        handler.wfile.write(before)
        handler.wfile.flush()
        time.sleep(seconds)
        handler.close_connection = True

    return send


def drip(before: bytes, piece: bytes) -> Reply:
    """Send these bytes, and then a piece every few milliseconds until the client gives up."""

    def send(handler: Handler) -> None:
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.wfile.write(before)
            while True:
                handler.wfile.write(piece)
                time.sleep(0.02)

    return send


def flood(octets: int, written: list[int], *, chunked: bool) -> Reply:
    """Send a response that is too large; C(written) receives the number of bytes sent."""

    def send(handler: Handler) -> None:
        handler.send_response(200)
        if chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        else:
            handler.send_header("Content-Length", str(octets))
        handler.end_headers()
        block = b"x" * 65536
        total = 0
        with contextlib.suppress(OSError):
            while total < octets:
                handler.wfile.write(b"10000\r\n%b\r\n" % block if chunked else block)
                total += len(block)
        written.append(total)
        handler.close_connection = True

    return send
