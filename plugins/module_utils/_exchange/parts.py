# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read an Exchange organization or some of its parts. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from . import unknown
from .autodiscover import AUTODISCOVER, service_connection_points_of
from .certificate import Certificate
from .client_access import CLIENT_ACCESS_ARRAYS, client_access_arrays_of
from .databases import DATABASE_AVAILABILITY_GROUPS, DATABASES, database_availability_groups_of, databases_of
from .federation import FEDERATION_TRUSTS, federation_trusts_of
from .objects import read_objects
from .organization import ACCEPTED_DOMAINS, ORGANIZATION, accepted_domains_of, organization_of
from .servers import SERVERS, servers_of
from .virtual_directories import VIRTUAL_DIRECTORIES, virtual_directories_of

if t.TYPE_CHECKING:
    from .objects import ForestSession, Objects, Query
    from .servers import Servers


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """A part of the organization: its query, and the functions that read it and find missing objects."""

    query: Query
    read: t.Callable[[Objects, Servers], tuple[t.Any, ...]]
    missing: t.Callable[[Servers, t.Any], t.Iterator[unknown.Unknown]]


PARTS = {
    "client_access_arrays": Part(CLIENT_ACCESS_ARRAYS, client_access_arrays_of, unknown.of_client_access_arrays),
    "databases": Part(DATABASES, databases_of, unknown.of_databases),
    "database_availability_groups": Part(
        DATABASE_AVAILABILITY_GROUPS, database_availability_groups_of, unknown.of_groups
    ),
    "autodiscover": Part(AUTODISCOVER, service_connection_points_of, unknown.of_autodiscover),
    "virtual_directories": Part(VIRTUAL_DIRECTORIES, virtual_directories_of, unknown.of_virtual_directories),
    "accepted_domains": Part(ACCEPTED_DOMAINS, accepted_domains_of, unknown.of_accepted_domains),
    "federation_trusts": Part(FEDERATION_TRUSTS, federation_trusts_of, unknown.of_federation_trusts),
}


def read_organization(session: ForestSession, names: t.Container[str]) -> dict[str, t.Any]:
    """Read the organization, its servers and the given parts, in the format of M(winha.cluster.exchange_info).

    Raises C(TaskError) if there is no organization, and C(ServerError).
    """
    parts = {name: part for name, part in PARTS.items() if name in names}
    objects = read_objects(session, [ORGANIZATION, SERVERS, *(part.query for part in parts.values())])
    result: dict[str, t.Any] = {"organization": dataclasses.asdict(organization_of(objects, session))}
    servers = servers_of(objects)
    result["servers"] = _rows(servers.all)
    missing = list(unknown.of_servers(servers))
    for name, part in parts.items():
        found = part.read(objects, servers)
        result[name] = _rows(found)
        missing += part.missing(servers, found)
    return result | {"unknown": _rows(missing)}


def _rows(things: t.Iterable[t.Any]) -> list[dict[str, t.Any]]:
    return [_plain_value(dataclasses.asdict(thing)) for thing in things]


def _plain_value(value: t.Any) -> t.Any:
    """Convert tuples to lists, and merge a certificate into its row."""
    if isinstance(value, tuple):
        return [_plain_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "certificate" in value:
        value = (
            dict.fromkeys(field.name for field in dataclasses.fields(Certificate))
            | (value["certificate"] or {})
            | value
        )
        del value["certificate"]
    return {key: _plain_value(item) for key, item in value.items()}
