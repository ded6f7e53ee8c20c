# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps clustered roles on different nodes. Private to this collection.

Sources: Microsoft, MSCluster_ResourceToPossibleOwner (cluswmi), cluster affinity (MSCluster_AffinityRule, from Windows
Server 2022 on), AntiAffinityClassNames and ResiliencyPeriod of a clustered role.
"""

from __future__ import annotations

import typing as t

from .._wsman.errors import Fault, NotFound
from . import cluster, computer
from .columns import read_columns

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client

_AFFINITY = {1: "same_fault_domain", 2: "same_node", 3: "different_fault_domain", 4: "different_node"}
_AS_CLUSTER = 0xFFFFFFFF  # ResiliencyPeriod: the role uses the period of the cluster
_OPERATION = "reading the clustered roles of the virtual machines"


def read_groups(client: Client, *, has_resiliency: bool) -> dict[str, dict[str, t.Any]]:
    """Read the roles of virtual machines by name: C(priority), C(anti_affinity) and C(resiliency_seconds).

    Before Windows Server 2012 there is only C(anti_affinity). C(has_resiliency) is whether the release has a resiliency
    period (Windows Server 2016 and later). The period is C(None) where that of the cluster applies.
    """
    columns = "Name, Priority, AntiAffinityClassNames" + (", ResiliencyPeriod" if has_resiliency else "")
    where = f" WHERE GroupType={cluster.VIRTUAL_MACHINE_GROUP}"
    try:
        found = cluster.query(
            client,
            f"SELECT {columns} FROM MSCluster_ResourceGroup{where}",  # noqa: S608 (constants)
            operation=_OPERATION,
        )
    except Fault as exc:
        if not computer.is_before_2012(client, exc):
            raise
        columns = "Name, AntiAffinityClassNames"
        found = read_columns(client, cluster.NAMESPACE, "MSCluster_ResourceGroup", columns, operation=_OPERATION)
    return {group.text("Name") or "": _group(group) for group in found}


def _group(group: Instance) -> dict[str, t.Any]:
    period = group.integer("ResiliencyPeriod")
    return {
        "priority": group.integer("Priority"),
        "anti_affinity": list(group.array("AntiAffinityClassNames") or ()),
        "resiliency_seconds": None if period == _AS_CLUSTER else period,
    }


def read_possible_owners(client: Client) -> dict[str, list[str]]:
    """Read the possible owners of the resources that not every node may own, by resource."""
    wql = "SELECT * FROM MSCluster_ResourceToPossibleOwner"
    owners: dict[str, set[str]] = {}
    operation = "reading the possible owners of the resources"
    for link in cluster.query(client, wql, operation=operation, references=False):
        resource, node = (link.reference_in(name) for name in ("GroupComponent", "PartComponent"))
        if resource is not None and node is not None:
            owners.setdefault(str(resource.selector("Name")), set()).add(str(node.selector("Name")))
    every = {node for nodes in owners.values() for node in nodes}
    return {name: sorted(owners[name]) for name in sorted(owners) if owners[name] != every}


def read_affinity_rules(client: Client) -> list[dict[str, t.Any]]:
    """Read the affinity rules by name; none where the release has no such rules (before Windows Server 2022)."""
    try:
        found = client.query(
            cluster.NAMESPACE, "SELECT * FROM MSCluster_AffinityRule", operation="reading the affinity rules"
        )
    except NotFound:
        return []
    rules = (
        {
            "name": rule.text("Name") or "",
            "type": cluster.name_of(_AFFINITY, rule.integer("RuleType")),
            "enabled": bool(rule.integer("Enabled")),
            "groups": list(rule.array("Groups") or ()),
        }
        for rule in found
    )
    return sorted(rules, key=lambda rule: str(rule["name"]))
