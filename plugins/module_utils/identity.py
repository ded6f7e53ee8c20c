# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster and which node a name means. Private to this collection; pure.

Two domains can have clusters of one name with nodes of the same names, so a node is its cluster and its name.
"""

from __future__ import annotations

import collections
import ipaddress
import typing as t

COMPUTER_NAME = 15  # characters of a NetBIOS name; Windows cuts off what follows


def cluster_key(cluster: t.Mapping[str, t.Any]) -> str:
    """The FQDN with its domain, else the id of the cluster, else what there is of the name.

    A cluster without an access point in Active Directory has its name as its FQDN.
    """
    fqdn = str(cluster.get("fqdn") or "").rstrip(".")
    parts = (fqdn if "." in fqdn else "", cluster.get("id"), fqdn, cluster.get("name"))
    return next((str(part).casefold() for part in parts if part), "")


def node_key(name: str) -> str:
    """The computer name of a host or node: without domain, 15 characters, lower case. An address stays as it is."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.split(".", 1)[0][:COMPUTER_NAME].casefold()


def distinct_names(clusters: t.Sequence[tuple[str, str]]) -> list[str]:
    """The names to show for clusters, given as name and key: a name that is there twice gets what tells them apart."""
    counts = collections.Counter(name.casefold() for name, _key in clusters)
    return [
        name if counts[name.casefold()] == 1 or key == name.casefold() else key if "." in key else f"{name} ({key})"
        for name, key in clusters
    ]


def home_of(name: str, clusters: t.Mapping[str, t.Any]) -> str | None:
    """The key of the cluster of a host that was not read, of those that list its name; C(None) if it is not certain.

    If several list it, the cluster in the domain of the host is meant.
    """
    if len(clusters) < 2:
        return next(iter(clusters), None)
    domain = name.partition(".")[2].casefold()
    near = [key for key in clusters if domain and key.partition(".")[2] == domain]
    return near[0] if len(near) == 1 else None
