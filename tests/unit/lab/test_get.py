# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get: instances in the encoding of Windows, and the faults of selectors, classes and namespaces."""

from __future__ import annotations

from raw_client import CLUSTER, NIL, TRANSFER, TYPE, WMI, envelope, value


def _names(response):
    return [item.tag.rpartition("}")[2] for item in response.content]


def test_a_response_has_every_property_in_alphabetical_order(hv01):
    names = _names(hv01.get("MSCluster_Cluster", Name="HVC1"))
    assert names == sorted(names, key=str.lower)
    assert {"SameSubnetThreshold", "CrossSiteDelay", "DrainOnShutdown", "RouteHistoryLength"} <= set(names)
    assert "MaximumParallelMigrations" not in names


def test_2008_r2_does_not_have_newer_properties(old1):
    cluster = _names(old1.get("MSCluster_Cluster", Name="OLD1"))
    assert not {"CrossSiteDelay", "RouteHistoryLength", "DrainOnShutdown"} & set(cluster)
    resource = _names(old1.get("MSCluster_Resource", Name="Virtual Machine EX01"))
    assert not {"OwnerNode", "OwnerGroup", "Id"} & set(resource)
    assert {"State", "Type", "PrivateProperties"} <= set(resource)


def test_values_have_the_encoding_of_windows(hv01):
    cluster = hv01.get("MSCluster_Cluster", Name="hvc1").content
    security = [item.text for item in cluster if item.tag.endswith("}Security_Descriptor")]
    assert security == ["1", "0", "4", "128", "20", "0", "0", "0"]
    assert next(item for item in cluster if item.tag.endswith("}QuorumPath")).get(NIL) == "true"
    assert not [item for item in cluster if item.tag.endswith("}Roles")]
    resource = hv01.get("MSCluster_Resource", Name="Virtual Machine EX01").content
    assert value(resource, "PersistentState") == "true"
    system = hv01.enumerate(uri=WMI + "root/cimv2/Win32_OperatingSystem").items[0]
    booted = next(item for item in system if item.tag.endswith("}LastBootUpTime"))
    assert booted[0].tag == "{http://schemas.dmtf.org/wbem/wscim/1/common}Datetime"
    assert value(system, "Version") == "10.0.20348"


def test_precise_arrays_contain_null(hv01):
    options = [("msftwinrm:UsePreciseArrays", "true")]
    xml = envelope(TRANSFER + "Get", CLUSTER + "MSCluster_Cluster", "", {"Name": "HVC1"}, options)
    roles = next(item for item in hv01.post(xml).content if item.tag.endswith("}Roles"))
    assert roles.get(NIL) == "true"
    assert roles.get("{http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd}IsNullArray") == "true"


def test_private_properties_are_an_object_of_their_own_class(hv01):
    resource = hv01.get("MSCluster_Resource", Name="Virtual Machine EX01")
    private = next(item for item in resource.content if item.tag.endswith("}PrivateProperties"))
    space = CLUSTER + "MSCluster_Property_Resource_Virtual_Machine"
    assert private.get(TYPE) == "p1:MSCluster_Property_Resource_Virtual_Machine_Type"
    assert f'xmlns:p1="{space}"' in resource.text
    assert private.find(f"{{{space}}}OfflineAction").text == "1"


def test_an_absent_private_property_stays_absent(hv01):
    resource = hv01.get("MSCluster_Resource", Name="Virtual Machine EX02").content
    private = next(item for item in resource if item.tag.endswith("}PrivateProperties"))
    assert value(private, "OfflineAction") is None
    assert value(private, "ShutdownAction") == "0"


def test_the_resource_type_has_the_live_migration_networks(hv01):
    kind = hv01.get("MSCluster_ResourceType", Name="Virtual Machine").content
    private = next(item for item in kind if item.tag.endswith("}PrivateProperties"))
    assert value(private, "MigrationExcludeNetworks") == "one;two"
    assert value(private, "MigrationNetworkOrder") in {"", None}


def test_selectors(hv01):
    assert hv01.get("MSCluster_Cluster", NAME="hvc1").status == 200
    nobody = hv01.get("MSCluster_Cluster", Name="NOPE")
    assert (nobody.status, nobody.subcode) == (500, "a:DestinationUnreachable")
    assert nobody.code == 2150858752
    unknown = hv01.get("MSCluster_Cluster", Bogus="HVC1")
    assert (unknown.subcode, unknown.code) == ("w:InvalidSelectors", 2150858843)
    assert hv01.get("MSCluster_Cluster").subcode == "w:InvalidSelectors"


def test_an_unknown_class_is_unreachable(hv01):
    response = hv01.get("MSCluster_Nothing", Name="x")
    assert response.subcode == "a:DestinationUnreachable"


def test_a_standalone_host_has_no_cluster_namespace(client):
    response = client("lone").get("MSCluster_Cluster", Name="HVC1")
    assert response.subcode == "a:DestinationUnreachable"


def test_the_detail_of_a_fault_depends_on_the_windows_version(hv01, old1):
    assert "MSFT_WmiError" in hv01.get("MSCluster_Cluster", Name="NOPE").text
    classic = old1.get("MSCluster_Cluster", Name="NOPE").text
    assert "<f:ProviderFault" in classic
    assert "__ExtendedStatus" in classic
    assert "MSFT_WmiError" not in classic
