# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service connection points of Autodiscover. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._directory.distinguished_name import name_of
from ..name_list import natural
from .objects import Query
from .url import host_of

if t.TYPE_CHECKING:
    from .._directory.entry import Entry
    from .objects import Objects
    from .servers import Servers

_URL = "77378f46-2c66-4aa9-a6a6-3e7a48b19596"
_POINTER = "67661d7f-8fc4-4fa7-bfac-e1d7794c1f68"
AUTODISCOVER = Query(
    f"(&(objectClass=serviceConnectionPoint)(|(keywords={_URL})(keywords={_POINTER})))",
    ("keywords", "serviceBindingInformation"),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConnectionPoint:
    """A service connection point.

    The kind C(url) belongs to a server: C(url) is its AutoDiscoverServiceInternalUri, C(None) if it is not set, and
    C(sites) is its AutoDiscoverSiteScope. The kind C(pointer) refers the users of C(domains) to another forest and
    belongs to no server.
    """

    server: str | None
    name: str
    kind: str
    url: str | None
    host: str | None
    sites: tuple[str, ...]
    domains: tuple[str, ...]


def service_connection_points_of(objects: Objects, servers: Servers) -> tuple[ServiceConnectionPoint, ...]:
    """The service connection points, sorted by server. One with several URLs is returned once for each."""
    points = [point for entry in objects.of("serviceConnectionPoint") for point in _points(entry, servers)]
    return tuple(sorted(points, key=lambda point: (point.server is None, natural(point.server or point.name))))


def _points(entry: Entry, servers: Servers) -> list[ServiceConnectionPoint]:
    server = servers.owner_of(entry.dn)
    keywords = entry.texts("keywords")
    marks = set(map(str.casefold, keywords))
    return [
        ServiceConnectionPoint(
            server=server.name if server else None,
            name=name_of(entry.dn),
            kind="url" if _URL in marks else "pointer" if _POINTER in marks else "unknown",
            url=url,
            host=host_of(url),
            sites=_keyword_values("site=", keywords),
            domains=_keyword_values("domain=", keywords),
        )
        for url in entry.texts("serviceBindingInformation") or (None,)
    ]


def _keyword_values(prefix: str, keywords: t.Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(word[len(prefix) :] for word in keywords if word.casefold().startswith(prefix)))
