# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conditions that a rule can ask of what was found: a small, closed set. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from .version_range import dotted
from .wording import shown


class IncomparableError(ValueError):
    """What was found and what is expected are of kinds that cannot be compared; the message is a clause."""


@dataclasses.dataclass(frozen=True, slots=True)
class Condition:
    """One condition: its kind, and what it compares with.

    The operand is a value, or C({parameter: name}), or C({row: key}), which is looked up for each subject.
    """

    kind: str
    operand: t.Any

    def against(self, row: t.Mapping[str, t.Any], parameters: t.Mapping[str, t.Any]) -> t.Any:
        """The value to compare with; C(None) if the row does not have it."""
        if isinstance(self.operand, dict):
            if "parameter" in self.operand:
                return parameters.get(self.operand["parameter"])
            return row.get(self.operand["row"])
        return self.operand

    def holds(self, found: t.Any, wanted: t.Any) -> bool:
        """Whether it holds. Raises C(IncomparableError)."""
        return _CONDITIONS[self.kind].holds(found, wanted)

    def expected(self, wanted: t.Any) -> str:
        """What is expected, in words."""
        return _CONDITIONS[self.kind].words.format(shown(wanted, last=" or "))


@dataclasses.dataclass(frozen=True, slots=True)
class _Meaning:
    holds: t.Callable[[t.Any, t.Any], bool]
    words: str


def _alike(found: t.Any, wanted: t.Any) -> bool:
    """Equal; text without regard to case, as names in Windows and DNS are."""
    if isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(_among(each, wanted) for each in found)
    return (type(found) in (int, float) and type(wanted) in (int, float, str) and _number(wanted) == found) or (
        type(found) is type(wanted) and found == wanted
    )


def _number(value: t.Any) -> t.Any:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _among(found: t.Any, wanted: t.Any) -> bool:
    return any(_alike(found, each) for each in _listed(wanted))


def _listed(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value]


def _order(found: t.Any, wanted: t.Any) -> tuple[t.Any, t.Any]:
    left, right = _number(found), _number(wanted)
    if all(isinstance(side, (int, float)) and not isinstance(side, bool) for side in (left, right)):
        return left, right
    if isinstance(found, str) and isinstance(wanted, str):
        versions = dotted(found), dotted(wanted)
        if None not in versions:
            return versions
    raise IncomparableError(f"{shown(found)} and {shown(wanted)} are neither two numbers nor two versions")


def _at_least(found: t.Any, wanted: t.Any) -> bool:
    left, right = _order(found, wanted)
    return bool(left >= right)


def _at_most(found: t.Any, wanted: t.Any) -> bool:
    left, right = _order(found, wanted)
    return bool(left <= right)


def _empty(found: t.Any, wanted: t.Any) -> bool:
    if not isinstance(found, (str, list, dict)):
        raise IncomparableError(f"{shown(found)} is nothing that can be empty")
    return (not found) is bool(wanted)


def _within(found: t.Any, wanted: t.Any) -> bool:
    return all(_among(each, wanted) for each in _listed(found))


def _matches(found: t.Any, wanted: t.Any) -> bool:
    if not isinstance(found, str):
        raise IncomparableError(f"{shown(found)} is no text")
    return any(fnmatch.fnmatchcase(found.casefold(), str(each).casefold()) for each in _listed(wanted))


_CONDITIONS = {
    "equals": _Meaning(_alike, "{}"),
    "one_of": _Meaning(_among, "{}"),
    "none_of": _Meaning(lambda found, wanted: not _among(found, wanted), "anything but {}"),
    "within": _Meaning(_within, "only {}"),
    "at_least": _Meaning(_at_least, "at least {}"),
    "at_most": _Meaning(_at_most, "at most {}"),
    "matches": _Meaning(_matches, "a name like {}"),
    "empty": _Meaning(_empty, "nothing"),
}
KINDS = tuple(_CONDITIONS)
