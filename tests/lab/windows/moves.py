# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves of clustered roles between nodes: which node is chosen, how a virtual machine moves, and how long it takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..wire.fault import invalid_parameter, provider_failed
from ..wire.values import Embedded
from . import possible_owners
from .property_list import PropertyListError, decode
from .simulation import instances_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..wire.values import Value
    from .repository import Change, Instance, Repository
    from .request_context import RequestContext
    from .simulation import Simulation

_NODE, _GROUP, _RESOURCE = "MSCluster_Node", "MSCluster_ResourceGroup", "MSCluster_Resource"
_NODE_UP = 0
_ONLINE = 2
_VIRTUAL_MACHINE = 111
_HOST_NODE_NOT_AVAILABLE, _NODE_NOT_FOUND, _GENERIC_FAILURE = 0x8007138D, 0x800713B2, 0x80041001
_NOT_RESOURCE_OWNER = 0x80071397
_DEFAULT_THRESHOLD, _DEFAULT_MOVE_TYPE = 2000, 4294967295
_MOVE_TYPES = {0: "turned off", 1: "saved", 2: "shut down", 3: "shut down", 4: "live"}
_QUEUED = 0x4  # bit of StatusInformation: the group waits for its move
_PARALLEL = 2  # so many moves show that they are queued
_LIVE = 4
_QUEUE_FLAG = 4


def resources_of(repository: Repository, group: str) -> list[Instance]:
    """The resources of a group."""
    return [item for item in instances_of(repository, _RESOURCE) if item.values.get("OwnerGroup") == group]


def move_group(repository: Repository, group: Instance, node: str) -> list[Change]:
    """Change the owner of a group and of its resources."""
    changes = []
    for resource in resources_of(repository, str(group.values["Name"])):
        changes += repository.write(resource, {"OwnerNode": node})[1]
    return repository.write(group, {"OwnerNode": node})[1] + changes


def plain_move(context: RequestContext, group: Instance, name: str) -> None:
    """MoveToNewNode of a group. Without a name the cluster chooses the node.

    A virtual machine does not keep running: the cluster takes it offline, as its offline action says, and starts it.
    """
    current = str(group.values["OwnerNode"])
    if not name:
        name = least_loaded_node(context.repository, current, group) or ""
    target = _up_node(context.repository, name, group)
    changes = move_group(context.repository, group, target)
    context.changes.extend(changes)
    machine = virtual_machine_of(context.repository, group)
    if machine is not None and machine.values["State"] == _ONLINE and context.simulation is not None:
        action = members_of(machine).get("OfflineAction", 1)
        how = _MOVE_TYPES.get(action, "saved") if isinstance(action, int) else "saved"
        context.simulation.record_event(current, "RoleMoved", _GROUP, group.name, detail=f"plain move: {how}")


def live_move(context: RequestContext, group: Instance, values: Mapping[str, Value]) -> None:
    """MoveToNewNodeParams of a group with a virtual machine.

    The property list says how each kind of resource moves. Without the entry for the configuration the move never ends.
    The method returns a generic error, although the move begins: real clusters do that, too.
    """
    buffer = values.get("Parameters")
    try:
        items = decode(bytes(buffer) if isinstance(buffer, list) else b"")
    except PropertyListError as problem:
        raise invalid_parameter(f"The property list is not valid: {problem}.", "ExecMethod", "Parameters") from problem
    target = _up_node(context.repository, str(values.get("NodeName") or ""), group)
    flags = values.get("Flags")
    if not isinstance(flags, int) or not flags & _QUEUE_FLAG:
        raise invalid_parameter("The lab moves groups with the flag 4 (queue) only.", "ExecMethod", "Flags")
    moves = {item.name: item.value for item in items}
    current, simulation = str(group.values["OwnerNode"]), context.simulation
    context.write(group, {"StatusInformation": _QUEUED})
    is_complete = all(moves.get(kind) == _LIVE for kind in ("Virtual Machine", "Virtual Machine Configuration"))
    if is_complete and simulation is not None:

        def move() -> None:
            _move_now(simulation, context.repository, group.name, current, target=target, why="live move")

        seconds = next((host.failback_seconds for host in simulation.estate.hosts if host.name == target), 1.0) / 2
        context.run_afterwards(partial(simulation.clock.call_later, seconds, move))
    raise provider_failed(_GENERIC_FAILURE, "Generic failure")


def possible_nodes(repository: Repository, group: Instance) -> list[str]:
    """The nodes that all resources of a group have as possible owners."""
    listed = [possible_owners.owners(repository, item.name) for item in resources_of(repository, group.name)]
    return [name for name in nodes_up(repository) if all(name in names for names in listed)]


def _up_node(repository: Repository, name: str, group: Instance) -> str:
    target = repository.named(_NODE, name)
    if target is None:
        raise provider_failed(_NODE_NOT_FOUND, "The cluster node was not found.")
    if target.values["State"] != _NODE_UP:
        raise provider_failed(_HOST_NODE_NOT_AVAILABLE, "The cluster node is not available for the group.")
    if str(target.values["Name"]) not in possible_nodes(repository, group):
        raise provider_failed(_NOT_RESOURCE_OWNER, "The node is not a possible owner of a resource of the group.")
    return str(target.values["Name"])


def nodes_up(repository: Repository) -> list[str]:
    """The names of the nodes that are up."""
    return [str(item.values["Name"]) for item in instances_of(repository, _NODE) if item.values["State"] == _NODE_UP]


def least_loaded_node(repository: Repository, leaving: str, group: Instance | None = None) -> str | None:
    """The node with the fewest groups, except `leaving`.

    A node with a group of the same anti-affinity class comes last, but it is taken when no other node is left.
    """
    possible = nodes_up(repository) if group is None else possible_nodes(repository, group)
    load = {name: 0 for name in nodes_up(repository) if name != leaving and name in possible}
    classes = set(_classes_of(group)) if group is not None else set()
    conflicts = dict.fromkeys(load, 0)
    for item in instances_of(repository, _GROUP):
        owner = str(item.values["OwnerNode"])
        if owner in load:
            load[owner] += 1
            conflicts[owner] += bool(classes & set(_classes_of(item)))
    return min(load, key=lambda name: (bool(conflicts[name]), load[name]), default=None)


def _classes_of(group: Instance) -> tuple[str, ...]:
    names = group.values.get("AntiAffinityClassNames")
    return tuple(str(name) for name in names) if isinstance(names, list | tuple) else ()


def members_of(instance: Instance | None) -> Mapping[str, Value]:
    """The private properties of an instance."""
    properties = instance.values.get("PrivateProperties") if instance else None
    return properties.members if isinstance(properties, Embedded) else {}


def virtual_machine_of(repository: Repository, group: Instance) -> Instance | None:
    """The virtual machine resource of a group."""
    if group.values["GroupType"] != _VIRTUAL_MACHINE:
        return None
    found = resources_of(repository, str(group.values["Name"]))
    return next((item for item in found if item.values["Type"] == "Virtual Machine"), None)


def move_type(repository: Repository, group: Instance) -> str:
    """How a drain moves a group away from its node."""
    if group.values["GroupType"] != _VIRTUAL_MACHINE:
        return "moved"
    machine = virtual_machine_of(repository, group)
    if machine is None or machine.values["State"] != _ONLINE:
        return "offline"
    own = members_of(machine).get("DefaultMoveType", _DEFAULT_MOVE_TYPE)
    if isinstance(own, int) and own in _MOVE_TYPES:
        return _MOVE_TYPES[own]
    resource_type = repository.named("MSCluster_ResourceType", "Virtual Machine")
    threshold = members_of(resource_type).get("MoveTypeThreshold", _DEFAULT_THRESHOLD)
    priority = group.values["Priority"]
    return "live" if isinstance(priority, int) and isinstance(threshold, int) and priority >= threshold else "saved"


def move_role(
    simulation: Simulation, repository: Repository, name: str, source: str, *, target: str | None, why: str
) -> bool:
    """Move a group away from a node, unless it has left it. Returns whether that worked."""
    group = repository.named(_GROUP, name)
    if group is None or group.values["OwnerNode"] != source:
        return True
    new_owner = target or least_loaded_node(repository, source, group)
    if new_owner is None or new_owner not in nodes_up(repository):
        return False
    _move_now(simulation, repository, name, source, target=new_owner, why=f"{why}: {move_type(repository, group)}")
    return True


def _move_now(simulation: Simulation, repository: Repository, name: str, source: str, *, target: str, why: str) -> None:
    group = repository.named(_GROUP, name)
    if group is None:
        return
    changes = repository.write(group, {"StatusInformation": 0})[1] if "StatusInformation" in group.values else []
    group = repository.named(_GROUP, name) or group
    if group.values["OwnerNode"] == source and target in nodes_up(repository):
        changes += move_group(repository, group, target)
        simulation.record_event(source, "RoleMoved", _GROUP, name, detail=why, changes=changes)


def run_in_turn(
    simulation: Simulation,
    repository: Repository,
    seconds: float,
    steps: Sequence[tuple[str, Callable[[], None]]],
    last: Callable[[], None],
) -> None:
    """Run one move after another. The next few groups show that they are queued; the others show nothing yet."""
    pause = seconds / max(len(steps), 1)

    def queue(number: int) -> None:
        for name, _move in steps[number : number + _PARALLEL]:
            group = repository.named(_GROUP, name)
            if group is not None and "StatusInformation" in group.values:
                repository.write(group, {"StatusInformation": _QUEUED})

    def step(number: int) -> None:
        if number < len(steps):
            queue(number)
            steps[number][1]()
            simulation.clock.call_later(pause, partial(step, number + 1))
        else:
            last()

    simulation.clock.call_later(pause if not steps else pause / 2, partial(step, 0))
