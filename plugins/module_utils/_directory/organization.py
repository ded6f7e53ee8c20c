# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a forest holds of an Exchange organization, by one search. Private to this collection.

Everything stands below C(CN=Services) of the configuration: the organization below C(CN=Microsoft Exchange), and the
pointers to the Autodiscover of other forests below C(CN=Microsoft Exchange Autodiscover). So a part of the organization
is a condition and the attributes that it needs, and all parts are asked for at once.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..errors import TaskError
from .distinguished_name import name_of
from .entry import Entry, Searchable

if t.TYPE_CHECKING:
    from .servers import Servers

_ACCEPTED_DOMAIN_TYPES = {0: "authoritative", 1: "external_relay", 2: "internal_relay"}
_DEFAULT = 4


class ForestSession(Searchable, t.Protocol):
    """A session that knows which forest it talks to."""

    @property
    def configuration_dn(self) -> str:
        """The distinguished name of the configuration."""

    @property
    def forest(self) -> str:
        """The DNS name of the forest's root domain."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sought:
    """A part of the organization: which objects they are, as an LDAP filter, and what to read of them."""

    condition: str
    attributes: tuple[str, ...] = ()


ORGANIZATION = Sought("(objectClass=msExchOrganizationContainer)")
ACCEPTED_DOMAINS = Sought(
    "(objectClass=msExchAcceptedDomain)", ("msExchAcceptedDomainName", "msExchAcceptedDomainFlags")
)


@dataclasses.dataclass(frozen=True, slots=True)
class Objects:
    """What was found, by object class in lower case; an object is listed under each of its classes."""

    by_class: t.Mapping[str, t.Sequence[Entry]]

    def of(self, object_class: str) -> t.Sequence[Entry]:
        """The objects of a class and of what derives from it."""
        return self.by_class.get(object_class.casefold(), ())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """The one Exchange organization of a forest; C(forest) is a DNS name."""

    name: str
    dn: str
    forest: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedDomain:
    """A mail domain; C(name) is the domain as it is accepted, C(type) what happens with mail for unknown recipients."""

    name: str
    type: str
    default: bool


def read_objects(session: ForestSession, parts: t.Iterable[Sought]) -> Objects:
    """The objects of all parts, by one paged search. Raises C(ServerError)."""
    sought = (ORGANIZATION, *parts)
    by_class: dict[str, list[Entry]] = collections.defaultdict(list)
    for entry in session.search(
        f"CN=Services,{session.configuration_dn}",
        f"(|{''.join(part.condition for part in sought)})",
        sorted({"objectClass"}.union(*(part.attributes for part in sought))),
        doing="reading the Exchange organization",
    ):
        for object_class in entry.texts("objectClass"):
            by_class[object_class.casefold()].append(entry)
    return Objects(by_class)


def organization_of(objects: Objects, session: ForestSession) -> Organization:
    """The organization. Raises C(TaskError) where there is none."""
    # The containers of hosted tenants derive from the same class and stand deeper.
    found = min(objects.of("msExchOrganizationContainer"), key=lambda entry: len(entry.dn), default=None)
    if found is None:
        raise TaskError(
            f"The forest {session.forest} has no Exchange organization, or this account may not see it: {session.host} "
            f"gave none below CN=Services,{session.configuration_dn}."
        )
    return Organization(name=name_of(found.dn), dn=found.dn, forest=session.forest)


def accepted_domains_of(objects: Objects, _servers: Servers) -> tuple[AcceptedDomain, ...]:
    """The accepted domains by name. Source: C(AcceptedDomainFlags), two bits for the type and one for the default."""
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
