# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What facts of several hosts tell together. Private to this collection.

It is found out when rules are evaluated, not when hosts are read: the hosts may have been read in several runs.
"""

from __future__ import annotations

import typing as t

from .._exchange.published_names import ExchangeInputError
from .._exchange.spn_overrides import PlanError
from .._exchange.spn_plan import plan
from ..identity import cluster_key, home_of, node_key
from .facts import CLUSTER_PARTS, FOREST_PARTS, node_label
from .wording import sentence

Facts = dict[str, t.Any]


def completed(facts: t.Mapping[str, t.Any]) -> Facts:
    """The facts with C(forest), and with the nodes that only another node told of. The input is not changed."""
    hosts = {name: dict(host) for name, host in facts["hosts"].items()}
    _correct_listed_nodes(hosts)
    forests = [each for each in facts.get("forests") or [] if isinstance(each, dict)]
    forest = {"forest": _forest(forests, facts.get("planned") or {})} if forests else {}
    return {**facts, "hosts": hosts, **forest}


def _forest(forests: t.Sequence[Facts], planned: t.Mapping[str, t.Any]) -> Facts:
    """The forest, each part from the domain controller that returned most of it, by default from the first one.

    The host of the forest is the first one that returned the Exchange organization.
    """
    best = {part: min((forest[part] for forest in forests), key=_lost) for part in FOREST_PARTS}
    host = min(forests, key=lambda forest: isinstance(forest["exchange_info"].get("unknown"), str))["host"]
    return {"host": host, **_with_spn_plan(best, planned)}


def _lost(part: Facts) -> tuple[bool, int]:
    unknown = part.get("unknown")
    return isinstance(unknown, str), len(unknown) if isinstance(unknown, list) else 0


def _with_spn_plan(parts: dict[str, Facts], planned: t.Mapping[str, t.Any]) -> dict[str, Facts]:
    """The parts of a forest, with the plan of its SPNs. Without a CAS array there are no names in C(dns_name_info)."""
    exchange = parts["exchange_info"]
    if isinstance(exchange.get("unknown"), str):
        return {**parts, "principal_plan": exchange}
    if exchange.get("client_access_arrays") == []:
        parts = {**parts, "dns_name_info": {"names": []}}
    try:
        return {**parts, "principal_plan": plan(exchange, dns=parts["published_name_info"].get("names"), **planned)}
    except (PlanError, ExchangeInputError) as error:
        return {**parts, "principal_plan": {"unknown": sentence(str(error))}}


def _correct_listed_nodes(hosts: dict[str, Facts]) -> None:
    """A host without cluster classes that a cluster lists as its node is a node whose cluster could not be read."""
    listed: dict[str, dict[str, str]] = {}
    for host in hosts.values():
        cluster = (host.get("cluster_info") or {}).get("cluster") or {}
        for node in cluster.get("nodes") or []:
            listed.setdefault(node_key(str(node.get("name"))), {})[cluster_key(cluster)] = str(cluster.get("name"))
    for name, host in hosts.items():
        clusters = listed.get(node_label({**host, "host": name}), {}) if host.get("standalone") else {}
        cluster_name = clusters.get(home_of(name, clusters) or "")
        if cluster_name:
            why = f"{cluster_name} lists {name} as a node, but {host['standalone']}"
            for part in CLUSTER_PARTS:
                if isinstance((host.get(part) or {}).get("unknown"), str):
                    host[part] = {"unknown": why}
            host["standalone"] = None
            host["failed"] = ["cluster_info", *(host.get("failed") or ())]
