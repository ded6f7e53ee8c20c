# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records and zones as Active Directory stores them."""

from __future__ import annotations

import struct
import types
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._directory.dns_record import read_name, read_zones
from ansible_collections.winha.cluster.plugins.module_utils._directory.entry import Entry
from ansible_collections.winha.cluster.plugins.module_utils._directory.ldap_errors import NoSuchObject

BASE = "DC=corp,DC=example,DC=test"
ZONES = f"CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}"
HOUR = 3_700_000


def prop(number: int, value: int) -> bytes:
    return struct.pack("<IIIIII", 4, 0, 0, 1, number, value)


def record(kind: int, hours: int, data: bytes = b"\x0a\x01\x00\x0a") -> bytes:
    return (
        struct.pack("<HHBBHI", len(data), kind, 5, 0xF0, 0, 1)
        + struct.pack(">I", 300)
        + bytes(4)
        + struct.pack("<I", hours)
        + data
    )


class Directory:
    domain_dn = BASE

    root = types.SimpleNamespace(root_dn=BASE)

    def __init__(self, *entries: Entry) -> None:
        self.entries = entries

    def search(self, base: str, filter_: str, names: t.Any, *, scope: str = "subtree", operation: str) -> t.Any:
        del filter_, names, operation
        if not any(entry.dn.endswith(base) for entry in self.entries):
            raise NoSuchObject(base)
        return (entry for entry in self.entries if (entry.dn == base if scope == "base" else entry.dn.endswith(base)))


def zone(name: str, *properties: bytes) -> Entry:
    return Entry(f"DC={name},{ZONES}", {"dc": (name.encode(),), "dnsproperty": properties})


def read(name: str, *entries: Entry) -> t.Any:
    session = t.cast("t.Any", Directory(*entries))
    return read_name(session, [one for one in read_zones(session) if one.dn.count("DC=") == 5], name)


@pytest.mark.parametrize(
    ("records", "static", "stamp"),
    [
        ([record(1, 0)], True, None),
        ([record(1, HOUR), record(28, 0, bytes(16))], True, "2023-02-04T16:00:00+00:00"),
        ([record(1, HOUR), record(16, 0, b"\x01x")], False, "2023-02-04T16:00:00+00:00"),
        ([record(16, 0, b"\x01x"), b"short"], None, None),
    ],
)
def test_a_record_without_a_time_stamp_is_static(records: list[bytes], static: bool | None, stamp: str | None) -> None:
    node = Entry(f"DC=mail,DC=example.test,{ZONES}", {"dnsrecord": tuple(records)})
    found = read("mail.example.test", zone("example.test", prop(0x40, 1), prop(0x10, 168), prop(0x20, 24)), node)
    assert (found.static, found.time_stamp, found.writable, found.dn) == (static, stamp, False, node.dn)
    assert (found.zone.aging, found.zone.no_refresh_hours, found.zone.refresh_hours) == (True, 168, 24)


def test_the_longest_zone_has_the_name() -> None:
    rights = {"allowedattributeseffective": (b"dnsRecord",), "dnsrecord": (record(1, 0),)}
    node = Entry(f"DC=mail,DC=corp.example.test,{ZONES}", rights)
    found = read("mail.corp.example.test", zone("example.test"), zone("corp.example.test"), node)
    assert (found.zone.name, found.zone.aging, found.writable) == ("corp.example.test", False, True)


def test_a_name_without_an_object_or_a_zone_has_no_values() -> None:
    found = read("new.example.test", zone("example.test"))
    assert (found.dn, found.static, found.writable, found.zone.name) == (None, None, None, "example.test")
    assert read("mail.example.org", zone("example.test")) is None
