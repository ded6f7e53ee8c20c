# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clustered virtual machines: resources of the type C(Virtual Machine). Private to this collection."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from .._wsman.errors import AccessDenied, Fault, NotFound, ResponseLost, ServerError, Unreachable
from . import cluster, hyperv, properties
from .adapter import guid_in
from .columns import read_columns

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance, Reference
    from .._wsman.client import Client

# The cluster-controlled offline action (MSCS, virtual-machines-offlineaction).
OFFLINE_ACTIONS = {0: "turn_off", 1: "save", 2: "shut_down", 3: "shut_down_forced"}
OFFLINE_ACTION_NUMBERS = {name: number for number, name in OFFLINE_ACTIONS.items()}
_DEFAULT_OFFLINE_ACTION = 1
# DefaultMoveType: what a drain does with the virtual machine.
MOVE_TYPES = {**OFFLINE_ACTIONS, 4: "live_migration", 0xFFFFFFFF: "by_priority"}
_DRAIN_ACTIONS = {
    "turn_off": "turned_off",
    "save": "saved",
    "shut_down": "shut_down",
    "shut_down_forced": "shut_down",
    "live_migration": "live",
}
_DEFAULT_MOVE_TYPE = 0xFFFFFFFF
_DEFAULT_MOVE_TYPE_THRESHOLD = 2000

_RESOURCE_TYPE = "Virtual Machine"
_RESOURCE_PREFIXES = ("Virtual Machine ", "SCVMM ")
_BUSY = ("QuotaLimit", "TimedOut")  # more requests would not help
_READING = "reading the clustered virtual machines"
# With these columns, 1,000 virtual machines fit into three envelopes.
_COLUMNS = "Name, OwnerGroup, OwnerNode, State, PrivateProperties"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VirtualMachine:
    """A clustered virtual machine. The resource keeps the name that the virtual machine had when it was clustered.

    With C(name_known), C(name) is its name in Hyper-V now. Otherwise it is taken from the resource, without the prefix
    of the management tool, or from the clustered role. C(id) ties the resource to the virtual machine in Hyper-V.
    C(problem) is a sentence why its private properties or its resource could not be read. Such values are C(None).
    """

    name: str
    name_known: bool = True
    id: str = ""
    resource: str
    group: str
    owner_node: str | None
    state: str | None
    offline_action: str | None
    default_move_type: str | None
    reference: Reference | None
    problem: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that a wildcard is compared with."""
        return (self.name,) if self.name_known else (self.name, self.resource, self.group)


def read_virtual_machines(client: Client, names: t.Mapping[str, str] | None = None) -> tuple[VirtualMachine, ...]:
    """Read all clustered virtual machines with their names now, sorted by name.

    Hyper-V returns only the names of the virtual machines on this node. C(names) has those of other nodes, by id. With
    the names of all, Hyper-V is not read.
    Virtual machines with the same name have the names of their resources.
    """
    machines = read_resources(client)
    known = {guid_in(key).upper(): name for key, name in (names or {}).items() if guid_in(key)}
    if any(machine.id not in known for machine in machines):
        known |= hyperv.read_names(client)
    groups = collections.Counter(machine.group for machine in machines)
    machines = tuple(_named(machine, known.get(machine.id), alone=groups[machine.group] == 1) for machine in machines)
    counts = collections.Counter(machine.name.casefold() for machine in machines)
    return tuple(
        sorted(
            (
                dataclasses.replace(machine, name=machine.resource) if counts[machine.name.casefold()] > 1 else machine
                for machine in machines
            ),
            key=lambda machine: machine.name.casefold(),
        )
    )


def read_resources(client: Client) -> tuple[VirtualMachine, ...]:
    """Read all clustered virtual machines with the names of their resources.

    The first query selects columns. If it fails (Windows Server 2008 R2 has no OwnerGroup), or returns no private
    properties or references, a second query reads all properties. If it fails too, each resource is read alone.
    """
    where = f"FROM MSCluster_Resource WHERE Type='{_RESOURCE_TYPE}'"
    try:
        found = cluster.query(client, f"SELECT {_COLUMNS} {where}", operation=_READING)
        complete = all(item.reference and item.embedded("PrivateProperties") for item in found)
    except Fault as exc:
        if exc.subcode in _BUSY:
            raise
        found, complete = [], False
    if not complete:
        try:
            found = cluster.query(client, f"SELECT * {where}", operation=_READING)
        except (AccessDenied, NotFound):
            raise
        except Fault as exc:
            if exc.subcode in _BUSY:
                raise
            return tuple(_read_each(client, exc))
    return tuple(_complete(client, item) for item in found)


def _read_each(client: Client, fault: Fault) -> list[VirtualMachine]:
    """Read the resources of the virtual machines' groups one by one, after a fault for all of them together.

    After failovers the cluster provider can refuse a valid query for good. Raises the fault if the groups or their
    resources cannot be listed either.
    """
    where = f" WHERE GroupType={cluster.VIRTUAL_MACHINE_GROUP}"
    try:
        groups = read_columns(
            client, cluster.NAMESPACE, "MSCluster_ResourceGroup", "Name, GroupType", where, operation=_READING
        )
        links = cluster.query(client, "SELECT * FROM MSCluster_ResourceGroupToResource", operation=_READING)
    except Unreachable:
        raise
    except ServerError:
        raise fault from None
    names = {(group.text("Name") or "").casefold() for group in groups}
    machines = []
    for link in links:
        group, resource = (link.reference_in(name) for name in ("GroupComponent", "PartComponent"))
        if group is None or resource is None or str(group.selector("Name")).casefold() not in names:
            continue
        name = str(resource.selector("Name"))
        try:
            item = client.get(resource, operation=f"reading the resource {name}")
        except Unreachable:
            raise
        except ServerError as exc:
            machines.append(_lost(name, str(group.selector("Name")), resource, str(exc)))
            continue
        if item.text("Type") == _RESOURCE_TYPE:
            machines.append(_virtual_machine(item))
    return machines


def _complete(client: Client, item: Instance) -> VirtualMachine:
    """The virtual machine of a resource; without its private properties the resource is read once more, alone."""
    if item.embedded("PrivateProperties") is None and item.reference is not None:
        name = item.text("Name") or ""
        try:
            item = client.get(item.reference, operation=f"reading the resource {name}")
        except Unreachable:
            raise
        except ServerError as exc:
            return dataclasses.replace(_virtual_machine(item), problem=str(exc))
    return _virtual_machine(item)


def move_type_threshold(resource_type: Instance | None) -> int:
    """The lowest priority at which a drain live migrates virtual machines (Windows Server 2012 and later)."""
    value = resource_type.integer("MoveTypeThreshold") if resource_type is not None else None
    return _DEFAULT_MOVE_TYPE_THRESHOLD if value is None else value


def drain_action(machine: VirtualMachine, priority: int | None, threshold: int) -> str:
    """What a drain does with the virtual machine: C(live), C(saved), C(shut_down), C(turned_off), or C(offline).

    Its DefaultMoveType decides, or its priority if DefaultMoveType is C(by_priority). A value that is not known counts
    as C(saved). C(offline) means that it does not run.
    """
    if machine.state not in ("online", None):
        return "offline"
    if machine.default_move_type == "by_priority":
        return "live" if (priority or 0) >= threshold else "saved"
    return _DRAIN_ACTIONS.get(str(machine.default_move_type), "saved")


def saved_by_drain(machine: VirtualMachine, priority: int | None, threshold: int) -> bool:
    """Whether a drain would save or turn off the virtual machine, if it runs, instead of live migrating it."""
    running = dataclasses.replace(machine, state="online")
    return drain_action(running, priority, threshold) in ("saved", "turned_off")


def send_offline_action(client: Client, machine: VirtualMachine, action: str) -> ServerError | None:
    """Set the cluster-controlled offline action by one request. Returns its error. The caller reads the values back."""
    return properties.send(
        client,
        reference_of(machine),
        {"OfflineAction": OFFLINE_ACTION_NUMBERS[action]},
        properties.RESOURCE_PRIVATE,
        operation=f"setting the offline action of {machine.name} to {action}",
    )


def set_offline_action(client: Client, machine: VirtualMachine, action: str) -> properties.StoreResult:
    """Set the offline action by a Put, after C(send_offline_action) had no effect, and read it back."""
    return properties.store(
        client,
        reference_of(machine),
        {"OfflineAction": OFFLINE_ACTION_NUMBERS[action]},
        properties.RESOURCE_PRIVATE,
        within="PrivateProperties",
        operation=f"setting the offline action of {machine.name} to {action}",
    )


def reference_of(machine: VirtualMachine) -> Reference:
    """The reference of the resource. Raises C(ServerError) if the cluster returned none."""
    if machine.reference is None:
        raise ServerError(f"the cluster returned the resource {machine.resource} without its reference")
    return machine.reference


def offline_action_of(instance: Instance) -> str:
    """The offline action as the module names it; an absent value means the default."""
    private = instance.embedded("PrivateProperties")
    if private is None:
        raise ResponseLost(f"the response contains no private properties of the resource {instance.text('Name')}")
    number = private.integer("OfflineAction")
    return cluster.name_of(OFFLINE_ACTIONS, _DEFAULT_OFFLINE_ACTION if number is None else number)


def move_type_name(number: int | None) -> str:
    """The default move type by its number; an absent value means the default."""
    return cluster.name_of(MOVE_TYPES, _DEFAULT_MOVE_TYPE if number is None else number)


def _virtual_machine(item: Instance) -> VirtualMachine:
    resource = item.text("Name") or ""
    private = item.embedded("PrivateProperties")
    action = move_type = state = None
    problem = ""
    try:
        state = cluster.name_of(cluster.RESOURCE_STATES, item.integer("State"))
        action = offline_action_of(item)
        move_type = move_type_name(private.integer("DefaultMoveType") if private is not None else None)
    except ResponseLost as exc:
        problem = str(exc)
    if item.reference is None:
        problem = f"the cluster returned the resource {resource} without its reference."
    return VirtualMachine(
        name=resource,
        name_known=False,
        id=guid_in(private.text("VmID") if private is not None else None).upper(),
        resource=resource,
        group=item.text("OwnerGroup") or "",
        owner_node=item.text("OwnerNode"),
        state=state,
        offline_action=action,
        default_move_type=move_type,
        reference=item.reference,
        problem=problem[:1].upper() + problem[1:],
    )


def _lost(resource: str, group: str, reference: Reference, why: str) -> VirtualMachine:
    return VirtualMachine(
        name=resource,
        name_known=False,
        resource=resource,
        group=group,
        owner_node=None,
        state=None,
        offline_action=None,
        default_move_type=None,
        reference=reference,
        problem=why,
    )


def _named(machine: VirtualMachine, name: str | None, *, alone: bool) -> VirtualMachine:
    """The virtual machine with its name. C(alone) says that it is the only one of its clustered role.

    A clustered role gets the name of its virtual machine, and its resource a prefix in the language of the server.
    """
    if name:
        return dataclasses.replace(machine, name=name, name_known=True)
    prefix = next((prefix for prefix in _RESOURCE_PREFIXES if machine.resource.startswith(prefix)), "")
    without = machine.resource.removeprefix(prefix)
    if prefix and without:
        return dataclasses.replace(machine, name=without)
    return dataclasses.replace(machine, name=machine.group) if alone and machine.group else machine
