# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key `powershell` of an organization: who may connect to its endpoints, and with which limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..checks import EstateError, check_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ALL = "*"
# What the built-in role group may do: everything.
MANAGEMENT = "Organization Management"


@dataclass(frozen=True, slots=True)
class Account:
    """An account that may connect, with its management roles. `writes` are the servers in its write scope."""

    user: str
    password: str
    roles: tuple[str, ...]
    writes: tuple[str, ...] = (ALL,)


@dataclass(frozen=True, slots=True)
class Settings:
    """The endpoints of all servers. `roles` are, by name, the cmdlets with their parameters, or `*`."""

    accounts: tuple[Account, ...]
    roles: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    http: int = 80
    https: int = 443
    basic: bool = False
    shells: int = 18
    cmdlets: int = 0
    period: float = 5.0
    replication_seconds: float = 0.0
    distribution_seconds: float = 0.0


def parse(data: Any, domain: str, credentials: Mapping[str, str]) -> Settings:
    """Check the key. Raises EstateError with one sentence."""
    optional = {"accounts", "roles", "http", "https", "basic", "shells", "cmdlets", "period", "replication_seconds"}
    optional |= {"distribution_seconds"}
    body = check_keys("powershell", data, optional, set())
    roles = dict(_roles(body.get("roles", {})))
    administrator = {"user": f"Administrator@{domain}", "password": credentials["password"]}
    return Settings(
        tuple(_accounts(body.get("accounts", [administrator]), domain, roles)),
        roles,
        int(body.get("http", 80)),
        int(body.get("https", 443)),
        bool(body.get("basic", False)),
        int(body.get("shells", 18)),
        int(body.get("cmdlets", 0)),
        float(body.get("period", 5)),
        float(body.get("replication_seconds", 0)),
        float(body.get("distribution_seconds", 0)),
    )


def _roles(data: Any) -> Iterator[tuple[str, Mapping[str, tuple[str, ...]]]]:
    for name, cmdlets in check_keys("roles of powershell", data, set(data), set()).items():
        found = {}
        for cmdlet, parameters in check_keys(f"role {name}", cmdlets, set(cmdlets), set()).items():
            listed = [parameters] if isinstance(parameters, str) else list(parameters)
            found[str(cmdlet).lower()] = tuple(str(item).lower() for item in listed)
        yield str(name), found


def _accounts(items: Any, domain: str, roles: Mapping[str, Any]) -> Iterator[Account]:
    for item in items:
        body = check_keys("an account of powershell", item, {"roles", "writes"}, {"user", "password"})
        held = tuple(body.get("roles", (MANAGEMENT,)))
        if unknown := sorted(set(held) - {*roles, MANAGEMENT}):
            raise EstateError(f"account {body['user']} of powershell has the role {unknown[0]}, which is not defined")
        user = normalized(str(body["user"]), domain)
        yield Account(user, str(body["password"]), held, tuple(body.get("writes", (ALL,))))


def normalized(user: str, domain: str) -> str:
    """A user name as name@domain, in lower case."""
    _netbios, mark, name = user.rpartition("\\")
    plain = name if mark else user
    return (plain if "@" in plain else f"{plain}@{domain}").lower()
