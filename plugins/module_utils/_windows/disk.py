# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The location of the disks of virtual machines. Private to this collection.

Sources: Msvm_StorageAllocationSettingData and Msvm_ResourceAllocationSettingData in both Hyper-V namespaces,
Msvm_DiskDrive, MSFT_Disk.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from . import adapter
from .columns import read_columns
from .unknown import attempt

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client
    from .unknown import Unknown

_STORAGE = "root/microsoft/windows/storage"
_ISCSI = 9  # MSFT_Disk.BusType
_DEVICE = re.compile(r'DeviceID="((?:[^"\\]|\\.)*)"')
_SHARED_VOLUME = re.compile(r"[A-Z]:\\ClusterStorage\\", re.IGNORECASE)
_LOCAL = re.compile(r"([A-Z]:|Volume\{)", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A hard disk of a virtual machine.

    C(kind) is C(shared_volume), C(smb) or C(file) for an image, C(pass_through) or C(iscsi) for a disk of the host,
    and C(unknown). C(iscsi) is only for disks of the host, not for an initiator in the guest operating system.
    """

    path: str | None
    kind: str


def kind_of(path: str) -> str:
    """Derive the kind of location from the path of an image.

    Cluster shared volumes are mounted in C(ClusterStorage) on the system drive of every node.
    """
    local = path.removeprefix("\\\\?\\")
    if local.casefold().startswith("unc\\") or (local == path and re.match(r"\\\\[^.?\\]", path)):
        return "smb"
    if _SHARED_VOLUME.match(local):
        return "shared_volume"
    return "file" if _LOCAL.match(local) else "unknown"


def image(item: Instance, name: str) -> Disk:
    """The disk of an image; C(name) is the property with its path."""
    path = next(iter(item.array(name) or ()), "")
    return Disk(path=path or None, kind=kind_of(path))


def read_drives(
    client: Client, namespace: str, items: t.Sequence[Instance], unknown: list[Unknown], *, buses: bool
) -> list[Disk]:
    """Read the pass-through disks of the settings, with two queries if there are any.

    With C(buses) (Windows Server 2012 and later), iSCSI disks are detected. If the bus types cannot be read, the kinds
    are C(unknown) and the reason is added to C(unknown).
    """
    if not items:
        return []
    operation = "reading the disk drives of the host"
    found = read_columns(client, namespace, "Msvm_DiskDrive", "DeviceID, DriveNumber", operation=operation)
    numbers = {(item.text("DeviceID") or "").casefold(): item.integer("DriveNumber") for item in found}
    if not buses:
        return [_drive(numbers.get(_device(item)), {}) for item in items]
    bus_types = attempt("virtual_machines.disks.kind", lambda: _read_bus_types(client), unknown)
    return [_drive(numbers.get(_device(item)), bus_types) for item in items]


def _drive(number: int | None, bus_types: t.Mapping[int | None, int | None] | None) -> Disk:
    if number is None:
        return Disk(path=None, kind="pass_through")
    if bus_types is None:
        return Disk(path=rf"\\.\PHYSICALDRIVE{number}", kind="unknown")
    kind = "iscsi" if bus_types.get(number) == _ISCSI else "pass_through"
    return Disk(path=rf"\\.\PHYSICALDRIVE{number}", kind=kind)


def _device(item: Instance) -> str:
    """The DeviceID in the object path of a drive, which contains doubled backslashes."""
    found = _DEVICE.search(next(iter(item.array("HostResource") or ()), ""))
    return re.sub(r"\\(.)", r"\1", found[1]).casefold() if found else ""


def _read_bus_types(client: Client) -> dict[int | None, int | None]:
    found = read_columns(client, _STORAGE, "MSFT_Disk", "BusType, Number", operation="reading the host's disks")
    return {item.integer("Number"): item.integer("BusType") for item in found}


def owner_of(item: Instance) -> str:
    """The id of the virtual machine or checkpoint in the id of its settings, from C(Microsoft:<id>\\...)."""
    return adapter.guid_in(item.text("InstanceID"))
