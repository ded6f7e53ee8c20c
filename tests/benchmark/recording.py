# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An endpoint that learns the lab's answers once, and then gives them without the lab. Shells get a fixed answer.

The lab works out each answer, which takes more time than the audit does. Where 200 hosts are asked and the wall clock
is read, its work would be counted with ours.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import multiprocessing
import re
import threading
import typing as t
import xml.etree.ElementTree as ET

from .endpoint import Account, Count, Shells, Tally, UnexpectedError

if t.TYPE_CHECKING:
    from multiprocessing.connection import Connection

_SIGN_IN = {"WWW-Authenticate": 'Basic realm="WSMAN"'}
_SOAP = {"Content-Type": "application/soap+xml;charset=UTF-8"}
_SHELL = b"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd<"
_MESSAGE = re.compile(rb"<a:MessageID>([^<]*)</a:MessageID>")
# The host's port, and since when events are asked for, differ from run to run.
_PASSING = re.compile(rb"<a:To[^>]*>[^<]*</a:To>|\d{14}\.\d{6}[+-]\d{3}")
_Key = tuple[str, bytes]


class _Server(http.server.ThreadingHTTPServer):
    """All addresses of loopback on one port; C(lab) is the port of the lab on the same addresses, or None."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, lab: int | None, account: Account) -> None:
        super().__init__(("0.0.0.0", 0), _Handler)
        self.lab = lab
        self.account = account
        self.tally = Tally()
        self.answers: dict[_Key, tuple[int, bytes, bytes]] = {}
        self.shells = Shells()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        message = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.headers["Authorization"] != self.server.account.header:
            status, headers, answer = 401, _SIGN_IN, b""
        else:
            headers = _SOAP
            try:
                status, answer = self._answer(message)
            except UnexpectedError as exc:
                self.server.tally.complain(str(exc))
                status, answer = 500, b""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.wfile.flush()
        self.server.tally.add("", len(message), len(answer), 0)

    def _answer(self, message: bytes) -> tuple[int, bytes]:
        address = self.connection.getsockname()[0]
        named = _MESSAGE.search(message)
        if named is None:
            raise UnexpectedError(f"{address}: a message without MessageID")
        if _SHELL in message:
            return 200, self.server.shells.answer(ET.fromstring(message)).encode()
        key = address, _PASSING.sub(b"", message.replace(named[1], b""))
        if self.server.lab is not None:
            status, answer = self._learned(address, self.server.lab, message)
            self.server.answers[key] = status, answer, named[1]
            return status, answer
        if key not in self.server.answers:
            raise UnexpectedError(f"{address}: the lab was never asked {key[1][-600:].decode()}")
        status, answer, then = self.server.answers[key]
        return status, answer.replace(then, named[1])

    def _learned(self, address: str, port: int, message: bytes) -> tuple[int, bytes]:
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
        lab = http.client.HTTPConnection(address, port, timeout=120)
        with contextlib.closing(lab):
            lab.request("POST", self.path, body=message, headers=headers)
            answer = lab.getresponse()
            return answer.status, answer.read()


def _serve(pipe: Connection, lab: int, account: Account) -> None:
    server = _Server(lab, account)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.server_port)
    with contextlib.suppress(EOFError):
        while asked := pipe.recv():
            if asked == "repeat":
                server.lab = None
            pipe.send(server.tally.take())


class Recording:
    """The endpoint in a process of its own, so its CPU time is not the controller's. C(port) is where it listens."""

    def __init__(self, *, lab: int, account: Account) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, lab, account), daemon=True)
        self._process.start()
        other.close()
        self.port: int = self._pipe.recv()

    def repeat(self) -> None:
        """From now on give what was learned, and ask the lab no more. Raises C(UnexpectedError) as C(take) does."""
        self._ask("repeat")

    def take(self) -> Count:
        """What was counted since the last time. Raises C(UnexpectedError) if something was asked for the first time."""
        return self._ask("take")

    def _ask(self, what: str) -> Count:
        self._pipe.send(what)
        count: Count
        count, complaints = self._pipe.recv()
        if complaints:
            raise UnexpectedError("; ".join(list(dict.fromkeys(complaints))[:3]))
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
