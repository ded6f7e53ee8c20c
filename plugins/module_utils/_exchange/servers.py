# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Exchange servers of an organization. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._directory.distinguished_name import DnKey, dn_key, name_of
from ..name_list import natural
from .build import Build, BuildError
from .objects import Query

if t.TYPE_CHECKING:
    from .._directory.entry import Entry
    from .objects import Objects

# CAS arrays and the transport objects of 2013 and later have the class of a server, but are not servers. A filter
# cannot exclude them: a condition on a class that the schema lacks is undefined ([MS-ADTS] 3.1.1.3.1.3.1).
ARRAY_CLASSES = ("msExchClientAccessArray", "msExchClientAccessArrayLegacy")
_OTHER_CLASSES = ("msExchExchangeTransportServer", *ARRAY_CLASSES)
SERVERS = Query(
    "(objectClass=msExchExchangeServer)",
    (
        "legacyExchangeDN",
        "msExchCurrentServerRoles",
        "msExchMDBAvailabilityGroupLink",
        "msExchServerSite",
        "networkAddress",
        "serialNumber",
        "versionNumber",
    ),
)

_ROLES = {2: "mailbox", 5: "client_access", 16: "unified_messaging", 32: "hub_transport", 64: "edge_transport"}
# In 2013, client access has two role bits: 1 is the front end for clients, 4 is the back end.
_ROLES_OF_2013 = {2: "mailbox", 1: "client_access", 16: "unified_messaging", 32: "hub_transport", 64: "edge_transport"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An Exchange server; C(build) is that of its service pack or cumulative update, without update rollups.

    A value that does not exist or may not be read is C(None). C(dag) is the DAG of which it is a member.
    """

    name: str
    fqdn: str | None
    dn: str
    site: str | None
    roles: tuple[str, ...]
    build: str | None
    generation: str | None
    dag: str | None
    legacy_dn: str


@dataclasses.dataclass(frozen=True, slots=True)
class Servers:
    """The servers, sorted by name, with lookups by distinguished name."""

    all: tuple[Server, ...]
    by_key: t.Mapping[DnKey, Server]

    def with_dn(self, dn: str) -> Server | None:
        """The server with this distinguished name."""
        return self.by_key.get(dn_key(dn)) if dn else None

    def owner_of(self, dn: str) -> Server | None:
        """The server above an object."""
        key = dn_key(dn)
        parents = (self.by_key.get(key[depth:]) for depth in range(1, len(key)))
        return next((server for server in parents if server), None)


def servers_of(objects: Objects) -> Servers:
    """The servers, without other objects of the same class."""
    others = {entry.dn for name in _OTHER_CLASSES for entry in objects.of(name)}
    entries = (entry for entry in objects.of("msExchExchangeServer") if entry.dn not in others)
    servers = sorted(map(_server, entries), key=lambda server: natural(server.name))
    return Servers(tuple(servers), {dn_key(server.dn): server for server in servers})


def fqdn_of(entry: Entry) -> str | None:
    """The DNS name of a server or a CAS array: its RPC over TCP binding."""
    addresses = (address.partition(":") for address in entry.texts("networkAddress"))
    return next((name for protocol, _kind, name in addresses if protocol.casefold() == "ncacn_ip_tcp"), None)


def _server(entry: Entry) -> Server:
    build = _build(entry)
    roles = entry.number("msExchCurrentServerRoles") or 0
    words = _ROLES_OF_2013 if build and build.generation == "2013" else _ROLES
    return Server(
        name=name_of(entry.dn),
        fqdn=fqdn_of(entry),
        dn=entry.dn,
        site=name_of(entry.text("msExchServerSite")) or None,
        roles=tuple(word for bits, word in words.items() if roles & bits),
        build=str(build) if build else None,
        generation=(build.generation or None) if build else None,
        dag=name_of(entry.text("msExchMDBAvailabilityGroupLink")) or None,
        legacy_dn=entry.text("legacyExchangeDN"),
    )


def _build(entry: Entry) -> Build | None:
    """Read C(serialNumber), otherwise C(versionNumber), which has no revision. Exchange 2003 uses other formats."""
    try:
        return Build.parse(entry.text("serialNumber"))
    except BuildError:
        try:
            return Build.from_version_number(entry.number("versionNumber") or 0)
        except BuildError:
            return None
