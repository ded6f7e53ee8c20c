# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The methods of a cluster node: pause with drain, resume with failback, and the quorum checks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..wire.fault import invalid_parameter, provider_failed
from . import storage
from .moves import move_role, nodes_up, run_in_turn
from .simulation import instances_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..wire.values import Value
    from .repository import Instance, Repository
    from .request_context import RequestContext
    from .simulation import Simulation

_NODE, _GROUP, _RESOURCE = "MSCluster_Node", "MSCluster_ResourceGroup", "MSCluster_Resource"
_NODE_UP, _NODE_DOWN, _NODE_PAUSED = 0, 1, 2
NOT_INITIATED, IN_PROGRESS, COMPLETED, FAILED = 0, 1, 2, 3
_ONLINE = 2
_HOST_NODE_NOT_AVAILABLE, _HOST_NODE_DOWN, _NODE_NOT_PAUSED = 0x8007138D, 0x800713BA, 0x800713C2
_STORAGE_DEGRADED = 0x80071763  # ERROR_CLUSTER_SPACE_DEGRADED


def _end_drain(simulation: Simulation, repository: Repository, node: str, status: int) -> None:
    found = repository.named(_NODE, node)
    if found is None or found.values["NodeDrainStatus"] != IN_PROGRESS:
        return
    changes = repository.write(found, {"NodeDrainStatus": status})[1]
    simulation.record_event(
        node, {COMPLETED: "DrainCompleted", FAILED: "DrainFailed"}[status], _NODE, node, changes=changes
    )


def _drain(simulation: Simulation, repository: Repository, node: str, target: str | None) -> None:
    with simulation.clock.lock:
        host = next((item for item in simulation.estate.hosts if item.name == node), None)
        outcome, seconds = (host.drain, host.drain_seconds) if host else ("works", 1.0)
        cluster = simulation.estate.cluster(host.cluster) if host and host.cluster else None
        groups = [item for item in instances_of(repository, _GROUP) if item.values["OwnerNode"] == node]
        groups.sort(key=lambda item: -int(str(item.values["Priority"])))
        names = [str(item.values["Name"]) for item in groups]
        simulation.record_event(node, "DrainStarted", _NODE, node, detail=f"{len(names)} roles")
        if outcome == "hangs":
            return
        moved_names = names[:-1] if outcome == "fails" else names
        simulation.drained_roles[node] = []
        moved: list[bool] = []

        def move(name: str) -> None:
            found = repository.named(_NODE, node)
            if found is None or found.values["NodeDrainStatus"] != IN_PROGRESS:
                return
            moved.append(move_role(simulation, repository, name, node, target=target, why="drain"))
            simulation.drained_roles[node].append((name, node))

        def end() -> None:
            if repository.version.has("2022") and cluster is not None:
                storage.start_maintenance(simulation, cluster, node)
            _end_drain(simulation, repository, node, COMPLETED if all(moved) and outcome == "works" else FAILED)

        run_in_turn(simulation, repository, seconds, [(name, partial(move, name)) for name in moved_names], end)


def _is_other_node_up(repository: Repository, node: str) -> bool:
    return any(name != node for name in nodes_up(repository))


def _pause(context: RequestContext, node: Instance, values: Mapping[str, Value]) -> None:
    drain_type, target_name = values.get("DrainType"), str(values.get("TargetNode") or "")
    name = str(node.values["Name"])
    if not context.repository.version.has("2012") and (drain_type is not None or target_name):
        raise invalid_parameter("Nodes of this version cannot be drained.", "ExecMethod", "DrainType")
    if drain_type not in {None, 0, 1, 2}:
        raise invalid_parameter("DrainType is 0, 1 or 2.", "ExecMethod", "DrainType")
    if node.values["State"] == _NODE_DOWN:
        raise provider_failed(_HOST_NODE_DOWN, "The cluster node is down.")
    if not _is_other_node_up(context.repository, name):
        raise provider_failed(_HOST_NODE_NOT_AVAILABLE, "No other node of the cluster is up.")
    target = context.repository.named(_NODE, target_name) if target_name else None
    if target_name and (target is None or target.values["State"] != _NODE_UP or target.values["Name"] == name):
        raise provider_failed(_HOST_NODE_NOT_AVAILABLE, f"The node {target_name} cannot own the roles.")
    target_node = str(target.values["Name"]) if target else None
    drains = drain_type in {1, 2}
    if drains and _is_storage_degraded(context):
        raise provider_failed(_STORAGE_DEGRADED, "The operation failed because a virtual disk is not healthy. (5987)")
    new_values: dict[str, Value] = {"State": _NODE_PAUSED}
    if drains:
        new_values |= {"NodeDrainStatus": IN_PROGRESS, "NodeDrainTarget": target.values["Id"] if target else None}
    is_draining = node.values["NodeDrainStatus"] == IN_PROGRESS
    context.write(node, new_values)
    if drains and not is_draining and context.simulation is not None:
        context.run_afterwards(partial(_drain, context.simulation, context.repository, name, target_node))


def _is_storage_degraded(context: RequestContext) -> bool:
    if context.simulation is None or context.cluster is None:
        return False
    return storage.is_degraded(context.simulation, context.cluster)


def _fail_back_roles(simulation: Simulation, repository: Repository, node: str, failback_type: Value) -> None:
    with simulation.clock.lock:
        host = next((item for item in simulation.estate.hosts if item.name == node), None)
        steps: list[tuple[str, Callable[[], None]]] = []
        for name, old_owner in simulation.drained_roles.pop(node, []):
            group = repository.named(_GROUP, name)
            by_policy = group is not None and failback_type == 2 and group.values["AutoFailbackType"] == 1
            if group is None or not (failback_type == 1 or by_policy):
                continue
            source = str(group.values["OwnerNode"])
            if source != old_owner:
                steps.append((name, partial(_fail_back_role, simulation, repository, name, old_owner)))
        simulation.record_event(node, "NodeResumed", _NODE, node, detail=f"{len(steps)} roles fail back")
        if host and host.cluster:
            storage.resync(simulation, simulation.estate.cluster(host.cluster), node)
        if steps:
            run_in_turn(simulation, repository, host.failback_seconds if host else 1.0, steps, lambda: None)


def _fail_back_role(simulation: Simulation, repository: Repository, name: str, old_owner: str) -> None:
    group = repository.named(_GROUP, name)
    if group is not None:
        move_role(simulation, repository, name, str(group.values["OwnerNode"]), target=old_owner, why="failback")


def _resume(context: RequestContext, node: Instance, values: Mapping[str, Value]) -> None:
    failback_type = values.get("FailbackType")
    if not context.repository.version.has("2012") and failback_type is not None:
        raise invalid_parameter("Nodes of this version do not fail back.", "ExecMethod", "FailbackType")
    if failback_type not in {None, 0, 1, 2}:
        raise invalid_parameter("FailbackType is 0, 1 or 2.", "ExecMethod", "FailbackType")
    if node.values["State"] != _NODE_PAUSED:
        raise provider_failed(_NODE_NOT_PAUSED, "The cluster node is not paused.")
    drain_values: dict[str, Value] = {"NodeDrainStatus": NOT_INITIATED, "NodeDrainTarget": None}
    context.write(node, {"State": _NODE_UP, **(drain_values if context.repository.version.has("2012") else {})})
    if context.simulation is not None:
        context.run_afterwards(
            partial(_fail_back_roles, context.simulation, context.repository, str(node.values["Name"]), failback_type)
        )


def _witness_votes(repository: Repository) -> int:
    return int(
        any(
            item.values["QuorumCapable"] and item.values["CoreResource"] and item.values["State"] == _ONLINE
            for item in instances_of(repository, _RESOURCE)
        )
    )


def _loses_quorum(repository: Repository, node: Instance, *, evicted: bool) -> bool:
    """Whether the cluster loses its quorum when this node goes down or is evicted."""
    cluster = next(iter(instances_of(repository, "MSCluster_Cluster")), None)
    dynamic = cluster is not None and cluster.values.get("DynamicQuorumEnabled") == 1
    total = remaining = _witness_votes(repository)
    for item in instances_of(repository, _NODE):
        weight = item.values.get("NodeWeight")
        votes = weight if isinstance(weight, int) else 1
        is_node, is_down = item.key == node.key, item.values["State"] == _NODE_DOWN
        if not (evicted and is_node) and not (dynamic and is_down):
            total += votes
        if not is_node and not is_down:
            remaining += votes
    return remaining * 2 <= total


def invoke(context: RequestContext, node: Instance, name: str, values: Mapping[str, Value]) -> dict[str, Value] | None:
    """Run a method of a node. Returns None if the lab does not have the method."""
    if name == "pause":
        _pause(context, node, values)
    elif name == "resume":
        _resume(context, node, values)
    elif name in {"willofflinelosequorum", "willevictlosequorum"}:
        return {"ReturnValue": _loses_quorum(context.repository, node, evicted="evict" in name)}
    else:
        return None
    return {}


def continue_drains(simulation: Simulation) -> None:
    """Start again the drains that were in progress when the lab stopped."""
    for cluster in simulation.estate.clusters:
        repository = simulation.clusters[cluster.name]
        for node in instances_of(repository, _NODE):
            if node.values.get("NodeDrainStatus") == IN_PROGRESS:
                _drain(simulation, repository, str(node.values["Name"]), None)
