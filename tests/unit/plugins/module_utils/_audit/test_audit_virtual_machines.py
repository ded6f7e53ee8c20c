# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Special cases of virtual machines, and the commands of their remedies."""

from __future__ import annotations

import fnmatch
import re
import typing as t

import pytest
import yaml
from audit_cases import Mapping, judged

ID = "6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB"
HOSTILE = ["*", "EX[12]?", "'; Remove-Item C:\\ -Recurse; '", "\u2019; Stop-Computer \u2019", "$(Stop-Computer)"]


def on_a_host(rule: str, windows: str = "2022", **machine: t.Any) -> Mapping:
    """The finding of a rule for one virtual machine of a host."""
    machines = [{"name": "EX01", "id": ID, "state": "running", **machine}]
    info = {"unknown": [], "windows": {"release": windows}, "virtual_machines": machines}
    (found,) = judged(rule, {"host_info": info})
    return found


def in_a_cluster(rule: str, threshold: int | None = 2000, **machine: t.Any) -> Mapping:
    """The finding of a rule for one virtual machine of a cluster."""
    machines = [{"name": "EX01", "group": "EX01", "resource": "Virtual Machine EX01", **machine}]
    nodes = [{"name": "hv01", "windows": "2022"}]
    cluster = {"name": "HVC1", "nodes": nodes, "move_type_threshold": threshold, "virtual_machines": machines}
    (found,) = judged(rule, {"cluster_info": {"cluster": cluster}})
    return found


def command(finding: Mapping) -> str:
    """The command of a remedy: the text after the host."""
    text: str = finding["remedy"]["text"]
    return re.split(r"run on (?:a node of )?\w+: ", text, flags=re.IGNORECASE)[-1]


def task_of(finding: Mapping) -> Mapping:
    """The task of a remedy, without its name."""
    (play,) = yaml.safe_load(finding["remedy"]["text"])
    (task,) = play["tasks"]
    return {key: value for key, value in task.items() if key != "name"}


@pytest.mark.parametrize("disks", [[], [{"kind": None, "path": "C:\\ClusterStorage\\V1\\a.vhdx"}]])
def test_disks_of_unknown_type_are_unknown(disks: list[Mapping]) -> None:
    assert on_a_host("vm-disks", disks=disks)["outcome"] == "unknown"


@pytest.mark.parametrize("word", ["unknown", "unknown (7)"])
def test_an_undocumented_value_is_unknown(word: str) -> None:
    drained = {"priority": 3000, "default_move_type": word, "saved_by_drain": True}
    for found in (
        on_a_host("vm-automatic-stop", automatic_stop_action=word),
        on_a_host("vm-shutdown-component", shutdown_component=word),
        in_a_cluster("vm-offline-action", offline_action=word),
        in_a_cluster("vm-drain", **drained),
    ):
        assert found["outcome"] == "unknown", found
        assert word in found["why_unknown"]


@pytest.mark.parametrize(
    ("state", "component", "outcome"),
    [
        ("off", "none", "not_applicable"),
        ("off", "lost_contact", "not_applicable"),
        ("saved", "no_contact", "not_applicable"),
        ("off", "disabled", "fail"),
        ("running", "none", "fail"),
        ("running", "degraded", "pass"),
        ("starting", "no_contact", "unknown"),
        ("unknown", "none", "unknown"),
        (None, "none", "unknown"),
    ],
)
def test_a_component_fails_only_if_its_virtual_machine_runs(state: str | None, component: str, outcome: str) -> None:
    assert on_a_host("vm-shutdown-component", state=state, shutdown_component=component)["outcome"] == outcome


@pytest.mark.parametrize(
    ("threshold", "priority", "enough"), [(2000, 1000, 2000), (3000, 2000, 3000), (2500, 2000, 3000), (1000, 0, 1000)]
)
def test_the_remedy_raises_the_priority_to_the_threshold(threshold: int, priority: int, enough: int) -> None:
    found = in_a_cluster(
        "vm-drain",
        threshold,
        priority=priority,
        default_move_type="by_priority",
        saved_by_drain=True,
        group="SCVMM EX1 Resources",
    )
    assert found["expected"] == f"a priority of at least {threshold}"
    assert task_of(found) == {"winha.cluster.cluster_group": {"names": ["EX01"], "priority": enough}}


@pytest.mark.parametrize(("threshold", "move_type"), [(2000, "save"), (3001, "by_priority"), (2000, "turn_off")])
def test_the_remedy_sets_the_move_type_if_no_priority_helps(threshold: int, move_type: str) -> None:
    values = {"priority": 3000, "default_move_type": move_type, "saved_by_drain": True, "resource": "SCVMM EX1"}
    found = in_a_cluster("vm-drain", threshold, **values)
    assert ("priority" in found["expected"]) is (move_type == "by_priority")
    wanted = {"names": ["EX01"], "default_move_type": "live_migration"}
    assert task_of(found) == {"winha.cluster.cluster_group": wanted}


def test_the_remedy_removes_only_standard_checkpoints() -> None:
    kept = [{"name": "Backup", "kind": "recovery"}, {"name": "Copy", "kind": "replica"}]
    found = on_a_host("vm-checkpoints", checkpoints=[*kept, {"name": "Before SP3", "kind": "standard"}])
    assert command(found) == f"Get-VMSnapshot -VM (Get-VM -Id '{ID}') -SnapshotType Standard | Remove-VMSnapshot"
    # -SnapshotType Standard does not remove this one.
    strange = on_a_host("vm-checkpoints", checkpoints=[*kept, {"name": "Old", "kind": "missing"}])
    assert "Remove-VMSnapshot" not in strange["remedy"]["text"]
    assert "Old (missing)" in strange["remedy"]["text"]


FAILING: list[tuple[str, Mapping]] = [
    ("vm-automatic-stop", {"automatic_stop_action": "save"}),
    ("vm-dynamic-memory", {"dynamic_memory": True}),
    ("vm-shutdown-component", {"shutdown_component": "disabled"}),
    ("vm-shutdown-component", {"shutdown_component": "no_contact"}),
    ("vm-checkpoints", {"checkpoints": [{"name": "Old", "kind": "standard"}]}),
    ("vm-disks", {"disks": [{"kind": "file", "path": "D:\\a.vhd"}]}),
]


@pytest.mark.parametrize(("rule", "values"), FAILING)
def test_a_remedy_is_for_the_release_of_the_host(rule: str, values: Mapping) -> None:
    """Windows Server 2008 R2 has no cmdlets for virtual machines."""
    old = on_a_host(rule, windows="2008 R2", **values)["remedy"]["text"]
    new = on_a_host(rule, **values)["remedy"]["text"]
    assert "Get-VM" not in old
    assert "Hyper-V Manager" in old
    assert "2008 R2" not in new
    assert "Hyper-V Manager" not in new


@pytest.mark.parametrize(("rule", "values"), FAILING[:2])
@pytest.mark.parametrize(
    ("state", "first"),
    [
        ("running", "Shut it down "),
        ("saved", "Start it and shut it down "),
        ("off", "EX01 is off, so nothing is interrupted"),
    ],
)
def test_a_remedy_states_that_the_virtual_machine_must_be_off(
    rule: str, values: Mapping, state: str, first: str
) -> None:
    text = on_a_host(rule, state=state, **values)["remedy"]["text"]
    assert first in text
    assert ("This needs a shutdown of EX01" in text) == (state != "off")
    assert ("startup_memory_mb: <memory of the server in MB>" in text) == (rule == "vm-dynamic-memory")
    assert ("start it again after" in text) == (state != "off")
    if rule == "vm-automatic-stop":
        options = {"names": [ID], "automatic_stop_action": "shut_down"}
        assert task_of(on_a_host(rule, state=state, **values)) == {"winha.cluster.vm_settings": options}


def test_a_remedy_is_for_what_was_found() -> None:
    disabled = on_a_host("vm-shutdown-component", shutdown_component="disabled")["remedy"]["text"]
    silent = on_a_host("vm-shutdown-component", shutdown_component="no_contact")["remedy"]["text"]
    assert "This restarts nothing" in disabled
    assert "The update restarts EX01" in silent
    assert "Enable-VMIntegrationService" not in silent
    physical = on_a_host("vm-disks", disks=[{"kind": "pass_through", "path": "\\\\.\\P3"}])["remedy"]["text"]
    assert "Move-VMStorage" not in physical
    assert "copy each pass-through disk" in physical


@pytest.mark.parametrize("name", HOSTILE)
def test_a_command_is_for_one_virtual_machine_with_any_name(name: str) -> None:
    """By its id, in which no name is looked up as a wildcard; of two machines with one name, one is meant."""
    findings = [
        on_a_host("vm-shutdown-component", name=name, shutdown_component="disabled"),
        on_a_host("vm-checkpoints", name=name, checkpoints=[{"name": name, "kind": "standard"}]),
        on_a_host("vm-disks", name=name, disks=[{"kind": "file", "path": "D:\\a.vhdx"}]),
    ]
    for found in findings:
        assert found["outcome"] == "fail"
        assert f"-VM (Get-VM -Id '{ID}')" in found["remedy"]["text"]
        assert "-VMName" not in found["remedy"]["text"]
        assert "-Name '" not in found["remedy"]["text"]
    stop = on_a_host("vm-automatic-stop", name=name, automatic_stop_action="save")
    assert task_of(stop)["winha.cluster.vm_settings"]["names"] == [ID]
    assert f"names: '{ID}'" in on_a_host("vm-dynamic-memory", name=name, dynamic_memory=True)["remedy"]["text"]


@pytest.mark.parametrize("move_type", ["by_priority", "save"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_one_name_of_a_task(name: str, move_type: str) -> None:
    drained = {"priority": 1000, "default_move_type": move_type, "saved_by_drain": True}
    for known, number in ((True, ID), (False, ID), (False, None)):
        found = in_a_cluster("vm-drain", name=name, name_known=known, id=number, **drained)
        (pattern,) = task_of(found)["winha.cluster.cluster_group"]["names"]
        assert pattern == ID if number and not known else fnmatch.fnmatchcase(name, pattern)
        assert not fnmatch.fnmatchcase("EX01", pattern)
