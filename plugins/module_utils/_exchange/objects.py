# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of an Exchange organization, read by one LDAP search. Private to this collection.

All of them are below C(CN=Services) of the configuration partition: the organization below C(CN=Microsoft Exchange),
and the Autodiscover pointers to other forests below C(CN=Microsoft Exchange Autodiscover). Each part has an LDAP filter
and a list of attributes. One search reads all parts.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from .._directory.entry import Entry, Searchable


class ForestSession(Searchable, t.Protocol):
    """A searchable session with the names of its forest."""

    @property
    def configuration_dn(self) -> str:
        """The distinguished name of the configuration partition."""

    @property
    def forest(self) -> str:
        """The DNS name of the forest's root domain."""


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """The LDAP filter and the attributes for one part of the organization."""

    condition: str
    attributes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Objects:
    """The objects by object class, in lower case. An object is listed under each of its classes."""

    by_class: t.Mapping[str, t.Sequence[Entry]]

    def of(self, object_class: str) -> t.Sequence[Entry]:
        """The objects of a class and of its subclasses."""
        return self.by_class.get(object_class.casefold(), ())


def read_objects(session: ForestSession, queries: t.Iterable[Query]) -> Objects:
    """Read the objects of all queries with one paged search. Raises C(ServerError)."""
    wanted = tuple(queries)
    by_class: dict[str, list[Entry]] = collections.defaultdict(list)
    seen: set[str] = set()
    for entry in session.search(
        f"CN=Services,{session.configuration_dn}",
        f"(|{''.join(query.condition for query in wanted)})",
        sorted({"objectClass"}.union(*(query.attributes for query in wanted))),
        operation="reading the Exchange organization",
    ):
        if entry.dn in seen:  # an object that moves while pages are read can be in two of them
            continue
        seen.add(entry.dn)
        for object_class in entry.texts("objectClass"):
            by_class[object_class.casefold()].append(entry)
    return Objects(by_class)
