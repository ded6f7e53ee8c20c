# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address records of a name as one DNS server has them. Private to this collection."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import typing as t

from ..errors import ResponseLost, ServerError

with contextlib.suppress(ImportError):  # Lookup reports the missing library before anything here is called
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdatatype

if t.TYPE_CHECKING:
    from .zone import NameServer

KINDS = ("A", "AAAA")


class NotAuthoritative(ServerError):
    """The server does not have the zone."""

    advice = "check that this server has the zone, or leave it out with exclude_servers"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AddressRecords:
    """The sorted addresses of a name on one server, IPv4 before IPv6, with the largest TTL of its records in seconds.

    C(ttl) is C(None) without records. C(alias) is the target if the name is an alias.
    """

    addresses: tuple[str, ...] = ()
    ttl: int | None = None
    alias: str | None = None

    def of(self, kind: str) -> tuple[str, ...]:
        """The addresses of the records of one type."""
        return tuple(one for one in self.addresses if (":" in one) == (kind == "AAAA"))


def address_list(texts: t.Iterable[str]) -> tuple[str, ...]:
    """The addresses without repetitions, sorted, IPv4 before IPv6. Raises C(ValueError)."""
    found = {ipaddress.ip_address(text) for text in texts}
    return tuple(str(one) for one in sorted(found, key=lambda one: (one.version, int(one))))


def read_records(server: NameServer, address: str, name: str, *, timeout: float) -> AddressRecords:
    """Read the address records of a name on one server. Raises C(ServerError)."""
    found: list[str] = []
    ttls: list[int] = []
    alias = None
    for kind in KINDS:
        response = _ask(server, address, name, kind, timeout)
        for rrset in response.answer:
            if rrset.name != dns.name.from_text(name):
                continue
            if rrset.rdtype == dns.rdatatype.CNAME:
                alias = rrset[0].target.to_text(omit_final_dot=True)
            elif rrset.rdtype == dns.rdatatype.from_text(kind):
                found += [data.address for data in rrset]
                ttls.append(rrset.ttl)
    return AddressRecords(addresses=address_list(found), ttl=max(ttls, default=None), alias=alias)


def _ask(server: NameServer, address: str, name: str, kind: str, timeout: float) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    query.flags &= ~dns.flags.RD
    try:
        response = _send(query, server, address, timeout / 2)
    except ResponseLost:  # a datagram can be lost
        response = _send(query, server, address, timeout / 2)
    rcode = response.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise NotAuthoritative(f"{server} ({address}) returned {dns.rcode.to_text(rcode)} for {name}")
    own = dns.name.from_text(name)
    has_zone = any(rrset.rdtype == dns.rdatatype.SOA and own.is_subdomain(rrset.name) for rrset in response.authority)
    if not response.flags & dns.flags.AA or not (response.answer or has_zone):
        raise NotAuthoritative(f"{server} ({address}) is not authoritative for {name}")
    return response


def _send(query: dns.message.Message, server: NameServer, address: str, timeout: float) -> dns.message.Message:
    try:
        return dns.query.udp_with_fallback(query, address, timeout=timeout, port=server.port, ignore_unexpected=True)[0]
    except (dns.exception.DNSException, OSError, EOFError) as exc:
        raise ResponseLost(
            f"{server} ({address}) {describe_failure(exc)}",
            advice="check the DNS server, or leave it out with exclude_servers if it is down",
        ) from exc


def describe_failure(exc: Exception) -> str:
    """What a server did, for a sentence that begins with the server."""
    if isinstance(exc, (dns.exception.Timeout, TimeoutError)):
        return "did not respond in time"
    if isinstance(exc, EOFError):
        return "closed the connection without a response"
    if isinstance(exc, OSError):
        return f"did not respond: {exc.strerror or exc}"
    return f"returned an unusable response: {exc}"
