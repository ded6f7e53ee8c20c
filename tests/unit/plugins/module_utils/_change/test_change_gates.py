# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each gate: what stops a cluster, with its sentence, and what the operator allows."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._change.gate import GATES
from ansible_collections.winha.cluster.plugins.module_utils._change.window import is_open
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from change_samples import cluster, health, host, node, role, roll

MARK = {"run": "r1", "started": "2026-11-28T22:00:00Z", "roles": ["EX01"]}
STORAGE: dict[str, t.Any] = {"jobs": [], "virtual_disks": [{"name": "CSV1", "health": "healthy", "operational": [2]}]}


def storage(**other: t.Any) -> dict[str, t.Any]:
    return {"storage_spaces_direct": True, "storage": {**STORAGE, **other}}


def nodes(**other: t.Any) -> list[dict[str, t.Any]]:
    return [node("HV01"), node("HV02", **other)]


def three(*roles: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    return cluster("HV01", "HV02", "HV03", roles=roles)


CASES: list[tuple[str, str, list[dict[str, t.Any]]]] = [
    ("nodes_in_run", "fail", [*cluster("HV01", nodes=nodes()), host("hv02", None)]),
    ("nodes_in_run", "fail", cluster("HV01", nodes=nodes())),
    ("nodes_up", "fail", cluster("HV01", "HV02", nodes=nodes(state="down"))),
    ("nodes_up", "unknown", cluster("HV01", "HV02", nodes=nodes(state="unknown"))),
    ("networks_up", "fail", cluster("HV01", "HV02", networks=[{"name": "LM", "state": "partitioned"}])),
    ("networks_up", "unknown", cluster("HV01", "HV02", networks=None)),
    ("foreign_drain", "fail", cluster("HV01", "HV02", nodes=nodes(state="paused"))),
    ("foreign_drain", "unknown", cluster("HV01", "HV02", nodes=nodes(state="paused", mark_unknown="Access denied"))),
    ("quorum", "fail", cluster("HV01", "HV02", quorum_lost_without={"HV01": True, "HV02": True})),
    ("quorum", "unknown", cluster("HV01", "HV02", quorum_lost_without={})),
    ("virtual_machines_live", "fail", cluster("HV01", "HV02", roles=[role("FILE01", "HV01", drain="saved")])),
    ("virtual_machines_live", "unknown", cluster("HV01", "HV02", roles=[role("FILE01", "HV01", drain=None)])),
    ("virtual_machines_live", "unknown", cluster(
        "HV01", "HV02", roles=[role("A", "HV01", drain=None)], unknown=[{"what": "drain actions", "why": "Denied."}])),
    ("dag_members_apart", "fail", three(*(role(f"EX0{each}", "HV01", anti_affinity=["DAG"]) for each in (1, 2)))),
    ("storage", "fail", cluster("HV01", "HV02", **storage(jobs=[{"name": "Repair", "state": "suspended"}]))),
    ("storage", "fail", cluster("HV01", "HV02", **storage(
        virtual_disks=[{"name": "CSV1", "health": "warning", "operational": [3]}]))),
    ("storage", "fail", cluster("HV01", "HV02", **storage(
        virtual_disks=[{"name": "CSV1", "health": "healthy", "operational": [11]}]))),
    ("storage", "unknown", cluster("HV01", "HV02", storage_spaces_direct=True)),
    ("storage", "unknown", cluster("HV01", "HV02", storage_spaces_direct=None)),
    ("updating", "fail", cluster("HV01", "HV02", updating=True)),
    ("updating", "unknown", cluster("HV01", "HV02", updating=None)),
    ("network_atc", "fail", cluster("HV01", "HV02", network_atc=True)),
    ("network_atc", "unknown", cluster("HV01", "HV02", network_atc=None)),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "outcome", "hosts"), CASES)
def test_a_gate_stops_its_cluster_and_may_be_allowed_by_name(
    gate: str, outcome: str, hosts: list[dict[str, t.Any]]
) -> None:
    found = roll(hosts)["clusters"][0]
    stopping = [row for row in found["gates"] if row["outcome"] != "pass"]
    assert {(row["gate"], row["outcome"]) for row in stopping} == {(gate, outcome)}
    assert all(row["reason"].endswith(".") for row in found["gates"])
    assert found["stopped"]
    assert roll(hosts)["rounds"] == []
    allowed = roll(hosts, allow_gates=[gate])
    assert allowed["clusters"][0]["stopped"] == ""
    assert allowed["rounds"]


def test_a_healthy_cluster_passes_every_gate() -> None:
    found = roll(cluster("HV01", "HV02", roles=[role("EX01", "HV01")], **storage()))
    assert {row["outcome"] for row in found["clusters"][0]["gates"]} == {"pass"}
    assert (found["rounds"], found["left"], found["unread"]) == ([["hv02"], ["hv01"]], [], [])


LET = " Include every node of the cluster in the run and correct what keeps it from being read."
WAIT = " Wait until no storage job runs and every virtual disk is healthy."
CRASHED = " Wait until it ends; Get-CauRun shows it. A run that crashed is listed for up to an hour."
SENTENCES: list[tuple[str, list[dict[str, t.Any]], str]] = [
    ("nodes_in_run", [*cluster("HV01", nodes=nodes()), host("hv02", None)], "hv02: No connection." + LET),
    ("nodes_in_run", cluster("HV01", nodes=nodes()), "HV02 is not a host of this run." + LET),
    ("nodes_in_run", cluster("HV01", nodes=[*nodes(), node("HV03")]), "HV02 and HV03 are not hosts of this run." + LET),
    ("nodes_in_run", cluster("HV01", nodes=[node("HV02")]),
     "hv01 is not in the cluster's list of nodes; HV02 is not a host of this run." + LET),
    ("nodes_in_run", cluster("HV01", "HV02"), "HV01 and HV02 were read."),
    ("nodes_up", cluster("HV01", "HV02", nodes=nodes(state="down")), "HV02 is down. Bring every node up first."),
    ("nodes_up", cluster("HV01", "HV02", nodes=nodes(state="unknown")),
     "The state of HV02 is not known. Look at it in Failover Cluster Manager."),
    ("nodes_up", cluster("HV01", "HV02"), "All nodes are up."),
    ("networks_up", cluster("HV01", networks=[{"name": "LM", "state": "down"}]),
     "LM is down. Check the adapters and cables of the nodes first."),
    ("networks_up", cluster("HV01", networks=None, unknown=[{"what": "networks", "why": "Denied."}]),
     "The cluster networks are not known: Denied."),
    ("networks_up", cluster("HV01"), "All cluster networks are up."),
    ("foreign_drain", cluster("HV01", nodes=[node("HV01", state="paused")]),
     "HV01 was paused by somebody else. Ask who did it, and resume the node when that work is done."),
    ("foreign_drain", cluster("HV01", "HV02", nodes=[node(f"HV0{each}", state="paused") for each in (1, 2)]),
     "HV01 and HV02 were paused by somebody else. Ask who did it, and resume the node when that work is done."),
    ("foreign_drain", cluster("HV01", "HV02", nodes=nodes(state="paused", mark_unknown="Denied")),
     "HV02 is paused, and who paused it is not known: Denied."),
    ("foreign_drain", cluster("HV01"), "No node was paused by somebody else."),
    ("storage", cluster("HV01"), "The cluster does not use Storage Spaces Direct."),
    ("storage", cluster("HV01", storage_spaces_direct=None),
     "Whether Storage Spaces Direct is used is not known: it could not be read."),
    ("storage", cluster("HV01", **storage(jobs=[{"name": "Repair", "state": "running"}])),
     "the storage job Repair is running." + WAIT),
    ("storage", cluster("HV01", **storage(virtual_disks=[{"name": "V", "health": "healthy", "operational": []}])),
     "the virtual disk V has the operational status unknown." + WAIT),
    ("storage", cluster("HV01", **storage(virtual_disks=[{"name": "V", "health": "healthy", "operational": [2, 3]}])),
     "the virtual disk V has the operational status 2, 3." + WAIT),
    ("storage", cluster("HV01", storage_spaces_direct=True),
     "The storage jobs and virtual disks are not known: it could not be read."),
    ("storage", cluster("HV01", nodes=[node("HV01", state="paused", drain="completed", mark=MARK)], **storage()),
     "HV01 is still drained by an earlier run. Storage is judged when the node is resumed."),
    ("storage", cluster("HV01", **storage()), "No storage job runs, and every virtual disk is healthy."),
    ("updating", cluster("HV01", updating=True),
     "A Cluster-Aware Updating run is in progress on HV01." + CRASHED),
    ("updating", cluster("HV01", updating=None),
     "Whether Cluster-Aware Updating is running is not known: it could not be read."),
    ("updating", cluster("HV01"), "No Cluster-Aware Updating run is in progress."),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "hosts", "sentence"), SENTENCES)
def test_the_sentence_of_a_gate(gate: str, hosts: list[dict[str, t.Any]], sentence: str) -> None:
    found = {row["gate"]: row["reason"] for row in roll(hosts)["clusters"][0]["gates"]}
    assert found[gate] == sentence


def test_every_gate_is_judged() -> None:
    found = roll(cluster("HV01", "HV02", roles=[role("EX01", "HV01")], **storage()))
    assert {row["gate"] for row in found["clusters"][0]["gates"]} == set(GATES)


def test_a_host_that_was_not_read_is_told_with_its_reason() -> None:
    """The sentence is cut at its period only: the name at its end stays."""
    lost = host("hv02", None)
    lost["migration_network_health"]["msg"] = "Denied by FAX."
    found = {row["gate"]: row["reason"] for row in roll([*cluster("HV01"), lost])["clusters"][0]["gates"]}
    assert found.get("nodes_in_run") == "HV01 was read."
    listed = roll([*cluster("HV01", nodes=nodes()), lost])["clusters"][0]["gates"]
    assert listed[0]["reason"] == "hv02: Denied by FAX." + LET


def test_a_pool_optimization_and_an_ended_job_stop_nothing() -> None:
    jobs = [
        {"name": "Pool1-Optimize", "state": "running"},
        *({"name": "Repair", "state": state} for state in ("completed", "terminated", "killed", "exception")),
    ]
    assert roll(cluster("HV01", "HV02", **storage(jobs=jobs)))["clusters"][0]["stopped"] == ""


def test_storage_is_not_judged_while_a_node_is_drained() -> None:
    hosts = cluster("HV01", "HV02", nodes=nodes(state="paused", drain="completed", mark=MARK), **storage(
        virtual_disks=[{"name": "CSV1", "health": "warning", "operational": [3]}]))  # fmt: skip
    found = roll(hosts)
    assert found["clusters"][0]["stopped"] == ""
    assert found["clusters"][0]["drained"] == ["hv02"]
    assert found["rounds"] == [["hv02"], ["hv01"]]


def test_the_state_of_the_worst_view_counts() -> None:
    hosts = cluster("HV01", "HV02")
    hosts[1]["migration_network_health"]["health"]["nodes"] = nodes(state="down")
    hosts[1]["migration_network_health"]["health"]["networks"] = [{"name": "Live Migration", "state": "down"}]
    stopped = roll(hosts)["clusters"][0]["stopped"]
    assert stopped == (
        "HV02 is down. Bring every node up first. "
        "Live Migration is down. Check the adapters and cables of the nodes first."
    )


@pytest.mark.parametrize("named", ["FILE01", "file*"])
def test_a_virtual_machine_may_be_saved_if_it_is_named(named: str) -> None:
    hosts = cluster("HV01", "HV02", roles=[role("FILE01", "HV01", drain="saved")])
    found = roll(hosts, allow_saved=[named])
    assert found["clusters"][0]["stopped"] == ""
    assert [(move["machine"], move["how"]) for move in found["clusters"][0]["moves"]] == [("FILE01", "saved")]


def test_the_sentence_says_what_a_drain_does_and_what_to_do() -> None:
    hosts = cluster("HV01", "HV02", roles=[role("FILE01", "HV01", drain="saved")])
    assert roll(hosts)["left"] == [
        {
            "cluster": "hvc1.example.test",
            "hosts": ["hv01", "hv02"],
            "why": "gate",
            "reason": "HVC1 is not begun: A drain of HV01 would leave FILE01 saved to disk: raise the priority of the "
            "role, or name the virtual machine in migration_network_allow_saved.",
        }
    ]


def test_known_dag_members_need_a_common_class_where_there_is_room() -> None:
    members = [{"inventory_hostname": name} for name in ("ex01", "ex02")]
    roles = [role("EX01", "HV01"), role("EX02", "HV02")]
    apart = roll(cluster("HV01", "HV02", roles=roles), dag_members=members)
    assert apart["clusters"][0]["stopped"] == ""
    wide = roll(three(*roles), dag_members=members)
    assert wide["clusters"][0]["stopped"] == (
        "EX01 and EX02 are members of one DAG without a common anti-affinity class: give them one."
    )


def test_the_votes_count_where_windows_does_not_tell() -> None:
    assert roll(cluster("HV01", "HV02", "HV03", quorum_lost_without={}))["clusters"][0]["stopped"] == ""


def test_without_a_drain_nothing_moves() -> None:
    hosts = cluster("HV01", "HV02", roles=[role("FILE01", "HV01", drain="saved")])
    found = roll(hosts, drain=False, allow_restart=True)
    assert (found["clusters"][0]["stopped"], found["clusters"][0]["moves"]) == ("", [])


def test_a_node_that_is_only_unmarked_is_not_drained() -> None:
    """It is up and compliant, and only the mark of an earlier run is left."""
    nodes_ = [node("HV01", mark=MARK), node("HV02")]
    hosts = cluster("HV01", "HV02", nodes=nodes_, roles=[role("FILE01", "HV01", drain="saved")])
    for each in hosts:
        each["migration_network_plan"] |= {"changed": False}
    found = roll(hosts, allow_drain=False)
    assert (found["rounds"], found["clusters"][0]["stopped"]) == ([["hv01"]], "")
    assert found["clusters"][0]["moves"] == []


def test_an_unknown_gate_is_refused() -> None:
    with pytest.raises(TaskError, match="contains quroum, which is not a gate"):
        roll(cluster("HV01"), allow_gates=["quroum"])


def test_outside_the_maintenance_window_nothing_is_begun() -> None:
    found = roll(cluster("HV01", "HV02"), maintenance_window="Sun 22:00-Mon 04:00")
    assert found["clusters"][0]["stopped"] == (
        "It is Sat 23:00, outside the maintenance window Sun 22:00-Mon 04:00. Run this again when it is open."
    )


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("", "2026-11-28T12:00", True),
        ("22:00-04:00", "2026-11-28T23:59", True),
        ("22:00-04:00", "2026-11-28T03:59", True),
        ("22:00-04:00", "2026-11-28T04:00", False),
        ("08:00-17:00", "2026-11-28T07:59", False),
        ("18:00-24:00", "2026-11-28T23:59", True),
        ("Sat 22:00-Sun 04:00", "2026-11-28T22:00", True),
        ("Sat 22:00-Sun 04:00", "2026-11-29T03:00", True),
        ("Sat 22:00-Sun 04:00", "2026-11-29T22:00", False),
        ("saturday 22:00 - monday 04:00", "2026-11-29T12:00", True),
        ("Sun 22:00-Mon 04:00", "2026-11-30T01:00", True),
        ("12:00-13:00, Sat 22:00-Sun 04:00", "2026-11-30T12:30", True),
    ],
)
def test_a_window_is_open(text: str, moment: str, expected: bool) -> None:
    assert is_open(text, datetime.datetime.fromisoformat(moment)) is expected


@pytest.mark.parametrize("text", ["tonight", "22:00", "Sat 22:00-04:00", "25:00-26:00", "10:00-10:00", "10:61-11:00"])
def test_a_window_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(TaskError, match="cannot be read"):
        is_open(text, datetime.datetime(2026, 11, 28))


def test_a_window_is_read_even_if_nothing_is_to_do() -> None:
    with pytest.raises(TaskError, match="cannot be read"):
        roll([host("hv01", health("HV01", cluster="c", nodes=[node("HV01")]), changed=False)], maintenance_window="x")
