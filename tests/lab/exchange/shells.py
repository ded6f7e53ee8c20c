# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The WS-Management operations on the shells of a server: Create, Command, Send, Receive, Signal and Delete."""

from __future__ import annotations

import base64
import binascii
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from ..wire import envelope
from ..wire.fault import FaultError, protocol_fault
from ..wire.soap import A, W, X, local, text
from .runspace import Runspace

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Callable, Mapping
    from typing import Any

    from ..wire.envelope import Request, Selector, Target
    from .runspace import Result

RESOURCE = "http://schemas.microsoft.com/powershell/Microsoft.Exchange"
RSP = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_POWERSHELL = "http://schemas.microsoft.com/powershell"
_IDLE = 900.0  # seconds
_SHARE = 0.5  # of an envelope for data, which base64 makes larger
_PATH = "/powershell"


def target(element: ET.Element, selectors: tuple[Selector, ...]) -> Target:
    """The resource of a request: only the one of Exchange exists here."""
    uri = text(element)
    if uri.lower() != RESOURCE.lower():
        message = f"The WS-Management service cannot process the request. The resource URI {uri} was not found."
        raise protocol_fault("a:DestinationUnreachable", 2150858811, message)
    return envelope.Target(uri, "", "", "Microsoft.Exchange")


@dataclass(slots=True)
class Shell:
    """An open shell, with its user and its runspace pool."""

    identity: str
    user: str
    runspace: Runspace
    used: float = field(default_factory=time.monotonic)


def _bad(message: str) -> FaultError:
    return protocol_fault("w:SchemaValidationError", 2150858817, message)


def _no_shell(identity: str) -> FaultError:
    message = (
        "The request for the Windows Remote Shell failed because the shell was not found on the server. "
        f"Possible causes are: the specified ShellId {identity} is incorrect or the shell no longer exists."
    )
    return protocol_fault("w:InvalidSelectors", 2150858843, message)


class Shells:
    """The shells of one server. `run` runs a cmdlet for a user, `most` is the number of shells of a user."""

    def __init__(self, run: Callable[[str, str, Any], Result], *, most: int, max_envelope: int, protocol: str) -> None:
        self._run = run
        self._most = most
        self._max_envelope = max_envelope
        self._protocol = protocol
        self._lock = threading.Lock()
        self._open: dict[str, Shell] = {}

    def opened(self, user: str = "") -> int:
        """The number of open shells, of one user or all."""
        return sum(not user or one.user.lower() == user.lower() for one in self._open.values())

    def close(self) -> None:
        """End all shells."""
        with self._lock:
            for one in self._open.values():
                one.runspace.close()
            self._open.clear()

    def handle(self, request: Request, user: str) -> tuple[str, str]:
        """The action and the body of the response. Raises FaultError."""
        actions: Mapping[str, Callable[[Request, str], str]] = {
            f"{X}/Create": self._create,
            f"{X}/Delete": self._delete,
            f"{RSP}/Command": self._command,
            f"{RSP}/Send": self._send,
            f"{RSP}/Receive": self._receive,
            f"{RSP}/Signal": self._signal,
        }
        operation = actions.get(request.action)
        if operation is None:
            raise protocol_fault("a:ActionNotSupported", 2150858755, f"The action {request.action} is not supported.")
        return f"{request.action}Response", operation(request, user)

    def _create(self, request: Request, user: str) -> str:
        body = _body(request, "Shell")
        versions = [item.value for item in request.options if item.name.lower() == "protocolversion"]
        if len(versions) != 1:
            raise protocol_fault("w:InvalidOptions", 2150858776, "The option protocolversion is missing.")
        if request.selectors:
            raise protocol_fault("w:InvalidSelectors", 2150858843, "Create of a shell has no selectors.")
        content = body.find(f"{{{_POWERSHELL}}}creationXml")
        if content is None:
            raise _bad("The shell has no creationXml.")
        streams = {name: text(body.find(f"{{{RSP}}}{name}")) for name in ("InputStreams", "OutputStreams")}
        if streams != {"InputStreams": "stdin pr", "OutputStreams": "stdout"}:
            raise _bad("The streams of the shell are not those of PowerShell.")
        identity = (body.get("ShellId") or str(uuid.uuid4())).upper()
        with self._lock:
            self._expire()
            if self.opened(user) >= self._most:
                message = (
                    "The WS-Management service cannot process the request. This user is allowed a maximum number of "
                    f"{self._most} concurrent shells, which has been exceeded. Close existing shells or raise the "
                    "quota for this user."
                )
                raise protocol_fault("w:QuotaLimit", 2150859173, message)
            if identity in self._open:
                raise protocol_fault("w:InvalidSelectors", 2150858843, "A shell of this id exists.")
            runspace = Runspace(lambda name, parameters: self._run(user, name, parameters), self._protocol)
            runspace.receive(_decoded(content.text))
            self._open[identity] = Shell(identity, user, runspace)
        address = f"<a:Address>{A}/role/anonymous</a:Address>"
        selector = f'<w:SelectorSet><w:Selector Name="ShellId">{identity}</w:Selector></w:SelectorSet>'
        return (
            f'<x:ResourceCreated xmlns:x="{X}" xmlns:a="{A}" xmlns:w="{W}">{address}<a:ReferenceParameters>'
            f"<w:ResourceURI>{RESOURCE}</w:ResourceURI>{selector}</a:ReferenceParameters></x:ResourceCreated>"
            f'<rsp:Shell xmlns:rsp="{RSP}"><rsp:ShellId>{identity}</rsp:ShellId>'
            f"<rsp:ResourceUri>{RESOURCE}</rsp:ResourceUri><rsp:Owner>{escape(user)}</rsp:Owner>"
            "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams></rsp:Shell>"
        )

    def _expire(self) -> None:
        late = time.monotonic() - _IDLE
        for identity in [one.identity for one in self._open.values() if one.used < late]:
            self._open.pop(identity).runspace.close()

    def _shell(self, request: Request, user: str) -> Shell:
        names = {item.name.lower(): item.value for item in request.selectors}
        if set(names) != {"shellid"}:
            raise protocol_fault("w:InvalidSelectors", 2150858843, "The selector ShellId is missing.")
        with self._lock:
            found = self._open.get(names["shellid"].upper())
            if found is None or found.user.lower() != user.lower():
                raise _no_shell(names["shellid"])
            found.used = time.monotonic()
            return found

    def _delete(self, request: Request, user: str) -> str:
        shell = self._shell(request, user)
        with self._lock:
            self._open.pop(shell.identity, None)
        shell.runspace.close()
        return ""

    def _command(self, request: Request, user: str) -> str:
        shell = self._shell(request, user)
        body = _body(request, "CommandLine")
        identity = _identity(body.get("CommandId"))
        if shell.runspace.has(identity):
            raise _bad("The shell has a command of this id.")
        shell.runspace.receive(_decoded(text(body.find(f"{{{RSP}}}Arguments"))), identity)
        return f'<rsp:CommandResponse xmlns:rsp="{RSP}"><rsp:CommandId>{identity}</rsp:CommandId></rsp:CommandResponse>'

    def _send(self, request: Request, user: str) -> str:
        shell = self._shell(request, user)
        for stream in _body(request, "Send"):
            if local(stream.tag) != "Stream" or stream.get("Name") not in {"stdin", "pr"}:
                raise _bad("Send has a stream that the shell does not have.")
            identity = _identity(stream.get("CommandId")) if stream.get("CommandId") else ""
            if identity and not shell.runspace.has(identity):
                raise _bad("The shell has no command of this id.")
            shell.runspace.receive(_decoded(stream.text), identity)
        return f'<rsp:SendResponse xmlns:rsp="{RSP}"/>'

    def _receive(self, request: Request, user: str) -> str:
        shell = self._shell(request, user)
        desired = _body(request, "Receive").find(f"{{{RSP}}}DesiredStream")
        if desired is None or text(desired) != "stdout":
            raise _bad("Receive does not name the stream stdout.")
        identity = _identity(desired.get("CommandId")) if desired.get("CommandId") else ""
        if identity and not shell.runspace.has(identity):
            raise _bad("The shell has no command of this id.")
        size = int(min(request.max_envelope, self._max_envelope) * _SHARE)
        data, last = shell.runspace.send(identity, request.timeout, size)
        if shell.runspace.closed:
            raise _no_shell(shell.identity)
        if not data:
            message = "The WS-Management service cannot complete the operation within OperationTimeout."
            raise protocol_fault("w:TimedOut", 2150858793, message)
        attribute = f' CommandId="{identity}"' if identity else ""
        encoded = base64.b64encode(data).decode()
        state = f'<rsp:CommandState{attribute} State="{RSP}/CommandState/{"Done" if last else "Running"}"/>'
        return (
            f'<rsp:ReceiveResponse xmlns:rsp="{RSP}"><rsp:Stream Name="stdout"{attribute}>{encoded}</rsp:Stream>'
            f"{state if identity else ''}</rsp:ReceiveResponse>"
        )

    def _signal(self, request: Request, user: str) -> str:
        shell = self._shell(request, user)
        body = _body(request, "Signal")
        code = text(body.find(f"{{{RSP}}}Code")).rpartition("/")[2].lower()
        if code not in {"terminate", "ctrl_c"}:
            raise _bad("The signal is not known.")
        shell.runspace.stop(_identity(body.get("CommandId")))
        return f'<rsp:SignalResponse xmlns:rsp="{RSP}"/>'


def _body(request: Request, name: str) -> ET.Element:
    if request.body is None or request.body.tag != f"{{{RSP}}}{name}":
        raise _bad(f"The body has no {name}.")
    return request.body


def _identity(value: str | None) -> str:
    try:
        return str(uuid.UUID(value or "")).upper()
    except ValueError as problem:
        raise _bad("CommandId is not a GUID.") from problem


def _decoded(value: str | None) -> bytes:
    try:
        return base64.b64decode((value or "").strip(), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise _bad("The data is not base64.") from problem
