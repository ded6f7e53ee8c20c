# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of host_info: the result matches the estate file, and lists the parts that could not be read."""

from __future__ import annotations

import collections
import datetime
import typing as t

import pytest
import stage as staging
import yaml
from stage import CONNECTIONS, Run, Stage, Variables, changes, tasks

if t.TYPE_CHECKING:
    from collections.abc import Iterator

MODULE = "winha.cluster.host_info"
TIMED_OUT = {"fault": 2150858793, "subcode": "w:TimedOut", "text": "The operation took too long."}
GUESTS = 100


def estate(network: str) -> Variables:
    """The estate with other addresses."""
    text = (staging.ESTATES / "audit.yml").read_text("utf-8").replace("127.23.0.", f"{network}.")
    return t.cast("Variables", yaml.safe_load(text))


def many_machines(network: str) -> Variables:
    """A node with a hundred virtual machines, with two disks each."""
    description = estate(network)
    cluster = next(one for one in description["clusters"] if one["name"] == "HVC5")
    machine = {"name": "VM{number:03}", "count": GUESTS, "owner": "hv52", "checkpoints": ["before"]}
    cluster["virtual_machines"].append(machine | {"disks": [r"C:\ClusterStorage\Volume1\a.vhdx", r"D:\b.vhdx"]})
    return description


def without_columns(network: str) -> Variables:
    """Hosts whose providers reject queries for columns."""
    description = estate(network)
    for host in description["hosts"]:
        if host["name"] in ("hv52", "old51"):
            host["projection"] = "refuse"
    return description


@pytest.fixture(scope="module")
def audit(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The audit estate, running for this file."""
    with staging.stage(estate(networks[6]), tmp_path_factory.mktemp("audit")) as found:
        yield found


@pytest.fixture
def lab(audit: Stage) -> Stage:
    audit.estate.reset()
    return audit


def ours(host: str, **options: t.Any) -> str:
    return tasks(host, {"name": "read", MODULE: options})


def data(run: Run, host: str) -> Variables:
    result = run.of(host)
    assert (run.rc, result.changed, result.diff) == (0, False, None)
    return result.data


def rows(found: Variables, part: str, *columns: str) -> list[tuple[t.Any, ...]]:
    return [tuple(row[column] for column in columns) for row in found[part]]


@pytest.mark.matrix
@pytest.mark.parametrize("via", [CONNECTIONS[0], CONNECTIONS[3]], ids="-".join)
def test_the_whole_host_is_read_and_nothing_is_written(lab: Stage, via: tuple[str, str]) -> None:
    before = lab.picture()
    found = data(lab.play(ours("hv51"), "--diff", via=via), "hv51")
    messages = len(lab.journal())
    checked = data(lab.check(ours("hv51"), via=via), "hv51")
    assert lab.writes() == []
    assert changes(before, lab.picture()) == {}
    assert messages == 13
    assert found == checked
    assert found["unknown"] == []
    windows = {"release": "2022", "build": 20348, "computer_name": "HV51", "last_boot": "2026-11-01T05:06:07Z"}
    assert found["windows"] == windows
    assert rows(found, "hotfixes", "id", "installed_on") == [("KB5031364", "2025-10-14"), ("KB5034286", "2026-01-09")]
    assert rows(found, "adapters", "name", "status", "speed", "mtu", "jumbo", "receive_buffers") == [
        ("LM", "up", 10_000_000_000, 9000, 9000, 4096),
        ("Management", "up", 1_000_000_000, 1500, 1500, 256),
    ]
    assert found["adapters"][0]["driver"]["version"] == "4.1.219.0"
    assert found["hyperv"] is True
    columns = ("name", "state", "automatic_stop_action", "dynamic_memory", "checkpoint_type", "shutdown_component")
    assert rows(found, "virtual_machines", *columns) == [
        ("EX01", "running", "shut_down", False, "disabled", "ok"),
        ("EX03", "off", "save", False, "production", "no_contact"),
    ]
    assert rows(found, "virtual_machines", "checkpoints") == [([],), ([],)]
    assert found["virtual_machines"][0]["disks"] == [
        {"path": r"C:\ClusterStorage\Volume1\EX01\EX01.vhdx", "kind": "shared_volume"},
        {"path": r"\\fs51.example.test\vms\EX01\DB01.vhdx", "kind": "smb"},
    ]
    properties = lab.estate.private_properties("HVC5", "Virtual Machine EX01")
    assert found["virtual_machines"][0]["id"].lower() == properties["VmID"].lower()
    assert rows(found, "events", "id", "computer") == [(1135, "hv51.example.test"), (1177, "hv51.example.test")]
    assert found["events"][0]["source"] == "Microsoft-Windows-FailoverClustering"
    assert found["events"][0]["message"] == (
        "Cluster node 'hv52' was taken out of the active membership. Look at its network."
    )
    age = datetime.datetime.now(tz=datetime.UTC) - datetime.datetime.fromisoformat(found["events"][0]["time"])
    assert abs(age - datetime.timedelta(days=3)) < datetime.timedelta(minutes=10)
    assert (found["events_beyond"], found["events_reach_back"]) == (0, True)


def test_settings_that_exchange_does_not_support(lab: Stage) -> None:
    found = data(lab.play(ours("hv52", gather=["virtual_machines"])), "hv52")
    assert len(lab.journal()) == 8
    first, second = found["virtual_machines"]
    assert (first["name"], first["dynamic_memory"], second["state"]) == ("EX02", True, "paused")
    assert first["checkpoints"] == [
        {"name": "Before CU14", "kind": "standard"},
        {"name": "EX02 backup", "kind": "recovery"},
    ]
    assert rows(first, "disks", "path", "kind") == [
        (r"C:\ClusterStorage\Volume1\EX02\EX02_4f1c.avhdx", "shared_volume"),
        (r"\\.\PHYSICALDRIVE4", "iscsi"),
        (r"\\.\PHYSICALDRIVE5", "pass_through"),
        (r"D:\Hyper-V\EX02\Log.vhdx", "file"),
    ]
    assert second["shutdown_component"] == "lost_contact"


def test_older_windows_versions(lab: Stage) -> None:
    run = lab.play(ours("hv53:old51"))
    newer, old = data(run, "hv53"), data(run, "old51")
    assert (newer["unknown"], old["unknown"]) == ([], [])
    assert (newer["windows"]["release"], old["windows"]["release"]) == ("2012", "2008 R2")
    columns = ("name", "automatic_stop_action", "checkpoint_type", "dynamic_memory", "shutdown_component")
    assert rows(newer, "virtual_machines", *columns) == [("TEST01", "turn_off", None, False, "ok")]
    # 2 means turn off there and shut down here.
    assert rows(old, "virtual_machines", *columns) == [
        ("EX21", "shut_down", None, False, "ok"),
        ("EX22", "save", None, True, "no_contact"),
    ]
    assert rows(old, "virtual_machines", "checkpoints") == [([],), ([{"name": "Before SP3", "kind": "standard"}],)]
    assert rows(old["virtual_machines"][0], "disks", "path", "kind") == [
        (r"C:\ClusterStorage\Volume1\EX21\EX21.vhd", "shared_volume"),
        (r"\\.\PHYSICALDRIVE3", "pass_through"),
    ]
    assert rows(old, "hotfixes", "id", "installed_on") == [
        ("KB976902", None),
        ("KB2550886", "2012-06-18"),
        ("KB2552040", "2012-06-18"),
    ]
    assert rows(old, "adapters", "name", "status", "mtu", "jumbo", "receive_buffers") == [
        ("Local Area Connection", "up", None, 1500, 256)
    ]
    assert rows(old, "events", "id", "message") == [(1135, "old52")]


def test_processors_live_migration_and_the_own_virtual_machine(lab: Stage) -> None:
    more = ["processors", "live_migration", "guest"]
    run = lab.play(ours("hv51:hv52:hv53:old51:ex51:mgmt51", gather=more))
    found = {name: data(run, name) for name in ("hv51", "hv52", "hv53", "old51", "ex51", "mgmt51")}
    assert [one["unknown"] for one in found.values()] == [[]] * 6
    identity = lab.estate.private_properties("HVC5", "Virtual Machine EX01")["VmID"].upper()
    assert found["ex51"]["guest"] == {"machine_name": "EX01", "machine_id": identity, "host": "HV51"}
    assert (found["hv51"]["guest"], found["mgmt51"]["guest"]) == (None, None)
    assert found["hv51"]["processors"]["cores"] == 32
    assert found["hv51"]["processors"]["virtual"][identity] == 4
    assert (found["hv52"]["processors"]["cores"], found["hv52"]["processors"]["logical"]) == (4, 8)
    assert sorted(found["hv52"]["processors"]["virtual"].values()) == [4, 4, 4, 8]  # two of checkpoints
    settings = {"enabled": True, "transport": "compression", "parallel": 2, "authentication": "credssp"}
    assert found["hv51"]["live_migration"] == {**settings, "rdma_adapters": None, "network_atc": False}
    smb = {"enabled": True, "transport": "smb", "parallel": 4, "authentication": "kerberos"}
    assert found["hv52"]["live_migration"] == {**smb, "rdma_adapters": ["LM"], "network_atc": False}
    assert found["hv53"]["live_migration"]["transport"] is None  # Windows Server 2012 has only TCP
    assert (found["old51"]["live_migration"], found["old51"]["processors"]) == (None, None)
    assert (found["ex51"]["live_migration"], found["ex51"]["processors"]) == (None, None)


def test_quorum_and_placement_of_a_cluster(lab: Stage) -> None:
    options = {"gather": ["virtual_machines", "quorum", "placement"]}
    task = {"name": "read", "winha.cluster.cluster_info": options}
    run = lab.play(tasks("hv51", task))
    requests = [entry.cls or entry.operation for entry in lab.journal()]
    found = run.of("hv51").data["cluster"]
    assert found["placement"] == {
        "possible_owners": {"Virtual Machine FILE01": ["hv52"]},
        "affinity_rules": [{"name": "Apart", "type": "different_node", "enabled": True, "groups": ["EX03", "FILE01"]}],
    }
    witness = {"type": "file_share", "name": "File Share Witness", "state": "online", "path": r"\\fs01\witness-hvc5"}
    assert found["quorum"] == {"dynamic": True, "witness": witness, "witness_vote": 1}
    assert (found["settings"]["auto_balancer"], found["settings"]["resiliency_seconds"]) == ("always", 240)
    assert {row["resiliency_seconds"] for row in found["virtual_machines"]} == {None}
    assert len(requests) == 9, requests


def test_a_host_without_hyper_v_has_no_virtual_machines(lab: Stage) -> None:
    found = data(lab.play(ours("ex51")), "ex51")
    assert (found["hyperv"], found["virtual_machines"], found["unknown"]) == (False, [], [])
    assert rows(found, "events", "id") == [(1135,)]


def test_only_the_requested_parts_are_read(lab: Stage) -> None:
    parts = {
        "windows": ({"windows"}, 1),
        "hotfixes": ({"hotfixes"}, 1),
        "adapters": ({"adapters"}, 2),
        "virtual_machines": ({"hyperv", "virtual_machines"}, 6),
        "events": ({"events", "events_beyond", "events_reach_back"}, 3),
    }
    run = lab.play(tasks("hv51", *({"name": name, MODULE: {"gather": [name]}} for name in parts)))
    nothing = lab.play(ours("hv51", gather=[]))
    kept = {"unknown", "changed", "failed"}
    for name, (keys, _messages) in parts.items():
        assert set(run.of("hv51", name).data) - kept == keys
    assert set(data(nothing, "hv51")) - kept == set()
    assert len(lab.journal()) == sum(messages for _keys, messages in parts.values())


def test_a_hundred_virtual_machines_need_no_more_requests_than_two(
    bring_up: t.Callable[[t.Callable[[str], Variables]], Stage],
) -> None:
    lab = bring_up(many_machines)
    found = data(lab.play(ours("hv52")), "hv52")
    assert len(found["virtual_machines"]) == GUESTS + 2
    assert sum(len(machine["disks"]) for machine in found["virtual_machines"]) == 2 * GUESTS + 5
    assert len(lab.journal()) <= 15


def test_the_newest_events_and_the_number_of_older_ones(lab: Stage) -> None:
    requests = {
        "default": {},
        "few": {"event_limit": 3},
        "none": {"event_limit": 0},
        "recent": {"event_days": 1},
        "other": {"event_ids": [1135]},
    }
    run = lab.play(
        tasks("hv52", *({"name": name, MODULE: {"gather": ["events"], **more}} for name, more in requests.items()))
    )
    data_of = {name: run.of("hv52", name).data for name in requests}
    counts = {name: (len(found["events"]), found["events_beyond"]) for name, found in data_of.items()}
    assert counts == {"default": (50, 10), "few": (3, 57), "none": (0, 60), "recent": (7, 0), "other": (0, 0)}
    times = [event["time"] for event in data_of["default"]["events"]]
    assert times == sorted(times, reverse=True)
    assert data_of["few"]["events"] == data_of["default"]["events"][:3]


def test_a_log_that_does_not_reach_back_is_reported(lab: Stage) -> None:
    requests = {"month": {}, "week": {"event_days": 7}}
    run = lab.play(
        tasks("ex52", *({"name": name, MODULE: {"gather": ["events"], **more}} for name, more in requests.items()))
    )
    data_of = {name: run.of("ex52", name).data for name in requests}
    assert {name: (found["events"], found["events_reach_back"]) for name, found in data_of.items()} == {
        "month": ([], False),
        "week": ([], True),
    }


def test_reaches_back_is_not_read_if_all_ids_were_found(lab: Stage) -> None:
    found = data(lab.play(ours("hv51", gather=["events"], event_ids=[1135, 1177])), "hv51")
    assert (len(found["events"]), found["events_reach_back"]) == (2, None)
    assert len(lab.journal()) == 1


def test_reaches_back_can_be_unknown(lab: Stage) -> None:
    # The first query succeeds, and the second fails.
    lab.estate.add_fault(host="hv51", operation="Enumerate", action=TIMED_OUT, nth=2, **{"class": "Win32_NTLogEvent"})
    found = data(lab.play(ours("hv51", gather=["events"])), "hv51")
    assert (len(found["events"]), found["events_reach_back"]) == (2, None)
    (unknown,) = found["unknown"]
    assert unknown["what"] == "events_reach_back"
    assert unknown["why"].startswith("Reading older entries of the System event log on hv51 failed: ")


CHANNELS = ["cluster", "live_migrations", "saved_states", "databases"]


def test_event_channels_are_compared_with_wmi_and_a_refused_one_is_unknown(lab: Stage) -> None:
    """Each subscription is ended, and a channel needs few requests."""
    options = {"gather": ["channels"], "channels": CHANNELS, "channel_wait": 2}
    found = data(lab.check(ours("hv51", **options)), "hv51")
    operations = [entry.operation for entry in lab.journal()]
    assert lab.writes() == []
    # The host has no channel of Exchange, so that subscription is refused. The rest is the System log by WMI.
    expected = {"Subscribe": 4, "Pull": 6, "Unsubscribe": 3, "Enumerate": 2, "Release": 1}
    assert collections.Counter(operations) == expected
    (unknown,) = found["unknown"]
    assert unknown["what"] == "channels.databases"
    assert "Microsoft-Exchange-HighAvailability/Operational on hv51 failed" in unknown["why"]
    assert "Event Log Readers" in unknown["why"]
    cluster, migrations, saved = (found["channels"][name] for name in CHANNELS[:3])
    assert rows(cluster, "events", "id", "topic", "data") == [(1677, "drain", {"NodeName": "hv51"})]
    assert (cluster["compared"]["same"], cluster["complete"], cluster["reaches_back"]) == (True, True, True)
    columns = ("virtual_machine", "blackout_seconds", "id")
    assert rows(migrations, "events", *columns) == [("EX01", 1.2, 20415)]
    assert rows(saved, "events", *columns) == [("EX03", None, 18510)]
    assert (migrations["complete"], saved["complete"]) == (True, True)


UNREADABLE = {
    "Win32_OperatingSystem": {"windows"},
    "Win32_QuickFixEngineering": {"hotfixes"},
    "MSFT_NetAdapter": {"adapters"},
    "MSFT_NetAdapterAdvancedPropertySettingData": {"adapters.jumbo", "adapters.receive_buffers"},
    "Msvm_ComputerSystem": {"virtual_machines"},
    "Msvm_VirtualSystemSettingData": {"virtual_machines.automatic_stop_action", "virtual_machines.checkpoints"},
    "Msvm_MemorySettingData": {"virtual_machines.dynamic_memory"},
    "Msvm_StorageAllocationSettingData": {"virtual_machines.disks"},
    "Msvm_ShutdownComponent": {"virtual_machines.shutdown_component"},
    "Win32_NTLogEvent": {"events"},
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_part_that_times_out_is_unknown_and_the_rest_is_returned(lab: Stage, name: str) -> None:
    whole = data(lab.play(ours("hv51")), "hv51")
    lab.estate.add_fault(host="hv51", operation="Enumerate", action="time_out", **{"class": name})
    found = data(lab.play(ours("hv51")), "hv51")
    assert {one["what"] for one in found["unknown"]} == UNREADABLE[name]
    for one in found["unknown"]:
        assert one["why"].startswith("Reading ")
        assert "0x80338029" in one["why"]
    hidden = {what.partition(".")[0] for what in UNREADABLE[name]}
    missing = (
        {"events_beyond", "events_reach_back"}
        if "events" in hidden
        else {"hyperv"}
        if name == "Msvm_ComputerSystem"
        else set()
    )
    kept = {key for key in whole if key not in hidden | missing | {"unknown"}}
    assert {key: found[key] for key in kept} == {key: whole[key] for key in kept}
    for what in UNREADABLE[name]:
        part, _mark, detail = what.partition(".")
        if not detail:
            assert part not in found
        else:
            assert {row[detail] for row in found[part]} == {None}
            assert [row["name"] for row in found[part]] == [row["name"] for row in whole[part]]


def test_a_slow_host_loses_one_part(lab: Stage) -> None:
    lab.estate.add_fault(
        host="hv51", operation="Enumerate", action={"slow": 4}, **{"class": "Win32_QuickFixEngineering"}
    )
    timeouts = {"ansible_winrm_operation_timeout_sec": 1, "ansible_winrm_read_timeout_sec": 2}
    run = lab.play(ours("hv51", gather=["hotfixes", "events"]), hosts={"hv51": timeouts})
    found = data(run, "hv51")
    assert [one["what"] for one in found["unknown"]] == ["hotfixes"]
    assert found["unknown"][0]["why"].startswith("Reading the installed hotfixes on hv51 failed: ")
    assert len(found["events"]) == 2


def test_the_task_fails_with_all_reasons_if_nothing_can_be_read(lab: Stage) -> None:
    lab.estate.add_fault(host="hv51", operation="Enumerate", action=TIMED_OUT)
    for run in (lab.play(ours("hv51")), lab.check(ours("hv51"))):
        result = run.of("hv51")
        assert (run.rc, result.status) == (2, "failed")
        for part in ("operating system", "hotfixes", "network adapters", "virtual machines", "System event log"):
            assert part in result.message
        assert result.message.count("Reading ") == 5


def test_a_host_that_is_unreachable_is_unreachable(lab: Stage) -> None:
    for wrong in ({"ansible_port": 1}, {"ansible_password": "wrong"}):
        run = lab.play(ours("hv51"), hosts={"hv51": wrong})
        assert (run.rc, run.of("hv51").status) == (4, "unreachable")


def test_all_columns_are_read_if_a_provider_rejects_columns(
    bring_up: t.Callable[[t.Callable[[str], Variables]], Stage],
) -> None:
    lab = bring_up(without_columns)
    run = lab.play(ours("hv51:hv52:old51", gather=["virtual_machines"]))
    for name, machines in (("hv52", ["EX02", "FILE01"]), ("old51", ["EX21", "EX22"])):
        found = data(run, name)
        assert found["unknown"] == []
        assert [machine["name"] for machine in found["virtual_machines"]] == machines


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"event_days": 0}, "event_days 0 is out of range"),
        ({"event_limit": 2000}, "event_limit 2000 is out of range"),
        ({"event_ids": [70000]}, "but is 70000"),
        ({"gather": ["disks"]}, "value of gather must be one or more of"),
    ],
)
def test_invalid_options_fail_before_any_request(lab: Stage, options: Variables, sentence: str) -> None:
    run = lab.play(ours("hv51", **options))
    assert (run.rc, run.of("hv51").status) == (2, "failed")
    assert sentence in run.of("hv51").message
    assert lab.journal() == []
