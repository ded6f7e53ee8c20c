# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the virtual machines of one host from its Hyper-V. Private to this collection.

Sources: the documentation of C(root/virtualization/v2) (Windows Server 2012 and later) and of C(root/virtualization)
(2008 R2). Their numbers differ: an automatic stop action of 2 is turn off in the second and shut down in the first.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .._wsman.errors import AccessDenied, Fault, NotFound, ResponseLost, ServerError
from . import adapter, computer, disk, service
from .cluster import name_of
from .columns import read_columns
from .unknown import Unknown, attempt, attempt_value

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client

FIRST, SECOND = "root/virtualization", "root/virtualization/v2"

_STATES = {
    2: "running",
    3: "off",
    4: "stopping",
    6: "saved",
    9: "paused",
    10: "starting",
    32768: "paused",
    32769: "saved",
    32770: "starting",
    32771: "checkpointing",
    32773: "saving",
    32774: "stopping",
    32776: "pausing",
    32777: "resuming",
}
STOP_ACTIONS = {
    FIRST: {0: "turn_off", 1: "save", 2: "shut_down"},
    SECOND: {2: "turn_off", 3: "save", 4: "shut_down"},
}
_CRITICAL_ERROR_ACTIONS = {0: "none", 1: "pause"}
CHECKPOINT_TYPES = {2: "disabled", 3: "production", 4: "production_only", 5: "standard"}  # UserSnapshotType
REALIZED, _PLANNED = "Microsoft:Hyper-V:System:Realized", "Microsoft:Hyper-V:System:Planned"  # VirtualSystemType
_SNAPSHOT = "Microsoft:Hyper-V:Snapshot:"
_CHECKPOINT_KINDS = {"Realized": "standard", "Recovery": "recovery", "Planned": "planned", "Missing": "missing"}
_FIRST_SNAPSHOT = 5  # SettingType
_COMPONENT = {2: "ok", 3: "degraded", 7: "error", 12: "no_contact", 13: "lost_contact"}  # OperationalStatus
_COMPONENT_DISABLED = 3  # EnabledState


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint; C(kind) is C(standard), C(recovery) (left by a backup), C(replica), C(planned) or C(missing)."""

    name: str
    kind: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The automatic stop action and the checkpoints of a virtual machine.

    C(critical_error_action) is what Hyper-V does when the storage is lost (Windows Server 2016 and later).
    """

    automatic_stop_action: str | None = None
    critical_error_action: str | None = None
    checkpoint_type: str | None = None
    checkpoints: tuple[Checkpoint, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VirtualMachine:
    """A virtual machine; C(None) means not read, or not supported by the Windows version."""

    name: str
    id: str
    state: str
    settings: Settings | None = None
    dynamic_memory: bool | None = None
    disks: tuple[disk.Disk, ...] | None = None
    shutdown_component: str | None = None


class NoHyperV(ServerError):
    """Hyper-V is not installed on the host."""

    advice = "do not gather virtual_machines on this host"


def read_virtual_machines(client: Client, unknown: list[Unknown]) -> list[VirtualMachine]:
    """Read the virtual machines on this host, sorted by name, with six queries, or up to eight with pass-through disks.

    A detail that could not be read is C(None) and listed in C(unknown). Raises C(NoHyperV) if Hyper-V is not installed.
    """
    namespace, machines = read_names_and_states(client, unknown)
    if not machines:
        return []
    read_settings = _first_settings if namespace == FIRST else _settings
    read = functools.partial(attempt, unknown=unknown)
    settings = read("virtual_machines.automatic_stop_action", lambda: read_settings(client, unknown))
    if settings is None:
        unknown.append(Unknown("virtual_machines.checkpoints", unknown[-1].why))
    memory = read("virtual_machines.dynamic_memory", lambda: _dynamic_memory(client, namespace, unknown))
    disks = read("virtual_machines.disks", lambda: _disks(client, namespace, unknown))
    components = read("virtual_machines.shutdown_component", lambda: _shutdown_components(client, namespace, unknown))
    for detail, found in (("automatic_stop_action", settings), ("checkpoints", settings), ("dynamic_memory", memory)):
        missing = [machine.name for machine in machines if found is not None and found.get(machine.id) is None]
        if missing:
            why = f"Hyper-V of {client.host} returned no value for {', '.join(missing)}."
            unknown.append(Unknown(f"virtual_machines.{detail}", why))
    complete = (
        dataclasses.replace(
            machine,
            settings=settings.get(machine.id) if settings is not None else None,
            dynamic_memory=memory.get(machine.id) if memory is not None else None,
            disks=tuple(disks.get(machine.id, ())) if disks is not None else None,
            shutdown_component=components.get(machine.id, "none") if components is not None else None,
        )
        for machine in machines
    )
    return sorted(complete, key=lambda machine: (machine.name.casefold(), machine.id))


def read_names_and_states(client: Client, unknown: list[Unknown] | None = None) -> tuple[str, list[VirtualMachine]]:
    """Read names, ids and states of the virtual machines on this host, and the namespace that has them.

    A state that is not valid is added to C(unknown).
    """
    namespace, systems = _read_systems(client)
    found = [] if unknown is None else unknown
    return namespace, [
        VirtualMachine(
            name=item.text("ElementName") or "",
            id=adapter.guid_in(item.text("Name")).upper(),
            state=name_of(_STATES, attempt_value("virtual_machines.state", item.integer, "EnabledState", found)),
        )
        for item in systems
        if adapter.guid_in(item.text("Name"))  # the host has a name instead of a GUID; captions are translated
    ]


def read_names(client: Client) -> dict[str, str]:
    """Read the names of the virtual machines on this host by id; empty if Hyper-V does not return them."""
    try:
        _namespace, systems = _read_systems(client)
    except (Fault, NoHyperV, ResponseLost):
        return {}
    found = ((adapter.guid_in(item.text("Name")).upper(), item.text("ElementName")) for item in systems)
    return {number: name for number, name in found if number and name}


def _rows(client: Client, namespace: str, name: str, columns: str, where: str = "", *, what: str) -> list[Instance]:
    return read_columns(client, namespace, name, columns, where, operation=f"reading {what} of the virtual machines")


def _read_systems(client: Client) -> tuple[str, list[Instance]]:
    """Read the computer systems of Hyper-V, including the host, and the namespace that contains them."""
    namespace = SECOND
    try:
        try:
            found = _systems(client, namespace)
        except AccessDenied:
            raise
        except Fault as exc:
            if not computer.is_before_2012(client, exc):
                raise
            namespace = FIRST
            found = _systems(client, namespace)
    except NotFound as exc:
        if service.is_absent(client, adapter.HYPER_V, exc):
            raise NoHyperV(f"{client.host} has no Hyper-V: {exc.detail}") from exc
        raise
    if not found:
        raise ResponseLost(f"Hyper-V of {client.host} returned no computer systems", advice="check its service vmms")
    return namespace, found


def _systems(client: Client, namespace: str) -> list[Instance]:
    columns = "ElementName, EnabledState, Name"
    return _rows(client, namespace, "Msvm_ComputerSystem", columns, what="names and states")


def _settings(client: Client, unknown: list[Unknown]) -> dict[str, Settings]:
    columns = (
        "AutomaticCriticalErrorAction, AutomaticShutdownAction, ElementName, UserSnapshotType, "
        "VirtualSystemIdentifier, VirtualSystemType"
    )
    found = _rows(client, SECOND, "Msvm_VirtualSystemSettingData", columns, what="the settings")
    settings: dict[str, Settings] = {}
    checkpoints: dict[str, list[Checkpoint]] = {}
    for item in found:
        owner, kind = (item.text("VirtualSystemIdentifier") or "").upper(), item.text("VirtualSystemType") or ""
        if kind == REALIZED or (kind == _PLANNED and owner not in settings):
            allowed = attempt_value("virtual_machines.checkpoint_type", item.integer, "UserSnapshotType", unknown)
            what = "virtual_machines.critical_error_action"
            critical = attempt_value(what, item.integer, "AutomaticCriticalErrorAction", unknown)
            settings[owner] = Settings(
                automatic_stop_action=_stop_action(item, SECOND, unknown),
                critical_error_action=None if critical is None else name_of(_CRITICAL_ERROR_ACTIONS, critical),
                checkpoint_type=None if allowed is None else name_of(CHECKPOINT_TYPES, allowed),
            )
        elif kind.startswith(_SNAPSHOT):
            point = kind.removeprefix(_SNAPSHOT)
            kind = "replica" if point.startswith("Replica") else _CHECKPOINT_KINDS.get(point, f"unknown ({point})")
            checkpoints.setdefault(owner, []).append(Checkpoint(name=item.text("ElementName") or "", kind=kind))
    return _with_checkpoints(settings, checkpoints, unknown)


def _first_settings(client: Client, unknown: list[Unknown]) -> dict[str, Settings]:
    name = "Msvm_VirtualSystemGlobalSettingData"
    found = _rows(client, FIRST, name, "AutomaticShutdownAction, SystemName", what="the settings")
    settings = {
        (item.text("SystemName") or "").upper(): Settings(automatic_stop_action=_stop_action(item, FIRST, unknown))
        for item in found
    }
    name, where = "Msvm_VirtualSystemSettingData", f" WHERE SettingType={_FIRST_SNAPSHOT}"
    checkpoints: dict[str, list[Checkpoint]] = {}
    for item in _rows(client, FIRST, name, "ElementName, SystemName", where, what="the checkpoints"):
        point = Checkpoint(name=item.text("ElementName") or "", kind="standard")
        checkpoints.setdefault((item.text("SystemName") or "").upper(), []).append(point)
    return _with_checkpoints(settings, checkpoints, unknown)


def _stop_action(item: Instance, namespace: str, unknown: list[Unknown]) -> str | None:
    what = "virtual_machines.automatic_stop_action"
    known = len(unknown)
    number = attempt_value(what, item.integer, "AutomaticShutdownAction", unknown)
    return name_of(STOP_ACTIONS[namespace], number) if len(unknown) == known else None


def _with_checkpoints(
    settings: t.Mapping[str, Settings], checkpoints: t.Mapping[str, list[Checkpoint]], unknown: list[Unknown]
) -> dict[str, Settings]:
    orphans = [point.name for owner, points in checkpoints.items() if owner not in settings for point in points]
    if orphans:
        why = f"The virtual machine of these checkpoints is unknown: {', '.join(orphans)}."
        unknown.append(Unknown("virtual_machines.checkpoints", why))
    return {
        owner: dataclasses.replace(
            found, checkpoints=tuple(sorted(checkpoints.get(owner, ()), key=lambda point: point.name))
        )
        for owner, found in settings.items()
    }


def _dynamic_memory(client: Client, namespace: str, unknown: list[Unknown]) -> dict[str, bool | None]:
    """Read by the id of the virtual machine; the rows of checkpoints and defaults have other ids."""
    found = _rows(client, namespace, "Msvm_MemorySettingData", "DynamicMemoryEnabled, InstanceID", what="the memory")
    what, name = "virtual_machines.dynamic_memory", "DynamicMemoryEnabled"
    return {disk.owner_of(item).upper(): attempt_value(what, item.boolean, name, unknown) for item in found}


def _disks(client: Client, namespace: str, unknown: list[Unknown]) -> dict[str, list[disk.Disk]]:
    """Read by the id of the virtual machine or checkpoint, in the order of the controllers."""
    allocation, what = "Msvm_ResourceAllocationSettingData", "the disks"
    if namespace == FIRST:
        where = (
            " WHERE ResourceSubType='Microsoft Virtual Hard Disk' OR ResourceSubType='Microsoft Physical Disk Drive'"
        )
        columns, path_property = "Connection, HostResource, InstanceID, ResourceSubType", "Connection"
        found = _rows(client, namespace, allocation, columns, where, what=what)
        images = [item for item in found if item.text("ResourceSubType") == "Microsoft Virtual Hard Disk"]
        physical = [item for item in found if item.text("ResourceSubType") == "Microsoft Physical Disk Drive"]
    else:
        columns, path_property, kind = (
            "HostResource, InstanceID",
            "HostResource",
            " WHERE ResourceSubType='Microsoft:Hyper-V:",
        )
        images = _rows(
            client,
            namespace,
            "Msvm_StorageAllocationSettingData",
            columns,
            f"{kind}Virtual Hard Disk'",
            what=what,
        )
        physical = _rows(client, namespace, allocation, columns, f"{kind}Physical Disk Drive'", what=what)
    physical = [item for item in physical if not (item.text("InstanceID") or "").startswith("Microsoft:Definition")]
    attached = [(item, disk.image(item, path_property)) for item in images]
    drives = disk.read_drives(client, namespace, physical, unknown, buses=namespace == SECOND)
    attached += zip(physical, drives, strict=True)
    disks: dict[str, list[disk.Disk]] = {}
    for item, one in sorted(attached, key=lambda pair: pair[0].text("InstanceID") or ""):
        disks.setdefault(disk.owner_of(item).upper(), []).append(one)
    return disks


def _shutdown_components(client: Client, namespace: str, unknown: list[Unknown]) -> dict[str, str]:
    """Read the state of the integration service "Operating system shutdown" by the id of the virtual machine."""
    columns = "EnabledState, OperationalStatus, SystemName"
    found = _rows(client, namespace, "Msvm_ShutdownComponent", columns, what="the shutdown components")
    components = {}
    for item in found:
        what = "virtual_machines.shutdown_component"
        status = attempt_value(what, item.integers, "OperationalStatus", unknown)
        state = name_of(_COMPONENT, next(iter(status or ()), None))
        disabled = attempt_value(what, item.integer, "EnabledState", unknown) == _COMPONENT_DISABLED
        components[(item.text("SystemName") or "").upper()] = "disabled" if disabled else state
    return components
