# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS records as Active Directory stores them, with their time stamps. Private to this collection.

Source: [MS-DNSP] 2.3.2.1 (properties of a zone) and 2.3.2.2 (records). An object C(dnsNode) has all records of a name.
"""

from __future__ import annotations

import dataclasses
import datetime
import struct
import typing as t

from .ldap_errors import NoSuchObject

if t.TYPE_CHECKING:
    from .entry import Entry
    from .session import Directory

_ADDRESS_TYPES = (1, 28)  # A, AAAA
_RECORD = struct.Struct("<HHBBHI")
_TIME_STAMP = 20  # where it begins
_PROPERTY = struct.Struct("<IIIII")
_NO_REFRESH, _REFRESH, _AGING = 0x10, 0x20, 0x40
_HOURS_BEGIN = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoredZone:
    """A zone in Active Directory. The intervals are in hours, C(None) if they are not set."""

    name: str
    dn: str
    aging: bool
    no_refresh_hours: int | None
    refresh_hours: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoredName:
    """The address records of a name in Active Directory.

    C(static) is whether any of them has no time stamp; C(None) without records. C(writable) is whether the account of
    the session may write them; C(None) without the object of the name.
    """

    zone: StoredZone
    dn: str | None = None
    static: bool | None = None
    time_stamp: str | None = None
    writable: bool | None = None


def read_zones(session: Directory) -> list[StoredZone]:
    """The zones that are stored in Active Directory, as far as the account may read them. Raises C(ServerError)."""
    bases = [
        f"DC=DomainDnsZones,{session.domain_dn}",
        f"DC=ForestDnsZones,{session.root.root_dn}",
        f"CN=MicrosoftDNS,CN=System,{session.domain_dn}",
    ]
    found = []
    for base in bases:
        try:
            entries = list(
                session.search(base, "(objectClass=dnsZone)", ["dc", "dNSProperty"], operation="reading the DNS zones")
            )
        except NoSuchObject:
            continue
        found += [_zone(entry) for entry in entries]
    return found


def _zone(entry: Entry) -> StoredZone:
    values: dict[int, int] = {}
    for data in entry.data("dNSProperty"):
        if len(data) >= _PROPERTY.size + 4:
            number = _PROPERTY.unpack_from(data)[4]
            (values[number],) = struct.unpack_from("<I", data, _PROPERTY.size)
    return StoredZone(
        name=entry.text("dc").lower(),
        dn=entry.dn,
        aging=bool(values.get(_AGING)),
        no_refresh_hours=values.get(_NO_REFRESH),
        refresh_hours=values.get(_REFRESH),
    )


def read_name(session: Directory, zones: t.Sequence[StoredZone], name: str) -> StoredName | None:
    """Read the object of a host name; C(None) if no zone in Active Directory has it. Raises C(ServerError)."""
    fitting = [zone for zone in zones if name.lower() == zone.name or name.lower().endswith(f".{zone.name}")]
    if not fitting:
        return None
    zone = max(fitting, key=lambda one: len(one.name))
    relative = name.lower().removesuffix(zone.name).rstrip(".") or "@"
    dn = f"DC={relative},{zone.dn}"
    names = ("dnsRecord", "allowedAttributesEffective")
    try:
        found = next(
            session.search(dn, "(objectClass=dnsNode)", names, scope="base", operation=f"reading {name}"), None
        )
    except NoSuchObject:
        found = None
    if found is None:
        return StoredName(zone=zone)
    stamps = list(_time_stamps(found.data("dnsRecord")))
    latest = max(stamps, default=0)
    return StoredName(
        zone=zone,
        dn=found.dn,
        static=0 in stamps if stamps else None,
        time_stamp=(_HOURS_BEGIN + datetime.timedelta(hours=latest)).isoformat() if latest else None,
        writable="dnsrecord" in {one.lower() for one in found.texts("allowedAttributesEffective")},
    )


def _time_stamps(records: t.Iterable[bytes]) -> t.Iterator[int]:
    """The time stamp of each address record in hours; 0 for a static one."""
    for data in records:
        if len(data) >= _TIME_STAMP + 4 and _RECORD.unpack_from(data)[1] in _ADDRESS_TYPES:
            yield struct.unpack_from("<I", data, _TIME_STAMP)[0]
