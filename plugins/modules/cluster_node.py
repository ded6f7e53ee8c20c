#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_node
short_description: Drain a cluster node, or bring it back
description:
  - Drains a node of a failover cluster, so that its roles move to the other nodes, and waits until they have. Or
    resumes it and waits until it is up.
  - Refuses to drain while another node is not up, and when the cluster says that it would lose its quorum.
  - Says which virtual machines a drain would save to disk instead of moving them live, because their priority is below
    the threshold of the cluster.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  name:
    description: The node. By default the node that the task's host is.
    type: str
  state:
    description: V(drained) is paused with no roles left on it, V(active) is up and taking roles.
    type: str
    choices: [drained, active]
    required: true
  failback:
    description: Whether the roles that a drain moved away come back when the node becomes active.
    type: str
    choices: [none, immediately, by_policy]
    default: immediately
  timeout:
    description:
      - Seconds to wait for the roles to move, or for the node to be up.
      - When they are over, the task fails and says what state the node is in; the drain itself goes on.
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
- name: Empty this node
  winha.cluster.cluster_node:
    state: drained

- name: Take it back, with its roles
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
      description: Its name.
      type: str
      sample: HV01
    before:
      description: What it was (V(active), V(draining), V(drained), V(paused), V(down), V(joining)).
      type: str
      sample: active
    state:
      description: What it is now, or in check mode would be; null if that is unknown.
      type: str
      sample: drained
roles:
  description: The roles that the node had before.
  returned: when O(state=drained)
  type: list
  elements: str
  sample: [EX01, EX02]
saved_by_drain:
  description: Those of its virtual machines that a drain saves to disk instead of moving them live.
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
    """The node among its cluster; C(roles) and C(costs_quorum) are only read when it is to be drained."""

    node: cluster.Node
    others: tuple[cluster.Node, ...]
    options: task.Options
    roles: drain.Roles | None = None
    costs_quorum: bool = False


def read(client: Client, options: task.Options) -> State:
    """The nodes, and before a drain the roles and the cluster's own word on its quorum."""
    name = options["name"] or cluster.read_own_node_name(client)
    nodes = cluster.read_nodes(client)
    node = cluster.node_named(client, nodes, name)
    others = tuple(one for one in nodes if one is not node)
    if node.drain == "unknown":
        raise task.TaskError(f"{node.name} cannot be drained: its Windows Server is older than 2012.")
    found = functools.partial(State, node=node, others=others, options=options)
    if options["state"] != "drained":
        return found()
    active = drain.state_of(node) == "active"
    return found(roles=drain.read_roles(client, node), costs_quorum=active and drain.would_lose_quorum(client, node))


def plan(state: State, options: task.Options) -> Plan:
    """One change, or none. Raises C(TaskError) when a drain would be a risk."""
    before, wanted = drain.state_of(state.node), options["state"]
    title = f"Node {state.node.name}"
    if before == wanted:
        return Plan(title=title)
    if before in ("down", "joining"):
        raise task.TaskError(f"{state.node.name} is {before}, so it cannot be made {wanted}; bring it up first.")
    if wanted == "drained":
        away = [f"{node.name} is {drain.state_of(node)}" for node in state.others if node.state != "up"]
        if away:
            raise task.TaskError(
                f"{state.node.name} is not drained while another node is away: {', '.join(away)}. "
                "Bring it back first, then run this again."
            )
        if state.costs_quorum:
            raise task.TaskError(
                f"{state.node.name} is not drained, because the cluster says that it would lose its quorum without it. "
                "Add a node or a witness first."
            )
    return Plan(title=title, steps=(Step((Change(label=state.node.name, before=before, after=wanted),)),))


def apply(client: Client, state: State, step: Step) -> Applied:
    """Drain or resume, and wait."""
    (change,) = step.changes
    limit = float(state.options["timeout"])
    if change.after == "drained":
        now, answer = drain.drain(client, state.node, timeout=limit)
    else:
        now, answer = drain.resume(client, state.node, state.options["failback"], timeout=limit)
    return Applied(values={change.label: now}, reason=answer)


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """The node before and now, and what the drain means for its roles."""
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
