# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""StdRegProv over the keys of the network adapters."""

from __future__ import annotations

import pytest
from network_estate import CIMV2, DEFAULT, advanced, eventually, output, query
from raw_client import envelope

CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
MACHINE = 2147483650


def _call(client, method, key, name="", hive=MACHINE, **more):
    uri = DEFAULT + "StdRegProv"
    values = {"hDefKey": hive, "sSubKeyName": key, **({"sValueName": name} if name else {}), **more}
    inner = "".join(f"<p:{item}>{value}</p:{item}>" for item, value in values.items())
    body = f'<p:{method}_INPUT xmlns:p="{uri}">{inner}</p:{method}_INPUT>'
    return client.post(envelope(f"{uri}/{method}", uri, body))


def _names(response):
    assert response.status == 200, response.text
    return [item.text for item in response.content if item.tag.endswith("}sNames")]


def _string(client, key, name):
    response = _call(client, "GetStringValue", key, name)
    return output(response, "sValue")


def _code(response):
    return output(response, "ReturnValue")


def _key_of(client, guid):
    for name in _names(_call(client, "EnumKey", CLASS)):
        if name.isdigit() and _string(client, rf"{CLASS}\{name}", "NetCfgInstanceId") == guid:
            return rf"{CLASS}\{name}"
    raise AssertionError(guid)


@pytest.fixture
def old(caller):
    """A 2008 R2 host, which has only the registry."""
    return caller("old")


def test_the_registry_key_of_a_connection(old):
    where = "NetConnectionID='Local Area Connection 2'"
    (adapter,) = query(old, f"SELECT * FROM Win32_NetworkAdapter WHERE {where}", CIMV2)
    key = _key_of(old, adapter["GUID"])
    assert _string(old, key, "DriverDesc") == adapter["Description"]
    assert _string(old, key.lower(), "*jumbopacket") == "0"
    below = rf"{key}\Ndi\Params"
    assert {"*JumboPacket", "*ReceiveBuffers", "*RSS"} <= set(_names(_call(old, "EnumKey", below)))
    jumbo = rf"{below}\*JumboPacket"
    assert (_string(old, jumbo, "type"), _string(old, jumbo, "default")) == ("enum", "0")
    assert _names(_call(old, "EnumValues", rf"{jumbo}\Enum")) == ["0", "1", "2"]
    assert _string(old, rf"{jumbo}\Enum", "2") == "9014 Bytes"
    buffers = rf"{below}\*ReceiveBuffers"
    assert [_string(old, buffers, name) for name in ("min", "max", "step", "ParamDesc")] == [
        "80",
        "2048",
        "8",
        "Receive Buffers",
    ]


def test_keys_that_are_not_adapters(old):
    names = _names(_call(old, "EnumKey", CLASS))
    assert names == ["0000", "0001", "0002", "Properties"]
    assert _code(_call(old, "EnumKey", rf"{CLASS}\Properties")) == "5"
    assert _code(_call(old, "GetStringValue", rf"{CLASS}\0000", "NetCfgInstanceId")) == "2"


def test_types_of_registry_values(old):
    response = _call(old, "EnumValues", rf"{CLASS}\0001")
    kinds = [item.text for item in response.content if item.tag.endswith("}Types")]
    found = dict(zip(_names(response), kinds, strict=True))
    assert (found["*JumboPacket"], found["*IfType"]) == ("1", "4")
    assert output(_call(old, "GetDWORDValue", rf"{CLASS}\0001", "*IfType"), "uValue") == "6"
    assert _code(_call(old, "GetDWORDValue", rf"{CLASS}\0001", "*JumboPacket")) == str(0x80041005)


def test_missing_keys_and_values(old):
    assert _code(_call(old, "GetStringValue", rf"{CLASS}\0099", "DriverDesc")) == "2"
    assert _code(_call(old, "GetStringValue", rf"{CLASS}\0001", "Nothing")) == "2"
    assert _code(_call(old, "EnumKey", CLASS, hive=2147483649)) == "2"
    assert _code(_call(old, "SetStringValue", rf"{CLASS}\0099", "x", sValue="1")) == "2"


def test_a_write_takes_effect_at_the_next_restart(net, old):
    key = rf"{CLASS}\0001"
    assert _code(_call(old, "SetStringValue", key, "*JumboPacket", sValue="9014")) == "0"
    assert _string(old, key, "*JumboPacket") == "9014"
    (entry,) = net.journal(writes=True)
    (change,) = entry.changes
    assert (change.instance, change.property) == (key, "Values.*JumboPacket")
    assert (change.before, change.after) == ("1514", "9014")
    assert not net.journal(events=True)
    host = net.estate.host("old")
    assert net.simulation.disconnects(host, {"Local Area Connection"})
    uri = CIMV2 + "Win32_OperatingSystem"
    name = net.host("old").all_instances()[0].values["Name"]
    old.post(envelope(f"{uri}/Reboot", uri, f'<p:Reboot_INPUT xmlns:p="{uri}"/>', {"Name": name}))
    assert eventually(lambda: [entry.method for entry in net.journal(events=True)][-1:] == ["Booted"], net=net)
    (up,) = [entry for entry in net.journal(events=True) if entry.changes]
    assert (up.selectors["Name"], up.changes[0].after) == ("Local Area Connection", 9000)


def test_another_adapter_can_be_disabled_and_enabled(net, old):
    assert _code(_call(old, "SetStringValue", rf"{CLASS}\0002", "*JumboPacket", sValue="2")) == "0"
    uri = CIMV2 + "Win32_NetworkAdapter"
    for method in ("Disable", "Enable"):
        body = f'<p:{method}_INPUT xmlns:p="{uri}"/>'
        assert _code(old.post(envelope(f"{uri}/{method}", uri, body, {"DeviceID": "2"}))) == "0"
    assert [(entry.method, len(entry.changes)) for entry in net.journal(events=True)] == [
        ("AdapterDisabled", 0),
        ("AdapterUp", 1),
    ]


def test_a_write_to_the_registry_changes_the_advanced_property(net, caller):
    n1 = caller("n1")
    (adapter,) = query(n1, "SELECT * FROM Win32_NetworkAdapter WHERE NetConnectionID='LM'", CIMV2)
    key = _key_of(n1, adapter["GUID"])
    assert _code(_call(n1, "SetStringValue", key, "*JumboPacket", sValue="4088")) == "0"
    seen = advanced(n1, "LM", "*JumboPacket")
    assert (seen["RegistryValue"], seen["DisplayValue"]) == ("4088", "4088 Bytes")
    assert not net.journal(events=True)
