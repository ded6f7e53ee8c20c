# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dns_name_info with the zone of a domain controller, and names outside of it."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
import typing as t

import ldap
import pytest
from domain_stage import DOMAIN, Domain
from stage import Result, Variables, tasks

PLACES = ["localhost", "dc"]
ARRAY, MAIL, WEB = f"outlook.{DOMAIN}", f"mail.{DOMAIN}", f"web.{DOMAIN}"

# Record types.
A, CNAME, TXT, AAAA = 1, 5, 16, 28


def record(kind: int, ttl: int, data: bytes) -> bytes:
    """A value of dnsRecord ([MS-DNSP] 2.3.2.2) with the rank of the zone and without a time stamp."""
    return struct.pack("<HHBBHI", len(data), kind, 5, 0xF0, 0, 1) + struct.pack(">I", ttl) + bytes(8) + data


def at(address: str, ttl: int) -> bytes:
    packed = ipaddress.ip_address(address).packed
    return record(A if len(packed) == 4 else AAAA, ttl, packed)


def alias(target: str, ttl: int) -> bytes:
    """DNS_COUNT_NAME, [MS-DNSP] 2.2.2.2.2."""
    labels = [label.encode() for label in target.split(".")]
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return record(CNAME, ttl, bytes([len(name), len(labels)]) + name)


class Zone:
    """The DNS zone of the domain, for adding records."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._base = f"DC={DOMAIN},CN=MicrosoftDNS,DC=DomainDnsZones,{domain.controller.base_dn}"

    def put(self, name: str, *records: bytes) -> None:
        """Replace the records of a name."""
        self.remove(name)
        node = f"DC={name.removesuffix(f'.{DOMAIN}')},{self._base}"
        self._domain.ldap.add_s(node, [("objectClass", [b"dnsNode"]), ("dnsRecord", list(records))])
        self._domain.mark_log()

    def remove(self, name: str) -> None:
        with contextlib.suppress(ldap.NO_SUCH_OBJECT):
            self._domain.ldap.delete_s(f"DC={name.removesuffix(f'.{DOMAIN}')},{self._base}")


@pytest.fixture
def zone(domain: Domain) -> t.Iterator[Zone]:
    found = Zone(domain)
    yield found
    for name in (ARRAY, MAIL, WEB):
        found.remove(name)


def resolve(domain: Domain, host: str = "localhost", **options: t.Any) -> dict[str, Variables]:
    """Run the task with and without check mode, compare the results, and return the rows by name."""
    return {row["name"]: row for row in run_task(domain, host, **options).data["names"]}


def run_task(domain: Domain, host: str = "localhost", environment: Variables | None = None, **options: t.Any) -> Result:
    where = {} if environment else {"dns_servers": [domain.controller.address]}
    one: Variables = {"winha.cluster.dns_name_info": {**where, **options}, "environment": environment or {}}
    one["ignore_errors"] = True
    usn = domain.controller.highest_usn()
    run = domain.play(tasks(host, {"name": "normal", **one}, {"name": "check", "check_mode": True, **one}))
    assert domain.controller.highest_usn() == usn
    normal, checked = run.of(host, "normal"), run.of(host, "check")
    assert (checked.status, checked.data) == (normal.status, normal.data)
    assert not normal.changed
    return normal


@pytest.mark.matrix
@pytest.mark.parametrize("host", PLACES)
def test_a_name_has_addresses_and_open_ports(domain: Domain, zone: Zone, host: str) -> None:
    here = domain.controller.address
    with socket.socket() as closed:
        closed.bind((here, 0))
        port = closed.getsockname()[1]
        zone.put(ARRAY, at(here, 300), at("2001:db8::10", 120))
        found = resolve(domain, host, names=[ARRAY], ports=[389, port])[ARRAY]
    answers = {(row["address"], row["port"]): (row["open"], row["why"]) for row in found.pop("answers")}
    assert found == {
        "name": ARRAY,
        "kind": "address",
        "addresses": [here, "2001:db8::10"],
        "aliases": [],
        "ttl": 300,
        "authoritative": True,
        "unknown": None,
    }
    assert answers.pop((here, 389)) == (True, None)
    assert answers.pop((here, port)) == (False, "Connection refused")
    assert sorted(answers) == sorted(("2001:db8::10", one) for one in (389, port))


@pytest.mark.parametrize("host", PLACES)
def test_an_alias_has_its_targets(domain: Domain, zone: Zone, host: str) -> None:
    zone.put(ARRAY, at("10.1.0.10", 300), at("10.1.0.9", 300))
    zone.put(MAIL, alias(ARRAY, 1200))
    zone.put(WEB, alias(MAIL, 60))
    found = resolve(domain, host, names=[WEB, MAIL, ARRAY])
    assert {name: (row["kind"], row["aliases"], row["ttl"]) for name, row in found.items()} == {
        WEB: ("alias", [MAIL, ARRAY], 1200),
        MAIL: ("alias", [ARRAY], 1200),
        ARRAY: ("address", [], 300),
    }
    assert {tuple(row["addresses"]) for row in found.values()} == {("10.1.0.9", "10.1.0.10")}


def test_a_name_without_records_is_missing(domain: Domain, zone: Zone) -> None:
    zone.put(MAIL, record(TXT, 60, b"\x05hello"))
    zone.put(WEB, alias(f"gone.{DOMAIN}", 60))
    found = resolve(domain, names=[ARRAY, MAIL, WEB], ports=[389])
    assert {name: (row["kind"], row["unknown"], row["ttl"], row["answers"]) for name, row in found.items()} == {
        ARRAY: ("missing", None, None, []),
        MAIL: ("missing", None, None, []),
        WEB: ("alias", None, 60, []),
    }
    assert found[WEB]["aliases"] == [f"gone.{DOMAIN}"]


def test_a_name_in_another_zone_is_unknown(domain: Domain, zone: Zone) -> None:
    """Samba returns NXDOMAIN for another zone, and SERVFAIL for an alias of a name in it."""
    zone.put(WEB, alias("www.example.org", 60))
    found = resolve(domain, names=["www.example.org", WEB, "outlook"])
    assert {row["kind"] for row in found.values()} == {None}
    here = domain.controller.address
    for name, why in ((WEB, f"{here} returned SERVFAIL"), ("www.example.org", f"{here} does not have the zone")):
        assert found[name]["unknown"].startswith(
            f"DNS returned no usable response for the A and AAAA records of {name}: {why}"
        )


@pytest.mark.parametrize("host", PLACES)
def test_a_changed_record_is_read_at_once(domain: Domain, zone: Zone, host: str) -> None:
    for address in ("10.1.0.10", "10.2.0.10"):
        zone.put(ARRAY, at(address, 300))
        assert resolve(domain, host, names=[ARRAY])[ARRAY]["addresses"] == [address]


@pytest.mark.parametrize("host", PLACES)
def test_the_environment_sets_the_servers(domain: Domain, zone: Zone, host: str) -> None:
    zone.put(ARRAY, at("10.1.0.10", 300))
    servers = {"WINHA_DNS_SERVERS": f"127.255.255.253,{domain.controller.address}"}
    assert resolve(domain, host, environment=servers, names=[ARRAY])[ARRAY]["kind"] == "address"


@pytest.mark.parametrize("host", PLACES)
def test_a_dns_server_that_is_down_makes_names_unknown(domain: Domain, host: str) -> None:
    (row,) = resolve(domain, host, names=[ARRAY], dns_servers=["127.255.255.253"], timeout=1).values()
    assert row["kind"] is None
    assert "127.255.255.253 did not respond in time" in row["unknown"]


@pytest.mark.parametrize("host", PLACES)
@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"names": [ARRAY], "dns_servers": ["dc01"]}, "'dc01' in dns_servers is not an IP address"),
        ({"names": [ARRAY], "ports": [0]}, "Port 0 is out of range: valid TCP ports are 1 to 65535."),
        ({}, "missing required arguments: names"),
    ],
)
def test_invalid_options_fail_with_one_sentence(domain: Domain, host: str, options: Variables, why: str) -> None:
    result = run_task(domain, host, **options)
    assert result.status == "failed"
    assert why in result.message
