# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of virtual machines with missing or unknown values of Hyper-V."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import hyperv
from ansible_collections.winha.cluster.plugins.module_utils._windows.service import ProviderMissing
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    AccessDenied,
    Fault,
    Missing,
    NotFound,
    ResponseLost,
    ServerError,
)
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._windows.fake_host import (
    CIMV2,
    FakeHost,
    Rows,
    absent,
)

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._windows.unknown import Unknown

FIRST, SECOND = "root/virtualization", "root/virtualization/v2"
ID = "6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB"
OTHER = "7F0C5CC1-2B4E-4B3F-9F7E-0123456789AB"
HOST = {"Name": "HV01", "ElementName": "HV01", "EnabledState": 2}
GUEST = {"Name": ID, "ElementName": "EX01", "EnabledState": 2}
SETTINGS = {"VirtualSystemIdentifier": ID, "VirtualSystemType": "Microsoft:Hyper-V:System:Realized"}


def read(**rows: Rows) -> tuple[list[hyperv.VirtualMachine], dict[str, str]]:
    unknown: list[Unknown] = []
    host = FakeHost({(SECOND, name): found for name, found in rows.items()}, services=["vmms"])
    machines = hyperv.read_virtual_machines(t.cast("t.Any", host), unknown)
    return machines, {one.what.removeprefix("virtual_machines."): one.why for one in unknown}


def test_the_host_itself_is_not_a_virtual_machine() -> None:
    machines, unknown = read(Msvm_ComputerSystem=[HOST | {"Caption": "Ordinateur hôte"}])
    assert (machines, unknown) == ([], {})


def test_no_computer_system_is_an_error() -> None:
    with pytest.raises(ResponseLost, match="returned no computer systems"):
        read(Msvm_ComputerSystem=[])


def test_missing_values_are_unknown() -> None:
    (machine,), unknown = read(Msvm_ComputerSystem=[HOST, GUEST])
    assert (machine.settings, machine.dynamic_memory, machine.disks) == (None, None, ())
    assert machine.shutdown_component == "none"
    assert set(unknown) == {"automatic_stop_action", "checkpoints", "dynamic_memory"}
    assert all("EX01" in why for why in unknown.values())


@pytest.mark.parametrize(
    ("name", "details"),
    [
        ("Msvm_VirtualSystemSettingData", {"automatic_stop_action", "checkpoints"}),
        ("Msvm_MemorySettingData", {"dynamic_memory"}),
        ("Msvm_StorageAllocationSettingData", {"disks"}),
        ("Msvm_ResourceAllocationSettingData", {"disks"}),
        ("Msvm_ShutdownComponent", {"shutdown_component"}),
    ],
)
@pytest.mark.parametrize(
    "error", [Fault("slow", subcode="TimedOut"), ResponseLost("lost"), AccessDenied("no")], ids=str
)
def test_one_error_makes_one_detail_unknown(name: str, details: set[str], error: Fault) -> None:
    rows: dict[str, Rows] = {
        "Msvm_ComputerSystem": [HOST, GUEST],
        "Msvm_VirtualSystemSettingData": [SETTINGS | {"AutomaticShutdownAction": 4}],
        "Msvm_MemorySettingData": [{"InstanceID": f"Microsoft:{ID}\\x", "DynamicMemoryEnabled": False}],
    }
    (machine,), unknown = read(**rows | {name: error})
    assert set(unknown) == details
    assert (machine.name, machine.state) == ("EX01", "running")
    assert (machine.disks is None) == (details == {"disks"})
    assert (machine.dynamic_memory is None) == (details == {"dynamic_memory"})
    assert (machine.shutdown_component is None) == (details == {"shutdown_component"})
    assert (machine.settings is None) == ("checkpoints" in details)


def test_unknown_numbers_are_shown() -> None:
    (machine,), _unknown = read(
        Msvm_ComputerSystem=[HOST, GUEST | {"EnabledState": 4711}],
        Msvm_VirtualSystemSettingData=[
            SETTINGS | {"AutomaticShutdownAction": 9, "UserSnapshotType": 8},
            SETTINGS | {"VirtualSystemType": "Microsoft:Hyper-V:Snapshot:Replica:Standard", "ElementName": "a"},
            SETTINGS | {"VirtualSystemType": "Microsoft:Hyper-V:Snapshot:New", "ElementName": "b"},
        ],
        Msvm_ShutdownComponent=[{"SystemName": ID.lower(), "EnabledState": 2, "OperationalStatus": [77]}],
    )
    assert machine.state == "unknown (4711)"
    assert machine.settings is not None
    assert machine.settings.automatic_stop_action == "unknown (9)"
    assert machine.settings.checkpoint_type == "unknown (8)"
    assert [(one.name, one.kind) for one in machine.settings.checkpoints] == [("a", "replica"), ("b", "unknown (New)")]
    assert machine.shutdown_component == "unknown (77)"


def test_an_invalid_value_of_a_virtual_machine_costs_only_itself() -> None:
    other = {"Name": OTHER, "ElementName": "EX02", "EnabledState": "many"}
    good = {"AutomaticShutdownAction": 4, "UserSnapshotType": 2}
    settings = [SETTINGS | good, SETTINGS | good | {"VirtualSystemIdentifier": OTHER, "AutomaticShutdownAction": "x"}]
    memory = [
        {"InstanceID": f"Microsoft:{ID}\\m", "DynamicMemoryEnabled": True},
        {"InstanceID": f"Microsoft:{OTHER}\\m", "DynamicMemoryEnabled": "perhaps"},
    ]
    components = [{"SystemName": ID, "OperationalStatus": ["two"]}, {"SystemName": OTHER, "OperationalStatus": [2]}]
    (first, second), unknown = read(
        Msvm_ComputerSystem=[HOST, GUEST, other],
        Msvm_VirtualSystemSettingData=settings,
        Msvm_MemorySettingData=memory,
        Msvm_ShutdownComponent=components,
    )
    assert first.settings is not None
    assert second.settings is not None
    assert (first.state, second.state) == ("running", "unknown")
    assert (first.settings.automatic_stop_action, second.settings.automatic_stop_action) == ("shut_down", None)
    assert (first.dynamic_memory, second.dynamic_memory) == (True, None)
    assert (first.shutdown_component, second.shutdown_component) == ("unknown", "ok")
    assert {"state", "automatic_stop_action", "dynamic_memory", "shutdown_component"} <= set(unknown)


@pytest.mark.parametrize(
    ("enabled", "status", "expected"),
    [
        (2, [2], "ok"),
        (3, [2], "disabled"),
        (2, [3], "degraded"),
        (2, [7], "error"),
        (2, [12], "no_contact"),
        (2, [13], "lost_contact"),
        (2, [], "unknown"),
    ],
)
def test_the_state_of_the_shutdown_component(enabled: int, status: list[int], expected: str) -> None:
    row = {"SystemName": ID.lower(), "EnabledState": enabled, "OperationalStatus": status}
    (machine,), _unknown = read(Msvm_ComputerSystem=[HOST, GUEST], Msvm_ShutdownComponent=[row])
    assert machine.shutdown_component == expected


def test_a_checkpoint_without_a_virtual_machine_is_unknown() -> None:
    stray = {"VirtualSystemIdentifier": OTHER, "VirtualSystemType": "Microsoft:Hyper-V:Snapshot:Realized"}
    rows = [SETTINGS | {"AutomaticShutdownAction": 4}, stray | {"ElementName": "stray"}]
    _machines, unknown = read(Msvm_ComputerSystem=[HOST, GUEST], Msvm_VirtualSystemSettingData=rows)
    assert "stray" in unknown["checkpoints"]


def test_an_unknown_drive_is_pass_through() -> None:
    drive = {"InstanceID": f"Microsoft:{ID}\\c\\0\\0\\D", "HostResource": None}
    limits = {"InstanceID": "Microsoft:Definition\\x\\Default", "HostResource": None}
    (machine,), _unknown = read(
        Msvm_ComputerSystem=[HOST, GUEST],
        Msvm_ResourceAllocationSettingData=[limits, drive],
        MSFT_Disk=ResponseLost("lost"),
    )
    assert machine.disks is not None
    assert [(one.path, one.kind) for one in machine.disks] == [(None, "pass_through")]


def test_a_drive_whose_bus_type_cannot_be_read_is_unknown() -> None:
    path = r'\\HV01\root\virtualization\v2:Msvm_DiskDrive.DeviceID="Microsoft:1\\2"'
    drive = {"InstanceID": f"Microsoft:{ID}\\c\\0\\0\\D", "HostResource": [path]}
    rows: dict[tuple[str, str], Rows] = {
        (SECOND, "Msvm_ComputerSystem"): [HOST, GUEST],
        (SECOND, "Msvm_ResourceAllocationSettingData"): [drive],
        (SECOND, "Msvm_DiskDrive"): [{"DeviceID": r"Microsoft:1\2", "DriveNumber": 3}],
        ("root/microsoft/windows/storage", "MSFT_Disk"): ResponseLost("lost"),
    }
    unknown: list[Unknown] = []
    (machine,) = hyperv.read_virtual_machines(t.cast("t.Any", FakeHost(rows, services=["vmms"])), unknown)
    assert [(one.path, one.kind) for one in machine.disks or ()] == [(r"\\.\PHYSICALDRIVE3", "unknown")]
    assert "virtual_machines.disks.kind" in {one.what for one in unknown}


@pytest.mark.parametrize("error", [Fault("broken", hresult=0x80041001), Fault("slow", subcode="TimedOut")], ids=str)
def test_other_errors_do_not_mean_that_hyper_v_is_missing(error: Fault) -> None:
    with pytest.raises(Fault) as caught:
        read(Msvm_ComputerSystem=error)
    assert caught.value is error


def systems(error: Fault, *, build: int = 17763, services: t.Sequence[str] = ()) -> t.Any:
    """Read a host on which the computer systems of the second namespace cannot be read."""
    rows = {(SECOND, "Msvm_ComputerSystem"): error, (FIRST, ""): absent()}
    host = FakeHost(rows, build=build, services=services)
    return hyperv.read_virtual_machines(t.cast("t.Any", host), [])


@pytest.mark.parametrize("missing", [Missing.NAMESPACE, Missing.CLASS, Missing.CLASS_OR_NAMESPACE, Missing.SOMETHING])
def test_without_the_service_and_the_classes_there_is_no_hyper_v(missing: Missing) -> None:
    with pytest.raises(hyperv.NoHyperV, match="hv01 has no Hyper-V"):
        systems(absent(missing))


def test_the_service_without_the_classes_is_a_missing_registration() -> None:
    with pytest.raises(ProviderMissing, match=r"has the service vmms of Hyper-V \(running\), but not its WMI classes"):
        systems(absent(), services=["vmms"])


def test_a_missing_instance_is_not_a_missing_role() -> None:
    with pytest.raises(NotFound, match="gone"):
        systems(absent(Missing.INSTANCE))


def test_services_that_the_account_cannot_see_are_no_proof() -> None:
    host = FakeHost({(SECOND, ""): absent(), (CIMV2, "Win32_Service"): []})
    with pytest.raises(ServerError, match="returned no services"):
        hyperv.read_virtual_machines(t.cast("t.Any", host), [])


@pytest.mark.parametrize("error", [absent(), Fault("refused", code=0x8033801A), Fault("broken", hresult=0x80041001)])
def test_only_the_build_number_leads_to_the_classes_of_2008_r2(error: Fault) -> None:
    first = [{"Name": "HV01", "ElementName": "HV01", "EnabledState": 2}]
    for build, older in ((7601, True), (9200, False)):
        host = FakeHost({(SECOND, ""): error, (FIRST, "Msvm_ComputerSystem"): first}, build=build, services=["vmms"])
        if older:
            assert hyperv.read_virtual_machines(t.cast("t.Any", host), []) == []
        else:
            with pytest.raises(ServerError):
                hyperv.read_virtual_machines(t.cast("t.Any", host), [])
