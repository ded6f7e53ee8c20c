# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of cluster_node in each state of the node, what each step calls, and the whole result."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import cluster, drain, drain_mark
from ansible_collections.winha.cluster.plugins.module_utils._windows.clustered_role import Role
from ansible_collections.winha.cluster.plugins.module_utils._windows.drain_mark import Mark
from ansible_collections.winha.cluster.plugins.module_utils.plan import Change, Step
from ansible_collections.winha.cluster.plugins.module_utils.task import Outcome, TaskError
from ansible_collections.winha.cluster.plugins.modules import cluster_node

Options = dict[str, t.Any]
OPTIONS: Options = {
    "name": None, "state": "active", "failback": "by_policy", "timeout": 900, "mark": None, "allow_saved": [],
    "allow_gates": [],
}  # fmt: skip
MARK = Mark(run="r1", started="2026-11-28T22:00:00Z", roles=("EX01", "EX02"))
DRAIN: Options = {"state": "drained"}
MARKED: Options = {"state": "drained", "mark": "r2"}


def node(name: str = "HV01", state: str = "up") -> cluster.Node:
    return cluster.Node(
        name=name, state=state, drain="not_started", vote=1, dynamic_vote=1, windows="2019",
        reference=t.cast("t.Any", f"the reference of {name}"),
    )  # fmt: skip


def role(name: str, owner: str, *, moving: bool = False, kind: str = "virtual_machine") -> Role:
    return Role(
        name=name, id=name, kind=kind, group_type=111, owner=owner, state="online", moving=moving, priority=2000,
        anti_affinity=(), reference=None,
    )  # fmt: skip


def state(before: str, options: Options, *roles: Role, mark: Mark | None = None, **more: t.Any) -> cluster_node.State:
    return cluster_node.State(
        node=node(), before=before, other_nodes=(node("HV02"),), mark=mark, roles=roles,
        options=OPTIONS | options, **more,
    )  # fmt: skip


def steps(found: cluster_node.State) -> list[list[tuple[t.Any, ...]]]:
    plan = cluster_node.plan(found, found.options)
    assert plan.title == "Node HV01"
    assert plan.ordered or not plan.steps
    rows = [[change.row() for change in step.changes] for step in plan.steps]
    return [[(row["label"], row["thing"], row["setting"], row["before"], row["after"]) for row in one] for one in rows]


SET = [("drain mark", "HV01", "drain mark", "none", "r2")]
REMOVED = [("drain mark", "HV01", "drain mark", "r1", "none")]


def goes(before: str, after: str) -> list[tuple[t.Any, ...]]:
    return [("HV01", "HV01", "state", before, after)]


PLANS: list[tuple[cluster_node.State, list[list[tuple[t.Any, ...]]]]] = [
    (state("active", DRAIN), [goes("active", "drained")]),
    (state("active", MARKED), [SET, goes("active", "drained")]),
    (state("active", MARKED, mark=MARK), [goes("active", "drained")]),
    (state("draining", DRAIN), [goes("draining", "drained")]),
    (state("paused", DRAIN), [goes("paused", "drained")]),
    (state("paused", MARKED, mark=MARK), [goes("paused", "drained")]),
    (state("drained", DRAIN), []),
    (state("drained", MARKED, mark=MARK), []),
    (state("drained", MARKED | {"allow_gates": ["foreign_drain"]}), []),
    (state("active", {}), []),
    (state("drained", {}), [goes("drained", "active")]),
    (state("active", {}, mark=MARK), [REMOVED]),
    (state("drained", {"mark": "r1"}, role("EX01", "HV02"), role("EX02", "hv01"), role("EX03", "HV02"), mark=MARK),
     [goes("drained", "active"), [("EX01 owner", "EX01", "owner", "HV02", "HV01")], REMOVED]),
    (state("active", {}, role("EX01", "HV02"), role("EX02", "HV03"), mark=MARK),
     [[("EX01 owner", "EX01", "owner", "HV02", "HV01"), ("EX02 owner", "EX02", "owner", "HV03", "HV01")], REMOVED]),
    (state("active", {}, role("EX01", "hv01", moving=True), mark=MARK), [REMOVED]),
]  # fmt: skip


@pytest.mark.parametrize(("found", "expected"), PLANS)
def test_the_steps_of_each_state(found: cluster_node.State, expected: list[list[tuple[t.Any, ...]]]) -> None:
    assert steps(found) == expected


SAVED: Options = {"drained_by": {"EX01": ("EX01", "saved"), "EX02": ("EX02", "live"), "EX03": ("EX03", "saved")}}
OWN = (role("EX01", "hv01"), role("EX02", "HV01"), role("EX03", "HV02"))
REFUSED: list[tuple[cluster_node.State, str]] = [
    (state("down", DRAIN), "HV01 is down, so it cannot become drained. Bring the node up first."),
    (state("joining", {}), "HV01 is joining, so it cannot become active. Bring the node up first."),
    (state("drained", {"mark": "r1"}), "HV01 is drained and has no drain mark, so somebody else paused it."),
    (state("paused", MARKED | {"allow_gates": ["foreign_drain"]}), "HV01 is paused and has no drain mark"),
    (state("drained", MARKED), "HV01 is drained and has no drain mark"),
    (state("active", DRAIN, *OWN, **SAVED), "would not live migrate all virtual machines: EX01 is saved. Raise"),
    (state("paused", DRAIN, *OWN, **SAVED), "would not live migrate all virtual machines: EX01 is saved. Raise"),
    (state("active", DRAIN, loses_quorum=True), "the cluster reports that it would lose its quorum"),
]


@pytest.mark.parametrize(("found", "sentence"), REFUSED)
def test_a_drain_that_would_be_a_risk_is_refused(found: cluster_node.State, sentence: str) -> None:
    with pytest.raises(TaskError) as caught:
        cluster_node.plan(found, found.options)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "found",
    [
        state("active", DRAIN | {"allow_saved": ["EX0?"]}, *OWN, **SAVED),
        state("active", DRAIN | {"allow_gates": ["quorum"]}, loses_quorum=True),
        state("draining", DRAIN, *OWN, loses_quorum=True, **SAVED),
    ],
)
def test_what_is_allowed_or_goes_on_is_no_risk(found: cluster_node.State) -> None:
    assert steps(found) == [goes(found.before, "drained")]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[t.Any]:
    """The calls of a step. A mark that is written is read back; the error of a write is the reason."""
    found: list[t.Any] = []
    marks: list[Mark | None] = [None]

    def write(_client: t.Any, reference: t.Any, name: str, mark: Mark | None) -> str:
        found.append(("mark", reference, name, mark and (mark.run, mark.roles)))
        marks[0] = mark
        return "odd"

    def drained(_client: t.Any, node: t.Any, *, timeout: float) -> tuple[str, str]:
        found.append(("drain", node.name, timeout))
        return "paused", "it failed"

    def resumed(_client: t.Any, node: t.Any, failback: str, *, timeout: float) -> tuple[str, str]:
        found.append(("resume", node.name, failback, timeout))
        return "active", ""

    def back(_client: t.Any, name: str, roles: set[str], *, timeout: float) -> tuple[dict[str, str], str]:
        found.append(("back", name, roles, timeout))
        return {"EX01": "HV02"}, "it is away"

    monkeypatch.setattr(drain_mark, "write", write)
    monkeypatch.setattr(drain_mark, "read", lambda _client, _reference, _name: marks[0])
    monkeypatch.setattr(drain, "drain", drained)
    monkeypatch.setattr(drain, "resume", resumed)
    monkeypatch.setattr(drain, "bring_back", back)
    return found


def change(label: str, before: str, after: str) -> Change:
    return Change(label=label, before=before, after=after)


APPLIED: list[tuple[cluster_node.State, list[Change], t.Any, dict[str, str], str]] = [
    (state("active", DRAIN), [change("HV01", "active", "drained")], ("drain", "HV01", 900.0), {"HV01": "paused"},
     "it failed"),
    (state("drained", {}), [change("HV01", "drained", "active")], ("resume", "HV01", "by_policy", 900.0),
     {"HV01": "active"}, ""),
    (state("drained", {}, mark=MARK), [change("HV01", "drained", "active")], ("resume", "HV01", "immediately", 900.0),
     {"HV01": "active"}, ""),
    (state("active", {}, mark=MARK), [change("EX01 owner", "HV02", "HV01"), change("EX02 owner", "HV02", "HV01")],
     ("back", "HV01", {"EX01", "EX02"}, 900.0), {"EX01 owner": "HV02", "EX02 owner": "HV01"}, "it is away"),
    (state("active", MARKED, *OWN, role("Cluster", "HV01", kind="core")), [change("drain mark", "none", "r2")],
     ("mark", "the reference of HV01", "HV01", ("r2", ("EX01", "EX02"))), {"drain mark": "r2"}, "odd"),
    (state("active", {}, mark=MARK), [change("drain mark", "r1", "none")],
     ("mark", "the reference of HV01", "HV01", None), {"drain mark": "none"}, "odd"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "changes", "call", "values", "reason"), APPLIED)
def test_each_step_does_one_thing(
    *, calls: list[t.Any], found: cluster_node.State, changes: list[Change], call: t.Any, values: t.Any, reason: str
) -> None:
    applied = cluster_node.apply(t.cast("t.Any", None), found, Step(tuple(changes)))
    assert calls == [call]
    assert (applied.values, applied.reason) == (values, reason)


def test_the_whole_result() -> None:
    drained = state("active", DRAIN, *OWN, **SAVED)
    assert cluster_node.report(drained, Outcome(values={"HV01": "drained"})) == {
        "node": {"name": "HV01", "before": "active", "state": "drained"},
        "mark": None,
        "roles": ["EX01", "EX02"],
        "saved_by_drain": ["EX01"],
    }
    marked = state("drained", {}, role("EX01", "HV02"), role("EX02", "HV02"), role("EX03", "HV02"), mark=MARK)
    assert cluster_node.report(marked, Outcome(values={"HV01": "active", "EX01 owner": "HV01"})) == {
        "node": {"name": "HV01", "before": "drained", "state": "active"},
        "mark": {"run": "r1", "started": "2026-11-28T22:00:00Z", "roles": ("EX01", "EX02")},
        "owners": {"EX01": "HV01", "EX02": "HV02"},
    }
    assert cluster_node.report(state("active", {}, *OWN), Outcome()) == {
        "node": {"name": "HV01", "before": "active", "state": "active"},
        "mark": None,
    }
