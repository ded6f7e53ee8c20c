# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a directory names and does not give, or must have and did not give. Private to this collection.

A directory says nothing of objects that an account may not see: they are just not there. So what is missing is told
from what others name, and from what an organization cannot be without.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..name_list import folded

if t.TYPE_CHECKING:
    from .autodiscover import ServiceConnectionPoint
    from .client_access import ClientAccessArray
    from .databases import Database, DatabaseAvailabilityGroup
    from .federation import FederationTrust
    from .organization import AcceptedDomain
    from .servers import Server, Servers
    from .virtual_directories import VirtualDirectory

_GONE = "it is not there, or this account may not read it"
_SILENT = "its object gives none that can be understood, or this account may not read it"


@dataclasses.dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not be read, and why that is known."""

    what: str
    why: str


def of_servers(servers: Servers) -> t.Iterator[Unknown]:
    """Servers that do not say what they are."""
    if not servers.all:
        yield Unknown("the servers", f"the organization gave none: {_GONE}")
    silent = {
        "build": [server for server in servers.all if not server.generation],
        "FQDN": [server for server in servers.all if not server.fqdn],
        "roles": [server for server in servers.all if not server.roles],
        "site": [server for server in servers.all if not server.site and "edge_transport" not in server.roles],
    }
    for what, found in silent.items():
        if found:
            yield Unknown(f"the {what} of {_names_of(found)}", _SILENT)


def of_client_access_arrays(_servers: Servers, arrays: t.Sequence[ClientAccessArray]) -> t.Iterator[Unknown]:
    """Arrays that do not say what they are."""
    for array in arrays:
        for what, value in {"FQDN": array.fqdn, "site": array.site, "legacy name": array.legacy_dn}.items():
            if not value:
                yield Unknown(f"the {what} of client access array {array.name}", _SILENT)


def of_databases(servers: Servers, databases: t.Sequence[Database]) -> t.Iterator[Unknown]:
    """Servers and arrays that databases name, and databases that must be there."""
    if not databases and any("mailbox" in server.roles for server in servers.all):
        yield Unknown("the databases", f"there are mailbox servers and none was given: {_GONE}")
    ownerless = [database for database in databases if database.generation is None]
    if ownerless:
        yield Unknown(
            f"the generation of {_names_of(ownerless)}", f"the servers that own them could not be read: {_GONE}"
        )
    known = {server.name.casefold() for server in servers.all}
    holders: dict[str, list[Database]] = collections.defaultdict(list)
    endpoints: dict[str, list[Database]] = collections.defaultdict(list)
    for database in databases:
        if database.generation == "2010" and not database.rpc_client_access_kind:
            endpoints[database.rpc_client_access_server or "without a name"].append(database)
        for copy in database.copies:
            if copy.server.casefold() not in known:
                holders[copy.server].append(database)
    for name, found in holders.items():
        yield Unknown(f"server {name}", f"it holds copies of {_names_of(found)}, but {_GONE}")
    for name, found in endpoints.items():
        yield Unknown(
            f"client access array or server {name}",
            f"it is the RPC client access server of {_names_of(found)}, but {_GONE}",
        )


def of_groups(servers: Servers, groups: t.Sequence[DatabaseAvailabilityGroup]) -> t.Iterator[Unknown]:
    """DAGs that servers name."""
    known = {group.name.casefold() for group in groups}
    members: dict[str, list[Server]] = collections.defaultdict(list)
    for server in servers.all:
        if server.dag and server.dag.casefold() not in known:
            members[server.dag].append(server)
    for name, found in members.items():
        yield Unknown(f"database availability group {name}", f"its members are {_names_of(found)}, but {_GONE}")


def of_autodiscover(servers: Servers, points: t.Sequence[ServiceConnectionPoint]) -> t.Iterator[Unknown]:
    """Client access servers without a service connection point, and service connection points without a host.

    A server's AutoDiscoverServiceInternalUri can be taken away, and then its service connection point has no URL.
    """
    lacking = _without(servers, points)
    if lacking:
        yield Unknown(f"the service connection points of {_names_of(lacking)}", f"none was given: {_GONE}")
    for point in points:
        if not point.host and (point.url or point.kind != "url"):
            yield Unknown(f"the host of service connection point {point.name}", f"it binds to {point.url or 'nothing'}")


def of_virtual_directories(servers: Servers, found: t.Sequence[VirtualDirectory]) -> t.Iterator[Unknown]:
    """Client access servers without any virtual directory."""
    lacking = _without(servers, found)
    if lacking:
        yield Unknown(f"the virtual directories of {_names_of(lacking)}", f"none was given: {_GONE}")


def of_accepted_domains(_servers: Servers, domains: t.Sequence[AcceptedDomain]) -> t.Iterator[Unknown]:
    """An organization always accepts mail for one domain at least."""
    if not domains:
        yield Unknown("the accepted domains", f"there is none: {_GONE}")


def of_federation_trusts(_servers: Servers, trusts: t.Sequence[FederationTrust]) -> t.Iterator[Unknown]:
    """Certificates that could not be read."""
    for trust in trusts:
        for item in trust.certificates:
            if item.unknown:
                yield Unknown(f"the certificate of federation trust {trust.name} ({item.use})", item.unknown)
        if not any(item.use == "current" for item in trust.certificates):
            yield Unknown(f"the certificate of federation trust {trust.name} (current)", f"none was given: {_GONE}")


def _without(servers: Servers, things: t.Iterable[ServiceConnectionPoint | VirtualDirectory]) -> list[Server]:
    owners = {thing.server for thing in things}
    return [server for server in servers.all if "client_access" in server.roles and server.name not in owners]


def _names_of(things: t.Iterable[Server | Database]) -> str:
    return folded(thing.name for thing in things)
