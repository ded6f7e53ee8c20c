# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put: what is stored, what is ignored, and what is refused."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from raw_client import CLUSTER, DMTF, TRANSFER, envelope, value

MACHINE = "Virtual Machine EX01"


def _set(xml: str, name: str, text: object) -> str:
    changed, count = re.subn(rf"<(p1?):{name}>[^<]*</", rf"<\1:{name}>{text}</", xml)
    assert count == 1
    return changed


def test_a_change_on_one_node_is_visible_on_the_other(hv01, client, lab):
    xml = _set(hv01.instance("MSCluster_Cluster", Name="HVC1"), "SameSubnetThreshold", 15)
    response = hv01.put("MSCluster_Cluster", xml, ("SameSubnetThreshold",), Name="HVC1")
    assert response.status == 200
    assert value(response.content, "SameSubnetThreshold") == "15"
    seen = client("hv02").get("MSCluster_Cluster", Name="HVC1").content
    assert value(seen, "SameSubnetThreshold") == "15"
    (entry,) = lab.journal(writes=True)
    (change,) = entry.changes
    assert (change.property, change.before, change.after) == ("SameSubnetThreshold", 20, 15)


def test_a_put_changes_only_properties_in_the_modified_list(hv01):
    xml = _set(hv01.instance("MSCluster_Cluster", Name="HVC1"), "SameSubnetThreshold", 15)
    xml = _set(xml, "CrossSubnetThreshold", 25)
    after = hv01.put("MSCluster_Cluster", xml, ("crosssubnetthreshold",), Name="HVC1").content
    assert (value(after, "SameSubnetThreshold"), value(after, "CrossSubnetThreshold")) == ("20", "25")
    after = hv01.put("MSCluster_Cluster", xml, Name="HVC1").content
    assert value(after, "SameSubnetThreshold") == "15"


def test_a_put_of_unchanged_values_changes_nothing(hv01, lab):
    for name, key in (("MSCluster_Cluster", "HVC1"), ("MSCluster_Resource", MACHINE), ("MSCluster_Node", "hv01")):
        assert hv01.put(name, hv01.instance(name, Name=key), Name=key).status == 200
    assert [entry.changes for entry in lab.journal(writes=True)] == [(), (), ()]


def test_read_only_values_are_ignored(hv01, lab):
    xml = _set(hv01.instance("MSCluster_Cluster", Name="HVC1"), "Fqdn", "else.where")
    assert hv01.put("MSCluster_Cluster", xml, Name="HVC1").status == 200
    assert lab.cluster("HVC1").named("MSCluster_Cluster", "HVC1").values["Fqdn"] == "hvc1.example.test"


@pytest.mark.parametrize(
    ("name", "text"), [("SameSubnetThreshold", 121), ("SameSubnetDelay", 249), ("RouteHistoryLength", 41)]
)
def test_out_of_range_is_an_invalid_parameter(hv01, lab, name, text):
    xml = _set(hv01.instance("MSCluster_Cluster", Name="HVC1"), name, text)
    response = hv01.put("MSCluster_Cluster", xml, (name,), Name="HVC1")
    assert (response.status, response.subcode) == (500, "w:InternalError")
    assert "0x80070057" in response.text
    assert lab.journal(writes=True)[-1].changes == ()


def test_2008_r2_refuses_values_above_its_range(old1):
    xml = old1.instance("MSCluster_Cluster", Name="OLD1")
    refused = old1.put("MSCluster_Cluster", _set(xml, "SameSubnetThreshold", 11), Name="OLD1")
    assert (refused.subcode, refused.code) == ("w:InternalError", 2150859038)
    assert old1.put("MSCluster_Cluster", _set(xml, "SameSubnetThreshold", 10), Name="OLD1").status == 200


@pytest.mark.parametrize("text", ["ten", "-1", "4294967296", " 10", "0x10", ""])
def test_a_value_that_is_not_a_uint32_is_refused(hv01, text):
    xml = _set(hv01.instance("MSCluster_Cluster", Name="HVC1"), "SameSubnetThreshold", text)
    assert "0x80070057" in hv01.put("MSCluster_Cluster", xml, Name="HVC1").text


def test_booleans_are_true_or_false(hv01):
    xml = hv01.instance("MSCluster_Resource", Name=MACHINE)
    assert "0x80070057" in hv01.put("MSCluster_Resource", _set(xml, "SeparateMonitor", 0), Name=MACHINE).text
    after = hv01.put("MSCluster_Resource", _set(xml, "SeparateMonitor", "TRUE"), Name=MACHINE)
    assert value(after.content, "SeparateMonitor") == "true"


def test_an_invalid_body_is_refused(hv01):
    xml = hv01.instance("MSCluster_Cluster", Name="HVC1")
    lacking = re.sub(r"<p:SameSubnetDelay>\d+</p:SameSubnetDelay>", "", xml)
    unknown = xml.replace("<p:SameSubnetDelay>", "<p:Nonsense>1</p:Nonsense><p:SameSubnetDelay>")
    twice = xml.replace("<p:SameSubnetDelay>", "<p:SameSubnetDelay>1000</p:SameSubnetDelay><p:SameSubnetDelay>")
    item = "<p:Security_Descriptor>7</p:Security_Descriptor>"
    apart = xml.replace("<p:AddEvictDelay", item + "<p:AddEvictDelay")
    for body in (lacking, unknown, twice, apart, ""):
        response = hv01.put("MSCluster_Cluster", body, Name="HVC1")
        assert (response.subcode, response.code) == ("w:SchemaValidationError", 2150858817), body[:80]
    elsewhere = xml.replace(CLUSTER + "MSCluster_Cluster", CLUSTER + "MSCluster_Node")
    response = hv01.put("MSCluster_Cluster", elsewhere, Name="HVC1")
    assert (response.subcode, response.code) == ("x:InvalidRepresentation", 2150858840)


def test_uint8_arrays_are_repeated_decimals(hv01, lab):
    xml = hv01.instance("MSCluster_Cluster", Name="HVC1")
    inside = "".join(f"<p:Security_Descriptor>{number}</p:Security_Descriptor>" for number in (1, 255))
    xml = re.sub(r"(<p:Security_Descriptor>\d+</p:Security_Descriptor>)+", inside, xml)
    assert hv01.put("MSCluster_Cluster", xml, Name="HVC1").status == 200
    assert lab.cluster("HVC1").named("MSCluster_Cluster", "HVC1").values["Security_Descriptor"] == [1, 255]
    assert "0x80070057" in hv01.put("MSCluster_Cluster", xml.replace(">255<", ">256<"), Name="HVC1").text


def test_the_offline_action_can_be_changed(hv01, lab):
    xml = _set(hv01.instance("MSCluster_Resource", Name=MACHINE), "OfflineAction", 2)
    assert hv01.put("MSCluster_Resource", xml, ("PrivateProperties",), Name=MACHINE).status == 200
    assert lab.private_properties("HVC1", MACHINE)["OfflineAction"] == 2
    (change,) = lab.journal(writes=True)[-1].changes
    assert (change.property, change.before, change.after) == ("PrivateProperties.OfflineAction", 1, 2)
    refused = hv01.put("MSCluster_Resource", _set(xml, "OfflineAction", 4), Name=MACHINE)
    assert "0x80070057" in refused.text


def test_an_absent_member_can_be_added(hv01, lab):
    xml = hv01.instance("MSCluster_Resource", Name="Virtual Machine EX02")
    xml = xml.replace("<p1:ShutdownAction>", "<p1:OfflineAction>2</p1:OfflineAction><p1:ShutdownAction>")
    assert hv01.put("MSCluster_Resource", xml, ("PrivateProperties",), Name="Virtual Machine EX02").status == 200
    assert lab.private_properties("HVC1", "Virtual Machine EX02")["OfflineAction"] == 2


def test_the_embedded_object_is_replaced(hv01, lab):
    xml = hv01.instance("MSCluster_Resource", Name=MACHINE).replace("<p1:ShutdownAction>0</p1:ShutdownAction>", "")
    before = lab.private_properties("HVC1", MACHINE)
    assert hv01.put("MSCluster_Resource", xml, ("PrivateProperties",), Name=MACHINE).status == 200
    after = lab.private_properties("HVC1", MACHINE)
    assert "ShutdownAction" not in after
    assert after["VmID"] == before["VmID"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (' xsi:type="p1:MSCluster_Property_Resource_Virtual_Machine_Type"', ""),
        ("_Virtual_Machine_Type", "_Virtual_Machine"),
        ('xsi:type="p1:', 'xsi:type="p:'),
        ('xsi:type="p1:', 'xsi:type="unbound:'),
        ("<p1:ShutdownAction>0</p1:ShutdownAction>", "<p1:Nonsense>0</p1:Nonsense>"),
        ("<p1:OfflineAction>1", "<p1:OfflineAction>1</p1:OfflineAction><p1:OfflineAction>1"),
    ],
)
def test_an_invalid_embedded_object_is_refused(hv01, old, new):
    xml = hv01.instance("MSCluster_Resource", Name=MACHINE)
    assert old in xml
    response = hv01.put("MSCluster_Resource", xml.replace(old, new), ("PrivateProperties",), Name=MACHINE)
    assert response.subcode == "w:SchemaValidationError"


def test_members_must_be_in_the_namespace_of_their_class(hv01):
    xml = hv01.instance("MSCluster_Resource", Name=MACHINE)
    xml = xml.replace("<p1:OfflineAction>1</p1:", "<p:OfflineAction>1</p:")
    assert hv01.put("MSCluster_Resource", xml, Name=MACHINE).subcode == "x:InvalidRepresentation"


def test_the_message_of_the_windows_client_is_accepted(hv01):
    keys = {"__cimnamespace": "root/MSCluster", "Name": "HVC1"}
    uri = DMTF + "MSCluster_Cluster"
    got = hv01.get("MSCluster_Cluster", base=DMTF, **keys).text
    body = re.search(r"<s:Body>(.*)</s:Body>", got)[1]
    body = re.sub(r"<p:(\w+)>(\d+)</p:\1>", r'<p:\1 xsi:type="cim:cimUnsignedInt">\2</p:\1>', body)
    body = body.replace(
        '"cim:cimUnsignedInt">20</p:SameSubnetThreshold', '"cim:cimUnsignedInt">30</p:SameSubnetThreshold'
    )
    options = [
        ("wmiarray:__MIInstanceModifiedPropertiesList", "SameSubnetThreshold"),
        ("__MI_CallbackRegistration", "11"),
        ("wmiarray:__MI_OPERATIONOPTIONS_CHANNELVALUE", "0"),
        ("msftwinrm:UsePreciseArrays", "true"),
    ]
    response = hv01.post(envelope(TRANSFER + "Put", uri, body, keys, options))
    assert value(response.content, "SameSubnetThreshold") == "30"


@pytest.mark.parametrize("action", ["Create", "Delete"])
def test_create_and_delete_are_not_supported(hv01, lab, action):
    response = hv01.post(envelope(TRANSFER + action, CLUSTER + "MSCluster_Resource", "", {"Name": MACHINE}))
    assert "0x80041024" in response.text
    assert lab.journal()[-1].write


def test_concurrent_writes(client, lab):
    def write(number):
        here = client("hv01" if number % 2 else "hv02")
        xml = _set(here.instance("MSCluster_Cluster", Name="HVC1"), "SameSubnetThreshold", 20 + number)
        return here.put("MSCluster_Cluster", xml, ("SameSubnetThreshold",), Name="HVC1").status

    with ThreadPoolExecutor(8) as workers:
        assert set(workers.map(write, range(1, 25))) == {200}
    changes = [change for entry in lab.journal(writes=True) for change in entry.changes]
    assert {change.after for change in changes} == set(range(21, 45))
    last = lab.cluster("HVC1").named("MSCluster_Cluster", "HVC1").values["SameSubnetThreshold"]
    assert {change.before for change in changes} == {20, *range(21, 45)} - {last}
