# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the accounts of the forest that have service principal names. Private to this collection."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import sqlite3
import typing as t

from .account import PRINCIPAL_NAMES
from .ldap_errors import LDAP_IMPORT_ERROR
from .spn import Aliases, ServicePrincipalName, collisions, read_aliases

if t.TYPE_CHECKING:
    from .session import Directory

if LDAP_IMPORT_ERROR is None:
    from ldap.filter import escape_filter_chars

_NAMES_PER_SEARCH = 100
_DUPLICATES = """
    SELECT name, dn FROM seen
    WHERE name IN (SELECT name FROM seen GROUP BY name HAVING count(*) > 1) ORDER BY name, dn
"""
# The krbtgt account of every domain has this name by design. setspn ignores it, too.
_IN_EVERY_DOMAIN = "kadmin/changepw"


@dataclasses.dataclass(frozen=True, slots=True)
class Holder:
    """An account that has a service principal name, with the spelling that is stored on it."""

    dn: str
    spn: str


class Accounts(tuple[str, ...]):
    """The sorted distinguished names of the accounts that have a name."""

    __slots__ = ()

    def __str__(self) -> str:
        return " and ".join(self) or "none"

    def without(self, dn: str) -> Accounts:
        return Accounts(one for one in self if one != dn)


def read_host_aliases(session: Directory) -> Aliases:
    """Read the equivalent service classes of this forest. Raises C(ServerError)."""
    base = f"CN=Directory Service,CN=Windows NT,CN=Services,{session.configuration_dn}"
    operation = "reading the equivalent service classes"
    found = session.search(base, "(objectClass=*)", ["sPNMappings"], scope="base", operation=operation)
    return read_aliases(value for entry in found for value in entry.texts("sPNMappings"))


def find_holders(session: Directory, keys: t.Iterable[str]) -> dict[str, tuple[Holder, ...]]:
    """Find the accounts of the forest that have any of these names (in lower case). Raises C(ServerError).

    For the domain of the session, the domain controller is read instead of a global catalog on another server, which
    receives changes later.
    """
    keys = sorted(keys)
    found: dict[str, set[Holder]] = {key: set() for key in keys}
    operation = "searching the forest for the service principal names"
    for start in range(0, len(keys), _NAMES_PER_SEARCH):
        clauses = (f"({PRINCIPAL_NAMES}={escape_filter_chars(key)})" for key in keys[start : start + _NAMES_PER_SEARCH])
        filter_ = f"(|{''.join(clauses)})"
        entries = list(session.search_forest(filter_, [PRINCIPAL_NAMES], operation=operation))
        if not session.is_own_catalog:
            own = session.domain_dn.lower()
            entries = [entry for entry in entries if not _is_below(entry.dn, own)]
            entries += session.search(session.domain_dn, filter_, [PRINCIPAL_NAMES], operation=operation)
        for entry in entries:
            for spn in entry.texts(PRINCIPAL_NAMES):
                if spn.lower() in found:
                    found[spn.lower()].add(Holder(entry.dn, spn))
    return {key: tuple(sorted(holders, key=lambda one: one.dn.lower())) for key, holders in found.items()}


def colliding_names(
    names: t.Iterable[ServicePrincipalName], aliases: Aliases
) -> dict[str, tuple[ServicePrincipalName, ...]]:
    """The colliding names for each name, by its key. They must not be on another account."""
    return {name.key: collisions(name, aliases) for name in names}


def find_matching(session: Directory, patterns: t.Sequence[str]) -> list[Holder]:
    """Find the names in the forest that match one of the patterns. An asterisk matches any text."""
    split = [re.split(r"\*+", one) for one in patterns]  # LDAP filters do not allow two asterisks in a row
    shapes = [re.compile(".*".join(map(re.escape, parts)), re.IGNORECASE) for parts in split]
    clauses = ("*".join(map(escape_filter_chars, parts)) for parts in split)
    filter_ = f"(|{''.join(f'({PRINCIPAL_NAMES}={clause})' for clause in clauses)})"
    entries = session.search_forest(filter_, [PRINCIPAL_NAMES], operation=f"searching for {', '.join(patterns)}")
    found = [
        Holder(entry.dn, spn)
        for entry in entries
        for spn in entry.texts(PRINCIPAL_NAMES)
        if any(shape.fullmatch(spn) for shape in shapes)
    ]
    return sorted(found, key=lambda one: (one.spn.lower(), one.dn.lower()))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """The names that more than one account has, with the number of accounts and names that were read."""

    found: t.Mapping[str, tuple[str, ...]]
    accounts: int
    names: int


def find_duplicates(session: Directory) -> Duplicates:
    """Find all duplicates of the forest in one pass over its accounts. Raises C(ServerError).

    The names are stored in a temporary SQLite database on disk, so memory use does not grow with the forest.
    """
    filter_, operation = f"({PRINCIPAL_NAMES}=*)", "searching the forest for duplicates"
    with contextlib.closing(sqlite3.connect("")) as seen:
        seen.execute("CREATE TABLE seen (name TEXT, dn TEXT, PRIMARY KEY (name, dn)) WITHOUT ROWID")
        accounts = 0
        for entry in session.search_forest(filter_, [PRINCIPAL_NAMES], operation=operation):
            accounts += 1
            rows = ((spn.lower(), entry.dn) for spn in entry.texts(PRINCIPAL_NAMES) if spn.lower() != _IN_EVERY_DOMAIN)
            seen.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows)
        (names,) = seen.execute("SELECT count(*) FROM seen").fetchone()
        found: dict[str, tuple[str, ...]] = {}
        for name, dn in seen.execute(_DUPLICATES):
            found[name] = (*found.get(name, ()), dn)
    return Duplicates(found=found, accounts=accounts, names=names)


def _is_below(dn: str, domain: str) -> bool:
    """Whether an object is in the domain itself, not in a child domain, whose DN has one more DC part."""
    rest = dn.lower().removesuffix(domain)
    return rest != dn.lower() and ",dc=" not in f",{rest}"
