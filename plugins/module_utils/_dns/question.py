# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send one DNS query and judge its response. Private to this collection."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..errors import ResponseLost, TaskError

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.rdatatype
    import dns.resolver
except ImportError as exc:
    DNS_IMPORT_ERROR: ImportError | None = exc
else:
    DNS_IMPORT_ERROR = None

if t.TYPE_CHECKING:
    from .._directory.access import Server

_SERVER_TIMEOUT = 2.0  # seconds to wait for one server before the next attempt
_ADVICE = "check the DNS servers, and that they have this zone or allow recursion"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The result of one query.

    C(ttl) is the largest TTL of the records in seconds; C(None) without records. C(aliases) are the targets of the
    CNAME chain, in order. With C(end_unknown), the server did not return whether the last target has addresses.
    """

    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    authoritative: bool
    end_unknown: bool = False


class Lookup:
    """Queries DNS servers, by default those of this machine. C(timeout) is in seconds for each query.

    Raises C(TaskError) if the DNS library is missing or there is no DNS server.
    """

    def __init__(self, servers: t.Sequence[Server], *, timeout: float) -> None:
        if DNS_IMPORT_ERROR is not None:
            raise TaskError(
                f"The Python library dnspython is missing on this machine ({DNS_IMPORT_ERROR}). Run pip install "
                "dnspython."
            ) from DNS_IMPORT_ERROR
        try:
            resolver = dns.resolver.Resolver(configure=not servers)
            if servers:
                resolver.nameservers = [server.host for server in servers]
        except (dns.exception.DNSException, OSError) as exc:
            raise TaskError(f"No DNS server is configured on this machine ({exc}): set dns_servers.") from exc
        resolver.nameserver_ports = {server.host: server.port for server in servers if server.port}
        resolver.lifetime = timeout
        resolver.timeout = min(_SERVER_TIMEOUT, timeout / max(1, len(resolver.nameservers)))
        self.resolver = resolver
        self.timeout = timeout
        self.host = ", ".join(str(server) for server in resolver.nameservers)
        self.writes = 0

    def close(self) -> None:
        """Do nothing: no connection stays open."""

    def query(self, name: dns.name.Name, kind: str) -> QueryResult:
        """Query the C(A) or C(AAAA) records of an absolute name. No records is a valid result.

        Raises C(ResponseLost) if no server returned a usable response.
        """
        try:
            response = self._response(name, kind)
            chain = response.resolve_chaining()
        except (dns.exception.DNSException, OSError) as exc:
            raise ResponseLost(self._failures(exc), advice=_ADVICE) from exc
        records = [*chain.cnames, *([chain.answer] if chain.answer else [])]
        authoritative = bool(response.flags & dns.flags.AA)
        is_complete = bool(chain.answer) or _is_conclusive(response, chain.canonical_name)
        if not (is_complete or records):
            raise ResponseLost(f"{self.host} does not have the zone and does not forward the query", advice=_ADVICE)
        return QueryResult(
            addresses=tuple(sorted((data.address for data in chain.answer or ()), key=ipaddress.ip_address)),
            aliases=tuple(rrset[0].target.to_text(omit_final_dot=True) for rrset in chain.cnames),
            ttl=max((rrset.ttl for rrset in records), default=None),
            authoritative=authoritative,
            end_unknown=not is_complete,
        )

    def _response(self, name: dns.name.Name, kind: str) -> dns.message.QueryMessage:
        try:
            return self.resolver.resolve(name, kind, raise_on_no_answer=False).response
        except dns.resolver.NXDOMAIN as exc:
            responses: t.Mapping[dns.name.Name, dns.message.QueryMessage] = t.cast("t.Any", exc).responses()
            return responses[name]

    def _failures(self, exc: Exception) -> str:
        """The error of each attempt, without repetitions."""
        errors = getattr(exc, "kwargs", {}).get("errors") or ((self.host, False, 0, exc, None),)
        return "; ".join(dict.fromkeys(_failure(str(where), error) for where, _tcp, _port, error, _response in errors))


def _failure(where: str, error: object) -> str:
    # Before dnspython 2.4 this is the address, later it is Do53:address@port.
    server = where.removeprefix("Do53:").partition("@")[0]
    if isinstance(error, dns.exception.Timeout):
        return f"{server} did not respond in time"
    if isinstance(error, OSError):
        return f"{server}: {error.strerror or error}"
    return (
        f"{server} returned {error}" if isinstance(error, str) else f"{server} returned an unusable response: {error}"
    )


def _is_conclusive(response: dns.message.QueryMessage, end: dns.name.Name) -> bool:
    """Whether a response without addresses proves that the last name of the CNAME chain has none.

    A server without the zone and without recursion returns NXDOMAIN (Samba) or a referral (BIND), which proves nothing.
    The AA flag is about the queried name, not about the target of an alias. A negative response about the target
    contains the SOA of its zone (RFC 2308, 2).
    """
    if response.flags & dns.flags.RA or (response.flags & dns.flags.AA and response.question[0].name == end):
        return True
    return any(rrset.rdtype == dns.rdatatype.SOA and end.is_subdomain(rrset.name) for rrset in response.authority)
