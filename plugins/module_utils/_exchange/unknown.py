# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find objects and values that could not be read. Private to this collection.

Active Directory does not return objects that an account may not read. They are found through other objects that refer
to them, or because every organization has them.
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

_MISSING = "it does not exist, or this account may not read it"
_NONE_RETURNED = "none was returned: none exists, or this account may not read them"
_NO_VALUE = "there is no valid value, or this account may not read it"


@dataclasses.dataclass(frozen=True, slots=True)
class Unknown:
    """An object or value that could not be read, and the reason."""

    what: str
    why: str


def of_servers(servers: Servers) -> t.Iterator[Unknown]:
    """Servers without values that every server has."""
    if not servers.all:
        yield Unknown("the servers", _NONE_RETURNED)
    without_value = {
        "build": [server for server in servers.all if not server.generation],
        "FQDN": [server for server in servers.all if not server.fqdn],
        "roles": [server for server in servers.all if not server.roles],
        "site": [server for server in servers.all if not server.site and "edge_transport" not in server.roles],
    }
    for what, found in without_value.items():
        if found:
            yield Unknown(f"the {what} of {_names_of(found)}", _NO_VALUE)


def of_client_access_arrays(_servers: Servers, arrays: t.Sequence[ClientAccessArray]) -> t.Iterator[Unknown]:
    """CAS arrays without values that every array has."""
    for array in arrays:
        for what, value in {"FQDN": array.fqdn, "site": array.site, "legacy name": array.legacy_dn}.items():
            if not value:
                yield Unknown(f"the {what} of CAS array {array.name}", _NO_VALUE)


def of_databases(servers: Servers, databases: t.Sequence[Database]) -> t.Iterator[Unknown]:
    """Servers and CAS arrays that databases refer to, and databases that must exist."""
    if not databases and any("mailbox" in server.roles for server in servers.all):
        yield Unknown("the databases", f"the organization has mailbox servers, but {_NONE_RETURNED}")
    ownerless = [database for database in databases if database.generation is None]
    if ownerless:
        yield Unknown(
            f"the generation of {_names_of(ownerless)}",
            "the servers that own them do not exist, or this account may not read them",
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
        yield Unknown(f"server {name}", f"it has copies of {_names_of(found)}, but {_MISSING}")
    for name, found in endpoints.items():
        yield Unknown(
            f"CAS array or server {name}",
            f"it is RpcClientAccessServer of {_names_of(found)}, but {_MISSING}",
        )


def of_groups(servers: Servers, groups: t.Sequence[DatabaseAvailabilityGroup]) -> t.Iterator[Unknown]:
    """DAGs that servers refer to."""
    known = {group.name.casefold() for group in groups}
    members: dict[str, list[Server]] = collections.defaultdict(list)
    for server in servers.all:
        if server.dag and server.dag.casefold() not in known:
            members[server.dag].append(server)
    for name, found in members.items():
        yield Unknown(f"database availability group {name}", f"its members are {_names_of(found)}, but {_MISSING}")


def of_autodiscover(servers: Servers, points: t.Sequence[ServiceConnectionPoint]) -> t.Iterator[Unknown]:
    """Client Access servers without a service connection point, and service connection points without a host.

    A service connection point without a URL is known: its AutoDiscoverServiceInternalUri is not set.
    """
    lacking = _without(servers, points)
    if lacking:
        yield Unknown(f"the service connection points of {_names_of(lacking)}", _NONE_RETURNED)
    for point in points:
        if not point.host and (point.url or point.kind != "url"):
            yield Unknown(f"the host of service connection point {point.name}", f"it binds to {point.url or 'nothing'}")


def of_virtual_directories(servers: Servers, found: t.Sequence[VirtualDirectory]) -> t.Iterator[Unknown]:
    """Client Access servers without a virtual directory."""
    lacking = _without(servers, found)
    if lacking:
        yield Unknown(f"the virtual directories of {_names_of(lacking)}", _NONE_RETURNED)


def of_accepted_domains(_servers: Servers, domains: t.Sequence[AcceptedDomain]) -> t.Iterator[Unknown]:
    """The accepted domains, if there is none: every organization has at least one."""
    if not domains:
        yield Unknown("the accepted domains", _NONE_RETURNED)


def of_federation_trusts(_servers: Servers, trusts: t.Sequence[FederationTrust]) -> t.Iterator[Unknown]:
    """Certificates that could not be read."""
    for trust in trusts:
        for item in trust.certificates:
            if item.unknown:
                yield Unknown(f"the certificate of federation trust {trust.name} ({item.use})", item.unknown)
        if not any(item.use == "current" for item in trust.certificates):
            yield Unknown(f"the certificate of federation trust {trust.name} (current)", _MISSING)


def _without(servers: Servers, things: t.Iterable[ServiceConnectionPoint | VirtualDirectory]) -> list[Server]:
    owners = {thing.server for thing in things}
    return [server for server in servers.all if "client_access" in server.roles and server.name not in owners]


def _names_of(things: t.Iterable[Server | Database]) -> str:
    return folded(thing.name for thing in things)
