#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_node
short_description: Drain or resume a cluster node
description:
  - Drains a node of a failover cluster and waits until its clustered roles have moved to other nodes.
  - Or resumes the node and waits until it is up.
  - Does not drain a node while another node is not up, or when the cluster would lose its quorum.
  - Does not drain a node whose virtual machines the drain would save, shut down or turn off instead of live migrating
    them, unless O(allow_saved) names them. A drain does so with virtual machines of a priority below the threshold of
    the cluster.
  - With O(mark), the module sets a drain mark on the node, which every node of the cluster can read. It then resumes
    only a node with a drain mark, brings the clustered roles back to it, and removes the drain mark.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  name:
    description: Name of the node. The default is the host of the task.
    type: str
  state:
    description: V(drained) means paused, without clustered roles. V(active) means up, with clustered roles allowed.
    type: str
    choices: [drained, active]
    required: true
  failback:
    description: When the clustered roles that the drain moved return to the node after it is resumed.
    type: str
    choices: [none, immediately, by_policy]
    default: immediately
  timeout:
    description:
      - Seconds to wait until the clustered roles have moved, or until the node is up.
      - After this time the task fails and reports the state of the node. The drain itself continues.
    type: int
    default: 900
  mark:
    description:
      - The name of the run that drains the node. The drain mark is a private property of the node in the cluster
        database. It contains this name and the clustered roles that the node owned.
      - A node that is paused without a drain mark is not changed, because somebody else paused it.
      - With O(state=active), the clustered roles of the drain mark are brought back. First the cluster itself fails
        them back. Then the module live migrates each virtual machine that is not back yet.
    type: str
    version_added: 1.1.0
  allow_saved:
    description: Virtual machines that the drain may save, shut down or turn off, by name or wildcard.
    type: list
    elements: str
    default: []
    version_added: 1.1.0
  allow_gates:
    description:
      - Conditions under which the module drains all the same. V(nodes_up) is another node that is down,
        V(foreign_drain) another node that is paused, and V(quorum) a cluster that would lose its quorum.
      - With V(foreign_drain) and O(mark), a node that somebody else has drained is not changed and does not fail.
    type: list
    elements: str
    choices: [foreign_drain, nodes_up, quorum]
    default: []
    version_added: 1.1.0
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
notes:
  - Needs Windows Server 2012 or later.
seealso:
  - module: winha.cluster.cluster_info
"""

EXAMPLES = r"""
- name: Drain this node
  winha.cluster.cluster_node:
    state: drained

- name: Resume this node and fail its clustered roles back
  winha.cluster.cluster_node:
    state: active

- name: Drain this node and set a drain mark
  winha.cluster.cluster_node:
    state: drained
    mark: change 4711

- name: Resume it, and wait until its clustered roles are back
  winha.cluster.cluster_node:
    state: active
    mark: change 4711
"""

RETURN = r"""
node:
  description: The node.
  returned: when the cluster could be read
  type: dict
  contains:
    name:
      description: Name of the node.
      type: str
      sample: HV01
    before:
      description: The state before (V(active), V(draining), V(drained), V(paused), V(down), V(joining)).
      type: str
      sample: active
    state:
      description: The state now, or in check mode the planned state. Null if it is unknown.
      type: str
      sample: drained
roles:
  description: The clustered roles that the node owned before.
  returned: when O(state=drained)
  type: list
  elements: str
  sample: [EX01, EX02]
mark:
  description: The drain mark on the node before; null if it had none.
  returned: when the cluster could be read
  type: dict
  version_added: 1.1.0
  sample: {run: change 4711, started: "2026-11-30T01:00:00Z", roles: [EX01, EX02]}
owners:
  description: The owner node of each clustered role of the drain mark, as read back.
  returned: when O(state=active) and the node had a drain mark
  type: dict
  version_added: 1.1.0
  sample: {EX01: HV01}
saved_by_drain:
  description: The virtual machines that a drain saves, shuts down or turns off instead of live migrating them.
  returned: when O(state=drained)
  type: list
  elements: str
changes:
  description:
    - What was changed, or in check mode would be changed, with C(label), C(thing) (the node or the clustered role),
      C(setting) (V(state), V(drain mark) or V(owner)), C(before) and C(after) (as read back; null if unknown).
  returned: when the cluster could be read
  type: list
  elements: dict
  version_added: 1.1.0
left_alone:
  description: What was not changed, with C(label), C(expected), C(current) and C(reason).
  returned: when there are any
  type: list
  version_added: 1.1.0
"""

import dataclasses
import datetime
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import (
    cluster,
    clustered_role,
    drain,
    drain_check,
    drain_mark,
)
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Change, Plan, Step

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SPEC = {
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["drained", "active"], "required": True},
    "failback": {"type": "str", "choices": list(drain.FAILBACK), "default": "immediately"},
    "timeout": {"type": "int", "default": 900},
    "mark": {"type": "str"},
    "allow_saved": {"type": "list", "elements": "str", "default": []},
    "allow_gates": {"type": "list", "elements": "str", "choices": list(drain_check.GATES), "default": []},
}
_MARK = "drain mark"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The node and the rest of its cluster; C(drained_by) and C(loses_quorum) are read only before a drain."""

    node: cluster.Node
    before: str
    other_nodes: tuple[cluster.Node, ...]
    mark: drain_mark.Mark | None
    roles: tuple[clustered_role.Role, ...]
    options: task.Options
    drained_by: t.Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    loses_quorum: bool = False

    @property
    def own_roles(self) -> tuple[clustered_role.Role, ...]:
        """The clustered roles that the node owns."""
        return tuple(role for role in self.roles if role.owner.casefold() == self.node.name.casefold())

    @property
    def stopped(self) -> dict[str, str]:
        """The virtual machines of the node that a drain would not live migrate, with what it would do."""
        own = {role.name for role in self.own_roles}
        return {
            name: how
            for role, (name, how) in sorted(self.drained_by.items())
            if role in own and how in drain_check.STOPS
        }

    @property
    def missing_roles(self) -> dict[str, str]:
        """The owner of each clustered role of the mark that is not on the node."""
        marked = self.mark.roles if self.mark else ()
        return {
            role.name: role.owner
            for role in self.roles
            if role.name in marked and (role.moving or role.owner.casefold() != self.node.name.casefold())
        }


def read(client: Client, options: task.Options) -> State:
    """Read the nodes, the mark and the clustered roles, and before a drain what it would do."""
    nodes = cluster.read_nodes(client)
    node = cluster.find_node(client, nodes, options["name"] or cluster.read_own_node_name(client))
    if node.lacks_drains:
        raise task.TaskError(f"{node.name} cannot be drained: it runs a version before Windows Server 2012.")
    roles = tuple(clustered_role.read_roles(client))
    state = State(
        node=node,
        before=drain.state_of(node, roles if options["state"] == "drained" else ()),
        other_nodes=tuple(other for other in nodes if other is not node),
        mark=drain_mark.read(client, drain.reference_of(node), node.name),
        roles=roles,
        options=options,
    )
    if options["state"] != "drained":
        return state
    active = drain.state_of(node) == "active"
    return dataclasses.replace(
        state,
        drained_by=drain.read_drain_actions(client, roles),
        loses_quorum=active and drain.would_lose_quorum(client, node),
    )


def plan(state: State, options: task.Options) -> Plan:
    """Plan the changes in their order. Raises C(TaskError) when a drain would be a risk."""
    name, before, wanted = state.node.name, state.before, options["state"]
    if before in ("down", "joining"):
        raise task.TaskError(f"{name} is {before}, so it cannot become {wanted}. Bring the node up first.")
    if options["mark"] and before != "active" and state.mark is None:
        if before == "drained" and drain_check.FOREIGN_DRAIN in options["allow_gates"]:
            return Plan(title=f"Node {name}")
        raise task.TaskError(
            f"{name} is {before} and has no drain mark, so somebody else paused it. It was not touched. "
            "Find out who paused it, and resume it when that work is done."
        )
    steps: list[Step] = []
    if wanted == "drained":
        if before in ("active", "paused"):
            refusal = drain_check.drain_refusal(
                name,
                other_nodes=state.other_nodes,
                loses_quorum=state.loses_quorum,
                stopped=state.stopped,
                allow_gates=options["allow_gates"],
                allow_saved=options["allow_saved"],
            )
            if refusal:
                raise task.TaskError(refusal)
        if options["mark"] and state.mark is None:
            steps.append(Step((_change(_MARK, name, "drain mark", "none", options["mark"]),)))
        if before != wanted:
            steps.append(Step((_change(name, name, "state", before, wanted),)))
    else:
        if before != wanted:
            steps.append(Step((_change(name, name, "state", before, wanted),)))
        if state.mark is not None:
            moves = [
                _change(f"{role} owner", role, "owner", owner, name)
                for role, owner in state.missing_roles.items()
                if owner.casefold() != name.casefold()
            ]
            if moves:
                steps.append(Step(tuple(moves)))
            steps.append(Step((_change(_MARK, name, "drain mark", state.mark.run, "none"),)))
    return Plan(title=f"Node {name}", steps=tuple(steps), ordered=True)


def _change(label: str, thing: str, setting: str, before: str, after: str) -> Change:
    return Change(label=label, before=before, after=after, details={"thing": thing, "setting": setting})


def apply(client: Client, state: State, step: Step) -> Applied:
    """Do one step: set or remove the mark, drain, resume, or wait until the clustered roles are back."""
    timeout = float(state.options["timeout"])
    first = step.changes[0]
    if first.label == _MARK:
        return _apply_mark(client, state, first)
    if first.label == state.node.name:
        if first.after == "drained":
            now, reason = drain.drain(client, state.node, timeout=timeout)
        else:
            failback = "immediately" if state.mark else state.options["failback"]
            now, reason = drain.resume(client, state.node, failback, timeout=timeout)
        return Applied(values={first.label: now}, reason=reason)
    labels = {change.label.removesuffix(" owner"): change.label for change in step.changes}
    owners, reason = drain.bring_back(client, state.node.name, set(labels), timeout=timeout)
    # A role that no longer exists counts as back: nothing is missing.
    return Applied(values={label: owners.get(role, state.node.name) for role, label in labels.items()}, reason=reason)


def _apply_mark(client: Client, state: State, change: Change) -> Applied:
    reference, name = drain.reference_of(state.node), state.node.name
    mark = None
    if change.after != "none":
        started = datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        roles = tuple(role.name for role in state.own_roles if role.kind != "core")
        mark = drain_mark.Mark(run=change.after, started=started, roles=roles)
    reason = drain_mark.write(client, reference, name, mark)
    now = drain_mark.read(client, reference, name)
    return Applied(values={_MARK: now.run if now else "none"}, reason=reason)


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the node before and now, its mark, and what a drain does with its clustered roles."""
    result: dict[str, t.Any] = {
        "node": {"name": state.node.name, "before": state.before, "state": outcome.now(state.node.name, state.before)},
        "mark": dataclasses.asdict(state.mark) if state.mark else None,
    }
    if state.options["state"] == "drained":
        result |= {"roles": [role.name for role in state.own_roles], "saved_by_drain": list(state.stopped)}
    elif state.mark is not None:
        marked = [role for role in state.roles if role.name in state.mark.roles]
        result["owners"] = {role.name: outcome.now(f"{role.name} owner", role.owner) for role in marked}
    return result


TASK = task.Task(spec=SPEC, read=read, plan=plan, apply=apply, report=report)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
