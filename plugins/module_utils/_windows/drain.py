# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drain of a node would do, and did. Private to this collection."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._wsman.errors import ResponseLost, Fault, ServerError
from . import cluster, virtual_machine

if t.TYPE_CHECKING:
    from .._wsman.client import Client

# MSCluster_Node.Pause and Resume (cluswmi), from Windows Server 2012 on.
_DRAIN = 1
FAILBACK = {"none": 0, "immediately": 1, "by_policy": 2}
_POLL_SECONDS = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The roles on a node, and those of its virtual machines that a drain would save to disk instead of moving."""

    groups: tuple[str, ...]
    saved: tuple[str, ...]


def state_of(node: cluster.Node) -> str:
    """C(active), C(draining), C(drained), C(paused) (not drained), or the state of a node that is away."""
    if node.state == "up":
        return "active"
    if node.state != "paused":
        return node.state
    return {"in_progress": "draining", "completed": "drained"}.get(node.drain, "paused")


def read_roles(client: Client, node: cluster.Node) -> Roles:
    """The roles that the node owns. Live migration or saving is decided by priority (domain of the drain rule)."""
    wql = "SELECT Name, OwnerNode, Priority FROM MSCluster_ResourceGroup"
    groups = cluster.query(client, wql, operation="reading the roles of the cluster")
    priorities = {group.text("Name"): group.integer("Priority") for group in groups}
    threshold = virtual_machine.move_type_threshold(cluster.read_resource_type(client))
    machines = [
        machine
        for machine in virtual_machine.read_virtual_machines(client)
        if machine.owner_node.casefold() == node.name.casefold()
    ]

    def saved(machine: virtual_machine.VirtualMachine) -> bool:
        return virtual_machine.saved_by_drain(machine, priorities.get(machine.group), threshold)

    return Roles(
        groups=tuple(
            sorted(
                group.text("Name") or ""
                for group in groups
                if (group.text("OwnerNode") or "").casefold() == node.name.casefold()
            )
        ),
        saved=tuple(machine.name for machine in machines if machine.state == "online" and saved(machine)),
    )


def would_lose_quorum(client: Client, node: cluster.Node) -> bool:
    """What the cluster itself says about taking the node away. Raises C(ServerError) when it does not say."""
    operation = f"asking whether the cluster could do without {node.name}"
    answer = client.invoke(_reference(node), "WillOfflineLoseQuorum", {}, query=True, operation=operation)
    lost = answer.boolean("ReturnValue")
    if lost is None:
        raise ResponseLost(f"{operation} was answered with neither yes nor no")
    return lost


def drain(client: Client, node: cluster.Node, *, timeout: float) -> tuple[str, str]:
    """Drain a node and wait until its roles have moved: the state then, and why it is not drained if it is not."""
    operation = f"draining {node.name}"
    refusal = "" if state_of(node) == "draining" else _ask(client, node, "Pause", {"DrainType": _DRAIN}, operation)
    return _wait(client, node, "drained", timeout=0 if refusal else timeout, refusal=refusal, operation=operation)


def resume(client: Client, node: cluster.Node, failback: str, *, timeout: float) -> tuple[str, str]:
    """Resume a node, bring its roles back if so wished, and wait until it is up: the state then, and why if not."""
    operation = f"resuming {node.name}"
    refusal = _ask(client, node, "Resume", {"FailbackType": FAILBACK[failback]}, operation)
    return _wait(client, node, "active", timeout=0 if refusal else timeout, refusal=refusal, operation=operation)


def _ask(client: Client, node: cluster.Node, method: str, parameters: dict[str, t.Any], operation: str) -> str:
    """Call the method once and give its refusal; a lost answer is no news, since the state is read anyway."""
    try:
        client.invoke(_reference(node), method, parameters, operation=operation)
    except ResponseLost:
        return ""
    except Fault as exc:
        return exc.detail
    return ""


def _wait(
    client: Client, node: cluster.Node, wanted: str, *, timeout: float, refusal: str, operation: str
) -> tuple[str, str]:
    begin = time.monotonic()
    while True:
        now = cluster.node_named(client, cluster.read_nodes(client), node.name)
        state = state_of(now)
        if state == wanted:
            return state, ""
        if refusal:
            return state, refusal
        if state == "paused" and now.drain == "failed":
            return state, "the cluster says that the drain failed, and its events say which role did not move"
        if time.monotonic() - begin >= timeout:
            return state, f"{operation} was not over after {timeout:g} s and goes on"
        client.pause(_POLL_SECONDS)


def _reference(node: cluster.Node) -> t.Any:
    if node.reference is None:
        raise ServerError(f"the node {node.name} came without a reference to address it by")
    return node.reference
