# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks plan, apply and undo: what they write is read from the lab's journal and store."""

from __future__ import annotations

import copy
import json
import typing as t

import changing
import fleet
import pytest
from ansible_collections.winha.cluster.plugins.module_utils._change.plan import digest_of
from changing import APPLY, PERMITTED, PLAN, SETTINGS, STORED, UNDO, plan_of
from stage import Stage, Variables, changes

if t.TYPE_CHECKING:
    from pathlib import Path

TABLE = "Virtual machines that move"


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with changing.started(networks[6], tmp_path_factory.mktemp("changing")) as lab:
        yield lab


@pytest.fixture(scope="module")
def initial(estate: Stage, tmp_path_factory: pytest.TempPathFactory) -> Variables:
    """The plan of the whole estate in its initial state, with drains permitted."""
    folder = tmp_path_factory.mktemp("approved")
    estate.estate.reset()
    run = estate.play(PLAN, variables={**PERMITTED, "plan_folder": str(folder)})
    assert run.rc == 0, run.output
    return plan_of(folder)


@pytest.fixture
def approved(initial: Variables) -> Variables:
    """A copy of the plan."""
    return copy.deepcopy(initial)


@pytest.fixture
def lab(estate: Stage) -> Stage:
    estate.estate.reset()
    return estate


@pytest.mark.matrix
@pytest.mark.slow
def test_undo_takes_the_estate_back_to_what_it_was(lab: Stage, tmp_path: Path) -> None:
    before = lab.picture()
    variables = {**PERMITTED, "plan_folder": str(tmp_path)}
    planned = lab.play(PLAN, variables={**variables, "plan_title": "<script>alert(1)</script>"})
    assert planned.rc == 0, planned.output
    assert (lab.writes(), changes(before, lab.picture())) == ([], {})
    plan = plan_of(tmp_path)
    assert (plan["winha_plan"], plan["digest"], plan["left"], plan["unread"]) == (1, digest_of(plan), [], [])
    assert changing.rows(plan["changes"]) == sorted(SETTINGS, key=str)
    assert {each["management"] for each in plan["changes"]} == {False}
    (hyperv,) = [one for one in plan["clusters"] if one["kind"] == "hyperv"]
    assert hyperv["order"] == [["hv01"], ["hv02"]]
    assert {gate["outcome"] for gate in hyperv["gates"]} == {"pass"}
    assert {(move["machine"], move["how"]) for move in hyperv["moves"]} == {("SQL01", "live"), ("WEB01", "live")}
    assert "<script" not in (tmp_path / "plan.html").read_text("utf-8").lower()
    assert TABLE in planned.output

    applied = lab.play(
        APPLY,
        variables={**variables, "plan_approved": changing.saved(tmp_path / "approved.json", plan)},
        environment={"ANSIBLE_SHOW_CUSTOM_STATS": "1"},
    )
    assert applied.rc == 0, applied.output
    assert changing.store(lab, before) == STORED
    file = changing.record_file(tmp_path)
    record = changing.record_of(file)
    assert changing.written(record) == sorted((row[:-1] for row in SETTINGS), key=str)
    assert changing.statistics(applied)["winha_cluster_record"] == changing.confirmed(record)

    variables["undo_record"] = str(file)
    checked = lab.check(UNDO, variables=variables)
    assert checked.rc == 0, checked.output
    for line in ("+same_subnet_threshold: 5\n", "+SQL01: save\n", "+Live Migration *JumboPacket: 1514\n"):
        assert line in checked.output
    undone = lab.play(UNDO, variables=variables)
    assert undone.rc == 0, undone.output
    assert changing.store(lab, before) == {}
    again = lab.play(UNDO, variables=variables)
    assert again.rc == 0, again.output
    assert changing.store(lab, before) == {}


def test_a_gate_that_forbids_a_change_is_status_2(lab: Stage, tmp_path: Path) -> None:
    fleet.set_node(lab, "HVC1", "hv02", 2, 2)
    run = lab.play(PLAN, variables={**PERMITTED, "plan_folder": str(tmp_path)})
    assert run.rc == 2
    assert "Gates forbid 4 of the changes. The plan is " in run.output
    (gate,) = [one for row in plan_of(tmp_path)["clusters"] for one in row["gates"] if one["outcome"] != "pass"]
    assert gate["gate"] == "foreign_drain"
    assert gate["reason"].startswith("hv02 was paused by somebody else. ")
    assert lab.writes() == []


def test_a_change_to_be_made_is_status_2_only_if_wanted(lab: Stage, tmp_path: Path) -> None:
    variables = {"plan_folder": str(tmp_path)}
    assert lab.play(PLAN, "--tags", "heartbeat", variables=variables).rc == 0
    run = lab.play(PLAN, "--tags", "heartbeat", variables={**variables, "plan_fail_on": "change"})
    assert (run.rc, lab.writes()) == (2, [])
    assert "1 changes are to be made. The plan is " in run.output


def test_a_host_that_cannot_be_read_is_status_2_and_named(lab: Stage, tmp_path: Path) -> None:
    down = {name: {"ansible_port": 1} for name in ("ex02", "hv02")}
    run = lab.play(PLAN, variables={**PERMITTED, "plan_folder": str(tmp_path)}, hosts=down)
    assert (run.rc, lab.writes()) == (2, [])
    plan = plan_of(tmp_path)
    assert [one["host"] for one in plan["unread"]] == ["ex02", "hv02"]
    assert "nodes_in_run fail: hv02: " in run.output
    never = lab.play(
        PLAN, "--tags", "heartbeat", variables={"plan_folder": str(tmp_path), "plan_fail_on": "never"}, hosts=down
    )
    assert never.rc == 0, never.output


def _older(plan: Variables) -> None:
    plan["created"] = "2020-01-01T00:00:00Z"


def _foreign(plan: Variables) -> None:
    for one in (*plan["changes"], *plan["clusters"]):
        for name in {"host", "node", "cluster", "key", "name"} & set(one):
            one[name] = f"other-{one[name]}"


def _shorter(plan: Variables) -> None:
    plan["changes"] = [one for one in plan["changes"] if one["module"] != "heartbeat"]


def _before(plan: Variables) -> None:
    for one in plan["changes"]:
        one["before"] = 4 if one["module"] == "heartbeat" else one["before"]


HEARTBEAT = "dag1.example.test: same_subnet_threshold"
REFUSED: t.Mapping[str, tuple[t.Callable[[Variables], None], str]] = {
    "older than allowed": (_older, "hours old, and at most 24 hours are allowed. Make a new plan."),
    "of other hosts": (_foreign, f"{HEARTBEAT} is not in the approved plan: 5 -> 10."),
    "without the change": (_shorter, f"{HEARTBEAT} is not in the approved plan: 5 -> 10."),
    "with another value": (_before, f"{HEARTBEAT} is now 5, and the approved plan has 4."),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", REFUSED)
def test_a_plan_that_does_not_cover_the_run_stops_it(
    lab: Stage, approved: Variables, tmp_path: Path, case: str
) -> None:
    change, reason = REFUSED[case]
    change(approved)
    variables = {"plan_folder": str(tmp_path), "plan_approved": changing.saved(tmp_path / "approved.json", approved)}
    run = lab.play(APPLY, "--tags", "heartbeat", variables=variables)
    assert (run.rc, lab.writes()) == (2, [])
    (failed,) = [one for one in run.results if one.status == "failed"]
    assert failed.message.startswith("Nothing was written. ")
    assert reason in failed.message


@pytest.mark.slow
def test_a_plan_that_was_altered_or_is_missing_stops_the_run(lab: Stage, approved: Variables, tmp_path: Path) -> None:
    approved["changes"][0]["before"] = "altered"
    (tmp_path / "approved.json").write_text(json.dumps(approved), "utf-8")
    cases = {
        str(tmp_path / "approved.json"): "The plan was altered after it was made: its digest is another one.",
        "": "Set plan_approved to the file of the approved plan.",
    }
    for file, reason in cases.items():
        variables = {"plan_folder": str(tmp_path), "plan_approved": file}
        run = lab.play(APPLY, "--tags", "heartbeat", variables=variables)
        assert (run.rc, lab.writes()) == (2, [])
        assert reason in run.output


@pytest.mark.slow
def test_a_gate_that_does_not_pass_any_more_stops_the_run(lab: Stage, approved: Variables, tmp_path: Path) -> None:
    """Also what the gate has nothing to do with is not written."""
    fleet.set_node(lab, "HVC1", "hv02", 2, 2)
    file = changing.saved(tmp_path / "approved.json", approved)
    run = lab.play(APPLY, variables={**PERMITTED, "plan_folder": str(tmp_path), "plan_approved": file})
    assert (run.rc, lab.writes()) == (2, [])
    assert "HVC1: the gate foreign_drain does not pass. hv02 was paused by somebody else." in run.output


def test_a_change_that_is_no_longer_needed_stops_nothing(lab: Stage, approved: Variables, tmp_path: Path) -> None:
    changing.set_threshold(lab, 10)
    file = changing.saved(tmp_path / "approved.json", approved)
    variables = {"plan_folder": str(tmp_path), "plan_approved": file}
    run = lab.play(APPLY, "--tags", "heartbeat,offline_action", variables=variables)
    assert run.rc == 0, run.output
    assert f"{HEARTBEAT} is approved and no longer needed." in run.output
    assert {entry.host for entry in lab.writes()} == {"hv01"}
