# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps roles apart, quorum, and cluster settings: a missing property is null, a fault is unknown."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import cluster_settings, placement, quorum
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, new_instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    AccessDenied,
    Fault,
    Missing,
    QueryRefused,
)
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._windows.fake_host import (
    WMI,
    FakeHost,
    Rows,
    absent,
    named,
)

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._windows.unknown import Unknown

SPACE = "root/mscluster"
URI = f"{WMI}{SPACE}/"


def host(build: int = 17763, **rows: Rows) -> t.Any:
    return FakeHost({(SPACE, name): found for name, found in rows.items()}, build=build, services=["ClusSvc"])


def instance(**values: t.Any) -> Instance:
    return Instance(new_instance(f"{URI}MSCluster_Cluster", values).element)


def link(group: str, part: str, *, to: str = "MSCluster_Node") -> dict[str, t.Any]:
    return {"GroupComponent": named(f"{URI}MSCluster_Resource", group), "PartComponent": named(f"{URI}{to}", part)}


def test_only_resources_that_not_every_node_may_own_are_returned() -> None:
    links = [link("all", "HV01"), link("all", "HV02"), link("some", "HV02")]
    assert placement.read_possible_owners(host(MSCluster_ResourceToPossibleOwner=links)) == {"some": ["HV02"]}


def test_affinity_rules_have_words_and_are_none_before_2022() -> None:
    rules = [
        {"Name": "b", "RuleType": 4, "Enabled": 1, "Groups": ["EX01", "EX02"]},
        {"Name": "a", "RuleType": 9, "Enabled": 0, "Groups": None},
    ]
    assert placement.read_affinity_rules(host(MSCluster_AffinityRule=rules)) == [
        {"name": "a", "type": "unknown (9)", "enabled": False, "groups": []},
        {"name": "b", "type": "different_node", "enabled": True, "groups": ["EX01", "EX02"]},
    ]
    assert placement.read_affinity_rules(host(MSCluster_AffinityRule=absent(Missing.CLASS_OR_NAMESPACE))) == []
    with pytest.raises(AccessDenied):
        placement.read_affinity_rules(host(MSCluster_AffinityRule=AccessDenied("no")))


def test_the_period_of_a_role_is_null_where_that_of_the_cluster_applies() -> None:
    rows = [
        {"Name": "EX01", "Priority": 2000, "AntiAffinityClassNames": ["DAG1"], "ResiliencyPeriod": 0xFFFFFFFF},
        {"Name": "EX02", "Priority": 3000, "AntiAffinityClassNames": None, "ResiliencyPeriod": 0},
    ]
    new = host(MSCluster_ResourceGroup=rows)
    assert placement.read_groups(new, has_resiliency=True) == {
        "EX01": {"priority": 2000, "anti_affinity": ["DAG1"], "resiliency_seconds": None},
        "EX02": {"priority": 3000, "anti_affinity": [], "resiliency_seconds": 0},
    }
    placement.read_groups(new, has_resiliency=False)
    assert ["ResiliencyPeriod" in wql for wql in new.asked] == [True, False]


class Older(FakeHost):
    """A cluster of 2008 R2, whose groups have no type and no priority."""

    def query(self, namespace: str, wql: str, *, operation: str, references: bool = True) -> list[Instance]:
        if "GroupType" in wql:
            raise QueryRefused("no such property", code=0x8033801A)
        return super().query(namespace, wql, operation=operation, references=references)


def test_2008_r2_has_only_anti_affinity() -> None:
    rows = {(SPACE, "MSCluster_ResourceGroup"): [{"Name": "EX01", "AntiAffinityClassNames": "DAG1"}]}
    found = placement.read_groups(t.cast("t.Any", Older(rows, build=7601)), has_resiliency=False)
    assert found == {"EX01": {"priority": None, "anti_affinity": ["DAG1"], "resiliency_seconds": None}}
    with pytest.raises(Fault):
        placement.read_groups(t.cast("t.Any", Older(rows, build=9200)), has_resiliency=False)


def witness(
    kind: t.Any, *, links: Rows | None = None, alone: t.Any = None, **values: t.Any
) -> tuple[t.Any, list[t.Any], t.Any]:
    """The quorum, the unknown parts, and the host that was asked."""
    unknown: list[Unknown] = []
    found = host(MSCluster_ClusterToQuorumResource=links or [])
    found.alone = {"W": alone}
    return quorum.read_quorum(found, instance(QuorumTypeValue=kind, **values), unknown), unknown, found


SHARE = {"Name": "W", "Type": "File Share Witness", "State": 4, "PrivateProperties": None}
TO_WITNESS = [link("HVC1", "W", to="MSCluster_Resource")]


def test_a_cluster_in_which_only_nodes_have_votes_is_not_asked_for_its_witness() -> None:
    found, unknown, asked = witness(1, DynamicQuorumEnabled=1, WitnessDynamicWeight=0)
    assert found == {"dynamic": True, "witness": quorum._NONE, "witness_vote": 0}
    assert (unknown, asked.asked) == ([], [])


def test_the_witness_has_its_kind_and_state_and_no_secret() -> None:
    found, _unknown, _host = witness(2, links=TO_WITNESS, alone=SHARE)
    assert found["witness"] == {"type": "file_share", "name": "W", "state": "failed", "path": None}
    cloud = {"Name": "W", "Type": "Cloud Witness", "State": 2, "AccountName": "x", "PrimaryKey": "secret"}
    found, _unknown, _host = witness(None, links=TO_WITNESS, alone=cloud)
    assert found == {
        "dynamic": None,
        "witness": {"type": "cloud", "name": "W", "state": "online", "path": None},
        "witness_vote": None,
    }
    assert witness(4)[0]["witness"]["type"] == "none"
    other = {"Name": "W", "Type": "Network Name", "State": 2}
    assert witness(2, links=TO_WITNESS, alone=other)[0]["witness"]["type"] == "unknown (Network Name)"


@pytest.mark.parametrize("where", ["links", "alone"])
def test_a_fault_makes_the_witness_unknown_and_nothing_else(where: str) -> None:
    given: dict[str, t.Any] = {"links": TO_WITNESS, "alone": SHARE, where: AccessDenied("no")}
    found, unknown, _host = witness(2, DynamicQuorumEnabled=0, **given)
    assert (found["witness"], found["dynamic"]) == (None, False)
    assert [one.what for one in unknown] == ["cluster.quorum.witness"]


def test_settings_that_a_release_does_not_have_are_null() -> None:
    unknown: list[Unknown] = []
    old = cluster_settings.settings_of(instance(Name="HVC1"), unknown)
    assert {name for name, value in old.items() if value is not None} == {"storage_spaces_direct"}
    assert old["storage_spaces_direct"] is False
    new = cluster_settings.settings_of(
        instance(AutoBalancerMode=1, SMBBandwidthLimitFactor=2500, SetSMBBandwidthLimit=1, S2DEnabled=1), unknown
    )
    known = {name: value for name, value in new.items() if value is not None}
    assert known == {
        "auto_balancer": "node_join",
        "storage_spaces_direct": True,
        "smb_limit": True,
        "smb_percent": 25.0,
    }
    assert unknown == []


def test_an_invalid_setting_costs_only_itself() -> None:
    unknown: list[Unknown] = []
    found = cluster_settings.settings_of(instance(AutoBalancerMode="often", ResiliencyLevel=2), unknown)
    assert (found["auto_balancer"], found["resiliency_level"]) == (None, 2)
    assert [one.what for one in unknown] == ["cluster.settings.auto_balancer"]
