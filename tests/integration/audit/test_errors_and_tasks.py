# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An estate with every error that a task can fix on Windows hosts: audit, plan, apply, audit again, undo."""

from __future__ import annotations

import typing as t

import changing
import pytest
import stage as staging
import yaml
from audited import audit
from changing import APPLY, PLAN, UNDO, plan_of

if t.TYPE_CHECKING:
    from pathlib import Path

PARTS = ("--tags", "heartbeat,offline_action")
# Errors in the directory have tests of their own, with a domain controller.
ERRORS = {
    rule["id"]
    for file in (staging.ROOT / "roles" / "audit" / "rules").glob("*.yml")
    for rule in yaml.safe_load(file.read_text("utf-8"))
    if rule["severity"] == "error" and rule["scope"] != "forest"
}
WANTED: staging.Variables = {
    "hyperv_cluster_groups": [
        {"names": ["EX01"], "priority": 2000, "anti_affinity_class_names": ["DAG1"]},
        {"names": ["EX03"], "default_move_type": "live_migration", "possible_owners": ["hv01"]},
    ],
    "hyperv_cluster_vm_settings": [
        {"names": ["EX*"], "automatic_stop_action": "shut_down", "checkpoint_type": "disabled"},
        {"names": ["EX02"], "dynamic_memory": False, "startup_memory_mb": 32768},
    ],
}
STORED = {
    ("EX01", "Priority"): (1000, 2000),
    ("EX01", "AntiAffinityClassNames"): (None, ["DAG1"]),
    ("Virtual Machine EX01", "PrivateProperties.OfflineAction"): (1, 2),
    ("Virtual Machine EX03", "PrivateProperties.DefaultMoveType"): (1, 4),
    ("Virtual Machine EX03", "NodeNames"): (["hv01", "hv02"], ["hv01"]),
    ("Virtual Machine Configuration EX03", "NodeNames"): (["hv01", "hv02"], ["hv01"]),
    ("EX01", "AutomaticShutdownAction"): (3, 4),
    ("EX02", "AutomaticShutdownAction"): (2, 4),
    **{(name, "UserSnapshotType"): (3, 2) for name in ("EX01", "EX02", "EX03")},
    ("EX02", "DynamicMemoryEnabled"): (True, False),
    ("EX02", "VirtualQuantity"): (4096, 32768),
    ("EX02", "Reservation"): (512, 32768),
    ("EX02", "Limit"): (65536, 32768),
    ("DAG1", "SameSubnetThreshold"): (5, 10),
}


def description(network: str) -> staging.Variables:
    estate = changing.description(network)
    estate["clusters"][0]["virtual_machines"] = [
        {
            "name": "EX01",
            "owner": "hv01",
            "priority": 1000,
            "private_properties": {"OfflineAction": 1},
            "automatic_shutdown_action": 3,
        },
        {
            "name": "EX02",
            "owner": "hv02",
            "state": 3,
            "private_properties": {"OfflineAction": 2},
            "automatic_shutdown_action": 2,
            "dynamic_memory": True,
            "memory": [4096, 512, 65536],
        },
        {
            "name": "EX03",
            "owner": "hv01",
            "private_properties": {"OfflineAction": 2, "DefaultMoveType": 1},
            "automatic_shutdown_action": 4,
        },
    ]
    return estate


@pytest.fixture(scope="module")
def lab(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[staging.Stage]:
    with staging.stage(description(networks[4]), tmp_path_factory.mktemp("errors")) as found:
        yield found


def set_state(lab: staging.Stage, name: str, state: int) -> None:
    """Somebody starts a virtual machine (2) or shuts it down (3)."""
    resource = lab.estate.cluster("HVC1").named("MSCluster_Resource", f"Virtual Machine {name}")
    assert resource is not None
    lab.estate.cluster("HVC1").write(resource, {"State": state})


def stored(lab: staging.Stage, before: staging.Picture) -> dict[tuple[str, str], tuple[t.Any, t.Any]]:
    """The settings that differ. An empty list of texts is none."""
    changed = staging.changes(before, lab.picture())
    return {key[1:]: values for key, values in changed.items() if key[2] != "State" and any(values)}


@pytest.mark.slow
def test_every_error_has_a_task_after_which_it_passes_and_which_can_be_undone(
    lab: staging.Stage, tmp_path: Path
) -> None:
    found = audit(lab, tmp_path / "before").evaluation["findings"]
    errors = [one for one in found if one["severity"] == "error" and one["outcome"] == "fail"]
    assert {one["rule"] for one in errors} == ERRORS
    before, variables = lab.picture(), {**WANTED, "plan_folder": str(tmp_path / "changes")}

    planned = lab.play(PLAN, *PARTS, variables=variables)
    assert (planned.rc, lab.writes()) == (0, []), planned.output
    plan = plan_of(tmp_path / "changes")
    assert [(one["label"], one["cost"]) for one in plan["left"]] == [("EX01 automatic_stop_action", "vm_shutdown")]
    assert "EX01 is running. Shut it down and run this task again." in planned.output

    # The plan was approved, and EX01 is shut down in the maintenance window.
    set_state(lab, "EX01", 3)
    approved = changing.saved(tmp_path / "approved.json", plan)
    applied = lab.play(APPLY, *PARTS, variables={**variables, "plan_approved": approved})
    assert applied.rc == 0, applied.output
    assert stored(lab, before) == STORED
    after = audit(lab, tmp_path / "after").evaluation["findings"]
    assert {one["outcome"] for one in after if one["rule"] in ERRORS} == {"pass"}

    # The cluster has moved EX02 since, and it is running now.
    set_state(lab, "EX02", 2)
    record = str(changing.record_file(tmp_path / "changes"))
    undo = {"plan_folder": str(tmp_path / "undone"), "undo_record": record}
    resource = lab.estate.cluster("HVC1").named("MSCluster_Resource", "Virtual Machine EX02")
    assert resource is not None
    lab.estate.cluster("HVC1").write(resource, {"OwnerNode": "hv01"})
    undone = lab.play(UNDO, variables=undo)
    assert undone.rc == 0, undone.output
    assert "EX02 dynamic_memory: Windows changes it only while the virtual machine is off" in undone.output
    waiting = {name for place, name in STORED if place == "EX02" and name != "UserSnapshotType"}
    assert {key for key in stored(lab, before) if key[1] != "OwnerNode"} == {("EX02", name) for name in waiting}
    set_state(lab, "EX02", 3)
    undone = lab.play(UNDO, variables=undo)
    assert undone.rc == 0, undone.output
    assert {key for key in stored(lab, before) if key[1] != "OwnerNode"} == set()


@pytest.mark.slow
def test_another_node_is_tried_and_a_name_that_is_nowhere_stops_the_run(lab: staging.Stage, tmp_path: Path) -> None:
    lab.estate.reset()
    before = lab.picture()
    fault = {"fault": 1359, "hresult": 0x80041004, "text": "Provider failure."}
    for operation in ({"method": "ExecuteGroupControl"}, {"operation": "Put"}):
        lab.estate.add_fault(host="hv01", action=fault, **operation)
    wrong = {**WANTED, "hyperv_cluster_vm_settings": [{"names": ["EX9*", "EX02"], "checkpoint_type": "disabled"}]}
    run = lab.play("winha.cluster.offline_action", variables={**wrong, "plan_folder": str(tmp_path)})
    assert run.rc == 2
    assert "No virtual machine on the hosts of this run that were read matches EX9* in hyperv_cluster_vm_settings." in (
        " ".join(run.output.split())
    )
    done = {key: STORED[key] for key in STORED if key[1] not in ("AutomaticShutdownAction", "SameSubnetThreshold")}
    only = {key for key in done if not (key[0].startswith("EX0") and key[0] != "EX02")} | {
        ("EX01", "Priority"), ("EX01", "AntiAffinityClassNames"),
    }  # fmt: skip
    memory = {"DynamicMemoryEnabled", "VirtualQuantity", "Reservation", "Limit"}
    assert set(stored(lab, before)) == {key for key in only if key[1] not in memory}
    assert {entry.host for entry in lab.writes() if entry.changes and entry.method == "ExecuteGroupControl"} == {"hv02"}
