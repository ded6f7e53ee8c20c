# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines of one host, as its own Hyper-V describes them. Private to this collection.

Sources: the documentation of C(root/virtualization/v2) (Windows Server 2012 and later) and of C(root/virtualization)
(2008 R2). Their numbers differ: an automatic stop action of 2 is turn off in the second and shut down in the first.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .._wsman.errors import AccessDenied, Fault, ResponseLost, ServerError
from .._wsman.faults import WBEM_E_INVALID_NAMESPACE
from . import adapter, disk
from .cluster import name_of
from .columns import read_columns
from .unknown import Unknown, attempt

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client

_FIRST, _SECOND = "root/virtualization", "root/virtualization/v2"

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
_STOP_ACTIONS = {
    _FIRST: {0: "turn_off", 1: "save", 2: "shut_down"},
    _SECOND: {2: "turn_off", 3: "save", 4: "shut_down"},
}
_CHECKPOINT_TYPES = {2: "disabled", 3: "production", 4: "production_only", 5: "standard"}  # UserSnapshotType
_REALIZED, _PLANNED = "Microsoft:Hyper-V:System:Realized", "Microsoft:Hyper-V:System:Planned"  # VirtualSystemType
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
    """What a virtual machine does when its host stops, and its checkpoints."""

    automatic_stop_action: str | None = None
    checkpoint_type: str | None = None
    checkpoints: tuple[Checkpoint, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VirtualMachine:
    """A virtual machine; C(None) is what could not be read or is not known to that Windows."""

    name: str
    id: str
    state: str
    settings: Settings | None = None
    dynamic_memory: bool | None = None
    disks: tuple[disk.Disk, ...] | None = None
    shutdown_component: str | None = None


class NoHyperV(ServerError):
    """The host has no Hyper-V, so no virtual machines."""

    advice = "leave virtual_machines out for this host"


def read_virtual_machines(client: Client, unknown: list[Unknown]) -> list[VirtualMachine]:
    """The virtual machines on this host by name, by six queries however many there are.

    One or two more when disks of the host are passed through. What is not known of them all is C(None) and told in
    C(unknown). Raises C(NoHyperV) where Hyper-V is not installed.
    """
    namespace, systems = _systems(client)
    machines = [
        VirtualMachine(
            name=item.text("ElementName") or "",
            id=adapter.guid_in(item.text("Name")).upper(),
            state=name_of(_STATES, item.integer("EnabledState")),
        )
        for item in systems
        if adapter.guid_in(item.text("Name"))  # the host itself goes by its name, and captions are translated
    ]
    if not machines:
        return []
    read_settings = _first_settings if namespace == _FIRST else _settings
    ask = functools.partial(attempt, unknown=unknown)
    settings = ask("virtual_machines.automatic_stop_action", lambda: read_settings(client, unknown))
    if settings is None:
        unknown.append(Unknown("virtual_machines.checkpoints", unknown[-1].why))
    memory = ask("virtual_machines.dynamic_memory", lambda: _dynamic_memory(client, namespace))
    disks = ask("virtual_machines.disks", lambda: _disks(client, namespace))
    components = ask("virtual_machines.shutdown_component", lambda: _shutdown_components(client, namespace))
    for detail, found in (("automatic_stop_action", settings), ("checkpoints", settings), ("dynamic_memory", memory)):
        silent = [machine.name for machine in machines if found is not None and found.get(machine.id) is None]
        if silent:
            why = f"Hyper-V of {client.host} says nothing of it for {', '.join(silent)}."
            unknown.append(Unknown(f"virtual_machines.{detail}", why))
    whole = (
        dataclasses.replace(
            machine,
            settings=settings.get(machine.id) if settings is not None else None,
            dynamic_memory=memory.get(machine.id) if memory is not None else None,
            disks=tuple(disks.get(machine.id, ())) if disks is not None else None,
            shutdown_component=components.get(machine.id, "none") if components is not None else None,
        )
        for machine in machines
    )
    return sorted(whole, key=lambda machine: (machine.name.casefold(), machine.id))


def _rows(
    client: Client, namespace: str, name: str, columns: str, where: str = "", *, operation: str
) -> list[Instance]:
    return read_columns(
        client, namespace, name, columns, where, operation=f"reading {operation} of the virtual machines"
    )


def _systems(client: Client) -> tuple[str, list[Instance]]:
    """The computer systems that Hyper-V knows, the host among them, and the version that it speaks."""
    columns, failures = "ElementName, EnabledState, Name", []
    for namespace in (_SECOND, _FIRST):
        try:
            found = _rows(client, namespace, "Msvm_ComputerSystem", columns, operation="names and states")
        except AccessDenied:
            raise
        except Fault as exc:
            failures.append(exc)
            continue
        if not found:
            raise ResponseLost(
                f"Hyper-V of {client.host} did not even name its host", advice="look at its service vmms"
            )
        return namespace, found
    if all(exc.hresult == WBEM_E_INVALID_NAMESPACE for exc in failures):
        raise NoHyperV(f"{client.host} has no Hyper-V: {failures[0].detail}") from failures[0]
    raise failures[0]


def _settings(client: Client, unknown: list[Unknown]) -> dict[str, Settings]:
    columns = "AutomaticShutdownAction, ElementName, UserSnapshotType, VirtualSystemIdentifier, VirtualSystemType"
    found = _rows(client, _SECOND, "Msvm_VirtualSystemSettingData", columns, operation="the settings")
    settings: dict[str, Settings] = {}
    checkpoints: dict[str, list[Checkpoint]] = {}
    for item in found:
        owner, kind = (item.text("VirtualSystemIdentifier") or "").upper(), item.text("VirtualSystemType") or ""
        if kind == _REALIZED or (kind == _PLANNED and owner not in settings):
            allowed = item.integer("UserSnapshotType")
            settings[owner] = Settings(
                automatic_stop_action=name_of(_STOP_ACTIONS[_SECOND], item.integer("AutomaticShutdownAction")),
                checkpoint_type=None if allowed is None else name_of(_CHECKPOINT_TYPES, allowed),
            )
        elif kind.startswith(_SNAPSHOT):
            point = kind.removeprefix(_SNAPSHOT)
            kind = "replica" if point.startswith("Replica") else _CHECKPOINT_KINDS.get(point, f"unknown ({point})")
            checkpoints.setdefault(owner, []).append(Checkpoint(name=item.text("ElementName") or "", kind=kind))
    return _with_checkpoints(settings, checkpoints, unknown)


def _first_settings(client: Client, unknown: list[Unknown]) -> dict[str, Settings]:
    name = "Msvm_VirtualSystemGlobalSettingData"
    found = _rows(client, _FIRST, name, "AutomaticShutdownAction, SystemName", operation="the settings")
    settings = {
        (item.text("SystemName") or "").upper(): Settings(
            automatic_stop_action=name_of(_STOP_ACTIONS[_FIRST], item.integer("AutomaticShutdownAction"))
        )
        for item in found
    }
    name, where = "Msvm_VirtualSystemSettingData", f" WHERE SettingType={_FIRST_SNAPSHOT}"
    checkpoints: dict[str, list[Checkpoint]] = {}
    for item in _rows(client, _FIRST, name, "ElementName, SystemName", where, operation="the checkpoints"):
        point = Checkpoint(name=item.text("ElementName") or "", kind="standard")
        checkpoints.setdefault((item.text("SystemName") or "").upper(), []).append(point)
    return _with_checkpoints(settings, checkpoints, unknown)


def _with_checkpoints(
    settings: t.Mapping[str, Settings], checkpoints: t.Mapping[str, list[Checkpoint]], unknown: list[Unknown]
) -> dict[str, Settings]:
    strays = [point.name for owner, points in checkpoints.items() if owner not in settings for point in points]
    if strays:
        why = f"It is not clear what virtual machine these belong to: {', '.join(strays)}."
        unknown.append(Unknown("virtual_machines.checkpoints", why))
    return {
        owner: dataclasses.replace(
            found, checkpoints=tuple(sorted(checkpoints.get(owner, ()), key=lambda point: point.name))
        )
        for owner, found in settings.items()
    }


def _dynamic_memory(client: Client, namespace: str) -> dict[str, bool | None]:
    """By the id of the virtual machine; the rows of checkpoints and of defaults have other ids."""
    found = _rows(
        client, namespace, "Msvm_MemorySettingData", "DynamicMemoryEnabled, InstanceID", operation="the memory"
    )
    return {disk.owner_of(item).upper(): item.boolean("DynamicMemoryEnabled") for item in found}


def _disks(client: Client, namespace: str) -> dict[str, list[disk.Disk]]:
    """By the id of the virtual machine or checkpoint, in the order of the controllers."""
    allocation, operation = "Msvm_ResourceAllocationSettingData", "the disks"
    if namespace == _FIRST:
        where = (
            " WHERE ResourceSubType='Microsoft Virtual Hard Disk' OR ResourceSubType='Microsoft Physical Disk Drive'"
        )
        columns, place = "Connection, HostResource, InstanceID, ResourceSubType", "Connection"
        found = _rows(client, namespace, allocation, columns, where, operation=operation)
        images = [item for item in found if item.text("ResourceSubType") == "Microsoft Virtual Hard Disk"]
        physical = [item for item in found if item.text("ResourceSubType") == "Microsoft Physical Disk Drive"]
    else:
        columns, place, kind = "HostResource, InstanceID", "HostResource", " WHERE ResourceSubType='Microsoft:Hyper-V:"
        images = _rows(
            client,
            namespace,
            "Msvm_StorageAllocationSettingData",
            columns,
            f"{kind}Virtual Hard Disk'",
            operation=operation,
        )
        physical = _rows(client, namespace, allocation, columns, f"{kind}Physical Disk Drive'", operation=operation)
    physical = [item for item in physical if not (item.text("InstanceID") or "").startswith("Microsoft:Definition")]
    attached = [(item, disk.image(item, place)) for item in images]
    attached += zip(physical, disk.drives(client, namespace, physical, buses=namespace == _SECOND), strict=True)
    disks: dict[str, list[disk.Disk]] = {}
    for item, one in sorted(attached, key=lambda pair: pair[0].text("InstanceID") or ""):
        disks.setdefault(disk.owner_of(item).upper(), []).append(one)
    return disks


def _shutdown_components(client: Client, namespace: str) -> dict[str, str]:
    """The integration component that lets the host shut the guest down, by the id of the virtual machine."""
    columns = "EnabledState, OperationalStatus, SystemName"
    found = _rows(client, namespace, "Msvm_ShutdownComponent", columns, operation="the shutdown components")
    components = {}
    for item in found:
        status = next(iter(item.array("OperationalStatus") or ()), "")
        state = name_of(_COMPONENT, int(status) if status.isdigit() else None)
        disabled = item.integer("EnabledState") == _COMPONENT_DISABLED
        components[(item.text("SystemName") or "").upper()] = "disabled" if disabled else state
    return components
