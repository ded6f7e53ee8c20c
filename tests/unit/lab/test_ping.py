# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_PingStatus: packet sizes, paths and unknown addresses."""

from __future__ import annotations

import pytest
from network_estate import CIMV2, eventually, query, set_advanced
from unit_estate import NET

N1, N2, N3, N4 = (f"10.9.2.{number}" for number in range(10, 14))
JUMBO, STANDARD_SIZE = 8972, 1472


def _ping(client, address, size, more=" AND NoFragmentation=TRUE"):
    where = f"Address='{address}' AND BufferSize={size} AND Timeout=2000{more}"
    (found,) = query(client, f"SELECT * FROM Win32_PingStatus WHERE {where}", CIMV2)
    return found["StatusCode"]


def _jumbo(net, client, adapter, value="9014"):
    host = next(host for host in net.estate.hosts if host.address == client._connection.host)
    assert set_advanced(client, adapter, "*JumboPacket", value).status == 200
    assert eventually(lambda: net.simulation.connected(host, host.adapter(adapter)), net=net)


def test_standard_frames_pass(caller):
    assert _ping(caller("n1"), N2, STANDARD_SIZE) == "0"
    assert _ping(caller("n1"), N3, STANDARD_SIZE) == "0"


def test_a_packet_larger_than_the_mtu_of_the_sender_is_too_big(caller):
    assert _ping(caller("n1"), N2, STANDARD_SIZE + 1) == "11009"
    assert _ping(caller("n1"), N2, JUMBO) == "11009"


def test_a_packet_that_may_be_fragmented_passes(caller):
    assert _ping(caller("n1"), N2, JUMBO, "") == "0"
    assert _ping(caller("n1"), N2, JUMBO, " AND NoFragmentation=FALSE") == "0"


def test_the_mtu_of_the_receiver_and_of_the_path_count(net, caller):
    n1, n2, n3 = caller("n1"), caller("n2"), caller("n3")
    _jumbo(net, n1, "LM")
    assert _ping(n1, N2, JUMBO) == "11010"
    _jumbo(net, n2, "P1", "9000")
    _jumbo(net, n2, "P2", "9000")
    assert _ping(n1, N2, JUMBO) == "0"
    assert _ping(n1, N2, JUMBO + 1) == "11009"
    assert _ping(n2, N1, JUMBO) == "0"
    _jumbo(net, n3, "vEthernet (Live)")
    assert _ping(n2, N3, JUMBO) == "11010", "the cards below the virtual adapter are not large yet"
    assert _ping(n3, N2, JUMBO) == "11010"
    _jumbo(net, n3, "P1")
    _jumbo(net, n3, "P2")
    assert (_ping(n2, N3, JUMBO), _ping(n3, N2, JUMBO)) == ("0", "0")
    assert (_ping(n1, N3, JUMBO), _ping(n1, N3, STANDARD_SIZE)) == ("11010", "0"), "a switch between n1 and n3"


def test_a_filtered_echo_times_out_at_any_size(caller):
    assert (_ping(caller("n1"), N4, 32), _ping(caller("n4"), N1, STANDARD_SIZE)) == ("11010", "11010")
    assert _ping(caller("n2"), N4, 32) == "0"
    assert _ping(caller("n1"), f"{NET}.64", 32) == "0", "another network"


def test_all_properties_of_a_reply(caller):
    where = f"Address='{N2}' AND BufferSize=1000 AND NoFragmentation=TRUE"
    (found,) = query(caller("n1"), f"SELECT * FROM Win32_PingStatus WHERE {where}", CIMV2)
    assert (found["PrimaryAddressResolutionStatus"], found["ProtocolAddress"], found["ReplySize"]) == ("0", N2, "1000")
    assert (found["Address"], found["BufferSize"], found["NoFragmentation"]) == (N2, "1000", "true")
    assert found["ResponseTime"].isdigit()
    (short,) = query(caller("n1"), f"SELECT StatusCode, Address FROM Win32_PingStatus WHERE Address='{N2}'", CIMV2)
    assert short == {"Address": N2, "StatusCode": "0"}


def test_several_addresses_in_one_query(caller):
    where = f"(Address='{N2}' OR Address='{N4}') AND BufferSize={STANDARD_SIZE} AND NoFragmentation=TRUE"
    found = query(caller("n1"), f"SELECT * FROM Win32_PingStatus WHERE {where}", CIMV2)
    assert [(item["Address"], item["StatusCode"]) for item in found] == [(N2, "0"), (N4, "11010")]


def test_unknown_addresses_and_names(caller):
    n1 = caller("n1")
    (unknown,) = query(n1, "SELECT * FROM Win32_PingStatus WHERE Address='192.0.2.1'", CIMV2)
    assert (unknown["StatusCode"], unknown["PrimaryAddressResolutionStatus"]) == (None, "0")
    (nameless,) = query(n1, "SELECT * FROM Win32_PingStatus WHERE Address='nobody.example.test'", CIMV2)
    assert (nameless["StatusCode"], nameless["PrimaryAddressResolutionStatus"]) == (None, "11001")
    (named,) = query(n1, "SELECT * FROM Win32_PingStatus WHERE Address='n2.example.test'", CIMV2)
    assert named["StatusCode"] == "0"


@pytest.mark.parametrize("where", ["", " WHERE BufferSize=32", f" WHERE Address='{N2}' OR BufferSize=32"])
def test_a_query_needs_an_address(caller, where):
    response = caller("n1").enumerate(f"SELECT * FROM Win32_PingStatus{where}", CIMV2 + "*")
    assert (response.status, response.code) == (500, 0x80041008)


def test_an_adapter_that_is_down_does_not_reply(net, caller):
    n1, n4 = caller("n1"), caller("n4")
    assert set_advanced(n4, "LM", "*RSS", "0").status == 200
    assert _ping(caller("n2"), N4, 32) == "11010"
    assert set_advanced(n1, "LM", "*RSS", "0").status == 200
    assert _ping(n1, N2, 32) == "11050"
    assert eventually(lambda: _ping(n1, N2, 32) == "0", net=net)
