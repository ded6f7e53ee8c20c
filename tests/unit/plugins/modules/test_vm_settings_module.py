# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of vm_settings: which settings are written, which wait for the shutdown, and which are left alone."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import vm_settings as machines
from ansible_collections.winha.cluster.plugins.module_utils._windows.vm_settings import Machine
from ansible_collections.winha.cluster.plugins.module_utils.task import Outcome, TaskError
from ansible_collections.winha.cluster.plugins.modules import vm_settings

Row = dict[str, t.Any]
NOW: Row = {
    "automatic_stop_action": "save", "checkpoint_type": "standard", "dynamic_memory": True, "startup_memory_mb": 2048,
    "minimum_memory_mb": 1024, "maximum_memory_mb": 4096,
}  # fmt: skip
OPTIONS: Row = {"names": ["*"], "exclude": [], "allow_no_match": False, **dict.fromkeys(vm_settings.SETTINGS)}
FIXED = {"dynamic_memory": False, "startup_memory_mb": 4096}
RUNS = "Windows changes it only while the virtual machine is off, and EX01 is {}. {} it down and run this task again"
UNCLEAR = "Without dynamic memory EX01 would have only its startup memory, 2048 MB. Set startup_memory_mb"


class Host:
    host = "hv01"


def machine(name: str = "EX01", state: str = "off", problem: str = "", **settings: t.Any) -> Machine:
    return Machine(name=name, id=f"ID-{name}", state=state, settings={**NOW, **settings}, ids={}, problem=problem)


def read(monkeypatch: pytest.MonkeyPatch, *found: Machine, **options: t.Any) -> vm_settings.State:
    wants_memory = any("memory" in name for name in options)

    def read_machines(_client: t.Any, *, memory: bool) -> tuple[Machine, ...]:
        assert memory is wants_memory
        return found

    monkeypatch.setattr(machines, "read_machines", read_machines)
    return vm_settings.read(t.cast("t.Any", Host()), {**OPTIONS, **options})


def rows(monkeypatch: pytest.MonkeyPatch, *found: Machine, **options: t.Any) -> list[tuple[t.Any, ...]]:
    state = read(monkeypatch, *found, **options)
    return [(row.label, row.before, row.after, row.reason, row.waits_for) for row in state.rows]


def waits(state: str, first: str = "Shut") -> tuple[str, str]:
    return RUNS.format(state, first), "shutdown"


FREE = ("", "")
# The state of the virtual machine, the options, and each row.
ROWS: list[tuple[str, Row, list[tuple[t.Any, ...]]]] = [
    ("off", {"automatic_stop_action": "shut_down"}, [("EX01 automatic_stop_action", "save", "shut_down", *FREE)]),
    ("running", {"automatic_stop_action": "shut_down"},
     [("EX01 automatic_stop_action", "save", "shut_down", *waits("running"))]),
    ("saved", {"automatic_stop_action": "save"},
     [("EX01 automatic_stop_action", "save", "save", *waits("saved", "Start it and shut"))]),
    ("paused", {"automatic_stop_action": "save"},
     [("EX01 automatic_stop_action", "save", "save", *waits("paused", "Resume it and shut"))]),
    ("running", {"checkpoint_type": "disabled"}, [("EX01 checkpoint_type", "standard", "disabled", *FREE)]),
    ("off", FIXED, [
        ("EX01 dynamic_memory", True, False, *FREE), ("EX01 startup_memory_mb", 2048, 4096, *FREE),
        ("EX01 minimum_memory_mb", 1024, 4096, *FREE),
    ]),
    ("running", FIXED, [
        ("EX01 dynamic_memory", True, False, *waits("running")),
        ("EX01 startup_memory_mb", 2048, 4096, *waits("running")),
    ]),
    ("off", {"dynamic_memory": False}, [("EX01 dynamic_memory", True, False, UNCLEAR, "")]),
    ("running", {"dynamic_memory": False}, [("EX01 dynamic_memory", True, False, UNCLEAR, "")]),
    ("off", {"maximum_memory_mb": 4096}, [("EX01 maximum_memory_mb", 4096, 4096, *FREE)]),
]  # fmt: skip


@pytest.mark.parametrize(("state", "options", "expected"), ROWS)
def test_which_settings_are_written(
    monkeypatch: pytest.MonkeyPatch, state: str, options: Row, expected: list[tuple[t.Any, ...]]
) -> None:
    assert rows(monkeypatch, machine(state=state), **options) == expected


def test_settings_and_memory_of_a_machine_are_two_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    state = read(monkeypatch, machine(), machine("EX02"), automatic_stop_action="shut_down", **FIXED)
    plan = vm_settings.plan(state, {})
    assert plan.title == "Settings of virtual machines"
    assert [[change.label for change in step.changes] for step in plan.steps] == [
        [f"{name} {setting}" for setting in settings]
        for name in ("EX01", "EX02")
        for settings in (
            ["automatic_stop_action"],
            ["dynamic_memory", "startup_memory_mb", "minimum_memory_mb"],
        )
    ]
    asked: list[t.Any] = []

    def write(_client: t.Any, found: Machine, values: Row) -> tuple[Row, str]:
        asked.append((found.name, values))
        return {"automatic_stop_action": "save"}, "why"

    monkeypatch.setattr(machines, "write", write)
    applied = vm_settings.apply(t.cast("t.Any", None), state, plan.steps[2])
    assert asked == [("EX02", {"automatic_stop_action": "shut_down"})]
    assert (applied.values, applied.reason) == ({"EX02 automatic_stop_action": "save"}, "why")


def test_a_machine_whose_settings_could_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = machine(problem="It was not read.", checkpoint_type=None)
    state = read(monkeypatch, lost, checkpoint_type="disabled", **FIXED)
    assert [(row.label, row.before, row.after) for row in state.rows] == [
        ("EX01 checkpoint_type", None, "disabled"),
        ("EX01 dynamic_memory", None, False),
        ("EX01 startup_memory_mb", None, 4096),
    ]
    assert vm_settings.plan(state, {}).unread == {row.label: "It was not read." for row in state.rows}


@pytest.mark.parametrize(
    ("found", "options", "sentence"),
    [
        (machine(checkpoint_type=None), {"checkpoint_type": "disabled"}, "Hyper-V of hv01 has no checkpoint type"),
        (machine(), {"dynamic_memory": False, "startup_memory_mb": 4096, "maximum_memory_mb": 2048},
         "The memory of EX01 cannot be set: without dynamic memory, minimum and maximum are the startup memory"),
        (machine("EX02"), {"names": ["EX01"], "checkpoint_type": "disabled"}, "No virtual machine of hv01 matches"),
    ],
)  # fmt: skip
def test_a_value_that_a_machine_cannot_have_is_refused(
    monkeypatch: pytest.MonkeyPatch, found: Machine, options: Row, sentence: str
) -> None:
    with pytest.raises(TaskError, match=sentence):
        read(monkeypatch, found, **options)


def test_a_machine_without_a_checkpoint_type_may_have_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rows(monkeypatch, machine(checkpoint_type=None), automatic_stop_action="shut_down")
    assert found == [("EX01 automatic_stop_action", "save", "shut_down", *FREE)]


def test_hosts_before_2012_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_machines(_client: t.Any, *, memory: bool) -> t.Any:
        raise machines.BeforeWindows2012(f"hv01 is old, {memory}")

    monkeypatch.setattr(machines, "read_machines", read_machines)
    with pytest.raises(TaskError, match=r"hv01 is old, False\. vm_settings needs Windows Server 2012 or later"):
        vm_settings.read(t.cast("t.Any", Host()), {**OPTIONS, "checkpoint_type": "disabled"})


def test_the_whole_result(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [machine(), machine("EX02", "running"), machine("EX03", "running", automatic_stop_action="shut_down")]
    state = read(monkeypatch, *found, names=["EX0*"], exclude=["none"], automatic_stop_action="shut_down")
    result = vm_settings.report(state, Outcome(values={"EX01 automatic_stop_action": "shut_down"}))
    own = {"setting": "automatic_stop_action", "wanted": "shut_down", "before": "save", "now": "save"}
    assert result == {
        "settings": [
            {"name": "EX01", "id": "ID-EX01", "state": "off", **own, "now": "shut_down", "result": "changed"},
            {"name": "EX02", "id": "ID-EX02", "state": "running", **own, "result": "left_alone",
             "msg": f"{RUNS.format('running', 'Shut').replace('EX01', 'EX02')}."},
            {"name": "EX03", "id": "ID-EX03", "state": "running", **own, "before": "shut_down", "now": "shut_down",
             "result": "compliant"},
        ],
        "matched": ["EX0*"],
        "unmatched": ["none"],
        "warnings": [
            "No virtual machine of hv01 matches none in exclude, so nothing was excluded for it.",
            "Not changed until the virtual machine is off: EX02. See left_alone in the result.",
        ],
    }  # fmt: skip
