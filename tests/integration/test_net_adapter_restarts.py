# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of net_adapter: restarts, the connection of the task, and runs that are killed."""

from __future__ import annotations

import time
import typing as t

import pytest
from lab.windows.simulation import instances_of
from rolling import events, host, in_effect, kill, migration, ours, puts, reset, restarts, stored_value, wait_for

if t.TYPE_CHECKING:
    from stage import Stage, Variables

JUMBO = "*JumboPacket"
SETTINGS = {"mtu": 9000, "receive_buffers": 8192}
LONE = {"adapters": ["LM"], **SETTINGS}
BOTH = {"adapters": ["*"], "mtu": 9000, "reconnect_timeout": 20}


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with migration(networks[5], tmp_path_factory.mktemp("restarts")) as lab:
        yield lab


@pytest.fixture
def lab(estate: Stage) -> Stage:
    return reset(estate)


def test_defer_stores_the_values_without_a_restart(lab: Stage) -> None:
    later = ours("lone1", "net_adapter", {**LONE, "restart": "defer"})
    run = lab.play(later)
    assert run.of("lone1").data["restart_required"] == ["LM"]
    assert run.of("lone1").data["restarts"] == []
    assert restarts(lab) == []
    assert (stored_value(lab, "lone1", "LM", "MaxFrameSize"), in_effect(lab, "lone1", "LM")) == ("9000", 1500)
    again = lab.play(later)
    assert (again.of("lone1").changed, again.of("lone1").data["restart_required"]) == (False, ["LM"])
    assert len(lab.writes()) == 2
    now = ours("lone1", "net_adapter", LONE)
    assert lab.check(now).of("lone1").data["restarts"] == ["LM"]
    run = lab.play(now)
    assert run.rc == 0, run.output
    assert run.of("lone1").changed
    assert (run.of("lone1").data["restarts"], run.of("lone1").data["restart_required"]) == (["LM"], [])
    assert [entry.method for entry in lab.writes()] == ["", "", "Restart"]
    assert (restarts(lab), in_effect(lab, "lone1", "LM")) == ([("lone1", "LM")], 9000)
    assert not lab.play(now).of("lone1").changed
    assert len(lab.writes()) == 3


LAST_WRITES = {
    "access denied": {"fault": 5, "hresult": 0x80041003, "text": "Access denied."},
    "invalid parameter": {"fault": 1359, "hresult": 0x80041008, "text": "Invalid parameter."},
    "dropped before it is processed": {"drop": "before"},
}


@pytest.mark.parametrize("trouble", LAST_WRITES)
def test_restarts_has_only_the_adapters_that_were_restarted(lab: Stage, trouble: str) -> None:
    """The last write of an adapter restarts it. It fails, so the value of the first write is not in effect."""
    lab.estate.add_fault(host="lone1", operation="Put", nth=2, action=LAST_WRITES[trouble])
    result = lab.play(ours("lone1", "net_adapter", {**LONE, "reconnect_timeout": 2})).of("lone1")
    assert restarts(lab) == []
    assert in_effect(lab, "lone1", "LM") == 1500
    assert (result.status, result.changed) == ("failed", True)
    assert (result.data["restarts"], result.data["restart_required"]) == ([], ["LM"])
    written = [(row["thing"], row["keyword"], row["after_raw"]) for row in result.data["changes"] if row["after"]]
    assert written == [("LM", "MaxFrameSize", "9000")]
    assert stored_value(lab, "lone1", "LM", "MaxFrameSize") == "9000"


def test_a_pending_restart_is_combined_with_the_next_change(lab: Stage) -> None:
    lab.play(ours("lone1", "net_adapter", {"adapters": ["LM"], "mtu": 9000, "restart": "defer"}))
    run = lab.play(ours("lone1", "net_adapter", LONE))
    assert run.rc == 0, run.output
    assert [write[2] for write in puts(lab)] == ["MaxFrameSize", "ReceiveBuffers"]
    assert restarts(lab) == [("lone1", "LM")]
    assert in_effect(lab, "lone1", "LM") == 9000


def test_the_adapter_of_the_connection_is_last_and_the_task_reconnects(lab: Stage) -> None:
    run = lab.play(ours("lone1", "net_adapter", {**BOTH, **SETTINGS}))
    assert run.rc == 0, run.output
    assert [write[1] for write in puts(lab)] == ["LM", "LM", "Management", "Management"]
    cut = [entry for entry in lab.journal() if entry.operation == "Put" and entry.status == 0]
    assert cut == lab.writes()[-1:]  # the response to the last write was lost
    assert restarts(lab) == [("lone1", "LM"), ("lone1", "Management")]
    assert run.of("lone1").data["restarts"] == ["LM", "Management"]
    assert in_effect(lab, "lone1", "Management") == 9000
    assert not lab.play(ours("lone1", "net_adapter", {**BOTH, **SETTINGS})).of("lone1").changed
    assert len(lab.writes()) == 4


def spare_cards(estate: Variables) -> None:
    """A card without a cable, one that will be disabled, and one that was removed."""
    lone = host(estate, "lone1")
    lone["adapters"] += [
        {"name": "Spare", "driver": "intel-10g", "link": False},
        {"name": "Off", "driver": "intel-10g"},
    ]
    guid = "{11111111-0000-4000-8000-000000000002}"
    removed = {"CreationClassName": "MSFT_NetAdapter", "DeviceID": guid, "InterfaceGuid": guid, "SystemName": "lone1"}
    removed |= {"SystemCreationClassName": "CIM_NetworkPort", "Name": "Gone", "InterfaceDescription": "Intel 7"}
    removed |= {"InterfaceIndex": 0, "Hidden": True, "HardwareInterface": True, "InterfaceOperationalStatus": 6}
    lone["instances"] = {"root/standardcimv2": {"MSFT_NetAdapter": [removed]}}


def test_no_link_is_waited_for_where_there_was_none(estate: Stage) -> None:
    lab = reset(estate, spare_cards)
    lab.estate.simulation.disable(lab.estate.estate.host("lone1"), "Off")
    later = ours("lone1", "net_adapter", {"adapters": ["Spare"], "mtu": 9000, "restart": "defer"})
    assert lab.play(later).of("lone1").data["restart_required"] == ["Spare"]
    play = ours("lone1", "net_adapter", {**BOTH, "reconnect_timeout": 6})
    checked = lab.check(play).of("lone1")
    result = lab.play(play).of("lone1")
    assert result.status == "ok", result.message
    assert result.data["without_link"] == checked.data["without_link"] == ["Off", "Spare"]
    assert result.data["restarts"] == checked.data["restarts"] == ["LM", "Management", "Spare"]
    assert result.data["restart_required"] == []
    assert ("lone1", "Off") not in restarts(lab)
    found = instances_of(lab.estate.host("lone1"), "MSFT_NetAdapter", "root/standardcimv2")
    assert [one.values["Name"] for one in found if one.values["InterfaceAdminStatus"] == 2] == ["Off"]
    assert in_effect(lab, "lone1", "Spare") == 9000
    assert {stored_value(lab, "lone1", name, JUMBO) for name in ("Off", "Spare", "Management")} == {"9014"}
    assert not lab.play(play).of("lone1").changed


def converged(estate: Variables) -> None:
    """Put the address of the standalone host on a team of two members."""
    lone = host(estate, "lone1")
    members: list[Variables] = [{"name": name, "driver": "mellanox"} for name in ("P1", "P2")]
    lone["adapters"] = [{"name": "LM", "driver": "qlogic"}, *members]
    lone["teams"] = [{"name": "Uplink", "members": ["P1", "P2"], "address": lone["address"]}]


def test_the_team_members_of_the_connection_are_last(estate: Stage) -> None:
    lab = reset(estate, converged)
    run = lab.play(ours("lone1", "net_adapter", {"adapters": ["P1", "P2", "Uplink", "LM"], "mtu": 9000}))
    assert run.rc == 0, run.output
    assert restarts(lab) == [("lone1", "LM"), ("lone1", "P1"), ("lone1", "P2")]
    # Each member was up before the next one restarted, so the team stayed connected.
    assert [name for _host, name in events(lab, "AdapterRestart", "AdapterUp")] == ["LM", "LM", "P1", "P1", "P2", "P2"]
    assert {entry.status for entry in lab.writes()} == {200}


def test_a_driver_may_ignore_the_option_not_to_restart(estate: Stage) -> None:
    lab = reset(estate, lambda found: host(found, "lone1").update(no_restart="ignored"))
    run = lab.play(ours("lone1", "net_adapter", {**BOTH, **SETTINGS}))
    assert run.rc == 0, run.output
    assert len(puts(lab)) == len(set(puts(lab))) == 4
    assert restarts(lab) == [("lone1", name) for name in ("LM", "LM", "Management", "Management")]
    assert in_effect(lab, "lone1", "Management") == 9000
    assert not lab.play(ours("lone1", "net_adapter", {**BOTH, **SETTINGS})).of("lone1").changed


@pytest.mark.parametrize("action", ["before", "after"])
def test_a_write_is_not_repeated_after_a_lost_response(lab: Stage, action: str) -> None:
    lab.estate.add_fault(operation="Put", times=1, action={"drop": action})
    play = ours("lone1", "net_adapter", {"adapters": ["LM"], "mtu": 9000, "reconnect_timeout": 5})
    run = lab.play(play)
    assert len(lab.writes()) == 1
    assert (run.rc == 0) == (action == "after"), run.output
    assert run.of("lone1").changed == (action == "after")
    if action == "before":
        assert "LM mtu on lone1 should be 9000 and is 1500" in run.of("lone1").message
    assert lab.play(play).rc == 0
    assert in_effect(lab, "lone1", "LM") == 9000


def test_the_error_names_an_adapter_that_stays_down(estate: Stage) -> None:
    lab = reset(estate, lambda found: host(found, "lone1").update(after_restart="stays_down"))
    run = lab.play(ours("lone1", "net_adapter", {**BOTH, "reconnect_timeout": 2}))
    assert run.rc == 2
    message = run.of("lone1").message
    assert "LM is not up after its restart; waited 2 s" in message
    # The value was written, but it is not known whether it is in effect.
    assert run.of("lone1").changed
    assert "0 to 1 of 2 changes are in effect, 2 failed" in message
    assert "Management mtu was not written, because an earlier step failed." in message
    assert [write[1] for write in puts(lab)] == ["LM"]
    results = {row["adapter"]: (row["now"], row["result"]) for row in run.of("lone1").data["settings"]}
    assert results == {"LM": (None, "failed"), "Management": (1500, "failed")}


def test_the_task_fails_in_time_if_the_host_stays_down(estate: Stage) -> None:
    lab = reset(estate, lambda found: host(found, "lone1").update(after_restart="stays_down"))
    begun = time.monotonic()
    run = lab.play(ours("lone1", "net_adapter", {"adapters": ["Management"], **SETTINGS, "reconnect_timeout": 3}))
    assert time.monotonic() - begun < 25
    assert run.rc == 2
    result = run.of("lone1")
    assert result.status == "failed"
    assert "of 2 changes are in effect, 2 failed. Reading back after setting receive_buffers of" in result.message
    assert [write[1:3] for write in puts(lab)] == [("Management", JUMBO), ("Management", "*ReceiveBuffers")]
    assert {row["now"] for row in result.data["settings"]} == {None}


def test_2008_r2_stores_in_the_registry_without_a_restart(lab: Stage) -> None:
    names = ["Local Area Connection", "Local Area Connection 2"]
    play = ours("old1", "net_adapter", {"adapters": ["local area*"], **SETTINGS})
    assert lab.check(play, "--diff").of("old1").changed
    run = lab.play(play)
    assert run.rc == 0, run.output
    assert (run.of("old1").data["restart_required"], run.of("old1").data["restarts"]) == (names, [])
    assert {entry.method for entry in lab.writes()} == {"SetStringValue"}
    assert len(lab.writes()) == 4
    keys = {name: number for number, name in enumerate(names, start=1)}
    for name, size in zip(names, ("9014", "2"), strict=True):
        values = registry(lab, keys[name])
        assert (values[JUMBO], values["*ReceiveBuffers"]) == (size, "2048")
    assert events(lab, "AdapterDisabled", "AdapterRestart") == []
    rows = run.of("old1").data["settings"]
    assert [row["now"] for row in rows] == [9000, 2048, 9000, 2048]
    assert [row["capped"] for row in rows] == [False, True, False, True]
    again = lab.play(play)
    assert (again.of("old1").changed, len(lab.writes())) == (False, 4)
    refused = lab.play(ours("old1", "net_adapter", {"adapters": ["*"], "properties": {"*RSS": 7}}))
    assert "the driver supports 0 (Disabled), 1 (Enabled)" in refused.of("old1").message


def registry(lab: Stage, number: int) -> dict[str, t.Any]:
    """The values in a driver key."""
    (found,) = [
        one.values["Values"]
        for one in lab.estate.host("old1").all_instances()
        if one.cls.name == "Lab_RegistryKey" and str(one.values["Path"]).endswith(f"\\{number:04}")
    ]
    return dict(t.cast("t.Any", found).members)


# Get, Put, Get for each of two properties: the run is killed after the first write or before its response.
@pytest.mark.parametrize(("operation", "nth"), [("Put", 1), ("Get", 2), ("Put", 2)])
def test_the_next_run_finishes_a_run_that_was_killed_between_two_writes(lab: Stage, operation: str, nth: int) -> None:
    lab.estate.add_fault(operation=operation, nth=nth, action={"slow": 20})
    stored = 2 if (operation, nth) == ("Put", 2) else 1
    kill(lab, ours("lone1", "net_adapter", LONE), lambda: len(lab.writes()) == stored)
    lab.estate.clear_faults()
    wait_for(lambda: len(events(lab, "AdapterUp")) == len(restarts(lab)))
    run = lab.play(ours("lone1", "net_adapter", LONE))
    assert run.rc == 0, run.output
    assert run.of("lone1").changed == (stored == 1)
    assert [write[2] for write in puts(lab)] == ["MaxFrameSize", "ReceiveBuffers"]
    assert restarts(lab) == [("lone1", "LM")]
    assert (in_effect(lab, "lone1", "LM"), stored_value(lab, "lone1", "LM", "ReceiveBuffers")) == (9000, "3")
    assert not lab.play(ours("lone1", "net_adapter", LONE)).of("lone1").changed
    assert len(lab.writes()) == 2
