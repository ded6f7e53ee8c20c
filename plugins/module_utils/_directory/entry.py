# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directory objects as values, and the interface to search for them. Private to this collection; no I/O."""

from __future__ import annotations

import dataclasses
import re
import typing as t

_NUMBER = re.compile(r"-?[0-9]{1,20}")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A directory object: its distinguished name and the requested values.

    The attribute names in C(values) are in lower case: LDAP is case-insensitive, and servers return different case.
    """

    dn: str
    values: t.Mapping[str, tuple[bytes, ...]]

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of an attribute; empty if it is absent or may not be read."""
        return tuple(value.decode("utf-8", "replace") for value in self.values.get(name.lower(), ()))

    def text(self, name: str) -> str:
        """The first value of an attribute, or an empty string."""
        return next(iter(self.texts(name)), "")

    def number(self, name: str) -> int | None:
        """The value of an attribute that holds a number; C(None) if it is absent or is no number."""
        text = self.text(name)
        return int(text) if _NUMBER.fullmatch(text) else None

    def data(self, name: str) -> tuple[bytes, ...]:
        """The values of an attribute that holds octets."""
        return self.values.get(name.lower(), ())


class Searchable(t.Protocol):
    """Anything that can be searched, such as a session with a domain controller."""

    host: str

    def search(
        self,
        base: str,
        filter_: str,
        attributes: t.Sequence[str],
        *,
        scope: t.Literal["base", "one", "subtree"] = "subtree",
        operation: str,
    ) -> t.Iterator[Entry]:
        """Search below C(base) and yield the entries page by page.

        C(operation) names the purpose for error messages, such as "reading the Exchange servers". Raises
        C(ServerError); C(NoSuchObject) if C(base) does not exist.
        """
