# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task writes, returns and records, with settings that are kept in a dictionary."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils.errors import ResponseLost, ServerError, Unreachable
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Change, Plan, Step

Row = dict[str, t.Any]
BEFORE = {"A": "save", "B": "save", "C": "save"}
WANTED = "shut_down"


class Host:
    """A session with a host whose settings are in a dictionary. C(problems) has the error of a write of a setting."""

    host = "hv01"

    def __init__(self, values: dict[str, str], problems: t.Mapping[str, Exception] | None = None) -> None:
        self.values, self.problems = values, problems or {}
        self.writes = 0
        self.log: list[str] = []

    def write(self, label: str, after: str) -> None:
        self.writes += 1
        self.log.append(label)
        if label in self.problems:
            raise self.problems[label]
        self.values[label] = after

    def close(self) -> None:
        self.log.append("closed")


def apply(host: Host, _state: t.Any, step: Step) -> Applied:
    (change,) = step.changes
    host.write(change.label, change.after)
    return Applied(values={change.label: host.values[change.label]})


def plan(state: dict[str, str], _options: t.Any) -> Plan:
    details = {"setting": "action"}
    changes = [
        Change(label=label, before=value, after=WANTED, details={"thing": label, **details})
        for label, value in state.items()
        if value != WANTED
    ]
    return Plan(title="Actions", steps=tuple(Step((change,)) for change in changes))


def run(
    host: Host, *, check_mode: bool = False, together: t.Any = None, alone: t.Any = apply, expected: Row | None = None
) -> tuple[Row, list[list[Row]]]:
    recorded: list[list[Row]] = []
    tested = task.Task(
        spec={},
        read=lambda session, _options: dict(session.values),
        plan=plan,
        apply=alone,
        apply_together=together,
        report=lambda _state, outcome: {"values": dict(outcome.values)},
    )
    result = task.run(
        tested,
        lambda **_options: host,  # type: ignore[arg-type, return-value]
        {"expected": expected},
        check_mode=check_mode,
        record=recorded.append,
    )
    assert host.log.pop() == "closed"
    return result, recorded


def row(label: str, after: str | None = WANTED, **more: t.Any) -> Row:
    return {"label": label, "thing": label, "setting": "action", "before": "save", "after": after, **more}


def sent(label: str) -> Row:
    return row(label, confirmed=False)


def test_each_step_is_recorded_before_and_after_it() -> None:
    result, recorded = run(Host(dict(BEFORE)))
    assert recorded == [rows for label in BEFORE for rows in ([sent(label)], [row(label)])]
    assert result["changes"] == [row(label) for label in BEFORE]
    assert "left_alone" not in result


def test_check_mode_returns_the_planned_changes_and_records_nothing() -> None:
    host = Host(dict(BEFORE))
    result, recorded = run(host, check_mode=True)
    assert (host.log, recorded) == ([], [])
    assert result["changes"] == [row(label) for label in BEFORE]
    assert host.values == BEFORE


@pytest.mark.parametrize(
    ("problem", "after"), [(ServerError("no"), None), (Unreachable("gone"), None), (ValueError("odd"), None)]
)
def test_the_record_has_what_was_written_before_a_failure(problem: Exception, after: str | None) -> None:
    host = Host(dict(BEFORE), {"B": problem})
    result, recorded = run(host)
    unreachable = isinstance(problem, Unreachable)
    assert host.log == (["A", "B"] if unreachable else ["A", "B", "C"])
    assert recorded[:4] == [[sent("A")], [row("A")], [sent("B")], [row("B", after)]]
    assert recorded[4:] == ([] if unreachable else [[sent("C")], [row("C")]])
    assert result["failed"]
    assert result["changes"] == [row("A"), row("B", after), *([] if unreachable else [row("C")])]


def test_a_setting_whose_value_is_not_the_expected_one_is_left_alone() -> None:
    host = Host({"A": "save", "B": "turn_off", "C": WANTED})
    result, recorded = run(host, expected={"a": "save", "B": "save", "C": "save"})
    assert host.values == {"A": WANTED, "B": "turn_off", "C": WANTED}
    assert result["changes"] == [row("A")]
    assert result["left_alone"] == [
        {
            "label": "B",
            "expected": "save",
            "current": "turn_off",
            "reason": "the current value is not the expected one",
        }
    ]
    assert recorded == [[sent("A")], [row("A")]]


def send_all(host: Host, _state: t.Any, steps: t.Sequence[Step], _progress: t.Any) -> Applied:
    """Sends all; a setting with a problem is not stored."""
    for step in steps:
        (change,) = step.changes
        try:
            host.write(change.label, change.after)
        except ServerError:
            continue
    return Applied(values={change.label: host.values[change.label] for step in steps for change in step.changes})


def test_steps_that_are_written_together_are_recorded_before_the_first_one() -> None:
    host = Host(dict(BEFORE))
    _result, recorded = run(host, together=send_all)
    assert host.log == ["A", "B", "C"]
    assert recorded == [[sent(label) for label in BEFORE], [row(label) for label in BEFORE]]


def test_a_value_that_does_not_change_is_written_alone() -> None:
    host = Host(dict(BEFORE), {"B": ServerError("no")})

    def other_way(session: Host, state: t.Any, step: Step) -> Applied:
        session.problems = {}
        return apply(session, state, step)

    result, recorded = run(host, together=send_all, alone=other_way)
    assert host.log == ["A", "B", "C", "B"]
    assert recorded[1] == [row("A"), row("B", "save"), row("C")]
    assert recorded[2:] == [[sent("B")], [row("B")]]
    assert result["changes"] == [row(label) for label in BEFORE]
    assert "failed" not in result


def test_a_reason_ends_the_writing() -> None:
    host = Host(dict(BEFORE))

    def denied(_host: Host, _state: t.Any, steps: t.Sequence[Step], _progress: t.Any) -> Applied:
        return Applied(values={change.label: "save" for step in steps for change in step.changes}, reason="Denied")

    result, recorded = run(host, together=denied)
    assert host.log == []
    assert result["msg"] == (
        "Actions on hv01: 0 of 3 changes are in effect, 3 failed. A on hv01 should be shut_down and is save: Denied. "
        "B on hv01 should be shut_down and is save: Denied. C on hv01 should be shut_down and is save: Denied."
    )
    assert (result["changed"], result["changes"]) == (False, [])
    assert recorded[1] == [row(label, "save") for label in BEFORE]


def test_values_that_could_not_be_read_back_are_unknown() -> None:
    host = Host(dict(BEFORE))

    def lost(session: Host, _state: t.Any, steps: t.Sequence[Step], _progress: t.Any) -> Applied:
        send_all(session, _state, steps, _progress)
        raise ResponseLost("no response")

    result, recorded = run(host, together=lost)
    assert result["changed"]
    assert recorded == [[sent(label) for label in BEFORE], [row(label, None) for label in BEFORE]]
    assert result["changes"] == [row(label, None) for label in BEFORE]
