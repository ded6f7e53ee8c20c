# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""LDIF (RFC 2849): the input and output of the ldb programs."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

Value = str | bytes | int
Values = Value | Iterable[Value] | None


def _line(name: str, value: Value) -> str:
    data = value if isinstance(value, bytes) else str(value).encode()
    safe = data.isascii() and data.decode("ascii").isprintable() and data[:1] not in (b" ", b":", b"<", b"")
    if safe and not data.endswith(b" "):
        return f"{name}: {data.decode()}\n"
    return f"{name}:: {base64.b64encode(data).decode()}\n"


def _value_list(values: Values) -> list[Value]:
    if values is None:
        return []
    return [values] if isinstance(values, str | bytes | int) else list(values)


def entry(dn: str, attributes: Mapping[str, Values]) -> str:
    """An object to add. None and empty lists are left out."""
    lines = [_line(name, value) for name, values in attributes.items() for value in _value_list(values)]
    return "".join((_line("dn", dn), *lines, "\n"))


def addition(dn: str, attributes: Mapping[str, Values]) -> str:
    """An object to add, in a file with modifications."""
    first, _newline, rest = entry(dn, attributes).partition("\n")
    return f"{first}\nchangetype: add\n{rest}"


def change(dn: str, operation: str, changes: Mapping[str, Values]) -> str:
    """A modification. `operation` is add, replace or delete, for all attributes."""
    parts = [_line("dn", dn), "changetype: modify\n"]
    for name, values in changes.items():
        parts += [f"{operation}: {name}\n", *(_line(name, value) for value in _value_list(values)), "-\n"]
    return "".join((*parts, "\n"))


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored object. The case of attribute names does not matter."""

    dn: str
    values: Mapping[str, tuple[bytes, ...]]

    def all(self, name: str) -> list[str]:
        """All values of an attribute as text. Empty if it is absent."""
        return [value.decode("utf-8", "surrogateescape") for value in self.raw(name)]

    def raw(self, name: str) -> tuple[bytes, ...]:
        """All values of an attribute as bytes."""
        return next((found for key, found in self.values.items() if key.lower() == name.lower()), ())

    def one(self, name: str) -> str:
        """The value of an attribute. Raises KeyError unless there is exactly one."""
        found = self.all(name)
        if len(found) != 1:
            raise KeyError(f"{self.dn} has {len(found)} values of {name}")
        return found[0]


def _unfolded(text: str) -> Iterator[str]:
    held = ""
    for line in text.splitlines():
        if line.startswith(" "):
            held += line[1:]
        else:
            yield held
            held = line
    yield held
    yield ""


def parse(text: str) -> list[Entry]:
    """The entries in the output of a program, without referrals and comments."""
    found: list[Entry] = []
    values: dict[str, list[bytes]] = {}
    for line in _unfolded(text):
        if line.startswith("#"):
            continue
        if not line:
            if "dn" in values:
                dn = values.pop("dn")[0].decode("utf-8", "surrogateescape")
                found.append(Entry(dn, {name: tuple(held) for name, held in values.items()}))
            values = {}
            continue
        name, _colon, rest = line.partition(":")
        data = base64.b64decode(rest[1:]) if rest.startswith(":") else rest.strip().encode("utf-8", "surrogateescape")
        values.setdefault(name, []).append(data)
    return found
