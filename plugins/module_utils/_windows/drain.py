# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drain and resume cluster nodes. Private to this collection."""

from __future__ import annotations

import time
import typing as t

from .._wsman.errors import Fault, ResponseLost, ServerError
from . import cluster, clustered_role, virtual_machine

if t.TYPE_CHECKING:
    from .._wsman.client import Client

# Parameters of MSCluster_Node.Pause and Resume (cluswmi), Windows Server 2012 and later.
_DRAIN = 1
FAILBACK = {"none": 0, "immediately": 1, "by_policy": 2}
_WORST_FIRST = ("turned_off", "saved", "shut_down", "live", "offline")
_POLL_SECONDS = 2
_STALE_SECONDS = 10  # a node can have the drain state of an earlier drain for so long
_QUIET_POLLS = 4  # so many polls without a move, and the failback counts as over


def state_of(node: cluster.Node, roles: t.Iterable[clustered_role.Role] = ()) -> str:
    """Return C(active), C(draining), C(drained), C(paused) (not drained), or the state of a node that is not up.

    A node with a clustered role that runs is not drained, whatever its last drain reports.
    """
    if node.state == "up":
        return "active"
    if node.state != "paused":
        return node.state
    state = {"in_progress": "draining", "completed": "drained"}.get(node.drain, "paused")
    return "paused" if state == "drained" and staying_roles(node.name, roles) else state


def staying_roles(node: str, roles: t.Iterable[clustered_role.Role]) -> list[str]:
    """The names of the clustered roles that run on a node."""
    return [
        role.name
        for role in roles
        if role.kind != "core" and role.state != "offline" and role.owner.casefold() == node.casefold()
    ]


def read_drain_actions(client: Client, roles: t.Iterable[clustered_role.Role]) -> dict[str, tuple[str, str]]:
    """What a drain does with each clustered virtual machine, by role: the virtual machine and the action.

    The action is C(live), C(saved), C(shut_down), C(turned_off), or C(offline) for one that does not run. A role with
    several virtual machines has the one with the worst action.
    """
    priorities = {role.name: role.priority for role in roles}
    threshold = virtual_machine.move_type_threshold(cluster.read_resource_type(client))
    found: dict[str, tuple[str, str]] = {}
    for machine in virtual_machine.read_virtual_machines(client):
        action = virtual_machine.drain_action(machine, priorities.get(machine.group), threshold)
        known = found.get(machine.group)
        if known is None or _WORST_FIRST.index(action) < _WORST_FIRST.index(known[1]):
            found[machine.group] = (machine.name, action)
    return found


def would_lose_quorum(client: Client, node: cluster.Node) -> bool:
    """Whether the cluster reports that it loses its quorum without the node. Raises C(ServerError) if unknown."""
    operation = f"checking whether the cluster keeps its quorum without {node.name}"
    result = client.invoke(reference_of(node), "WillOfflineLoseQuorum", {}, query=True, operation=operation)
    loses_quorum = result.boolean("ReturnValue")
    if loses_quorum is None:
        raise ResponseLost(f"{operation} returned neither true nor false")
    return loses_quorum


def drain(client: Client, node: cluster.Node, *, timeout: float) -> tuple[str, str]:
    """Drain a node and wait until its roles have moved. Return its state and, if it is not drained, the reason.

    The node can have the state of an earlier drain for a moment, so it is drained only without clustered roles.
    """
    operation = f"draining {node.name}"
    draining = state_of(node) == "draining"
    error = "" if draining else _invoke(client, node, "Pause", {"DrainType": _DRAIN}, operation)
    return _wait(client, node, "drained", timeout=0 if error else timeout, error=error, operation=operation)


def resume(client: Client, node: cluster.Node, failback: str, *, timeout: float) -> tuple[str, str]:
    """Resume a node and wait until it is up. Return its state and, if it is not up, the reason."""
    operation = f"resuming {node.name}"
    error = _invoke(client, node, "Resume", {"FailbackType": FAILBACK[failback]}, operation)
    return _wait(client, node, "active", timeout=0 if error else timeout, error=error, operation=operation)


def bring_back(client: Client, node: str, roles: t.Collection[str], *, timeout: float) -> tuple[dict[str, str], str]:
    """Wait until clustered roles are on a node. Return the owner of each and, if one is not back, the reason.

    The failback of the cluster comes first. When nothing moves any more and a virtual machine is not back, it is live
    migrated, once. Other roles are not moved: a move takes them offline.
    """
    begin, quiet, started = time.monotonic(), 0, set[str]()
    while True:
        known = {role.name: role for role in clustered_role.read_roles(client) if role.name in roles}
        waiting = [role for role in known.values() if role.moving or role.owner.casefold() != node.casefold()]
        owners = {name: role.owner for name, role in known.items()}
        if not waiting:
            return owners, ""
        quiet = 0 if any(role.moving for role in waiting) else quiet + 1
        if quiet >= _QUIET_POLLS:
            left = [role for role in waiting if role.kind == "virtual_machine" and role.name not in started]
            for role in left:
                started.add(role.name)
                clustered_role.live_migrate(client, role, node)
            if left:
                quiet = 0
        if time.monotonic() - begin >= timeout:
            places = ", ".join(f"{role.name} is on {role.owner}" for role in waiting)
            return owners, f"{places}, and not back on {node} after {timeout:g} s"
        client.pause(_POLL_SECONDS)


def _invoke(client: Client, node: cluster.Node, method: str, parameters: dict[str, t.Any], operation: str) -> str:
    """Call the method once and return the text of a fault. A lost response is ignored: the caller reads the state.

    A timeout that the host reports is a lost response, too: the drain continues.
    """
    try:
        client.invoke(reference_of(node), method, parameters, operation=operation)
    except ResponseLost:
        return ""
    except Fault as exc:
        return "" if exc.subcode == "TimedOut" else exc.detail
    return ""


def _wait(
    client: Client, node: cluster.Node, wanted: str, *, timeout: float, error: str, operation: str
) -> tuple[str, str]:
    begin, earlier = time.monotonic(), node.drain
    while True:
        now = cluster.find_node(client, cluster.read_nodes(client), node.name)
        state, roles = state_of(now), list[clustered_role.Role]()
        if state == "drained" == wanted:
            roles = clustered_role.read_roles(client)
            state = state_of(now, roles)
        if state == wanted:
            return state, ""
        if error:
            return state, error
        passed = time.monotonic() - begin
        earlier = earlier if now.drain == earlier and passed < _STALE_SECONDS else ""
        if state == "paused" and now.drain == "failed" != earlier:
            return state, "the cluster reports that the drain failed; its events name the role that did not move"
        if passed >= timeout and roles:
            staying = ", ".join(staying_roles(node.name, roles))
            return state, f"the cluster reports that the drain ended, but {staying} runs on the node"
        if passed >= timeout:
            return state, f"{operation} did not finish within {timeout:g} s and continues"
        client.pause(_POLL_SECONDS)


def reference_of(node: cluster.Node) -> t.Any:
    """The reference of a node. Raises C(ServerError) if the cluster returned none."""
    if node.reference is None:
        raise ServerError(f"the cluster returned the node {node.name} without its reference")
    return node.reference
