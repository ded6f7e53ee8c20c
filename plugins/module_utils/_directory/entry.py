# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a directory holds, as values, and how to ask for it. Private to this collection; knows no socket."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """An object of the directory: its distinguished name, and the values that were asked for.

    C(values) has the names of attributes in lower case: LDAP does not distinguish case, and servers differ in it.
    """

    dn: str
    values: t.Mapping[str, tuple[bytes, ...]]

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of an attribute; none if it is absent or may not be read."""
        return tuple(value.decode("utf-8", "replace") for value in self.values.get(name.lower(), ()))

    def text(self, name: str) -> str:
        """The first value of an attribute, or nothing."""
        return next(iter(self.texts(name)), "")

    def number(self, name: str) -> int | None:
        """The value of an attribute that holds a number."""
        text = self.text(name)
        return int(text) if text else None

    def data(self, name: str) -> tuple[bytes, ...]:
        """The values of an attribute that holds octets."""
        return self.values.get(name.lower(), ())


class Searchable(t.Protocol):
    """What can be asked: a session with a domain controller, or anything that answers like one."""

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
        """The entries below C(base), page by page as they come.

        C(operation) says in the operator's words what for, for the sentence of an error: "reading the Exchange servers".
        Raises C(ServerError); C(NoSuchObject) when C(base) is not there.
        """
