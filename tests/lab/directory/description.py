# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key `directory` of an estate file: a domain, its sites, accounts and DNS names."""

from __future__ import annotations

import collections
import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..checks import EstateError, check_choice, check_keys
from . import exchange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CERTIFICATES = ("good", "other_ca", "wrong_name", "expired")
_ENCRYPTION = {"des_cbc_crc": 1, "des_cbc_md5": 2, "rc4": 4, "aes128": 8, "aes256": 16}


@dataclass(frozen=True, slots=True)
class Site:
    """A site of Active Directory with its subnets."""

    name: str
    subnets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """A user or computer account. `name` is the sAMAccountName. For a computer it ends in $.

    The accounts in `spn_writers` may write any SPN to this account. A validated write allows less.
    """

    name: str
    kind: str
    password: str | None = None
    upn: str | None = None
    spns: tuple[str, ...] = ()
    encryption_types: int | None = None
    description: str | None = None
    container: str = ""
    dns_name: str | None = None
    disabled: bool = False
    spn_writers: tuple[str, ...] = ()

    @property
    def common_name(self) -> str:
        """The common name of the object."""
        return self.name.removesuffix("$")


@dataclass(frozen=True, slots=True)
class DnsName:
    """A DNS name in the zone of the domain. `name` is relative to the zone, `ttl` is in seconds."""

    name: str
    addresses: tuple[str, ...] = ()
    alias: str = ""
    ttl: int = 3600


@dataclass(frozen=True, slots=True)
class Directory:
    """A domain with one domain controller. `source` is the description in the estate file.

    A `simulated` one has no domain controller: only the endpoints of its Exchange servers run.
    """

    domain: str
    netbios: str
    address: str
    relay: str
    server: str
    password: str
    certificate: str
    sites: tuple[Site, ...]
    accounts: tuple[Account, ...]
    dns: tuple[DnsName, ...]
    exchange: exchange.Exchange | None
    source: Mapping[str, Any] = field(repr=False)
    simulated: bool = False

    @property
    def realm(self) -> str:
        """The Kerberos realm."""
        return self.domain.upper()

    @property
    def fqdn(self) -> str:
        """The DNS name of the domain controller."""
        return f"{self.server}.{self.domain}"

    @property
    def base_dn(self) -> str:
        """The distinguished name of the domain."""
        return ",".join(f"DC={label}" for label in self.domain.split("."))

    @property
    def configuration_dn(self) -> str:
        """The distinguished name of the configuration partition."""
        return f"CN=Configuration,{self.base_dn}"

    @property
    def schema_dn(self) -> str:
        """The distinguished name of the schema partition."""
        return f"CN=Schema,{self.configuration_dn}"


def _encryption(where: str, value: Any) -> int | None:
    if value is None or isinstance(value, int):
        return value
    names = [check_choice(f"encryption_types of {where}", str(name), tuple(_ENCRYPTION)) for name in value]
    return sum(_ENCRYPTION[name] for name in names)


def _spns(value: Any, **values: Any) -> tuple[str, ...]:
    return tuple(str(spn).format(**values) if values else str(spn) for spn in value)


def _accounts(items: Sequence[Any]) -> Iterator[Account]:
    optional = {"password", "upn", "spns", "encryption_types", "description", "container", "dns_name", "disabled"}
    optional |= {"spn_writers"}
    for position, data in enumerate(items):
        account_name = data.get("name", position + 1) if isinstance(data, dict) else position + 1
        where = f"account {account_name}"
        body = check_keys(where, data, optional | {"kind", "count"}, {"name"})
        kind = check_choice(f"kind of {where}", body.get("kind", "user"), ("user", "computer"))
        encryption = _encryption(where, body.get("encryption_types"))
        for number in range(1, int(body.get("count", 1)) + 1):
            values: dict[str, Any] = {"number": number} if "count" in body else {}
            name = str(body["name"]).format(**values) if values else str(body["name"])
            dns_name = body.get("dns_name")
            values |= {"name": name.removesuffix("$")} if values else {}
            yield Account(
                name if kind == "user" or name.endswith("$") else f"{name}$",
                kind,
                body.get("password"),
                str(body["upn"]).format(**values) if "upn" in body else None,
                _spns(body.get("spns", ()), **values),
                encryption,
                body.get("description"),
                body.get("container", "CN=Users" if kind == "user" else "CN=Computers"),
                str(dns_name).format(**values) if dns_name else None,
                bool(body.get("disabled", False)),
                tuple(body.get("spn_writers", ())),
            )


def _sites(items: Sequence[Any]) -> Iterator[Site]:
    for position, data in enumerate(items):
        body = check_keys(f"site {position + 1} of the directory", data, {"subnets"}, {"name"})
        yield Site(body["name"], tuple(str(ipaddress.ip_network(subnet)) for subnet in body.get("subnets", ())))


def _dns(items: Sequence[Any]) -> Iterator[DnsName]:
    for position, data in enumerate(items):
        where = f"DNS name {position + 1}"
        body = check_keys(where, data, {"addresses", "alias", "ttl"}, {"name"})
        addresses = tuple(str(ipaddress.ip_address(address)) for address in body.get("addresses", ()))
        yield DnsName(str(body["name"]), addresses, body.get("alias", ""), int(body.get("ttl", 3600)))


def _loopback(where: str, value: Any) -> str:
    address = ipaddress.ip_address(str(value))
    if not address.is_loopback:
        raise EstateError(f"{where} has the address {address}, which is not a loopback address")
    return str(address)


def parse(data: Any, credentials: Mapping[str, str]) -> Directory:
    """Check the description of a domain. Raises EstateError with one sentence."""
    optional = {"netbios", "relay", "server", "password", "certificate", "sites", "accounts", "dns", "exchange"}
    optional |= {"simulated"}
    body = check_keys("the directory", data, optional, {"domain", "address"})
    address = _loopback("the directory", body["address"])
    accounts = tuple(_accounts(body.get("accounts", ())))
    names = [account.name.lower() for account in accounts]
    if len(set(names)) < len(names):
        duplicate = collections.Counter(names).most_common(1)[0][0]
        raise EstateError(f"two accounts have the name {duplicate}")
    existing = set(names)
    for account in accounts:
        if unknown := sorted({writer.lower() for writer in account.spn_writers} - existing):
            raise EstateError(
                f"account {account.name} has the SPN writer {unknown[0]}, which is not in the estate file"
            )
    domain = str(body["domain"]).lower()
    sites = tuple(_sites(body.get("sites", ())))
    site_names = ("Default-First-Site-Name", *(site.name for site in sites))
    return Directory(
        domain,
        str(body.get("netbios", domain.partition(".")[0])).upper(),
        address,
        _loopback("the relay of the directory", body.get("relay", ipaddress.ip_address(address) + 1)),
        str(body.get("server", "dc01")).lower(),
        str(body.get("password", credentials["password"])),
        check_choice("certificate of the directory", body.get("certificate", "good"), CERTIFICATES),
        sites,
        accounts,
        tuple(_dns(body.get("dns", ()))),
        exchange.parse(body["exchange"], domain, site_names, credentials) if "exchange" in body else None,
        body,
        bool(body.get("simulated", False)),
    )
