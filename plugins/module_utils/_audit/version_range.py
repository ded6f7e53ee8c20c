# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of Windows Server and Exchange, and ranges of versions. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import operator
import re
import typing as t

from .._windows import version

RELEASES = tuple(name for _build, name in reversed(version.RELEASES))
_DOTTED = re.compile(r"\d+(\.\d+)*", re.ASCII)
_BOUND = re.compile(r"\s*(>=|<=|>|<)\s*(\S.*?)\s*")
_HOLDS: dict[str, t.Callable[[t.Any, t.Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_WORDS = {">=": "{} and later", "<=": "up to {}", ">": "later than {}", "<": "before {}"}

Version = tuple[int, ...]


def release(text: str) -> Version | None:
    """The position of a Windows Server release: C(2008 R2) is before C(2012). C(None) for other text."""
    return (RELEASES.index(text),) if text in RELEASES else None


def dotted(text: str) -> Version | None:
    """The numbers of a build such as C(14.1.218.15). C(None) for other text."""
    if not _DOTTED.fullmatch(text):
        return None
    numbers = [int(part) for part in text.split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


@dataclasses.dataclass(frozen=True, slots=True)
class VersionRange:
    """A range such as C(>= 2012, < 2019); C(read) turns the text of a version into comparable numbers."""

    bounds: tuple[tuple[str, str], ...]
    read: t.Callable[[str], Version | None]

    @classmethod
    def parse(cls, text: str, read: t.Callable[[str], Version | None]) -> VersionRange:
        """Read bounds separated by commas. Raises C(ValueError) with a clause."""
        bounds = []
        for part in text.split(","):
            found = _BOUND.fullmatch(part)
            if found is None:
                raise ValueError(f"{part.strip()!r} is not a bound like '>= 2012'")
            if read(found[2]) is None:
                raise ValueError(f"{found[2]!r} is not a known version")
            bounds.append((found[1], found[2]))
        return cls(tuple(bounds), read)

    def holds(self, text: str) -> bool | None:
        """Whether the version is in the range; C(None) for an unknown version."""
        version = self.read(text)
        if version is None:
            return None
        return all(_HOLDS[sign](version, self.read(bound)) for sign, bound in self.bounds)

    def __str__(self) -> str:
        return ", ".join(_WORDS[sign].format(bound) for sign, bound in self.bounds)
