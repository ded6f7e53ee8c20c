# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection assumes about the DNS servers of a zone. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._dns.update import NotVerified, TicketRefused
from .._dns.zone import NoAddress, NoZone
from ..errors import CredentialsRefused, ResponseLost, ServerError, TaskError, Unreachable
from .point import DOCUMENTED, Different, NotAllowed, Nothing, NotLookedAt

if t.TYPE_CHECKING:
    from .._dns.records import AddressRecords
    from .._dns.session import DnsServers
    from .._dns.zone import NameServer, Zone


@dataclasses.dataclass(slots=True)
class Names:
    """A session, the names of clients, and what was read of them before."""

    session: DnsServers
    names: tuple[str, ...]
    known: dict[str, Zone] = dataclasses.field(default_factory=dict)
    without_address: str = ""

    def servers(self) -> list[tuple[str, NameServer]]:
        """Each name with each server of its zone. Raises C(NotLookedAt) if the zones were not found before."""
        if not self.known:
            raise NotLookedAt("the DNS servers of the names were not found")
        return [(name, server) for name, zone in self.known.items() for server in zone.servers]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NameServerPoint:
    """One assumption about DNS servers, with the function that looks at it and returns what came."""

    id: str
    assumes: str
    source: str
    look: t.Callable[[Names], str]
    basis: str = DOCUMENTED


def _zones(names: Names) -> str:
    try:
        names.known = names.session.zones_of(names.names)
    except NoZone as exc:
        raise Different(exc.detail) from exc
    except NoAddress as exc:
        names.without_address = exc.detail
        return "found"
    except (ServerError, TaskError) as exc:
        raise NotLookedAt(str(exc)) from exc
    return ", ".join(sorted({zone.name for zone in names.known.values()}))


def _servers(names: Names) -> str:
    if names.without_address:
        raise Different(names.without_address)
    if names.session.servers_are_given:
        raise NotLookedAt("name_servers is set, so the NS records were not read")
    return f"{len({server.name for _name, server in names.servers()})} servers with addresses"


def _records(names: Names) -> str:
    answers = names.session.read(names.servers())
    for answer in answers.values():
        if isinstance(answer, (ResponseLost, Unreachable)):
            raise NotLookedAt(str(answer))
        if isinstance(answer, ServerError):
            raise Different(str(answer))
    found = [t.cast("AddressRecords", answer) for answer in answers.values()]
    if not any(one.addresses or one.alias for one in found):
        raise Nothing("the DNS servers have the zone, but no record of these names")
    without = [one for one in found if one.addresses and one.ttl is None]
    if without:
        raise Different("records without a TTL")
    return f"{len(found)} authoritative responses"


def _tickets(names: Names) -> str:
    servers = {server.name: server for _name, server in names.servers()}
    for server in servers.values():
        try:
            names.session.sign_in(server)
        except TicketRefused as exc:
            raise Different(f"{server}: {exc.detail}") from exc
        except CredentialsRefused as exc:
            raise NotAllowed(f"{server}: {exc.detail}") from exc
        except (ResponseLost, TaskError, Unreachable) as exc:
            if isinstance(exc.__cause__, NotVerified):
                raise Different(str(exc)) from exc
            raise NotLookedAt(str(exc)) from exc
    return f"{len(servers)} servers accepted a ticket"


POINTS = (
    NameServerPoint(
        id="dns.zone",
        assumes="The SOA record of the zone of a name is found, whatever the resolver is",
        source="RFC 1035",
        look=_zones,
    ),
    NameServerPoint(
        id="dns.servers",
        assumes="The NS records of the zone have all its DNS servers, and these have addresses",
        source="Microsoft, DNS zones in Active Directory",
        look=_servers,
    ),
    NameServerPoint(
        id="dns.records",
        assumes="Each DNS server of the zone returns the records of a name as an authority",
        source="RFC 1035",
        look=_records,
    ),
    NameServerPoint(
        id="dns.tickets",
        assumes="Each DNS server accepts a Kerberos ticket for its host name, and signs its response with it",
        source="RFC 3645; MS-GSSA",
        look=_tickets,
    ),
)
