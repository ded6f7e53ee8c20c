# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of wanted settings: what is planned, what is left alone, and the rows of the result."""

from __future__ import annotations

import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import wanted
from ansible_collections.winha.cluster.plugins.module_utils.task import Outcome
from ansible_collections.winha.cluster.plugins.module_utils.wanted import Wanted


def setting(name: str, before: t.Any, after: t.Any, **more: t.Any) -> Wanted[str]:
    own = {"thing": "one", "name": "EX01", "id": "ID1", "request": "r"}
    return Wanted(**{**own, "setting": name, "before": before, "after": after, **more})


ROWS = (
    setting("a", 1, 2),
    setting("b", ("x",), ()),
    setting("c", 1, 2, request="s"),
    setting("d", 1, 1, reason="It is compliant, so this does not count"),
    setting("e", 1, 2, reason="It runs", waits_for=wanted.SHUTDOWN),
    setting("f", None, 2, problem="It could not be read."),
)


def test_settings_of_one_request_are_one_step_and_the_others_are_told() -> None:
    plan = wanted.plan("Settings", ROWS)
    assert [[change.label for change in step.changes] for step in plan.steps] == [["EX01 a", "EX01 b"], ["EX01 c"]]
    assert plan.left_alone == (
        {
            "label": "EX01 e",
            "thing": "EX01",
            "id": "ID1",
            "setting": "e",
            "wanted": 2,
            "current": 1,
            "reason": "It runs",
            "waits_for": "shutdown",
        },
    )
    assert plan.unread == {"EX01 f": "It could not be read."}
    assert plan.diff(plan.changes)["after"] == "EX01 a: 2\nEX01 b: none\nEX01 c: 2\n"
    assert wanted.of_step(ROWS, plan.steps[0]) == ("one", {"a": 2, "b": ()}, {"a": "EX01 a", "b": "EX01 b"})


def test_the_rows_of_the_result_have_what_happened_to_each_setting() -> None:
    outcome = Outcome(
        values={"EX01 a": 2, "EX01 b": ("x",)}, failures={"EX01 b": "No.", **wanted.plan("", ROWS).unread}
    )
    assert [(row["setting"], row["now"], row["result"], row.get("msg")) for row in wanted.report(ROWS, outcome)] == [
        ("a", 2, "changed", None),
        ("b", ["x"], "failed", "No."),
        ("c", 1, "left_alone", None),
        ("d", 1, "compliant", None),
        ("e", 1, "left_alone", "It runs."),
        ("f", None, "failed", "It could not be read."),
    ]


def test_a_setting_is_expected_by_the_id_and_the_name_of_the_setting() -> None:
    plan = wanted.plan("Settings", ROWS).expecting({"id1 A": 7, "ID1 b": ["x"], "id2 c": 7})
    assert [change.label for change in plan.changes] == ["EX01 b", "EX01 c"]
    assert [row["label"] for row in plan.left_alone] == ["EX01 e", "EX01 a"]
