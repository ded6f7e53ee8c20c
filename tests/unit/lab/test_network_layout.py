# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The adapters, teams, switches and paths of an estate file."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from lab import estate as estate_module
from lab.checks import EstateError
from lab.windows import drivers

HOST = {
    "name": "h1",
    "address": "127.31.255.11",
    "windows": 2019,
    "cluster": "C1",
    "adapters": [
        {"name": "M", "driver": "intel-1g", "network": "Management"},
        {"name": "P1", "driver": "intel-10g"},
        {"name": "P2", "driver": "intel-10g"},
    ],
}
ESTATE = {
    "name": "cabling",
    "credentials": {"user": "Administrator", "password": "x"},
    "hosts": [HOST, {"name": "h2", "address": "127.31.255.12", "windows": 2022, "cluster": "C1"}],
    "clusters": [
        {
            "name": "C1",
            "fqdn": "c1.example.test",
            "networks": [
                {"name": "Management", "subnet": "127.31.255.0/24"},
                {"name": "Live", "subnet": "10.1.2.0/25"},
            ],
        }
    ],
}


def _estate(cluster=None, **change):
    data = copy.deepcopy(ESTATE)
    data["hosts"][0].update(change)
    data["clusters"][0].update(cluster or {})
    return estate_module.parse(data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"adapters": [{"name": "A"}]}, "lacks driver"),
        ({"adapters": [{"name": "A", "driver": "3com"}]}, "not one of"),
        ({"adapters": [{"name": "A", "driver": "plain", "speeed": 1}]}, "unknown key speeed"),
        (
            {"adapters": [{"name": "A", "driver": "plain"}, {"name": "a", "driver": "plain"}]},
            "two adapters with the name a",
        ),
        ({"adapters": [{"name": "A", "driver": "plain", "network": "Nowhere"}]}, "no network Nowhere"),
        (
            {"adapters": [{"name": "A", "driver": "plain", "values": {"*JumboPacket": 9000}}]},
            r"no value 9000 of \*JumboPacket",
        ),
        ({"teams": [{"name": "T", "members": ["P1", "P9"]}]}, "members that are not adapters of the host"),
        ({"teams": [{"name": "T", "members": ["P1", "M"]}]}, "or a binding and a network"),
        (
            {"teams": [{"name": "T", "members": ["P1"]}], "switches": [{"name": "S", "members": ["P1"]}]},
            "has two bindings",
        ),
        (
            {"switches": [{"name": "S", "members": ["P1", "P2"], "embedded_teaming": False}]},
            "several members but no team",
        ),
        ({"no_restart": "perhaps"}, "not one of"),
        ({"drain": "slowly"}, "not one of"),
        ({"windows": "2012 R2"}, "mixes Windows versions"),
        ({"cluster": {"paths": [{"network": "Live", "between": ["h1", "h9"]}]}}, "two of its nodes"),
        ({"cluster": {"paths": [{"network": "Dead"}]}}, "a network of the cluster"),
    ],
)
def test_an_invalid_network_layout_is_refused(change, message):
    change = dict(change)
    cluster = change.pop("cluster", None)
    with pytest.raises(EstateError, match=message):
        _estate(cluster, **change)


def test_default_addresses_are_in_the_networks():
    estate = _estate(
        teams=[{"name": "T", "members": ["P1", "P2"]}],
        switches=[{"name": "S", "members": ["T"], "vnics": [{"name": "LM", "network": "Live"}]}],
    )
    host = estate.host("h1")
    assert host.listener is host.adapter("M")
    assert (host.adapter("vEthernet (LM)").address, host.adapter("vEthernet (LM)").prefix) == ("10.1.2.10", 25)
    assert (host.adapter("T").mac, host.adapter("T").speed) == (host.adapter("P1").mac, 20_000_000_000)
    assert host.adapter("P2").description.endswith("#2")
    assert estate.cluster("C1").windows == "2019"
    assert not host.switches[0].embedded


def test_durations_are_for_the_estate_or_for_a_host():
    data = {**copy.deepcopy(ESTATE), "restart_seconds": 7, "drain_seconds": 8}
    data["hosts"][1]["restart_seconds"] = 0.5
    one, other = estate_module.parse(data).hosts
    assert (one.restart_seconds, one.drain_seconds) == (7, 8)
    assert (other.restart_seconds, other.drain_seconds) == (0.5, 8)


@pytest.mark.parametrize("name", drivers.names())
def test_each_default_is_a_value_of_the_driver(name):
    driver = drivers.driver(name)
    assert all(keyword.accepts(keyword.default) for keyword in driver.keywords.values())
    assert driver.mtu({}) == 1500
    assert len(driver.keywords) >= 11


def test_the_driver_uses_its_default_instead_of_an_invalid_value():
    assert drivers.driver("intel-1g").mtu({"*JumboPacket": "9000"}) == 1500


def test_the_migration_estate_has_all_kinds_of_adapters():
    estate = estate_module.load(Path(estate_module.__file__).parent / "estates" / "migration.yml")
    behind = {
        host.name: next(item for item in host.adapters if item.network == "LiveMigration")
        for host in estate.hosts
        if host.cluster
    }
    assert {name: item.kind for name, item in behind.items()} == {
        "hv41": "physical",
        "hv42": "team",
        "hv43": "vnic",
        "hv44": "physical",
    }
    assert all(host.listener is not None for host in estate.hosts)
