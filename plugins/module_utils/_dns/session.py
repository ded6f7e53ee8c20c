# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session with the authoritative DNS servers of names. Private to this collection.

A query whose response is lost is sent again. An update is sent once, and the caller reads the result.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._directory.access import Server
from ..errors import CredentialsRefused, ResponseLost, ServerError, TaskError, Unreachable, WriteRefused
from ..ticket import Kinit, Ticket
from .parallel import in_parallel
from .question import Lookup
from .records import read_records
from .update import GSSAPI_IMPORT_ERROR, SignedConnection, Update
from .zone import NameServer, Zone, find_servers, find_zone, given_server

if t.TYPE_CHECKING:
    from .records import AddressRecords

Answer: t.TypeAlias = "AddressRecords | ServerError"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DnsAccess:
    """Which DNS servers to use and how to sign in. C(resolvers) resolve; C(name_servers) have the zones.

    C(timeout) is in seconds for each message.
    """

    resolvers: tuple[Server, ...] = ()
    name_servers: tuple[Server, ...] = ()
    excluded: frozenset[str] = frozenset()
    username: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    timeout: float = 5

    def principal(self) -> str:
        """The Kerberos principal, with the realm in capitals. Raises C(CredentialsRefused)."""
        name, _at, realm = (self.username or "").partition("@")
        if not realm:
            raise CredentialsRefused(f"{name} has no realm", advice="write username as name@REALM")
        return f"{name}@{realm.upper()}"


class DnsServers:
    """A session. With C(read_only) it never sends an update.

    C(servers_are_given) is whether the options name the servers, so that the NS records are not read.
    """

    def __init__(self, access: DnsAccess, *, read_only: bool = False) -> None:
        self.host = "the DNS servers"
        self.writes = 0
        self.servers_are_given = bool(access.name_servers)
        self._access = access
        self._read_only = read_only
        self._ticket: Ticket | None = None
        self._connections: dict[str, SignedConnection] = {}
        self._addresses: dict[str, str] = {}

    def zones_of(self, names: t.Sequence[str]) -> dict[str, Zone]:
        """The zone of each name with its servers. Raises C(ServerError) and C(TaskError)."""
        try:
            return self._zones_of(names)
        except ServerError as exc:
            if not exc.operation:
                exc.operation, exc.host = "looking up the DNS servers", "this machine"
            raise

    def _zones_of(self, names: t.Sequence[str]) -> dict[str, Zone]:
        access = self._access
        given: list[NameServer] = []
        if access.name_servers:
            first = Lookup(access.resolvers, timeout=access.timeout) if access.resolvers else None
            wanted = [one for one in access.name_servers if one.host.lower().rstrip(".") not in access.excluded]
            given = [given_server(first, server) for server in wanted]
            # The servers that have the zone return its name, whatever the resolver of this machine is.
            known = [Server(one.addresses[0], None if one.port == 53 else one.port) for one in given]
            lookup = first or Lookup(known or access.resolvers, timeout=access.timeout)
        else:
            lookup = Lookup(access.resolvers, timeout=access.timeout)
        zones = {name: find_zone(lookup, name) for name in names}
        servers = {
            zone: tuple(given if access.name_servers else find_servers(lookup, zone, excluded=access.excluded))
            for zone in dict.fromkeys(zones.values())
        }
        if empty := [zone for zone, found in servers.items() if not found]:
            raise TaskError(f"exclude_servers leaves no DNS server of the zone {empty[0]}.")
        self.host = f"the servers of {', '.join(servers)}"
        return {name: Zone(name=zone, servers=servers[zone]) for name, zone in zones.items()}

    def read(self, wanted: t.Sequence[tuple[str, NameServer]]) -> dict[tuple[str, str], Answer]:
        """Read names on servers: the records, or the error, by the name and the name of the server."""
        answers = in_parallel(lambda pair: self._read(*pair), list(wanted))
        return {(name, server.name): answer for (name, server), answer in zip(wanted, answers, strict=True)}

    def _read(self, name: str, server: NameServer) -> Answer:
        known = self._addresses.get(server.name)
        errors: list[ServerError] = []
        for address in (known,) if known else server.addresses:
            try:
                found = read_records(server, address, name, timeout=self._access.timeout)
            except ServerError as exc:
                exc.operation, exc.host = f"reading {name}", str(server)
                errors.append(exc)
            else:
                self._addresses[server.name] = address
                return found
        return errors[0]

    def sign_in(self, server: NameServer) -> SignedConnection:
        """Sign in to a server that has answered. Raises C(TaskError), C(Unreachable) and its subclasses."""
        if server.name not in self._connections:
            if GSSAPI_IMPORT_ERROR is not None:
                raise TaskError(
                    f"The Python library gssapi is missing on this machine ({GSSAPI_IMPORT_ERROR}), so this "
                    "task cannot sign in to a DNS server. Run pip install gssapi. It needs the header files of "
                    "Kerberos (libkrb5-dev or krb5-devel)."
                ) from GSSAPI_IMPORT_ERROR
            try:
                self._fetch_ticket()
                self._connections[server.name] = SignedConnection(
                    server, self._addresses.get(server.name, server.addresses[0]), timeout=self._access.timeout
                )
            except Unreachable as exc:
                exc.operation, exc.host = "signing in", str(server)
                raise
        return self._connections[server.name]

    def _fetch_ticket(self) -> None:
        access = self._access
        if self._ticket is None and access.password:
            self._ticket = Kinit().fetch(access.principal(), access.password)

    def write(self, server: NameServer, update: Update) -> None:
        """Send an update once.

        Raises C(ServerError); after C(ResponseLost), read the records to find out whether they were written.
        """
        operation = f"updating {update.name}"
        try:
            if self._read_only:
                raise WriteRefused("a read-only session tried to send a write")
            connection = self.sign_in(server)
            self.writes += 1
            try:
                connection.send(update)
            except ResponseLost:
                # The sequence of a context is not known after a lost message.
                del self._connections[server.name]
                raise
        except ServerError as exc:
            if not exc.operation:
                exc.operation, exc.host = operation, str(server)
            raise

    def close(self) -> None:
        """Delete the Kerberos ticket that the session fetched."""
        self._connections.clear()
        if self._ticket is not None:
            self._ticket.drop()
            self._ticket = None
