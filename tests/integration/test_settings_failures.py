# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cluster_group and vm_settings return when they may not write, or when a write fails, on the lab."""

from __future__ import annotations

import typing as t

import pytest
from torture.cells import Stand, stand
from torture.variants import Variant

PROVIDER = {"fault": 1359, "hresult": 0x80041004, "text": "Provider failure."}
DENIED = {"fault": 5, "hresult": 0x80070005, "text": "Access denied.", "subcode": "w:AccessDenied"}
OFF1 = {"names": ["OFF1"], "automatic_stop_action": "shut_down"}
VM4 = {"names": ["VM4"], "automatic_stop_action": "shut_down"}


@pytest.fixture(scope="module")
def _lab() -> t.Iterator[Stand]:
    with stand() as found:
        yield found


@pytest.fixture
def lab(_lab: Stand) -> Stand:
    _lab.lab.reset()
    _lab._prepared = ""
    _lab.tap.begin(None, 0, lasting=False)
    return _lab


def call(lab: Stand, host: str, name: str, **options: t.Any) -> dict[str, t.Any]:
    """The result of a task, or its error as a result."""
    found, error = lab.call(Variant(name=name, host=host, options=options), check_mode=False)
    return {"failed": True, "msg": str(error), "changes": None} if found is None else found


def writes(lab: Stand) -> list[str]:
    return [entry.method for entry in lab.lab.journal() if entry.write]


def state_of(lab: Stand, name: str, **values: t.Any) -> None:
    """Set the cluster resource of a virtual machine: its state or its node."""
    cluster = lab.lab.cluster("TC")
    resource = cluster.named("MSCluster_Resource", f"Virtual Machine {name}")
    assert resource is not None
    cluster.write(resource, values)


MEMORY = "The memory of {} cannot be set: {}. Nothing was written."
REFUSED: dict[str, tuple[str, str, dict[str, t.Any], str]] = {
    "priority": (
        "tn1", "cluster_group", {"names": ["VM1"], "priority": 5000},
        "priority 5000 is out of range: a cluster allows 0 to 4999. Nothing was written.",
    ),
    "nothing there": ("to1", "cluster_group", {"names": ["*"], "allow_no_match": True, "priority": 0}, ""),
    "no node": (
        "tn1", "cluster_group", {"names": ["VM1"], "possible_owners": ["tn9"]},
        "The cluster of tn1 has no node tn9; it has tn1, tn2.",
    ),
    "nowhere": (
        "tn1", "cluster_group", {"names": ["VM1"], "possible_owners": []},
        "possible_owners is empty: then the virtual machine could run nowhere. Name the nodes.",
    ),
    "no role": (
        "tn1", "cluster_group", {"names": ["Cluster Group"], "priority": 0},
        "No clustered virtual machine or other clustered role of the cluster of tn1 matches Cluster Group;",
    ),
    "no machine": (
        "ts1", "vm_settings", {"names": ["OFF9"], "checkpoint_type": "disabled"},
        "No virtual machine of ts1 matches OFF9; it has OFF1, RUN1. Correct the names, or set allow_no_match if",
    ),
    "no checkpoint type": (
        "ts2", "vm_settings", {"names": ["OFF2"], "checkpoint_type": "disabled"},
        "Hyper-V of ts2 has no checkpoint type (before Windows Server 2016). Remove the option for this host. Nothing",
    ),
    "no Hyper-V": ("te1", "vm_settings", OFF1, "te1 has no Hyper-V: "),
    "odd": (
        "ts1", "vm_settings", {"names": ["RUN1"], "startup_memory_mb": 4097},
        MEMORY.format("RUN1", "each size must be an even number of MB, and at least 32"),
    ),
    "order": (
        "ts1", "vm_settings", {"names": ["OFF1"], "maximum_memory_mb": 1024},
        MEMORY.format("OFF1", "minimum, startup and maximum would be 512, 16384 and 1024 MB, and none may be below "
                              "the one before"),
    ),
    "static": (
        "ts1", "vm_settings", {"names": ["RUN1"], "minimum_memory_mb": 1024},
        MEMORY.format("RUN1", "without dynamic memory, minimum and maximum are the startup memory"),
    ),
}  # fmt: skip


def test_what_cannot_be_wanted_is_a_sentence_before_any_write(lab: Stand) -> None:
    for host, module, options, sentence in REFUSED.values():
        found = call(lab, host, module, **options)
        if sentence:
            assert found["failed"]
            assert sentence in found["msg"]
        else:
            assert "failed" not in found
    assert writes(lab) == []


ENDS = "Settings of virtual machines on {}: 0 of 1 changes are in effect, 1 failed. {} automatic_stop_action on {} "


def outcome(found: dict[str, t.Any], host: str, machine: str) -> tuple[str, list[t.Any]]:
    """The end of the message, and the values after."""
    begin = ENDS.format(host, machine, host)
    assert found["failed"]
    assert found["msg"].startswith(begin), found["msg"]
    return found["msg"].removeprefix(begin), [row["after"] for row in found["changes"]]


class Meanwhile:
    """A transport; something happens on the host before the first message that changes settings."""

    def __init__(self, transport: t.Any, happens: t.Callable[[], None]) -> None:
        self._transport, self._happens = transport, [happens]

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._transport, name)

    def send(self, message: str) -> bytes:
        if "ModifySystemSettings_INPUT" in message and self._happens:
            self._happens.pop()()
        return self._transport.send(message)


def call_while(lab: Stand, happens: t.Callable[[], None], host: str, **options: t.Any) -> dict[str, t.Any]:
    lab.transport = lambda transport: t.cast("t.Any", Meanwhile(transport, happens))
    try:
        return call(lab, host, "vm_settings", **options)
    finally:
        lab.transport = lambda transport: transport


def test_what_happens_to_a_virtual_machine_meanwhile_is_told(lab: Stand) -> None:
    state_of(lab, "VM4", State=3)
    started = call_while(lab, lambda: state_of(lab, "VM4", State=2), "tn2", **VM4)
    sentence = "The operation cannot be performed while the object is in its current state (32775)."
    assert outcome(started, "tn2", "VM4") == (f"should be shut_down and is save: its job failed: {sentence}", [])
    state_of(lab, "VM4", State=3)
    moved = call_while(lab, lambda: state_of(lab, "VM4", OwnerNode="tn1"), "tn2", **VM4)
    assert outcome(moved, "tn2", "VM4") == ("should be shut_down and is unknown: VM4 is no longer on tn2.", [None])
    assert writes(lab) == ["ModifySystemSettings"] * 2
    # On its node now, which the task names.
    assert call(lab, "tn1", "vm_settings", **VM4)["changes"][0]["after"] == "shut_down"


# The fault of the change, and what is told. In the last two the change takes effect.
LOST: dict[str, tuple[dict[str, t.Any], str, list[t.Any]]] = {
    "denied": ({"action": DENIED}, "should be shut_down and is save: ModifySystemSettings returned: Access denied", []),
    "fault": (
        {"action": PROVIDER},
        "should be shut_down and is save: ModifySystemSettings returned: Provider failure",
        [],
    ),
    "cut": ({"action": "truncate"}, "", ["shut_down"]),
    "dropped": ({"action": "drop"}, "", ["shut_down"]),
}


@pytest.mark.parametrize("case", LOST)
def test_a_change_without_an_answer_is_read_back_and_never_sent_again(lab: Stand, case: str) -> None:
    rule, sentence, after = LOST[case]
    lab.lab.add_fault(method="ModifySystemSettings", **rule)
    found = call(lab, "ts1", "vm_settings", **OFF1)
    if sentence:
        told, rows = outcome(found, "ts1", "OFF1")
        assert told.startswith(sentence)
        assert rows == after
    else:
        assert "failed" not in found, found["msg"]
        assert [row["after"] for row in found["changes"]] == after
    assert len([one for one in lab.lab.journal() if one.method == "ModifySystemSettings"]) == 1


def test_a_change_whose_end_is_not_known_is_unknown_in_the_result_and_the_record(lab: Stand) -> None:
    lab.lab.add_fault(method="ModifySystemSettings", action="garbage")
    lab.lab.simulation.clock.call_later = lambda *_arguments: None  # type: ignore[method-assign]
    try:
        told, rows = outcome(call(lab, "ts1", "vm_settings", **OFF1), "ts1", "OFF1")
    finally:
        del lab.lab.simulation.clock.call_later
    assert told.startswith("should be shut_down and is unknown: ModifySystemSettings returned: ")
    assert rows == [None]


def test_a_half_done_change_of_possible_owners_is_reported_as_it_is(lab: Stand) -> None:
    options = {"names": ["VM1"], "possible_owners": ["tn1"]}
    lab.lab.add_fault(method="RemovePossibleOwner", nth=2, action=PROVIDER)
    found = call(lab, "tn1", "cluster_group", **options)
    (row,) = found["changes"]
    assert (row["before"], row["after"]) == (["tn1", "tn2"], ["tn1", "tn2 (not all resources)"])
    assert "RemovePossibleOwner of tn2 returned: Provider failure" in found["msg"]
    lab.lab.clear_faults()
    again = call(lab, "tn1", "cluster_group", **options)
    assert [row["after"] for row in again["changes"]] == [["tn1"]]
    assert writes(lab).count("RemovePossibleOwner") == 2


def test_a_group_that_refuses_both_ways_names_both(lab: Stand) -> None:
    lab.lab.add_fault(method="ExecuteGroupControl", action=PROVIDER)
    lab.lab.add_fault(operation="Put", action=PROVIDER)
    found = call(lab, "tn1", "cluster_group", names=["VM1"], priority=3000)
    assert "VM1 priority on tn1 should be 3000 and is 2000: the Put returned: " in found["msg"]
    assert found["changes"] == []
