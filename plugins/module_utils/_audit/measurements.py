# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures for the pictures of the page: paths, heartbeats, certificates. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from .._windows import version
from .._windows.heartbeat import default_timeouts
from .facts import Subject, cluster_name
from .relations import chosen, days_between

if t.TYPE_CHECKING:
    import datetime

Figure = dict[str, t.Any]
_VERDICTS = {"passes": True, "fails": False}
_STANDARD_MTU = 1500
_BUILDS = {name: build for build, name in version.RELEASES}


def paths(hosts: t.Iterable[Subject], clusters: t.Sequence[Subject], parameters: t.Mapping[str, t.Any]) -> list[Figure]:
    """Each tested path; C(mtu) is the largest packet that is known to pass, in bytes.

    A test with another size than C(wanted) proves nothing about C(wanted).
    """
    wanted = parameters.get("mtu")
    found = []
    for host in hosts:
        rows = (host.document.get("jumbo_path_info") or {}).get("paths") or []
        if host.alias_reason:
            continue
        cluster = cluster_name(host, clusters) if rows else None
        found += [
            {
                "cluster": cluster,
                "network": row.get("network"),
                "from": row.get("source"),
                "to": row.get("target"),
                "mtu": _largest_size(row),
                "wanted": wanted,
                "proved": _VERDICTS.get(str(row.get("verdict"))) if row.get("mtu") == wanted else None,
                "why": row.get("msg")
                or (None if row.get("mtu") == wanted else "the path was tested with another size"),
            }
            for row in rows
        ]
    return found


def _largest_size(row: t.Mapping[str, t.Any]) -> t.Any:
    if row.get("jumbo") == "passes":
        return row.get("mtu")
    return _STANDARD_MTU if row.get("standard") == "passes" else None


def heartbeats(clusters: t.Iterable[Subject], parameters: t.Mapping[str, t.Any]) -> list[Figure]:
    """The heartbeat timeouts of each cluster and the limits for its release, in seconds."""
    return [
        {
            "cluster": cluster.name,
            "dag": "dag_member" in cluster.kinds,
            "windows": cluster.windows,
            "same_subnet_seconds": seconds.get("same_subnet"),
            "cross_subnet_seconds": seconds.get("cross_subnet"),
            **_defaults(cluster.windows, is_dag="dag_member" in cluster.kinds),
            **{
                f"{reach}_limit_seconds": chosen(parameters.get(f"{reach}_seconds_at_most"), cluster.windows)
                if "dag_member" in cluster.kinds
                else None
                for reach in ("same_subnet", "cross_subnet")
            },
            "offline_seconds": parameters.get("offline_seconds"),
        }
        for cluster in clusters
        for seconds in [cluster.document["cluster_info"]["cluster"].get("heartbeat_seconds") or {}]
    ]


def _defaults(release: str | None, *, is_dag: bool) -> Figure:
    """The defaults of Windows. On 2012 R2 that of a DAG depends on an update, so it is not known."""
    if release not in _BUILDS or (is_dag and release == "2012 R2"):
        return {}
    found = default_timeouts(version.WindowsVersion(_BUILDS[release]), longer=not is_dag)
    return {
        "same_subnet_default_seconds": found.same_subnet,
        "cross_subnet_default_seconds": found.cross_subnet,
    }


def certificates(forest: Subject | None, parameters: t.Mapping[str, t.Any], now: datetime.datetime) -> list[Figure]:
    """The current and next certificates of the federation trusts."""
    trusts = (forest.document.get("exchange_info") or {}).get("federation_trusts") if forest else None
    return [
        {
            "name": trust.get("name"),
            "use": certificate.get("use"),
            "not_after": certificate.get("not_after"),
            "days_left": days_between(now, certificate.get("not_after")),
            "limit_days": parameters.get("certificate_days"),
        }
        for trust in trusts or []
        for certificate in trust.get("certificates") or []
        if certificate.get("use") != "previous"
    ]
