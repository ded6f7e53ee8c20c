# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Teams and virtual switches: their instances and their MTU."""

from __future__ import annotations

from network_estate import ADVANCED, HYPERV, eventually, query, set_advanced


def _mtu(client, name):
    (found,) = query(client, f"SELECT * FROM MSFT_NetAdapter WHERE Name='{name}'")
    return found["MtuSize"]


def _state(net, cls, name):
    return net.cluster("NET1").named(cls, name).values["State"]


def test_the_mtu_of_a_team_is_the_smallest_of_its_members(net, caller):
    n2 = caller("n2")
    assert set_advanced(n2, "P1", "*JumboPacket", "9000").status == 200
    assert _state(net, "MSCluster_NetworkInterface", "n2 - Live") == 3
    assert eventually(lambda: _mtu(n2, "P1") == "9000", net=net)
    assert _mtu(n2, "Team") == "1500"
    assert set_advanced(n2, "P2", "*JumboPacket", "8000").status == 200
    assert eventually(lambda: _mtu(n2, "Team") == "8000", net=net)
    assert not query(n2, f"SELECT * FROM {ADVANCED} WHERE Name='Team' AND RegistryKeyword='*JumboPacket'")


def test_a_team_is_down_if_no_member_is_up(net, caller):
    n2 = caller("n2")
    set_advanced(n2, "P1", "*JumboPacket", "9000")
    set_advanced(n2, "P2", "*JumboPacket", "9000")
    assert _state(net, "MSCluster_NetworkInterface", "n2 - Live") == 1
    assert eventually(lambda: _state(net, "MSCluster_NetworkInterface", "n2 - Live") == 3, net=net)


def test_the_classes_of_teams(caller):
    n2 = caller("n2")
    (team,) = query(n2, "SELECT * FROM MSFT_NetLbfoTeam")
    assert team["Name"] == "Team"
    assert [(item["Name"], item["Team"]) for item in query(n2, "SELECT * FROM MSFT_NetLbfoTeamMember")] == [
        ("P1", "Team"),
        ("P2", "Team"),
    ]
    assert [item["Name"] for item in query(n2, "SELECT * FROM MSFT_NetLbfoTeamNic")] == ["Team"]
    (nic,) = query(n2, "SELECT * FROM MSFT_NetAdapter WHERE Name='Team'")
    assert (nic["HardwareInterface"], nic["Speed"]) == ("false", "50000000000")
    assert not query(n2, "SELECT * FROM MSFT_NetIPInterface WHERE InterfaceAlias='P1'")


def test_the_classes_of_switches(net, caller):
    n3 = caller("n3")
    (switch,) = query(n3, "SELECT * FROM Msvm_VirtualEthernetSwitch", HYPERV)
    response = n3.enumerate("SELECT * FROM Msvm_EthernetPortAllocationSettingData", HYPERV + "*")
    external, internal = response.items
    paths = [item.text for item in external if item.tag.endswith("}HostResource")]
    adapters = {item["Name"]: item for item in query(n3, "SELECT * FROM MSFT_NetAdapter")}
    for path, name in zip(paths, ("P1", "P2"), strict=True):
        assert path.startswith(r"\\N3\root\virtualization\v2:Msvm_ExternalEthernetPort.")
        assert f'DeviceID="Microsoft:{adapters[name]["InterfaceGuid"]}"' in path
    values = {item.tag.rpartition("}")[2]: item.text for item in internal}
    assert values["InstanceID"].startswith(f"Microsoft:{switch['Name']}\\")
    assert (values["ElementName"], values["Address"]) == ("Live", adapters["vEthernet (Live)"]["PermanentAddress"])
    assert values["HostResource"].startswith(r"\\N3\root\virtualization\v2:Msvm_ComputerSystem.")
    ports = query(n3, "SELECT * FROM Msvm_ExternalEthernetPort WHERE IsBound=TRUE", HYPERV)
    members = {f"Microsoft:{adapters[name]['InterfaceGuid']}" for name in ("P1", "P2")}
    assert {item["DeviceID"] for item in ports} == members
    assert [item["Name"] for item in query(n3, "SELECT * FROM MSFT_NetSwitchTeam")] == ["SET"]
    assert [item["Team"] for item in query(n3, "SELECT * FROM MSFT_NetSwitchTeamMember")] == ["SET", "SET"]
    assert query(n3, "SELECT * FROM MSFT_NetIPInterface WHERE InterfaceAlias='vEthernet (Live)'")
    interface = net.cluster("NET1").named("MSCluster_NetworkInterface", "n3 - Live").values
    assert interface["Adapter"] == adapters["vEthernet (Live)"]["InterfaceDescription"]
