# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the key `directory` of an estate file says: a domain, its sites and its accounts."""

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
    """A site of Active Directory and the subnets that belong to it."""

    name: str
    subnets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """A user or a computer. `name` is the sAMAccountName; that of a computer ends in $.

    Who is in `spn_writers` may write any SPN to it, which is more than the validated write allows.
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
        """The name of the object."""
        return self.name.removesuffix("$")


@dataclass(frozen=True, slots=True)
class DnsName:
    """A name in the zone of the domain, by its first labels; `ttl` in seconds."""

    name: str
    addresses: tuple[str, ...] = ()
    alias: str = ""
    ttl: int = 3600


@dataclass(frozen=True, slots=True)
class Directory:
    """A domain with one controller. `told` is the description as it stands in the file."""

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

    @property
    def realm(self) -> str:
        """The Kerberos realm."""
        return self.domain.upper()

    @property
    def fqdn(self) -> str:
        """The DNS name of the controller."""
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


def _encryption(where: str, given: Any) -> int | None:
    if given is None or isinstance(given, int):
        return given
    names = [check_choice(f"encryption_types of {where}", str(name), tuple(_ENCRYPTION)) for name in given]
    return sum(_ENCRYPTION[name] for name in names)


def _spns(given: Any, **words: Any) -> tuple[str, ...]:
    return tuple(str(spn).format(**words) if words else str(spn) for spn in given)


def _accounts(listed: Sequence[Any]) -> Iterator[Account]:
    optional = {"password", "upn", "spns", "encryption_types", "description", "container", "dns_name", "disabled"}
    optional |= {"spn_writers"}
    for position, data in enumerate(listed):
        named = data.get("name", position + 1) if isinstance(data, dict) else position + 1
        where = f"account {named}"
        body = check_keys(where, data, optional | {"kind", "count"}, {"name"})
        kind = check_choice(f"kind of {where}", body.get("kind", "user"), ("user", "computer"))
        encryption = _encryption(where, body.get("encryption_types"))
        for number in range(1, int(body.get("count", 1)) + 1):
            words: dict[str, Any] = {"number": number} if "count" in body else {}
            name = str(body["name"]).format(**words) if words else str(body["name"])
            dns_name = body.get("dns_name")
            words |= {"name": name.removesuffix("$")} if words else {}
            yield Account(
                name if kind == "user" or name.endswith("$") else f"{name}$",
                kind,
                body.get("password"),
                str(body["upn"]).format(**words) if "upn" in body else None,
                _spns(body.get("spns", ()), **words),
                encryption,
                body.get("description"),
                body.get("container", "CN=Users" if kind == "user" else "CN=Computers"),
                str(dns_name).format(**words) if dns_name else None,
                bool(body.get("disabled", False)),
                tuple(body.get("spn_writers", ())),
            )


def _sites(listed: Sequence[Any]) -> Iterator[Site]:
    for position, data in enumerate(listed):
        body = check_keys(f"site {position + 1} of the directory", data, {"subnets"}, {"name"})
        yield Site(body["name"], tuple(str(ipaddress.ip_network(subnet)) for subnet in body.get("subnets", ())))


def _dns(listed: Sequence[Any]) -> Iterator[DnsName]:
    for position, data in enumerate(listed):
        where = f"DNS name {position + 1}"
        body = check_keys(where, data, {"addresses", "alias", "ttl"}, {"name"})
        addresses = tuple(str(ipaddress.ip_address(address)) for address in body.get("addresses", ()))
        yield DnsName(str(body["name"]), addresses, body.get("alias", ""), int(body.get("ttl", 3600)))


def _loopback(where: str, given: Any) -> str:
    address = ipaddress.ip_address(str(given))
    if not address.is_loopback:
        raise EstateError(f"{where} has the address {address}, which is not a loopback address")
    return str(address)


def parse(data: Any, credentials: Mapping[str, str]) -> Directory:
    """Understand the description of a domain, or raise EstateError with one sentence about what is wrong."""
    optional = {"netbios", "relay", "server", "password", "certificate", "sites", "accounts", "dns", "exchange"}
    body = check_keys("the directory", data, optional, {"domain", "address"})
    address = _loopback("the directory", body["address"])
    accounts = tuple(_accounts(body.get("accounts", ())))
    names = [account.name.lower() for account in accounts]
    if len(set(names)) < len(names):
        double = collections.Counter(names).most_common(1)[0][0]
        raise EstateError(f"two accounts have the name {double}")
    described = set(names)
    for account in accounts:
        if stray := sorted({writer.lower() for writer in account.spn_writers} - described):
            raise EstateError(f"account {account.name} has the SPN writer {stray[0]}, which is not described")
    domain = str(body["domain"]).lower()
    sites = tuple(_sites(body.get("sites", ())))
    known = ("Default-First-Site-Name", *(site.name for site in sites))
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
        exchange.parse(body["exchange"], domain, known) if "exchange" in body else None,
        body,
    )
