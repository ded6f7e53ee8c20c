# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The possible owners of the resources, the affinity rules, and the witness of a cluster as an association.

The rows of the possible owners are built for each request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.values import Embedded
from . import possible_owners
from .repository import Instance

if TYPE_CHECKING:
    from ..estate import Cluster
    from .classes import Class
    from .repository import Repository

_CLUSTER = "root/mscluster"
OWNERS = "MSCluster_ResourceToPossibleOwner"
_TYPES = {"same_fault_domain": 1, "same_node": 2, "different_fault_domain": 3, "different_node": 4}


def _reference(class_name: str, name: str) -> Embedded:
    return Embedded(class_name, {"Name": name})


def owners(cls: Class, repository: Repository) -> list[Instance]:
    """A row for each resource and each node that may own it."""
    resources = repository.cls(_CLUSTER, "MSCluster_Resource")
    names = [item.name for item in repository.instances(resources)] if resources else []
    return [
        Instance(
            cls,
            {
                "GroupComponent": _reference("MSCluster_Resource", name),
                "PartComponent": _reference("MSCluster_Node", node),
            },
        )
        for name in names
        for node in possible_owners.owners(repository, name)
    ]


def fill(repository: Repository, cluster: Cluster) -> None:
    """Add the affinity rules, and the association to the witness."""
    for rule in cluster.affinity_rules:
        repository.add(
            _CLUSTER,
            "MSCluster_AffinityRule",
            {
                "Name": rule["name"],
                "RuleType": _TYPES[rule["type"]],
                "Enabled": int(rule.get("enabled", True)),
                "Groups": list(rule["groups"]),
            },
        )
    witness = {"file_share": "File Share Witness", "cloud": "Cloud Witness"}.get(cluster.witness)
    if witness:
        ends = {
            "GroupComponent": _reference("MSCluster_Cluster", cluster.name),
            "PartComponent": _reference("MSCluster_Resource", witness),
        }
        repository.add(_CLUSTER, "MSCluster_ClusterToQuorumResource", ends)
