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
  - Returns the virtual machines that a drain saves to disk instead of live migrating them, because their priority is
    below the threshold of the cluster.
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
    description: Whether the clustered roles that the drain moved fail back when the node is resumed.
    type: str
    choices: [none, immediately, by_policy]
    default: immediately
  timeout:
    description:
      - Seconds to wait until the clustered roles have moved, or until the node is up.
      - After this time the task fails and reports the state of the node. The drain itself continues.
    type: int
    default: 900
extends_documentation_fragment:
  - winha.cluster.connection
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
saved_by_drain:
  description: The virtual machines of the node that a drain saves to disk instead of live migrating them.
  returned: when O(state=drained)
  type: list
  elements: str
  sample: [FILE01]
"""

import dataclasses
import functools
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import cluster, drain
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Change, Plan, Step

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SPEC = {
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["drained", "active"], "required": True},
    "failback": {"type": "str", "choices": list(drain.FAILBACK), "default": "immediately"},
    "timeout": {"type": "int", "default": 900},
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The node and the rest of its cluster; C(roles) and C(loses_quorum) are read only before a drain."""

    node: cluster.Node
    other_nodes: tuple[cluster.Node, ...]
    options: task.Options
    roles: drain.Roles | None = None
    loses_quorum: bool = False


def read(client: Client, options: task.Options) -> State:
    """Read the nodes, and before a drain the clustered roles and the cluster's quorum check."""
    name = options["name"] or cluster.read_own_node_name(client)
    nodes = cluster.read_nodes(client)
    node = cluster.find_node(client, nodes, name)
    other_nodes = tuple(other for other in nodes if other is not node)
    if node.drain == "unknown":
        raise task.TaskError(f"{node.name} cannot be drained: it runs a version before Windows Server 2012.")
    state = functools.partial(State, node=node, other_nodes=other_nodes, options=options)
    if options["state"] != "drained":
        return state()
    active = drain.state_of(node) == "active"
    return state(roles=drain.read_roles(client, node), loses_quorum=active and drain.would_lose_quorum(client, node))


def plan(state: State, options: task.Options) -> Plan:
    """Plan one change or none. Raises C(TaskError) when a drain would be a risk."""
    before, wanted = drain.state_of(state.node), options["state"]
    title = f"Node {state.node.name}"
    if before == wanted:
        return Plan(title=title)
    if before in ("down", "joining"):
        raise task.TaskError(f"{state.node.name} is {before}, so it cannot become {wanted}. Bring the node up first.")
    if wanted == "drained":
        not_up = [f"{node.name} is {drain.state_of(node)}" for node in state.other_nodes if node.state != "up"]
        if not_up:
            raise task.TaskError(
                f"{state.node.name} was not drained, because another node is not up: {', '.join(not_up)}. "
                "Bring it up or resume it, then run this task again."
            )
        if state.loses_quorum:
            raise task.TaskError(
                f"{state.node.name} was not drained, because the cluster reports that it would lose its quorum. "
                "Add a node or a witness first."
            )
    return Plan(title=title, steps=(Step((Change(label=state.node.name, before=before, after=wanted),)),))


def apply(client: Client, state: State, step: Step) -> Applied:
    """Drain or resume the node, and wait."""
    (change,) = step.changes
    timeout = float(state.options["timeout"])
    if change.after == "drained":
        now, reason = drain.drain(client, state.node, timeout=timeout)
    else:
        now, reason = drain.resume(client, state.node, state.options["failback"], timeout=timeout)
    return Applied(values={change.label: now}, reason=reason)


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the state of the node before and now, and the roles that a drain moves or saves."""
    before = drain.state_of(state.node)
    result: dict[str, t.Any] = {
        "node": {"name": state.node.name, "before": before, "state": outcome.now(state.node.name, before)}
    }
    if state.roles is not None:
        result |= {"roles": list(state.roles.groups), "saved_by_drain": list(state.roles.saved)}
    return result


TASK = task.Task(spec=SPEC, read=read, plan=plan, apply=apply, report=report)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
