# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tap before the listeners of the lab: it counts the requests of a cell and spoils the responses to some of them."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import socket
import threading
import typing as t
from http import HTTPStatus

from lab.endpoint import Handler
from lab.service import Response

if t.TYPE_CHECKING:
    from lab.running import RunningEstate
    from lab.service import Caller, Service

SOAP = "application/soap+xml;charset=UTF-8"
Writer = t.Callable[["Tapped", str, Response], None]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault.

    C(effect): the request reaches the lab. C(lies): a value in the response is not that of the store. C(harmless): a
    client must accept the response. C(absent): the fault is also that of a class that this Windows does not have.
    C(slow): takes long, so it is tried less often.
    """

    name: str
    effect: bool
    write: Writer
    lies: bool = False
    harmless: bool = False
    absent: bool = False
    slow: bool = False


class Tap:
    """Counts the requests of a cell, and spoils those from one position on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.begin(None, 0, lasting=False)

    def begin(self, fault: Fault | None, position: int, *, lasting: bool) -> None:
        """Begin a cell."""
        with self._lock:
            self._fault, self._position, self._lasting = fault, position, lasting
            self.requests: list[tuple[bool, bool]] = []  # whether each one reached the lab, and its response was lost
            self.hits = 0
            self.armed = True

    def take(self) -> Fault | None:
        """The fault of the next request."""
        with self._lock:
            number = len(self.requests) + 1
            hit = self._fault is not None and (number >= self._position if self._lasting else number == self._position)
            found = self._fault if hit and self.armed else None
            lost = found is not None and not (found.lies or found.harmless)
            self.hits += found is not None
            self.requests.append((found is None or found.effect, lost))
            return found

    def end(self) -> None:
        """Spoil nothing more."""
        self.armed = False


@dataclasses.dataclass(frozen=True, slots=True)
class Spoiled(Response):
    """A response that a fault writes."""

    fault: Fault | None = None
    message_id: str = ""
    real: Response = dataclasses.field(default_factory=lambda: Response(0))


class TappedService:
    """A service of the lab behind a tap."""

    def __init__(self, service: Service, tap: Tap) -> None:
        self._service = service
        self._tap = tap

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._service, name)

    def handle(self, caller: Caller, body: bytes) -> Response:
        """Handle a request, or spoil it."""
        fault = self._tap.take()
        if fault is None:
            return self._service.handle(caller, body)
        found = re.search(rb"MessageID[^>]*>([^<]*)<", body)
        real = self._service.handle(caller, body) if fault.effect else Response(0)
        return Spoiled(0, fault=fault, message_id=found[1].decode() if found else "", real=real)


class Tapped(Handler):
    """The handler of a listener behind a tap."""

    def _send(self, response: Response) -> None:
        if not isinstance(response, Spoiled) or response.fault is None:
            super()._send(response)
            return
        if response.real.disruption:  # the host itself went away
            super()._send(response.real)
            return
        with contextlib.suppress(OSError, ValueError):
            response.fault.write(self, response.message_id, response.real)

    def head(self, status: int, headers: t.Mapping[str, t.Any] | t.Sequence[tuple[str, t.Any]]) -> None:
        """Write the status line and the headers."""
        listed = headers.items() if isinstance(headers, t.Mapping) else headers
        phrase = HTTPStatus(status).phrase
        lines = "".join(f"{name}: {value}\r\n" for name, value in listed)
        self.wfile.write(f"HTTP/1.1 {status} {phrase}\r\n{lines}\r\n".encode("latin-1"))

    def whole(self, status: int, body: bytes, kind: str = SOAP, **headers: str) -> None:
        """Write a complete response."""
        more = [(name.replace("_", "-"), value) for name, value in headers.items()]
        self.head(status, [("Content-Type", kind), ("Content-Length", len(body)), *more])
        self.wfile.write(body)

    def cut(self) -> None:
        """Close the connection."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def tap(lab: RunningEstate) -> Tap:
    """Put a tap before each listener of a running estate."""
    made = Tap()
    for listeners in lab.simulation.listeners.values():
        for listener in t.cast("list[t.Any]", listeners):
            listener.service = TappedService(listener.service, made)
            listener.RequestHandlerClass = Tapped
    return made
