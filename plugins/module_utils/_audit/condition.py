# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conditions of rules on the values that were found. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from .version_range import dotted
from .wording import as_text


class IncomparableError(ValueError):
    """The found and the expected value cannot be compared; the message is a clause."""


@dataclasses.dataclass(frozen=True, slots=True)
class Condition:
    """One condition: its kind and its operand.

    The operand is a value, C({parameter: name}), or C({row: key}), which is read from the row of each subject.
    """

    kind: str
    operand: t.Any

    def wanted_value(self, row: t.Mapping[str, t.Any], parameters: t.Mapping[str, t.Any]) -> t.Any:
        """The value to compare with; C(None) if the row has none."""
        if isinstance(self.operand, dict):
            if "parameter" in self.operand:
                return parameters.get(self.operand["parameter"])
            return row.get(self.operand["row"])
        return self.operand

    def holds(self, found: t.Any, wanted: t.Any) -> bool:
        """Whether the found value meets the condition. Raises C(IncomparableError)."""
        return _CONDITIONS[self.kind].holds(found, wanted)

    def expected(self, wanted: t.Any) -> str:
        """The expected value, in words."""
        return _CONDITIONS[self.kind].words.format(as_text(wanted, last=" or "))


@dataclasses.dataclass(frozen=True, slots=True)
class _Comparison:
    holds: t.Callable[[t.Any, t.Any], bool]
    words: str


def _equal(found: t.Any, wanted: t.Any) -> bool:
    """Equality; text is compared case-insensitively, like names in Windows and DNS."""
    if isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(_contains(each, wanted) for each in found)
    return (type(found) in (int, float) and type(wanted) in (int, float, str) and _number(wanted) == found) or (
        type(found) is type(wanted) and found == wanted
    )


def _number(value: t.Any) -> t.Any:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _contains(found: t.Any, wanted: t.Any) -> bool:
    return any(_equal(found, each) for each in _as_list(wanted))


def _as_list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value]


def _comparable(found: t.Any, wanted: t.Any) -> tuple[t.Any, t.Any]:
    left, right = _number(found), _number(wanted)
    if all(isinstance(side, (int, float)) and not isinstance(side, bool) for side in (left, right)):
        return left, right
    if isinstance(found, str) and isinstance(wanted, str):
        versions = dotted(found), dotted(wanted)
        if None not in versions:
            return versions
    raise IncomparableError(f"{as_text(found)} and {as_text(wanted)} are not two numbers or two versions")


def _at_least(found: t.Any, wanted: t.Any) -> bool:
    left, right = _comparable(found, wanted)
    return bool(left >= right)


def _at_most(found: t.Any, wanted: t.Any) -> bool:
    left, right = _comparable(found, wanted)
    return bool(left <= right)


def _empty(found: t.Any, wanted: t.Any) -> bool:
    if not isinstance(found, (str, list, dict)):
        raise IncomparableError(f"{as_text(found)} is not text, a list or a mapping")
    return (not found) is bool(wanted)


def _within(found: t.Any, wanted: t.Any) -> bool:
    return all(_contains(each, wanted) for each in _as_list(found))


def _matches(found: t.Any, wanted: t.Any) -> bool:
    if not isinstance(found, str):
        raise IncomparableError(f"{as_text(found)} is not text")
    return any(fnmatch.fnmatchcase(found.casefold(), str(each).casefold()) for each in _as_list(wanted))


_CONDITIONS = {
    "equals": _Comparison(_equal, "{}"),
    "one_of": _Comparison(_contains, "{}"),
    "none_of": _Comparison(lambda found, wanted: not _contains(found, wanted), "anything but {}"),
    "within": _Comparison(_within, "only {}"),
    "at_least": _Comparison(_at_least, "at least {}"),
    "at_most": _Comparison(_at_most, "at most {}"),
    "matches": _Comparison(_matches, "a name like {}"),
    "empty": _Comparison(_empty, "nothing"),
}
KINDS = tuple(_CONDITIONS)
