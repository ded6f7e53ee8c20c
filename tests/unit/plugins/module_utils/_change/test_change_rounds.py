# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts form a cluster, and which node works in which round."""

from __future__ import annotations

import itertools

from ansible_collections.winha.cluster.plugins.module_utils._change.dag import Carried, dags_of
from ansible_collections.winha.cluster.plugins.module_utils._change.rounds import Work, rounds_of
from change_samples import cluster, health, host, node, role, roll
from hypothesis import given
from hypothesis import strategies as st

MARK = {"run": "r1", "started": "2026-11-28T22:00:00Z", "roles": ["EX01"]}
_NAMES = st.frozensets(st.sampled_from(["A", "B", "C"]), max_size=2)
_CARRIED = st.builds(Carried, dags=_NAMES, classes=_NAMES, loose=st.just(frozenset[str]()))


@st.composite
def work(draw: st.DrawFn) -> list[Work]:
    groups = draw(st.lists(st.sampled_from(["c1", "c2", "c3", "standalone"]), max_size=9))
    return [
        Work(
            host=f"h{number}",
            group=group,
            marked=draw(st.booleans()),
            machines=draw(st.integers(0, 4)),
            carried=draw(_CARRIED),
        )
        for number, group in enumerate(groups)
    ]


@given(work())
def test_every_node_works_once_and_no_two_that_must_not_be_away_together(every: list[Work]) -> None:
    rounds = rounds_of(every)
    assert sorted(each.host for each_round in rounds for each in each_round) == sorted(each.host for each in every)
    for each_round in rounds:
        assert each_round
        assert len({each.group for each in each_round}) == len(each_round)
        assert not any(one.carried.shares(other.carried) for one, other in itertools.combinations(each_round, 2))


@given(work())
def test_drained_nodes_come_before_the_others_of_their_cluster(every: list[Work]) -> None:
    for group in {each.group for each in every}:
        marks = [each.marked for each_round in rounds_of(every) for each in each_round if each.group == group]
        assert marks == sorted(marks, reverse=True)


@given(work())
def test_clusters_that_share_no_dag_are_worked_on_side_by_side(every: list[Work]) -> None:
    free = [Work(host=each.host, group=each.group, marked=False, machines=0, carried=Carried()) for each in every]
    most = max((sum(each.group == group for each in free) for group in {each.group for each in free}), default=0)
    assert len(rounds_of(free)) == most


def test_the_fewest_virtual_machines_come_first() -> None:
    roles = [role("A", "HV01"), role("B", "HV01"), role("C", "HV02")]
    assert roll(cluster("HV01", "HV02", "HV03", roles=roles))["rounds"] == [["hv03"], ["hv02"], ["hv01"]]


def test_two_clusters_do_not_move_members_of_one_dag_in_one_round() -> None:
    one = cluster("HV01", roles=[role("EX01", "HV01")], name="hvc1.example.test")
    other = cluster("HV11", roles=[role("EX11", "HV11")], name="hvc2.example.test")
    read = {"cluster": {"name": "DAG1", "nodes": [{"name": "EX01"}, {"name": "EX11"}]}}
    members = [{"inventory_hostname": "ex01", "dag_heartbeat_read": read}]
    assert roll([*one, *other])["rounds"] == [["hv01", "hv11"]]
    assert roll([*one, *other], dag_members=members)["rounds"] == [["hv01"], ["hv11"]]


def test_members_whose_dag_was_not_read_are_one_dag() -> None:
    one = cluster("HV01", roles=[role("EX01", "HV01")], name="hvc1.example.test")
    other = cluster("HV11", roles=[role("EX11", "HV11")], name="hvc2.example.test")
    members = [{"inventory_hostname": name} for name in ("ex01.example.test", "EX11")]
    assert len(roll([*one, *other], dag_members=members)["rounds"]) == 2


def test_one_class_in_two_clusters_counts_only_for_members_of_unknown_dags() -> None:
    one = cluster("HV01", roles=[role("EX01", "HV01", anti_affinity=["x"])], name="hvc1.example.test")
    other = cluster("HV11", roles=[role("EX11", "HV11", anti_affinity=["X"])], name="hvc2.example.test")
    members = [
        {"inventory_hostname": name, "dag_heartbeat_read": {"cluster": {"name": dag, "nodes": [{"name": name}]}}}
        for name, dag in (("ex01", "DAG1"), ("ex11", "DAG2"))
    ]
    assert len(roll([*one, *other])["rounds"]) == 2
    assert len(roll([*one, *other], dag_members=members[:1])["rounds"]) == 2
    assert len(roll([*one, *other], dag_members=members)["rounds"]) == 1


def test_the_roles_that_come_back_to_a_drained_node_count_for_it() -> None:
    drained = [node("HV01", state="paused", drain="completed", mark=MARK), node("HV02")]
    roles = [role("EX01", "HV02")]
    one = cluster("HV01", "HV02", nodes=drained, roles=roles, name="hvc1.example.test")
    other = cluster("HV11", roles=[role("EX11", "HV11")], name="hvc2.example.test")
    members = [{"inventory_hostname": name} for name in ("ex01", "ex11")]
    assert roll([*one, *other], dag_members=members)["rounds"][0] == ["hv01"]


def test_roles_that_come_back_to_a_drained_node_do_not_count_for_the_node_that_has_them() -> None:
    """On two nodes the drain has put both members of a DAG on one node, and the run was killed."""
    drained = [node("HV01", state="paused", drain="completed", mark=MARK), node("HV02")]
    roles = [role(name, "HV02", anti_affinity=["DAG1"]) for name in ("EX01", "EX02")]
    found = roll(cluster("HV01", "HV02", nodes=drained, roles=roles))
    assert (found["clusters"][0]["stopped"], found["rounds"]) == ("", [["hv01"], ["hv02"]])
    assert [each["machine"] for each in found["clusters"][0]["moves"]] == ["EX02"]


def test_a_drain_that_was_not_finished_is_told_where_the_permission_is_missing() -> None:
    drained = [node("HV01", state="paused", drain="completed", mark=MARK), node("HV02")]
    (left,) = roll(cluster("HV01", "HV02", nodes=drained), allow_drain=False)["left"]
    assert left["reason"].endswith("to true to permit it. An earlier run drained hv01 and did not finish.")


def test_two_clusters_of_one_name_in_two_domains_are_two() -> None:
    hosts = [
        *cluster("HV01", name="HVC1.a.test"),
        *[{**each, "inventory_hostname": "b-hv01"} for each in cluster("HV01", name="HVC1.b.test")],
    ]
    found = roll(hosts)
    assert [row["key"] for row in found["clusters"]] == ["hvc1.a.test", "hvc1.b.test"]
    assert found["rounds"] == [["hv01", "b-hv01"]]


def test_one_node_under_two_names_works_once() -> None:
    hosts = cluster("HV01", "HV02")
    hosts.append({**hosts[0], "inventory_hostname": "hvc1"})
    found = roll(hosts)
    assert sorted(name for each in found["rounds"] for name in each) == ["hv01", "hv02"]
    assert found["aliases"] == {"hvc1": "hv01"}


def test_computer_names_end_after_15_characters() -> None:
    hosts = cluster("HYPERV-NODE-MUN", name="hvc1.example.test", nodes=[node("HYPERV-NODE-MUN"), node("HV02")])
    hosts.append(host("hyperv-node-munich-02", None))
    found = roll([hosts[0], {**hosts[1], "inventory_hostname": "hv02.example.test"}])
    assert found["hosts"]["hv02.example.test"]["cluster"] == "hvc1.example.test"


def test_a_cluster_with_a_host_that_has_left_the_play_is_not_begun_and_the_others_go_on() -> None:
    hosts = [*cluster("HV01", "HV02"), *cluster("HV11", "HV12", name="hvc2.example.test")]
    found = roll(hosts, playing=["hv01", "hv11", "hv12"])
    assert found["rounds"] == [["hv11"], ["hv12"]]
    assert found["clusters"][0]["stopped"].startswith("hv02: it has left the play.")
    assert found["unread"] == [{"host": "hv02", "reason": "hv02 has left the play."}]


def test_an_unreachable_host_is_assigned_by_what_its_neighbors_list() -> None:
    hosts = [*cluster("HV01", nodes=[node("HV01"), node("HV02")]), host("hv02", None)]
    found = roll(hosts)
    assert found["hosts"]["hv02"] == {"cluster": "hvc1.example.test", "node": "hv02"}
    assert found["clusters"][0]["stopped"] == (
        "hv02: No connection. Include every node of the cluster in the run and correct what keeps it from being read."
    )


def test_a_host_without_any_result_is_told() -> None:
    found = roll([{"inventory_hostname": "hv09"}])
    assert found["unread"] == [{"host": "hv09", "reason": "hv09 was not read in this run."}]
    assert (found["clusters"], found["rounds"]) == ([], [])


def test_only_the_hosts_of_the_round_count_again() -> None:
    hosts = cluster("HV01", "HV02", roles=[role("A", "HV01", drain="saved")])
    found = roll(hosts, only=["hv02"])
    assert (found["rounds"], found["clusters"][0]["stopped"]) == ([["hv02"]], "")


def test_a_drain_without_permission_is_left() -> None:
    found = roll(cluster("HV01", "HV02"), allow_drain=False)
    assert found["rounds"] == []
    (left,) = found["left"]
    assert (left["why"], left["hosts"]) == ("permission", ["hv01", "hv02"])
    assert left["reason"] == (
        "hv01 and hv02 would be drained, which is not permitted in this run: "
        "set migration_network_allow_drain to true to permit it."
    )


def test_standalone_hosts_restart_one_after_the_other_and_only_with_permission() -> None:
    alone = [host(name, {"computer": name, "cluster": None, "network_atc": False}) for name in ("one", "two")]
    found = roll(alone)
    assert (found["standalone"], found["rounds"]) == (["one", "two"], [])
    assert [each["why"] for each in found["left"]] == ["permission", "permission"]
    assert roll(alone, allow_restart=True)["rounds"] == [["one"], ["two"]]


def test_roles_on_another_node_than_before_are_displaced() -> None:
    before = {"hv01": health("HV01", cluster="hvc1.example.test", nodes=[], roles=[role("EX01", "HV01")])}
    found = roll(cluster("HV01", "HV02", roles=[role("EX01", "HV02")]), earlier=before)
    text = "EX01 was on HV01 and is on HV02."
    assert found["clusters"][0]["displaced"] == [
        {"role": "EX01", "machine": "EX01", "before": "HV01", "now": "HV02", "text": text}
    ]


def test_a_role_of_a_mark_was_on_the_marked_node() -> None:
    nodes = [node("HV01", state="paused", drain="completed", mark=MARK), node("HV02")]
    before = {"hv01": health("HV01", cluster="hvc1.example.test", nodes=nodes, roles=[role("EX01", "HV02")])}
    home = roll(cluster("HV01", "HV02", roles=[role("EX01", "HV01")]), earlier=before)["clusters"][0]["displaced"]
    (away,) = roll(cluster("HV01", "HV02", roles=[role("EX01", "HV02")]), earlier=before)["clusters"][0]["displaced"]
    assert (home, away["text"]) == ([], "EX01 was on HV01 and is on HV02.")


def test_a_host_that_read_only_the_name_of_its_cluster_belongs_to_it() -> None:
    hosts = cluster("HV01", "HV02")
    hosts[1]["migration_network_health"]["health"] |= {"cluster": {"name": "HVC1", "fqdn": "", "id": ""}, "nodes": None}
    assert [row["hosts"] for row in roll(hosts)["clusters"]] == [["hv01", "hv02"]]


def test_a_machine_has_the_name_that_its_owner_node_returned() -> None:
    old = [role("Template", "HV01", machine="Template"), role("EX02", "HV02", machine="EX02")]
    nodes = [node("HV01"), node("HV02")]
    hosts = [
        host("hv02", health("HV02", cluster="hvc1.a.test", nodes=nodes, roles=old)),
        host("hv01", health("HV01", cluster="hvc1.a.test", nodes=nodes, roles=[{**old[0], "machine": "EX01"}, old[1]])),
    ]
    (found,) = roll(hosts)["clusters"]
    assert sorted((move["role"], move["machine"]) for move in found["moves"]) == [
        ("EX02", "EX02"),
        ("Template", "EX01"),
    ]


def test_a_computer_name_of_two_dags_counts_for_both() -> None:
    members = [
        {
            "inventory_hostname": f"ex01.{letter}.test",
            "dag_heartbeat_read": {
                "cluster": {"name": "DAG1", "fqdn": f"dag1.{letter}.test", "node": "EX01", "nodes": [{"name": "EX01"}]}
            },
        }
        for letter in "ab"
    ]
    assert dags_of(members, "dag_heartbeat_read") == {"ex01": frozenset({"dag1.a.test", "dag1.b.test"})}


def test_a_host_that_was_not_read_counts_for_the_cluster_in_its_domain() -> None:
    hosts = [
        host(f"hv01.{letter}.test", health("HV01", cluster=f"hvc1.{letter}.test", nodes=[node("HV01"), node("HV02")]))
        for letter in "ab"
    ]
    found = roll([*hosts, host("hv02.b.test", None)])
    assert {row["name"]: row["hosts"] for row in found["clusters"]} == {
        "hvc1.a.test": ["hv01.a.test"],
        "hvc1.b.test": ["hv01.b.test", "hv02.b.test"],
    }
