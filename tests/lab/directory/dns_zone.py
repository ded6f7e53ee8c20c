# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of the DNS zone in Active Directory (MS-DNSP 2.3.2.2)."""

from __future__ import annotations

import ipaddress
import struct
from typing import TYPE_CHECKING

from .ldif import entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .description import Directory, DnsName

_A, _NS, _CNAME, _AAAA = 1, 2, 5, 28
_VERSION, _ZONE_RANK = 5, 0xF0
HEADER = 24


def _record(kind: int, ttl: int, data: bytes) -> bytes:
    head = struct.pack("<HHBBHI", len(data), kind, _VERSION, _ZONE_RANK, 0, 1)
    return head + struct.pack(">I", ttl) + bytes(8) + data


def _name(text: str) -> bytes:
    labels = [label.encode() for label in text.rstrip(".").split(".")]
    raw = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return bytes([len(raw), len(labels)]) + raw


def records(name: DnsName) -> Iterator[bytes]:
    """The records of a name."""
    for text in name.addresses:
        address = ipaddress.ip_address(text)
        yield _record(_A if address.version == 4 else _AAAA, name.ttl, address.packed)
    if name.alias:
        yield _record(_CNAME, name.ttl, _name(name.alias))


def name_server(fqdn: str) -> bytes:
    """An NS record."""
    return _record(_NS, 3600, _name(fqdn))


def is_name_server(record: bytes) -> bool:
    """Whether a record is an NS record."""
    return bool(struct.unpack_from("<HH", record)[1] == _NS)


def objects(directory: Directory) -> Iterator[str]:
    """LDIF of the DNS names. A name without address and alias has no records."""
    zone = f"DC={directory.domain},CN=MicrosoftDNS,DC=DomainDnsZones,{directory.base_dn}"
    for name in directory.dns:
        yield entry(f"DC={name.name},{zone}", {"objectClass": "dnsNode", "dnsRecord": list(records(name))})


def replace_address(record: bytes, before: str, after: str) -> bytes:
    """The record with the address `after` if it has the address `before`, else unchanged."""
    old, new = (ipaddress.ip_address(text).packed for text in (before, after))
    return record[:HEADER] + new if record[HEADER:] == old else record
