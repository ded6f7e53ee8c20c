# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stored state after restarts, crashes and resets, and the options of a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from lab import estate as estate_module
from lab.estate import EstateError
from lab.running import PortTakenError, cluster_repository, running
from raw_client import Client
from unit_estate import ESTATE, NET

MACHINE = "Virtual Machine EX01"


def _small(tmp_path: Path, **cluster: object) -> Path:
    data = {
        "name": "small",
        "credentials": ESTATE["credentials"],
        "listeners": {"http": 25985, "https": 25986},
        "hosts": [{"name": "n1", "address": f"{NET}.91", "windows": 2019, "cluster": "C1"}],
        "clusters": [
            {
                "name": "C1",
                "fqdn": "c1.example.test",
                "virtual_machines": [{"name": "EX01", "private_properties": {"OfflineAction": 1, "ShutdownAction": 0}}],
                **cluster,
            }
        ],
    }
    path = tmp_path / "small.yml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


def _offline(number: int):
    client = Client(f"{NET}.91", 25985)
    try:
        xml = client.instance("MSCluster_Resource", Name=MACHINE)
        xml = xml.replace("<p1:OfflineAction>1<", f"<p1:OfflineAction>{number}<")
        return client.put("MSCluster_Resource", xml, ("PrivateProperties",), Name=MACHINE)
    finally:
        client.close()


def test_writes_survive_a_restart(tmp_path):
    source, state = _small(tmp_path), tmp_path / "state"
    with running(source, state):
        assert _offline(2).status == 200
    with running(source, state) as lab:
        assert lab.private_properties("C1", MACHINE)["OfflineAction"] == 2
        lab.reset()
        assert lab.private_properties("C1", MACHINE)["OfflineAction"] == 1
        assert lab.journal() == []
    with running(None, state) as lab:
        assert lab.private_properties("C1", MACHINE)["OfflineAction"] == 1


def test_an_incomplete_line_is_removed(tmp_path):
    source, state = _small(tmp_path), tmp_path / "state"
    with running(source, state):
        assert _offline(2).status == 200
    log = state / "cluster-C1.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole + whole[: len(whole) // 2])
    estate = estate_module.load(source)
    cluster_repository(state, estate, estate.clusters[0])
    assert log.read_bytes() != whole
    with running(source, state) as lab:
        assert lab.private_properties("C1", MACHINE)["OfflineAction"] == 2
    assert log.read_bytes() == whole


def test_a_changed_estate_file_needs_a_reset(tmp_path):
    source, state = _small(tmp_path), tmp_path / "state"
    with running(source, state):
        pass
    _small(tmp_path, properties={"SameSubnetThreshold": 9})
    with pytest.raises(EstateError, match="reset it"), running(source, state):
        pass


def test_two_estates_cannot_share_a_port(tmp_path):
    source = _small(tmp_path)
    with (
        running(source, tmp_path / "one"),
        pytest.raises(PortTakenError, match=r"\.91:25985 of n1"),
        running(source, tmp_path / "two"),
    ):
        pass


@pytest.mark.parametrize(
    ("mode", "status", "stored"),
    [("works", 200, 2), ("stored_but_faults", 500, 2), ("ignored", 200, 1), ("refused", 500, 1)],
)
def test_modes_of_a_put_of_private_properties(tmp_path, mode, status, stored):
    with running(_small(tmp_path, put_private_properties=mode), tmp_path / "state") as lab:
        response = _offline(2)
        assert response.status == status
        assert lab.private_properties("C1", MACHINE)["OfflineAction"] == stored
        assert ("0x800713A0" in response.text) is (mode == "stored_but_faults")
        assert len(lab.journal(writes=True)[-1].changes) == stored - 1


def test_missing_members_may_be_kept(tmp_path):
    with running(_small(tmp_path, put_missing_members="kept"), tmp_path / "state") as lab:
        client = Client(f"{NET}.91", 25985)
        xml = client.instance("MSCluster_Resource", Name=MACHINE)
        xml = xml.replace("<p1:ShutdownAction>0</p1:ShutdownAction>", "")
        assert client.put("MSCluster_Resource", xml, Name=MACHINE).status == 200
        client.close()
        assert lab.private_properties("C1", MACHINE)["ShutdownAction"] == 0


def test_a_journal_line_is_plain_json(lab, hv01):
    hv01.enumerate("SELECT Name FROM MSCluster_Resource WHERE Type='Virtual Machine'")
    (line,) = (lab.state / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    entry = json.loads(line)
    assert entry["host"] == "hv01"
    assert (entry["operation"], entry["cls"], entry["write"]) == ("Enumerate", "MSCluster_Resource", False)
    assert entry["wql"].startswith("SELECT Name")
    assert entry["bytes_in"] > 900
    assert entry["bytes_out"] > 3000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"windows": 2011}, "not one of"),
        ({"address": "10.0.0.1"}, "not a loopback address"),
        ({"cluster": "NONE"}, "no host"),
        ({"colour": "red"}, "unknown key colour"),
        ({"projection": "maybe"}, "not one of"),
    ],
)
def test_an_invalid_estate_file_is_refused(tmp_path, change, message):
    path = _small(tmp_path)
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["hosts"][0].update(change)
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(EstateError, match=message):
        estate_module.load(path)


@pytest.mark.parametrize(
    ("windows", "node", "message"), [(2012, "h1", "has no fault domains"), (2019, "h9", "unknown key h9")]
)
def test_fault_domains_are_those_of_nodes_since_2016(windows, node, message):
    host = {"name": "h1", "address": "127.31.255.11", "windows": windows, "cluster": "C1"}
    cluster = {"name": "C1", "fqdn": "c1.example.test", "fault_domains": {node: ["Site:Hamburg"]}}
    credentials = {"user": "Administrator", "password": "x"}
    with pytest.raises(EstateError, match=message):
        estate_module.parse({"name": "one", "credentials": credentials, "hosts": [host], "clusters": [cluster]})


@pytest.mark.parametrize("name", ["demo", "large", "migration"])
def test_the_estates_of_the_lab_are_valid(name):
    estate = estate_module.load(Path(estate_module.__file__).parent / "estates" / f"{name}.yml")
    machines = [machine for cluster in estate.clusters for machine in cluster.virtual_machines]
    assert len(machines) == {"demo": 8, "large": 1000, "migration": 6}[name]
