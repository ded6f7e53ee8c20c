# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of the demo: the result of each run, whether it is the expected one, and why findings remain."""

from __future__ import annotations

import collections
import dataclasses
import json
import typing as t

if t.TYPE_CHECKING:
    import pathlib

_REMEDY_KINDS = {"manual": "a manual step", "task": "a task", "role": "an Ansible role"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The result of one run of a playbook."""

    status: int
    differences: int  # lines of the diff
    writes: int  # requests
    changes: int  # settings and service principal names
    changed_values: list[str]  # paths of stored values that differ from those before the run
    seconds: float

    @property
    def wrote_nothing(self) -> bool:
        return not self.writes and not self.changed_values


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The failed findings of an audit: how many for each title of a rule and each kind of remedy."""

    failed: collections.Counter[tuple[str, str]]
    new: int  # failed findings that the earlier report does not have

    @classmethod
    def read(cls, folder: pathlib.Path) -> Report:
        report = json.loads((folder / "audit.json").read_text("utf-8"))
        titles = {rule["id"]: rule["title"] for rule in report["rules"]}
        failed = [finding for finding in report["findings"] if finding["outcome"] == "fail"]
        return cls(
            failed=collections.Counter((titles[one["rule"]], (one["remedy"] or {}).get("kind", "")) for one in failed),
            new=(report.get("comparison") or {}).get("new", 0),
        )

    def __str__(self) -> str:
        return f"{self.failed.total()} findings in {len({title for title, _kind in self.failed})} rules"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The runs of the demo in their order, and the reports of both audits."""

    audit: Run
    check: Run
    first: Run
    plan: Run
    approved: Run
    applied: Run
    second: Run
    audit_again: Run
    undone: Run
    report: Report
    later_report: Report

    @property
    def rows(self) -> tuple[tuple[str, object, bool], ...]:
        """What was counted, the result, and whether it is the expected one. The number is that of the run."""
        planned = sum(run.writes for run in (self.plan, self.approved))
        statuses = [run.status for run in self._runs]
        fewer = self.later_report.failed.total() < self.report.failed.total()
        changed = self.first.changes + self.applied.changes
        return (
            ("1  First audit", self.report, bool(self.report.failed)),
            ("2  Settings and SPNs that check mode would change", self.check.differences, self.check.differences > 0),
            ("2  Writes in check mode", self.check.writes, self.check.wrote_nothing),
            ("3  Settings and SPNs changed, without a drain", self.first.changes, self.first.changes > 0),
            ("4  The plan with drains is stopped by a gate", f"status {self.plan.status}", self.plan.status != 0),
            ("   Writes in runs 4 and 5", planned, self.plan.wrote_nothing and self.approved.wrote_nothing),
            ("6  Settings changed with drains", self.applied.changes, changed == self.check.differences),
            ("7  Writes in the second run", self.second.writes, self.second.wrote_nothing),
            ("8  Second audit", self.later_report, fewer and not self.later_report.new),
            (
                "   Writes in both audits",
                self.audit.writes + self.audit_again.writes,
                self.audit.wrote_nothing and self.audit_again.wrote_nothing,
            ),
            (
                "9  Settings and SPNs set back by the undo",
                self.undone.changes,
                self.undone.changes == self.first.changes,
            ),
            (
                "   Failed runs, not counting run 4, which must fail",
                sum(status != 0 for status in statuses) - 1,
                [status != 0 for status in statuses] == [run is self.plan for run in self._runs],
            ),
        )

    @property
    def is_expected(self) -> bool:
        return all(is_expected for _text, _result, is_expected in self.rows)

    def text(self, playbook: str) -> str:
        """The whole summary; C(playbook) made the changes."""
        lines = [
            f"{text:<53}{result!s:<26}{'expected' if is_expected else 'NOT EXPECTED'}"
            for text, result, is_expected in self.rows
        ]
        lines.append(f"{'   Duration of the runs':<53}{sum(run.seconds for run in self._runs):.0f} s")
        lines += [
            f"This value changed in a run that must not change it: {path}"
            for run in (self.audit, self.check, self.plan, self.approved, self.second, self.audit_again)
            for path in run.changed_values
        ]
        return "\n".join([*lines, "", *self._remaining(playbook), ""])

    @property
    def _runs(self) -> tuple[Run, ...]:
        return (
            self.audit,
            self.check,
            self.first,
            self.plan,
            self.approved,
            self.applied,
            self.second,
            self.audit_again,
            self.undone,
        )

    def _remaining(self, playbook: str) -> list[str]:
        """Why findings remain."""
        if not self.later_report.failed:
            return ["No findings remain."]
        return [
            f"{self.later_report} remain, because {playbook} does not fix them. The report describes each remedy:",
            *(
                f"{count:>4}  {title}: {_REMEDY_KINDS.get(kind, 'no remedy')}"
                for (title, kind), count in self.later_report.failed.most_common()
            ),
        ]
