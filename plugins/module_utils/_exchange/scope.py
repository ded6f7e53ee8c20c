# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which service connection points clients of a site use. Private to this collection; no I/O.

A client uses those with the keyword C(Site=) of its own site, otherwise those without such a keyword (C(sites) is then
empty). The site of the server does not matter.
"""

from __future__ import annotations

import typing as t

from ..name_list import listed, natural

Row = dict[str, t.Any]
Point = t.TypeVar("Point")
OTHER_SITES = "all other sites"
UNKNOWN_SITE = "(unknown site)"


def by_scope(
    points: t.Iterable[Point], sites_of: t.Callable[[Point], t.Sequence[str]]
) -> list[tuple[str, list[Point]]]:
    """The points that clients of the same sites use, with the names of these sites."""
    groups: dict[str, tuple[str, list[Point]]] = {}
    for point in points:
        for site in sites_of(point) or (OTHER_SITES,):
            groups.setdefault(site.casefold(), (site, []))[1].append(point)
    merged: dict[tuple[int, ...], tuple[list[str], list[Point]]] = {}
    for site, members in groups.values():
        merged.setdefault(tuple(map(id, members)), ([], members))[0].append(site)
    named = [(listed(sorted(sites, key=natural)), members) for sites, members in merged.values()]
    return sorted(named, key=lambda group: natural(group[0]))


def service_points(points: list[Row] | None, servers: list[Row] | None) -> list[Row] | None:
    """The service connection points of servers, each with C(generation), C(sites), C(unset) and C(alone).

    C(unset) is whether AutoDiscoverServiceInternalUri is known to be empty. C(alone) is whether clients of its sites
    have no other server.
    """
    if points is None:
        return None
    by_name = {str(server.get("name")).casefold(): server for server in servers or ()}
    found: list[Row] = []
    for point in points:
        if point.get("kind") != "pointer":
            server = by_name.get(str(point.get("server")).casefold(), {})
            sites = point.get("sites")
            if sites is None:  # facts of an earlier version
                sites = [server.get("site") or UNKNOWN_SITE]
            unset = "url" in point and not point["url"] and not point.get("host")
            found.append({**point, "generation": server.get("generation"), "sites": sites, "unset": unset})
    peers: dict[int, set[t.Any]] = {}
    for _sites, members in by_scope(found, _sites_of):
        for member in members:
            peers.setdefault(id(member), set()).update(str(each.get("server")).casefold() for each in members)
    return [{**point, "alone": len(peers[id(point)]) == 1 and UNKNOWN_SITE not in point["sites"]} for point in found]


def scopes(points: list[Row] | None) -> list[Row] | None:
    """The service points by scope, as C({key, rows})."""
    if points is None:
        return None
    return [{"key": sites, "rows": members} for sites, members in by_scope(points, _sites_of)]


def _sites_of(point: Row) -> t.Sequence[str]:
    return [str(site) for site in point["sites"]]
