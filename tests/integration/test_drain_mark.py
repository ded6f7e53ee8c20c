# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of cluster_node with a mark: only the marked node is resumed, and its clustered roles are brought back."""

from __future__ import annotations

import typing as t

import fleet
import pytest
from rolling import ACTIVE, DRAINED, migration, node, ours, reset, run_cases

if t.TYPE_CHECKING:
    from stage import Stage, Variables

PAUSED = (2, 0)
DRAIN: Variables = {"state": "drained", "timeout": 60, "allow_saved": ["TEST01"], "mark": "change 4711"}
RESUME: Variables = {"state": "active", "timeout": 60, "mark": "change 4712"}  # a later run


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with migration(networks[5], tmp_path_factory.mktemp("marks")) as lab:
        yield lab


@pytest.fixture
def lab(estate: Stage) -> Stage:
    return reset(estate)


def written(lab: Stage) -> list[str]:
    """The writes to nodes and clustered roles: method and name."""
    return [f"{entry.method} {entry.selectors['Name']}" for entry in lab.writes()]


def test_a_mark_shows_who_drained_a_node_and_brings_the_roles_back(estate: Stage) -> None:
    lab = reset(estate, lambda found: found.update(failback_seconds=4))
    home = fleet.owners(lab)
    drain, resume = ours("hv42", "cluster_node", DRAIN), ours("hv42", "cluster_node", RESUME)
    checked = lab.check(drain)
    assert "-drain mark: none\n" in checked.output
    assert "+drain mark: change 4711\n" in checked.output
    run = lab.play(drain)
    assert (run.rc, run.of("hv42").data["mark"]) == (0, None), run.output
    # Each node shows it, with the roles that the node owned.
    health = lab.play(ours("hv44", "cluster_health_info")).of("hv44").data["health"]
    shown = {one["name"]: one["mark"] for one in health["nodes"] if one["mark"]}
    assert set(shown) == {"hv42"}
    assert (shown["hv42"]["run"], shown["hv42"]["roles"]) == ("change 4711", ["EX02", "TEST01"])
    assert lab.play(drain).of("hv42").changed is False
    checked = lab.check(resume)
    assert "+EX02 owner: hv42\n" in checked.output
    run = lab.play(resume)
    assert run.rc == 0, run.output
    assert fleet.owners(lab) == home  # the task waited
    assert run.of("hv42").data["owners"] == {"EX02": "hv42", "TEST01": "hv42"}
    assert fleet.marks(lab) == {}
    assert lab.play(resume).of("hv42").changed is False
    fleet.check_trips(lab)
    assert written(lab) == [f"{fleet.MARK} hv42", "Pause hv42", "Resume hv42", f"{fleet.MARK} hv42"]


def test_a_virtual_machine_that_does_not_fail_back_is_live_migrated(lab: Stage) -> None:
    """The cluster answers a live migration with an error, although it moves the virtual machine."""
    home = fleet.owners(lab)
    lab.play(ours("hv42", "cluster_node", DRAIN))
    lab.estate.simulation.drained_roles.clear()
    run = lab.play(ours("hv42", "cluster_node", RESUME))
    assert run.rc == 0, run.output
    assert (fleet.owners(lab), fleet.marks(lab)) == (home, {})
    assert sorted(fleet.events(lab, "RoleMoved", "live move")) == ["EX02", "TEST01"]
    moves = [one for one in written(lab) if one.startswith("Move")]
    assert moves == ["MoveToNewNodeParams EX02", "MoveToNewNodeParams TEST01"]


def test_a_role_that_does_not_come_back_keeps_the_mark(lab: Stage) -> None:
    lab.play(ours("hv42", "cluster_node", DRAIN))
    lab.estate.simulation.drained_roles.clear()
    lab.estate.add_fault(method="MoveToNewNodeParams", action={"fault": 1359, "text": "The role is locked."})
    run = lab.play(ours("hv42", "cluster_node", {**RESUME, "timeout": 3}))
    assert run.rc == 2
    assert "EX02 is on hv" in run.of("hv42").message
    assert "and not back on hv42 after 3 s" in run.of("hv42").message
    assert (list(fleet.marks(lab)), node(lab, "hv42")) == (["hv42"], ACTIVE)


def test_a_node_that_somebody_else_paused_is_left_alone(lab: Stage) -> None:
    cases: dict[str, Variables] = {
        "drain": DRAIN,
        "resume": RESUME,
        "allowed": {**RESUME, "allow_gates": ["foreign_drain"]},
    }
    fleet.set_node(lab, "HVC4", "hv42", *PAUSED)
    found = run_cases(lab, "hv42", "cluster_node", cases)
    sentence = "hv42 is paused and has no drain mark, so somebody else paused it. It was not touched. "
    assert all(one.message.startswith(sentence) for one in found.values())
    fleet.set_node(lab, "HVC4", "hv42", *DRAINED)
    found = run_cases(lab, "hv42", "cluster_node", cases)
    assert {name: one.status for name, one in found.items()} == {"drain": "failed", "resume": "failed", "allowed": "ok"}
    # Another node is drained only where that is allowed.
    found = run_cases(lab, "hv41", "cluster_node", {"refused": DRAIN})
    assert "another node is not up: hv42 is drained." in found["refused"].message
    assert (lab.writes(), node(lab, "hv42")) == ([], DRAINED)
    run = lab.play(ours("hv41", "cluster_node", {**DRAIN, "allow_gates": ["foreign_drain"]}))
    assert (run.rc, node(lab, "hv41"), node(lab, "hv42")) == (0, DRAINED, DRAINED)


def test_a_node_that_is_down_or_a_quorum_that_would_be_lost_may_be_allowed(estate: Stage) -> None:
    def without_witness(found: Variables) -> None:
        found["clusters"][0]["witness"] = "none"

    lab = reset(estate, without_witness)
    fleet.set_node(lab, "HVC4", "hv43", 1, 0)
    fleet.set_node(lab, "HVC4", "hv44", 1, 0)
    allowed: dict[str, Variables] = {
        name: {**DRAIN, "allow_gates": gates}
        for name, gates in {"nodes_up": ["nodes_up"], "quorum": ["quorum"]}.items()
    }
    found = run_cases(lab, "hv41", "cluster_node", allowed)
    assert "the cluster reports that it would lose its quorum" in found["nodes_up"].message
    assert "another node is not up: hv43 is down, hv44 is down." in found["quorum"].message
    assert lab.writes() == []
    run = lab.play(ours("hv41", "cluster_node", {**DRAIN, "allow_gates": ["nodes_up", "quorum"]}))
    assert (run.rc, node(lab, "hv41")) == (0, DRAINED), run.output
