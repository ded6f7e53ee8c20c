# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other clients: WSMan of pypsrp over HTTP, and requests over TLS."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
import requests
from pypsrp.exceptions import WSManFaultError
from pypsrp.wsman import NAMESPACES, OptionSet, SelectorSet, WSMan
from raw_client import CLUSTER, TRANSFER, envelope

N, W = f"{{{NAMESPACES['wsen']}}}", f"{{{NAMESPACES['wsman']}}}"
CLASS = f"{{{CLUSTER}MSCluster_Cluster}}"


@pytest.fixture
def wsman(lab):
    session = WSMan(
        lab.estate.host("hv01").address,
        port=lab.estate.http,
        username="Administrator",
        password="Lab-Passw0rd",
        ssl=False,
        auth="basic",
        encryption="never",
    )
    with session:
        yield session


def _selectors(**names: str) -> SelectorSet:
    found = SelectorSet()
    for name, value in names.items():
        found.add_option(name, value)
    return found


def test_get_put_and_get(wsman, lab):
    uri = CLUSTER + "MSCluster_Cluster"
    instance = wsman.get(uri, selector_set=_selectors(Name="HVC1"))[0]
    instance.find(f"{CLASS}CrossSubnetThreshold").text = "40"
    options = OptionSet()
    options.add_option("wmiarray:__MIInstanceModifiedPropertiesList", "CrossSubnetThreshold", {"Type": "xs:string"})
    answered = wsman.put(uri, instance, selector_set=_selectors(Name="HVC1"), option_set=options)[0]
    assert answered.findtext(f"{CLASS}CrossSubnetThreshold") == "40"
    assert lab.cluster("HVC1").named("MSCluster_Cluster", "HVC1").values["CrossSubnetThreshold"] == 40


def test_enumerate_and_pull(wsman):
    uri = CLUSTER + "MSCluster_ResourceGroup"
    answer = wsman.enumerate(uri, ET.Element(f"{N}Enumerate"))
    seen = 0
    while (context := answer[0].find(f"{N}EnumerationContext")) is not None:
        pull = ET.Element(f"{N}Pull")
        ET.SubElement(pull, f"{N}EnumerationContext").text = context.text
        ET.SubElement(pull, f"{N}MaxElements").text = "10"
        answer = wsman.pull(uri, pull)
        seen += len(answer[0].find(f"{N}Items"))
    assert seen == 33 + 3


def test_invoke(wsman):
    uri = CLUSTER + "MSCluster_Resource"
    body = ET.Element(f"{{{uri}}}TakeOffline_INPUT")
    ET.SubElement(body, f"{{{uri}}}TimeOut").text = "10"
    wsman.invoke(f"{uri}/TakeOffline", uri, body, selector_set=_selectors(Name="Virtual Machine EX01"))
    state = wsman.get(uri, selector_set=_selectors(Name="Virtual Machine EX01"))[0].findtext(f"{{{uri}}}State")
    assert state == "3"


def test_the_client_reads_a_fault(wsman):
    with pytest.raises(WSManFaultError, match="DestinationUnreachable"):
        wsman.get(CLUSTER + "MSCluster_Cluster", selector_set=_selectors(Name="NOPE"))


def _over_tls(lab, name: str, address: str | None = None) -> requests.Response:
    xml = envelope(TRANSFER + "Get", CLUSTER + "MSCluster_Cluster", selectors={"Name": "HVC1"})
    return requests.post(
        f"https://{address or lab.estate.host(name).address}:{lab.estate.https}/wsman",
        xml,
        headers={"Content-Type": "application/soap+xml;charset=UTF-8"},
        auth=("Administrator", "Lab-Passw0rd"),
        verify=str(lab.state / "ca.pem"),
        timeout=5,
    )


def test_tls(lab):
    assert _over_tls(lab, "hv01").status_code == 200
    assert lab.journal()[-1].listener == "https"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shut", "expired"),
        ("fake", "unable to get local issuer|self.signed|verify failed"),
        ("name", "mismatch|doesn't match"),
    ],
)
def test_a_client_refuses_invalid_certificates(lab, name, message):
    with pytest.raises(requests.exceptions.SSLError, match=message):
        _over_tls(lab, name)
