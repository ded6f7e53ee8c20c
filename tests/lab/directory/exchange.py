# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key `exchange` of a directory: an Exchange organization."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..checks import EstateError, check_choice, check_keys
from ..exchange import settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..exchange.settings import Settings

ROLES = {"mailbox": 2, "client_access": 4, "unified_messaging": 16, "hub_transport": 32, "edge_transport": 64}
SERVICES = ("owa", "ecp", "ews", "oab", "activesync", "autodiscover", "powershell", "outlook_anywhere", "mapi")
_DOMAIN_TYPES = ("authoritative", "external_relay", "internal_relay")


@dataclass(frozen=True, slots=True)
class Service:
    """The settings of a virtual directory. None is the default of Exchange setup, an empty text is no value."""

    internal: str | None = None
    external: str | None = None
    authentication: int | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """An Exchange server. `scp` is the URL of its Autodiscover SCP, `scp_sites` are the sites in its keywords.

    One with an `address` has an endpoint for PowerShell there. `remote_registry` is whether other servers can read its
    registry.
    """

    name: str
    fqdn: str
    site: str
    roles: tuple[str, ...]
    version: tuple[int, int, int, int]
    services: Mapping[str, Service] = field(default_factory=dict)
    scp: str = ""
    scp_sites: tuple[str, ...] = ()
    address: str = ""
    remote_registry: bool = True


@dataclass(frozen=True, slots=True)
class Array:
    """A CAS array."""

    name: str
    fqdn: str
    site: str


@dataclass(frozen=True, slots=True)
class Database:
    """A mailbox database: the activation preference of its copies by server, and its RpcClientAccessServer."""

    name: str
    copies: Mapping[str, int]
    rpc_client_access: str
    legacy_name: str


@dataclass(frozen=True, slots=True)
class AvailabilityGroup:
    """A DAG."""

    name: str
    members: tuple[str, ...]
    witness: str = ""
    witness_directory: str = ""
    addresses: tuple[str, ...] = ()
    cross_site_rpc: bool = False
    datacenter_activation: bool = False


@dataclass(frozen=True, slots=True)
class Domain:
    """An accepted domain. `kind` is the index of its type in Exchange."""

    name: str
    kind: int
    default: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """The options of a certificate. `days` is the time from now to its end; it may be negative."""

    days: int = 1825
    self_signed: bool = True
    key_identifier: bool = True
    key: str = "rsa"
    subject: str = "Federation"


@dataclass(frozen=True, slots=True)
class FederationTrust:
    """A federation trust with the certificates of the organization."""

    name: str
    application: str
    current: Certificate | None
    previous: Certificate | None
    following: Certificate | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """An Exchange organization."""

    organization: str
    servers: tuple[Server, ...]
    arrays: tuple[Array, ...]
    databases: tuple[Database, ...]
    groups: tuple[AvailabilityGroup, ...]
    domains: tuple[Domain, ...]
    trusts: tuple[FederationTrust, ...]
    powershell: Settings | None = None


def _version(where: str, text: Any) -> tuple[int, int, int, int]:
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)\.(\d+)", str(text))
    if not found:
        raise EstateError(f"version of {where} is {text}, not four numbers with dots")
    major, minor, build, revision = map(int, found.groups())
    return major, minor, build, revision


def _service(where: str, data: Any) -> Service:
    if isinstance(data, str):
        return Service(data)
    body = check_keys(where, data, {"internal", "external", "authentication"}, set())
    return Service(body.get("internal"), body.get("external"), body.get("authentication"))


def _selected_servers(where: str, body: Mapping[str, Any], servers: Iterable[Server]) -> set[str]:
    """The servers of an entry: those in `servers`, those of `site`, or all."""
    known = {server.name: server for server in servers}
    named = set(body.get("servers", known))
    if unknown := sorted(named - set(known)):
        raise EstateError(f"{where} names the server {unknown[0]}, which is not in the estate file")
    return {name for name in named if body.get("site", known[name].site) == known[name].site}


def _servers(data: Mapping[str, Any], domain: str) -> tuple[Server, ...]:
    found: list[Server] = []
    for position, item in enumerate(data["servers"], 1):
        where = f"Exchange server {item.get('name', position) if isinstance(item, dict) else position}"
        body = check_keys(where, item, {"fqdn", "version", "address", "remote_registry"}, {"name", "site", "roles"})
        roles = tuple(check_choice(f"roles of {where}", role, tuple(ROLES)) for role in body["roles"])
        fqdn = body.get("fqdn", f"{body['name'].lower()}.{domain}")
        version = _version(where, body.get("version", data.get("version", "14.1.218.15")))
        scp = f"https://{fqdn}/autodiscover/autodiscover.xml" if "client_access" in roles else ""
        address = str(body.get("address", ""))
        if address and not ipaddress.ip_address(address).is_loopback:
            raise EstateError(f"{where} has the address {address}, which is not a loopback address")
        found.append(
            Server(
                body["name"], fqdn, body["site"], roles, version, {}, scp, (body["site"],) if scp else (), address,
                bool(body.get("remote_registry", True)),
            )
        )  # fmt: skip
    return tuple(found)


def _with_services(data: Mapping[str, Any], servers: tuple[Server, ...]) -> Iterator[Server]:
    """The servers with the values of `urls` and `autodiscover`. Later entries override earlier ones."""
    services: dict[str, dict[str, Service]] = {server.name: {} for server in servers}
    points: dict[str, tuple[str, tuple[str, ...]]] = {}
    for item in data.get("urls", ()):
        body = check_keys("an entry of urls", item, {"servers", "site", *SERVICES}, set())
        for name in _selected_servers("urls", body, servers):
            services[name] |= {key: _service(f"{key} of urls", body[key]) for key in SERVICES if key in body}
    for item in data.get("autodiscover", ()):
        body = check_keys("an entry of autodiscover", item, {"servers", "site", "sites"}, {"url"})
        for name in _selected_servers("autodiscover", body, servers):
            site = {server.name: server.site for server in servers}[name]
            points[name] = (body["url"], tuple(body.get("sites", (site,))))
    for server in servers:
        url, sites = points.get(server.name, (server.scp, server.scp_sites))
        is_client_access = "client_access" in server.roles
        yield replace(
            server,
            services=services[server.name],
            scp=url if is_client_access else "",
            scp_sites=sites if is_client_access else (),
        )


def _databases(data: Mapping[str, Any], servers: Iterable[Server], arrays: Iterable[Array]) -> Iterator[Database]:
    # The legacyExchangeDN of a CAS array ends in its FQDN, that of a server in its name.
    legacy_names = {server.name: server.name for server in servers} | {array.name: array.fqdn for array in arrays}
    known = {server.name for server in servers}
    for item in data.get("databases", ()):
        body = check_keys("a database", item, set(), {"name", "copies", "rpc_client_access"})
        where = f"database {body['name']}"
        copies = body["copies"]
        if not isinstance(copies, dict):
            copies = {name: preference for preference, name in enumerate(copies, 1)}
        if unknown := sorted(set(copies) - known):
            raise EstateError(f"{where} has a copy on {unknown[0]}, which is not in the estate file")
        endpoint = check_choice(f"rpc_client_access of {where}", body["rpc_client_access"], tuple(legacy_names))
        yield Database(body["name"], copies, endpoint, legacy_names[endpoint])


def _groups(data: Mapping[str, Any], servers: Iterable[Server]) -> Iterator[AvailabilityGroup]:
    optional = {"witness", "witness_directory", "addresses", "cross_site_rpc", "datacenter_activation"}
    known = {server.name for server in servers}
    for item in data.get("dags", ()):
        body = check_keys("a DAG", item, optional, {"name", "members"})
        if unknown := sorted(set(body["members"]) - known):
            raise EstateError(f"DAG {body['name']} has the member {unknown[0]}, which is not in the estate file")
        yield AvailabilityGroup(
            body["name"], tuple(body["members"]), body.get("witness", ""), body.get("witness_directory", ""),
            tuple(body.get("addresses", ())), bool(body.get("cross_site_rpc")), bool(body.get("datacenter_activation")),
        )  # fmt: skip


def _domains(data: Mapping[str, Any]) -> Iterator[Domain]:
    for item in data.get("accepted_domains", ()):
        body = check_keys("an accepted domain", item, {"type", "default"}, {"name"})
        kind = check_choice(f"type of {body['name']}", body.get("type", "authoritative"), _DOMAIN_TYPES)
        yield Domain(body["name"], _DOMAIN_TYPES.index(kind), bool(body.get("default", False)))


def _certificate(where: str, data: Any) -> Certificate | None:
    if data is None:
        return None
    body = check_keys(where, data, {"days", "self_signed", "key_identifier", "key", "subject"}, set())
    return Certificate(
        int(body.get("days", 1825)),
        bool(body.get("self_signed", True)),
        bool(body.get("key_identifier", True)),
        check_choice(f"key of {where}", body.get("key", "rsa"), ("rsa", "ec")),
        body.get("subject", "Federation"),
    )


def _trusts(data: Mapping[str, Any]) -> Iterator[FederationTrust]:
    for item in data.get("federation_trusts", ()):
        body = check_keys("a federation trust", item, {"application", "certificate", "previous", "next"}, {"name"})
        certificates = [
            _certificate(f"{key} of federation trust {body['name']}", body.get(key))
            for key in ("certificate", "previous", "next")
        ]
        yield FederationTrust(body["name"], body.get("application", ""), *certificates)


def parse(data: Any, domain: str, sites: Iterable[str], credentials: Mapping[str, str]) -> Exchange:
    """Check an organization. Raises EstateError with one sentence."""
    optional = {"version", "arrays", "databases", "dags", "urls", "autodiscover", "accepted_domains"}
    body = check_keys("exchange", data, optional | {"federation_trusts", "powershell"}, {"organization", "servers"})
    servers = _servers(body, domain)
    arrays = tuple(
        Array(**check_keys("an array", item, set(), {"name", "fqdn", "site"})) for item in body.get("arrays", ())
    )
    known = set(sites)
    for name, site in ((item.name, item.site) for group in (servers, arrays) for item in group):
        if site not in known:
            raise EstateError(f"{name} is in site {site}, which is not in the estate file")
    return Exchange(
        body["organization"], tuple(_with_services(body, servers)), arrays, tuple(_databases(body, servers, arrays)),
        tuple(_groups(body, servers)), tuple(_domains(body)), tuple(_trusts(body)),
        settings.parse(body.get("powershell", {}), domain, credentials),
    )  # fmt: skip
