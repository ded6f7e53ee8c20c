# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network adapters: advanced properties of drivers, checks of writes, and restarts."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time

import pytest
import yaml
from lab.running import RunningEstate
from network_estate import ADVANCED, CIMV2, HYPERV, MAKES, PAUSE, STANDARD, advanced, eventually, query, set_advanced
from raw_client import Client
from unit_estate import NET


def _mtu(client, name):
    (found,) = query(client, f"SELECT * FROM MSFT_NetAdapter WHERE Name='{name}'")
    return found["MtuSize"]


def _state(net, cls, name):
    return net.cluster("NET1").named(cls, name).values["State"]


def _events(net):
    return [(entry.host, entry.method, entry.selectors["Name"]) for entry in net.journal(events=True)]


def test_an_adapter_has_an_instance_in_every_class(net, caller):
    n1 = caller("n1")
    management, lm = query(n1, "SELECT * FROM MSFT_NetAdapter")
    assert (management["Speed"], lm["Speed"]) == ("1000000000", "10000000000")
    assert lm["DeviceID"] == lm["InterfaceGuid"]
    assert (lm["Virtual"], lm["HardwareInterface"], lm["MtuSize"]) == ("false", "true", "1500")
    assert (lm["State"], lm["InterfaceOperationalStatus"], lm["MediaConnectState"]) == ("2", "1", "1")
    assert len(lm["PermanentAddress"]) == 12
    (interface,) = query(n1, "SELECT * FROM MSFT_NetIPInterface WHERE InterfaceAlias='LM'")
    assert (interface["NlMtu"], interface["InterfaceIndex"]) == ("1500", lm["InterfaceIndex"])
    (address,) = query(n1, f"SELECT * FROM MSFT_NetIPAddress WHERE InterfaceIndex={lm['InterfaceIndex']}")
    assert (address["IPAddress"], address["PrefixLength"]) == ("10.9.2.10", "24")
    (older,) = query(n1, "SELECT * FROM Win32_NetworkAdapter WHERE NetConnectionID='LM'", CIMV2)
    assert (older["GUID"], older["NetEnabled"]) == (lm["InterfaceGuid"], "true")
    assert older["MACAddress"].replace(":", "") == lm["PermanentAddress"]
    where = f"SettingID='{lm['InterfaceGuid']}'"
    (configuration,) = query(n1, f"SELECT * FROM Win32_NetworkAdapterConfiguration WHERE {where}", CIMV2)
    assert configuration["IPAddress"] == "10.9.2.10"
    cluster = net.cluster("NET1").named("MSCluster_NetworkInterface", "n1 - Live").values
    assert f"{{{cluster['AdapterId'].upper()}}}" == lm["InterfaceGuid"]
    assert (cluster["Adapter"], cluster["Address"]) == (lm["InterfaceDescription"], "10.9.2.10")


def test_the_listener_has_the_address_of_the_host(net, caller):
    (address,) = query(caller("n1"), "SELECT * FROM MSFT_NetIPAddress WHERE InterfaceAlias='Management'")
    assert address["IPAddress"] == net.estate.host("n1").address


def test_advanced_properties_of_the_drivers(caller):
    makes = caller("makes")
    enum = advanced(makes, "intel-1g", "*JumboPacket")
    assert (enum["DisplayParameterType"], enum["RegistryValue"], enum["DisplayValue"]) == ("5", "1514", "Disabled")
    assert enum["NumericParameterMaxValue"] is None
    assert enum["InstanceID"].endswith("}::*JumboPacket")
    index = advanced(makes, "intel-index", "*JumboPacket")
    assert (index["RegistryValue"], index["ValidRegistryValues"]) == ("0", "0")
    ranged = advanced(makes, "mellanox", "*JumboPacket")
    assert (ranged["DefaultRegistryValue"], ranged["NumericParameterMaxValue"]) == ("1500", "9600")
    assert (ranged["NumericParameterStepValue"], ranged["NumericParameterBaseValue"]) == ("1", "10")
    ends = {"intel-1g": "2048", "intel-10g": "4096", "mellanox": "8192", "smaller": "2048"}
    for make, end in ends.items():
        assert advanced(makes, make, "*ReceiveBuffers")["NumericParameterMaxValue"] == end
    for make, keyword in (("plain", "*ReceiveBuffers"), ("qlogic", "*ReceiveBuffers"), ("qlogic", "*JumboPacket")):
        where = f"Name='{make}' AND RegistryKeyword='{keyword}'"
        assert not query(makes, f"SELECT * FROM {ADVANCED} WHERE {where}")
    for make in MAKES:
        assert len(query(makes, f"SELECT * FROM {ADVANCED} WHERE Name='{make}'")) >= 12


@pytest.mark.parametrize(
    ("adapter", "keyword", "wanted"),
    [
        ("intel-1g", "*JumboPacket", "9000"),
        ("intel-index", "*JumboPacket", "9014"),
        ("mellanox", "*JumboPacket", "9601"),
        ("mellanox", "*JumboPacket", "599"),
        ("broadcom", "*JumboPacket", "9000"),
        ("intel-1g", "*ReceiveBuffers", "2049"),
        ("intel-1g", "*ReceiveBuffers", "2047"),
        ("smaller", "*ReceiveBuffers", "4096"),
        ("qlogic", "ReceiveBuffers", "8192"),
        ("mellanox", "*ReceiveBuffers", "many"),
        ("mellanox", "*ReceiveBuffers", "-1"),
    ],
)
def test_a_value_that_the_driver_does_not_offer_is_refused(net, caller, adapter, keyword, wanted):
    makes = caller("makes")
    response = set_advanced(makes, adapter, keyword, wanted)
    assert (response.subcode, response.code) == ("w:InternalError", 0x80070057)
    assert "0x80070057" in response.text
    assert net.journal(writes=True)[-1].changes == ()
    assert not net.journal(events=True)


@pytest.mark.parametrize(
    ("adapter", "keyword", "wanted"),
    [
        ("intel-1g", "*JumboPacket", "9014"),
        ("intel-index", "*JumboPacket", "2"),
        ("mellanox", "*JumboPacket", "9000"),
        ("broadcom", "*JumboPacket", "9014"),
        ("qlogic", "MaxFrameSize", "9000"),
        ("plain", "*JumboPacket", "9014"),
    ],
)
def test_each_driver_has_a_value_for_an_mtu_of_9000(net, caller, adapter, keyword, wanted):
    makes = caller("makes")
    assert set_advanced(makes, adapter, keyword, wanted, restart=False).status == 200
    assert _mtu(makes, adapter) == "1500"
    held = net.estate.host("makes").adapter(adapter)
    assert held.driver.mtu({keyword: wanted}) == 9000
    assert not net.journal(events=True)


def test_a_display_value_is_accepted(caller):
    makes = caller("makes")
    response = set_advanced(makes, "intel-index", "*JumboPacket", "9014 Bytes", restart=False, name="DisplayValue")
    assert response.status == 200
    assert advanced(makes, "intel-index", "*JumboPacket")["RegistryValue"] == "2"
    response = set_advanced(makes, "intel-index", "*JumboPacket", "9 KB", restart=False, name="DisplayValue")
    assert response.code == 0x80070057


def test_the_other_properties_of_an_advanced_property_are_read_only(caller):
    makes = caller("makes")
    response = set_advanced(makes, "plain", "*JumboPacket", "*Other", name="RegistryKeyword")
    assert response.code == 0x80070057


def test_a_write_restarts_the_adapter(net, caller):
    n1 = caller("n1")
    assert set_advanced(n1, "LM", "*JumboPacket", "9014").status == 200
    assert _state(net, "MSCluster_NetworkInterface", "n1 - Live") == 1
    assert _state(net, "MSCluster_Network", "Live") == 2
    assert _mtu(n1, "LM") == "1500"
    (lm,) = query(n1, "SELECT * FROM MSFT_NetAdapter WHERE Name='LM'")
    assert (lm["InterfaceOperationalStatus"], lm["Speed"]) == ("2", "0")
    assert eventually(lambda: _state(net, "MSCluster_NetworkInterface", "n1 - Live") == 3, net=net)
    assert _state(net, "MSCluster_Network", "Live") == 3
    assert _mtu(n1, "LM") == "9000"
    (interface,) = query(n1, "SELECT * FROM MSFT_NetIPInterface WHERE InterfaceAlias='LM'")
    assert interface["NlMtu"] == "9000"
    assert _events(net) == [("n1", "AdapterRestart", "LM"), ("n1", "AdapterUp", "LM")]
    (change,) = net.journal(events=True)[-1].changes
    assert (change.property, change.before, change.after) == ("MtuSize", 1500, 9000)
    (put,) = net.journal(writes=True)
    assert [(item.property, item.after) for item in put.changes] == [
        ("RegistryValue", ["9014"]),
        ("DisplayValue", "9014 Bytes"),
    ]


def test_a_write_without_a_restart_takes_effect_at_the_next_restart(net, caller):
    n1 = caller("n1")
    assert set_advanced(n1, "LM", "*JumboPacket", "9014", restart=False).status == 200
    assert set_advanced(n1, "LM", "*ReceiveBuffers", "4096", restart=False).status == 200
    time.sleep(PAUSE / 2)
    assert (_mtu(n1, "LM"), net.journal(events=True)) == ("1500", [])
    device = next(item["DeviceID"] for item in query(n1, "SELECT * FROM MSFT_NetAdapter") if item["Name"] == "LM")
    keys = {
        "CreationClassName": "MSFT_NetAdapter",
        "DeviceID": device,
        "SystemCreationClassName": "CIM_NetworkPort",
        "SystemName": "n1",
    }
    response = n1.invoke("MSFT_NetAdapter", "Restart", "", STANDARD, **keys)
    assert "<p:ReturnValue>0</p:ReturnValue>" in response.text
    assert eventually(lambda: _mtu(n1, "LM") == "9000", net=net)
    assert _events(net) == [("n1", "AdapterRestart", "LM"), ("n1", "AdapterUp", "LM")]
    assert n1.invoke("MSFT_NetAdapter", "Disable", "", STANDARD, **keys).status == 200
    (lm,) = query(n1, "SELECT * FROM MSFT_NetAdapter WHERE Name='LM'")
    assert (lm["State"], lm["InterfaceAdminStatus"]) == ("3", "2")
    assert n1.invoke("MSFT_NetAdapter", "Enable", "", STANDARD, **keys).status == 200
    assert _state(net, "MSCluster_NetworkInterface", "n1 - Live") == 3


def test_a_host_may_ignore_the_no_restart_option(net, caller):
    assert set_advanced(caller("n4"), "LM", "*JumboPacket", "9014", restart=False).status == 200
    assert _events(net)[0] == ("n4", "AdapterRestart", "LM")


def test_reset_restores_the_default(net, caller):
    n1 = caller("n1")
    assert set_advanced(n1, "LM", "*RSS", "0", restart=False).status == 200
    identity = advanced(n1, "LM", "*RSS")["InstanceID"]
    assert n1.invoke(ADVANCED, "Reset", "", STANDARD, InstanceID=identity).status == 200
    assert advanced(n1, "LM", "*RSS")["RegistryValue"] == "1"
    assert _events(net)[0] == ("n1", "AdapterRestart", "LM")


def test_a_restart_of_the_listeners_adapter_closes_the_connections(net, caller):
    n1, idle, other = caller("n1"), caller("n1"), caller("n2")
    assert idle.get("MSCluster_Cluster", Name="NET1").status == 200
    started = time.monotonic()
    with pytest.raises((http.client.HTTPException, OSError)):
        set_advanced(n1, "Management", "*JumboPacket", "9014")
    (put,) = net.journal(writes=True)
    assert (put.status, put.bytes_out, len(put.changes)) == (0, 0, 2)
    with pytest.raises((http.client.HTTPException, OSError)):
        idle.get("MSCluster_Cluster", Name="NET1")
    with pytest.raises(ConnectionRefusedError):
        Client(net.estate.host("n1").address, net.estate.http).get("MSCluster_Cluster", Name="NET1")
    assert other.get("MSCluster_Cluster", Name="NET1").status == 200

    def back() -> bool:
        try:
            return _mtu(caller("n1"), "Management") == "9000"
        except OSError:
            return False

    assert eventually(back, net=net)
    assert time.monotonic() - started >= PAUSE
    assert _state(net, "MSCluster_Network", "Management") == 3


def test_a_host_may_stay_down_until_the_reset(net, caller):
    makes = caller("makes")
    with pytest.raises((http.client.HTTPException, OSError)):
        set_advanced(makes, "Management", "*JumboPacket", "9014")
    time.sleep(PAUSE * 1.5)
    with pytest.raises(ConnectionRefusedError):
        query(caller("makes"), "SELECT * FROM MSFT_NetAdapter")
    net.reset()
    assert _mtu(caller("makes"), "Management") == "1500"


def test_2008_r2_does_not_have_the_namespaces(caller):
    old = caller("old")
    for base in (STANDARD, HYPERV):
        assert old.enumerate("SELECT * FROM MSFT_NetAdapter", base + "*").code == 2150858778


def test_a_restarting_adapter_is_up_after_a_start_of_the_lab(tmp_path):
    path = tmp_path / "one.yml"
    host = {
        "name": "solo",
        "address": f"{NET}.71",
        "windows": 2019,
        "restart_seconds": 30,
        "adapters": [{"name": "LM", "driver": "intel-10g"}],
    }
    estate = {
        "name": "one",
        "credentials": {"user": "Administrator", "password": "Lab-Passw0rd"},
        "listeners": {"http": 15987, "https": 15988},
        "hosts": [host],
    }
    path.write_text(yaml.safe_dump(estate), encoding="utf-8")
    lab = RunningEstate(path, tmp_path / "state")
    lab.start()
    client = Client(f"{NET}.71", 15987)
    assert set_advanced(client, "LM", "*JumboPacket", "9014").status == 200
    assert _mtu(client, "LM") == "1500"
    client.close()
    lab.stop()
    again = RunningEstate(None, tmp_path / "state")
    again.start()
    assert _mtu(Client(f"{NET}.71", 15987), "LM") == "9000"
    again.stop()


def test_connections_with_tls_are_closed_too(net, caller):
    host = net.estate.host("n1")
    context = ssl.create_default_context(cafile=str(net.state / "ca.pem"))
    context.check_hostname = False
    with (
        socket.create_connection((host.address, net.estate.https), timeout=5) as plain,
        context.wrap_socket(plain) as secure,
    ):
        with pytest.raises((http.client.HTTPException, OSError)):
            set_advanced(caller("n1"), "Management", "*RSS", "0")
        with contextlib.suppress(OSError):
            assert secure.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host.address, net.estate.https), timeout=5)
    net.reset()
    socket.create_connection((host.address, net.estate.https), timeout=5).close()
    assert caller("n1").get("MSCluster_Cluster", Name="NET1").status == 200
    time.sleep(PAUSE * 1.5)
    assert not net.journal(events=True), "the reset forgot what was under way"
