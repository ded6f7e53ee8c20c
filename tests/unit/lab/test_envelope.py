# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that are refused because of their header, and the header of responses."""

from __future__ import annotations

import base64

import pytest
from raw_client import CLUSTER, DMTF, MESSAGE_ID, TRANSFER, WMI, envelope, value

A = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
GET = envelope(TRANSFER + "Get", CLUSTER + "MSCluster_Cluster", selectors={"Name": "HVC1"})


def test_a_response_has_the_header_of_windows(hv01):
    response = hv01.post(GET)
    header = response.root[0]
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/soap+xml;charset=UTF-8"
    assert header.findtext(f"{A}Action") == TRANSFER + "GetResponse"
    assert header.findtext(f"{A}RelatesTo") == MESSAGE_ID
    assert header.findtext(f"{A}To").endswith("/role/anonymous")
    assert header.findtext(f"{A}MessageID").startswith("uuid:")
    assert value(response.content, "Name") == "HVC1"


@pytest.mark.parametrize(
    "cut", ["<a:To>http://127.0.0.1:5985/wsman</a:To>", f"<a:MessageID>{MESSAGE_ID}</a:MessageID>"]
)
def test_a_missing_header_is_refused(hv01, cut):
    response = hv01.post(GET.replace(cut, ""))
    assert (response.status, response.subcode) == (500, "a:MessageInformationHeaderRequired")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<w:ResourceURI s:mustUnderstand="true">', "<w:ResourceURI>"),
        ('<w:ResourceURI s:mustUnderstand="true">', '<w:ResourceURI mustUnderstand="true">'),
        ('<w:ResourceURI s:mustUnderstand="true">', '<w:ResourceURI s:mustUnderstand="1">'),
        ("role/anonymous", "role/nobody"),
        ("PT60.000S", "60"),
        ("PT60.000S", "PT60.0000S"),
        (">512000<", ">many<"),
    ],
)
def test_an_invalid_header_is_refused(hv01, old, new):
    response = hv01.post(GET.replace(old, new))
    assert (response.status, response.subcode) == (500, "a:InvalidMessageInformationHeader")


def test_selectors_before_the_resource_are_refused(hv01):
    start = GET.index("<w:SelectorSet>")
    end = GET.index("</w:SelectorSet>") + len("</w:SelectorSet>")
    moved = GET[:start] + GET[end:]
    moved = moved.replace("<w:ResourceURI", GET[start:end] + "<w:ResourceURI")
    assert hv01.post(moved).subcode == "a:InvalidMessageInformationHeader"


def test_an_unknown_header_that_must_be_understood_is_refused(hv01):
    odd = '<z:Zed xmlns:z="urn:z" s:mustUnderstand="{}">1</z:Zed></s:Header>'
    assert "s:MustUnderstand" in hv01.post(GET.replace("</s:Header>", odd.format("true"))).text
    assert hv01.post(GET.replace("</s:Header>", odd.format("false"))).status == 200


def test_a_small_envelope_is_refused(hv01):
    assert hv01.post(GET.replace("512000", "8191")).subcode == "w:EncodingLimit"
    assert hv01.post(GET.replace("512000", "8192")).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + GET.encode(),
        b"<!DOCTYPE s:Envelope>" + GET.encode(),
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + GET.encode(),
        GET.encode()[:-1],
        GET.encode().replace(b"HVC1", b"HVC\xff"),
        GET.encode("utf-16"),
        b"",
    ],
)
def test_a_malformed_document_gets_an_empty_400(hv01, lab, body):
    response = hv01.post(body)
    assert (response.status, response.body) == (400, b"")
    assert lab.journal()[-1].fault_text.startswith("malformed")


def test_wrong_credentials_get_an_empty_401(hv01, lab):
    hv01.headers["Authorization"] = "Basic " + base64.b64encode(b"Administrator:wrong").decode()
    response = hv01.post(GET)
    assert (response.status, response.body) == (401, b"")
    assert response.headers["WWW-Authenticate"].startswith("Basic")
    entry = lab.journal()[-1]
    assert (entry.status, entry.user, entry.operation) == (401, "Administrator", "Refused")


def test_no_credentials_get_401(hv01):
    del hv01.headers["Authorization"]
    assert hv01.post(GET).status == 401


def test_a_listener_may_refuse_all_credentials(client):
    assert client("shut").post(GET).status == 401


@pytest.mark.parametrize("kind", ["text/xml", "application/soap+xml;charset=UTF-16", "application/json"])
def test_other_content_types_are_refused(hv01, kind):
    hv01.headers["Content-Type"] = kind
    assert hv01.post(GET).status == 415


def test_other_paths_are_not_found(hv01):
    assert hv01.post(GET, path="/").status == 404


def test_a_request_that_is_too_large_is_refused(hv01, old1):
    padded = GET.replace("</s:Envelope>", "<!--" + "x" * 153_600 + "--></s:Envelope>")
    assert old1.post(padded).status == 413
    assert hv01.post(padded).status == 200


def test_a_dmtf_uri_needs_2012_or_later(hv01, old1):
    keys = {"__cimnamespace": "root/MSCluster", "Name": "HVC1"}
    response = hv01.get("MSCluster_Cluster", base=DMTF, **keys)
    assert response.content.tag == f"{{{DMTF}MSCluster_Cluster}}MSCluster_Cluster"
    assert old1.get("MSCluster_Cluster", base=DMTF, **keys).code == 2150859065


def test_the_namespace_selector_must_match(hv01):
    assert hv01.get("MSCluster_Cluster", __cimnamespace="root\\MSCluster", Name="HVC1").status == 200
    assert hv01.get("MSCluster_Cluster", __cimnamespace="root/cimv2", Name="HVC1").subcode == "w:InvalidSelectors"


def test_an_unknown_action_is_refused(hv01):
    response = hv01.post(GET.replace(TRANSFER + "Get", TRANSFER + "Fetch"))
    assert (response.subcode, response.code) == ("a:ActionNotSupported", 2150858771)


def test_the_headers_of_the_microsoft_client_are_accepted(hv01):
    more = "".join(
        f'<m:{name} xmlns:m="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd" s:mustUnderstand="false">1</m:{name}>'
        for name in ("DataLocale", "ActivityId", "SessionId", "OperationID", "SequenceId")
    )
    mode = "wmi:__MI_OPERATIONOPTIONS_WRITEERRORMODE"
    options = [("__MI_CallbackRegistration", "11"), (mode, "1"), ("msftwinrm:UsePreciseArrays", "true")]
    xml = envelope(TRANSFER + "Get", CLUSTER + "MSCluster_Cluster", "", {"name": "hvc1"}, options, more=more)
    response = hv01.post(xml)
    assert response.status == 200
    assert '<p:OperationID s:mustUnderstand="false">1</p:OperationID>' in response.text


@pytest.mark.parametrize("name", ["wmi:norestart", "wmi:NoRestart", "msftwinrm:usePreciseArrays", "wmi:Anything"])
def test_an_option_without_effect_is_refused(hv01, name):
    xml = envelope(TRANSFER + "Get", CLUSTER + "MSCluster_Cluster", "", {"name": "hvc1"}, [(name, "true")])
    assert hv01.post(xml).subcode == "w:InvalidOptions"


def test_the_details_of_a_fault_of_the_protocol(hv01):
    response = hv01.get("MSCluster_Cluster", Bogus="HVC1")
    assert "<w:FaultDetail>http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/" in response.text


def test_white_space_around_header_texts_is_ignored(hv01):
    spread = GET.replace("><", ">\n<").replace("Get</a:Action>", "Get\n  </a:Action>")
    assert hv01.post(spread.replace('true">http', 'true">\n  http')).status == 200


def test_a_fault_of_2008_r2_has_the_captured_format(old1):
    fault = old1.enumerate("SELECT * FROM Win32_Processa WHERE Name = 'sshd.exe'", uri=WMI + "root/cimv2/*")
    names = [item.tag.rpartition("}")[2] for item in fault.root.iter()]
    assert names == [
        *("Envelope", "Header", "Action", "MessageID", "To", "RelatesTo", "Body", "Fault", "Code", "Value"),
        *("Subcode", "Value", "Reason", "Text", "Detail", "WSManFault", "Message", "ProviderFault", "WSManFault"),
        *("Message", "ExtendedError", "__ExtendedStatus", "Description", "Operation", "ParameterInfo"),
        *("ProviderName", "StatusCode"),
    ]
    assert "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault" in fault.text
    assert "SELECT * FROM Win32_Processa" in fault.text


def test_a_fault_of_2012_contains_its_hresult(client, lab):
    lab.add_fault(operation="Get", action={"fault": 1359, "text": "Failed", "hresult": 0x80041001}, times=1)
    fault = client("name").get("MSCluster_Node", Name="nobody")
    members = {item.tag.rpartition("}")[2]: item.text for item in fault.root.iter()}
    assert members["CIMStatusCode"] == "1"
    assert members["MessageID"] == "HRESULT 0x80041001"
    assert members["error_Code"] == str(0x80041001)
    assert members["error_Type"] == "HRESULT"
