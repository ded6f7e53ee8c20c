# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loopback endpoint for all measured tasks. It counts their requests.

It responds to Windows Remote Shell with a fixed result, as if PowerShell took no time, and forwards CIM to the lab.
Both are counted in the same place.
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
_FORWARDED_HEADERS = ("Authorization", "Content-Type")
_RETURNED_HEADERS = ("Content-Type", "WWW-Authenticate")


@dataclasses.dataclass
class Count:
    """The requests and the bytes of their HTTP bodies, as the controller sees the directions."""

    requests: int = 0
    sent: int = 0
    received: int = 0
    seconds: float = 0.0
    actions: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def add(self, action: str, sent: int, received: int, seconds: float) -> None:
        """Count one request and its response."""
        self.requests += 1
        self.sent += sent
        self.received += received
        self.seconds += seconds
        self.actions[action] += 1


class UnexpectedError(ValueError):
    """A request that the endpoint does not support."""


class Shells:
    """Windows Remote Shell of one host: Create, Command, Send, Receive, Signal, Delete."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shells: dict[str, dict[str, bytearray]] = {}

    def respond(self, root: ET.Element) -> str:
        """The response to a shell request. Raises C(UnexpectedError) if the protocol does not allow the request."""
        header, body = root.find(f"{{{_S}}}Header"), root.find(f"{{{_S}}}Body")
        if header is None or body is None:
            raise UnexpectedError("the request has no SOAP header or body")
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
        element = next((element for element in body.iter() if element.get("CommandId")), None)
        if element is None or element.attrib["CommandId"] not in commands:
            raise UnexpectedError(f"{verb} without a known command")
        command_id = element.attrib["CommandId"]
        if verb == "Send":
            commands[command_id] += base64.b64decode(element.text or "", validate=True)
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
            raise UnexpectedError("the output was requested before Ansible sent a script")
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
    """The account that may sign in."""

    user: str
    password: str

    @property
    def header(self) -> str:
        """The HTTP header with its credentials."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


class _Host(http.server.ThreadingHTTPServer):
    """The endpoint on one address. All addresses share one count."""

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
        started = time.perf_counter()
        message = self.rfile.read(int(self.headers["Content-Length"] or 0))
        action = "?"
        headers: dict[str, str] = {}
        if self.headers["Authorization"] != self.server.account.header:
            status, response = 401, b""
            headers = {"WWW-Authenticate": 'Basic realm="WSMAN"'}
        else:
            try:
                root = ET.fromstring(message)
                action = _last(root.findtext(f"{{{_S}}}Header/{{{_A}}}Action"))
                uri = root.findtext(f"{{{_S}}}Header/{{{_W}}}ResourceURI")
                if uri == _SHELL_URI:
                    status, response = 200, self.server.shells.respond(root).encode()
                    headers = {"Content-Type": "application/soap+xml;charset=UTF-8"}
                else:
                    status, headers, response = self._forward_to_lab(message)
            except (ET.ParseError, UnexpectedError, binascii.Error) as exc:
                self.server.tally.add_error(f"{self.server.address}: {action}: {exc}")
                status, response = 500, b""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response)))
        self.end_headers()
        self.wfile.write(response)
        self.wfile.flush()
        self.server.tally.add(action, len(message), len(response), time.perf_counter() - started)

    def _forward_to_lab(self, message: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.server.lab is None:
            raise UnexpectedError("this endpoint has no lab to forward to")
        if self._lab is None:
            self._lab = http.client.HTTPConnection(*self.server.lab, timeout=120)
            self._lab.connect()
            self._lab.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        forwarded = {name: self.headers[name] for name in _FORWARDED_HEADERS if self.headers[name]}
        self._lab.request("POST", self.path, body=message, headers=forwarded)
        response = self._lab.getresponse()
        returned = {name: value for name in _RETURNED_HEADERS if (value := response.getheader(name))}
        return response.status, returned, response.read()


def _last(action: str | None) -> str:
    return (action or "?").rsplit("/", 1)[-1]


class Tally:
    """The count that all addresses share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = Count()
        self._errors: list[str] = []

    def add(self, action: str, sent: int, received: int, seconds: float) -> None:
        """Count one request and its response."""
        with self._lock:
            self._count.add(action, sent, received, seconds)

    def add_error(self, text: str) -> None:
        """Add an unexpected request."""
        with self._lock:
            self._errors.append(text)

    def take(self) -> tuple[Count, list[str]]:
        """The count and the errors since the last call."""
        with self._lock:
            result = self._count, self._errors
            self._count, self._errors = Count(), []
            return result


@dataclasses.dataclass(frozen=True, kw_only=True)
class Route:
    """An address to listen on, and the host of the lab to forward to."""

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
    """The endpoint in a separate process, so that its CPU time is not counted as the controller's."""

    def __init__(self, routes: t.Sequence[Route], *, port: int, account: Account) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, routes, port, account), daemon=True)
        self._process.start()
        other.close()
        error = self._pipe.recv()
        if error:
            raise OSError(error)

    def take(self) -> Count:
        """The count since the last call. Raises C(UnexpectedError) if there was an unexpected request."""
        self._pipe.send(True)
        count: Count
        count, errors = self._pipe.recv()
        if errors:
            raise UnexpectedError("; ".join(dict.fromkeys(errors)))
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
