# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planned changes of a task. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting from its value before to its value after: C(EX01) from C(save) to C(shut_down).

    C(details) is what else identifies the setting in the record of a run, such as C(setting) and C(thing).
    """

    label: str
    before: t.Any
    after: t.Any
    details: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    def row(self) -> dict[str, t.Any]:
        """The change as results and records have it, in the types of JSON."""
        before, after = (list(value) if isinstance(value, tuple) else value for value in (self.before, self.after))
        return {**self.details, "label": self.label, "before": before, "after": after}


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """Changes that are written together, in one request if possible."""

    changes: tuple[Change, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The values after a step as read back, by label; C(reason) is why they are not the wanted values."""

    values: t.Mapping[str, t.Any]
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All planned changes of a task, in order.

    C(title) is the header of the diff. With C(ordered), no step is applied after a failed one. C(left_alone) has a row
    for each wanted setting that is not changed, with C(label), C(wanted), C(current) and C(reason). C(unread) has the
    settings whose current value could not be read, with a sentence; the task fails after the other changes.
    """

    title: str
    steps: tuple[Step, ...] = ()
    ordered: bool = False
    left_alone: tuple[t.Mapping[str, t.Any], ...] = ()
    unread: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(change for step in self.steps for change in step.changes)

    def diff(self, changes: t.Sequence[Change]) -> dict[str, str]:
        """The diff of these changes: one line for each setting, before and after."""
        return {
            "before_header": self.title,
            "after_header": self.title,
            "before": "".join(f"{change.label}: {shown(change.before)}\n" for change in changes),
            "after": "".join(f"{change.label}: {shown(change.after)}\n" for change in changes),
        }

    def expecting(self, expected: t.Mapping[str, t.Any]) -> Plan:
        """The plan without the changes whose current value is not the expected one; these are left alone.

        A change has its label, and its C(id), alone or with its C(setting), if it has one. The case is ignored, as
        Windows ignores that of names.
        """
        values = {label.casefold(): value for label, value in expected.items()}
        skipped = [
            change for change in self.changes if any(not _is_same(change, value) for value in _given(change, values))
        ]
        steps = [tuple(change for change in step.changes if change not in skipped) for step in self.steps]
        rows = [
            {
                "label": change.label,
                "expected": _given(change, values)[0],
                "current": change.row()["before"],
                "reason": "the current value is not the expected one",
            }
            for change in skipped
        ]
        return dataclasses.replace(
            self,
            steps=tuple(Step(changes) for changes in steps if changes),
            left_alone=(*self.left_alone, *rows),
        )


def shown(value: t.Any) -> str:
    """A value in a diff or a sentence. A class of tuples has words of its own."""
    return (", ".join(map(str, value)) or "none") if type(value) in (list, tuple) else str(value)


def _given(change: Change, values: t.Mapping[str, t.Any]) -> list[t.Any]:
    """The values in a mapping that are given for a change."""
    number, setting = (str(change.details.get(name) or "").casefold() for name in ("id", "setting"))
    keys = (change.label.casefold(), number, f"{number} {setting}" if number else "")
    return [values[key] for key in keys if key in values]


def _is_same(change: Change, expected: t.Any) -> bool:
    """Whether the current value is the expected one. Numbers may come as text, lists in any order."""
    if isinstance(change.before, (list, tuple)) and isinstance(expected, (list, tuple)):
        return sorted(str(one).casefold() for one in change.before) == sorted(str(one).casefold() for one in expected)
    return str(change.before) == str(expected)
