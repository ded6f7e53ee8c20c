# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of a change, from the variables of hosts to the plan and its judgement."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.winha.cluster.plugins.filter import (
    change_approval,
    change_page,
    change_plan,
    change_text,
    change_undo,
    rolling_change,
    storage_problems,
)

MODULES = (change_approval, change_page, change_plan, change_text, change_undo, rolling_change, storage_problems)
HOST = {
    "inventory_hostname": "hv01",
    "migration_network_health": {
        "health": {
            "computer": "HV01",
            "cluster": {"name": "HVC1", "fqdn": "hvc1.example.test"},
            "nodes": [{"name": "HV01", "state": "up"}],
            "networks": [{"name": "LM", "state": "up"}],
            "roles": [],
            "storage_spaces_direct": False,
            "updating": False,
            "network_atc": False,
            "quorum_lost_without": {"HV01": False},
        }
    },
    "migration_network_plan": {
        "changed": True,
        "changes": [{"label": "LM1 mtu", "setting": "mtu", "thing": "LM1", "before": 1500, "after": 9000}],
    },
}


def rolling(**options: t.Any) -> t.Any:
    return rolling_change.rolling_change([HOST], {"allow_drain": True, "mtu": 9000, **options}, ["hv01"])


@pytest.mark.parametrize("module", MODULES)
def test_a_filter_is_documented_under_its_name(module: t.Any) -> None:
    (name,) = module.FilterModule().filters()
    documentation = yaml.safe_load(module.DOCUMENTATION)
    assert (documentation["name"], documentation["version_added"]) == (name, "1.1.0")
    assert all(option["description"] for option in documentation["options"].values())
    assert f"winha.cluster.{name}" in module.EXAMPLES
    assert yaml.safe_load(module.EXAMPLES)
    assert yaml.safe_load(module.RETURN)["_value"]["description"]


def test_from_the_hosts_to_an_approved_plan() -> None:
    found = rolling()
    assert found["rounds"] == [["hv01"]]
    plan = change_plan.change_plan([HOST], found)
    assert plan["summary"]["drains"] == 1
    assert change_text.change_text(plan)[0] == "1 change on 1 host; 1 node drain."
    assert change_page.change_page(json.loads(json.dumps(plan)), "Production").startswith("<!doctype html>")
    assert change_approval.change_approval(json.dumps(plan), plan) == {"objections": [], "obsolete": []}


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        ({"jobs": [{"name": "Optimize", "state": "running"}], "virtual_disks": []}, []),
        (
            {
                "jobs": [{"name": "Repair", "state": "suspended"}, {"name": "Repair", "state": "completed"}],
                "virtual_disks": [
                    {"name": "V1", "health": "warning", "operational": [3]},
                    {"name": "V2", "health": "healthy", "operational": [53250]},
                ],
            },
            [
                "the storage job Repair is suspended",
                "the virtual disk V1 is warning",
                "the virtual disk V2 has the operational status 53250",
            ],
        ),
        (None, ["the storage jobs and virtual disks could not be read"]),
        ({"jobs": None}, ["the storage jobs and virtual disks could not be read"]),
    ],
)
def test_what_keeps_storage_from_being_healthy(storage: t.Any, expected: list[str]) -> None:
    assert storage_problems.storage_problems(storage) == expected


def test_a_plan_without_hyperv_hosts_is_a_plan() -> None:
    assert change_plan.change_plan([], created="2026-11-30T01:00:00Z")["summary"]["changes"] == 0


def test_the_time_may_be_given() -> None:
    found = rolling_change.rolling_change(
        [HOST], {"maintenance_window": "22:00-23:00"}, ["hv01"], now="2026-11-28T22:30:00"
    )
    assert found["clusters"][0]["stopped"] == ""


def test_a_record_gives_the_tasks_of_its_undo() -> None:
    line = {"winha_record": 1, "host": "hv01", "module": "vm_offline_action"}
    record = json.dumps({**line, "changes": [{"label": "EX01", "before": "save", "after": "shut_down"}]})
    (task,) = change_undo.change_undo(record + "\n", {"hv01": "hvc1"})["tasks"]["vm_offline_action"]
    assert (task["host"], task["cluster"], task["options"]["action"]) == ("hv01", "hvc1", "save")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: rolling(allow_gates=["x"]), "rolling_change: migration_network_allow_gates contains x"),
        (lambda: rolling(drain="false"), "rolling_change: migration_network_drain must be true or false"),
        (lambda: rolling(maintenance_window="x"), 'rolling_change: The maintenance window "x" cannot be read'),
        (lambda: rolling_change.rolling_change([{}], {}, []), "rolling_change: "),
        (lambda: change_text.change_text({}), "change_text: It is not a plan of winha.cluster"),
        (lambda: change_page.change_page("x"), "change_page: It is not a plan of winha.cluster"),
        (lambda: change_approval.change_approval("x", {}), "change_approval: It is not a plan of winha.cluster"),
        (lambda: change_undo.change_undo("x\n"), "change_undo: Line 1 of the record is not JSON"),
    ],
)
def test_a_filter_tells_what_it_cannot_use(call: t.Callable[[], t.Any], sentence: str) -> None:
    with pytest.raises(AnsibleFilterError, match="^" + sentence.replace("(", r"\(")):
        call()
