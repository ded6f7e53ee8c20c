# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin of failover clusters: its result matches the estate file."""

from __future__ import annotations

import collections
import subprocess
import typing as t

import pytest
import yaml
from listing import read
from stage import PASSWORD, estate_file, finished

if t.TYPE_CHECKING:
    from pathlib import Path

    from listing import Groups
    from stage import Stage, Variables

MACHINE_STATES = {2: "online", 3: "offline"}
HOSTILE = "{{ lookup('ansible.builtin.pipe', 'touch executed') }}"


def source(lab: Stage, *seeds: t.Sequence[str], **options: t.Any) -> Variables:
    """A source with the lists of seeds. A name is a host of the estate; an address is used as it is."""
    addresses = {host.name: host.address for host in lab.estate.estate.hosts}
    lists = [[addresses.get(seed, seed) for seed in each] for each in seeds]
    connection = {"scheme": "http", "port": 5985, "transport": "basic", "username": "Administrator"}
    known: Variables = {"seeds": lists[0]} if len(lists) == 1 else {"clusters": [{"seeds": each} for each in lists]}
    return {"plugin": "winha.cluster.cluster", "password": PASSWORD, **connection, **known, **options}


def nodes(lab: Stage, cluster: str) -> set[str]:
    """The FQDNs of the nodes of a cluster in the estate file."""
    return {f"{name}.example.test" for name in lab.estate.estate.cluster(cluster).nodes}


def described(lab: Stage, *clusters: str, machines: bool = False) -> Groups:
    """The groups that the estate file describes."""
    groups: dict[str, set[str]] = collections.defaultdict(set)
    up = {host.name for host in lab.estate.estate.hosts}
    for name in clusters:
        one = lab.estate.estate.cluster(name)
        group = f"cluster_{name.lower()}"
        groups[group] = nodes(lab, name)
        groups["cluster_nodes"] |= nodes(lab, name)
        groups["hyperv_hosts"] |= nodes(lab, name) if one.virtual_machines else set()
        for node in one.nodes:
            groups[f"node_{'up' if node in up else 'down'}"].add(f"{node}.example.test")
            for site in (part.removeprefix("Site:") for part in one.fault_domains.get(node, ()) if "Site:" in part):
                groups[f"site_{site.lower()}"] |= {f"{node}.example.test"} if site else set()
        for machine in one.virtual_machines if machines else ():
            for each in (
                "virtual_machines",
                f"{group}_virtual_machines",
                f"virtual_machine_{MACHINE_STATES[machine.state]}",
                f"owner_{machine.owner}",
            ):
                groups[each].add(machine.name)
    return {name: members for name, members in groups.items() if members}


@pytest.mark.matrix
def test_the_inventory_is_what_the_estate_file_describes(lab: Stage) -> None:
    before = lab.picture()
    found = read(lab, source(lab, ["hv01"], ["ex01", "ex02"], ["ex11"], virtual_machines=True))
    assert found.groups == described(lab, "HVC1", "DAG1", "DAG10", machines=True)
    assert lab.picture() == before
    assert lab.writes() == []
    assert {host: len(lab.journal(host=host)) for host in ("hv01", "ex01", "ex11")} == {"hv01": 4, "ex01": 3, "ex11": 5}
    cluster = {"name": "HVC1", "fqdn": "hvc1.example.test", "id": None}
    assert found.hosts["hv02.example.test"] == {
        "ansible_host": "hv02.example.test",
        "winha_cluster": cluster,
        "winha_node": {"name": "hv02", "state": "up", "site": None, "windows": "2022", "vote": 1},
    }
    machine = lab.estate.estate.cluster("HVC1").virtual_machines[6]
    assert found.hosts["EX07"] == {
        "winha_cluster": cluster,
        "winha_virtual_machine": {
            "name": "EX07",
            "name_known": True,
            "id": lab.estate.private_properties("HVC1", machine.resource)["VmID"].upper(),
            "resource": "SCVMM EX07",
            "group": "SCVMM EX07 Resources",
            "owner_node": "hv01",
            "state": "online",
        },
    }
    assert read(lab, source(lab, ["hv01"])).groups == described(lab, "HVC1")


@pytest.mark.matrix
def test_the_next_seed_is_used_and_the_cache_sends_no_request(lab: Stage, tmp_path: Path) -> None:
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    lab.estate.add_fault(host="hv01", action={"drop": "before"})
    one = source(lab, ["127.0.0.9", "hv01", "hv02"], connect_timeout=5, **cache)
    found = read(lab, one)
    assert found.groups == described(lab, "HVC1")
    for seed in one["seeds"][:2]:
        assert f"Reading the cluster on {seed} failed: " in found.messages
    assert found.messages.count(f"HVC1 was read from {one['seeds'][2]}.") == 2
    requests = len(lab.journal())
    again = read(lab, one)
    assert (again.groups, again.hosts) == (found.groups, found.hosts)
    assert len(lab.journal()) == requests
    # Other options are another inventory.
    assert read(lab, {**one, "virtual_machines": True}).groups == described(lab, "HVC1", machines=True)
    assert len(lab.journal()) > requests
    kept = "".join(path.read_text("utf-8") for path in (tmp_path / "cache").iterdir())
    assert "hv01.example.test" in kept
    assert PASSWORD not in kept


def test_what_another_cluster_gave_stays_and_is_not_cached(lab: Stage, tmp_path: Path) -> None:
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    lab.estate.add_fault(host="ex01", action={"drop": "before"})
    found = read(lab, source(lab, ["hv01"], ["127.0.0.9", "ex01"], ["mgmt01"], **cache))
    assert found.groups == described(lab, "HVC1")
    assert "Reading the cluster on each of its seeds failed: 127.0.0.9: " in found.messages
    assert "is not a member of a failover cluster" in found.messages
    assert list((tmp_path / "cache").iterdir()) == []
    nothing = read(lab, source(lab, ["127.0.0.9"], ["ex01"]))
    assert nothing.groups == {}
    assert "Failed to parse" in nothing.messages
    assert "Reading the cluster on 127.0.0.9 failed: " in nothing.messages


def test_a_wrong_password_is_tried_once(lab: Stage) -> None:
    wrong = "Wrong-Passw0rd-9"
    found = read(lab, source(lab, ["hv01", "hv02"], ["ex01"], password=wrong))
    assert found.groups == {}
    assert "the specified credentials were rejected by the server (user Administrator, basic)" in found.messages
    assert "Nothing more was read, so that the account is not locked." in found.messages
    assert wrong not in found.messages
    assert [(entry.host, entry.status) for entry in lab.journal()] == [("hv01", 401)]


@pytest.mark.matrix
def test_constructed_options_and_templates(lab: Stage) -> None:
    addresses = {host.name: host.address for host in lab.estate.estate.hosts}
    one = source(
        lab,
        ["hv01"],
        ["ex01"],
        virtual_machines=True,
        password="{{ lookup('ansible.builtin.env', 'LAB_PASSWORD') }}",
        compose={"ansible_host": f"{addresses}[winha_node.name]", "owner": "winha_virtual_machine.owner_node"},
        groups={"dag_members": "winha_node is defined and winha_cluster.name.startswith('DAG')"},
        keyed_groups=[{"key": "winha_node.windows", "prefix": "windows"}],
    )
    found = read(lab, one, environment={"LAB_PASSWORD": PASSWORD})
    extra = {"dag_members": nodes(lab, "DAG1"), "windows_2016": nodes(lab, "DAG1"), "windows_2022": nodes(lab, "HVC1")}
    assert found.groups == described(lab, "HVC1", "DAG1", machines=True) | extra
    assert found.hosts["hv02.example.test"]["ansible_host"] == addresses["hv02"]
    assert found.hosts["EX02"]["owner"] == "hv02"
    strict = read(lab, {**one, "strict": True}, environment={"LAB_PASSWORD": PASSWORD})
    assert "Could not set owner for host hv01.example.test" in strict.messages


def test_an_option_that_is_not_there_is_refused(lab: Stage) -> None:
    found = read(lab, source(lab, ["hv01"], virtual_machine=True))
    assert "has options that winha.cluster.cluster does not have: virtual_machine." in found.messages
    assert lab.journal() == []


def test_the_audit_runs_with_the_folder_of_the_guide(lab: Stage, tmp_path: Path) -> None:
    addresses = {host.name: host.address for host in lab.estate.estate.hosts}
    one = source(lab, ["hv01"], ["ex01"], compose={"ansible_host": f"{addresses}[winha_node.name]"})
    one["groups"] = {"dag_members": "winha_cluster.name.startswith('DAG')"}
    connection = {
        "ansible_connection": "winrm",
        "ansible_port": 5985,
        "ansible_user": "Administrator",
        "ansible_password": PASSWORD,
        "ansible_winrm_transport": "basic",
    }
    children: Variables = {"hyperv_hosts": None, "dag_members": None}
    files = {
        "inventory/clusters.yml": one,
        "inventory/windows.yml": {"windows": {"children": children}},
        "inventory/group_vars/windows.yml": connection,
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(yaml.safe_dump(data), "utf-8")
    command, variables, folder = lab.prepare("winha.cluster.validate", "--limit", "cluster_dag1")
    command[2] = str(tmp_path / "inventory")
    done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)
    run = finished(done.returncode, done.stdout + done.stderr, folder)
    assert "Reports in " in run.output
    assert {one.host for one in run.results if "Read the hosts," in one.task} == nodes(lab, "DAG1")
    # The nodes of the other cluster are read only as the seed of the inventory.
    assert {entry.host for entry in lab.journal()} == {"hv01", "ex01", "ex02", "ex03", "ex04"}
    assert lab.writes() == []


@pytest.mark.matrix
def test_names_from_a_cluster_are_no_templates(bring_up: t.Callable[..., Stage]) -> None:
    def estate(network: str) -> Variables:
        found = estate_file(network)
        hyperv, dag, _old = found["clusters"]
        found["hosts"] = [host for host in found["hosts"] if host.get("cluster") in ("HVC1", "DAG1")]
        found["clusters"] = [hyperv, {**dag, "fqdn": "DAG1"}]  # a DAG without an administrative access point
        sites = {"hv01": "Site A", "hv02": ""}
        hyperv["fault_domains"] = {node: [f"Site:{site}", "Rack:R1", "Chassis:"] for node, site in sites.items()}
        names = (HOSTILE, "Mail Server", "Mail_Server", "ex01.example.test")
        hyperv["virtual_machines"] = [{"name": name, "owner": "hv01"} for name in names]
        return found

    lab = bring_up(estate)
    compose = {"shown": "winha_virtual_machine.name ~ inventory_hostname"}
    found = read(lab, source(lab, ["hv01"], ["ex01"], virtual_machines=True, compose=compose))
    assert {name: found.groups[name] for name in found.groups if name.startswith("site_")} == {
        "site_site_a": {"hv01.example.test"}
    }
    assert found.groups["cluster_dag1"] == nodes(lab, "DAG1")
    dag = found.hosts["ex02.example.test"]["winha_cluster"]
    core = next(
        one
        for one in lab.estate.cluster("DAG1").all_instances()
        if one.cls.name == "MSCluster_ResourceGroup" and one.values["GroupType"] == 1
    )
    assert (dag["fqdn"], dag["id"]) == ("DAG1", core.values["Id"].lower())
    machines = {
        variables["winha_virtual_machine"]["name"]: name
        for name, variables in found.hosts.items()
        if "winha_virtual_machine" in variables
    }
    assert set(machines) == {HOSTILE, "Mail Server", "Mail_Server", "ex01.example.test"}
    assert len(set(machines.values())) == len(machines)
    assert not set(machines.values()) & nodes(lab, "DAG1")
    assert all(name.replace("_", "").replace(".", "").replace("-", "").isalnum() for name in machines.values())
    play = "- hosts: virtual_machines\n  gather_facts: false\n  tasks:\n    - debug:\n        msg: '{{ shown }}'\n"
    command, variables, folder = lab.prepare(play)
    command[2] = str(lab.folder / "source0.yml")
    done = subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert HOSTILE in done.stdout
    assert not (folder / "executed").exists()
