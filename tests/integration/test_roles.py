# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the playbook and its roles: once for each cluster, on a node that works."""

from __future__ import annotations

import re
import typing as t

import pytest
from stage import CONNECTIONS, Run, Stage, Variables, changes, estate_file

ENFORCE = "winha.cluster.enforce"
HYPERV = """
    - hosts: hyperv_hosts
      gather_facts: false
      roles:
        - winha.cluster.hyperv_cluster
"""
DAG = HYPERV.replace("hyperv_hosts", "dag_members").replace("hyperv_cluster", "dag_heartbeat")
SETTINGS = HYPERV + DAG
DOWN = {"ansible_port": 1}
TEN = (1000, 10, 1000, 10)


def recap(run: Run, host: str) -> dict[str, int]:
    """The counts of a host in the play recap."""
    (line,) = [line for line in run.output.splitlines() if line.startswith(f"{host} ") and "unreachable=" in line]
    return {name: int(number) for name, _mark, number in (word.partition("=") for word in line.split(":")[1].split())}


@pytest.mark.matrix
@pytest.mark.parametrize("via", [CONNECTIONS[0], CONNECTIONS[3]], ids="-".join)
def test_the_roles_make_the_estate_compliant(lab: Stage, via: tuple[str, str]) -> None:
    before = lab.picture()
    checked = lab.check(SETTINGS, via=via)
    assert checked.rc == 0, checked.output
    for line in (
        "-EX03: turn_off\n",
        "+EX03: shut_down\n",
        "-same_subnet_threshold: 5\n",
        "+same_subnet_threshold: 10\n",
    ):
        assert line in checked.output
    applied = lab.play(SETTINGS, "--diff", via=via)
    assert applied.rc == 0, applied.output
    other = changes(before, lab.picture())
    assert {(owner, name.rpartition(".")[2]) for owner, _instance, name in other} == {
        ("HVC1", "OfflineAction"),
        ("DAG1", "SameSubnetThreshold"),
        ("DAG10", "SameSubnetThreshold"),
        ("DAG10", "CrossSubnetThreshold"),
    }
    assert set(lab.actions("HVC1").values()) == {2}
    assert (lab.heartbeat("DAG1"), lab.heartbeat("DAG10")) == ((1000, 10, 1000, 20), TEN)
    # Once for each cluster, on its first host.
    assert {entry.host for entry in lab.writes()} == {"hv01", "ex01", "ex11"}
    written = len(lab.writes())
    assert written == len({instance for _owner, instance, _name in other}) + 1  # DAG10 needs two
    again = lab.play(SETTINGS, "--diff", via=via)
    assert again.rc == 0
    assert len(lab.writes()) == written
    assert (
        sum(recap(again, host.name)["changed"] for host in lab.estate.estate.hosts if host.groups != ("standalone",))
        == 0
    )
    assert not [one for one in again.results if one.changed]


def test_the_first_node_is_down(lab: Stage) -> None:
    hosts = {"hv01": DOWN, "ex01": DOWN, "ex02": {"ansible_password": "Not-This-0ne"}}
    run = lab.play(SETTINGS, hosts=hosts)
    assert run.rc == 4
    for host in hosts:
        assert recap(run, host)["unreachable"] == 1
    assert "rejected by the server" in run.output
    assert {entry.host for entry in lab.writes()} == {"hv02", "ex03", "ex11"}
    assert set(lab.actions("HVC1").values()) == {2}
    assert (lab.heartbeat("DAG1"), lab.heartbeat("DAG10")) == ((1000, 10, 1000, 20), TEN)


def test_the_provider_of_the_first_node_cannot_read(lab: Stage) -> None:
    for host in ("hv01", "ex01"):
        lab.estate.add_fault(host=host, operation="Enumerate", action={"fault": 1359, "text": "Provider load failure."})
    run = lab.play(SETTINGS)
    assert run.rc == 0, run.output
    assert {entry.host for entry in lab.writes()} == {"hv02", "ex02", "ex11"}
    assert set(lab.actions("HVC1").values()) == {2}
    assert (lab.heartbeat("DAG1"), lab.heartbeat("DAG10")) == ((1000, 10, 1000, 20), TEN)


@pytest.mark.matrix
def test_the_provider_of_the_first_node_cannot_write(lab: Stage) -> None:
    for host in ("hv01", "ex01", "ex02"):
        for operation in ("Put", "Invoke"):
            refusal = {"fault": 2150859010, "text": "Provider failure.", "hresult": 0x80041004}
            lab.estate.add_fault(host=host, operation=operation, action=refusal)
    run = lab.play(SETTINGS)
    assert run.rc == 0, run.output
    assert set(lab.actions("HVC1").values()) == {2}
    assert lab.heartbeat("DAG1") == (1000, 10, 1000, 20)
    assert {entry.host for entry in lab.writes() if entry.changes} == {"hv02", "ex03", "ex11"}
    assert not lab.writes(host="ex04")
    assert "Provider failure" in run.output


def test_the_first_node_becomes_unreachable_during_writes(lab: Stage) -> None:
    """It does not respond to the second write, nor to the reads after it. The other node writes the rest."""
    lab.estate.add_fault(host="hv01", operation="Invoke", nth=2, action={"slow": 4})
    lab.estate.add_fault(host="hv01", operation="Get", action={"slow": 4})
    short = {"ansible_winrm_operation_timeout_sec": 1, "ansible_winrm_read_timeout_sec": 2}
    run = lab.play(HYPERV, variables=short)
    assert run.rc == 0, run.output
    assert set(lab.actions("HVC1").values()) == {2}
    writes = {host: [entry for entry in lab.writes(host=host) if entry.changes] for host in ("hv01", "hv02")}
    assert len(writes["hv01"]) in (1, 2)
    assert len(writes["hv01"]) + len(writes["hv02"]) == 7


def test_all_nodes_fail(lab: Stage) -> None:
    for operation in ("Put", "Invoke"):
        refusal = {"fault": 2150859010, "text": "Provider failure.", "hresult": 0x80041004}
        lab.estate.add_fault(operation=operation, action=refusal)
    run = lab.play(SETTINGS)
    assert run.rc == 2
    assert set(lab.actions("HVC1").values()) == {0, 1, 2, 3, None}
    last = [one for one in run.results if one.status == "failed" and one.host == "hv01"][-1]
    assert "0 of 7 changes are in effect, 7 failed" in last.message
    assert "Provider failure" in last.message
    assert recap(run, "hv01")["failed"] == 1
    assert {entry.host for entry in lab.writes()} >= {"hv01", "hv02"}
    # The other DAG still gets its settings.
    assert {entry.host for entry in lab.writes()} >= {"ex01", "ex02", "ex03", "ex04", "ex11", "ex12"}


@pytest.mark.parametrize("play", [HYPERV, DAG], ids=["hyperv_cluster", "dag_heartbeat"])
def test_all_nodes_are_unreachable(lab: Stage, play: str) -> None:
    lab.estate.add_fault(operation="Enumerate", action={"fault": 1359, "text": "Provider load failure."})
    run = lab.play(play)
    assert run.rc == 2
    hosts, noun = (("hv01", "hv02"), "cluster") if play == HYPERV else (("ex01", "ex04", "ex12"), "DAG")
    for host in hosts:
        last = [one for one in run.results if one.status == "failed" and one.host == host][-1]
        assert last.message.startswith(f"The {noun} of {host} could not be read, and no {noun} ")
        assert "Provider load failure" in last.message
    assert lab.writes() == []


def test_without_a_plan_for_any_hyperv_host_only_one_part_alone_is_set(lab: Stage) -> None:
    """Ansible ends a run when no host of a play is reachable. The plan comes before all changes."""
    down = {"hv01": DOWN, "hv02": DOWN}
    assert lab.play(ENFORCE, hosts=down).rc != 0
    assert lab.writes() == []
    assert lab.play("winha.cluster.heartbeat", hosts=down).rc == 0
    assert (lab.heartbeat("DAG1"), lab.heartbeat("DAG10")) == ((1000, 10, 1000, 20), TEN)


def test_a_standalone_host_among_the_nodes(lab: Stage) -> None:
    play = HYPERV.replace("hyperv_hosts", "mgmt01:hyperv_hosts")
    run = lab.play(play)
    assert run.rc == 2
    failed = [one for one in run.results if one.status == "failed"]
    assert {one.host for one in failed} == {"mgmt01"}
    assert "The cluster of mgmt01 could not be read" in failed[-1].message
    assert set(lab.actions("HVC1").values()) == {2}
    assert {entry.host for entry in lab.writes()} == {"hv01"}


def test_one_host_is_enough(lab: Stage) -> None:
    run = lab.play(SETTINGS, "--limit", "hv02,ex04")
    assert run.rc == 0, run.output
    assert {entry.host for entry in lab.journal()} == {"hv02", "ex04"}
    assert set(lab.actions("HVC1").values()) == {2}
    assert (lab.heartbeat("DAG1"), lab.heartbeat("DAG10")) == ((1000, 10, 1000, 20), (1000, 5, 1000, 5))


def test_inventory_settings_take_precedence(lab: Stage) -> None:
    settings = {
        "hyperv_cluster_offline_action": "shut_down_forced",
        "hyperv_cluster_virtual_machines": ["EX*"],
        "hyperv_cluster_exclude": ["EX07"],
        "dag_heartbeat_settings": {"cross_subnet_threshold": 8, "same_subnet_threshold": 6},
    }
    lab.play(DAG, variables=settings)
    # The 20 s of DAG1 across subnets are not shortened.
    assert (lab.heartbeat("DAG1"), lab.heartbeat("DAG10")) == ((1000, 6, 1000, 20), (1000, 6, 1000, 8))
    run = lab.play(SETTINGS, variables={**settings, "dag_heartbeat_allow_shorter": True})
    assert run.rc == 0, run.output
    assert lab.actions("HVC1") == {
        **{f"Virtual Machine EX0{number}": 3 for number in range(1, 7)},
        "SCVMM EX07": 1,
        "Virtual Machine FILE01": 1,
    }
    assert lab.heartbeat("DAG1") == lab.heartbeat("DAG10") == (1000, 6, 1000, 8)


def test_invalid_settings_are_reported(lab: Stage) -> None:
    settings = {"dag_heartbeat_settings": {"cross_subnet_threshold": 15}, "hyperv_cluster_virtual_machines": ["EX99"]}
    run = lab.play(SETTINGS, variables=settings)
    assert run.rc == 2
    assert "15 s, more than max_seconds (10)" in run.output
    assert "matches EX99; it has EX01" in run.output
    assert lab.writes() == []
    wrong = lab.play(HYPERV, variables={"hyperv_cluster_offline_action": "explode"})
    assert wrong.rc == 2
    assert re.search(r"hyperv_cluster_offline_action is \S*explode\S*, and it must be one of", wrong.output), (
        wrong.output
    )
    shorter = {"dag_heartbeat_allow_shorter": True}
    lifted = lab.play(DAG, "--limit", "ex01", variables={**settings, "dag_heartbeat_max_seconds": 15, **shorter})
    assert lifted.rc == 0, lifted.output
    assert lab.heartbeat("DAG1") == (1000, 10, 1000, 15)


def more(network: str) -> Variables:
    """A second Hyper-V cluster in the same group, and DAGs on other Windows versions."""
    estate = estate_file(network)
    for name, number, windows, group, cluster in (
        ("hv11", 111, "2019", "hyperv_hosts", "HVC2"),
        ("hv12", 112, "2019", "hyperv_hosts", "HVC2"),
        ("ex21", 121, "2022", "dag_members", "DAG2"),
        ("ex31", 131, "2012 R2", "dag_members", "DAG3"),
    ):
        estate["hosts"].append(
            {"name": name, "address": f"{network}.{number}", "windows": windows, "groups": [group], "cluster": cluster}
        )
    described: list[Variables] = [{"name": name, "fqdn": f"{name}.test"} for name in ("HVC2", "DAG2", "DAG3")]
    described[0]["virtual_machines"] = [{"name": "SQL01", "private_properties": {"OfflineAction": 0}}]
    estate["clusters"] += described
    return estate


def test_several_clusters_in_a_group(bring_up: t.Callable[..., Stage]) -> None:
    lab = bring_up(more)
    run = lab.play(SETTINGS, "--diff", hosts={"hv11": DOWN})
    assert run.rc == 4
    assert set(lab.actions("HVC1").values()) == set(lab.actions("HVC2").values()) == {2}
    # The default of 2022 is not lowered; the older DAG gets the recommended values.
    assert lab.heartbeat("DAG2") == (1000, 20, 1000, 20)
    assert (lab.heartbeat("DAG1"), lab.heartbeat("DAG3"), lab.heartbeat("DAG10")) == ((1000, 10, 1000, 20), TEN, TEN)
    assert {entry.host for entry in lab.writes()} == {"hv01", "hv12", "ex01", "ex31", "ex11"}
