# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mailbox databases and database availability groups of an organization. Private to this collection."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from .._directory.distinguished_name import DnKey, dn_key, name_of
from ..name_list import natural
from .client_access import CLIENT_ACCESS_ARRAYS, client_access_arrays_of
from .objects import Query

if t.TYPE_CHECKING:
    from .._directory.entry import Entry
    from .objects import Objects
    from .servers import Server, Servers

DATABASES = Query(
    f"(|(objectClass=msExchPrivateMDB)(objectClass=msExchMDBCopy){CLIENT_ACCESS_ARRAYS.condition})",
    (
        *CLIENT_ACCESS_ARRAYS.attributes,
        "msExchActivationPreference",
        "msExchHostServerLink",
        "msExchMasterServerOrAvailabilityGroup",
        "msExchOwningServer",
        "msExchRestore",
    ),
)
DATABASE_AVAILABILITY_GROUPS = Query(
    "(objectClass=msExchMDBAvailabilityGroup)", ("msExchAllowCrossSiteRPCClientAccess",)
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy of a database. The copy with the lowest activation preference is activated first."""

    server: str
    activation_preference: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A mailbox database.

    C(rpc_client_access_server) is the server name in Outlook profiles, for Exchange 2010 only.
    C(rpc_client_access_kind) is C(array) or C(server), C(None) if it was not found. C(preferred_site) is the site of
    the copy with the lowest activation preference. Clients do not connect to a C(recovery) database.
    """

    name: str
    dn: str
    generation: str | None
    rpc_client_access_server: str | None
    rpc_client_access_kind: str | None
    copies: tuple[Copy, ...]
    preferred_site: str | None
    master: str | None
    recovery: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAvailabilityGroup:
    """A DAG and its members."""

    name: str
    servers: tuple[str, ...]
    allow_cross_site_rpc_client_access: bool


def databases_of(objects: Objects, servers: Servers) -> tuple[Database, ...]:
    """The mailbox databases, sorted by name."""
    copies: dict[DnKey, list[Entry]] = collections.defaultdict(list)
    for entry in objects.of("msExchMDBCopy"):
        copies[dn_key(entry.dn)[1:]].append(entry)
    endpoints = {server.legacy_dn.casefold(): ("server", server.fqdn) for server in servers.all if server.legacy_dn}
    arrays = client_access_arrays_of(objects, servers)
    endpoints |= {array.legacy_dn.casefold(): ("array", array.fqdn) for array in arrays if array.legacy_dn}
    databases = (
        _database(entry, copies.get(dn_key(entry.dn), ()), servers, endpoints)
        for entry in objects.of("msExchPrivateMDB")
    )
    return tuple(sorted(databases, key=lambda database: natural(database.name)))


def database_availability_groups_of(objects: Objects, servers: Servers) -> tuple[DatabaseAvailabilityGroup, ...]:
    """The DAGs, sorted by name, with their members. The membership is stored on the servers."""
    members: dict[str, list[str]] = collections.defaultdict(list)
    for server in servers.all:
        if server.dag:
            members[server.dag.casefold()].append(server.name)
    groups = (
        DatabaseAvailabilityGroup(
            name=name_of(entry.dn),
            servers=tuple(members.get(name_of(entry.dn).casefold(), ())),
            allow_cross_site_rpc_client_access=bool(entry.number("msExchAllowCrossSiteRPCClientAccess")),
        )
        for entry in objects.of("msExchMDBAvailabilityGroup")
    )
    return tuple(sorted(groups, key=lambda group: natural(group.name)))


def _database(
    entry: Entry,
    copies: t.Sequence[Entry],
    servers: Servers,
    endpoints: t.Mapping[str, tuple[str, str | None]],
) -> Database:
    ordered = sorted(copies, key=lambda copy: (copy.number("msExchActivationPreference") or 1 << 31, copy.dn))
    hosts: list[Server | None] = [servers.with_dn(copy.text("msExchHostServerLink")) for copy in ordered]
    owner = servers.with_dn(entry.text("msExchOwningServer")) or next((host for host in hosts if host), None)
    generation = owner.generation if owner else None
    kind, endpoint = None, None
    if generation == "2010":
        # RpcClientAccessServer is not stored. It is the parent in the legacyExchangeDN of the database.
        parent = entry.text("legacyExchangeDN").rpartition("/")[0]
        kind, endpoint = endpoints.get(parent.casefold(), (None, None))
        if kind is None:  # the name of a server or a CAS array that was not returned
            endpoint = parent.rpartition("=")[2] or None
    return Database(
        name=name_of(entry.dn),
        dn=entry.dn,
        generation=generation,
        rpc_client_access_server=endpoint,
        rpc_client_access_kind=kind,
        copies=tuple(
            Copy(
                server=name_of(copy.text("msExchHostServerLink") or copy.dn),
                activation_preference=copy.number("msExchActivationPreference"),
            )
            for copy in ordered
        ),
        preferred_site=hosts[0].site if hosts and hosts[0] else None,
        master=name_of(entry.text("msExchMasterServerOrAvailabilityGroup")) or None,
        recovery=entry.text("msExchRestore").upper() == "TRUE",
    )
