# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processors of a Hyper-V host and of its virtual machines. Private to this collection.

Sources: Microsoft, Win32_Processor and Msvm_ProcessorSettingData.
"""

from __future__ import annotations

import typing as t

from .._wsman.errors import NotFound
from . import adapter, disk, service
from .columns import read_columns
from .version import WINDOWS_2012

if t.TYPE_CHECKING:
    from .._wsman.client import Client
    from .version import WindowsVersion

_VIRTUALIZATION = "root/virtualization/v2"


def read_processors(client: Client, windows: WindowsVersion) -> dict[str, t.Any] | None:
    """Read C(cores), C(logical), and C(virtual) by the id of the virtual machine.

    C(None) without Hyper-V, and before Windows Server 2012.

    Checkpoints have rows with ids of their own.
    """
    if windows < WINDOWS_2012:
        return None
    operation = "reading the processors of the virtual machines"
    columns = "InstanceID, VirtualQuantity"
    try:
        found = read_columns(client, _VIRTUALIZATION, "Msvm_ProcessorSettingData", columns, operation=operation)
    except NotFound as exc:
        if service.is_absent(client, adapter.HYPER_V, exc):
            return None
        raise
    virtual = {
        disk.owner_of(item).upper(): item.integer("VirtualQuantity")
        for item in found
        if not (item.text("InstanceID") or "").startswith("Microsoft:Definition")
    }
    columns, operation = "NumberOfCores, NumberOfLogicalProcessors", "reading the processors of the host"
    sockets = read_columns(client, "root/cimv2", "Win32_Processor", columns, operation=operation)
    cores, logical = (
        [item.integer(name) for item in sockets] for name in ("NumberOfCores", "NumberOfLogicalProcessors")
    )
    return {"cores": _total(cores), "logical": _total(logical), "virtual": virtual}


def _total(numbers: t.Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known and len(known) == len(numbers) else None
