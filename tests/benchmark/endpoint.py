# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loopback endpoint that every contender talks to, and the counter of what they send.

It answers Windows Remote Shell itself, with the fixed result of a PowerShell that takes no time, and passes CIM on to
the lab. One counter stands before both.
"""

from __future__ import annotations

import base64
import binascii
import collections
import contextlib
import dataclasses
import http.client
import http.server
import multiprocessing
import socket
import threading
import time
import typing as t
import uuid
import xml.etree.ElementTree as ET

if t.TYPE_CHECKING:
    from multiprocessing.connection import Connection

_S = "http://www.w3.org/2003/05/soap-envelope"
_A = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_W = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
_X = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
_RSP = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_SHELL_URI = f"{_RSP}/cmd"
_RESULT = b'{"changed": false}\r\n'
_PASSED_ON = ("Authorization", "Content-Type")
_PASSED_BACK = ("Content-Type", "WWW-Authenticate")


@dataclasses.dataclass
class Count:
    """What went over the wire, as HTTP bodies."""

    requests: int = 0
    sent: int = 0
    received: int = 0
    answering: float = 0.0
    actions: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def add(self, action: str, sent: int, received: int, seconds: float) -> None:
        """Count one exchange, as the controller sees its directions."""
        self.requests += 1
        self.sent += sent
        self.received += received
        self.answering += seconds
        self.actions[action] += 1


class UnexpectedError(ValueError):
    """A request that this endpoint does not understand."""


class Shells:
    """Windows Remote Shell of one host: Create, Command, Send, Receive, Signal, Delete."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shells: dict[str, dict[str, bytearray]] = {}

    def answer(self, root: ET.Element) -> str:
        """The answer to a request about a shell. Raises C(UnexpectedError) for what the protocol does not allow."""
        header, body = root.find(f"{{{_S}}}Header"), root.find(f"{{{_S}}}Body")
        if header is None or body is None:
            raise UnexpectedError("no SOAP header or body")
        action = header.findtext(f"{{{_A}}}Action") or ""
        verb = action.rsplit("/", 1)[-1]
        with self._lock:
            if verb == "Create":
                content = self._create()
            else:
                shell_id = header.findtext(f"{{{_W}}}SelectorSet/{{{_W}}}Selector") or ""
                if shell_id not in self._shells:
                    raise UnexpectedError(f"{verb} for the unknown shell {shell_id}")
                content = self._on_shell(verb, shell_id, body)
        return _envelope(f"{action}Response", header.findtext(f"{{{_A}}}MessageID") or "", content)

    def _create(self) -> str:
        shell_id = str(uuid.uuid4()).upper()
        self._shells[shell_id] = {}
        return (
            f"<x:ResourceCreated><a:Address>http://localhost/wsman</a:Address><a:ReferenceParameters><w:ResourceURI>"
            f'{_SHELL_URI}</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector>'
            "</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
        )

    def _on_shell(self, verb: str, shell_id: str, body: ET.Element) -> str:
        commands = self._shells[shell_id]
        if verb == "Delete":
            del self._shells[shell_id]
            return ""
        if verb == "Command":
            command_id = str(uuid.uuid4()).upper()
            commands[command_id] = bytearray()
            return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"
        named = next((element for element in body.iter() if element.get("CommandId")), None)
        if named is None or named.attrib["CommandId"] not in commands:
            raise UnexpectedError(f"{verb} without a known command")
        command_id = named.attrib["CommandId"]
        if verb == "Send":
            commands[command_id] += base64.b64decode(named.text or "", validate=True)
            return "<rsp:SendResponse/>"
        if verb == "Receive":
            return self._output(command_id, bytes(commands[command_id]))
        if verb == "Signal":
            del commands[command_id]
            return "<rsp:SignalResponse/>"
        raise UnexpectedError(f"the unknown operation {verb}")

    @staticmethod
    def _output(command_id: str, script: bytes) -> str:
        if b"\0\0\0\0" not in script:
            raise UnexpectedError("no script of Ansible came in before its output was asked for")
        output = base64.b64encode(_RESULT).decode()
        return (
            f'<rsp:ReceiveResponse><rsp:Stream Name="stdout" CommandId="{command_id}">{output}</rsp:Stream>'
            f'<rsp:Stream Name="stdout" CommandId="{command_id}" End="true"/>'
            f'<rsp:Stream Name="stderr" CommandId="{command_id}" End="true"/>'
            f'<rsp:CommandState CommandId="{command_id}" State="{_RSP}/CommandState/Done">'
            "<rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>"
        )


def _envelope(action: str, relates_to: str, content: str) -> str:
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{_S}" xmlns:a="{_A}" xmlns:w="{_W}" xmlns:x="{_X}" xmlns:rsp="{_RSP}">'
        f"<s:Header><a:Action>{action}</a:Action><a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>"
        f"<a:To>{_A}/role/anonymous</a:To><a:RelatesTo>{relates_to}</a:RelatesTo></s:Header>"
        f"<s:Body>{content}</s:Body></s:Envelope>"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Account:
    """Who may sign in."""

    user: str
    password: str

    @property
    def header(self) -> str:
        """The HTTP header that proves it."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


class _Host(http.server.ThreadingHTTPServer):
    """One address. Counts into a count that it shares with the other hosts."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], lab: tuple[str, int] | None, account: Account, tally: Tally) -> None:
        super().__init__(address, _Handler)
        self.address = address[0]
        self.lab = lab
        self.account = account
        self.tally = tally
        self.shells = Shells()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Host

    def setup(self) -> None:
        super().setup()
        self._lab: http.client.HTTPConnection | None = None

    def finish(self) -> None:
        if self._lab is not None:
            self._lab.close()
        super().finish()

    def do_POST(self) -> None:
        began = time.perf_counter()
        message = self.rfile.read(int(self.headers["Content-Length"] or 0))
        action = "?"
        headers: dict[str, str] = {}
        if self.headers["Authorization"] != self.server.account.header:
            status, answer = 401, b""
            headers = {"WWW-Authenticate": 'Basic realm="WSMAN"'}
        else:
            try:
                root = ET.fromstring(message)
                action = _last(root.findtext(f"{{{_S}}}Header/{{{_A}}}Action"))
                uri = root.findtext(f"{{{_S}}}Header/{{{_W}}}ResourceURI")
                if uri == _SHELL_URI:
                    status, answer = 200, self.server.shells.answer(root).encode()
                    headers = {"Content-Type": "application/soap+xml;charset=UTF-8"}
                else:
                    status, headers, answer = self._ask_lab(message)
            except (ET.ParseError, UnexpectedError, binascii.Error) as exc:
                self.server.tally.complain(f"{self.server.address}: {action}: {exc}")
                status, answer = 500, b""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.wfile.flush()
        self.server.tally.add(action, len(message), len(answer), time.perf_counter() - began)

    def _ask_lab(self, message: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.server.lab is None:
            raise UnexpectedError("there is no lab behind this endpoint")
        if self._lab is None:
            self._lab = http.client.HTTPConnection(*self.server.lab, timeout=120)
            self._lab.connect()
            self._lab.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        passed_on = {name: self.headers[name] for name in _PASSED_ON if self.headers[name]}
        self._lab.request("POST", self.path, body=message, headers=passed_on)
        answer = self._lab.getresponse()
        back = {name: value for name in _PASSED_BACK if (value := answer.getheader(name))}
        return answer.status, back, answer.read()


def _last(action: str | None) -> str:
    return (action or "?").rsplit("/", 1)[-1]


class Tally:
    """The count that all hosts share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = Count()
        self._complaints: list[str] = []

    def add(self, action: str, sent: int, received: int, seconds: float) -> None:
        """Count one exchange."""
        with self._lock:
            self._count.add(action, sent, received, seconds)

    def complain(self, text: str) -> None:
        """Remember what was not understood."""
        with self._lock:
            self._complaints.append(text)

    def take(self) -> tuple[Count, list[str]]:
        """What was counted since the last time."""
        with self._lock:
            taken = self._count, self._complaints
            self._count, self._complaints = Count(), []
            return taken


@dataclasses.dataclass(frozen=True, kw_only=True)
class Route:
    """An address to listen on, and the lab's host behind it."""

    address: str
    lab: tuple[str, int] | None = None


def _serve(pipe: Connection, routes: t.Sequence[Route], port: int, account: Account) -> None:
    tally = Tally()
    try:
        hosts = [_Host((route.address, port), route.lab, account, tally) for route in routes]
    except OSError as exc:
        pipe.send(str(exc))
        return
    for host in hosts:
        threading.Thread(target=host.serve_forever, daemon=True).start()
    pipe.send("")
    with contextlib.suppress(EOFError):
        while pipe.recv():
            pipe.send(tally.take())


class Endpoint:
    """The endpoint in a process of its own, so its CPU time is not the controller's."""

    def __init__(self, routes: t.Sequence[Route], *, port: int, account: Account) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, routes, port, account), daemon=True)
        self._process.start()
        other.close()
        problem = self._pipe.recv()
        if problem:
            raise OSError(problem)

    def take(self) -> Count:
        """What was counted since the last time. Raises C(UnexpectedError) if a request was not understood."""
        self._pipe.send(True)
        count: Count
        count, complaints = self._pipe.recv()
        if complaints:
            raise UnexpectedError("; ".join(dict.fromkeys(complaints)))
        return count

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            self._pipe.send(False)
        self._process.join(5)
        self._process.kill()

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
