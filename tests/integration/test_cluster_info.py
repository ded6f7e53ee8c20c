# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of cluster_info: the result matches the estate file."""

from __future__ import annotations

import ipaddress

import pytest
from stage import CONNECTIONS, Stage, changes, tasks

OFFLINE_ACTIONS = {None: "save", 0: "turn_off", 1: "save", 2: "shut_down", 3: "shut_down_forced"}
STATES = {2: "online", 3: "offline"}


@pytest.mark.matrix
@pytest.mark.parametrize("via", CONNECTIONS, ids="-".join)
def test_the_whole_cluster_is_read_and_nothing_is_written(lab: Stage, via: tuple[str, str]) -> None:
    before = lab.picture()
    run = lab.play(tasks("hv01", {"name": "earnest", "cluster_info": {}}), "--diff", via=via)
    messages = len(lab.journal())
    checked = lab.check(tasks("hv01", {"name": "check", "cluster_info": {}}), via=via)
    assert lab.writes() == []
    assert changes(before, lab.picture()) == {}
    assert messages <= 9
    result = run.of("hv01")
    assert (run.rc, result.changed, result.diff) == (0, False, None)
    found = result.data["cluster"]
    assert found == checked.of("hv01").data["cluster"]
    estate = lab.estate.estate.cluster("HVC1")
    assert (found["name"], found["fqdn"], found["functional_level"]) == ("HVC1", "hvc1.example.test", 11)
    windows = {"state": "up", "vote": 1, "dynamic_vote": 1, "status": [], "windows": "2022"}
    assert found["nodes"] == [{"name": name, **windows} for name in ("hv01", "hv02")]
    expected = [
        {
            "name": one.name,
            "name_known": one.owner == "hv01",
            "id": lab.estate.private_properties("HVC1", one.resource)["VmID"].upper(),
            "resource": one.resource,
            "group": one.group,
            "owner_node": one.owner,
            "state": STATES[one.state],
            "priority": one.priority,
            "anti_affinity": [],
            "resiliency_seconds": None,
            "default_move_type": "by_priority",
            "saved_by_drain": one.priority < 2000,
            "offline_action": OFFLINE_ACTIONS[one.private_properties.get("OfflineAction")],
        }
        for one in estate.virtual_machines
    ]
    assert found["virtual_machines"] == expected
    assert found["move_type_threshold"] == 2000
    roles = {0: "none", 1: "cluster", 3: "cluster_and_client"}
    networks = {one.name: (roles[one.role], one.subnet, one.metric) for one in estate.networks}
    assert [one["name"] for one in found["networks"]] == sorted(networks)
    found_networks = {
        one["name"]: (one["role"], str(ipaddress.ip_network((one["address"], one["mask"]))), one["metric"])
        for one in found["networks"]
    }
    assert found_networks == networks
    assert found["live_migration_networks"] == ["Live Migration"]
    volumes = [
        one for one in lab.estate.cluster("HVC1").all_instances() if one.cls.name == "MSCluster_ClusterSharedVolume"
    ]
    assert [one["path"] for one in found["shared_volumes"]] == [rf"C:\ClusterStorage\Volume{n}" for n in (1, 2)]
    assert {one["path"]: one["volume"] for one in found["shared_volumes"]} == {
        one.name: one.values["VolumeName"] for one in volumes
    }
    assert found["heartbeat"]["same_subnet_threshold"] == 20
    assert found["heartbeat_seconds"] == {"same_subnet": 20.0, "cross_subnet": 20.0, "cross_site": 20.0}


def test_only_the_requested_parts_are_read(lab: Stage) -> None:
    parts = {
        "nothing": ([], 1),
        "nodes": (["nodes"], 3),
        "networks": (["networks"], 2),
        "live_migration_networks": (["live_migration_networks"], 3),
        "virtual_machines": (["virtual_machines"], 4),
        "shared_volumes": (["shared_volumes"], 2),
    }
    always = {"name", "fqdn", "id", "functional_level", "heartbeat", "heartbeat_seconds", "settings"}
    listed = [{"name": name, "cluster_info": {"gather": gather}} for name, (gather, _messages) in parts.items()]
    run = lab.play(tasks("ex01", *listed))
    for name, (gather, _messages) in parts.items():
        with_it = {"virtual_machines": {"move_type_threshold"}, "nodes": {"node"}}.get(name, set())
        assert set(run.of("ex01", name).data["cluster"]) == always | set(gather) | with_it
    assert len(lab.journal()) == sum(messages for _gather, messages in parts.values())


def test_older_windows_versions(lab: Stage) -> None:
    run = lab.task("ex11,ex01", "cluster_info")
    old, new = (run.of(host).data["cluster"] for host in ("ex11", "ex01"))
    assert (old["name"], old["functional_level"]) == ("DAG10", None)
    assert old["heartbeat"] == {
        "same_subnet_delay": 1000,
        "same_subnet_threshold": 5,
        "cross_subnet_delay": 1000,
        "cross_subnet_threshold": 5,
        "cross_site_delay": None,
        "cross_site_threshold": None,
        "route_history_length": None,
    }
    assert old["heartbeat_seconds"] == {"same_subnet": 5.0, "cross_subnet": 5.0, "cross_site": None}
    assert (old["virtual_machines"], old["move_type_threshold"]) == ([], None)
    assert (new["name"], new["functional_level"]) == ("DAG1", 9)
    assert new["heartbeat_seconds"] == {"same_subnet": 5.0, "cross_subnet": 20.0, "cross_site": 20.0}
    assert [node["name"] for node in new["nodes"]] == ["ex01", "ex02", "ex03", "ex04"]
