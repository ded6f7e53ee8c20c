# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drain and resume cluster nodes. Private to this collection."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._wsman.errors import Fault, ResponseLost, ServerError
from . import cluster, virtual_machine

if t.TYPE_CHECKING:
    from .._wsman.client import Client

# Parameters of MSCluster_Node.Pause and Resume (cluswmi), Windows Server 2012 and later.
_DRAIN = 1
FAILBACK = {"none": 0, "immediately": 1, "by_policy": 2}
_POLL_SECONDS = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The clustered roles on a node; C(saved) has the virtual machines that a drain saves instead of live migrating."""

    groups: tuple[str, ...]
    saved: tuple[str, ...]


def state_of(node: cluster.Node) -> str:
    """Return C(active), C(draining), C(drained), C(paused) (not drained), or the state of a node that is not up."""
    if node.state == "up":
        return "active"
    if node.state != "paused":
        return node.state
    return {"in_progress": "draining", "completed": "drained"}.get(node.drain, "paused")


def read_roles(client: Client, node: cluster.Node) -> Roles:
    """Read the clustered roles that the node owns."""
    wql = "SELECT Name, OwnerNode, Priority FROM MSCluster_ResourceGroup"
    groups = cluster.query(client, wql, operation="reading the clustered roles")
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
    """Whether the cluster reports that it loses its quorum without the node. Raises C(ServerError) if unknown."""
    operation = f"checking whether the cluster keeps its quorum without {node.name}"
    result = client.invoke(_reference(node), "WillOfflineLoseQuorum", {}, query=True, operation=operation)
    loses_quorum = result.boolean("ReturnValue")
    if loses_quorum is None:
        raise ResponseLost(f"{operation} returned neither true nor false")
    return loses_quorum


def drain(client: Client, node: cluster.Node, *, timeout: float) -> tuple[str, str]:
    """Drain a node and wait until its roles have moved. Return its state and, if it is not drained, the reason."""
    operation = f"draining {node.name}"
    draining = state_of(node) == "draining"
    error = "" if draining else _invoke(client, node, "Pause", {"DrainType": _DRAIN}, operation)
    return _wait(client, node, "drained", timeout=0 if error else timeout, error=error, operation=operation)


def resume(client: Client, node: cluster.Node, failback: str, *, timeout: float) -> tuple[str, str]:
    """Resume a node and wait until it is up. Return its state and, if it is not up, the reason."""
    operation = f"resuming {node.name}"
    error = _invoke(client, node, "Resume", {"FailbackType": FAILBACK[failback]}, operation)
    return _wait(client, node, "active", timeout=0 if error else timeout, error=error, operation=operation)


def _invoke(client: Client, node: cluster.Node, method: str, parameters: dict[str, t.Any], operation: str) -> str:
    """Call the method once and return the text of a fault. A lost response is ignored: the caller reads the state."""
    try:
        client.invoke(_reference(node), method, parameters, operation=operation)
    except ResponseLost:
        return ""
    except Fault as exc:
        return exc.detail
    return ""


def _wait(
    client: Client, node: cluster.Node, wanted: str, *, timeout: float, error: str, operation: str
) -> tuple[str, str]:
    begin = time.monotonic()
    while True:
        now = cluster.find_node(client, cluster.read_nodes(client), node.name)
        state = state_of(now)
        if state == wanted:
            return state, ""
        if error:
            return state, error
        if state == "paused" and now.drain == "failed":
            return state, "the cluster reports that the drain failed; its events name the role that did not move"
        if time.monotonic() - begin >= timeout:
            return state, f"{operation} did not finish within {timeout:g} s and continues"
        client.pause(_POLL_SECONDS)


def _reference(node: cluster.Node) -> t.Any:
    if node.reference is None:
        raise ServerError(f"the cluster returned the node {node.name} without its reference")
    return node.reference
