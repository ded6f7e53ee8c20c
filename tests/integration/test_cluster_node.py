# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of cluster_node: draining, resuming, waiting, and errors. No method is called twice."""

from __future__ import annotations

import time
import typing as t

import pytest
from rolling import ACTIVE, DRAINED, drains, host, kill, migration, node, ours, reset, run_cases, wait_for
from stage import Stage, Variables, private_clusters, tasks

DRAINING, PAUSED, FAILED = (2, 1), (2, 0), (2, 3)
DRAIN = {"state": "drained", "timeout": 60, "allow_saved": ["TEST01"]}
RESUME = {"state": "active", "timeout": 60}


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with migration(networks[5], tmp_path_factory.mktemp("nodes")) as lab:
        yield lab


@pytest.fixture
def lab(estate: Stage) -> Stage:
    return reset(estate)


def owners(lab: Stage) -> dict[str, str]:
    """The owner node of each virtual machine."""
    groups = [one for one in lab.estate.cluster("HVC4").all_instances() if one.cls.name == "MSCluster_ResourceGroup"]
    return {str(one.values["Name"]): str(one.values["OwnerNode"]) for one in groups if one.values["GroupType"] == 111}


def written(lab: Stage) -> list[str]:
    """The methods that were called on nodes, successful or not."""
    return [
        f"{entry.method} {entry.selectors.get('Name')}"
        for entry in lab.journal()
        if entry.write or entry.method in ("Pause", "Resume")
    ]


def set_node(lab: Stage, name: str, numbers: tuple[int, int]) -> None:
    """Set the state of a node outside of the task."""
    found = lab.estate.cluster("HVC4").named("MSCluster_Node", name)
    assert found is not None
    lab.estate.cluster("HVC4").write(found, {"State": numbers[0], "NodeDrainStatus": numbers[1]})


@pytest.mark.parametrize("where", ["hv42", "hv44"], ids=["its own host", "another host"])
def test_a_node_is_drained_and_resumed(lab: Stage, where: str) -> None:
    named = {} if where == "hv42" else {"name": "HV42"}
    drain, resume = ours(where, "cluster_node", {**DRAIN, **named}), ours(where, "cluster_node", {**RESUME, **named})
    home = owners(lab)
    checked = lab.check(drain)
    assert checked.of(where).data["node"] == {"name": "hv42", "before": "active", "state": "drained"}
    assert "-hv42: active\n" in checked.output
    run = lab.play(drain)
    assert run.rc == 0, run.output
    assert node(lab, "hv42") == DRAINED
    assert "hv42" not in owners(lab).values()  # the task waited
    data = run.of(where).data
    assert (data["changed"], data["node"]["state"], data["saved_by_drain"]) == (True, "drained", ["TEST01"])
    assert {"EX02", "TEST01"} <= set(data["roles"])
    assert checked.of(where).data["roles"] == data["roles"]
    assert lab.play(drain).of(where).changed is False
    assert lab.check(resume).of(where).changed
    run = lab.play(resume)
    assert run.rc == 0, run.output
    assert (run.of(where).changed, node(lab, "hv42")) == (True, ACTIVE)
    wait_for(lambda: owners(lab) == home)
    assert lab.play(resume).of(where).changed is False
    assert written(lab) == ["Pause hv42", "Resume hv42"]
    assert {entry.host for entry in lab.writes()} == {where}


@pytest.mark.parametrize("failback", ["none", "by_policy"])
def test_roles_do_not_fail_back_if_failback_is_off(lab: Stage, failback: str) -> None:
    lab.play(
        tasks(
            "hv41",
            {"winha.cluster.cluster_node": DRAIN},
            {"winha.cluster.cluster_node": RESUME | {"failback": failback}},
        )
    )
    assert node(lab, "hv41") == ACTIVE
    time.sleep(0.5)
    assert "hv41" not in owners(lab).values()
    assert written(lab) == ["Pause hv41", "Resume hv41"]


def test_fails_before_a_drain_that_would_be_a_risk(estate: Stage) -> None:
    lab = reset(estate)
    set_node(lab, "hv44", PAUSED)
    set_node(lab, "hv43", DRAINED)
    cases: dict[str, Variables] = {
        "not up": DRAIN,
        "unknown": {**DRAIN, "name": "HV49"},
        "unknown 2": {**RESUME, "name": "x"},
    }
    found = run_cases(lab, "hv41", "cluster_node", cases)
    assert found["not up"].message == (
        "hv41 was not drained, because another node is not up: hv43 is drained, hv44 is paused. Bring it up or resume "
        "it, then run this task again."
    )
    assert found["unknown"].message == "The cluster of hv41 has no node HV49; it has hv41, hv42, hv43, hv44."
    assert "has no node x" in found["unknown 2"].message
    set_node(lab, "hv44", (1, 0))
    set_node(lab, "hv43", ACTIVE)
    found = run_cases(lab, "hv41", "cluster_node", {"down": DRAIN, "itself": {**RESUME, "name": "hv44"}})
    assert "another node is not up: hv44 is down." in found["down"].message
    assert found["itself"].message == "hv44 is down, so it cannot become active. Bring the node up first."
    wrong = run_cases(lab, "hv41", "cluster_node", {"state": {"state": "asleep"}, "none": {}})
    assert "must be one of: drained, active" in wrong["state"].message
    assert "missing required arguments: state" in wrong["none"].message
    assert {one.status for one in (*found.values(), *wrong.values())} == {"failed"}
    assert lab.writes() == []
    assert node(lab, "hv41") == ACTIVE


def test_a_node_is_not_drained_when_the_cluster_would_lose_quorum(estate: Stage) -> None:
    def without_witness(found: Variables) -> None:
        found["clusters"][0]["witness"] = "none"

    lab = reset(estate, without_witness)
    for name in ("hv42", "hv43", "hv44"):
        found = lab.estate.cluster("HVC4").named("MSCluster_Node", name)
        assert found is not None
        lab.estate.cluster("HVC4").write(found, {"NodeWeight": 0})
    run = lab.play(ours("hv41", "cluster_node", DRAIN))
    assert run.of("hv41").message == (
        "hv41 was not drained, because the cluster reports that it would lose its quorum. Add a node or a "
        "witness first."
    )
    assert lab.writes() == []
    # The node is not drained either when the quorum check fails.
    lab.estate.add_fault(method="WillOfflineLoseQuorum", action={"fault": 1359, "text": "Provider load failure."})
    run = lab.play(ours("hv42", "cluster_node", DRAIN))
    assert run.of("hv42").status == "failed"
    assert "Checking whether the cluster keeps its quorum without hv42 on hv42 failed" in run.of("hv42").message
    assert lab.writes() == []


def test_the_last_node_is_never_drained(bring_up: t.Callable[..., Stage]) -> None:
    lab = bring_up(lambda network: private_clusters(network, {"only1": {}}))
    run = lab.play(ours("only1", "cluster_node", DRAIN))
    assert run.of("only1").status == "failed"
    assert "only1 was not drained" in run.of("only1").message
    assert lab.writes() == []


def test_a_node_with_2008_r2_cannot_be_drained(bring_up: t.Callable[..., Stage]) -> None:
    lab = bring_up(lambda network: private_clusters(network, {"old1": {"windows": "2008 R2"}}))
    run = lab.play(ours("old1", "cluster_node", DRAIN))
    assert run.of("old1").message == "old1 cannot be drained: it runs a version before Windows Server 2012."
    assert lab.writes() == []


def test_the_error_of_a_drain_that_hangs_has_the_state(estate: Stage) -> None:
    lab = reset(estate, lambda found: host(found, "hv41").update(drain="hangs"))
    play = ours("hv41", "cluster_node", {"state": "drained", "timeout": 3})
    begun = time.monotonic()
    run = lab.play(play)
    assert 3 <= time.monotonic() - begun < 25
    result = run.of("hv41")
    assert (run.rc, result.changed, result.data["node"]["state"]) == (2, True, "draining")
    assert (
        "hv41 on hv41 should be drained and is draining: draining hv41 did not finish within 3 s and continues."
        in result.message
    )
    again = lab.play(play)
    assert (again.rc, again.of("hv41").data["node"]["before"]) == (2, "draining")
    assert not again.of("hv41").changed
    assert (written(lab), drains(lab)) == (["Pause hv41"], ["hv41"])
    back = lab.play(ours("hv41", "cluster_node", RESUME))
    assert (back.rc, node(lab, "hv41")) == (0, ACTIVE), back.output


def test_a_failed_drain_is_reported_at_once(estate: Stage) -> None:
    lab = reset(estate, lambda found: host(found, "hv41").update(drain="fails"))
    run = lab.play(ours("hv41", "cluster_node", {"state": "drained", "timeout": 60}))
    result = run.of("hv41")
    assert (run.rc, node(lab, "hv41"), result.data["node"]["state"]) == (2, FAILED, "paused")
    assert result.changed
    assert (
        "should be drained and is paused: the cluster reports that the drain failed; its events name the role"
        in result.message
    )
    # No drain is in progress, so the next run starts one.
    second_run = lab.play(ours("hv41", "cluster_node", {"state": "drained", "timeout": 5}))
    assert (second_run.rc, written(lab)) == (2, ["Pause hv41"] * 2)
    assert lab.play(ours("hv41", "cluster_node", RESUME)).rc == 0


def test_the_error_of_a_refused_drain_has_the_fault(lab: Stage) -> None:
    lab.estate.add_fault(method="Pause", action={"fault": 2150859010, "text": "The node is busy."})
    run = lab.play(ours("hv41", "cluster_node", DRAIN))
    assert run.rc == 2
    assert "hv41 on hv41 should be drained and is active: The node is busy" in run.of("hv41").message
    assert written(lab) == ["Pause hv41"]


@pytest.mark.parametrize("action", ["before", "after"])
def test_the_drain_is_not_called_again_after_a_lost_response(lab: Stage, action: str) -> None:
    lab.estate.add_fault(method="Pause", times=1, action={"drop": action})
    run = lab.play(ours("hv41", "cluster_node", {"state": "drained", "timeout": 3}))
    assert (run.rc == 0) == (action == "after"), run.output
    assert written(lab) == ["Pause hv41"]
    assert node(lab, "hv41") == (DRAINED if action == "after" else ACTIVE)


def test_the_next_run_continues_a_drain_whose_run_was_killed(estate: Stage) -> None:
    lab = reset(estate, lambda found: found.update(drain_seconds=4))
    kill(lab, ours("hv41", "cluster_node", DRAIN), lambda: bool(lab.writes()))
    assert node(lab, "hv41") == DRAINING
    run = lab.play(ours("hv41", "cluster_node", DRAIN))
    assert run.rc == 0, run.output
    assert run.of("hv41").data["node"] == {"name": "hv41", "before": "draining", "state": "drained"}
    assert (written(lab), drains(lab)) == (["Pause hv41"], ["hv41"])


def test_virtual_machines_that_a_drain_saves(estate: Stage) -> None:
    def lower(found: Variables) -> None:
        cluster = found["clusters"][0]
        cluster["virtual_machine_type"]["MoveTypeThreshold"] = 3000
        cluster["virtual_machines"] += [
            {"name": "SAVES", "owner": "hv41", "priority": 3000, "private_properties": {"DefaultMoveType": 1}},
            {"name": "MOVES", "owner": "hv41", "priority": 1000, "private_properties": {"DefaultMoveType": 4}},
            {"name": "OFF", "owner": "hv41", "priority": 1000, "state": 3},
        ]

    lab = reset(estate, lower)
    cases: dict[str, Variables] = {"none": {**DRAIN, "allow_saved": []}, "one": {**DRAIN, "allow_saved": ["saves"]}}
    refused = {name: result.message for name, result in run_cases(lab, "hv41", "cluster_node", cases).items()}
    sentence = "hv41 was not drained, because the drain would not live migrate all virtual machines: {}. Raise the "
    assert refused["none"].startswith(sentence.format("EX01 is saved, SAVES is saved"))
    assert refused["one"].startswith(sentence.format("EX01 is saved"))
    assert lab.writes() == []
    run = lab.play(ours("hv41", "cluster_node", {**DRAIN, "allow_saved": ["EX0?", "SAVES"]}))
    assert run.of("hv41").data["saved_by_drain"] == ["EX01", "SAVES"]
    moved = {
        entry.selectors["Name"]: entry.detail
        for entry in lab.estate.journal(events=True)
        if entry.method == "RoleMoved"
    }
    assert [name for name, detail in sorted(moved.items()) if detail == "drain: saved"] == ["EX01", "SAVES"]
