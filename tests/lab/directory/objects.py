# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""LDIF of the sites, containers and accounts of a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import dns_zone, exchange_objects
from .ldif import change, entry
from .names import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .description import Account, Directory

_NORMAL, _WORKSTATION, _DISABLED, _NO_PASSWORD, _NEVER_EXPIRES = 0x200, 0x1000, 0x2, 0x20, 0x10000


def account_dn(directory: Directory, account: Account) -> str:
    """The distinguished name of an account."""
    return f"CN={escaped(account.common_name)},{account.container},{directory.base_dn}"


def _flags(account: Account) -> int:
    flags = _NORMAL if account.kind == "user" else _WORKSTATION
    flags |= _NEVER_EXPIRES if account.password and account.kind == "user" else 0
    return flags | (0 if account.password else _NO_PASSWORD) | (_DISABLED if account.disabled else 0)


def _account(directory: Directory, account: Account, spns: list[str]) -> str:
    return entry(
        account_dn(directory, account),
        {
            "objectClass": account.kind,
            "sAMAccountName": account.name,
            "userAccountControl": _flags(account),
            "userPrincipalName": account.upn,
            "clearTextPassword": account.password.encode("utf-16-le") if account.password else None,
            "servicePrincipalName": spns,
            "msDS-SupportedEncryptionTypes": account.encryption_types,
            "description": account.description,
            "dNSHostName": account.dns_name,
        },
    )


def _all_accounts(directory: Directory) -> list[Account]:
    """The accounts of the description, and the computer accounts of the other Exchange servers."""
    names = {account.name.lower() for account in directory.accounts}
    servers = exchange_objects.accounts(directory.exchange) if directory.exchange else ()
    return [*directory.accounts, *(account for account in servers if account.name.lower() not in names)]


def _containers(directory: Directory) -> Iterator[str]:
    created: set[str] = set()
    for account in directory.accounts:
        parts = account.container.split(",")
        for start in range(len(parts) - 1, -1, -1):
            container = ",".join(parts[start:])
            if parts[start].upper().startswith("OU=") and container.lower() not in created:
                created.add(container.lower())
                yield entry(f"{container},{directory.base_dn}", {"objectClass": "organizationalUnit"})


def _sites(directory: Directory) -> Iterator[str]:
    sites = f"CN=Sites,{directory.configuration_dn}"
    for site in directory.sites:
        dn = f"CN={escaped(site.name)},{sites}"
        yield entry(dn, {"objectClass": "site"})
        yield entry(f"CN=NTDS Site Settings,{dn}", {"objectClass": "nTDSSiteSettings"})
        yield entry(f"CN=Servers,{dn}", {"objectClass": "serversContainer"})
        for subnet in site.subnets:
            yield entry(f"CN={subnet},CN=Subnets,{sites}", {"objectClass": "subnet", "siteObject": dn})


def _unique_and_duplicate_spns(directory: Directory) -> Iterator[tuple[Account, list[str], list[str]]]:
    """Each account with its SPNs that are unique, and those that another account has already."""
    holders: dict[str, str] = {}
    for account in _all_accounts(directory):
        unique: list[str] = []
        refused: list[str] = []
        for spn in account.spns:
            (unique if holders.setdefault(spn.lower(), account.name) == account.name else refused).append(spn)
        yield account, unique, refused


def objects(directory: Directory) -> Iterator[str]:
    """LDIF of all objects that are added with the checks of Samba."""
    yield from _sites(directory)
    yield from _containers(directory)
    yield from dns_zone.objects(directory)
    yield from exchange_objects.objects(directory)
    for account, unique, _duplicates in _unique_and_duplicate_spns(directory):
        yield _account(directory, account, unique)


def duplicates(directory: Directory) -> Iterator[str]:
    """LDIF of the duplicate SPNs. A domain controller refuses them; they come from older versions or replication."""
    for account, _unique, refused in _unique_and_duplicate_spns(directory):
        if refused:
            yield change(account_dn(directory, account), "add", {"servicePrincipalName": refused})
