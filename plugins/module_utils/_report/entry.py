# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the values of an evaluation and checks their types. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .error import ReportError


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A mapping of the evaluation, with its place for error messages. A missing key is read as null."""

    values: t.Mapping[str, t.Any]
    place: str

    def text(self, key: str, default: str | None = "") -> str:
        """Text; numbers and booleans as JSON writes them. With the default C(None) the key is required."""
        value = self.values.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (str, int, float)):
            return str(value)
        raise self._wrong(key, "text")

    def choice(self, key: str, choices: t.Collection[str], default: str | None = None) -> str:
        """One of C(choices)."""
        value = self.text(key, default)
        if value not in choices and value != default:
            raise ReportError(f"{self.place}: {key} is {value!r}. Allowed values: {', '.join(choices)}.")
        return value

    def number(self, key: str) -> float | None:
        """A number, or C(None)."""
        value = self.values.get(key)
        if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
            return value
        raise self._wrong(key, "a number")

    def boolean(self, key: str) -> bool | None:
        """A boolean, or C(None)."""
        value = self.values.get(key)
        if value is None or isinstance(value, bool):
            return value
        raise self._wrong(key, "a boolean")

    def entry(self, key: str) -> Entry | None:
        """A mapping, or C(None)."""
        value = self.values.get(key)
        return None if value is None else _entry(value, f"{self.place}, {key}")

    def entries(self, key: str) -> tuple[Entry, ...]:
        """A list of mappings."""
        return tuple(_entry(each, f"{self.place}, {key} {at}") for at, each in enumerate(self._list(key), 1))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; a single text is a list of one."""
        value = self.values.get(key)
        return (value,) if isinstance(value, str) else tuple(str(each) for each in self._list(key))

    def _list(self, key: str) -> list[t.Any]:
        value = self.values.get(key)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        raise self._wrong(key, "a list")

    def _wrong(self, key: str, wanted: str) -> ReportError:
        found = "nothing" if self.values.get(key) is None else repr(self.values[key])
        return ReportError(f"{self.place}: {key} must be {wanted}, not {found[:200]}.")


def _entry(value: object, place: str) -> Entry:
    if isinstance(value, dict):
        return Entry(value, place)
    raise ReportError(f"{place} must be a dictionary, not {value!r}"[:300] + ".")
