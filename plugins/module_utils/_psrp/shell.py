# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PowerShell sessions of one task, one for each server. Private to this collection."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..errors import CredentialsRefused, ResponseLost, ServerError, WriteRefused
from ..ticket import Kinit, Ticket
from .connection import Connection
from .errors import CmdletFailed, Throttled
from .failures import wait_of
from .port import is_reading

if t.TYPE_CHECKING:
    from .access import Access
    from .connection import Answer
    from .values import Parameters, PsObject

_FIRST_WAIT = 5.0  # seconds: Exchange names no time if the account has too many sessions
_LONGEST_WAIT = 60.0


class ExchangeShell:
    """Runs cmdlets over sessions that stay open until C(close). With C(read_only) it sends only Get and Test."""

    def __init__(
        self, access: Access, *, read_only: bool = False, sleep: t.Callable[[float], None] = time.sleep
    ) -> None:
        self.host = access.server
        self.writes = 0
        self.cmdlet_warnings: list[str] = []
        self.warnings = () if access.tls == "none" or access.validate_certs else (_NOT_VERIFIED,)
        self._access = access
        self._read_only = read_only
        self._sleep = sleep
        self._connections: dict[str, Connection] = {}
        self._ticket: Ticket | None = None
        self._refused: CredentialsRefused | None = None

    def run(self, cmdlet: str, parameters: Parameters | None = None, *, server: str | None = None) -> list[PsObject]:
        """Run one cmdlet and return its objects.

        Raises the errors of C(.errors) and C(..errors). After C(ResponseLost), read before the cmdlet is run again.
        """
        given = parameters or {}
        reading = is_reading(cmdlet)
        with self._context(cmdlet, server or self.host):
            if self._read_only and not reading:
                raise WriteRefused(f"a read-only session tried to run {cmdlet}")
            name = self._access.name_of(server)
            with self._one_attempt():
                self._fetch_ticket()
            connection = self._connections.setdefault(name.lower(), Connection(self._access, name))
            with self._one_attempt() if self._access.authentication == "basic" else contextlib.nullcontext():
                answer = self._without_throttling(connection, cmdlet, given, reading=reading)
        self.cmdlet_warnings += answer.warnings
        return answer.objects

    def _without_throttling(self, connection: Connection, cmdlet: str, given: Parameters, *, reading: bool) -> Answer:
        """Run the cmdlet. While Exchange throttles, wait and try again until the time is up: nothing ran then."""
        end = time.monotonic() + self._access.operation_timeout
        wait = _FIRST_WAIT
        while True:
            left = end - time.monotonic()
            try:
                return self._counted(connection, cmdlet, given, left, reading=reading)
            except Throttled as exc:
                pause = wait_of(exc.detail) or wait
                wait = min(2 * wait, _LONGEST_WAIT)
                if time.monotonic() + pause >= end:
                    raise
                self._sleep(pause)

    def _counted(
        self, connection: Connection, cmdlet: str, given: Parameters, timeout: float, *, reading: bool
    ) -> Answer:
        """Run the cmdlet, and count it as a write unless it is certain that it did not run."""
        try:
            answer = connection.run(cmdlet, given, timeout=timeout)
        except ServerError as exc:
            # Nothing else than a lost response or an error of the cmdlet itself can follow a write.
            self.writes += not reading and isinstance(exc, (ResponseLost, CmdletFailed))
            raise
        self.writes += not reading
        return answer

    def close(self) -> None:
        """End all sessions, and delete the Kerberos ticket that was fetched."""
        for connection in self._connections.values():
            with contextlib.suppress(Exception):  # the others must be closed too
                connection.close()
        self._connections.clear()
        if self._ticket is not None:
            self._ticket.drop()
            self._ticket = None

    @contextlib.contextmanager
    def _one_attempt(self) -> t.Iterator[None]:
        """Send a refused password once, also with many servers: more attempts would lock the account."""
        if self._refused is not None:
            raise CredentialsRefused(self._refused.detail, advice=self._refused.advice) from self._refused
        try:
            yield
        except CredentialsRefused as exc:
            self._refused = exc
            raise

    def _fetch_ticket(self) -> None:
        access = self._access
        if self._ticket is None and access.authentication == "kerberos" and access.password:
            self._ticket = Kinit(timeout=access.connect_timeout).fetch(access.principal(), access.password)

    @contextlib.contextmanager
    def _context(self, cmdlet: str, host: str) -> t.Iterator[None]:
        """Add the cmdlet and the server to any error raised inside."""
        try:
            yield
        except ServerError as exc:
            if not exc.operation:
                exc.operation, exc.host = f"running {cmdlet}", host
            raise


_NOT_VERIFIED = (
    "winha.cluster does not verify the certificates of the Exchange servers, so a wrong host can get the password. Set "
    "ca_path and validate_certs."
)
