# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions for rules that JMESPath does not have: joins, wildcards, versions, dates. Private; pure.

Names are compared case-insensitively, as in Windows and DNS. Null stays null, so that the rule is unknown.
"""

from __future__ import annotations

import datetime
import typing as t

from .._directory.distinguished_name import domain_of, is_same
from ..name_pattern import matches, meant
from .version_range import dotted

Row = dict[str, t.Any]


def along(rows: list[Row] | None, values: Row) -> list[Row] | None:
    """Each row with these values added, because a JMESPath projection cannot access the root."""
    return None if rows is None else [{**row, **values} for row in rows]


def related(rows: list[Row] | None, key: str, others: list[Row] | None, other_key: str, name: str) -> list[Row] | None:
    """Each row with C(name) added: the first of the others whose C(other_key) equals C(key), else null."""
    if rows is None:
        return None
    found: dict[str, Row] = {}
    for other in others or []:
        if (value := other.get(other_key)) is not None:
            found.setdefault(folded(value), other)
    return [{**row, name: None if row.get(key) is None else found.get(folded(row[key]))} for row in rows]


def grouped(rows: list[Row] | None, key: str) -> list[Row] | None:
    """The rows by their value of C(key), as C({key, rows}). Rows without a value are left out."""
    if rows is None:
        return None
    groups: dict[str, Row] = {}
    for row in rows:
        if (value := row.get(key)) is not None:
            groups.setdefault(folded(value), {"key": value, "rows": []})["rows"].append(row)
    return list(groups.values())


def matching(rows: list[Row] | None, key: str, patterns: list[str], exclude: list[str]) -> list[Row] | None:
    """The rows whose C(key) is meant by one of the names or wildcards and by none of C(exclude)."""
    if rows is None:
        return None
    names = [str(row.get(key)) for row in rows]
    wanted, unwanted = ({name for each in given for name in meant(str(each), names)} for given in (patterns, exclude))
    return [row for row, name in zip(rows, names, strict=True) if name in wanted - unwanted]


def like(value: t.Any, patterns: t.Iterable[str]) -> bool:
    """Whether a name is one of these, or matches one as a wildcard."""
    return any(matches(str(value), str(pattern)) for pattern in patterns)


def distinct(values: list[t.Any] | None) -> list[t.Any] | None:
    """The values, each once."""
    return None if values is None else list({folded(value): value for value in reversed(values)}.values())[::-1]


def among(value: t.Any, values: list[t.Any] | None) -> bool | None:
    """Whether the value is one of the others."""
    return None if value is None or values is None else folded(value) in {folded(each) for each in values}


def chosen(mapping: Row | None, key: t.Any) -> t.Any:
    """The value of a mapping for a key that is an expression; null if it has none."""
    if mapping is None or key is None:
        return None
    return next((value for name, value in mapping.items() if folded(name) == folded(key)), None)


def account_named(accounts: list[Row] | None, identity: str | None) -> Row | None:
    """The account with this distinguished name, name@domain, DOMAIN\\name or name, with or without $.

    A row with the same text in C(identity) is that account: the domain controller has found it by this text.
    """
    if accounts is None or identity is None:
        return None
    asked = [account for account in accounts if folded(account.get("identity")) == folded(identity)]
    return next(iter(asked), None) or next((each for each in accounts if _is_account(each, identity)), None)


def _is_account(account: Row, identity: str) -> bool:
    dn, principal = str(account.get("dn") or ""), account.get("user_principal_name")
    if "=" in identity:
        return is_same(dn, identity)
    if principal and folded(principal) == folded(identity):
        return True
    before, backslash, name = identity.rpartition("\\")
    if not backslash and "@" in identity:
        name, _at, before = identity.rpartition("@")
    domain = domain_of(dn)
    if before and folded(before) not in (domain, domain.partition(".")[0]):
        return False
    return folded(name).removesuffix("$") == folded(account.get("name") or "").removesuffix("$")


def arrays_in_use(arrays: list[Row] | None, servers: list[Row] | None, databases: list[Row] | None) -> list[Row] | None:
    """The CAS arrays, each with a sentence in C(left_over) if Exchange 2010 does not use it any more."""
    if arrays is None:
        return None
    old = [server for server in servers or () if server.get("generation") in (None, "2010")]
    names = {folded(database.get("rpc_client_access_server")) for database in databases or ()}

    def left_over(array: Row) -> str | None:
        if servers and not old:
            return "The CAS array is left over: the organization has no Exchange 2010 server."
        sites = {folded(server.get("site")) for server in old}
        is_used = databases is None or folded(array.get("fqdn")) in names
        if old and array.get("site") and not is_used and sites.isdisjoint({folded(array["site"]), folded(None)}):
            return "The CAS array is left over: its site has no Exchange 2010 server, and no database has its name."
        return None

    return [{**array, "left_over": left_over(array)} for array in arrays]


def at_version(found: str | None, wanted: str) -> bool | None:
    """Whether a build is this one or a later one."""
    versions = dotted(found or ""), dotted(wanted)
    return None if None in versions else versions[0] >= versions[1]  # type: ignore[operator]


def product(values: list[t.Any] | None) -> float | None:
    """The numbers multiplied; null if one is missing."""
    if not values or any(not isinstance(value, (int, float)) for value in values):
        return None
    result: float = 1
    for value in values:
        result *= value
    return result


def is_odd(value: float | None) -> bool | None:
    """Whether a number is odd."""
    return None if value is None else value % 2 == 1


def gigabits(value: float | None) -> str | None:
    """A speed in bit/s as text in Gbit/s."""
    return None if value is None else f"{value / 1e9:g} Gbit/s"


def exactly(name: str | None) -> str | None:
    """A name as a wildcard that matches only this name."""
    return None if name is None else "".join(f"[{each}]" if each in "*?[" else each for each in name)


def days_between(now: datetime.datetime, text: str | None) -> int | None:
    """Full days from now until a time in ISO 8601; negative for a time in the past."""
    if text is None:
        return None
    try:
        then = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return ((then if then.tzinfo else then.replace(tzinfo=datetime.UTC)) - now).days


def folded(value: t.Any) -> str:
    """A value as text for comparisons."""
    return str(value).casefold()
