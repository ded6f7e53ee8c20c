# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session with one host over several connections, for reads whose order does not matter. Private to this collection.

The first request is sent alone: if the host refuses the account, one sign-in has failed, and not one for each
connection.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import threading
import typing as t

from .client import Client, Transport
from .errors import Fault, TimedOut
from .transport import Endpoint, HttpTransport

if t.TYPE_CHECKING:
    from ..ticket import Kinit, Ticket
    from .cim import Instance


# Seconds that a query takes on average. If a host is faster, threads cost more than they save.
_WORTHWHILE = 0.02


class Connections:
    """Sends messages over one of several connections. Another one is opened when all others are in use."""

    def __init__(self, endpoint: Endpoint, *, name: str | None = None, most: int) -> None:
        self.host = name or endpoint.host
        self.url = endpoint.url
        self._ticket = _SharedTicket(endpoint.kinit) if endpoint.kinit else None
        self._endpoint = dataclasses.replace(endpoint, kinit=t.cast("Kinit | None", self._ticket))
        self._opened = [HttpTransport(self._endpoint, name=name)]
        self._free = list(self._opened)
        self._most = most
        self._answered = False
        self._change = threading.Condition()

    def send(self, message: str) -> bytes:
        """Send a message over a free connection and return the response, as C(HttpTransport) does."""
        connection = self._take()
        try:
            response = connection.send(message)
            self._answered = True
            return response
        finally:
            with self._change:
                self._free.append(connection)
                self._change.notify_all()  # the first response also allows more connections

    def addresses(self) -> frozenset[str]:
        """The IP addresses of the host name; empty if the name does not resolve."""
        return self._opened[0].addresses()

    def close(self) -> None:
        """Close all connections and delete the ticket."""
        for connection in self._opened:
            with contextlib.suppress(Exception):  # the others are closed, too
                connection.close()
        if self._ticket is not None:
            self._ticket.delete()

    def _take(self) -> HttpTransport:
        with self._change:
            while not self._free:
                if self._answered and len(self._opened) < self._most:
                    self._opened.append(HttpTransport(self._endpoint, name=self.host))
                    return self._opened[-1]
                self._change.wait()
            return self._free.pop()  # the one that was used last, so that few are opened


class _SharedTicket:
    """One Kerberos ticket for all connections of a session. Looks like C(Kinit) and like its C(Ticket) to each."""

    def __init__(self, kinit: Kinit) -> None:
        self._kinit = kinit
        self._ticket: Ticket | None = None
        self._lock = threading.Lock()

    def fetch(self, principal: str, password: str) -> _SharedTicket:
        with self._lock:
            if self._ticket is None:
                self._ticket = self._kinit.fetch(principal, password)
        return self

    def drop(self) -> None:
        """A connection ended. The others still use the ticket."""

    def delete(self) -> None:
        with self._lock:
            if self._ticket is not None:
                self._ticket.drop()
                self._ticket = None


class Visit(Client):
    """A session that only reads, over several connections. A query is sent once: its result is kept.

    A fault is a result, too, and so is a response that did not come in time: the host should not be asked again.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str | None = None,
        connections: int,
        tap: t.Callable[[Transport], Transport] = lambda transport: transport,
    ) -> None:
        transport = tap(Connections(endpoint, name=name, most=connections))
        super().__init__(transport, read_only=True, operation_timeout=endpoint.operation_timeout)
        self._most = connections
        self._results: dict[tuple[str, str, bool], list[Instance] | Fault | TimedOut] = {}
        self._locks: dict[tuple[str, str, bool], threading.Lock] = {}

    def query(self, namespace: str, wql: str, *, operation: str, references: bool = True) -> list[Instance]:
        """Return all instances of a WQL query. Raises an error of its own for each call."""
        key = namespace, wql, references
        with self._locks.setdefault(key, threading.Lock()):
            if key not in self._results:
                try:
                    self._results[key] = super().query(namespace, wql, operation=operation, references=references)
                except (Fault, TimedOut) as exc:
                    self._results[key] = exc
                slow = self._waited > _WORTHWHILE * len(self._results)
                self.connections = self._most if slow else 1
            result = self._results[key]
        if isinstance(result, list):
            return result
        raise copy.copy(result)
