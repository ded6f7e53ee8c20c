# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cluster_node: what a drain waits for, what it refuses, and that nothing is asked for twice."""

from __future__ import annotations

import time
import typing as t

import pytest
from rolling import ACTIVE, DRAINED, begin, drains, host, kill, migration, node, ours, scenes, wait_for
from stage import Stage, Variables, private_clusters, tasks

DRAINING, PAUSED, FAILED = (2, 1), (2, 0), (2, 3)
DRAIN = {"state": "drained", "timeout": 20}
RESUME = {"state": "active", "timeout": 20}


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with migration(networks[5], tmp_path_factory.mktemp("nodes")) as lab:
        yield lab


@pytest.fixture
def lab(estate: Stage) -> Stage:
    return begin(estate)


def owners(lab: Stage) -> dict[str, str]:
    """Where the virtual machines are."""
    groups = [one for one in lab.estate.cluster("HVC4").everything() if one.cls.name == "MSCluster_ResourceGroup"]
    return {str(one.values["Name"]): str(one.values["OwnerNode"]) for one in groups if one.values["GroupType"] == 111}


def written(lab: Stage) -> list[str]:
    """What was asked of the nodes, whatever came of it."""
    return [
        f"{entry.method} {entry.selectors.get('Name')}"
        for entry in lab.journal()
        if entry.write or entry.method in ("Pause", "Resume")
    ]


def set_node(lab: Stage, name: str, numbers: tuple[int, int]) -> None:
    """What somebody else did to a node."""
    found = lab.estate.cluster("HVC4").named("MSCluster_Node", name)
    assert found is not None
    lab.estate.cluster("HVC4").write(found, {"State": numbers[0], "NodeDrainStatus": numbers[1]})


@pytest.mark.parametrize("where", ["hv42", "hv44"], ids=["itself", "through another"])
def test_a_node_is_drained_and_taken_back(lab: Stage, where: str) -> None:
    named = {} if where == "hv42" else {"name": "HV42"}
    drain, resume = ours(where, "cluster_node", {**DRAIN, **named}), ours(where, "cluster_node", {**RESUME, **named})
    home = owners(lab)
    checked = lab.check(drain)
    assert checked.of(where).data["node"] == {"name": "hv42", "before": "active", "state": "drained"}
    assert "-hv42: active\n" in checked.output
    run = lab.play(drain)
    assert run.rc == 0, run.output
    assert node(lab, "hv42") == DRAINED
    assert "hv42" not in owners(lab).values()  # so the task did wait
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
def test_roles_stay_away_if_so_wished(lab: Stage, failback: str) -> None:
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


def test_refuses_what_would_cost_too_much(estate: Stage) -> None:
    lab = begin(estate)
    set_node(lab, "hv44", PAUSED)
    set_node(lab, "hv43", DRAINED)
    cases: dict[str, Variables] = {
        "away": DRAIN,
        "unknown": {**DRAIN, "name": "HV49"},
        "unknown 2": {**RESUME, "name": "x"},
    }
    found = scenes(lab, "hv41", "cluster_node", cases)
    assert found["away"].message == (
        "hv41 is not drained while another node is away: hv43 is drained, hv44 is paused. Bring it back first, then "
        "run this again."
    )
    assert found["unknown"].message == "The cluster of hv41 has no node HV49; it has hv41, hv42, hv43, hv44."
    assert "has no node x" in found["unknown 2"].message
    set_node(lab, "hv44", (1, 0))
    set_node(lab, "hv43", ACTIVE)
    found = scenes(lab, "hv41", "cluster_node", {"down": DRAIN, "itself": {**RESUME, "name": "hv44"}})
    assert "another node is away: hv44 is down." in found["down"].message
    assert found["itself"].message == "hv44 is down, so it cannot be made active; bring it up first."
    wrong = scenes(lab, "hv41", "cluster_node", {"state": {"state": "asleep"}, "none": {}})
    assert "must be one of: drained, active" in wrong["state"].message
    assert "missing required arguments: state" in wrong["none"].message
    assert {one.status for one in (*found.values(), *wrong.values())} == {"failed"}
    assert lab.writes() == []
    assert node(lab, "hv41") == ACTIVE


def test_refuses_what_would_cost_the_quorum(estate: Stage) -> None:
    def voteless(found: Variables) -> None:
        found["clusters"][0]["witness"] = "none"

    lab = begin(estate, voteless)
    for name in ("hv42", "hv43", "hv44"):
        found = lab.estate.cluster("HVC4").named("MSCluster_Node", name)
        assert found is not None
        lab.estate.cluster("HVC4").write(found, {"NodeWeight": 0})
    run = lab.play(ours("hv41", "cluster_node", DRAIN))
    assert run.of("hv41").message == (
        "hv41 is not drained, because the cluster says that it would lose its quorum without it. Add a node or a "
        "witness first."
    )
    assert lab.writes() == []
    # Its word decides, so without a word there is no drain either.
    lab.estate.add_fault(method="WillOfflineLoseQuorum", action={"fault": 1359, "text": "Provider load failure."})
    run = lab.play(ours("hv42", "cluster_node", DRAIN))
    assert run.of("hv42").status == "failed"
    assert "Asking whether the cluster could do without hv42 on hv42 failed" in run.of("hv42").message
    assert lab.writes() == []


def test_the_last_node_is_never_drained(bring_up: t.Callable[..., Stage]) -> None:
    lab = bring_up(lambda network: private_clusters(network, {"only1": {}}))
    run = lab.play(ours("only1", "cluster_node", DRAIN))
    assert run.of("only1").status == "failed"
    assert "only1 is not drained" in run.of("only1").message
    assert lab.writes() == []


def test_2008_r2_has_no_drain(bring_up: t.Callable[..., Stage]) -> None:
    lab = bring_up(lambda network: private_clusters(network, {"old1": {"windows": "2008 R2"}}))
    run = lab.play(ours("old1", "cluster_node", DRAIN))
    assert run.of("old1").message == "old1 cannot be drained: its Windows Server is older than 2012."
    assert lab.writes() == []


def test_a_drain_that_hangs_is_told_with_its_state(estate: Stage) -> None:
    lab = begin(estate, lambda found: host(found, "hv41").update(drain="hangs"))
    play = ours("hv41", "cluster_node", {"state": "drained", "timeout": 3})
    begun = time.monotonic()
    run = lab.play(play)
    assert 3 <= time.monotonic() - begun < 25
    result = run.of("hv41")
    assert (run.rc, result.changed, result.data["node"]["state"]) == (2, True, "draining")
    assert (
        "hv41 on hv41 should be drained and is draining: draining hv41 was not over after 3 s and goes on."
        in result.message
    )
    again = lab.play(play)
    assert (again.rc, again.of("hv41").data["node"]["before"]) == (2, "draining")
    assert not again.of("hv41").changed
    assert (written(lab), drains(lab)) == (["Pause hv41"], ["hv41"])
    back = lab.play(ours("hv41", "cluster_node", RESUME))
    assert (back.rc, node(lab, "hv41")) == (0, ACTIVE), back.output


def test_a_drain_that_fails_is_told_at_once(estate: Stage) -> None:
    lab = begin(estate, lambda found: host(found, "hv41").update(drain="fails"))
    run = lab.play(ours("hv41", "cluster_node", {"state": "drained", "timeout": 60}))
    result = run.of("hv41")
    assert (run.rc, node(lab, "hv41"), result.data["node"]["state"]) == (2, FAILED, "paused")
    assert result.changed
    assert (
        "should be drained and is paused: the cluster says that the drain failed, and its events say" in result.message
    )
    # The next run asks again, since nothing is under way.
    begin_again = lab.play(ours("hv41", "cluster_node", {"state": "drained", "timeout": 5}))
    assert (begin_again.rc, written(lab)) == (2, ["Pause hv41"] * 2)
    assert lab.play(ours("hv41", "cluster_node", RESUME)).rc == 0


def test_a_refused_drain_is_told_with_the_refusal(lab: Stage) -> None:
    lab.estate.add_fault(method="Pause", action={"fault": 2150859010, "text": "The node is busy."})
    run = lab.play(ours("hv41", "cluster_node", DRAIN))
    assert run.rc == 2
    assert "hv41 on hv41 should be drained and is active: The node is busy" in run.of("hv41").message
    assert written(lab) == ["Pause hv41"]


@pytest.mark.parametrize("action", ["before", "after"])
def test_a_lost_answer_to_a_drain_is_no_reason_to_ask_again(lab: Stage, action: str) -> None:
    lab.estate.add_fault(method="Pause", times=1, action={"drop": action})
    run = lab.play(ours("hv41", "cluster_node", {"state": "drained", "timeout": 3}))
    assert (run.rc == 0) == (action == "after"), run.output
    assert written(lab) == ["Pause hv41"]
    assert node(lab, "hv41") == (DRAINED if action == "after" else ACTIVE)


def test_a_run_that_is_killed_while_it_waits_is_taken_up_by_the_next(estate: Stage) -> None:
    lab = begin(estate, lambda found: found.update(drain_seconds=4))
    kill(lab, ours("hv41", "cluster_node", DRAIN), lambda: bool(lab.writes()))
    assert node(lab, "hv41") == DRAINING
    run = lab.play(ours("hv41", "cluster_node", DRAIN))
    assert run.rc == 0, run.output
    assert run.of("hv41").data["node"] == {"name": "hv41", "before": "draining", "state": "drained"}
    assert (written(lab), drains(lab)) == (["Pause hv41"], ["hv41"])


def test_what_a_drain_would_save(estate: Stage) -> None:
    def lower(found: Variables) -> None:
        cluster = found["clusters"][0]
        cluster["virtual_machine_type"]["MoveTypeThreshold"] = 3000
        cluster["virtual_machines"] += [
            {"name": "SAVES", "owner": "hv41", "priority": 3000, "private_properties": {"DefaultMoveType": 1}},
            {"name": "MOVES", "owner": "hv41", "priority": 1000, "private_properties": {"DefaultMoveType": 4}},
            {"name": "OFF", "owner": "hv41", "priority": 1000, "state": 3},
        ]

    lab = begin(estate, lower)
    run = lab.play(ours("hv41", "cluster_node", DRAIN))
    assert run.of("hv41").data["saved_by_drain"] == ["EX01", "SAVES"]
    moved = {
        entry.selectors["Name"]: entry.detail
        for entry in lab.estate.journal(events=True)
        if entry.method == "RoleMoved"
    }
    assert [name for name, detail in sorted(moved.items()) if detail == "drain: saved"] == ["EX01", "SAVES"]
