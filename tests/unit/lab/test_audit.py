# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instances of hotfixes, events and virtual machines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import yaml
from lab import estate
from lab.checks import EstateError
from lab.running import running
from network_estate import CIMV2, HYPERV, query
from raw_client import TYPE, WMI, Client
from unit_estate import NET

FIRST = WMI + "root/virtualization/"
STORAGE = WMI + "root/microsoft/windows/storage/"
OLD = [{"name": "OLD"}]
ESTATE = {
    "name": "audit",
    "credentials": {"user": "Administrator", "password": "Lab-Passw0rd"},
    "listeners": {"http": 15985, "https": 15986},
    "hosts": [
        {"name": "h1", "address": f"{NET}.81", "windows": 2022, "cluster": "C1", "log_days": 2},
        {
            "name": "h2",
            "address": f"{NET}.82",
            "windows": 2022,
            "cluster": "C1",
            "hotfixes": ["KB1", {"HotFixID": "File 1", "ServicePackInEffect": "KB2", "InstalledOn": "1/2/2026"}],
            "events": [
                {"event": 1135, "days_ago": 2, "message": "gone", "strings": ["h1"], "count": 3, "hours_apart": 48},
                {"event": 6005, "days_ago": 1, "source": "EventLog"},
                {"event": 1135, "days_ago": 1, "log": "Application"},
            ],
        },
        {"name": "r2", "address": f"{NET}.83", "windows": "2008 R2", "first_page": "full", "virtual_machines": OLD},
        {"name": "w12", "address": f"{NET}.84", "windows": 2012, "virtual_machines": [{"name": "MID"}]},
        {"name": "w12r2", "address": f"{NET}.85", "windows": "2012 R2", "virtual_machines": [{"name": "MID"}]},
        {"name": "bare", "address": f"{NET}.86", "windows": 2022},
    ],
    "clusters": [
        {
            "name": "C1",
            "fqdn": "c1.example.test",
            "virtual_machines": [
                {
                    "name": "EX01",
                    "owner": "h1",
                    "automatic_shutdown_action": 4,
                    "dynamic_memory": True,
                    "checkpoints": ["one"],
                    "disks": [r"C:\ClusterStorage\Volume1\a.vhdx", {"dvd": r"C:\b.iso"}, {"drive": 7, "bus": 9}],
                },
                {"name": "EX02", "owner": "h2", "state": 3},
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    path = tmp_path_factory.mktemp("audit") / "audit.yml"
    path.write_text(yaml.safe_dump(ESTATE), encoding="utf-8")
    with running(path, tmp_path_factory.mktemp("state")) as lab:
        yield lab


@pytest.fixture
def host(started):
    started.reset()
    opened = []

    def connect(name):
        opened.append(Client(started.estate.host(name).address, 15985))
        return opened[-1]

    yield connect
    for item in opened:
        item.close()


def literal(days_ago, offset="+000"):
    return (datetime.now(tz=UTC) - timedelta(days=days_ago)).strftime(f"%Y%m%d%H%M%S.000000{offset}")


def codes(client, condition):
    found = query(client, f"SELECT * FROM Win32_NTLogEvent WHERE {condition}", CIMV2)
    return [code for row in found if (code := int(row["EventCode"])) != 6013]


def test_hotfixes_are_listed(host):
    found = query(host("h2"), "SELECT * FROM Win32_QuickFixEngineering", CIMV2)
    assert [(row["HotFixID"], row["ServicePackInEffect"], row["InstalledOn"]) for row in found] == [
        ("KB1", None, None),
        ("File 1", "KB2", "1/2/2026"),
    ]


def test_events_have_the_ages_of_the_estate_file(host):
    client = host("h2")
    assert codes(client, "Logfile='System'") == [6009, 1135, 1135, 1135, 6005]
    assert codes(client, f"Logfile='System' AND TimeGenerated<'{literal(399)}'") == [6009]
    assert codes(host("h1"), f"Logfile='System' AND TimeGenerated<'{literal(3)}'") == []
    assert codes(client, f"Logfile='System' AND TimeGenerated>='{literal(3)}'") == [1135, 6005]
    assert codes(client, f"Logfile='System' AND EventCode=1135 AND TimeGenerated>='{literal(4.5)}'") == [1135, 1135]
    assert codes(client, f"TimeGenerated<'{literal(1.5)}' AND (EventCode=1135 OR EventCode=6005)") == [1135] * 3
    assert codes(client, "Logfile='Application'") == [1135]


def test_a_date_in_a_query_ends_with_its_utc_offset(host):
    client = host("h2")
    assert codes(client, f"EventCode=6005 AND TimeGenerated>='{literal(1.02, '+000')}'") == [6005]
    assert codes(client, f"EventCode=6005 AND TimeGenerated>='{literal(1.02, '-120')}'") == []
    assert codes(client, f"EventCode=6005 AND TimeGenerated>='{literal(0.98, '+120')}'") == [6005]


def test_an_event_is_written_with_an_iso_date_and_its_strings(host):
    response = host("h2").enumerate("SELECT * FROM Win32_NTLogEvent WHERE EventCode=6005", CIMV2 + "*")
    (item,) = response.items
    assert item.get(TYPE) == "p:Win32_NTLogEvent_Type"
    values = {part.tag.rpartition("}")[2]: part for part in item}
    written = datetime.fromisoformat(values["TimeGenerated"][0].text)
    assert abs(datetime.now(tz=UTC) - timedelta(days=1) - written) < timedelta(minutes=5)
    assert (values["SourceName"].text, values["Logfile"].text) == ("EventLog", "System")
    assert "InsertionStrings" not in values


@pytest.mark.parametrize(
    "condition",
    [
        "TimeGenerated>='2026-01-01T00:00:00Z'",
        "TimeGenerated>='20260101'",
        "TimeGenerated>='20261301000000.000000+000'",
        "TimeGenerated>=20260101000000",
        "TimeGenerated LIKE '2026%'",
        "EventCode=1 OR NOT TimeGenerated>='yesterday'",
    ],
)
def test_invalid_dates_are_refused(host, condition):
    response = host("h2").enumerate(f"SELECT * FROM Win32_NTLogEvent WHERE {condition}", CIMV2 + "*")
    assert (response.status, response.subcode, response.code) == (500, "n:CannotProcessFilter", 2150858778)


def names(client, base=HYPERV):
    return [row["ElementName"] for row in query(client, "SELECT * FROM Msvm_ComputerSystem", base)]


def test_a_virtual_machine_is_on_its_owner_node(host, started):
    first, second = host("h1"), host("h2")
    assert (names(first), names(second)) == (["H1", "EX01"], ["H2", "EX02"])
    (machine,) = query(second, "SELECT * FROM Msvm_ComputerSystem WHERE ElementName='EX02'", HYPERV)
    assert machine["EnabledState"] == "3"
    repository = started.cluster("C1")
    resource = repository.named("MSCluster_Resource", "Virtual Machine EX01")
    assert machine["Name"] != resource.values["PrivateProperties"].members["VmID"].upper()
    repository.write(resource, {"OwnerNode": "h2"})
    assert (names(first), names(second)) == (["H1"], ["H2", "EX01", "EX02"])
    found = second.get("Msvm_ComputerSystem", HYPERV, CreationClassName="Msvm_ComputerSystem", Name="H2")
    assert found.status == 200


def test_instances_of_root_virtualization_v2(host):
    client = host("h1")
    (system,) = query(client, "SELECT * FROM Msvm_ComputerSystem WHERE Caption='Virtual Machine'", HYPERV)
    number = system["Name"]
    settings = query(client, "SELECT * FROM Msvm_VirtualSystemSettingData", HYPERV)
    assert [(row["VirtualSystemType"], row["VirtualSystemIdentifier"]) for row in settings] == [
        ("Microsoft:Hyper-V:System:Realized", number),
        ("Microsoft:Hyper-V:Snapshot:Realized", number),
    ]
    assert (settings[0]["AutomaticShutdownAction"], settings[0]["UserSnapshotType"]) == ("4", "3")
    where = "WHERE ResourceSubType='Microsoft:Hyper-V:Virtual Hard Disk'"
    images = query(client, f"SELECT * FROM Msvm_StorageAllocationSettingData {where}", HYPERV)
    # The checkpoint has its own settings.
    assert [row["HostResource"] for row in images] == [r"C:\ClusterStorage\Volume1\a.vhdx"] * 2
    assert [row["InstanceID"].startswith(f"Microsoft:{number}") for row in images] == [True, False]
    where = "WHERE ResourceSubType='Microsoft:Hyper-V:Physical Disk Drive' AND HostResource IS NOT NULL"
    drive = query(client, f"SELECT * FROM Msvm_ResourceAllocationSettingData {where}", HYPERV)[0]
    # The drive of a virtual machine is also an instance.
    *drives, device = query(client, "SELECT * FROM Msvm_DiskDrive", HYPERV)
    assert {row["SystemName"] for row in drives} > {number}
    assert device["SystemName"] == "H1"
    assert device["DriveNumber"] == "7"
    assert device["DeviceID"].replace("\\", "\\\\") in drive["HostResource"]
    disks = query(client, "SELECT Number, BusType FROM MSFT_Disk", STORAGE)
    assert disks == [{"BusType": "10", "Number": "0"}, {"BusType": "9", "Number": "7"}]


def test_instances_of_root_virtualization(host):
    client = host("r2")
    assert names(client, FIRST) == ["R2", "OLD"]
    (found,) = query(client, "SELECT * FROM Msvm_VirtualSystemGlobalSettingData", FIRST)
    assert found["AutomaticShutdownAction"] == "1"
    where = "WHERE ResourceSubType='Microsoft Virtual Hard Disk'"
    (image,) = query(client, f"SELECT * FROM Msvm_ResourceAllocationSettingData {where}", FIRST)
    assert image["Connection"] == r"D:\Hyper-V\OLD\OLD.vhd"


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("r2", 200, 500), ("w12", 200, 200), ("w12r2", 500, 200), ("h1", 500, 200), ("bare", 500, 500)],
)
def test_each_windows_version_has_its_hyper_v_namespaces(host, name, first, second):
    client = host(name)
    for base, status in ((FIRST, first), (HYPERV, second)):
        response = client.enumerate("SELECT * FROM Msvm_ComputerSystem", base + "*")
        assert response.status == status
        if status != 200:
            assert (response.code, "HRESULT = " in response.text) == (2150858778, False)


def test_there_is_no_user_snapshot_type_before_2016(host):
    response = host("w12r2").enumerate("SELECT UserSnapshotType FROM Msvm_VirtualSystemSettingData", HYPERV + "*")
    assert response.subcode == "n:CannotProcessFilter"


def test_a_rule_for_a_class_applies_to_queries_of_that_class(host, started):
    started.add_fault(host="h2", action="time_out", **{"class": "Win32_NTLogEvent"})
    client = host("h2")
    refused = client.enumerate("SELECT * FROM  win32_ntlogevent", CIMV2 + "*")
    assert (refused.subcode, refused.code) == ("w:TimedOut", 2150858793)
    whole = client.enumerate(uri=CIMV2 + "Win32_NTLogEvent")
    assert whole.subcode == "w:TimedOut"
    assert client.enumerate("SELECT * FROM Win32_QuickFixEngineering", CIMV2 + "*").status == 200


@pytest.mark.parametrize(
    ("key", "listed", "reason"),
    [
        ("events", [{"event": 1135}], "lacks days_ago"),
        ("events", [{"event": 1135, "days_ago": 1, "text": "x"}], "unknown key text"),
        ("hotfixes", [{"Description": "x"}], "lacks HotFixID"),
        ("virtual_machines", [{"name": "A", "disks": [{"drive": 1, "path": "x"}]}], "needs one of path, dvd and drive"),
        ("virtual_machines", [{"name": "A", "owner": "x"}], "unknown key owner"),
        ("virtual_machines", [{"name": "A", "checkpoints": [{"type": "x"}]}], "lacks name"),
    ],
)
def test_invalid_keys_of_hosts_are_refused(key, listed, reason):
    described = {
        **ESTATE,
        "hosts": [{"name": "h", "address": "127.0.0.9", "windows": 2022, key: listed}],
        "clusters": [],
    }
    with pytest.raises(EstateError, match=reason):
        estate.parse(described)
