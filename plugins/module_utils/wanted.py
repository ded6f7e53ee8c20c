# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wanted settings of several things: their plan and their rows in a result. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .plan import Change, Plan, Step

if t.TYPE_CHECKING:
    from .task import Outcome

_Thing = t.TypeVar("_Thing")
SHUTDOWN = "shutdown"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(t.Generic[_Thing]):
    """One setting of a thing with its wanted value.

    * C(request): what has the same is written together
    * C(columns): what else its row in a result has
    * C(reason): why it is left alone, as a clause
    * C(waits_for): what it waits for, such as C(shutdown)
    * C(problem): a sentence why the value before could not be read
    """

    thing: _Thing
    name: str
    id: str
    setting: str
    before: t.Any
    after: t.Any
    request: str
    columns: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    reason: str = ""
    waits_for: str = ""
    problem: str = ""

    @property
    def label(self) -> str:
        return f"{self.name} {self.setting}"

    @property
    def differs(self) -> bool:
        return not self.problem and self.before != self.after

    @property
    def change(self) -> Change:
        details = {"thing": self.name, "id": self.id, "setting": self.setting}
        return Change(label=self.label, before=self.before, after=self.after, details=details)

    def left_alone(self) -> dict[str, t.Any]:
        """The row of C(left_alone)."""
        row = self.change.row()
        return {
            **{key: row[key] for key in ("label", "thing", "id", "setting")},
            "wanted": row["after"],
            "current": row["before"],
            "reason": self.reason,
            **({"waits_for": self.waits_for} if self.waits_for else {}),
        }


Rows = t.Sequence[Wanted[_Thing]]


def plan(title: str, rows: Rows[t.Any]) -> Plan:
    """The plan of the settings that differ, with a step for each request."""
    steps: dict[str, list[Change]] = {}
    for row in rows:
        if row.differs and not row.reason:
            steps.setdefault(row.request, []).append(row.change)
    return Plan(
        title=title,
        steps=tuple(Step(tuple(changes)) for changes in steps.values()),
        left_alone=tuple(row.left_alone() for row in rows if row.differs and row.reason),
        unread={row.label: row.problem for row in rows if row.problem},
    )


def of_step(rows: Rows[_Thing], step: Step) -> tuple[_Thing, dict[str, t.Any], dict[str, str]]:
    """The thing of a step, its wanted values by setting, and the labels by setting."""
    found = {row.label: row for row in rows}
    values = {found[change.label].setting: change.after for change in step.changes}
    labels = {found[change.label].setting: change.label for change in step.changes}
    return found[step.changes[0].label].thing, values, labels


def report(rows: Rows[t.Any], outcome: Outcome) -> list[dict[str, t.Any]]:
    """Each setting before and now, and the result."""
    found = []
    for row in rows:
        result = outcome.result_of(row.label)
        if result["result"] == "compliant" and row.differs:
            result = {"result": "left_alone", **({"msg": f"{row.reason}."} if row.reason else {})}
        values = Change(label="", before=row.before, after=row.after).row()
        now = outcome.now(row.label, row.before)
        found.append(
            {
                "name": row.name,
                "id": row.id,
                **row.columns,
                "setting": row.setting,
                "wanted": values["after"],
                "before": values["before"],
                "now": list(now) if isinstance(now, tuple) else now,
                **result,
            }
        )
    return found
