# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that the servers of an Exchange organization publish. Private to this collection.

The input is the result of M(winha.cluster.exchange_info). Any part may be missing.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..name_list import listed, natural
from .address import Address, parse_address
from .build import Build, BuildError

Row = t.Mapping[str, t.Any]

# Each family needs its own alternate service account, because their Kerberos requirements differ.
FAMILIES = {"2010": ("2010",), "2013": ("2013", "2016", "2019", "SE")}
PARTS = (
    "servers", "client_access_arrays", "databases", "autodiscover", "virtual_directories", "accepted_domains",
)  # fmt: skip
# SCP is the service connection point. No client uses the URLs of the Autodiscover virtual directory.
SCP, AUTODISCOVER_DIRECTORY = "autodiscover", "autodiscover_directory"
SERVICES = {
    "owa": "OWA",
    "ecp": "ECP",
    "ews": "EWS",
    "oab": "OAB",
    "mapi": "MAPI",
    "outlook_anywhere": "Outlook Anywhere",
    SCP: "Autodiscover",
    "activesync": "ActiveSync",
    "powershell": "PowerShell",
    AUTODISCOVER_DIRECTORY: "the Autodiscover virtual directory",
}


_CLOUD_DOMAINS = (
    "outlook.com", "office365.com", "office.com", "onmicrosoft.com", "office365.us", "partner.outlook.cn", "outlook.de",
)  # fmt: skip


class ExchangeInputError(ValueError):
    """The input is not a result of C(exchange_info); the message is one sentence."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An Exchange server; C(family) is a key of C(FAMILIES), or empty."""

    name: str
    fqdn: str = ""
    site: str = ""
    generation: str = ""
    client_access: bool = False

    @property
    def family(self) -> str:
        return next((family for family, members in FAMILIES.items() if self.generation in members), "")

    def has_name(self, host: str) -> bool:
        """Whether C(host), in lower case, is the server's own name. Without an FQDN, its first label is compared."""
        if host == self.name.lower():
            return True
        return host == self.fqdn.lower() if self.fqdn else host.partition(".")[0] == self.name.lower()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PublishedAddress:
    """The address of one service on one server; C(negotiate) is whether it offers Negotiate, C(None) if unknown.

    C(sites) is the AutoDiscoverSiteScope of a service connection point.
    """

    server: Server
    service: str
    address: Address
    negotiate: bool | None = None
    sites: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        return self.address.host


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """A CAS array. It is for RPC only."""

    name: str
    site: str
    address: Address


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A mailbox database of Exchange 2010, with the site of its preferred copy."""

    name: str
    site: str
    endpoint: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PublishedNames:
    """All host names in the Exchange URLs of an organization.

    C(known) are the parts in the input. C(unknown) are the objects that could not be read, with the reason. C(unlisted)
    are servers that publish names but are not in the list of servers. C(without_uri) are servers whose service
    connection point has no URL. C(own_domains) are the domains of the organization, empty if they are not all known.
    """

    known: frozenset[str]
    unknown: tuple[tuple[str, str], ...]
    servers: tuple[Server, ...]
    internal: tuple[PublishedAddress, ...]
    external: tuple[PublishedAddress, ...]
    arrays: tuple[Array, ...]
    databases: tuple[Database, ...]
    domains: tuple[str, ...]
    unlisted: tuple[str, ...]
    without_uri: tuple[Server, ...]
    own_domains: tuple[str, ...] = ()

    def outside(self, host: str) -> str:
        """Why a host, in lower case, is not in this organization, as the rest of "it"; empty if it may be."""
        if self.own_domains and "." in host and not _is_below(host, self.own_domains):
            return f"is not below a domain of the organization ({listed(self.own_domains)})"
        return ""

    def owner(self, host: str) -> str:
        """The server with the own name C(host), or an empty string."""
        return next((server.name for server in self.servers if server.has_name(host)), "")

    def client_access(self, family: str) -> tuple[Server, ...]:
        """The servers of a family that clients use: those with the role, and those that publish a URL.

        PowerShell URLs are ignored, because every server has one.
        """
        publishing = {each.server.name for each in self.internal if each.service != "powershell"}
        return tuple(
            server
            for server in self.servers
            if server.family == family and (server.client_access or server.name in publishing)
        )


def foreign(host: str) -> str:
    """Why a host, in lower case, is in no organization with own servers, as the rest of "it"; empty if it may be."""
    if _is_below(host, ("localhost", "localhost.localdomain")):
        return "is the name of each machine for itself"
    return "is a name of Microsoft 365" if _is_below(host, _CLOUD_DOMAINS) else ""


def read_published_names(exchange: object) -> PublishedNames:
    """Read a result of C(exchange_info). Raises C(ExchangeInputError) if it has another format."""
    if not isinstance(exchange, t.Mapping) or not set(PARTS) & set(exchange):
        raise ExchangeInputError(
            f"the input is not what winha.cluster.exchange_info returns, a dictionary with {', '.join(PARTS)}"
        )
    rows = {part: _rows(exchange, part) for part in PARTS}
    servers = tuple(sorted(map(_server, rows["servers"]), key=lambda server: natural(server.name)))
    by_name = {name.lower(): server for server in servers for name in (server.fqdn, server.name) if name}
    published = [(row, by_name.get(_text(row, "server").lower())) for row in _publishing_rows(rows)]
    return PublishedNames(
        known=frozenset(part for part in PARTS if exchange.get(part) is not None),
        unknown=tuple((_text(row, "what"), _text(row, "why")) for row in _rows(exchange, "unknown")),
        servers=servers,
        internal=tuple(_addresses_of(published, "internal_url")),
        external=tuple(_addresses_of(published, "external_url")),
        arrays=tuple(sorted(map(_array, rows["client_access_arrays"]), key=lambda array: natural(array.name))),
        databases=tuple(_databases(rows["databases"], by_name)),
        domains=tuple(_text(row, "name").lower() for row in rows["accepted_domains"]),
        unlisted=tuple({_text(row, "server"): None for row, server in published if server is None and _has_url(row)}),
        without_uri=tuple(
            server for row, server in published if server and row["service"] == SCP and not _has_url(row)
        ),
        own_domains=_own_domains(exchange, rows["accepted_domains"], servers),
    )


def _own_domains(exchange: Row, accepted: t.Sequence[Row], servers: t.Iterable[Server]) -> tuple[str, ...]:
    """The accepted domains, with the domains of the servers and of the forest."""
    names = [_text(row, "name").lower().removeprefix("*.") for row in accepted]
    if not names or "*" in names:
        return ()
    organization = exchange.get("organization")
    forest = _text(organization, "forest") if isinstance(organization, t.Mapping) else ""
    names += [forest.lower(), *(server.fqdn.lower().partition(".")[2] for server in servers)]
    return tuple(sorted(set(names) - {""}, key=natural))


def _is_below(host: str, domains: t.Iterable[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _rows(exchange: Row, part: str) -> list[Row]:
    found = exchange.get(part)
    if found is None:
        return []
    if not isinstance(found, t.Sequence) or not all(isinstance(row, t.Mapping) for row in found):
        raise ExchangeInputError(f"{part} is not a list of dictionaries, which winha.cluster.exchange_info returns")
    return list(found)


def _text(row: Row, key: str) -> str:
    found = row.get(key)
    return "" if found is None else str(found).strip()


def _texts(row: Row, key: str) -> list[str]:
    found = row.get(key)
    return [str(value) for value in found] if isinstance(found, t.Sequence) and not isinstance(found, str) else []


def _server(row: Row) -> Server:
    generation, roles = _text(row, "generation"), _texts(row, "roles")
    if not generation:
        try:
            generation = Build.parse(_text(row, "build")).generation
        except BuildError:
            generation = ""
    has_combined_role = generation in FAMILIES["2013"][1:] and "mailbox" in roles  # one role since 2016
    name, fqdn = _text(row, "name"), _text(row, "fqdn").removesuffix(".")
    return Server(
        name=name or fqdn.partition(".")[0],
        fqdn=fqdn,
        site=_text(row, "site"),
        generation=generation,
        client_access="client_access" in roles or has_combined_role,
    )


def _array(row: Row) -> Array:
    return Array(name=_text(row, "name"), site=_text(row, "site"), address=parse_address(_text(row, "fqdn")))


def _publishing_rows(rows: t.Mapping[str, list[Row]]) -> t.Iterator[Row]:
    """Convert service connection points and virtual directories to one format."""
    for row in rows["autodiscover"]:
        if _text(row, "kind") != "pointer":
            server = _text(row, "server") or _text(row, "name")  # the object has the name of its server
            url = _text(row, "url") or _text(row, "host")
            yield {"server": server, "service": SCP, "internal_url": url, "sites": row.get("sites")}
    for row in rows["virtual_directories"]:
        service = _text(row, "service")
        yield {**row, "service": AUTODISCOVER_DIRECTORY if service == SCP else service}


def _has_url(row: Row) -> bool:
    return bool(_text(row, "internal_url") or _text(row, "external_url"))


def _addresses_of(published: list[tuple[Row, Server | None]], key: str) -> t.Iterator[PublishedAddress]:
    for row, server in published:
        if server is not None and _text(row, key):
            yield PublishedAddress(
                server=server,
                service=_text(row, "service"),
                address=parse_address(_text(row, key)),
                negotiate=row.get("negotiate"),
                sites=tuple(_texts(row, "sites")) if row.get("sites") is not None else (server.site,),
            )


def _databases(rows: list[Row], servers: t.Mapping[str, Server]) -> t.Iterator[Database]:
    for row in rows:
        copies = [copy for copy in row.get("copies") or () if isinstance(copy, t.Mapping)]
        copies.sort(key=_preference)
        holders = [*(_text(copy, "server") for copy in copies), _text(row, "master")]
        preferred = next((servers[name.lower()] for name in holders if name.lower() in servers), None)
        generation = _text(row, "generation") or (preferred.generation if preferred else "")
        used = generation == "2010" and not row.get("recovery")  # later generations ignore the endpoint
        if used and _text(row, "rpc_client_access_server"):
            yield Database(
                name=_text(row, "name"),
                site=_text(row, "preferred_site") or (preferred.site if preferred else ""),
                endpoint=_text(row, "rpc_client_access_server").lower().removesuffix("."),
            )


def _preference(copy: Row) -> tuple[bool, int]:
    found = copy.get("activation_preference")
    return (False, found) if isinstance(found, int) else (True, 0)
