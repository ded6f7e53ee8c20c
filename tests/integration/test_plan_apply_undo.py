# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks plan, apply and undo: what they write is read from the lab's journal and store."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import changing
import pytest
from ansible_collections.winha.cluster.plugins.module_utils._change.plan import digest_of
from changing import APPLY, PERMITTED, PLAN, SETTINGS, STORED, UNDO, plan_of
from stage import Run, Stage, Variables, changes

if t.TYPE_CHECKING:
    from collections.abc import Callable

TABLE = "Virtual machines that move"
COMPARE = "winha.cluster.plan : Compare this run with the approved plan"
LEFT_ALONE = "winha.cluster.undo : Show what somebody changed since the run"


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with changing.started(networks[6], tmp_path_factory.mktemp("changing")) as lab:
        yield lab


@pytest.fixture(scope="module")
def approved(estate: Stage, tmp_path_factory: pytest.TempPathFactory) -> Variables:
    """The plan of the whole estate in its initial state, with drains permitted."""
    folder = tmp_path_factory.mktemp("approved")
    estate.estate.reset()
    run = estate.play(PLAN, variables={**PERMITTED, "plan_folder": str(folder)})
    assert run.rc == 0, run.output
    return plan_of(folder)


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
    assert changing.statistics(applied)["winha_cluster_record"] == record

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
