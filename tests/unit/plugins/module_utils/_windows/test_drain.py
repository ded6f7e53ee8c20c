# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the state of a node, and of what a drain does with virtual machines."""

from __future__ import annotations

import dataclasses
import types
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import (
    cluster,
    clustered_role,
    drain,
    virtual_machine,
)
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, new_instance


def node(state: str = "up", progress: str = "not_started") -> cluster.Node:
    return cluster.Node(
        name="HV01", state=state, drain=progress, vote=1, dynamic_vote=1, windows="2019", reference=None
    )


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


def machine(move_type: str, *, state: str = "online") -> virtual_machine.VirtualMachine:
    return virtual_machine.VirtualMachine(
        name="EX01",
        resource="Virtual Machine EX01",
        group="EX01",
        owner_node="HV01",
        state=state,
        offline_action="save",
        default_move_type=move_type,
        reference=t.cast("t.Any", None),
    )


@pytest.mark.parametrize(
    ("move_type", "priority", "threshold", "expected"),
    [
        ("by_priority", 3000, 2000, "live"),
        ("by_priority", 2000, 2000, "live"),
        ("by_priority", 1999, 2000, "saved"),
        ("by_priority", 1000, 2000, "saved"),
        ("by_priority", 0, 2000, "saved"),
        ("by_priority", None, 2000, "saved"),
        ("by_priority", 1000, 1000, "live"),
        ("by_priority", 3000, 3001, "saved"),
        ("turn_off", 3000, 2000, "turned_off"),
        ("save", 3000, 2000, "saved"),
        ("shut_down", 1000, 2000, "shut_down"),
        ("shut_down_forced", 1000, 2000, "shut_down"),
        ("live_migration", 1000, 3001, "live"),
        ("unknown (9)", 3000, 2000, "saved"),
    ],
)
def test_what_a_drain_does_with_a_running_machine(
    move_type: str, priority: int | None, threshold: int, expected: str
) -> None:
    assert virtual_machine.drain_action(machine(move_type), priority, threshold) == expected
    stopped = virtual_machine.saved_by_drain(machine(move_type), priority, threshold)
    assert stopped == (expected in ("saved", "turned_off"))


@pytest.mark.parametrize("move_type", ["by_priority", "save", "turn_off", "live_migration"])
def test_a_drain_leaves_a_machine_off_that_does_not_run(move_type: str) -> None:
    assert virtual_machine.drain_action(machine(move_type, state="offline"), 1000, 2000) == "offline"


@pytest.mark.parametrize(("threshold", "expected"), [(None, 2000), (1000, 1000), (0, 0)])
def test_the_threshold_of_live_migration(threshold: int | None, expected: int) -> None:
    resource_type = types.SimpleNamespace(integer=lambda _name: threshold)
    assert virtual_machine.move_type_threshold(t.cast("t.Any", resource_type)) == expected
    assert virtual_machine.move_type_threshold(None) == 2000


class Host:
    """A host whose cluster reports these drain states one after the other, and these roles of the node HV01."""

    host = "hv01"

    def __init__(self, states: t.Sequence[int], roles: t.Sequence[t.Sequence[str]]) -> None:
        self.states, self.roles, self.paused = list(states), list(roles), 0

    def query(self, namespace: str, wql: str, *, operation: str) -> list[Instance]:
        assert operation
        uri = f"http://schemas.microsoft.com/wbem/wsman/1/wmi/{namespace}/"
        if "MSCluster_Node" in wql:
            state = self.states.pop(0) if self.states[1:] else self.states[0]
            return [new_instance(f"{uri}MSCluster_Node", {"Name": "HV01", "State": 2, "NodeDrainStatus": state})]
        names = self.roles.pop(0) if self.roles[1:] else self.roles[0]
        rows = [{"Name": name, "OwnerNode": "hv01", "State": 0, "GroupType": 111} for name in names]
        return [new_instance(f"{uri}MSCluster_ResourceGroup", row) for row in rows]

    def invoke(self, *_arguments: t.Any, operation: str) -> None:
        assert operation
        self.paused += 1

    def pause(self, _seconds: float) -> None:
        pass


@pytest.mark.parametrize(
    ("states", "roles", "expected"),
    [
        # The state of an earlier drain is still there for a moment.
        ([3, 3, 1, 2], [[]], "drained"),
        ([2, 1, 2], [["EX01"], []], "drained"),
        ([3, 1, 3], [["EX01"]], "paused"),
        ([1, 2], [["EX01"]], "paused"),
    ],
)
def test_a_drain_ends_when_no_role_runs_on_the_node(states: list[int], roles: list[list[str]], expected: str) -> None:
    host, earlier = Host(states, roles), {2: "completed", 3: "failed"}.get(states[0], "not_started")
    before = dataclasses.replace(node("paused", earlier), reference=t.cast("t.Any", "a reference"))
    state, reason = drain.drain(t.cast("t.Any", host), before, timeout=0.05)
    assert (state, bool(reason), host.paused) == (expected, expected != "drained", 1)


def test_a_node_with_a_role_is_not_drained_whatever_its_last_drain_reports() -> None:
    host = Host([2], [["EX01"]])
    roles = clustered_role.read_roles(t.cast("t.Any", host))
    assert drain.state_of(node("paused", "completed"), roles) == "paused"
    assert drain.state_of(node("paused", "completed")) == "drained"
    offline = [dataclasses.replace(role, state="offline") for role in roles]
    core = [dataclasses.replace(role, kind="core") for role in roles]
    elsewhere = [dataclasses.replace(role, owner="HV02") for role in roles]
    for moved in (offline, core, elsewhere):
        assert drain.state_of(node("paused", "completed"), moved) == "drained"
