# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the members of a DAG are: what keeps them apart, how a member is found, and what is not known."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from audit_cases import Mapping, judged

NODE = {"windows": "2019", "state": "up", "vote": 1, "dynamic_vote": 1}
NO_PLACEMENT = {"possible_owners": {}, "affinity_rules": []}
BOTH = {"EX01": "A", "EX02": "B"}


def hyperv(placement: Mapping | None = None, name: str = "HVC1", **changes: Mapping) -> Mapping:
    """A node of a Hyper-V cluster with two virtual machines on it."""
    machines = [
        {"name": machine, "id": number, "group": machine, "resource": f"R {machine}", "owner_node": "hv01",
         "state": "online", "anti_affinity": [], **changes.get(machine, {})}
        for machine, number in BOTH.items()
    ]  # fmt: skip
    cluster = {"name": name, "fqdn": f"{name}.example.com", "nodes": [{"name": "hv01"}, {"name": "hv02"}],
               "virtual_machines": machines, "placement": placement or NO_PLACEMENT}  # fmt: skip
    return {"cluster_info": {"unknown": [], "cluster": {**cluster, "node": "hv01"}}}


def member(name: str, guest: t.Any = "read", **more: t.Any) -> Mapping:
    """A member of DAG1, which is the virtual machine of its name."""
    own = {"machine_id": BOTH[name.upper()], "machine_name": name, "host": "hv01"}
    info = {"guest": own if guest == "read" else guest} if guest != "absent" else {}
    quorum = {
        "dynamic": True,
        "witness_vote": 1,
        "witness": {"type": "file_share", "state": "online", "path": r"\\fs\w"},
    }
    cluster = {"name": "DAG1", "node": name, "nodes": [{"name": each, **NODE} for each in ("ex01", "ex02")],
               "heartbeat_seconds": {"same_subnet": 20.0}, "quorum": quorum, **more}  # fmt: skip
    return {"host_info": {"unknown": [], **info}, "cluster_info": {"unknown": [], "cluster": cluster}}


def outcomes(rule: str, parameters: Mapping | None = None, **hosts: Mapping) -> dict[str, str]:
    found = judged(rule, {"hosts": hosts, "parameters": parameters})
    return {one["subject"]: one["outcome"] for one in found}


RULE = {"name": "r", "type": "different_node", "enabled": True, "groups": ["ex01", "EX02"]}
DAG = {"ex01": member("ex01"), "ex02": member("ex02")}
FAIL, PASS, UNKNOWN = ({"ex01": word, "ex02": word} for word in ("fail", "pass", "unknown"))


@pytest.mark.parametrize(
    ("placement", "changes", "expected"),
    [
        (None, {}, FAIL),
        (None, {"EX01": {"anti_affinity": ["x", "DAG1"]}, "EX02": {"anti_affinity": ["DAG1"]}}, PASS),
        # The stricter of the two: it is not documented whether the case of a class name matters.
        (None, {"EX01": {"anti_affinity": ["dag1"]}, "EX02": {"anti_affinity": ["DAG1"]}}, FAIL),
        ({"possible_owners": {"R EX01": ["hv01"], "R EX02": ["hv02"]}, "affinity_rules": []}, {}, PASS),
        ({"possible_owners": {"R EX01": ["hv01"], "R EX02": ["hv01", "hv02"]}, "affinity_rules": []}, {}, FAIL),
        ({"possible_owners": {"R EX01": ["hv01"]}, "affinity_rules": []}, {}, FAIL),
        *[
            ({"possible_owners": {}, "affinity_rules": [{**RULE, **rule}]}, {}, outcome)
            for rule, outcome in (
                ({}, PASS),
                ({"type": "different_fault_domain"}, PASS),
                ({"type": "same_node"}, FAIL),
                ({"enabled": False}, FAIL),
                ({"groups": ["EX01"]}, FAIL),
            )
        ],
        (None, {"EX01": {"anti_affinity": None}}, UNKNOWN),
    ],
)  # fmt: skip
def test_what_keeps_members_apart(placement: t.Any, changes: Mapping, expected: Mapping) -> None:
    assert outcomes("dag-members-apart", hv01=hyperv(placement, **changes), **DAG) == expected


def test_unread_possible_owners_are_unknown_only_without_another_reason() -> None:
    unread = hyperv()
    del unread["cluster_info"]["cluster"]["placement"]
    assert outcomes("dag-members-apart", hv01=unread, **DAG) == UNKNOWN
    apart = hyperv(EX01={"anti_affinity": ["D"]}, EX02={"anti_affinity": ["D"]})
    del apart["cluster_info"]["cluster"]["placement"]
    assert outcomes("dag-members-apart", hv01=apart, **DAG) == PASS


def test_a_member_is_found_by_its_id_and_without_one_by_its_name() -> None:
    renamed = hyperv(EX01={"name": "new name"}, EX02={"name": "EX01"})
    assert outcomes("dag-members-apart", hv01=renamed, **DAG) == FAIL
    named = {"ex01": member("ex01", "absent"), "ex02": member("ex02", {"machine_id": None, "host": None})}
    assert outcomes("dag-members-apart", hv01=hyperv(), **named) == FAIL
    # Before Windows Server 2012 a guest operating system has only the name of its virtual machine.
    older = {"ex01": member("ex01", {"machine_name": "new name"}), "ex02": member("ex02", {"machine_name": "EX01"})}
    assert outcomes("dag-members-apart", hv01=renamed, **older) == FAIL
    # A name that two clusters have is none.
    other = {"hv11": hyperv(name="HVC2", EX01={"id": "C"}, EX02={"id": "D"})}
    assert outcomes("dag-members-apart", hv01=hyperv(), **other, **named) == UNKNOWN


def test_a_member_whose_host_was_not_read_is_unknown_and_a_physical_one_is_not_judged() -> None:
    found = judged("dag-members-apart", {"hosts": {"ex01": member("ex01"), "ex02": member("ex02", None)}})
    texts = {one["subject"]: (one["outcome"], one["text"]) for one in found}
    assert texts["ex01"][0] == "unknown"
    assert "ex01 is on the Hyper-V host hv01." in texts["ex01"][1]
    assert texts["ex02"] == ("not_applicable", "ex02 is not a virtual machine of Hyper-V.")


def test_the_remedy_adds_the_name_of_the_dag_on_a_node_of_the_hyper_v_cluster() -> None:
    hosts = {"hv01": hyperv(EX01={"anti_affinity": ["x"]}), **DAG}
    found = judged("dag-members-apart", {"hosts": hosts})
    plays = [yaml.safe_load(one["remedy"]["text"])[0] for one in found]
    assert [play["hosts"] for play in plays] == ["hv01", "hv01"]
    tasks = [play["tasks"][0]["winha.cluster.cluster_group"] for play in plays]
    assert tasks == [
        {"names": ["A"], "anti_affinity_class_names": ["x", "DAG1"]},
        {"names": ["B"], "anti_affinity_class_names": ["DAG1"]},
    ]
    after = {name: {"anti_affinity": task["anti_affinity_class_names"]} for name, task in zip(BOTH, tasks, strict=True)}
    assert outcomes("dag-members-apart", hv01=hyperv(**after), **DAG) == PASS


def test_a_host_with_too_many_votes_is_named_with_its_members() -> None:
    (found,) = judged("dag-host-loss", {"hosts": {"hv01": hyperv(), **DAG}})
    assert (found["outcome"], found["subject"], found["expected"]) == ("fail", "hv01", "at most 1 of 3 votes")
    assert "hv01 runs ex01, ex02, which have 2 of the 3 votes of DAG1." in found["text"]
    # A virtual machine that is off has no vote to lose.
    off = {"hv01": hyperv(EX02={"state": "offline"}), **DAG}
    assert {one["outcome"] for one in judged("dag-host-loss", {"hosts": off})} == {"pass"}


def test_two_clusters_can_have_hosts_of_one_name() -> None:
    hosts = {
        "hv01": hyperv(EX02={"id": "X", "name": "other"}),
        "hv11": hyperv(name="HVC2", EX01={"id": "Y", "name": "another"}),
    }
    assert {one["outcome"] for one in judged("dag-host-loss", {"hosts": {**hosts, **DAG}})} == {"pass"}


@pytest.mark.parametrize(
    ("path", "outcome", "text"),
    [
        (r"\\hv02.example.com\w", "fail", "hv02.example.com is a node of HVC1"),
        (r"\\HVC1\w", "fail", "HVC1 is the cluster HVC1"),
        (r"\\ex02\w", "fail", "ex02 is a member of the DAG, ex02 is the virtual machine EX02 on HVC1"),
        (r"\\fs\w", "pass", ""),
        (r"\\10.0.0.5\w", "unknown", "is not known by a name"),
        ("", "unknown", "is not known by a name"),
    ],
)
def test_the_server_of_the_witness_is_compared_by_name(path: str, outcome: str, text: str) -> None:
    quorum = {"witness": {"type": "file_share", "state": "online", "path": path}}
    dag = {name: member(name, quorum=quorum) for name in ("ex01", "ex02")}
    (found,) = judged("dag-witness-apart", {"hosts": {"hv01": hyperv(), **dag}})
    assert found["outcome"] == outcome
    assert text in found["text"]


def test_a_witness_server_that_was_read_is_found_by_its_id_whatever_its_machine_is_called() -> None:
    quorum = {"witness": {"type": "file_share", "state": "online", "path": r"\\fs01\w"}}
    dag = {"ex01": member("ex01", quorum=quorum)}
    server = {"host_info": {"unknown": [], "windows": {"computer_name": "FS01"}, "guest": {"machine_id": "B"}}}
    found = judged("dag-witness-apart", {"hosts": {"hv01": hyperv(EX02={"name": "File 1"}), "ex09": server, **dag}})
    assert [one["outcome"] for one in found if one["host"] == "DAG1"] == ["fail"]


def test_network_atc_changes_the_remedy() -> None:
    settings = [
        {"adapter": "LM", "setting": "mtu", "before": 1500, "now": 9000},
        {"adapter": "LM", "setting": "receive_buffers", "wanted": 8192, "before": 512, "now": 2048},
    ]
    for rule in ("jumbo-adapter", "receive-buffers"):
        for atc, kind in ((True, "manual"), (False, "role")):
            info = {"unknown": [], "windows": {"release": "2025"}, "live_migration": {"network_atc": atc}}
            (found,) = judged(rule, {"host_info": info, "net_adapter": {"settings": settings}})
            assert found["remedy"]["kind"] == kind
            assert ("Set-NetIntent" in found["remedy"]["text"]) is atc
