# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the parts of distinguished names. Private to this collection."""

from __future__ import annotations

import contextlib
import re

with contextlib.suppress(ImportError):  # without python-ldap no session opens, so nothing here is called
    import ldap.dn

DnKey = tuple[tuple[tuple[str, str], ...], ...]


def name_of(dn: str) -> str:
    """The value of the first part, unescaped: C(Main, West) for C(CN=Main\\, West,CN=Sites,DC=example)."""
    parts = _parts(dn) if dn else []
    return str(parts[0][0][1]) if parts else ""


def dn_key(dn: str) -> DnKey:
    """A key that is equal for equal names, starting with the object itself: C([1:]) is the key of its parent."""
    return tuple(
        tuple((attribute.casefold(), value.casefold()) for attribute, value, _flags in part) for part in _parts(dn)
    )


def _parts(dn: str) -> list[list[tuple[str, str, int]]]:
    """The parts of a name. A text that is no distinguished name is one part without an attribute."""
    try:
        found: list[list[tuple[str, str, int]]] = ldap.dn.str2dn(dn)
    except (ldap.LDAPError, ValueError):
        return [[("", dn, 0)]]
    return found


def is_same(dn: str, other: str) -> bool:
    """Whether two names differ only in case and in spaces around their separators. It needs no library."""
    return _plain(dn) == _plain(other)


def _plain(dn: str) -> list[str]:
    parts = re.split(r"(?<!\\)[,;+]", dn.casefold())
    return ["=".join(side.strip() for side in part.split("=", 1)) for part in parts]


def domain_of(dn: str) -> str:
    """The DNS name of the domain of an object: C(corp.example) for C(CN=Users,DC=corp,DC=example)."""
    parts = (part.partition("=") for part in _plain(dn))
    return ".".join(value for name, _equals, value in parts if name == "dc")
