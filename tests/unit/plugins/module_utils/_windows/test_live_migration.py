# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host live migrates, its processors, and which virtual machine it is."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import guest, live_migration, processor, registry
from ansible_collections.winha.cluster.plugins.module_utils._windows.version import WindowsVersion
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import AccessDenied, ResponseLost, ServerError
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._windows.fake_host import (
    CIMV2,
    FakeHost,
    Rows,
    absent,
)

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._windows.unknown import Unknown

HYPER_V, STANDARD = "root/virtualization/v2", "root/standardcimv2"
OTHER = "B637F346-6A0E-4DEC-AF52-BD70CB80A21D"
SERVICE, RDMA = "Msvm_VirtualSystemMigrationServiceSettingData", "MSFT_NetAdapterRdmaSettingData"
NEW = WindowsVersion(17763)
ID = "6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB"


def migration(
    build: int = 17763, settings: t.Any = None, rdma: t.Any = (), services: t.Sequence[str] = ("vmms",)
) -> tuple[t.Any, list[Unknown], list[str]]:
    unknown: list[Unknown] = []
    rows: dict[tuple[str, str], Rows] = {(HYPER_V, SERVICE): settings, (STANDARD, RDMA): rdma}
    host = FakeHost(rows, build=build, services=services)
    found = live_migration.read_live_migration(t.cast("t.Any", host), WindowsVersion(build), unknown)
    return found, unknown, [wql.rpartition("FROM ")[2] for wql in host.asked]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"EnableSmbTransport": True, "EnableCompression": True}, "smb"),
        ({"EnableSmbTransport": False, "EnableCompression": True}, "compression"),
        ({"EnableSmbTransport": False, "EnableCompression": False}, "tcp"),
        ({"EnableSmbTransport": None, "EnableCompression": None}, None),  # Windows Server 2012
        ({"EnableSmbTransport": False}, None),
    ],
)
def test_smb_wins_over_compression(values: dict[str, t.Any], expected: str | None) -> None:
    found, unknown, asked = migration(settings=[values | {"AuthenticationType": 1}])
    assert (found["transport"], found["authentication"], unknown) == (expected, "kerberos", [])
    assert asked == [SERVICE, *([RDMA] if expected == "smb" else [])]


def test_rdma_is_read_only_for_smb_and_its_fault_costs_only_itself() -> None:
    smb = [{"EnableSmbTransport": True, "EnableCompression": True}]
    rows = [{"Name": "LM2", "Enabled": True}, {"Name": "LM1", "Enabled": True, "OperationalState": False},
            {"Name": "LM3", "Enabled": False}]  # fmt: skip
    assert migration(settings=smb, rdma=rows)[0]["rdma_adapters"] == ["LM2"]
    found, unknown, _asked = migration(settings=smb, rdma=AccessDenied("no"))
    assert (found["transport"], found["rdma_adapters"]) == ("smb", None)
    assert [one.what for one in unknown] == ["live_migration.rdma_adapters"]


def test_without_hyper_v_and_before_2012_there_is_nothing() -> None:
    assert migration(7601) == (None, [], [])
    assert migration(settings=absent(), services=())[0] is None
    with pytest.raises(ServerError, match="not its WMI classes"):
        migration(settings=absent())


def test_network_atc_is_asked_for_from_the_first_release_on_that_has_it() -> None:
    assert [migration(build, settings=[{}])[2][1:] for build in (17763, 20348)] == [
        [],
        ["Win32_Service WHERE Name='NetworkATC' OR Name='Winmgmt'"],
    ]


def test_the_processors_of_checkpoints_and_defaults_are_not_those_of_machines() -> None:
    rows: dict[tuple[str, str], Rows] = {
        (HYPER_V, "Msvm_ProcessorSettingData"): [
            {"InstanceID": f"Microsoft:{ID.lower()}\\x\\0", "VirtualQuantity": 8},
            {"InstanceID": f"Microsoft:Definition\\{OTHER}\\Default", "VirtualQuantity": 1},
        ],
        (CIMV2, "Win32_Processor"): [{"NumberOfCores": 16, "NumberOfLogicalProcessors": 32}] * 2,
    }
    found = processor.read_processors(t.cast("t.Any", FakeHost(rows)), NEW)
    assert found == {"cores": 32, "logical": 64, "virtual": {ID: 8}}
    rows[CIMV2, "Win32_Processor"] = [{"NumberOfCores": 16}, {"NumberOfCores": None}]
    found = processor.read_processors(t.cast("t.Any", FakeHost(rows)), NEW)
    assert found is not None
    assert (found["cores"], found["logical"]) == (None, None)
    none = FakeHost({(HYPER_V, "Msvm_ProcessorSettingData"): absent()})
    assert processor.read_processors(t.cast("t.Any", none), NEW) is None
    older = FakeHost(rows, build=7601)
    assert (processor.read_processors(t.cast("t.Any", older), WindowsVersion(7601)), older.asked) == (None, [])


def own_machine(monkeypatch: pytest.MonkeyPatch, model: str | None, **values: str) -> t.Any:
    monkeypatch.setattr(registry, "read_value", lambda _client, value: values.get(value.name))
    host = FakeHost({(CIMV2, "Win32_ComputerSystem"): [{"Manufacturer": "x", "Model": model}]})
    return guest.read_guest(t.cast("t.Any", host))


def test_a_host_is_a_virtual_machine_by_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"VirtualMachineName": "EX01", "VirtualMachineId": f"{{{ID.lower()}}}", "PhysicalHostName": "HV01"}
    assert own_machine(monkeypatch, "Virtual Machine", **names) == {
        "machine_name": "EX01", "machine_id": ID, "host": "HV01",
    }  # fmt: skip
    # Without Data Exchange it is still no physical host.
    assert own_machine(monkeypatch, "Virtual Machine") == {"machine_name": None, "machine_id": None, "host": None}
    assert own_machine(monkeypatch, "VMware7,1", **names) is None
    with pytest.raises(ResponseLost, match="returned no model"):
        own_machine(monkeypatch, None)


@pytest.mark.parametrize(("number", "word"), [(0, "credssp"), (1, "kerberos"), (2, "unknown (2)"), (None, None)])
def test_each_kind_of_authentication(number: int | None, word: str | None) -> None:
    found, unknown, _asked = migration(settings=[{"EnableSmbTransport": False, "AuthenticationType": number}])
    assert (found["authentication"], unknown) == (word, [])
