# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fault rules: their conditions and their effects."""

from __future__ import annotations

import http.client
import socket
import time

import pytest
import requests
from lab.faults import RuleError, Rules, add
from raw_client import CLUSTER, MESSAGE_ID, TRANSFER, envelope

MACHINE = "Virtual Machine EX01"


def _offline(client, number=2):
    xml = client.instance("MSCluster_Resource", Name=MACHINE)
    xml = xml.replace("<p1:OfflineAction>1<", f"<p1:OfflineAction>{number}<")
    return client.put("MSCluster_Resource", xml, ("PrivateProperties",), Name=MACHINE)


def test_a_rule_returns_its_own_fault(hv01, lab):
    lab.add_fault(host="hv01", action={"fault": 2150859174, "subcode": "w:QuotaLimit", "text": "Too many."})
    response = hv01.get("MSCluster_Cluster", Name="HVC1")
    assert (response.status, response.subcode, response.code) == (500, "w:QuotaLimit", 2150859174)
    entry = lab.journal()[-1]
    assert (entry.rule, entry.fault_code, entry.fault_subcode) == ("fault", 2150859174, "w:QuotaLimit")
    lab.clear_faults()
    assert hv01.get("MSCluster_Cluster", Name="HVC1").status == 200


def test_a_rule_applies_to_matching_requests_only(hv01, client, lab):
    lab.add_fault(host="hv01", operation="Get", **{"class": "MSCluster_Cluster"}, action="empty_400")
    assert hv01.get("MSCluster_Cluster", Name="HVC1").status == 400
    assert hv01.get("MSCluster_Node", Name="hv01").status == 200
    assert client("hv02").get("MSCluster_Cluster", Name="HVC1").status == 200


def test_a_rule_starts_at_nth_and_ends_after_times(hv01, lab):
    lab.add_fault(action="empty_400", nth=2, times=2)
    seen = [hv01.get("MSCluster_Cluster", Name="HVC1").status for _number in range(4)]
    assert seen == [200, 400, 400, 200]


def test_another_rule_does_not_reset_the_count_of_the_first(tmp_path):
    rules = Rules(tmp_path / "faults.yml")
    add(tmp_path / "faults.yml", {"action": "garbage", "times": 1})
    assert rules.match("h", "Get", "C", "").action == "garbage"
    add(tmp_path / "faults.yml", {"action": "dtd", "host": "other"})
    assert rules.match("h", "Get", "C", "") is None
    assert rules.match("other", "Get", "C", "").action == "dtd"


@pytest.mark.parametrize("when", ["before", "after"])
def test_dropped_connections(hv01, lab, when):
    lab.add_fault(operation="Put", action={"drop": when})
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        _offline(hv01)
    assert lab.private_properties("HVC1", MACHINE)["OfflineAction"] == (1 if when == "before" else 2)
    assert lab.journal()[-1].write


def test_a_put_is_stored_and_faults(hv01, lab):
    lab.add_fault(operation="Put", action="stored_5024")
    response = _offline(hv01)
    assert response.status == 500
    assert "0x800713A0" in response.text
    assert lab.private_properties("HVC1", MACHINE)["OfflineAction"] == 2


def test_invalid_property(hv01, lab):
    lab.add_fault(action="invalid_property", times=1)
    assert "0x80041031" in hv01.get("MSCluster_Cluster", Name="HVC1").text


def test_a_slow_response(hv01, lab):
    lab.add_fault(action={"slow": 0.2})
    before = time.monotonic()
    assert hv01.get("MSCluster_Cluster", Name="HVC1").status == 200
    assert time.monotonic() - before >= 0.2


def test_garbage_and_dtd(hv01, lab):
    lab.add_fault(action="garbage", times=1)
    response = hv01.get("MSCluster_Cluster", Name="HVC1")
    assert response.status == 200
    assert b"not XML" in response.body
    lab.clear_faults()
    lab.add_fault(action="dtd")
    assert b"<!DOCTYPE" in hv01.get("MSCluster_Cluster", Name="HVC1").body


def test_a_truncated_response(hv01, lab):
    lab.add_fault(action="truncate")
    with pytest.raises(http.client.IncompleteRead):
        hv01.get("MSCluster_Cluster", Name="HVC1")


def test_a_response_to_another_request(hv01, lab):
    lab.add_fault(action="wrong_relates_to")
    response = hv01.get("MSCluster_Cluster", Name="HVC1")
    assert response.status == 200
    assert MESSAGE_ID not in response.text


def test_a_redirect(hv01, lab):
    lab.add_fault(action={"redirect": "http://127.0.0.1:9/wsman"})
    response = hv01.get("MSCluster_Cluster", Name="HVC1")
    assert (response.status, response.headers["Location"]) == (302, "http://127.0.0.1:9/wsman")


def test_a_huge_response_stops_when_the_client_disconnects(lab):
    lab.add_fault(action="huge")
    xml = envelope(TRANSFER + "Get", CLUSTER + "MSCluster_Cluster", selectors={"Name": "HVC1"})
    kind = {"Content-Type": "application/soap+xml;charset=UTF-8"}
    url = f"http://{lab.estate.host('hv01').address}:{lab.estate.http}/wsman"
    login = ("Administrator", "Lab-Passw0rd")
    with requests.post(url, xml, headers=kind, auth=login, stream=True, timeout=5) as answer:
        assert len(next(answer.iter_content(1 << 20))) > 60_000
    socket.create_connection((lab.estate.host("hv01").address, lab.estate.http), timeout=2).close()


@pytest.mark.parametrize("rule", [{}, {"action": "explode"}, {"action": "slow", "speed": 3}])
def test_invalid_rules_are_refused(lab, rule):
    with pytest.raises(RuleError):
        lab.add_fault(**rule)
