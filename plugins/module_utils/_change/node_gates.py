# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates that are judged for each node. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ..name_list import folded, listed
from .dag import carried_by, dags_of_role
from .gate import FAIL, PASS, UNKNOWN, Gate

if t.TYPE_CHECKING:
    from .clusters import Cluster
    from .gate import Options
    from .health import Health, Node, Role

_DONE = {
    "saved": ("saved to disk", "raise the priority of the role"),
    "shut_down": ("shut down", "look why it cannot be live migrated"),
    "turned_off": ("turned off", "look why it cannot be live migrated"),
}  # fmt: skip


def quorum(node: Node, nodes: t.Collection[Node], own: Health | None) -> Gate:
    """The cluster keeps quorum without the node: by Windows' own answer, else by the votes without a witness."""
    lost = own.quorum_lost if own else None
    if lost:
        reason = f"The cluster would lose quorum without {node.name}. Check the votes and the witness."
        return Gate(gate="quorum", node=node.name, outcome=FAIL, reason=reason)
    if lost is False:
        reason = f"The cluster keeps quorum without {node.name}."
        return Gate(gate="quorum", node=node.name, outcome=PASS, reason=reason)
    votes = [each.vote if each.dynamic_vote is None else each.dynamic_vote for each in nodes]
    own_vote = node.vote if node.dynamic_vote is None else node.dynamic_vote
    if own_vote is not None and None not in votes:
        total = sum(vote or 0 for vote in votes)
        if 2 * (total - own_vote) > total:
            reason = f"Without {node.name} the nodes have {total - own_vote} of {total} votes."
            return Gate(gate="quorum", node=node.name, outcome=PASS, reason=reason)
    why = (own.why_unknown("quorum") if own else "") or "the node did not report it"
    reason = f"Whether the cluster keeps quorum without {node.name} is not known: {why.rstrip('.')}."
    return Gate(gate="quorum", node=node.name, outcome=UNKNOWN, reason=reason)


def virtual_machines_live(node: Node, cluster: Cluster, options: Options) -> Gate:
    """The drain live migrates every virtual machine of the node, except those that the operator named."""
    gate = "virtual_machines_live"
    if cluster.roles() is None:
        reason = f"The clustered roles of {node.name} are not known: {cluster.why_unknown('roles').rstrip('.')}."
        return Gate(gate=gate, node=node.name, outcome=UNKNOWN, reason=reason)
    machines = [role for role in cluster.roles_of(node.key) if role.type == "virtual_machine"]
    allowed = options.may_be_saved({name for role in machines for name in (role.title, role.name)})
    named = [role for role in machines if {role.title, role.name} & allowed]
    hurt = [role for role in machines if role.drain in _DONE and role not in named]
    if hurt:
        parts = []
        for drain, (done, advice) in _DONE.items():
            names = [role.title for role in hurt if role.drain == drain]
            if names:
                parts.append(f"A drain of {node.name} would leave {folded(names)} {done}: {advice}")
        reason = f"{'. '.join(parts)}, or name the virtual machine in migration_network_allow_saved."
        return Gate(gate=gate, node=node.name, outcome=FAIL, reason=reason)
    silent = [role.title for role in machines if role.drain is None and role not in named]
    if silent:
        why = cluster.why_unknown("drain").rstrip(".")
        reason = f"What a drain of {node.name} does to {folded(silent)} is not known: {why}."
        return Gate(gate=gate, node=node.name, outcome=UNKNOWN, reason=reason)
    kept = f" {folded(role.title for role in named)} may be saved." if named else ""
    reason = f"A drain of {node.name} live migrates its virtual machines.{kept}"
    return Gate(gate=gate, node=node.name, outcome=PASS, reason=reason)


def dag_members_apart(node: Node, cluster: Cluster, dags: t.Mapping[str, frozenset[str]]) -> Gate:
    """The node has at most one member of a DAG, and the members of a DAG share an anti-affinity class."""
    gate = "dag_members_apart"
    if cluster.roles() is None:
        reason = f"The clustered roles of {node.name} are not known: {cluster.why_unknown('roles').rstrip('.')}."
        return Gate(gate=gate, node=node.name, outcome=UNKNOWN, reason=reason)
    here = [(role, carried_by(role, dags)) for role in cluster.roles_of(node.key)]
    pairs = [
        (one.title, other.title)
        for at, (one, of_one) in enumerate(here)
        for other, of_other in here[at + 1 :]
        if of_one.shares(of_other) or of_one.classes & of_other.classes
    ]
    problems = []
    if pairs:
        names = folded(name for pair in pairs for name in pair)
        problems.append(f"{names} are members of one DAG, and both are on {node.name}: move one to another node")
    if len(cluster.nodes()) > 2:
        problems += _unparted(cluster, dags, [role for role, _carried in here])
    if problems:
        return Gate(gate=gate, node=node.name, outcome=FAIL, reason=f"{'. '.join(problems)}.")
    reason = f"{node.name} has at most one member of each DAG."
    return Gate(gate=gate, node=node.name, outcome=PASS, reason=reason)


def _unparted(cluster: Cluster, dags: t.Mapping[str, frozenset[str]], here: t.Sequence[Role]) -> t.Iterator[str]:
    """The DAGs with a member on this node whose members in the cluster have no anti-affinity class in common."""
    for dag in dict.fromkeys(dag for role in here for dag in sorted(dags_of_role(role, dags))):
        members = [
            role
            for role in cluster.roles() or ()
            if role.type == "virtual_machine" and role.state != "offline" and dag in dags_of_role(role, dags)
        ]
        shared = frozenset.intersection(
            *(frozenset(each.casefold() for each in role.anti_affinity) for role in members)
        )
        if len(members) > 1 and not shared:
            names = listed([role.title for role in members])
            yield f"{names} are members of one DAG without a common anti-affinity class: give them one"


def network_atc(name: str, own: Health | None) -> Gate:
    """No intent of Network ATC sets the adapters back."""
    gate, intent = "network_atc", own.network_atc if own else None
    if intent:
        reason = (
            f"Network ATC has an intent on {name} and would set the adapters back. "
            "Use Set-NetIntent -AdapterPropertyOverrides instead."
        )
        return Gate(gate=gate, node=name, outcome=FAIL, reason=reason)
    if intent is None:
        why = (own.why_unknown("atc") if own else "") or "the node did not report it"
        reason = f"Whether Network ATC has an intent on {name} is not known: {why.rstrip('.')}."
        return Gate(gate=gate, node=name, outcome=UNKNOWN, reason=reason)
    return Gate(gate=gate, node=name, outcome=PASS, reason=f"Network ATC has no intent on {name}.")
