# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task writes, returns and records, with settings that are kept in a dictionary."""

from __future__ import annotations

import dataclasses
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
    host: Host,
    *,
    check_mode: bool = False,
    together: t.Any = None,
    alone: t.Any = apply,
    expected: Row | None = None,
    full_disk: int = 0,
    unread: t.Mapping[str, str] | None = None,
    **functions: t.Any,
) -> tuple[Row, list[list[Row]]]:
    """Run a task with these functions. The record fails from its call C(full_disk) on."""
    recorded: list[list[Row]] = []

    def record(rows: list[Row]) -> None:
        recorded.append(rows)
        if full_disk and len(recorded) >= full_disk:
            raise OSError(28, "No space left on device")

    given: dict[str, t.Any] = {
        "read": lambda session, _options: dict(session.values),
        "plan": lambda state, options: dataclasses.replace(plan(state, options), unread=unread or {}),
        "report": lambda _state, outcome: {"values": dict(outcome.values)},
        **functions,
    }
    tested = task.Task(spec={}, apply=alone, apply_together=together, **given)
    result = task.run(
        tested,
        lambda **_options: host,  # type: ignore[arg-type, return-value]
        {"expected": expected},
        check_mode=check_mode,
        record=record,
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


def test_an_error_of_a_function_before_any_write_is_one_sentence() -> None:
    def broken(_state: t.Any, _options: t.Any) -> Plan:
        raise AttributeError("x" * 1000 + "\n\x1b[31m")

    for functions in ({"read": broken}, {"plan": broken}):
        with pytest.raises(task.TaskError) as caught:
            run(Host(dict(BEFORE)), **functions)
        assert str(caught.value).startswith("An unexpected error occurred: AttributeError: xxx")
        assert str(caught.value).endswith("Please report this defect.")
        assert len(str(caught.value)) < 300


def test_a_value_that_cannot_be_read_names_the_host() -> None:
    def refuse(*_given: t.Any) -> t.NoReturn:
        raise ResponseLost("MSCluster_Cluster.SameSubnetDelay should be a number and is 'many'")

    sentence = "Reading a response on hv01 failed: MSCluster_Cluster.SameSubnetDelay should be a number and is 'many'"
    with pytest.raises(ResponseLost) as caught:
        run(Host(BEFORE), read=refuse)
    assert str(caught.value).startswith(sentence)
    result, _recorded = run(Host(BEFORE), alone=refuse)
    assert sentence in result["msg"]
    located = ResponseLost("the connection was closed")
    located.operation, located.host = "reading the cluster", "hv02"
    located.locate("hv01")
    assert str(located).startswith("Reading the cluster on hv02 failed: the connection was closed")


def test_an_error_of_the_report_does_not_hide_what_was_written() -> None:
    host = Host(dict(BEFORE))

    def broken(_state: t.Any, _outcome: t.Any) -> Row:
        raise KeyError("settings")

    result, _recorded = run(host, report=broken)
    assert (result["failed"], result["changed"], len(result["changes"])) == (True, True, 3)
    assert "3 of 3 changes are in effect, 1 failed. An unexpected error occurred: KeyError" in result["msg"]


@pytest.mark.parametrize("missing", [RecursionError("deep"), KeyError("A"), MemoryError()])
def test_the_value_after_any_error_of_a_write_is_unknown(missing: Exception) -> None:
    result, recorded = run(Host(dict(BEFORE), {"B": missing}))
    assert recorded[3] == [row("B", None)]
    assert (result["failed"], result["changes"]) == (True, [row("A"), row("B", None), row("C")])


def test_a_step_that_returns_no_value_has_failed() -> None:
    def silent(host: Host, _state: t.Any, step: Step) -> Applied:
        host.write(step.changes[0].label, WANTED)
        return Applied(values={})

    result, _recorded = run(Host({"A": "save"}), alone=silent)
    assert (result["failed"], result["changed"], result["changes"]) == (True, True, [row("A", None)])


@pytest.mark.parametrize("together", [None, "all"])
def test_without_its_record_nothing_is_written(together: str | None) -> None:
    host = Host(dict(BEFORE))
    result, _recorded = run(host, together=send_all if together else None, full_disk=1)
    assert host.log == []
    assert (result["failed"], result["changed"]) == (True, False)
    assert "The record of the run could not be written: [Errno 28] No space left" in result["msg"]


def test_what_was_written_is_returned_if_the_record_fails_afterwards() -> None:
    host = Host(dict(BEFORE))
    result, _recorded = run(host, full_disk=2)
    assert host.log == ["A"]
    assert (result["failed"], result["changes"]) == (True, [row("A")])
    assert "B was not written, because the record could not be written" in result["msg"]


def test_a_setting_that_could_not_be_read_fails_after_the_others() -> None:
    host = Host({"A": "save", "B": WANTED})
    unread = {"Z": "Reading Z on hv01 failed."}
    for check_mode in (False, True):
        result, _recorded = run(host, check_mode=check_mode, unread=unread)
        assert result["failed"]
        assert "Reading Z on hv01 failed." in result["msg"]
    assert host.values == {"A": WANTED, "B": WANTED}


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
