# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instances of the Hyper-V classes for the virtual machines of a host, in both namespaces.

They are not stored, but built for each request: a clustered virtual machine is on its current owner node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..identity import identity
from . import hyperv_settings
from .repository import Instance
from .versions import VERSIONS

if TYPE_CHECKING:
    from ..estate import Cluster, Host
    from ..wire.values import Value
    from .classes import Class
    from .repository import Repository
    from .virtual_machines import Disk, MachineSettings

FIRST, SECOND, STORAGE = "root/virtualization", "root/virtualization/v2", "root/microsoft/windows/storage"
NAMESPACES = frozenset({FIRST, SECOND, STORAGE})

_ENABLED, _DISABLED = 2, 3
_STOPPED = {3, 6}  # off, saved
_ONLINE = 2
_NO_CONTACT = 12
_MEMORY = "4764334d-e001-4176-82ee-5594ec9b530e"
_PROCESSOR = "B637F346-6A0E-4DEC-AF52-BD70CB80A21D"
_CONTROLLER = "83F8638B-8DCA-4152-9EDA-2CA8B33039B4"
_PHYSICAL = "353B3BE8-310C-4CF4-839E-4E1B14616136"
_SYSTEM = {"SystemCreationClassName": "Msvm_ComputerSystem"}

_Rows = Iterator[Mapping[str, "Value"]]


def machines_on(
    host: Host, own: Repository, cluster: Cluster | None, repository: Repository | None
) -> list[tuple[MachineSettings, int]]:
    """The virtual machines that are on a host now, with their EnabledState."""
    found = [
        (hyperv_settings.current(own, machine), machine.enabled_state or _ENABLED) for machine in host.virtual_machines
    ]
    for machine in cluster.virtual_machines if cluster and repository else ():
        resource = repository.named("MSCluster_Resource", machine.resource) if repository else None
        if resource is None:
            continue
        owner = resource.values.get("OwnerNode") or machine.owner
        if str(owner).lower() == host.name.lower():
            default = _ENABLED if resource.values.get("State") == _ONLINE else _DISABLED
            settings = hyperv_settings.current(repository, machine.settings)
            found.append((settings, settings.enabled_state or default))
    return found


def _systems(host: Host, machines: list[tuple[MachineSettings, int]], _first: bool) -> _Rows:
    common: dict[str, Value] = {"CreationClassName": "Msvm_ComputerSystem", "HealthState": 5, "OperationalStatus": [2]}
    yield common | {
        "Name": host.name.upper(),
        "ElementName": host.name.upper(),
        "Caption": "Hosting Computer System",
        "Description": "Microsoft Hosting Computer System",
        "EnabledState": _ENABLED,
    }
    for machine, state in machines:
        yield common | {
            "Name": machine.id,
            "ElementName": machine.name,
            "Caption": "Virtual Machine",
            "Description": "Microsoft Virtual Machine",
            "EnabledState": state,
            "OnTimeInMilliseconds": 86_400_000 if state == _ENABLED else 0,
        }


def _snapshots(machine: MachineSettings) -> list[str]:
    return [identity(machine.id, "checkpoint", item.name).upper() for item in machine.checkpoints]


def _settings(_host: Host, machines: list[tuple[MachineSettings, int]], first: bool) -> _Rows:
    for machine, _state in machines:
        action = 3 if machine.automatic_shutdown_action is None else machine.automatic_shutdown_action
        named = [(machine.id, machine.name, "Microsoft:Hyper-V:System:Realized")]
        checkpoints = zip(_snapshots(machine), machine.checkpoints, strict=True)
        named += [(snapshot, item.name, item.type) for snapshot, item in checkpoints]
        for number, name, kind in named:
            common: dict[str, Value] = {
                "InstanceID": f"Microsoft:{number}",
                "ElementName": name,
                "CreationTime": "2025-11-02T09:10:11.123Z",
                "BIOSNumLock": False,
                "BootOrder": [0, 1, 2, 3],
            }
            if first:
                yield common | {
                    "Caption": "Virtual Machine",
                    "SettingType": 3 if number == machine.id else 5,
                    "SystemName": machine.id,
                    "VirtualSystemType": 301,
                }
                continue
            yield common | {
                "Caption": "Virtual Machine Settings",
                "VirtualSystemIdentifier": machine.id,
                "VirtualSystemType": kind,
                "AutomaticShutdownAction": action,
                "AutomaticStartupAction": 3,
                "AutomaticRecoveryAction": 3,
                "AutomaticCriticalErrorAction": machine.automatic_critical_error_action,
                "UserSnapshotType": machine.user_snapshot_type,
                "ConfigurationID": number,
            }


def _global_settings(host: Host, machines: list[tuple[MachineSettings, int]], _first: bool) -> _Rows:
    shift = 2 if VERSIONS[host.windows].has("2012") else 0  # since 2012 the estate file has the numbers of v2
    for machine, _state in machines:
        action = 1 if machine.automatic_shutdown_action is None else machine.automatic_shutdown_action - shift
        yield {
            "InstanceID": rf"Microsoft:{machine.id}\Global",
            "SystemName": machine.id,
            "ElementName": "Global Virtual Machine Settings",
            "Caption": "Global Virtual Machine Settings",
            "SettingType": 32768,
            "VirtualSystemType": 301,
            "AutomaticShutdownAction": action,
            "AutomaticStartupAction": 1,
            "AutomaticRecoveryAction": 1,
            "AllowFullSCSICommandSet": False,
        }


def _memory(_host: Host, machines: list[tuple[MachineSettings, int]], first: bool) -> _Rows:
    kind = "Microsoft Virtual Machine Memory" if first else "Microsoft:Hyper-V:Memory"
    common: dict[str, Value] = {"ElementName": "Memory", "ResourceType": 4, "ResourceSubType": kind}
    for limit in ("Default", "Minimum", "Maximum", "Increment"):
        yield common | {"InstanceID": rf"Microsoft:Definition\{_MEMORY}\{limit}", "DynamicMemoryEnabled": True}
    for machine, _state in machines:
        for number in (machine.id, *_snapshots(machine)):
            yield common | {
                "InstanceID": rf"Microsoft:{number}\{_MEMORY}",
                "DynamicMemoryEnabled": machine.dynamic_memory,
                "VirtualQuantity": machine.memory[0],
                "Reservation": machine.memory[1],
                "Limit": machine.memory[2],
            }


def _processors(_host: Host, machines: list[tuple[MachineSettings, int]], _first: bool) -> _Rows:
    common: dict[str, Value] = {"ElementName": "Processor", "ResourceType": 3}
    common["ResourceSubType"] = "Microsoft:Hyper-V:Processor"
    for limit in ("Default", "Minimum", "Maximum", "Increment"):
        yield common | {"InstanceID": rf"Microsoft:Definition\{_PROCESSOR}\{limit}", "VirtualQuantity": 1}
    for machine, _state in machines:
        for number in (machine.id, *_snapshots(machine)):
            yield common | {
                "InstanceID": rf"Microsoft:{number}\{_PROCESSOR}\0",
                "VirtualQuantity": machine.processors,
                "Limit": 100_000,
                "Reservation": 0,
                "Weight": 100,
            }


def _migration(host: Host, _machines: list[tuple[MachineSettings, int]], _first: bool) -> _Rows:
    yield {
        "InstanceID": f"Microsoft:{identity(host.name, 'migration service').upper()}",
        "Caption": "Virtual Machine Migration Service Settings",
        "ElementName": "Virtual Machine Migration Service Settings",
        "AuthenticationType": 0,
        "EnableCompression": True,
        "EnableSmbTransport": False,
        "EnableVirtualSystemMigration": bool(host.cluster),
        "MaximumActiveStorageMigration": 2,
        "MaximumActiveVirtualSystemMigration": 2,
        **host.live_migration,
    }


def _attached(machines: list[tuple[MachineSettings, int]]) -> Iterator[tuple[str, Disk]]:
    """The disks of the virtual machines and of their checkpoints, with the first part of their InstanceID."""
    for machine, _state in machines:
        for number in (machine.id, *_snapshots(machine)):
            for place, disk in enumerate(machine.disks):
                yield rf"Microsoft:{number}\{_CONTROLLER}\0\{place}", disk


def _drive_keys(host: Host, drive: int | None) -> dict[str, Value]:
    device = rf"Microsoft:{_PHYSICAL}\{drive}"
    keys: dict[str, Value] = {"CreationClassName": "Msvm_DiskDrive", "DeviceID": device}
    return keys | _SYSTEM | {"SystemName": host.name.upper()}


def _drive_path(host: Host, drive: int | None, *, first: bool) -> str:
    keys = {name: str(value).replace("\\", "\\\\") for name, value in _drive_keys(host, drive).items()}
    key_text = ",".join(f'{name}="{value}"' for name, value in keys.items())
    space = (FIRST if first else SECOND).replace("/", "\\")
    return rf"\\{host.name.upper()}\{space}:Msvm_DiskDrive.{key_text}"


def _storage(_host: Host, machines: list[tuple[MachineSettings, int]], _first: bool) -> _Rows:
    """The image files in root/virtualization/v2: virtual hard disks and DVD images."""
    for stem, disk in _attached(machines):
        if disk.drive is None:
            kind = "Virtual CD/DVD Disk" if disk.dvd else "Virtual Hard Disk"
            yield {
                "InstanceID": rf"{stem}\L",
                "ElementName": "Hard Disk Image" if disk.path else "ISO Disk Image",
                "ResourceType": 31,
                "ResourceSubType": f"Microsoft:Hyper-V:{kind}",
                "HostResource": [disk.path or disk.dvd],
                "VirtualQuantity": 1,
            }


def _resources(host: Host, machines: list[tuple[MachineSettings, int]], first: bool) -> _Rows:
    """The drives, and in root/virtualization also the image files."""
    prefix, drive_type, image_type = ("Microsoft ", 22, 21) if first else ("Microsoft:Hyper-V:", 17, 31)
    for limit in ("Default", "Minimum", "Maximum", "Increment"):
        yield {
            "InstanceID": rf"Microsoft:Definition\{_PHYSICAL}\{limit}",
            "ResourceType": drive_type,
            "ResourceSubType": f"{prefix}Physical Disk Drive",
        }
    for stem, disk in _attached(machines):
        physical = disk.drive is not None
        name = "Physical Disk Drive" if physical else "Synthetic DVD Drive" if disk.dvd else "Synthetic Disk Drive"
        yield {
            "InstanceID": rf"{stem}\D",
            "ElementName": "Physical Drive" if physical else "Hard Drive",
            "ResourceType": drive_type,
            "ResourceSubType": prefix + name,
            "HostResource": [_drive_path(host, disk.drive, first=first)] if physical else None,
        }
        if first and not physical:
            yield {
                "InstanceID": rf"{stem}\L",
                "ElementName": "Hard Disk Image",
                "ResourceType": image_type,
                "ResourceSubType": prefix + ("ISO Disk" if disk.dvd else "Virtual Hard Disk"),
                "Connection": [disk.path or disk.dvd],
            }


def _physical(machines: list[tuple[MachineSettings, int]]) -> dict[int, int]:
    """The bus types of the physical disks that are attached to virtual machines, by disk number."""
    return {disk.drive: disk.bus for machine, _state in machines for disk in machine.disks if disk.drive is not None}


def _drives(host: Host, machines: list[tuple[MachineSettings, int]], _first: bool) -> _Rows:
    for stem, disk in _attached(machines):
        if disk.drive is None and not disk.dvd:
            machine = stem.partition(":")[2].partition("\\")[0]
            keys: dict[str, Value] = {"CreationClassName": "Msvm_DiskDrive", "DeviceID": stem, "SystemName": machine}
            yield keys | _SYSTEM | {"ElementName": "Hard Drive", "Name": "Hard Drive"}
    for drive in _physical(machines):
        yield _drive_keys(host, drive) | {"DriveNumber": drive, "ElementName": f"Disk {drive}", "Name": "Hard Drive"}


def _shutdown(_host: Host, machines: list[tuple[MachineSettings, int]], _first: bool) -> _Rows:
    for machine, state in machines:
        if machine.shutdown_component is not None:
            yield _SYSTEM | {
                "CreationClassName": "Msvm_ShutdownComponent",
                "DeviceID": rf"Microsoft:{machine.id}\{identity(machine.id, 'shutdown').upper()}",
                "SystemName": machine.id,
                "ElementName": "Shutdown",
                "Name": "Shutdown",
                "EnabledState": _ENABLED,
                "OperationalStatus": [_NO_CONTACT if state in _STOPPED else machine.shutdown_component],
            }


def _disks(host: Host, machines: list[tuple[MachineSettings, int]], _first: bool) -> _Rows:
    system = {0: 10}
    space = rf"{{1}}\\{host.name.upper()}\root/Microsoft/Windows/Storage/Providers_v2"
    for number, bus in (system | _physical(machines)).items():
        attached = number not in system
        yield {
            "ObjectId": rf"{space}\WSP_Disk.ObjectId={number}",
            "Number": number,
            "BusType": bus,
            "FriendlyName": f"Disk {number}",
            "IsOffline": attached,
            "IsBoot": not attached,
            "IsSystem": not attached,
            "OperationalStatus": [53264 if attached else 53265],
        }


def _service(host: Host, _machines: list[tuple[MachineSettings, int]], _first: bool) -> _Rows:
    yield _SYSTEM | {
        "CreationClassName": hyperv_settings.SERVICE,
        "Name": "vmms",
        "SystemName": host.name.upper(),
        "ElementName": "Hyper-V Virtual System Management Service",
        "Caption": "Hyper-V Virtual System Management Service",
        "EnabledState": 5,
        "Started": True,
    }


_ROWS_BY_CLASS: dict[str, Callable[[Host, list[tuple[MachineSettings, int]], bool], _Rows]] = {
    "Msvm_ComputerSystem": _systems,
    "Msvm_VirtualSystemSettingData": _settings,
    "Msvm_VirtualSystemGlobalSettingData": _global_settings,
    "Msvm_MemorySettingData": _memory,
    "Msvm_ProcessorSettingData": _processors,
    "Msvm_VirtualSystemMigrationServiceSettingData": _migration,
    "Msvm_StorageAllocationSettingData": _storage,
    "Msvm_ResourceAllocationSettingData": _resources,
    "Msvm_DiskDrive": _drives,
    "Msvm_ShutdownComponent": _shutdown,
    "MSFT_Disk": _disks,
    hyperv_settings.SERVICE: _service,
}


def instances(cls: Class, host: Host, machines: list[tuple[MachineSettings, int]]) -> list[Instance]:
    """The instances of a class of Hyper-V or of the disks. Empty for other classes."""
    rows = _ROWS_BY_CLASS.get(cls.name) if cls.namespace in NAMESPACES else None
    empty: dict[str, Value] = {item.name: None for item in cls.properties.values()}
    found = rows(host, machines, cls.namespace == FIRST) if rows else ()
    return [Instance(cls, empty | {name: value for name, value in row.items() if name in empty}) for row in found]
