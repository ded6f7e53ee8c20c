# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a play that are nodes of the same cluster. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ..identity import cluster_key, node_key

Mapping = t.Mapping[str, t.Any]


def peers_of(results: t.Mapping[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """The peers of each host, from the results of M(winha.cluster.cluster_info) by inventory name."""
    clusters: dict[str, dict[str, Mapping]] = {}
    for name, result in results.items():
        cluster = result.get("cluster") if isinstance(result, t.Mapping) else None
        if isinstance(cluster, t.Mapping) and cluster_key(cluster):
            clusters.setdefault(cluster_key(cluster), {})[name] = cluster
    found = {}
    for name in results:
        own = next((read for read in clusters.values() if name in read), {})
        names = [machines for cluster in own.values() for machines in (cluster.get("machine_names") or {}).items()]
        found[name] = {
            "peers": list(own),
            "listed": bool(own) or any(_lists(read, name) for read in clusters.values()),
            "machine_names": dict(names),
        }
    return found


def _lists(read: t.Mapping[str, Mapping], host: str) -> bool:
    """Whether a cluster has a node with the name of the host, which was not read as another host."""
    nodes = {node_key(str(node["name"])) for cluster in read.values() for node in cluster.get("nodes") or ()}
    known = {node_key(str(cluster.get("node") or name)) for name, cluster in read.items()}
    return node_key(host) in nodes - known
