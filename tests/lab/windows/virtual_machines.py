# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Hyper-V keys of a virtual machine in the estate file: settings, disks and checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..checks import EstateError, check_keys
from ..identity import identity

KEYS = {
    "enabled_state",
    "automatic_shutdown_action",
    "dynamic_memory",
    "memory",
    "user_snapshot_type",
    "checkpoints",
    "disks",
    "shutdown_component",
    "automatic_critical_error_action",
    "processors",
}
_SNAPSHOT = "Microsoft:Hyper-V:Snapshot:Realized"
_SAS, _OK = 10, 2
_STATIC, _DYNAMIC = (16384, 16384, 16384), (16384, 512, 1048576)


@dataclass(frozen=True, slots=True)
class Disk:
    """A virtual hard disk, the image in a DVD drive, or a disk drive of the host with its bus (MSFT_Disk.BusType)."""

    path: str = ""
    dvd: str = ""
    drive: int | None = None
    bus: int = _SAS


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint. `type` is its VirtualSystemType in root/virtualization/v2."""

    name: str
    type: str = _SNAPSHOT


@dataclass(frozen=True, slots=True)
class MachineSettings:
    """The settings of a virtual machine, with the raw values of its Windows version. None is the default of Windows."""

    name: str
    id: str
    enabled_state: int | None = None
    automatic_shutdown_action: int | None = None
    dynamic_memory: bool = False
    user_snapshot_type: int = 3
    checkpoints: tuple[Checkpoint, ...] = ()
    disks: tuple[Disk, ...] = field(default=())
    shutdown_component: int | None = _OK
    automatic_critical_error_action: int = 1
    processors: int = 4
    memory: tuple[int, int, int] = _STATIC  # startup, minimum and maximum in MB


def _disk(where: str, data: Any) -> Disk:
    if isinstance(data, str):
        return Disk(path=data)
    body = check_keys(f"a disk of {where}", data, {"path", "dvd", "drive", "bus"}, set())
    if sum(key in body for key in ("path", "dvd", "drive")) != 1:
        raise EstateError(f"a disk of {where} needs one of path, dvd and drive")
    return Disk(**body)


def _checkpoint(where: str, data: Any) -> Checkpoint:
    if isinstance(data, str):
        return Checkpoint(data)
    return Checkpoint(**check_keys(f"a checkpoint of {where}", data, {"type"}, {"name"}))


def machine_settings(where: str, name: str, vm_id: str, body: dict[str, Any], *, default_disk: str) -> MachineSettings:
    """Check the Hyper-V keys of a virtual machine."""
    given = {key: body[key] for key in KEYS & set(body)}
    given["checkpoints"] = tuple(_checkpoint(where, item) for item in given.get("checkpoints", ()))
    given["disks"] = tuple(_disk(where, item) for item in given.get("disks", (default_disk,)))
    memory = tuple(given.get("memory", _DYNAMIC if given.get("dynamic_memory") else _STATIC))
    if len(memory) != 3:
        raise EstateError(f"the memory of {where} must be its startup, minimum and maximum")
    return MachineSettings(name, vm_id.upper(), **{**given, "memory": memory})


def standalone(host: str, items: Any, extension: str) -> tuple[MachineSettings, ...]:
    """The virtual machines of a host that are not clustered."""
    found: list[MachineSettings] = []
    for data in items:
        where = f"virtual machine {len(found) + 1} of {host}"
        body = check_keys(where, data, KEYS, {"name"})
        path = rf"D:\Hyper-V\{body['name']}\{body['name']}.{extension}"
        found.append(machine_settings(where, body["name"], identity(host, "vm", body["name"]), body, default_disk=path))
    return tuple(found)
