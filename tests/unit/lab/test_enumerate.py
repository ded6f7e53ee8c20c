# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enumerate, Pull and Release."""

from __future__ import annotations

import pytest
from raw_client import CLUSTER, DMTF, ENUMERATION, TRANSFER, WMI, context, envelope, value

ALL = "SELECT * FROM MSCluster_Resource"
MACHINES = ALL + " WHERE Type = 'Virtual Machine'"
W = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
N = "{http://schemas.xmlsoap.org/ws/2004/09/enumeration}"
EPR = "<w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements><w:EnumerationMode>{}</w:EnumerationMode>"


def _tags(response):
    return [item.tag for item in response.content]


def test_an_optimized_response_contains_all_items(hv01):
    response = hv01.enumerate(MACHINES)
    assert _tags(response) == [f"{N}EnumerationContext", f"{W}Items", f"{W}EndOfSequence"]
    assert len(response.items) == 33
    assert {value(item, "Type") for item in response.items} == {"Virtual Machine"}


def test_without_optimization_the_response_is_a_context(hv01):
    opened = hv01.enumerate(MACHINES, inner="")
    assert _tags(opened) == [f"{N}EnumerationContext"]
    first = hv01.pull(context(opened), 20)
    assert _tags(first) == [f"{N}EnumerationContext", f"{N}Items"]
    assert len(first.items) == 20
    last = hv01.pull(context(first))
    assert _tags(last) == [f"{N}Items", f"{N}EndOfSequence"]
    assert len(last.items) == 13


def test_the_default_of_max_elements_is_one(hv01):
    response = hv01.enumerate(MACHINES, inner="<w:OptimizeEnumeration/>")
    assert len(response.items) == 1
    assert len(hv01.pull(context(response), 1).items) == 1


def test_a_host_may_return_one_item_in_the_first_page(client):
    response = client("lone").enumerate(uri=WMI + "root/cimv2/Win32_OperatingSystem")
    assert len(response.items) == 1
    assert response.content[-1].tag == f"{W}EndOfSequence"


def test_a_context_is_valid_once(hv01):
    opened = hv01.enumerate(MACHINES, inner="")
    assert hv01.pull(context(opened), 1).status == 200
    again = hv01.pull(context(opened), 1)
    assert (again.subcode, again.code) == ("n:InvalidEnumerationContext", 2150858779)


def test_release_closes_the_enumeration(hv01):
    opened = context(hv01.enumerate(MACHINES, inner=""))
    body = f"<n:Release><n:EnumerationContext>{opened}</n:EnumerationContext></n:Release>"
    assert hv01.post(envelope(ENUMERATION + "Release", CLUSTER + "*", body)).status == 200
    assert hv01.pull(opened).subcode == "n:InvalidEnumerationContext"


def test_2008_r2_allows_fifteen_operations(old1, hv01):
    for _number in range(15):
        assert old1.enumerate(ALL, inner="").status == 200
    response = old1.enumerate(ALL, inner="")
    assert (response.subcode, response.code) == ("w:QuotaLimit", 2150859174)
    assert all(hv01.enumerate(ALL, inner="").status == 200 for _number in range(20))


def test_pages_do_not_exceed_the_envelope_size(hv01):
    response = hv01.enumerate(MACHINES, size="20000")
    found = list(response.items)
    assert len(found) > 2
    while context(response):
        assert 10_000 < len(response.body) <= 20_000
        response = hv01.pull(context(response), size="20000")
        found += response.items
    assert len(found) == 33
    assert len({value(item, "Name") for item in found}) == 33


def test_an_item_larger_than_the_envelope_is_a_fault(hv01):
    xml = hv01.instance("MSCluster_Cluster", Name="HVC1")
    xml = xml.replace('<p:Description xsi:nil="true"/>', f"<p:Description>{'x' * 9000}</p:Description>")
    assert hv01.put("MSCluster_Cluster", xml, Name="HVC1").status == 200
    assert hv01.enumerate("SELECT * FROM MSCluster_Cluster").status == 200
    assert hv01.enumerate("SELECT * FROM MSCluster_Cluster", size="8192").subcode == "w:EncodingLimit"
    small = envelope(TRANSFER + "Get", CLUSTER + "MSCluster_Cluster", selectors={"Name": "HVC1"}, size="8192")
    assert hv01.post(small).subcode == "w:EncodingLimit"


def test_enumeration_of_endpoint_references(hv01):
    response = hv01.enumerate(MACHINES, inner=EPR.format("EnumerateObjectAndEPR"))
    item = response.items[0]
    assert item.tag == f"{W}Item"
    selector = next(item.iter(f"{W}Selector"))
    assert (selector.get("Name"), selector.text) == ("Name", value(item[0], "Name"))
    only = hv01.enumerate(MACHINES, inner=EPR.format("EnumerateEPR"))
    assert only.items[0].tag.endswith("}EndpointReference")
    assert next(only.items[0].iter(f"{W}ResourceURI")).text == CLUSTER + "MSCluster_Resource"
    assert hv01.enumerate(MACHINES, inner=EPR.format("Polymorphic")).subcode == "w:UnsupportedFeature"


def test_a_projection_is_an_unqualified_fragment(hv01):
    query = "SELECT Type, name, PrivateProperties FROM MSCluster_Resource WHERE Name = 'Virtual Machine EX01'"
    (fragment,) = hv01.enumerate(query).items
    assert fragment.tag == f"{W}XmlFragment"
    assert [item.tag for item in fragment] == ["Name", "PrivateProperties", "Type"]
    assert fragment[1][-1].tag.startswith("{" + CLUSTER)
    (item,) = hv01.enumerate(query, inner=EPR.format("EnumerateObjectAndEPR")).items
    assert [part.tag.rpartition("}")[2] for part in item] == ["XmlFragment", "EndpointReference"]
    without_key = query.replace("Type, name,", "Type,")
    (item,) = hv01.enumerate(without_key, inner=EPR.format("EnumerateObjectAndEPR")).items
    assert [part.tag.rpartition("}")[2] for part in item] == ["XmlFragment"]


def test_a_date_in_a_projection_is_unqualified(hv01):
    (fragment,) = hv01.enumerate("SELECT LastBootUpTime FROM Win32_OperatingSystem", uri=WMI + "root/cimv2/*").items
    assert fragment[0][0].tag == "Datetime"


def test_a_host_may_refuse_projections(client):
    uri = WMI + "root/cimv2/*"
    assert client("fake").enumerate("SELECT * FROM Win32_OperatingSystem", uri=uri).status == 200
    assert (
        client("fake").enumerate("SELECT Name FROM Win32_OperatingSystem", uri=uri).subcode == "n:CannotProcessFilter"
    )


def test_a_host_may_leave_embedded_objects_out(client):
    (fragment, *_others) = client("name").enumerate("SELECT Name, PrivateProperties FROM MSCluster_Resource").items
    assert [item.tag for item in fragment] == ["Name"]


def test_a_node_without_a_host_is_down(client):
    nodes = client("name").enumerate(uri=CLUSTER + "MSCluster_Node").items
    assert {value(item, "Name"): value(item, "State") for item in nodes[:1]} == {"name": "0"}
    gone = client("name").get("MSCluster_Node", Name="gone").content
    assert value(gone, "State") == "1"


def test_a_context_expires(hv01, monkeypatch):
    opened = context(hv01.enumerate(MACHINES, inner=""))
    monkeypatch.setattr("lab.wire.enumeration._EXPIRES", -1.0)
    assert hv01.pull(opened).subcode == "n:InvalidEnumerationContext"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM MSCluster_Nothing",
        "SELECT * FROM MSCluster_Resource WHERE Nonsense = 1",
        "SELECT Nonsense FROM MSCluster_Resource",
        "SELECT FROM MSCluster_Resource",
        "SELECT * FROM MSCluster_Resource WHERE Type = 'open",
        "DELETE FROM MSCluster_Resource",
    ],
)
def test_invalid_queries_are_refused(hv01, query):
    response = hv01.enumerate(query)
    assert (response.status, response.subcode) == (500, "n:CannotProcessFilter")


def test_the_number_of_a_missing_class_on_2008_r2(old1):
    assert old1.enumerate("SELECT * FROM MSCluster_Nothing").code == 2150858778
    assert "ExecQuery" in old1.enumerate("SELECT * FROM MSCluster_Nothing").text


def test_a_query_needs_a_resource_uri_with_a_star(hv01):
    assert hv01.enumerate(MACHINES, uri=CLUSTER + "MSCluster_Resource").status == 500
    assert hv01.enumerate(uri=CLUSTER + "*").subcode == "n:CannotProcessFilter"


def test_an_empty_result_is_complete_at_once(hv01):
    response = hv01.enumerate(ALL + " WHERE Name = 'nobody'")
    assert _tags(response) == [f"{N}EnumerationContext", f"{W}EndOfSequence"]
    assert response.items == []


def test_dmtf_resource_uris(hv01):
    body = (
        "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>9</w:MaxElements>"
        f'<w:Filter Dialect="http://schemas.microsoft.com/wbem/wsman/1/WQL">{MACHINES}</w:Filter></n:Enumerate>'
    )
    uri = "http://schemas.dmtf.org/wbem/wscim/1/*"
    xml = envelope(ENUMERATION + "Enumerate", uri, body, {"__cimnamespace": "root/MSCluster"})
    assert hv01.post(xml).items[0].tag == f"{{{DMTF}MSCluster_Resource}}MSCluster_Resource"


def test_names_do_not_show_the_resource_type(hv01):
    names = {value(item, "Name"): value(item, "Type") for item in hv01.enumerate(ALL).items}
    assert names["SCVMM EX07"] == "Virtual Machine"
    assert names["Virtual Machine Configuration EX01"] == "Virtual Machine Configuration"
    assert {"Cluster Name", "Cluster IP Address", "File Share Witness"} <= set(names)
