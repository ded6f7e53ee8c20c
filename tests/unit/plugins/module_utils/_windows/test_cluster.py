# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host is a member of a cluster, and whether it is 2008 R2: neither is guessed from an error."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import adapter_settings, cluster, link
from ansible_collections.winha.cluster.plugins.module_utils._windows.service import ProviderMissing
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    Fault,
    Missing,
    NotFound,
    QueryRefused,
    ServerError,
)
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._windows.fake_host import (
    CIMV2,
    FakeHost,
    absent,
)

STANDARD = "root/standardcimv2"
OPTIONS = {"adapters": ["LM"], "adapter_properties": {}, "mtu": 9000, "receive_buffers": None, "properties": {}}


def read_cluster(rows: t.Any, **service: str) -> t.Any:
    services = [{"Name": "Winmgmt"}, *([{"Name": "ClusSvc", **service}] if service else [])]
    host = FakeHost({(cluster.NAMESPACE, "MSCluster_Cluster"): rows, (CIMV2, "Win32_Service"): services})
    return cluster.read_cluster(t.cast("t.Any", host))


def test_without_the_classes_and_the_service_a_host_is_no_member() -> None:
    for rows in (absent(), absent(Missing.NAMESPACE), []):
        with pytest.raises(cluster.NotClustered, match="hv01 is not a member"):
            read_cluster(rows)


def test_a_disabled_service_is_that_of_a_host_that_is_no_member() -> None:
    for rows in (absent(), []):
        with pytest.raises(cluster.NotClustered):
            read_cluster(rows, StartMode="Disabled", State="Stopped")


def test_the_service_of_a_member_without_the_classes_is_not_a_host_without_a_cluster() -> None:
    with pytest.raises(ProviderMissing, match=r"not its WMI classes: gone.*mofcomp .*ClusWMI\.mof on the host"):
        read_cluster(absent(), StartMode="Auto", State="Running")


def test_a_stopped_cluster_service_is_not_a_host_without_a_cluster() -> None:
    with pytest.raises(ServerError, match="its cluster service is stopped") as caught:
        read_cluster([], StartMode="Auto", State="Stopped")
    assert not isinstance(caught.value, cluster.NotClustered)


def test_a_refused_condition_is_checked_by_a_query_without_one() -> None:
    wql = "SELECT * FROM MSCluster_Resource WHERE Type='Virtual Machine'"
    refused = QueryRefused("refused", code=0x8033801A)
    for rows, expected in ((absent(), cluster.NotClustered), ([{"Name": "HVC1"}], QueryRefused)):
        host = FakeHost(
            {(cluster.NAMESPACE, "MSCluster_Resource"): refused, (cluster.NAMESPACE, "MSCluster_Cluster"): rows}
        )
        with pytest.raises(expected):
            cluster.query(t.cast("t.Any", host), wql, operation="reading")


def test_a_missing_instance_is_not_a_host_without_a_cluster() -> None:
    with pytest.raises(NotFound):
        read_cluster(absent(Missing.INSTANCE))


def test_an_adapter_with_an_invalid_number_costs_only_that_number() -> None:
    adapters = [{"Name": "LM", "Speed": 10, "MtuSize": "large"}, {"Name": "Management", "Speed": 10, "MtuSize": 1500}]
    unknown: list[t.Any] = []
    found = link.read_links(t.cast("t.Any", FakeHost({(STANDARD, "MSFT_NetAdapter"): adapters})), unknown)
    assert [(one.name, one.speed, one.mtu) for one in found] == [("LM", 10, None), ("Management", 10, 1500)]
    assert [(one.what, "'large'" in one.why) for one in unknown] == [("adapters.mtu", True)]


def test_the_release_and_the_drains_of_a_node_come_from_its_build_number() -> None:
    nodes = [{"Name": "new", "BuildNumber": 17763}, {"Name": "old", "BuildNumber": 7601}, {"Name": "odd"}]
    host = FakeHost({(cluster.NAMESPACE, "MSCluster_Node"): nodes})
    found = {node.name: (node.windows, node.lacks_drains) for node in cluster.read_nodes(t.cast("t.Any", host))}
    assert found == {"new": ("2019", False), "old": ("2008 R2", True), "odd": ("unknown", False)}


@pytest.mark.parametrize(
    "error", [absent(), absent(Missing.INSTANCE), absent(Missing.CLASS), Fault("broken", hresult=0x80041001)]
)
def test_only_the_build_number_leads_to_the_registry(error: Fault) -> None:
    older = [{"NetConnectionID": "LM", "Name": "A card", "GUID": None, "Index": 7, "Speed": None}]
    rows = {(STANDARD, ""): error, (CIMV2, "Win32_NetworkAdapter"): older}
    new, old = FakeHost(rows, build=9200), FakeHost(rows, build=7601)
    for read in (
        lambda host: link.read_links(host, []),
        lambda host: adapter_settings.read(host, OPTIONS),
    ):
        with pytest.raises(Fault) as caught:
            read(t.cast("t.Any", new))
        assert caught.value is error
        with pytest.raises(AttributeError, match="invoke"):  # the registry is read with a method
            read(t.cast("t.Any", old))
    assert not any("Win32_NetworkAdapter" in wql for wql in new.asked)


def test_the_site_of_a_node_is_a_part_of_its_fault_domain() -> None:
    nodes = {
        "HV01": ["Site:Hamburg", "Rack:R1", "Chassis:"],
        "HV02": ["Site:", "Rack:", "Chassis:"],
        "HV03": None,  # before Windows Server 2016
        "HV04": ["Rack:R1", "SITE:Site A: East"],
    }
    rows = [{"Name": name, "FaultDomain": parts} for name, parts in nodes.items()]
    host = FakeHost({(cluster.NAMESPACE, "MSCluster_Node"): rows})
    found = cluster.read_nodes(t.cast("t.Any", host))
    assert [node.site for node in found] == ["Hamburg", None, None, "Site A: East"]
