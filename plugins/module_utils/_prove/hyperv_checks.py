# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to look at what the collection assumes about Hyper-V. Private to this collection."""

from __future__ import annotations

import typing as t

from .._windows import adapter, disk, hyperv
from .host_checks import guids_of
from .point import Different, Nothing

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client
    from .point import Seen

_STATES = (2, 3, 4, 6, 9, 10, 32768, 32769, 32770, 32771, 32773, 32774, 32776, 32777)
_NUMBERS: t.Mapping[str, t.Container[int]] = {
    "AutomaticShutdownAction": hyperv.STOP_ACTIONS[hyperv.SECOND],
    "UserSnapshotType": hyperv.CHECKPOINT_TYPES,
    "AutomaticCriticalErrorAction": (0, 1),
}
_CONNECTED = ("Msvm_ExternalEthernetPort", "Msvm_VirtualEthernetSwitch", "Msvm_ComputerSystem")
_DEFINITION = "microsoft:definition"
_WITHOUT_MACHINES = "the host has no virtual machine"


def _machines(seen: Seen) -> dict[str, Instance]:
    """The virtual machines by id. The host has a name instead of an id."""
    found = {adapter.guid_in(row.text("Name")): row for row in seen.rows["hyperv.machines"]}
    found.pop("", None)
    if not found:
        raise Nothing(_WITHOUT_MACHINES)
    return found


def machine_states(_client: Client, seen: Seen) -> str:
    """Whether the numbers of the states are known."""
    numbers = {row.text("ElementName"): row.integer("EnabledState") for row in _machines(seen).values()}
    for name, number in numbers.items():
        if number not in _STATES:
            raise Different(f"EnabledState of {name} is {number}")
    return ", ".join(map(str, sorted({number for number in numbers.values() if number is not None})))


def setting_values(_client: Client, seen: Seen) -> str:
    """Whether the numbers of the settings are known."""
    rows = seen.rows["hyperv.settings"]
    if not rows:
        raise Nothing(_WITHOUT_MACHINES)
    for row in rows:
        for name, known in _NUMBERS.items():
            number = row.integer(name)
            if number is not None and number not in known:
                raise Different(f"{name} of {row.text('ElementName')} is {number}")
    return f"{len(rows)} rows"


def setting_owners(_client: Client, seen: Seen) -> str:
    """Whether each virtual machine has settings with its id."""
    known = {(row.text("VirtualSystemIdentifier") or "").casefold() for row in seen.rows["hyperv.settings"]}
    for number, row in _machines(seen).items():
        if number not in known:
            raise Different(f"no settings have the id of {row.text('ElementName')}")
    return f"{len(known)} ids"


def ids(_client: Client, seen: Seen) -> str:
    """Whether memory and processors are found by the id of their virtual machine."""
    for point in ("hyperv.memory", "hyperv.processors"):
        known = {disk.owner_of(row).casefold() for row in seen.rows[point]}
        for number, row in _machines(seen).items():
            if number not in known:
                raise Different(f"no row of {point} has the id of {row.text('ElementName')}")
    return f"{len(_machines(seen))} virtual machines"


def image_paths(_client: Client, seen: Seen) -> str:
    """Whether the paths of images are of a known kind."""
    rows = [row for row in seen.rows["hyperv.images"] if not _is_definition(row)]
    if not rows:
        raise Nothing("no virtual machine has a virtual hard disk")
    kinds = set()
    for row in rows:
        found = disk.image(row, "HostResource")
        if found.kind == "unknown":
            raise Different(f"HostResource is {found.path}")
        kinds.add(found.kind)
    return ", ".join(sorted(kinds))


def management_service(client: Client, _seen: Seen) -> str:
    """Whether the service that changes settings has a reference."""
    wql = "SELECT * FROM Msvm_VirtualSystemManagementService"
    rows = client.query(hyperv.SECOND, wql, operation="reading the management service of Hyper-V")
    if len(rows) != 1 or rows[0].reference is None:
        raise Different(f"{len(rows)} instances" if len(rows) != 1 else "no reference")
    return "one instance with its reference"


def connection_ids(_client: Client, seen: Seen) -> str:
    """Whether the connections of virtual switches show their switch and what is connected."""
    rows = [row for row in seen.rows["hyperv.connections"] if not _is_definition(row)]
    if not rows:
        raise Nothing("the host has no virtual switch")
    for row in rows:
        if not adapter.guid_in(row.text("InstanceID")):
            raise Different(f"the InstanceID is {row.text('InstanceID')}")
        for path in row.array("HostResource") or ():
            if path and not any(name in path for name in _CONNECTED):
                raise Different(f"HostResource of {row.text('ElementName')} is {path}")
    return f"{len(rows)} connections"


def internal_port_ids(_client: Client, seen: Seen) -> str:
    """Whether virtual adapters of the host are found by their GUID."""
    ports = seen.rows["hyperv.internal_ports"]
    if not ports:
        raise Nothing("the host has no virtual adapter")
    known = guids_of(seen.rows["windows.adapters"], "InterfaceGuid")
    for port in ports:
        if adapter.guid_in(port.text("DeviceID")) not in known:
            raise Different(f"the DeviceID of {port.text('ElementName')} is {port.text('DeviceID')}")
    return f"{len(ports)} virtual adapters"


def _is_definition(row: Instance) -> bool:
    return (row.text("InstanceID") or "").casefold().startswith(_DEFINITION)
