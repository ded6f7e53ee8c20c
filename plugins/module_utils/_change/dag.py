# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which database availability groups have their members on which nodes. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..identity import cluster_key, node_key

if t.TYPE_CHECKING:
    from .health import Role

Mapping = t.Mapping[str, t.Any]
GROUP = "dag_members"


def dags_of(variables: t.Iterable[Mapping], result: str) -> dict[str, frozenset[str]]:
    """The DAGs of each computer name, from the variables of the hosts in the group C(dag_members).

    Members in two domains can have the same computer name, which then has both DAGs. C(result) names the registered
    result of M(winha.cluster.cluster_info). All members whose DAG was not read count as one DAG.
    """
    found: dict[str, set[str]] = {}
    unread: list[str] = []
    for each in variables:
        name = str(each["inventory_hostname"])
        read = each.get(result)
        cluster = read.get("cluster") if isinstance(read, t.Mapping) else None
        if isinstance(cluster, t.Mapping) and cluster_key(cluster):
            own = cluster.get("node") or name
            for node in (own, *(each["name"] for each in cluster.get("nodes") or ())):
                found.setdefault(node_key(str(node)), set()).add(cluster_key(cluster))
        else:
            unread.append(node_key(name))
    known = {node: frozenset(dags) for node, dags in found.items()}
    return known | {node: frozenset([GROUP]) for node in unread if node not in known}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The DAGs and anti-affinity classes of virtual machines. C(loose) are classes of those whose DAG is not known."""

    dags: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    loose: frozenset[str] = frozenset()

    def shares(self, other: Carried) -> bool:
        """Whether both may have members of one DAG."""
        return bool(self.dags & other.dags or self.loose & other.classes or self.classes & other.loose)

    def plus(self, other: Carried) -> Carried:
        return Carried(
            dags=self.dags | other.dags, classes=self.classes | other.classes, loose=self.loose | other.loose
        )


def carried_by(role: Role, dags: t.Mapping[str, frozenset[str]]) -> Carried:
    """The DAG and classes of a clustered role; none for an offline virtual machine."""
    if role.type != "virtual_machine" or role.state == "offline":
        return Carried()
    classes = frozenset(each.casefold() for each in role.anti_affinity)
    own = dags_of_role(role, dags)
    return Carried(dags=own, classes=classes, loose=frozenset() if own else classes)


def dags_of_role(role: Role, dags: t.Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The DAGs of a virtual machine that has the name of a DAG member."""
    names = (role.machine, role.name)
    return next((dags[node_key(name)] for name in names if name and node_key(name) in dags), frozenset())
