# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the adapters below teams and virtual switches, and of the selection by name."""

from __future__ import annotations

import dataclasses
import re
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import adapter as adapters
from ansible_collections.winha.cluster.plugins.module_utils._windows.adapter_options import AdapterOptionsError
from ansible_collections.winha.cluster.plugins.module_utils._windows.adapter_selection import select
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, new_instance
from ansible_collections.winha.cluster.plugins.module_utils.errors import ServerError

Row = dict[str, t.Any]
MAC = "00-15-5D-0A-0B-01"
SWITCH, OTHER_SWITCH = "AAAAAAAA-0000-4000-8000-000000000001", "AAAAAAAA-0000-4000-8000-000000000002"


def guid(name: str) -> str:
    return f"{name.encode().hex()[:8]:0<8}-1111-4000-8000-000000000000".casefold()


def card(name: str, **other: t.Any) -> adapters.Adapter:
    own = {
        "name": name,
        "description": name,
        "guid": guid(name),
        "index": 1,
        "mtu": 1500,
        "speed": 10,
        "hardware": True,
    }
    return adapters.Adapter(**{**own, **other})


class Host:
    """A host with rows for each class; other classes are empty."""

    host = "hv01"

    def __init__(self, **rows: t.Sequence[Row]) -> None:
        self.rows = rows

    def query(self, namespace: str, wql: str, *, operation: str) -> list[Instance]:
        found = re.search(r"FROM (\w+)", wql)
        assert found, operation
        uri = f"http://schemas.microsoft.com/wbem/wsman/1/wmi/{namespace}/{found[1]}"
        return [new_instance(uri, row) for row in self.rows.get(found[1], ())]

    def addresses(self) -> frozenset[str]:
        return frozenset({"fd00:0:0::1", "10.0.0.1"})


def team(name: str, nics: t.Sequence[Row], members: t.Sequence[Row]) -> dict[str, list[Row]]:
    return {
        "MSFT_NetLbfoTeamNic": [{**nic, "Team": name} for nic in nics],
        "MSFT_NetLbfoTeamMember": [{**member, "Team": name} for member in members],
    }


def by_guid(name: str) -> Row:
    """A row that names an adapter by its GUID; its name is an earlier one."""
    return {"InstanceID": f"{{{guid(name).upper()}}}", "Name": "earlier name"}


def connection(switch: str, number: int, **values: t.Any) -> Row:
    return {"InstanceID": rf"Microsoft:{switch}\BBBBBBBB-0000-4000-8000-00000000000{number}", **values}


def external(switch: str, name: str) -> Row:
    path = rf'\\HV01\root\virtualization\v2:Msvm_ExternalEthernetPort.DeviceID="Microsoft:{{{guid(name).upper()}}}"'
    return connection(switch, 1, ElementName="external", HostResource=[path])


def internal(switch: str, name: str, mac: str = MAC) -> Row:
    path = r'\\HV01\root\virtualization\v2:Msvm_ComputerSystem.Name="HV01"'
    return connection(switch, 2, ElementName=name, Address=mac.replace("-", ""), HostResource=[path])


def port(adapter: str, name: str, mac: str = MAC) -> Row:
    device = f"Microsoft:{{{guid(adapter).upper()}}}"
    return {"DeviceID": device, "ElementName": name, "PermanentAddress": mac}


def virtual(name: str) -> adapters.Adapter:
    return card(name, hardware=False)


def below(host: Host, selected: str, known: t.Sequence[adapters.Adapter]) -> list[str]:
    chosen = [adapter for adapter in known if adapter.name == selected]
    return [adapter.name for adapter in adapters.with_underlying(t.cast("t.Any", host), chosen, known)]


@pytest.mark.parametrize("name", ["ATeam", "zTeam"])
def test_a_team_with_the_mac_address_of_a_virtual_adapter(name: str) -> None:
    known = [card("P1"), card("P2"), virtual(name), virtual("vEthernet (LM)")]
    host = Host(
        Msvm_EthernetPortAllocationSettingData=[external(SWITCH, name), internal(SWITCH, "LM")],
        Msvm_InternalEthernetPort=[port("vEthernet (LM)", "LM")],
        **team("T", [by_guid(name)], [by_guid("P1"), by_guid("P2")]),
    )
    for order in (known, known[::-1]):
        assert sorted(below(host, "vEthernet (LM)", order)) == sorted(["P1", "P2", name, "vEthernet (LM)"])
        assert below(host, "vEthernet (LM)", order)[-2:] == [name, "vEthernet (LM)"]
        assert sorted(below(host, name, order)) == sorted(["P1", "P2", name])


def test_two_virtual_adapters_with_one_mac_address_are_told_apart_by_their_names() -> None:
    known = [card("P1"), card("P2"), virtual("V1"), virtual("V2")]
    host = Host(
        Msvm_EthernetPortAllocationSettingData=[
            external(SWITCH, "P1"),
            external(OTHER_SWITCH, "P2"),
            internal(SWITCH, "LM"),
            internal(OTHER_SWITCH, "CSV"),
            # A virtual machine with the same address on the other switch
            connection(OTHER_SWITCH, 3, Address=MAC, ElementName="LM", HostResource=["Msvm_VirtualEthernetSwitch"]),
        ],
        Msvm_InternalEthernetPort=[port("V1", "LM"), port("V2", "CSV")],
    )
    assert below(host, "V1", known) == ["P1", "V1"]
    assert below(host, "V2", known) == ["P2", "V2"]


def test_the_mac_address_counts_where_the_name_is_another_one() -> None:
    known = [card("P1"), card("P2"), virtual("V1"), virtual("V2")]
    host = Host(
        Msvm_EthernetPortAllocationSettingData=[
            external(SWITCH, "P1"),
            external(OTHER_SWITCH, "P2"),
            internal(SWITCH, "renamed", MAC),
            internal(OTHER_SWITCH, "V1", "00-15-5D-0A-0B-02"),
        ],
        Msvm_InternalEthernetPort=[port("V1", "V1"), port("V2", "V2", "00155d0a0b02")],
    )
    assert below(host, "V1", known) == ["P1", "V1"]
    assert below(host, "V2", known) == ["P2", "V2"]


def test_a_removed_member_of_a_team_is_left_out() -> None:
    gone = dataclasses.replace(card("P2"), hidden=True, present=False)
    host = Host(**team("T", [{"Name": "team"}], [{"Name": "p1"}, by_guid("P2")]))
    assert below(host, "Team", [card("P1"), gone, virtual("Team")]) == ["P1", "Team"]


def test_a_circle_ends() -> None:
    host = Host(
        Msvm_EthernetPortAllocationSettingData=[external(SWITCH, "Team"), internal(SWITCH, "LM")],
        Msvm_InternalEthernetPort=[port("LM", "LM")],
        **team("T", [by_guid("Team")], [by_guid("LM"), by_guid("P1")]),
    )
    assert sorted(below(host, "LM", [card("P1"), virtual("LM"), virtual("Team")])) == ["LM", "P1", "Team"]


def test_a_virtual_adapter_without_a_known_switch_is_an_error() -> None:
    host = Host(
        Msvm_EthernetPortAllocationSettingData=[external(SWITCH, "P1"), internal(SWITCH, "other", "00155D000000")],
        Msvm_InternalEthernetPort=[port("V1", "LM")],
    )
    with pytest.raises(ServerError, match="the virtual switch of V1 could not be found"):
        below(host, "V1", [card("P1"), virtual("V1")])


def test_the_adapter_of_the_connection_is_found_by_an_ipv6_address_however_it_is_written() -> None:
    addresses = [
        {"IPAddress": "FD00::0001%7", "InterfaceIndex": "7"},
        {"IPAddress": "fe80::2%3", "InterfaceIndex": "3"},
    ]
    known = [card("P1", index=7), card("P2", index=3), card("gone", index=7, hidden=True)]
    assert adapters.read_connection_adapters(t.cast("t.Any", Host(MSFT_NetIPAddress=addresses)), known) == {"P1"}


HIDDEN = {"hidden": True, "present": False}
KNOWN = [card("LAN 1"), card("LM [1]"), card("LM 1"), card("LAN* 11", hidden=True), card("Gone", **HIDDEN)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["*"], ["LAN 1", "LM [1]", "LM 1"]),
        (["LAN*"], ["LAN 1"]),
        (["lm [1]"], ["LM [1]"]),
        (["LM ?", "LM [[]1]"], ["LM [1]", "LM 1"]),
        (["LAN* 11"], ["LAN* 11"]),
    ],
)
def test_wildcards_mean_the_adapters_that_windows_shows(names: list[str], expected: list[str]) -> None:
    assert [adapter.name for adapter in chosen(names)] == expected


def chosen(names: list[str]) -> list[adapters.Adapter]:
    options = {"adapters": names, "adapter_properties": {}, "cluster_network": None}
    return select(t.cast("t.Any", Host()), options, KNOWN)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["Gone"], "Gone was removed from hv01"),
        (["Go*"], r"matches Go\*; it has LAN 1, LM \[1\], LM 1. Hidden adapters are selected only by their full names"),
    ],
)
def test_a_card_that_was_removed_is_not_selected(names: list[str], message: str) -> None:
    with pytest.raises(AdapterOptionsError, match=message):
        chosen(names)


NODE = {
    "Win32_ComputerSystem": [{"Name": "HV01"}],
    "Win32_OperatingSystem": [{"BuildNumber": "17763", "CSName": "HV01"}],
}
NETWORKS = [{"ID": "N1", "Name": "Management", "Metric": 1}, {"ID": "N2", "Name": "LM", "Metric": 2}]


def interface(node: str, network: str, adapter: str) -> Row:
    return {"Node": node, "Network": network, "AdapterId": f"{{{guid(adapter).upper()}}}"}


INTERFACES = [
    interface("hv01.example.test", "LM", "P1"),
    interface("HV01", "LM", "Gone"),
    interface("HV01", "LM", "LAN* 11"),
    interface("HV01", "Management", "P2"),
    interface("HV02", "LM", "P3"),
]
ON_NETWORKS = [*(card(name) for name in ("P1", "P2", "P3")), card("LAN* 11", hidden=True), card("Gone", present=False)]


def on_network(name: str | None, excluded: str = "", networks: t.Sequence[Row] = tuple(NETWORKS)) -> list[str]:
    private = new_instance("http://x/y", {"MigrationExcludeNetworks": excluded, "MigrationNetworkOrder": ""})
    kinds = [{"Name": "Virtual Machine", "PrivateProperties": private}]
    host = Host(MSCluster_Network=networks, MSCluster_NetworkInterface=INTERFACES, MSCluster_ResourceType=kinds, **NODE)
    options = {"adapters": None, "adapter_properties": {}, "cluster_network": name}
    return [adapter.name for adapter in select(t.cast("t.Any", host), options, ON_NETWORKS)]


def test_the_adapters_of_this_node_on_a_cluster_network() -> None:
    """Not those of another node, and not a card that was removed or that Windows does not show."""
    assert on_network("lm") == ["P1"]
    assert on_network("Management") == ["P2"]


def test_the_adapters_of_live_migration_are_on_its_networks() -> None:
    assert on_network(None, "N1") == ["P1"]
    assert on_network(None, networks=NETWORKS[1:]) == ["P1"]  # the only network of the cluster


@pytest.mark.parametrize(
    ("name", "more", "error", "message"),
    [
        (None, {}, AdapterOptionsError, r"may use every network of the cluster of hv01 \(LM, Management\)"),
        ("Backup", {}, ServerError, "has no network Backup; it has LM, Management"),
        ("Backup", {"networks": [*NETWORKS, {"ID": "N3", "Name": "Backup"}]}, AdapterOptionsError,
         "hv01 has no adapter on Backup."),
    ],
)  # fmt: skip
def test_a_network_without_adapters_to_select(
    name: str | None, more: dict[str, t.Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        on_network(name, **more)


def test_names_are_exact_where_each_adapter_has_its_own_settings() -> None:
    options: Row = {"adapters": None, "adapter_properties": {"lan 1": {}, "LM [1]": {}}, "cluster_network": None}
    assert [adapter.name for adapter in select(t.cast("t.Any", Host()), options, KNOWN)] == ["LAN 1", "LM [1]"]
    with pytest.raises(AdapterOptionsError, match=r"matches LM\*; it has"):
        select(t.cast("t.Any", Host()), {**options, "adapter_properties": {"LM*": {}}}, KNOWN)
