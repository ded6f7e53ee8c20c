# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judge of the torture finds a wrong result, and finds nothing in a right one."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils.errors import ResponseLost
from hypothesis import strategies as st
from torture import cells, files, inputs, messages, oracle
from torture.faults import FAULTS
from torture.rows import rows_of
from torture.variants import VARIANTS

VM = "vm_offline_action/all"
Change = t.Callable[[oracle.Evidence], oracle.Evidence]


@pytest.fixture(scope="module")
def stand() -> t.Iterator[cells.Stand]:
    with cells.stand() as found:
        yield found


def edited(**values: t.Any) -> Change:
    """Change the result."""
    return lambda found: dataclasses.replace(found, result={**(found.result or {}), **values})


def failed(**values: t.Any) -> Change:
    return edited(**{"failed": True, "msg": "Cluster-controlled offline action on tn1: 1 of 2.", **values})


def row(number: int, **values: t.Any) -> Change:
    """Change the row of a virtual machine in the result."""

    def change(found: oracle.Evidence) -> oracle.Evidence:
        result = copy.deepcopy(found.result or {})
        result["virtual_machines"][number].update(values)
        return dataclasses.replace(found, result=result)

    return change


def reported(number: int, **values: t.Any) -> Change:
    """Change the row of a change in the result."""

    def change(found: oracle.Evidence) -> oracle.Evidence:
        result = copy.deepcopy(found.result or {})
        result["changes"][number].update(values)
        return dataclasses.replace(found, result=result)

    return change


def lost(found: oracle.Evidence) -> oracle.Evidence:
    error = ResponseLost("the connection was closed")
    error.operation, error.host = "reading", "tn1"
    return dataclasses.replace(found, result=None, error=error)


def sent_twice(found: oracle.Evidence) -> oracle.Evidence:
    first = next(number for number, entry in enumerate(found.entries) if entry.write)
    write, request = found.entries[first], found.requests[first]
    entries = (*found.entries[:first], dataclasses.replace(write, changes=()), *found.entries[first:])
    return dataclasses.replace(
        found, entries=entries, requests=(*found.requests[:first], request, *found.requests[first:])
    )


def not_applied(found: oracle.Evidence) -> oracle.Evidence:
    return dataclasses.replace(found, after=found.before)


def mend(found: oracle.Evidence) -> oracle.Evidence:
    return dataclasses.replace(found, fault=FAULTS["gzip"])


def error(exc: Exception) -> Change:
    return lambda found: dataclasses.replace(found, result=None, error=exc)


def late(found: oracle.Evidence) -> oracle.Evidence:
    return dataclasses.replace(found, seconds=oracle.DEADLINE + 1)


WRONG: t.Mapping[str, tuple[str, Change, str]] = {
    "not applied": (VM, not_applied, "the task succeeded, and VM1 is save"),
    "not reported": (VM, failed(changes=[]), "the changes of ['VM1', 'VM2', 'VM4'] are not reported"),
    "not changed": (VM, edited(changed=False), "the task changed values and reports changed=false"),
    "an error without the changes": (VM, lost, "does not report its changes of ['VM1', 'VM2', 'VM4']"),
    "another value before": (VM, row(1, before="save"), "the row of VM2 has save before, and it was turn_off"),
    "another value now": (VM, row(0, offline_action="save"), "the row of VM1 has save now, and it is shut_down"),
    "compliant": (VM, row(0, result="compliant"), "the row of VM1 is compliant; it was save"),
    "changed": (VM, row(2, result="changed"), "the row of VM3 is changed; it was shut_down"),
    "another value in a change": (VM, reported(0, after="turn_off"), "VM1 is shut_down and is reported as turn_off"),
    "unknown without a failure": (VM, reported(0, after=None), "VM1 is reported as unknown, and the task did not fail"),
    "sent twice": (VM, sent_twice, "was sent twice without a read in between"),
    "a valid response": (VM, lambda found: mend(failed()(found)), "the task failed, although every response was valid"),
    "a traceback": (VM, error(ValueError("x")), "the task ended with ValueError: x"),
    "no sentence": (VM, failed(msg="Traceback tn1."), "the message has a word that it must not have"),
    "no host": (VM, failed(msg="It failed."), "the message does not name the host"),
    "late": (VM, late, "the task took 16.0 s"),
    "a restart that was none": (
        "net_adapter/defer", edited(restarts=["LM"]), "['LM'] are reported as restarted, and were not",
    ),
    "a restart that is missing": (
        "net_adapter/defer", edited(restart_required=[]), "not restarted, and restart_required is empty",
    ),
    "another value of the store": (
        "cluster_health_info/all", edited(health={"nodes": [{"name": "tn1", "state": "down"}]}),
        "tn1 is read as down, and it is up",
    ),
    "a value that was not read": (
        "host_info/all", edited(adapters=[]), "and should be",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("variant", "change", "problem"), WRONG.values(), ids=WRONG)
def test_the_judge_finds_a_wrong_result(stand: cells.Stand, variant: str, change: Change, problem: str) -> None:
    usual = stand.usual(variant)
    assert oracle.judge(usual, usual) == []
    assert problem in "\n".join(oracle.judge(change(usual), usual))


READING = ("cluster_info/all", "cluster_info/machines", "cluster_health_info/all", "host_info/all")


@pytest.mark.parametrize("variant", READING)
def test_the_judge_compares_what_is_read_with_the_store(stand: cells.Stand, variant: str) -> None:
    usual = stand.usual(variant)
    assert oracle.judge(usual, usual) == []
    compared = {row.label for row in rows_of(usual.variant.module, usual.result or {})}
    assert set(usual.variant.state(usual.after)) <= compared


@pytest.mark.parametrize("variant", [VM, "cluster_node/drain_with_mark"])
def test_the_judge_finds_a_write_in_check_mode(stand: cells.Stand, variant: str) -> None:
    usual, checked = stand.usual(variant), stand.usual(variant, check_mode=True)
    assert oracle.judge(checked, checked) == []
    wrong = oracle.judge(dataclasses.replace(checked, entries=usual.entries), checked)
    assert any("writes were sent" in problem for problem in wrong)
    wrong = oracle.judge(dataclasses.replace(checked, after=usual.after), checked)
    assert any("other values were changed" in problem for problem in wrong)
    rows = [{**one, "after": one["before"]} for one in (checked.result or {})["changes"]]
    assert any("check mode reports" in problem for problem in oracle.judge(edited(changes=rows)(checked), checked))


def test_the_judge_finds_a_change_of_another_value(stand: cells.Stand) -> None:
    usual, other = stand.usual("vm_offline_action/one"), stand.usual(VM)
    wrong = oracle.judge(dataclasses.replace(other, variant=usual.variant), usual)
    assert any("other values were changed" in problem for problem in wrong)


def test_a_cell_is_found_again_by_its_text() -> None:
    cell = cells.Cell(VM, "drop_after", 3, lasting=True, check_mode=True)
    assert cells.Cell.parse(str(cell), VARIANTS, FAULTS) == cell
    with pytest.raises(ValueError, match="is not a cell"):
        cells.Cell.parse("vm_offline_action/all:fire:1:on:check", VARIANTS, FAULTS)
    listed = [dataclasses.replace(cell, position=number) for number in range(20)]
    in_order = [cells.in_order(each, seed, FAULTS) for each, seed in ((listed, 1), (reversed(listed), 1), (listed, 2))]
    assert in_order[0] == in_order[1] != in_order[2]


def test_an_input_that_ends_with_another_error_is_kept() -> None:
    def check(number: int) -> str:
        return messages.problem_of(lambda: [1 / number, [].pop() if number == 7 else None], IndexError)

    found = inputs.read(200, 1, check, st.integers(-20, 20))
    (kind,) = found.wrong
    assert kind == "ZeroDivisionError in test_torture.py <lambda>"
    assert found.wrong[kind] == (1, f"{kind} (division by zero) 0 []")
    assert found.count >= 40
    assert inputs.read(20, 1, check, st.just(7)).wrong == {}


def test_what_takes_too_long_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "LONGEST_SECONDS", 0)
    assert "it took too long" in messages.problem_of(lambda: None)


MESSAGE = b'<a xmlns="u"><b k="1">x</b><c><d>y</d></c></a>'


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (messages.Change("value", 0, "z"), b'<a xmlns="u"><b k="1">z</b><c><d>y</d></c></a>'),
        (messages.Change("values", 0.5, "z"), b'<a xmlns="u"><b k="1">x</b><c><d>z</d></c></a>'),
        (messages.Change("remove", 0.5), b'<a xmlns="u"><b k="1">x</b></a>'),
        (messages.Change("double", 0.75), b'<a xmlns="u"><b k="1">x</b><c><d>y</d><d>y</d></c></a>'),
        (messages.Change("empty", 0.5), b'<a xmlns="u"><b k="1">x</b><c></c></a>'),
        (messages.Change("attribute", 0.25), b'<a xmlns="u"><b>x</b><c><d>y</d></c></a>'),
        (messages.Change("cut", 0.5), MESSAGE[: len(MESSAGE) // 2]),
        (messages.Change("insert", 0, "z"), b"z" + MESSAGE),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_message_is_changed(change: messages.Change, expected: bytes) -> None:
    assert messages.changed(MESSAGE, [change]) == expected


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (files.Edit((0, 0.5), "replace", 9), {"a": [1, 9], "b": "x"}),
        (files.Edit((0.5,), "remove"), {"a": [1, 2]}),
        (files.Edit((0, 0), "double"), {"a": [1, 2, 1], "b": "x"}),
        (files.Edit((0,), "text"), {"a": "[1, 2]", "b": "x"}),
        (files.Edit((), "add", None), {"a": [1, 2], "b": "x", "None": None}),
        (files.Edit((), "replace", None), None),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_value_is_edited(edit: files.Edit, expected: t.Any) -> None:
    sample = {"a": [1, 2], "b": "x"}
    assert files.edited(sample, [edit]) == expected
    assert sample == {"a": [1, 2], "b": "x"}
