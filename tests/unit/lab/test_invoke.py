# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invoke: methods, control codes and the property lists in their buffers."""

from __future__ import annotations

import pytest
from lab.windows.property_list import Item, PropertyListError, decode, encode
from raw_client import CLUSTER, envelope, value

MACHINE = "Virtual Machine EX01"
GET_PRIVATE, SET_PRIVATE, VALIDATE_PRIVATE = 0x01000081, 0x01400086, 0x01000089
GET_COMMON, SET_COMMON, VALIDATE_COMMON = 0x07000059, 0x0740005E, 0x07000061

# Calculated from the specification, without the code under test.
OFFLINE_ACTION_2 = bytes.fromhex(
    "01000000 03000400 1c000000 4f006600 66006c00 69006e00 65004100 63007400 69006f00 6e000000 02000100 04000000"
    " 02000000 00000000"
)
THRESHOLD_20 = bytes.fromhex(
    "01000000 03000400 28000000 53006100 6d006500 53007500 62006e00 65007400 54006800 72006500 73006800 6f006c00"
    " 64000000 02000100 04000000 14000000 00000000"
)


def _control(client, code, data=b"", *, name=MACHINE, cls="MSCluster_Resource", method="ExecuteResourceControl"):
    buffer = "".join(f"<p:InputBuffer>{byte}</p:InputBuffer>" for byte in data)
    return client.invoke(cls, method, f"<p:ControlCode>{code}</p:ControlCode>{buffer}", Name=name)


def _cluster(client, code, data=b""):
    return _control(client, code, data, name="HVC1", cls="MSCluster_Cluster", method="ExecuteClusterControl")


def _output(response):
    assert response.status == 200, response.text
    data = bytes(int(item.text) for item in response.content if item.tag.endswith("}OutputBuffer"))
    assert value(response.content, "OutputBufferSize") == str(len(data))
    return {item.name: item.value for item in decode(data)}


def test_lists_have_the_format_of_the_specification():
    assert encode([Item("OfflineAction", "uint32", 2)]) == OFFLINE_ACTION_2
    assert encode([Item("SameSubnetThreshold", "uint32", 20)]) == THRESHOLD_20


def test_all_kinds_survive_a_round_trip():
    items = [
        Item("Number", "uint32", 4294967295),
        Item("Text", "string", "ab\N{SNOWMAN}"),
        Item("Texts", "string[]", ["a", "bc"]),
        Item("Bytes", "uint8[]", [1, 2, 3]),
        Item("Large", "uint64", 2**63),
        Item("Signed", "sint32", -5),
    ]
    assert decode(encode(items)) == items


@pytest.mark.parametrize(
    "data",
    [
        b"",
        OFFLINE_ACTION_2[:-1],
        OFFLINE_ACTION_2 + b"\0",
        OFFLINE_ACTION_2[:-4] + b"\1\0\0\0",
        OFFLINE_ACTION_2.replace(b"\x1c\0\0\0", b"\x1a\0\0\0"),
        b"\2" + OFFLINE_ACTION_2[1:],
        OFFLINE_ACTION_2.replace(b"\2\0\1\0", b"\x99\0\1\0"),
    ],
)
def test_damaged_lists_are_refused(hv01, data):
    with pytest.raises(PropertyListError):
        decode(data)
    assert "0x80070057" in _control(hv01, VALIDATE_PRIVATE, data).text


def test_private_properties_by_control_code(hv01, lab):
    assert _output(_control(hv01, GET_PRIVATE))["OfflineAction"] == 1
    assert _control(hv01, VALIDATE_PRIVATE, OFFLINE_ACTION_2).status == 200
    assert lab.private_properties("HVC1", MACHINE)["OfflineAction"] == 1
    assert _control(hv01, SET_PRIVATE, OFFLINE_ACTION_2).status == 200
    after = lab.private_properties("HVC1", MACHINE)
    assert (after["OfflineAction"], after["ShutdownAction"]) == (2, 0)
    assert [entry.write for entry in lab.journal()] == [False, False, True]
    assert lab.journal()[-1].changes[0].property == "PrivateProperties.OfflineAction"


def test_common_properties_by_control_code(hv01, lab):
    assert _output(_cluster(hv01, GET_COMMON))["SameSubnetThreshold"] == 20
    changed = THRESHOLD_20.replace(b"\x14\0\0\0\0\0\0\0", b"\x0f\0\0\0\0\0\0\0")
    assert _cluster(hv01, VALIDATE_COMMON, changed).status == 200
    assert _cluster(hv01, SET_COMMON, changed).status == 200
    assert lab.cluster("HVC1").named("MSCluster_Cluster", "HVC1").values["SameSubnetThreshold"] == 15
    beyond = THRESHOLD_20.replace(b"\x14\0\0\0\0\0\0\0", b"\x79\0\0\0\0\0\0\0")
    assert "0x80070057" in _cluster(hv01, VALIDATE_COMMON, beyond).text


@pytest.mark.parametrize("code", [0x0100005E, 0x01000086, 0x07000081, 0x01234567, -1])
def test_other_control_codes_are_refused(hv01, code):
    response = _control(hv01, code, OFFLINE_ACTION_2)
    assert "0x80070001" in response.text


def test_the_body_root_is_method_input(hv01):
    uri = CLUSTER + "MSCluster_Resource"
    for root in ("ExecuteResourceControl_IN", "ExecuteResourceControl", "TakeOffline_INPUT"):
        body = f'<p:{root} xmlns:p="{uri}"/>'
        response = hv01.post(envelope(f"{uri}/ExecuteResourceControl", uri, body, {"Name": MACHINE}))
        assert (response.subcode, response.code) == ("w:SchemaValidationError", 2150858817), root
    body = f'<p:ExecuteResourceControl_INPUT xmlns:p="{CLUSTER}MSCluster_Node"/>'
    response = hv01.post(envelope(f"{uri}/ExecuteResourceControl", uri, body, {"Name": MACHINE}))
    assert response.subcode == "w:SchemaValidationError"


def test_the_input_is_checked_against_the_method(hv01):
    response = hv01.invoke("MSCluster_Resource", "ExecuteResourceControl", "<p:Code>1</p:Code>", Name=MACHINE)
    assert response.subcode == "w:SchemaValidationError"
    scattered = "<p:InputBuffer>1</p:InputBuffer><p:ControlCode>1</p:ControlCode><p:InputBuffer>1</p:InputBuffer>"
    response = hv01.invoke("MSCluster_Resource", "ExecuteResourceControl", scattered, Name=MACHINE)
    assert response.subcode == "w:SchemaValidationError"
    large = "<p:ControlCode>16777353</p:ControlCode><p:InputBuffer>256</p:InputBuffer>"
    assert "0x80070057" in hv01.invoke("MSCluster_Resource", "ExecuteResourceControl", large, Name=MACHINE).text


def test_the_action_is_the_resource_and_the_method(hv01):
    uri = CLUSTER + "MSCluster_Resource"
    body = f'<p:BringOnline_INPUT xmlns:p="{uri}"/>'
    elsewhere = envelope(f"{CLUSTER}MSCluster_Node/BringOnline", uri, body, {"Name": MACHINE})
    assert hv01.post(elsewhere).subcode == "a:ActionNotSupported"
    assert hv01.invoke("MSCluster_Resource", "Explode", "", Name=MACHINE).subcode == "a:ActionNotSupported"


def test_methods_that_move_and_stop_roles(hv01, lab):
    assert hv01.invoke("MSCluster_Resource", "TakeOffline", "<p:TimeOut>120</p:TimeOut>", Name=MACHINE).status == 200
    repository = lab.cluster("HVC1")
    assert repository.named("MSCluster_Resource", MACHINE).values["State"] == 3
    moved = hv01.invoke("MSCluster_ResourceGroup", "MoveToNewNode", "<p:NodeName>hv02</p:NodeName>", Name="EX01")
    assert moved.content.tag == f"{{{CLUSTER}MSCluster_ResourceGroup}}MoveToNewNode_OUTPUT"
    assert repository.named("MSCluster_ResourceGroup", "EX01").values["OwnerNode"] == "hv02"
    assert repository.named("MSCluster_Resource", MACHINE).values["OwnerNode"] == "hv02"
    assert all(entry.write for entry in lab.journal())


def test_a_method_that_the_lab_does_not_have_is_a_fault(hv01):
    response = hv01.invoke("MSCluster_Resource", "FailResource", "", Name=MACHINE)
    assert "0x80041055" in response.text
