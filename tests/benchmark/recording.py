# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An endpoint that records the lab's responses once and then replays them. Shells get a fixed response.

The lab needs more time for its responses than the audit needs for 200 hosts, so its time would distort the wall time.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import multiprocessing
import re
import threading
import time
import typing as t
import xml.etree.ElementTree as ET

from .endpoint import Account, Count, Shells, Tally, UnexpectedError

if t.TYPE_CHECKING:
    from multiprocessing.connection import Connection

_AUTHENTICATE = {"WWW-Authenticate": 'Basic realm="WSMAN"'}
_SOAP = {"Content-Type": "application/soap+xml;charset=UTF-8"}
_SHELL = b"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd<"
_MESSAGE = re.compile(rb"<a:MessageID>([^<]*)</a:MessageID>")
# The port of the host and the times of event queries differ in each run.
_VARIABLE_PARTS = re.compile(rb"<a:To[^>]*>[^<]*</a:To>|\d{14}\.\d{6}[+-]\d{3}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z")
_Key = tuple[str, bytes]


class _Server(http.server.ThreadingHTTPServer):
    """All loopback addresses on one port. C(lab) is the port of the lab on these addresses, or None to replay."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, lab: int | None, account: Account) -> None:
        super().__init__(("0.0.0.0", 0), _Handler)
        self.lab = lab
        self.account = account
        self.tally = Tally()
        self.delay = 0.0  # seconds before each response, as in a network
        self.responses: dict[_Key, tuple[int, bytes, bytes]] = {}
        self.shells = Shells()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        message = self.rfile.read(int(self.headers["Content-Length"] or 0))
        time.sleep(self.server.delay)
        if self.headers["Authorization"] != self.server.account.header:
            status, headers, response = 401, _AUTHENTICATE, b""
        else:
            headers = _SOAP
            try:
                status, response = self._respond(message)
            except UnexpectedError as exc:
                self.server.tally.add_error(str(exc))
                status, response = 500, b""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response)))
        self.end_headers()
        self.wfile.write(response)
        self.wfile.flush()
        self.server.tally.add("", len(message), len(response), 0)

    def _respond(self, message: bytes) -> tuple[int, bytes]:
        address = self.connection.getsockname()[0]
        message_id = _MESSAGE.search(message)
        if message_id is None:
            raise UnexpectedError(f"{address}: a message has no MessageID")
        if _SHELL in message:
            return 200, self.server.shells.respond(ET.fromstring(message)).encode()
        key = address, _VARIABLE_PARTS.sub(b"", message.replace(message_id[1], b""))
        if self.server.lab is not None:
            status, response = self._forward(address, self.server.lab, message)
            self.server.responses[key] = status, response, message_id[1]
            return status, response
        if key not in self.server.responses:
            raise UnexpectedError(f"{address}: there is no recorded response to {key[1][-600:].decode()}")
        status, response, recorded_id = self.server.responses[key]
        return status, response.replace(recorded_id, message_id[1])

    def _forward(self, address: str, port: int, message: bytes) -> tuple[int, bytes]:
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
        lab = http.client.HTTPConnection(address, port, timeout=120)
        with contextlib.closing(lab):
            lab.request("POST", self.path, body=message, headers=headers)
            response = lab.getresponse()
            return response.status, response.read()


def _serve(pipe: Connection, lab: int, account: Account) -> None:
    server = _Server(lab, account)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.server_port)
    with contextlib.suppress(EOFError):
        while command := pipe.recv():
            if command != "take":
                server.lab, server.delay = None, float(command)
            pipe.send(server.tally.take())


class Recording:
    """The endpoint in a separate process, so that its CPU time is not the controller's. It listens on C(port)."""

    def __init__(self, *, lab: int, account: Account) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, lab, account), daemon=True)
        self._process.start()
        other.close()
        self.port: int = self._pipe.recv()

    def replay(self, delay: float = 0) -> None:
        """Replay the recorded responses from now on, without the lab, each after C(delay) seconds.

        Raises C(UnexpectedError) like C(take).
        """
        self._send(str(delay))

    def take(self) -> Count:
        """The count since the last call. Raises C(UnexpectedError) if a request has no recorded response."""
        return self._send("take")

    def _send(self, command: str) -> Count:
        self._pipe.send(command)
        count: Count
        count, errors = self._pipe.recv()
        if errors:
            raise UnexpectedError("; ".join(list(dict.fromkeys(errors))[:3]))
        return count

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            self._pipe.send("")
        self._process.join(5)
        self._process.kill()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
