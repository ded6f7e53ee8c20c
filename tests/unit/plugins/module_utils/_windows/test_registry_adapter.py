# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapters of Windows Server 2008 R2 in a registry, also with driver keys that the lab does not have."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import registry, registry_adapter
from ansible_collections.winha.cluster.plugins.module_utils._windows.adapter import Adapter
from ansible_collections.winha.cluster.plugins.module_utils._windows.registry import RegistryValue
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import CimClass, Instance, new_instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import Fault, ServerError

CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
URI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/default/StdRegProv"
GUID = "aaaaaaaa-0000-4000-8000-000000000001"
KEEP = object()  # an answer without a return value


class Host:
    """A host with a registry: string values by key. It returns C(code) for what is not there."""

    host = "hv01"

    def __init__(self, keys: t.Mapping[str, t.Mapping[str, str]], code: int = 2) -> None:
        self.keys = {key: dict(values) for key, values in keys.items()}
        self.code: t.Any = code
        self.asked: list[t.Any] = []
        self.rows: list[dict[str, t.Any]] = []
        self.error: Exception | None = None

    def query(self, namespace: str, wql: str, *, operation: str) -> list[Instance]:
        assert (namespace, operation) == ("root/cimv2", "reading the network adapters")
        assert wql == "SELECT * FROM Win32_NetworkAdapter WHERE NetConnectionID IS NOT NULL"
        return [new_instance(URI, row) for row in self.rows]

    def invoke(
        self, target: CimClass, method: str, given: t.Mapping[str, t.Any], *, operation: str, query: bool = False
    ) -> Instance:
        assert target == CimClass(namespace="root/default", name="StdRegProv")
        assert given["hDefKey"] == 0x80000002
        assert query is (method != "SetStringValue")
        self.asked.append((method, operation, *list(given.values())[1:]))
        if self.error:
            raise self.error
        return new_instance(URI, self.answer(method, given))

    def answer(self, method: str, given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        key = given["sSubKeyName"]
        below = {one[len(key) + 1 :].partition("\\")[0] for one in self.keys if one.startswith(f"{key}\\")}
        values = self.keys.get(key)
        missing = {} if self.code is KEEP else {"ReturnValue": self.code}
        if method == "EnumKey":
            return {"ReturnValue": 0, "sNames": sorted(below)} if values is not None or below else missing
        if values is None:
            return missing
        if method == "EnumValues":
            return {"ReturnValue": 0, "sNames": list(values)}
        name = given["sValueName"]
        if method == "SetStringValue":
            if name in values:
                values[name] = given["sValue"]
            return {"ReturnValue": 0 if name in values else 5}
        return {"ReturnValue": 0, "sValue": values[name]} if name in values else missing


def card(**more: t.Any) -> Adapter:
    own = {"name": "LM", "description": "Card", "guid": GUID, "index": 7, "mtu": None, "speed": 1, "hardware": True}
    return Adapter(**{**own, **more})


def driver(number: str, guid: str = GUID) -> dict[str, dict[str, str]]:
    key = f"{CLASS}\\{number}"
    return {
        key: {"NetCfgInstanceId": f"{{{guid.upper()}}}", "*jumbopacket": "1514", "*Other": "1"},
        f"{key}\\Ndi\\params\\*JumboPacket": {"min": "1514", "max": "9014", "step": "500", "default": "1514"},
        f"{key}\\Ndi\\params\\*Other\\enum": {"0": "Off", "1": ""},
    }


def properties(host: Host, *keywords: str) -> t.Any:
    return registry_adapter.read_properties(t.cast("t.Any", host), [card()], keywords)[card().key]


def test_the_rows_of_the_adapters() -> None:
    """NetConnectionStatus: 0 and 5 are disabled, 2 is connected, 4 is not present, 7 has no link."""
    host = Host({})
    host.rows = [
        {"NetConnectionID": f"N{status}", "Name": "Card", "GUID": f"{{{GUID.upper()}}}", "Index": 3, "Speed": 9,
         "NetConnectionStatus": status}
        for status in (7, 5, 4, 2, 0)
    ]  # fmt: skip
    host.rows += [{"NetConnectionID": "a", "NetConnectionStatus": None}]
    found = registry_adapter.read_adapters(t.cast("t.Any", host))
    assert [(one.name, one.hidden, one.present, one.enabled, one.up) for one in found] == [
        ("a", False, True, True, True),
        ("N0", False, True, False, False),
        ("N2", False, True, True, True),
        ("N4", True, False, True, False),
        ("N5", False, True, False, False),
        ("N7", False, True, True, False),
    ]
    assert found[1] == card(name="N0", index=3, speed=9, enabled=False, up=False)
    assert (found[0].description, found[0].guid, found[0].index, found[0].speed, found[0].mtu) == (
        "",
        "",
        0,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("others", "number", "reads"),
    [
        ({}, "0007", 1),  # the number is the index of the adapter
        ({}, "0012", 4),
        ({"0007": "bbbbbbbb-0000-4000-8000-000000000001"}, "0012", 4),
    ],
)
def test_the_driver_key_has_the_guid_of_the_adapter(others: dict[str, str], number: str, reads: int) -> None:
    host = Host({f"{CLASS}\\Properties": {}, f"{CLASS}\\0001": {}, **driver(number)})
    for name, guid in others.items():
        host.keys |= driver(name, guid)
    found = properties(host, "*JumboPacket", "*Missing")
    assert list(found) == ["*JumboPacket"]
    assert found["*JumboPacket"].location == RegistryValue(f"{CLASS}\\{number}", "*jumbopacket")
    ids = [asked[2] for asked in host.asked if asked[-1] == "NetCfgInstanceId"]
    assert len(ids) <= reads
    assert f"{CLASS}\\Properties" not in ids


def test_an_adapter_without_a_driver_key_has_no_properties() -> None:
    assert properties(Host({f"{CLASS}\\0001": {}}), "*JumboPacket") == {}


def test_a_range_and_a_list_of_a_driver() -> None:
    found = properties(Host(driver("0007")), "*JumboPacket", "*Other")
    jumbo, other = found["*JumboPacket"].definition, found["*Other"].definition
    assert (jumbo.keyword, jumbo.value, jumbo.choices) == ("*JumboPacket", "1514", ())
    assert (jumbo.lowest, jumbo.highest, jumbo.step, jumbo.default) == (1514, 9014, 500, "1514")
    assert (other.value, other.choices) == ("1", (("0", "Off"), ("1", "1")))
    assert (other.lowest, other.highest, other.step, other.default) == (None, None, 1, "")


KEY = RegistryValue(r"A\B", "C")


def test_what_is_asked_of_the_registry() -> None:
    host = Host({r"A\B": {"C": "x"}, r"A\B\D": {}, r"A\B\E\F": {}})
    client = t.cast("t.Any", host)
    assert registry.read_value(client, KEY) == "x"
    assert registry.write_value(client, KEY, "y", operation="setting it") == ""
    assert registry.read_value(client, KEY) == "y"
    assert registry.read_names(client, "EnumValues", r"A\B") == ("C",)
    assert registry.read_names(client, "EnumKey", r"A\B") == ("D", "E")
    assert registry.read_subkeys(client, r"A\B", operation="looking") == ("D", "E")
    assert host.asked == [
        ("GetStringValue", "reading C in the registry", r"A\B", "C"),
        ("SetStringValue", "setting it", r"A\B", "C", "y"),
        ("GetStringValue", "reading C in the registry", r"A\B", "C"),
        ("EnumValues", "reading the drivers in the registry", r"A\B"),
        ("EnumKey", "reading the drivers in the registry", r"A\B"),
        ("EnumKey", "looking", r"A\B"),
    ]


@pytest.mark.parametrize("code", [1, 2])
def test_what_is_not_there_is_empty(code: int) -> None:
    client = t.cast("t.Any", Host({}, code))
    assert registry.read_value(client, KEY) is None
    assert registry.read_names(client, "EnumValues", "A") == ()
    assert registry.read_subkeys(client, "A", operation="looking") == ()


@pytest.mark.parametrize(("code", "words"), [(5, "error 5"), (3, "error 3"), (KEEP, "no return value")])
def test_what_could_not_be_read_is_an_error(code: t.Any, words: str) -> None:
    for read in (
        lambda client: registry.read_value(client, KEY),
        lambda client: registry.read_names(client, "EnumKey", r"A\B"),
        lambda client: registry.read_subkeys(client, r"A\B", operation="looking"),
    ):
        with pytest.raises(ServerError) as caught:
            read(t.cast("t.Any", Host({}, code)))
        assert caught.value.detail == rf"the registry provider returned {words} for the key A\B"
        assert caught.value.host == "hv01"
        assert caught.value.operation


def test_a_write_that_is_refused_has_its_reason() -> None:
    host = Host({r"A\B": {}})
    write = "setting it"
    assert (
        registry.write_value(t.cast("t.Any", host), KEY, "y", operation=write)
        == "the registry provider returned error 5"
    )
    host.error = Fault("it is refused")
    assert registry.write_value(t.cast("t.Any", host), KEY, "y", operation=write) == "it is refused"
