# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Live and plain moves, anti-affinity, Storage Spaces Direct, and private properties of nodes."""

from __future__ import annotations

import pytest
import yaml
from lab.running import members, running
from lab.windows.property_list import Item, decode, encode
from network_estate import eventually, query
from raw_client import WMI, Client, value
from unit_estate import NET

STORAGE = WMI + "root/microsoft/windows/storage/"
GROUP = "MSCluster_ResourceGroup"
BOTH = ("Virtual Machine", "Virtual Machine Configuration")
GET_PRIVATE, SET_PRIVATE = 0x04000081, 0x04400086


def _host(number, **more):
    return {"name": f"s{number}", "address": f"{NET}.{70 + number}", "windows": 2022, "cluster": "S2D", **more}


STORAGE_ESTATE = {
    "name": "storage",
    "credentials": {"user": "Administrator", "password": "Lab-Passw0rd"},
    "listeners": {"http": 15985, "https": 15986},
    "drain_seconds": 0.2,
    "failback_seconds": 0.2,
    "hosts": [_host(1), _host(2, updating=True), _host(3)],
    "clusters": [
        {
            "name": "S2D",
            "fqdn": "s2d.example.test",
            "storage_spaces_direct": {
                "virtual_disks": [{"name": "Volume1"}],
                "jobs": [{"name": "Optimize"}],
                "resync_seconds": 0.5,
            },
            "virtual_machines": [
                {"name": "A", "owner": "s1", "anti_affinity": ["DAG1"]},
                {"name": "B", "owner": "s2", "anti_affinity": ["DAG1"]},
                {"name": "C", "owner": "s3"},
                {"name": "D", "owner": "s3"},
            ],
        }
    ],
}


@pytest.fixture
def storage(tmp_path):
    path = tmp_path / "storage.yml"
    path.write_text(yaml.safe_dump(STORAGE_ESTATE), encoding="utf-8")
    with running(path, tmp_path / "state") as started:
        yield started


@pytest.fixture
def s1(storage):
    client = Client(storage.estate.host("s1").address, storage.estate.http)
    yield client
    client.close()


def _bytes(name, items):
    return "".join(f"<p:{name}>{byte}</p:{name}>" for byte in encode(items))


def _live_move(client, group, node, kinds, flags=14):
    items = [Item(kind, "uint32", 4) for kind in kinds]
    body = f"<p:NodeName>{node}</p:NodeName>{_bytes('Parameters', items)}<p:Flags>{flags}</p:Flags>"
    return client.invoke(GROUP, "MoveToNewNodeParams", body, Name=group)


def _group(running_estate, cluster, name):
    return running_estate.cluster(cluster).named(GROUP, name).values


def _moves(running_estate):
    entries = running_estate.journal(events=True)
    return [(entry.selectors["Name"], entry.detail) for entry in entries if entry.method == "RoleMoved"]


def test_a_live_move_answers_with_an_error_and_moves(net, caller):
    assert "0x80041001" in _live_move(caller("n1"), "A", "n4", BOTH).text
    assert _group(net, "NET1", "A")["StatusInformation"] == 4
    assert eventually(lambda: _group(net, "NET1", "A")["OwnerNode"] == "n4", net=net)
    assert _group(net, "NET1", "A")["StatusInformation"] == 0
    assert _moves(net) == [("A", "live move")]


def test_a_live_move_without_the_configuration_never_ends(net, caller):
    _live_move(caller("n1"), "A", "n4", BOTH[:1])
    assert not eventually(lambda: _group(net, "NET1", "A")["OwnerNode"] == "n4", 1.5, net=net)
    assert _group(net, "NET1", "A")["StatusInformation"] == 4


def test_a_plain_move_saves_the_virtual_machine(net, caller):
    assert caller("n1").invoke(GROUP, "MoveToNewNode", "<p:NodeName>n4</p:NodeName>", Name="A").status == 200
    assert _group(net, "NET1", "A")["OwnerNode"] == "n4"
    assert _moves(net) == [("A", "plain move: saved")]


def test_any_client_can_set_a_private_property_of_a_node(net, caller):
    body = f"<p:ControlCode>{SET_PRIVATE}</p:ControlCode>{_bytes('InputBuffer', [Item('Mine', 'string', 'yes')])}"
    assert caller("n1").invoke("MSCluster_Node", "ExecuteNodeControl", body, Name="n3").status == 200
    assert members(net.cluster("NET1"), "n3", "MSCluster_Node") == {"Mine": "yes"}
    read = f"<p:ControlCode>{GET_PRIVATE}</p:ControlCode>"
    answer = caller("n4").invoke("MSCluster_Node", "ExecuteNodeControl", read, Name="n3").content
    octets = bytes(int(item.text) for item in answer if item.tag.endswith("}OutputBuffer"))
    assert [(item.name, item.value) for item in decode(octets)] == [("Mine", "yes")]
    assert [entry.method for entry in net.journal(writes=True)] == ["ExecuteNodeControl"]


def test_a_drain_keeps_anti_affinity_where_it_can(storage, s1):
    """s2 has fewer roles, but one of the same class."""
    assert s1.invoke("MSCluster_Node", "Pause", "<p:DrainType>1</p:DrainType>", Name="s1").status == 200
    assert eventually(lambda: _group(storage, "S2D", "A")["OwnerNode"] != "s1", net=storage)
    assert _group(storage, "S2D", "A")["OwnerNode"] == "s3"


def _disks(client):
    (disk,) = query(client, "SELECT * FROM MSFT_VirtualDisk", STORAGE)
    jobs = {job["Name"]: job["JobState"] for job in query(client, "SELECT * FROM MSFT_StorageJob", STORAGE)}
    return (disk["HealthStatus"], disk["OperationalStatus"]), jobs


def test_a_drain_degrades_the_virtual_disks_and_a_resync_follows_the_resume(storage, s1):
    healthy, degraded = ("0", "2"), ("1", "3")
    assert _disks(s1) == (healthy, {"Optimize": "4", "Repair": "7"})
    s1.invoke("MSCluster_Node", "Pause", "<p:DrainType>1</p:DrainType>", Name="s1")
    assert eventually(lambda: _disks(s1)[0] == degraded, net=storage)
    refused = s1.invoke("MSCluster_Node", "Pause", "<p:DrainType>1</p:DrainType>", Name="s2")
    assert "0x80071763" in refused.text
    s1.invoke("MSCluster_Node", "Resume", "<p:FailbackType>1</p:FailbackType>", Name="s1")
    assert eventually(lambda: _disks(s1) == (degraded, {"Optimize": "4", "Repair": "4"}), net=storage)
    assert eventually(lambda: _disks(s1) == (healthy, {"Optimize": "4", "Repair": "7"}), net=storage)
    methods = [entry.method for entry in storage.journal(events=True)]
    assert [one for one in methods if one.startswith(("Storage", "Resync"))] == [
        "StorageMaintenance",
        "ResyncStarted",
        "ResyncCompleted",
    ]


def test_only_the_host_of_an_updating_run_shows_it(storage, s1):
    update = WMI + "root/microsoft/windows/clusterupdate/"
    assert query(s1, "SELECT * FROM MSFT_CAURun", update) == []
    s2 = Client(storage.estate.host("s2").address, storage.estate.http)
    assert len(query(s2, "SELECT * FROM MSFT_CAURun", update)) == 1
    s2.close()


def test_the_classes_of_a_role_are_read(s1):
    (item,) = s1.enumerate(f"SELECT * FROM {GROUP} WHERE Name='A'").items
    assert value(item, "AntiAffinityClassNames") == "DAG1"
