# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The zone of a name and the DNS servers that are authoritative for it. Private to this collection."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import typing as t

from ..errors import ServerError, Unreachable

with contextlib.suppress(ImportError):  # Lookup reports the missing library before anything here is called
    import dns.exception
    import dns.name
    import dns.resolver

if t.TYPE_CHECKING:
    from .._directory.access import Server
    from .question import Lookup

_ADVICE = "set dns_servers to DNS servers that resolve this name"


class NoZone(Unreachable):
    """DNS has only the root zone for a name."""


class NoAddress(Unreachable):
    """A server of the NS records has no address."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NameServer:
    """A DNS server: its host name, for which clients get Kerberos tickets, and the addresses of this name."""

    name: str
    addresses: tuple[str, ...]
    port: int = 53

    def __str__(self) -> str:
        return self.name if self.port == 53 else f"{self.name}:{self.port}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A DNS zone with the servers that are authoritative for it."""

    name: str
    servers: tuple[NameServer, ...]


def find_zone(lookup: Lookup, name: str) -> str:
    """The name of the zone that has a name. Raises C(Unreachable)."""
    try:
        zone = dns.resolver.zone_for_name(
            dns.name.from_text(name), resolver=lookup.resolver, lifetime=2 * lookup.timeout
        )
    except (dns.exception.DNSException, OSError) as exc:
        raise Unreachable(f"DNS returned no zone for {name}: {exc}", advice=_ADVICE) from exc
    if zone == dns.name.root:
        raise NoZone(f"DNS returned only the root zone for {name}", advice=_ADVICE)
    return zone.to_text(omit_final_dot=True)


def find_servers(lookup: Lookup, zone: str, *, excluded: t.Container[str]) -> list[NameServer]:
    """The DNS servers of a zone from its NS records, sorted by name, without those that are excluded.

    Raises C(Unreachable).
    """
    try:
        answer = lookup.resolver.resolve(dns.name.from_text(zone), "NS")
    except (dns.exception.DNSException, OSError) as exc:
        raise Unreachable(f"DNS returned no NS records of {zone}: {exc}", advice="set name_servers") from exc
    names = sorted(record.target.to_text(omit_final_dot=True).lower() for record in answer)
    return [NameServer(name=name, addresses=_addresses(lookup, name, zone)) for name in names if name not in excluded]


def given_server(lookup: Lookup | None, server: Server) -> NameServer:
    """A DNS server from the options of a task. Raises C(Unreachable)."""
    return NameServer(
        name=server.host.lower().rstrip("."), addresses=_addresses(lookup, server.host), port=server.port or 53
    )


def _addresses(lookup: Lookup | None, name: str, zone: str | None = None) -> tuple[str, ...]:
    """The addresses of a DNS server from DNS, else from this machine, which may have them in its hosts file."""
    found: list[str] = []
    if lookup is not None:
        with contextlib.suppress(ServerError):
            for kind in ("A", "AAAA"):
                found += lookup.query(dns.name.from_text(name), kind).addresses
    if not found:
        with contextlib.suppress(OSError):
            found = [str(one[4][0]) for one in socket.getaddrinfo(name, 53, type=socket.SOCK_STREAM)]
    if not found and zone:
        raise NoAddress(
            f"{name} is in the NS records of {zone} and has no address",
            advice=f"delete the NS record if {name} no longer exists, or leave it out with exclude_servers",
        )
    if not found:
        raise Unreachable(f"the DNS server {name} has no address", advice="correct name_servers")
    return tuple(dict.fromkeys(found))
