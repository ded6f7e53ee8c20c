# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two sites whose clusters, nodes and virtual machines have the same names, in one inventory."""

from __future__ import annotations

import json
import typing as t

import pytest
import stage as staging
from lab.inventory import inventory

if t.TYPE_CHECKING:
    from pathlib import Path

    from stage import Stage, Variables

MANAGEMENT = "5f1c7f0e-2f0b-4d3c-9a55-6f3f3f9f4a01"
SAVED = {"OfflineAction": 1}
# A virtual machine that was renamed after it was clustered keeps the name of its resource and of its clustered role.
MACHINES = [
    {"name": "EX01", "owner": "hv01", "resource": "Virtueller Computer EX01", "private_properties": SAVED},
    {"name": "EX02", "owner": "hv02", "resource": "Virtual Machine Template", "group": "Template"},
    {"name": "FILE01", "owner": "hv02", "resource": "Virtual Machine EX09", "group": "EX09"},
]


def site(network: str, name: str) -> Variables:
    """Two Hyper-V nodes and a DAG without a domain in its FQDN."""
    adapters = [
        {"name": "Management", "driver": "intel-1g", "network": "Management"},
        {"name": "LM", "driver": "intel-10g", "network": "LiveMigration"},
    ]
    hosts = [
        {"name": each, "address": f"{network}.{number}", "windows": 2022, "cluster": "HVC1", "adapters": adapters}
        for each, number in (("hv01", 11), ("hv02", 12))
    ]
    hosts.append({"name": "ex01", "address": f"{network}.21", "windows": 2016, "cluster": "DAG1"})
    networks = [
        {"name": "Management", "subnet": f"{network}.0/24", "role": 3, "id": MANAGEMENT},
        {"name": "LiveMigration", "subnet": "10.44.2.0/24", "role": 1},
    ]
    hyperv = {"name": "HVC1", "fqdn": f"hvc1.{name}.test", "networks": networks}
    hyperv["virtual_machine_type"] = {"MigrationExcludeNetworks": MANAGEMENT}
    machines = [{**each, "private_properties": SAVED} for each in MACHINES]
    return {
        "name": name,
        "credentials": {"user": "Administrator", "password": staging.PASSWORD},
        "listeners": {"http": 5985, "https": 5986},
        "hosts": hosts,
        "clusters": [
            {**hyperv, "virtual_machines": machines},
            {"name": "DAG1", "fqdn": "DAG1", "networks": networks[:1], "properties": {"SameSubnetThreshold": 5}},
        ],
    }


@pytest.fixture
def sites(networks: list[str], tmp_path: Path) -> t.Iterator[list[Stage]]:
    with (
        staging.stage(site(networks[2], "a"), tmp_path / "a") as one,
        staging.stage(site(networks[3], "b"), tmp_path / "b") as other,
    ):
        yield [one, other]


PLAY = """
    - hosts: hyperv_hosts:dag_members
      gather_facts: false
      vars:
        hyperv_cluster_virtual_machines: ['EX*']
        hyperv_cluster_exclude: ['FILE*']
      tasks:
        - ansible.builtin.include_role: {name: winha.cluster.dag_heartbeat}
          when: inventory_hostname in groups['dag_members']
        - ansible.builtin.include_role: {name: winha.cluster.hyperv_cluster}
          when: inventory_hostname in groups['hyperv_hosts']
        - ansible.builtin.import_role: {name: winha.cluster.audit}
          vars:
            audit_parameters: {virtual_machines: ['EX*']}
            audit_formats: [markdown]
            audit_fail_on: never
            audit_folder: "{{ playbook_dir }}/audit"
"""


def test_two_sites_with_the_same_names_are_two(sites: list[Stage]) -> None:
    hosts: Variables = {}
    for letter, one in zip("ab", sites, strict=True):
        for name, own in inventory(one.estate.estate, one.estate.state, "winrm", "http")["all"]["hosts"].items():
            hosts[f"{name}.{letter}.test"] = dict(own)
    # The first node under a second name, as that of its cluster.
    hosts["hvc1.a.test"] = hosts["hv01.a.test"]
    groups = {
        "hyperv_hosts": [name for name in hosts if name.startswith("hv")],
        "dag_members": [name for name in hosts if name.startswith("ex")],
    }
    sites[0].play(
        "winha.cluster.plan", "--limit", ",".join(hosts), hosts=hosts, groups=groups, variables={"plan_folder": "plan"}
    )
    run = sites[0].play(PLAY, "--limit", ",".join(hosts), hosts=hosts, groups=groups)
    assert run.rc == 0, run.output
    for one in sites:
        resources = {each["name"]: each["resource"] for each in MACHINES}
        # FILE01 runs on the second node and was EX09 when it was clustered; nothing of it is written.
        assert one.actions("HVC1") == {resources["EX01"]: 2, resources["EX02"]: 2, resources["FILE01"]: 1}
        assert one.heartbeat("DAG1")[1] == 10
        assert len(one.writes()) == 3

    (folder,) = (path.parents[1] for path in sites[0].folder.glob("run*/audit/audit.json"))
    audit = json.loads((folder / "audit" / "audit.json").read_text("utf-8"))
    clusters = {host["name"]: host["cluster"] for host in audit["hosts"]}
    assert clusters["hv01.a.test"] == clusters["hv02.a.test"] == clusters["hvc1.a.test"] == "hvc1.a.test"
    assert clusters["hv01.b.test"] == clusters["hv02.b.test"] == "hvc1.b.test"
    assert clusters["ex01.a.test"] != clusters["ex01.b.test"]
    actions = [one for one in audit["findings"] if one["rule"] == "vm-offline-action"]
    assert [(one["host"], one["subject"], one["outcome"]) for one in actions] == [
        (cluster, name, "pass") for cluster in ("hvc1.a.test", "hvc1.b.test") for name in ("EX01", "EX02")
    ]
    twice = {one["outcome"]: one["text"] for one in audit["findings"] if one["host"] == "hvc1.a.test" != one["scope"]}
    assert twice["not_applicable"] == "hvc1.a.test is the same node as hv01.a.test, so it is judged only once."

    (file,) = sites[0].folder.rglob("plan.json")
    plan = json.loads(file.read_text("utf-8"))
    names = [row["name"] for row in plan["clusters"]]
    assert len(set(names)) == len(names) == 4
    assert {"hvc1.a.test", "hvc1.b.test"} < set(names)
    free = {(row["cluster"], row["label"]) for row in plan["changes"]}
    assert len(free) == 2 * 4
    drains = [(row["host"], row["label"]) for row in plan["left"]]
    assert sorted(drains) == [
        (f"hv0{number}.{letter}.test", f"LM {setting}")
        for number in (1, 2)
        for letter in "ab"
        for setting in ("mtu", "receive_buffers")
    ]
