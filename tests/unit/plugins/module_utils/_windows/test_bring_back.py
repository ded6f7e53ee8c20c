# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wait until clustered roles are back on their node, and the requests that drain, resume and live migrate."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import (
    cluster,
    clustered_role,
    drain,
    property_list,
)
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, Reference, new_instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import Fault, ResponseLost, ServerError

URI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/mscluster/"
NODE = Reference(resource_uri=f"{URI}MSCluster_Node")
Role = dict[str, t.Any]


def role(name: str, owner: str, *, queued: bool = False, pending: bool = False, kind: int = 111) -> Role:
    state, waits = (4 if pending else 0), (4 if queued else 0)
    return {"Name": name, "OwnerNode": owner, "State": state, "StatusInformation": waits, "GroupType": kind}


class Host:
    """A host that reports these roles one after the other, and then the last of them. It notes the methods."""

    host = "hv01"

    def __init__(self, *roles: t.Sequence[Role], node: t.Mapping[str, t.Any] | None = None) -> None:
        self.roles = list(roles)
        self.node = {"Name": "HV01", "State": 0, "NodeDrainStatus": 0, **(node or {})}
        self.called: list[t.Any] = []
        self.error: Exception | None = None
        self.answer: t.Any = None
        self.pauses: list[float] = []

    def query(self, _namespace: str, wql: str, *, operation: str) -> list[Instance]:
        assert operation
        if "MSCluster_Node" in wql:
            return [Instance(new_instance(f"{URI}MSCluster_Node", self.node).element, NODE)]
        rows = self.roles.pop(0) if self.roles[1:] else self.roles[0]
        name = f"{URI}MSCluster_ResourceGroup"
        return [
            Instance(new_instance(name, row).element, Reference(resource_uri=name, selectors=(("Name", row["Name"]),)))
            for row in rows
        ]

    def invoke(self, reference: Reference, method: str, given: t.Any, *, operation: str, query: bool = False) -> t.Any:
        self.called.append((reference.selector("Name"), method, given, operation, query))
        if self.error:
            raise self.error
        return self.answer

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def back(host: Host, *names: str, timeout: float = 60) -> tuple[dict[str, str], str]:
    return drain.bring_back(t.cast("t.Any", host), "HV01", set(names), timeout=timeout)


def test_roles_that_are_back_are_not_waited_for() -> None:
    host = Host([role("EX01", "hv01"), role("EX02", "HV02")])
    assert back(host, "EX01") == ({"EX01": "hv01"}, "")
    assert (host.called, host.pauses) == ([], [])
    assert back(host, "gone") == ({}, "")


def test_the_failback_of_the_cluster_comes_first() -> None:
    """A role that moves, or waits in the queue, is not moved again. Only after a time without a move one is."""
    moving = [[role("EX01", "HV02", queued=True)], [role("EX01", "HV01", pending=True)]]
    quiet = [[role("EX01", "HV02")]] * 3
    host = Host(*quiet, *moving, *quiet, [role("EX01", "HV01")])
    assert back(host, "EX01") == ({"EX01": "HV01"}, "")
    assert host.called == []
    assert host.pauses == [2] * 8


def moves(name: str) -> tuple[t.Any, ...]:
    text = property_list.encode({"Virtual Machine": 4, "Virtual Machine Configuration": 4})
    given = {"NodeName": "HV01", "Parameters": list(text), "Flags": 14}
    return (name, "MoveToNewNodeParams", given, f"live migrating {name} to HV01", False)


def test_what_does_not_come_back_is_live_migrated_once() -> None:
    away = [role("EX01", "HV02"), role("EX02", "HV01"), role("Files", "HV02", kind=102)]
    half = [role("EX01", "HV02"), role("EX02", "HV02"), role("Files", "HV02", kind=102)]
    host = Host(*[away] * 4, *[half] * 7, [role(name, "HV01") for name in ("EX01", "EX02", "Files")])
    host.error = Fault("odd")  # the answer does not count
    assert back(host, "EX01", "EX02", "Files") == ({"EX01": "HV01", "EX02": "HV01", "Files": "HV01"}, "")
    assert host.called == [moves("EX01"), moves("EX02")]


@pytest.mark.parametrize("error", [None, Fault("odd"), ResponseLost("gone")])
def test_a_role_that_stays_away_is_told(error: Exception | None) -> None:
    host = Host([role("EX01", "HV02"), role("EX02", "HV03", queued=True), role("EX03", "hv01")])
    host.error = error
    assert back(host, "EX01", "EX02", "EX03", timeout=0) == (
        {"EX01": "HV02", "EX02": "HV03", "EX03": "hv01"},
        "EX01 is on HV02, EX02 is on HV03, and not back on HV01 after 0 s",
    )


def test_a_role_without_a_reference_is_not_moved() -> None:
    host = Host([role("EX01", "HV02")])
    (found,) = clustered_role.read_roles(t.cast("t.Any", host))
    lost = dataclasses.replace(found, reference=None)
    with pytest.raises(ServerError, match="the cluster returned the role EX01 without its reference"):
        clustered_role.live_migrate(t.cast("t.Any", host), lost, "HV01")


def node(state: str = "up", progress: str = "not_started") -> cluster.Node:
    return cluster.Node(
        name="HV01", state=state, drain=progress, vote=1, dynamic_vote=1, windows="2019", reference=NODE
    )


@pytest.mark.parametrize(("failback", "number"), [("none", 0), ("immediately", 1), ("by_policy", 2)])
def test_a_resume_has_its_failback(failback: str, number: int) -> None:
    host = Host([])
    assert drain.resume(t.cast("t.Any", host), node("paused"), failback, timeout=0) == ("active", "")
    assert host.called == [(None, "Resume", {"FailbackType": number}, "resuming HV01", False)]


def test_a_drain_that_goes_on_is_not_begun_again() -> None:
    host = Host([], node={"State": 2, "NodeDrainStatus": 2})
    assert drain.drain(t.cast("t.Any", host), node("paused", "in_progress"), timeout=0) == ("drained", "")
    assert host.called == []
    assert drain.drain(t.cast("t.Any", host), node(), timeout=0) == ("drained", "")
    assert host.called == [(None, "Pause", {"DrainType": 1}, "draining HV01", False)]


LATE = Fault("late", subcode="TimedOut")
WAITS: list[tuple[int, int, Exception | None, list[Role], tuple[str, str]]] = [
    (0, 0, Fault("it is refused"), [], ("active", "it is refused")),
    (0, 0, LATE, [], ("active", "draining HV01 did not finish within 0 s and continues")),
    (0, 0, ResponseLost("gone"), [], ("active", "draining HV01 did not finish within 0 s and continues")),
    (2, 1, None, [], ("draining", "draining HV01 did not finish within 0 s and continues")),
    (2, 3, None, [],
     ("paused", "the cluster reports that the drain failed; its events name the role that did not move")),
    (2, 2, None, [role("EX01", "HV01"), role("EX02", "HV02")],
     ("paused", "the cluster reports that the drain ended, but EX01 runs on the node")),
    (2, 2, Fault("it is refused"), [], ("drained", "")),
]  # fmt: skip


@pytest.mark.parametrize(("state", "progress", "error", "roles", "expected"), WAITS)
def test_how_a_drain_ends(
    state: int, progress: int, error: Exception | None, roles: list[Role], expected: tuple[str, str]
) -> None:
    host = Host(roles, node={"State": state, "NodeDrainStatus": progress})
    host.error = error
    assert drain.drain(t.cast("t.Any", host), node(), timeout=0) == expected


@pytest.mark.parametrize("answer", [True, False, None])
def test_whether_the_quorum_is_lost_is_asked_of_the_cluster(answer: bool | None) -> None:
    host = Host([])
    host.answer = new_instance(f"{URI}MSCluster_Node", {"ReturnValue": answer})
    if answer is None:
        with pytest.raises(ResponseLost, match="returned neither true nor false"):
            drain.would_lose_quorum(t.cast("t.Any", host), node())
    else:
        assert drain.would_lose_quorum(t.cast("t.Any", host), node()) is answer
    operation = "checking whether the cluster keeps its quorum without HV01"
    assert host.called == [(None, "WillOfflineLoseQuorum", {}, operation, True)]


def test_a_node_without_a_reference_is_an_error() -> None:
    with pytest.raises(ServerError, match="the cluster returned the node HV01 without its reference"):
        drain.reference_of(dataclasses.replace(node(), reference=None))
