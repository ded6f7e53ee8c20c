# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One question to DNS, and what its answer is worth. Private to this collection."""

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

_SERVER_TIMEOUT = 2.0  # seconds for one server before the next is asked, or the same one again
_ADVICE = "check the DNS servers, and that they have this zone or may ask others"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """What one question was answered.

    C(ttl) is in seconds, the largest of the answer's records, and C(None) without any. C(aliases) are the names that
    the question was led to, in that order. With a C(end_unknown) nobody looked whether the last of them has addresses.
    """

    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    authoritative: bool
    end_unknown: bool = False


class Lookup:
    """Asks DNS servers from this machine, by default its own. C(timeout) is in seconds, for each question.

    Raises C(TaskError) when there is no library for it here, or no server.
    """

    def __init__(self, servers: t.Sequence[Server], *, timeout: float) -> None:
        if DNS_IMPORT_ERROR is not None:
            raise TaskError(
                f"The Python library dnspython, which asks DNS servers, is missing here ({DNS_IMPORT_ERROR}): pip "
                "install dnspython."
            ) from DNS_IMPORT_ERROR
        try:
            resolver = dns.resolver.Resolver(configure=not servers)
            if servers:
                resolver.nameservers = [server.host for server in servers]
        except (dns.exception.DNSException, OSError) as exc:
            raise TaskError(f"This machine knows no DNS server ({exc}): give dns_servers.") from exc
        resolver.nameserver_ports = {server.host: server.port for server in servers if server.port}
        resolver.lifetime = timeout
        resolver.timeout = min(_SERVER_TIMEOUT, timeout / max(1, len(resolver.nameservers)))
        self._resolver = resolver
        self.timeout = timeout
        self.host = ", ".join(str(server) for server in resolver.nameservers)
        self.writes = 0

    def close(self) -> None:
        """Nothing is kept open."""

    def ask(self, name: dns.name.Name, kind: str) -> QueryResult:
        """The addresses that an absolute name has, of the kind C(A) or C(AAAA); that it has none is an answer, too.

        Raises C(ResponseLost) when no server knew.
        """
        try:
            response = self._response(name, kind)
            chain = response.resolve_chaining()
        except (dns.exception.DNSException, OSError) as exc:
            raise ResponseLost(self._failures(exc), advice=_ADVICE) from exc
        records = [*chain.cnames, *([chain.answer] if chain.answer else [])]
        authoritative = bool(response.flags & dns.flags.AA)
        settled = bool(chain.answer) or _is_conclusive(response, chain.canonical_name)
        if not (settled or records):
            raise ResponseLost(
                f"its zone is not on {self.host}, and no other server is asked from there", advice=_ADVICE
            )
        return QueryResult(
            addresses=tuple(sorted((data.address for data in chain.answer or ()), key=ipaddress.ip_address)),
            aliases=tuple(rrset[0].target.to_text(omit_final_dot=True) for rrset in chain.cnames),
            ttl=max((rrset.ttl for rrset in records), default=None),
            authoritative=authoritative,
            end_unknown=not settled,
        )

    def _response(self, name: dns.name.Name, kind: str) -> dns.message.QueryMessage:
        try:
            return self._resolver.resolve(name, kind, raise_on_no_answer=False).response
        except dns.resolver.NXDOMAIN as exc:
            responses: t.Mapping[dns.name.Name, dns.message.QueryMessage] = t.cast("t.Any", exc).responses()
            return responses[name]

    def _failures(self, exc: Exception) -> str:
        """What became of each try, each said once."""
        tries = getattr(exc, "kwargs", {}).get("errors") or ((self.host, False, 0, exc, None),)
        return "; ".join(dict.fromkeys(_failure(str(where), what) for where, _tcp, _port, what, _response in tries))


def _failure(where: str, what: object) -> str:
    # dnspython before 2.4 gives the address, later ones Do53:address@port.
    server = where.removeprefix("Do53:").partition("@")[0]
    if isinstance(what, dns.exception.Timeout):
        return f"{server} did not answer in time"
    if isinstance(what, OSError):
        return f"{server}: {what.strerror or what}"
    return f"{server} answered {what}" if isinstance(what, str) else f"the answer of {server} is of no use: {what}"


def _is_conclusive(response: dns.message.QueryMessage, end: dns.name.Name) -> bool:
    """Whether an answer without addresses proves that the name at its end has none.

    A server that neither has the zone nor asks others says NXDOMAIN (Samba) or names other servers (BIND), and knows
    nothing. What has the zone says so of the name that was asked for, not of the end of an alias; but the SOA of the
    zone comes along with what is known not to be (RFC 2308, 2).
    """
    if response.flags & dns.flags.RA or (response.flags & dns.flags.AA and response.question[0].name == end):
        return True
    return any(rrset.rdtype == dns.rdatatype.SOA and end.is_subdomain(rrset.name) for rrset in response.authority)
