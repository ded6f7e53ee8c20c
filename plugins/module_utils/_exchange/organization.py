# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Exchange organization of a forest and its accepted domains. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._directory.distinguished_name import name_of
from ..errors import TaskError
from .objects import Query

if t.TYPE_CHECKING:
    from .objects import ForestSession, Objects
    from .servers import Servers

_ACCEPTED_DOMAIN_TYPES = {0: "authoritative", 1: "external_relay", 2: "internal_relay"}
_DEFAULT = 4

ORGANIZATION = Query("(objectClass=msExchOrganizationContainer)")
ACCEPTED_DOMAINS = Query(
    "(objectClass=msExchAcceptedDomain)", ("msExchAcceptedDomainName", "msExchAcceptedDomainFlags")
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """The one Exchange organization of a forest; C(forest) is a DNS name."""

    name: str
    dn: str
    forest: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedDomain:
    """A mail domain; C(type) is how mail for unknown recipients is handled."""

    name: str
    type: str
    default: bool


def organization_of(objects: Objects, session: ForestSession) -> Organization:
    """The organization. Raises C(TaskError) if there is none."""
    # The containers of hosted tenants have a derived class and a longer name.
    found = min(objects.of("msExchOrganizationContainer"), key=lambda entry: len(entry.dn), default=None)
    if found is None:
        raise TaskError(
            f"The forest {session.forest} has no Exchange organization, or this account may not read it: "
            f"{session.host} returned none below CN=Services,{session.configuration_dn}."
        )
    return Organization(name=name_of(found.dn), dn=found.dn, forest=session.forest)


def accepted_domains_of(objects: Objects, _servers: Servers) -> tuple[AcceptedDomain, ...]:
    """The accepted domains, sorted by name. Source: C(AcceptedDomainFlags), two bits for the type, one for default."""
    domains = []
    for entry in objects.of("msExchAcceptedDomain"):
        flags = entry.number("msExchAcceptedDomainFlags") or 0
        domains.append(
            AcceptedDomain(
                name=entry.text("msExchAcceptedDomainName") or name_of(entry.dn),
                type=_ACCEPTED_DOMAIN_TYPES.get(flags & 3, f"unknown ({flags & 3})"),
                default=bool(flags & _DEFAULT),
            )
        )
    return tuple(sorted(domains, key=lambda domain: domain.name.casefold()))
