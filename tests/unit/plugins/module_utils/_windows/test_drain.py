# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the state of a node, and of the virtual machines that a drain saves."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import cluster, drain, virtual_machine


def node(state: str = "up", progress: str = "not_started") -> cluster.Node:
    return cluster.Node(name="HV01", state=state, drain=progress, vote=1, windows="2019", reference=None)


@pytest.mark.parametrize(
    ("state", "progress", "expected"),
    [
        ("up", "not_started", "active"),
        ("up", "completed", "active"),
        ("up", "failed", "active"),
        ("up", "in_progress", "active"),
        ("paused", "in_progress", "draining"),
        ("paused", "completed", "drained"),
        ("paused", "not_started", "paused"),
        ("paused", "failed", "paused"),
        ("paused", "unknown", "paused"),
        ("down", "completed", "down"),
        ("joining", "completed", "joining"),
        ("unknown (9)", "completed", "unknown (9)"),
    ],
)
def test_the_state_of_a_node(state: str, progress: str, expected: str) -> None:
    assert drain.state_of(node(state, progress)) == expected


class Row:
    """An instance of a cluster class with the methods that the code under test calls."""

    def __init__(self, **values: t.Any) -> None:
        self._values = values

    def text(self, name: str) -> str | None:
        return t.cast("str | None", self._values.get(name))

    def integer(self, name: str) -> int | None:
        return t.cast("int | None", self._values.get(name))


def machine(name: str, move_type: str, *, state: str = "online", owner: str = "hv01") -> t.Any:
    return types.SimpleNamespace(name=name, group=name, owner_node=owner, state=state, default_move_type=move_type)


def saved(
    monkeypatch: pytest.MonkeyPatch, machines: dict[str, tuple[t.Any, int | None]], threshold: int | None = None
) -> tuple[str, ...]:
    """Return the names of the virtual machines that a drain saves; each is given with its priority."""
    rows = [Row(Name=name, OwnerNode="HV01", Priority=priority) for name, (_found, priority) in machines.items()]
    kind = Row(MoveTypeThreshold=threshold)
    found = tuple(one for one, _priority in machines.values())
    monkeypatch.setattr(cluster, "query", lambda *_arguments, **_more: rows)
    monkeypatch.setattr(cluster, "read_resource_type", lambda _client: kind)
    monkeypatch.setattr(virtual_machine, "read_virtual_machines", lambda _client: found)
    return drain.read_roles(t.cast("t.Any", None), node()).saved


@pytest.mark.parametrize(
    ("move_type", "priority", "threshold", "expected"),
    [
        ("by_priority", 3000, None, False),
        ("by_priority", 2000, None, False),
        ("by_priority", 1999, None, True),
        ("by_priority", 1000, None, True),
        ("by_priority", 0, None, True),
        ("by_priority", 1000, 1000, False),
        ("by_priority", 3000, 3001, True),
        ("turn_off", 3000, None, True),
        ("save", 3000, None, True),
        ("shut_down", 1000, None, False),
        ("shut_down_forced", 1000, None, False),
        ("live_migration", 1000, 3001, False),
        ("unknown (9)", 3000, None, True),
    ],
)
def test_a_drain_saves_by_move_type_and_priority(
    monkeypatch: pytest.MonkeyPatch, move_type: str, priority: int, threshold: int | None, *, expected: bool
) -> None:
    found = saved(monkeypatch, {"A": (machine("A", move_type), priority)}, threshold)
    assert found == (("A",) if expected else ())


def test_a_drain_saves_only_running_machines_of_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    low = 1000
    machines = {
        "here": (machine("here", "by_priority", owner="HV01"), low),
        "there": (machine("there", "by_priority", owner="hv02"), low),
        "off": (machine("off", "by_priority", state="offline"), low),
    }
    assert saved(monkeypatch, machines) == ("here",)


def test_the_owner_node_is_compared_without_case(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Row(Name="B", OwnerNode="hv01"), Row(Name="A", OwnerNode="HV01"), Row(Name="C", OwnerNode="hv02")]
    monkeypatch.setattr(cluster, "query", lambda *_arguments, **_more: rows)
    monkeypatch.setattr(cluster, "read_resource_type", lambda _client: None)
    monkeypatch.setattr(virtual_machine, "read_virtual_machines", lambda _client: ())
    found = drain.read_roles(t.cast("t.Any", None), node())
    assert (found.groups, found.saved) == (("A", "B"), ())
