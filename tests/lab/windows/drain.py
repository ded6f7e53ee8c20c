# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pausing and resuming nodes: roles that move away and come back, and what the quorum says to it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..wire.refusal import invalid_parameter, provider_failed
from ..wire.values import Embedded
from .world import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..wire.values import Value
    from .repository import Change, Instance, Repository
    from .store import Store
    from .world import World

_NODE, _GROUP, _RESOURCE = "MSCluster_Node", "MSCluster_ResourceGroup", "MSCluster_Resource"
_NODE_UP, _NODE_DOWN, _NODE_PAUSED = 0, 1, 2
NOT_INITIATED, IN_PROGRESS, COMPLETED, FAILED = 0, 1, 2, 3
_ONLINE = 2
_VIRTUAL_MACHINE = 111
_NO_HOST, _IS_DOWN, _NOT_PAUSED = 0x8007138D, 0x800713BA, 0x800713C2
_USUAL_THRESHOLD, _USUAL_MOVE = 2000, 4294967295
_MOVES = {0: "turned off", 1: "saved", 2: "shut down", 3: "shut down", 4: "live"}


def _owned(repository: Repository, group: str) -> list[Instance]:
    return [item for item in listed(repository, _RESOURCE) if item.values.get("OwnerGroup") == group]


def _move(repository: Repository, group: Instance, node: str) -> list[Change]:
    changes = []
    for resource in _owned(repository, str(group.values["Name"])):
        changes += repository.write(resource, {"OwnerNode": node})[1]
    return repository.write(group, {"OwnerNode": node})[1] + changes


def move_to(store: Store, group: Instance, name: str) -> None:
    """MoveToNewNode of a group; without a name the cluster chooses."""
    current = str(group.values["OwnerNode"])
    if not name:
        name = _target(store.repository, current) or ""
    target = store.repository.named(_NODE, name)
    if target is None:
        raise provider_failed(0x800713B2, "The cluster node was not found.")
    if target.values["State"] != _NODE_UP:
        raise provider_failed(_NO_HOST, "The cluster node is not available for the group.")
    store.changes.extend(_move(store.repository, group, str(target.values["Name"])))


def _up(repository: Repository) -> list[str]:
    return [str(item.values["Name"]) for item in listed(repository, _NODE) if item.values["State"] == _NODE_UP]


def _target(repository: Repository, leaving: str) -> str | None:
    """The node with the fewest groups."""
    load = {name: 0 for name in _up(repository) if name != leaving}
    for group in listed(repository, _GROUP):
        owner = str(group.values["OwnerNode"])
        if owner in load:
            load[owner] += 1
    return min(load, key=lambda name: load[name], default=None)


def _members(instance: Instance | None) -> Mapping[str, Value]:
    held = instance.values.get("PrivateProperties") if instance else None
    return held.members if isinstance(held, Embedded) else {}


def _way(repository: Repository, group: Instance) -> str:
    """How a group leaves a node that is drained."""
    if group.values["GroupType"] != _VIRTUAL_MACHINE:
        return "moved"
    machine = next(
        (item for item in _owned(repository, str(group.values["Name"])) if item.values["Type"] == "Virtual Machine"),
        None,
    )
    if machine is None or machine.values["State"] != _ONLINE:
        return "offline"
    wanted = _members(machine).get("DefaultMoveType", _USUAL_MOVE)
    if isinstance(wanted, int) and wanted in _MOVES:
        return _MOVES[wanted]
    kind = repository.named("MSCluster_ResourceType", "Virtual Machine")
    threshold = _members(kind).get("MoveTypeThreshold", _USUAL_THRESHOLD)
    priority = group.values["Priority"]
    return "live" if isinstance(priority, int) and isinstance(threshold, int) and priority >= threshold else "saved"


def _one_role(world: World, repository: Repository, name: str, source: str, *, target: str | None, why: str) -> bool:
    group = repository.named(_GROUP, name)
    if group is None or group.values["OwnerNode"] != source:
        return True
    way, chosen = _way(repository, group), target or _target(repository, source)
    if chosen is None or chosen not in _up(repository):
        return False
    changes = _move(repository, group, chosen)
    world.event(source, "RoleMoved", _GROUP, name, detail=f"{why}: {way}", changes=changes)
    return True


def _in_turn(world: World, seconds: float, steps: Sequence[Callable[[], None]], last: Callable[[], None]) -> None:
    pause = seconds / max(len(steps), 1)

    def step(number: int) -> None:
        if number < len(steps):
            steps[number]()
            world.clock.later(pause, partial(step, number + 1))
        else:
            last()

    world.clock.later(pause if not steps else pause / 2, partial(step, 0))


def _status(world: World, repository: Repository, node: str, status: int) -> None:
    found = repository.named(_NODE, node)
    if found is None or found.values["NodeDrainStatus"] != IN_PROGRESS:
        return
    changes = repository.write(found, {"NodeDrainStatus": status})[1]
    world.event(node, {COMPLETED: "DrainCompleted", FAILED: "DrainFailed"}[status], _NODE, node, changes=changes)


def _drain(world: World, repository: Repository, node: str, target: str | None) -> None:
    with world.clock.lock:
        host = next((item for item in world.estate.hosts if item.name == node), None)
        how, seconds = (host.drain, host.drain_seconds) if host else ("works", 1.0)
        groups = [item for item in listed(repository, _GROUP) if item.values["OwnerNode"] == node]
        groups.sort(key=lambda item: -int(str(item.values["Priority"])))
        names = [str(item.values["Name"]) for item in groups]
        world.event(node, "DrainStarted", _NODE, node, detail=f"{len(names)} roles")
        if how == "hangs":
            return
        leaving = names[:-1] if how == "fails" else names
        world.moved[node] = []
        done: list[bool] = []

        def move(name: str) -> None:
            found = repository.named(_NODE, node)
            if found is None or found.values["NodeDrainStatus"] != IN_PROGRESS:
                return
            done.append(_one_role(world, repository, name, node, target=target, why="drain"))
            world.moved[node].append((name, node))

        def end() -> None:
            _status(world, repository, node, COMPLETED if all(done) and how == "works" else FAILED)

        _in_turn(world, seconds, [partial(move, name) for name in leaving], end)


def _others_up(repository: Repository, node: str) -> bool:
    return any(name != node for name in _up(repository))


def _pause(store: Store, node: Instance, values: Mapping[str, Value]) -> None:
    kind, named = values.get("DrainType"), str(values.get("TargetNode") or "")
    name = str(node.values["Name"])
    if not store.repository.version.has("2012") and (kind is not None or named):
        raise invalid_parameter("Nodes of this version cannot be drained.", "ExecMethod", "DrainType")
    if kind not in {None, 0, 1, 2}:
        raise invalid_parameter("DrainType is 0, 1 or 2.", "ExecMethod", "DrainType")
    if node.values["State"] == _NODE_DOWN:
        raise provider_failed(_IS_DOWN, "The cluster node is down.")
    if not _others_up(store.repository, name):
        raise provider_failed(_NO_HOST, "No other node of the cluster is up to take the roles of this one.")
    target = store.repository.named(_NODE, named) if named else None
    if named and (target is None or target.values["State"] != _NODE_UP or target.values["Name"] == name):
        raise provider_failed(_NO_HOST, f"The node {named} cannot take the roles.")
    chosen = str(target.values["Name"]) if target else None
    drains = kind in {1, 2}
    wanted: dict[str, Value] = {"State": _NODE_PAUSED}
    if drains:
        wanted |= {"NodeDrainStatus": IN_PROGRESS, "NodeDrainTarget": target.values["Id"] if target else None}
    already = node.values["NodeDrainStatus"] == IN_PROGRESS
    store.write(node, wanted)
    if drains and not already and store.world is not None:
        store.later(partial(_drain, store.world, store.repository, name, chosen))


def _fail_back(world: World, repository: Repository, node: str, kind: Value) -> None:
    with world.clock.lock:
        host = next((item for item in world.estate.hosts if item.name == node), None)
        steps: list[Callable[[], None]] = []
        for name, home in world.moved.pop(node, []):
            group = repository.named(_GROUP, name)
            by_policy = group is not None and kind == 2 and group.values["AutoFailbackType"] == 1
            if group is None or not (kind == 1 or by_policy):
                continue
            source = str(group.values["OwnerNode"])
            if source != home:
                steps.append(partial(_back, world, repository, name, home))
        world.event(node, "NodeResumed", _NODE, node, detail=f"{len(steps)} roles come back")
        if steps:
            _in_turn(world, host.drain_seconds if host else 1.0, steps, lambda: None)


def _back(world: World, repository: Repository, name: str, home: str) -> None:
    group = repository.named(_GROUP, name)
    if group is not None:
        _one_role(world, repository, name, str(group.values["OwnerNode"]), target=home, why="failback")


def _resume(store: Store, node: Instance, values: Mapping[str, Value]) -> None:
    kind = values.get("FailbackType")
    if not store.repository.version.has("2012") and kind is not None:
        raise invalid_parameter("Nodes of this version do not fail back.", "ExecMethod", "FailbackType")
    if kind not in {None, 0, 1, 2}:
        raise invalid_parameter("FailbackType is 0, 1 or 2.", "ExecMethod", "FailbackType")
    if node.values["State"] != _NODE_PAUSED:
        raise provider_failed(_NOT_PAUSED, "The cluster node is not paused.")
    back: dict[str, Value] = {"NodeDrainStatus": NOT_INITIATED, "NodeDrainTarget": None}
    store.write(node, {"State": _NODE_UP, **(back if store.repository.version.has("2012") else {})})
    if store.world is not None:
        store.later(partial(_fail_back, store.world, store.repository, str(node.values["Name"]), kind))


def _witness(repository: Repository) -> int:
    return int(
        any(
            item.values["QuorumCapable"] and item.values["CoreResource"] and item.values["State"] == _ONLINE
            for item in listed(repository, _RESOURCE)
        )
    )


def _loses(repository: Repository, node: Instance, *, evicted: bool) -> bool:
    """Whether the votes that are left are no majority of those that count."""
    cluster = next(iter(listed(repository, "MSCluster_Cluster")), None)
    dynamic = cluster is not None and cluster.values.get("DynamicQuorumEnabled") == 1
    total = left = _witness(repository)
    for item in listed(repository, _NODE):
        weight = item.values.get("NodeWeight")
        votes = weight if isinstance(weight, int) else 1
        this, down = item.key == node.key, item.values["State"] == _NODE_DOWN
        if not (evicted and this) and not (dynamic and down):
            total += votes
        if not this and not down:
            left += votes
    return left * 2 <= total


def invoke(store: Store, node: Instance, name: str, values: Mapping[str, Value]) -> dict[str, Value] | None:
    """The methods of a node; None where the lab lacks the method."""
    if name == "pause":
        _pause(store, node, values)
    elif name == "resume":
        _resume(store, node, values)
    elif name in {"willofflinelosequorum", "willevictlosequorum"}:
        return {"ReturnValue": _loses(store.repository, node, evicted="evict" in name)}
    else:
        return None
    return {}


def go_on(world: World) -> None:
    """After a start: drains that were under way when the lab stopped."""
    for cluster in world.estate.clusters:
        repository = world.clusters[cluster.name]
        for node in listed(repository, _NODE):
            if node.values.get("NodeDrainStatus") == IN_PROGRESS:
                _drain(world, repository, str(node.values["Name"]), None)
