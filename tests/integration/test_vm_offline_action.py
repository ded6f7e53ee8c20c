# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of vm_offline_action without errors: results and requests."""

from __future__ import annotations

import typing as t

import pytest
from stage import CONNECTIONS, Result, Stage, changes, estate_file, tasks

AS_IT_IS = {
    "EX01": "save",
    "EX02": "shut_down",
    "EX03": "turn_off",
    "EX04": "shut_down_forced",
    "EX05": "save",
    "EX06": "save",
    "EX07": "save",
    "FILE01": "save",
}
NUMBERS = {"turn_off": 0, "save": 1, "shut_down": 2, "shut_down_forced": 3}
RESOURCES = {name: "SCVMM EX07" if name == "EX07" else f"Virtual Machine {name}" for name in AS_IT_IS}
ALL_MENDED = {
    ("HVC1", RESOURCES[name], "PrivateProperties.OfflineAction"): (None if name == "EX05" else NUMBERS[action], 2)
    for name, action in AS_IT_IS.items()
    if action != "shut_down"
}
SEND = ["ExecuteResourceControl"]


@pytest.mark.matrix
@pytest.mark.parametrize("via", [CONNECTIONS[0], CONNECTIONS[3]], ids="-".join)
def test_only_different_values_are_written(lab: Stage, via: tuple[str, str]) -> None:
    play = tasks("hv01", {"vm_offline_action": {}})
    before = lab.picture()
    checked = lab.check(play, via=via)
    assert {entry.listener for entry in lab.journal()} == {via[1]}
    applied = lab.play(play, "--diff", via=via)
    assert changes(before, lab.picture()) == ALL_MENDED
    assert [entry.operation for entry in lab.writes()] == ["Invoke"] * 7
    again = lab.play(play, "--diff", via=via)
    assert len(lab.writes()) == 7
    assert (checked.rc, applied.rc, again.rc) == (0, 0, 0)
    assert (checked.of("hv01").changed, applied.of("hv01").changed, again.of("hv01").changed) == (True, True, False)
    # Each task reads the resources, and the names in Hyper-V; what was written is read back once.
    assert lab.operations() == [*["enumerate"] * 4, *SEND * 7, *["enumerate"] * 3]
    drifted = [name for name, action in AS_IT_IS.items() if action != "shut_down"]
    diff = applied.of("hv01").diff
    assert diff == checked.of("hv01").diff
    assert diff["before"] == "".join(f"{name}: {AS_IT_IS[name]}\n" for name in drifted)
    assert diff["after"] == "".join(f"{name}: shut_down\n" for name in drifted)
    assert "-EX03: turn_off\n" in checked.output
    assert "+EX03: shut_down\n" in checked.output
    assert again.of("hv01").diff is None
    assert checked.of("hv01").actions["EX03"] == ("shut_down", "would_change")
    assert applied.of("hv01").actions["EX03"] == ("shut_down", "changed")
    assert again.of("hv01").actions == dict.fromkeys(AS_IT_IS, ("shut_down", "compliant"))
    rows = applied.of("hv01").data["virtual_machines"]
    assert {row["name"]: row["before"] for row in rows} == AS_IT_IS
    assert {row["name"]: row["resource"] for row in rows} == RESOURCES


def test_each_action_is_set_on_either_node(lab: Stage) -> None:
    wanted = [{"name": action, "vm_offline_action": {"action": action}} for action in NUMBERS]
    run = lab.check(tasks("hv02", *wanted))
    for action in NUMBERS:
        expected = [name for name, found in AS_IT_IS.items() if found != action]
        assert [line.split(":")[0] for line in run.of("hv02", action).diff["before"].splitlines()] == expected
    for action in ("save", "turn_off", "shut_down_forced"):
        assert lab.task("hv02", "vm_offline_action", {"action": action}).of("hv02").changed
        # A value that was never set means save, so it is compliant if save is wanted.
        assert set(lab.actions("HVC1").values()) == ({1, None} if action == "save" else {NUMBERS[action]})


SELECTIONS: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "one name": ({"names": ["EX01"]}, ["EX01"]),
    "in another case": ({"names": ["ex01", "fIlE*"]}, ["EX01", "FILE01"]),
    "a star": ({"names": ["EX*"], "exclude": ["EX0[1-5]"]}, ["EX06", "EX07"]),
    "a question mark": ({"names": ["EX0?"], "exclude": ["ex0[!7]"]}, ["EX07"]),
    "a set of characters": ({"names": ["EX0[13]"]}, ["EX01", "EX03"]),
    "excluded in another case": ({"names": ["*"], "exclude": ["ex*"]}, ["FILE01"]),
    "excluded twice and an unknown name": ({"names": ["*"], "exclude": ["E*", "EX01", "nobody"]}, ["FILE01"]),
    "everything excluded": ({"exclude": ["*"]}, []),
    "by its resource": ({"names": ["virtual machine EX03"]}, ["EX03"]),
    "by its group": ({"names": ["SCVMM EX07 Resources"]}, ["EX07"]),
    "by its resource of SCVMM": ({"names": ["SCVMM EX07"]}, ["EX07"]),
    "named twice": ({"names": ["EX01", "EX01", "EX0[1]"]}, ["EX01"]),
    "as one text with commas": ({"names": "EX01,EX03"}, ["EX01", "EX03"]),
    "one of two exists": ({"names": ["EX01", "EX99"], "allow_no_match": True}, ["EX01"]),
    "none exists": ({"names": ["EX99"], "allow_no_match": True}, []),
    "a path is no wildcard": ({"names": ["EX01/*", "EX01"], "allow_no_match": True}, ["EX01"]),
}

UNMATCHED = {
    "excluded twice and an unknown name": ["nobody"],
    "one of two exists": ["EX99"],
    "none exists": ["EX99"],
    "a path is no wildcard": ["EX01/*"],
}


@pytest.fixture(scope="module")
def results(demo: Stage) -> dict[str, Result]:
    demo.estate.reset()
    listed = [{"name": name, "vm_offline_action": options} for name, (options, _expected) in SELECTIONS.items()]
    run = demo.check(tasks("hv01", *listed))
    return {result.task: result for result in run.results}


@pytest.mark.parametrize("case", SELECTIONS)
def test_the_options_select_these_machines(results: dict[str, Result], case: str) -> None:
    expected = SELECTIONS[case][1]
    assert results[case].status == "ok"
    assert list(results[case].actions) == expected
    assert results[case].changed == bool(expected)
    assert results[case].data.get("unmatched", []) == UNMATCHED.get(case, [])


def test_a_name_that_matches_nothing_fails_before_any_write(lab: Stage) -> None:
    run = lab.play(
        tasks(
            "hv01",
            {"name": "a few", "vm_offline_action": {"names": ["EX01", "EX99", "ex8*"]}, "ignore_errors": True},
            {"name": "configuration", "vm_offline_action": {"names": ["Virtual Machine Configuration *"]}},
        )
    )
    assert run.rc == 2
    assert run.of("hv01", "a few").message == (
        "No clustered virtual machine of the cluster of hv01 matches EX99, ex8*; it has EX01, EX02, EX03, EX04, EX05, "
        "EX06, EX07, FILE01. hv01 does not return the names of the virtual machines on hv02, so they have the names of "
        "their cluster resources or clustered roles. Use the role hyperv_cluster, or set machine_names. Correct the "
        "names, or set allow_no_match if this is expected."
    )
    assert "matches Virtual Machine Configuration *;" in run.of("hv01", "configuration").message
    assert lab.writes() == []


def test_configuration_resources_are_not_changed(lab: Stage) -> None:
    kinds = {one.name: one.values["Type"] for one in lab.estate.cluster("HVC1").all_instances() if "Type" in one.values}
    assert "Virtual Machine Configuration" in kinds.values()
    lab.task("hv01", "vm_offline_action", {"action": "turn_off"})
    assert {kinds[change.instance] for entry in lab.writes() for change in entry.changes} == {"Virtual Machine"}


def duplicate_names(network: str) -> dict[str, t.Any]:
    estate = estate_file(network)
    machines = estate["clusters"][0]["virtual_machines"]
    machines[1] |= {"name": "EX01", "resource": "SCVMM EX01", "group": "Other"}
    machines[2] |= {"resource": "Ünïcode & <EX03>"}
    machines[3]["private_properties"] = {"OfflineAction": 9}
    return estate


def test_unusual_and_duplicate_names(bring_up: t.Callable[..., Stage]) -> None:
    lab = bring_up(duplicate_names)
    run = lab.task("hv01", "vm_offline_action")
    named = run.of("hv01").actions
    assert run.rc == 0, run.output
    assert {"SCVMM EX01", "Virtual Machine EX01", "EX03"} < set(named)
    assert set(lab.actions("HVC1").values()) == {2}
    befores = {row["name"]: row["before"] for row in run.of("hv01").data["virtual_machines"]}
    assert befores["EX04"] == "unknown (9)"


def test_a_value_that_is_not_the_expected_one_is_left_alone(lab: Stage) -> None:
    options = {"names": ["EX01", "EX03", "EX06"], "expected": {"EX01": "save", "EX03": "save"}}
    play = tasks("hv01", {"vm_offline_action": options})
    before = lab.picture()
    checked, applied = lab.check(play).of("hv01"), lab.play(play).of("hv01")
    assert {key: value for key, value in ALL_MENDED.items() if key[1] in (RESOURCES["EX01"], RESOURCES["EX06"])} == (
        changes(before, lab.picture())
    )
    for result in (checked, applied):
        assert result.data["changes"] == [
            {
                "label": name,
                "thing": name,
                "id": lab.estate.private_properties("HVC1", RESOURCES[name])["VmID"].upper(),
                "setting": "offline_action",
                "before": "save",
                "after": "shut_down",
            }
            for name in ("EX01", "EX06")
        ]
        assert result.data["left_alone"] == [
            {
                "label": "EX03",
                "expected": "save",
                "current": "turn_off",
                "reason": "the current value is not the expected one",
            }
        ]
        assert result.actions["EX03"] == ("turn_off", "compliant")


def drifted(network: str) -> dict[str, t.Any]:
    """1,000 virtual machines; the offline action of the first 100 is another one."""
    estate = estate_file(network, "large")
    (template,) = estate["clusters"][0]["virtual_machines"]
    off = {**template, "name": "off{number:04}", "count": 100, "private_properties": {"OfflineAction": 0}}
    estate["clusters"][0]["virtual_machines"] = [off, {**template, "count": 900}]
    return estate


@pytest.mark.slow
def test_a_thousand_virtual_machines_need_few_requests(bring_up: t.Callable[..., Stage]) -> None:
    lab = bring_up(drifted)
    run = lab.task("big01", "vm_offline_action", {"action": "save"})
    assert run.of("big01").changed
    assert len(run.of("big01").data["virtual_machines"]) == 1000
    assert len(run.of("big01").data["changes"]) == 100
    assert len(lab.writes()) == 100
    assert len(lab.journal()) <= 110
    assert set(lab.actions("BIG1").values()) == {1}
    before = len(lab.journal())
    again = lab.task("big02", "vm_offline_action", {"action": "save"})
    assert not again.of("big02").changed
    assert len(lab.journal()) - before == 4
    # The role gives the names, so that they are not read again.
    before, names = len(lab.journal()), {row["id"]: row["name"] for row in again.of("big02").data["virtual_machines"]}
    assert not lab.task("big02", "vm_offline_action", {"action": "save", "machine_names": names}).of("big02").changed
    assert len(lab.journal()) - before == 3
