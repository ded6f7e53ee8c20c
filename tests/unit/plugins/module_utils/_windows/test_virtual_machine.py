# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clustered virtual machines of which a part cannot be read: each lost part costs only itself."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import virtual_machine
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import new_instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    AccessDenied,
    Fault,
    ServerError,
    TimedOut,
    TransientFault,
)
from ansible_collections.winha.cluster.plugins.modules import cluster_info, vm_offline_action
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._windows.fake_host import (
    WMI,
    FakeHost,
    absent,
    named,
)

SPACE = "root/mscluster"
PRIVATE = f"{WMI}{SPACE}/MSCluster_Property_Resource_Virtual_Machine"
INVALID = TransientFault("Invalid property", hresult=0x80041031)
READ = {"Type": "Virtual Machine", "State": 2, "OwnerNode": "HV01"}


def resource(name: str, action: object = 2, **more: t.Any) -> dict[str, t.Any]:
    private = {"PrivateProperties": new_instance(PRIVATE, {"OfflineAction": action})} if action is not None else {}
    return {"Name": f"Virtual Machine {name}", **READ, "OwnerGroup": name, **private, **more}


def cluster_of(**rows: t.Any) -> FakeHost:
    """A cluster with the virtual machines EX01 and EX02, and these rows or errors instead of its own."""
    groups = [{"Name": name, "GroupType": 111, "Priority": 3000} for name in ("EX01", "EX02")]
    links = [
        {
            "GroupComponent": named(f"{WMI}{SPACE}/MSCluster_ResourceGroup", group),
            "PartComponent": named(f"{WMI}{SPACE}/MSCluster_Resource", part),
        }
        for group, part in (
            ("EX01", "Virtual Machine EX01"),
            ("EX01", "Virtual Machine Configuration EX01"),
            ("EX02", "Virtual Machine EX02"),
            ("Cluster Group", "Cluster Name"),
        )
    ]
    given = {
        "MSCluster_Cluster": [{"Name": "HVC1", "Fqdn": "hvc1.example.com"}],
        "MSCluster_Resource": [resource("EX01"), resource("EX02")],
        "MSCluster_ResourceGroup": groups,
        "MSCluster_ResourceGroupToResource": links,
        **rows,
    }
    host = FakeHost({(SPACE, name): found for name, found in given.items()}, build=rows.pop("build", 17763))
    host.alone = {
        "Virtual Machine EX01": resource("EX01"),
        "Virtual Machine EX02": resource("EX02"),
        "Virtual Machine Configuration EX01": {"Name": "x", "Type": "Virtual Machine Configuration"},
    }
    return host


def read(host: FakeHost) -> dict[str, tuple[str | None, str]]:
    machines = virtual_machine.read_virtual_machines(t.cast("t.Any", host))
    return {machine.name: (machine.offline_action, machine.problem) for machine in machines}


def test_resources_are_read_alone_if_the_provider_refuses_all_of_them() -> None:
    host = cluster_of(MSCluster_Resource=INVALID)
    assert read(host) == {"EX01": ("shut_down", ""), "EX02": ("shut_down", "")}
    host.alone["Virtual Machine EX02"] = TimedOut("late")
    problem = "Reading the resource Virtual Machine EX02 on hv01 failed: late. Check the network"
    found = read(host)
    assert (found["EX01"], found["EX02"][0]) == (("shut_down", ""), None)
    assert found["EX02"][1].startswith(problem)


@pytest.mark.parametrize(
    "fault",
    [AccessDenied("no"), absent(), Fault("slow", subcode="TimedOut"), TransientFault("full", subcode="QuotaLimit")],
)
def test_other_faults_are_not_asked_again(fault: Fault) -> None:
    host = cluster_of(MSCluster_Resource=fault)
    with pytest.raises(ServerError):
        read(host)
    assert not any("ResourceGroup" in wql for wql in host.asked)


def test_the_fault_is_raised_if_the_groups_are_refused_too() -> None:
    with pytest.raises(TransientFault, match="Invalid property"):
        read(cluster_of(MSCluster_Resource=INVALID, MSCluster_ResourceGroupToResource=absent()))


@pytest.mark.parametrize(
    ("alone", "expected"),
    [
        (resource("EX02", 3), ("shut_down_forced", "")),
        (resource("EX02", None), (None, "The response contains no private properties of the resource Virtual")),
        (resource("EX02", "soon"), (None, "should be a number and is 'soon'")),
        (Fault("broken"), (None, "Reading the resource Virtual Machine EX02 on hv01 failed: broken")),
    ],
)
def test_a_resource_without_private_properties_costs_only_itself(alone: t.Any, expected: tuple[str, str]) -> None:
    host = cluster_of(MSCluster_Resource=[resource("EX01"), resource("EX02", None)])
    host.alone["Virtual Machine EX02"] = alone
    found = read(host)
    assert (found["EX01"], found["EX02"][0]) == (("shut_down", ""), expected[0])
    assert expected[1] in found["EX02"][1]


def test_a_virtual_machine_that_was_not_read_is_not_changed() -> None:
    host = cluster_of(MSCluster_Resource=[resource("EX01", 1), resource("EX02", None)])
    host.alone["Virtual Machine EX02"] = Fault("broken")
    options = {"names": ["*"], "exclude": [], "action": "shut_down", "allow_no_match": False, "machine_names": {}}
    state = vm_offline_action.read(t.cast("t.Any", host), options)
    plan = vm_offline_action.plan(state, options)
    assert [change.label for change in plan.changes] == ["EX01"]
    assert list(plan.unread) == ["EX02"]
    (_first, second) = vm_offline_action.report(state, task.Outcome(failures=plan.unread))["virtual_machines"]
    assert (second["before"], second["offline_action"], second["result"]) == (None, None, "failed")


def info(host: FakeHost, *parts: str) -> tuple[dict[str, t.Any], dict[str, str]]:
    state = cluster_info.read(t.cast("t.Any", host), {"gather": list(parts)})
    return state["cluster"], {one.what: one.why for one in state["unknown"]}


def test_priorities_that_were_refused_are_unknown() -> None:
    found, unknown = info(cluster_of(MSCluster_ResourceGroup=AccessDenied("no")), "virtual_machines")
    assert [(row["name"], row["offline_action"]) for row in found["virtual_machines"]] == [
        ("EX01", "shut_down"),
        ("EX02", "shut_down"),
    ]
    assert {(row["priority"], row["saved_by_drain"]) for row in found["virtual_machines"]} == {(None, None)}
    details = {"priority", "anti_affinity"}
    assert set(unknown) == {"cluster.move_type_threshold", *(f"cluster.virtual_machines.{name}" for name in details)}


def test_before_2012_there_are_no_priorities_and_nothing_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    host = cluster_of(MSCluster_ResourceGroup=[{"Name": "EX01", "AntiAffinityClassNames": ["DAG1"]}], build=7601)
    query = host.query

    def query_without_priority(namespace: str, wql: str, *, operation: str) -> list[t.Any]:
        if "Priority" in wql:
            raise Fault("no column", code=0x8033801A)
        return query(namespace, wql, operation=operation)

    monkeypatch.setattr(host, "query", query_without_priority)
    found, unknown = info(host, "virtual_machines")
    assert [(row["priority"], row["anti_affinity"]) for row in found["virtual_machines"]] == [
        (None, ["DAG1"]),
        (None, None),
    ]
    assert unknown == {}


def test_one_part_of_the_cluster_does_not_cost_the_others() -> None:
    host = cluster_of(MSCluster_Network=TimedOut("late"), MSCluster_ClusterSharedVolume=[])
    found, unknown = info(host, "networks", "live_migration_networks", "shared_volumes", "virtual_machines")
    assert set(unknown) == {"cluster.networks", "cluster.live_migration_networks"}
    assert {"networks", "live_migration_networks"} & set(found) == set()
    assert (found["shared_volumes"], len(found["virtual_machines"])) == ([], 2)


def test_the_task_fails_if_no_part_could_be_read() -> None:
    with pytest.raises(task.TaskError, match="late"):
        info(cluster_of(MSCluster_Network=TimedOut("late")), "networks")


@pytest.mark.parametrize(("number", "state"), [(2, "online"), (3, "offline"), (4, "failed"), (129, "online_pending")])
def test_all_that_a_resource_has_of_a_virtual_machine(number: int, state: str) -> None:
    rows = [resource("EX01", 1, State=number, OwnerNode="HV02")]
    client = t.cast("t.Any", cluster_of(MSCluster_Resource=rows))
    found = virtual_machine.read_virtual_machines(client)
    assert [(one.resource, one.group, one.owner_node, one.state, one.offline_action) for one in found] == [
        ("Virtual Machine EX01", "EX01", "HV02", state, "save")
    ]
    assert {one.default_move_type for one in found} == {"by_priority"}
