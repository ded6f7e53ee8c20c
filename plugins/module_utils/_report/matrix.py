# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix of hosts and rules. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .evaluation import OUTCOMES, SEVERITIES

if t.TYPE_CHECKING:
    from .evaluation import Evaluation, Rule
    from .order import NumberedFinding, OrderedReport

# Letters can be read aloud, and printed without color.
_SIGNS = {
    "error": "E",
    "warning": "W",
    "notice": "N",
    "unknown": "?",
    "accepted": "A",
    "pass": "✓",
    "not_applicable": "\u2013",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The worst outcome for a host and a rule, and its finding."""

    kind: str
    sign: str
    words: str
    number: int | None  # of the finding to link to; cells without a problem have no link


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A host with a cell for each rule; C(None) where the rule was not checked."""

    number: int
    host: str
    cells: tuple[Cell | None, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Hosts and rules, those with the worst findings first."""

    rules: tuple[Rule, ...]
    rows: tuple[Row, ...]


def matrix(rules: t.Iterable[Rule], report: OrderedReport) -> Matrix:
    """The matrix of an evaluation."""
    found: dict[tuple[str, str], list[NumberedFinding]] = {}
    for line in report.lines:
        found.setdefault((line.finding.host, line.finding.rule.id), []).append(line)
    places = {group.rule.id: place for place, group in reversed(list(enumerate(report.groups))) if group.rule}
    ordered = tuple(sorted(rules, key=lambda rule: (places.get(rule.id, len(places)), rule.id)))
    rows = tuple(
        Row(
            number=number,
            host=score.host,
            cells=tuple(_cell(found.get((score.host, rule.id), [])) for rule in ordered),
        )
        for number, score in enumerate(report.scores)
    )
    return Matrix(rules=ordered, rows=rows)


def scopes(evaluation: Evaluation, report: OrderedReport) -> dict[str, str]:
    """Whether a name in the place of a host is a cluster or the forest; hosts are left out."""
    hosts = {"", *(host.name for host in evaluation.hosts)}
    clusters = {host.cluster for host in evaluation.hosts}
    names = (score.host for score in report.scores if score.host not in hosts)
    return {name: "cluster" if name in clusters else "forest" for name in names}


def _cell(lines: t.Sequence[NumberedFinding]) -> Cell | None:
    if not lines:
        return None
    worst = min(lines, key=_rank)
    kind = _kind(worst)
    same = sum(_kind(line) == kind for line in lines)
    has_link = worst.finding.outcome in {"fail", "unknown", "accepted"}
    words = kind + (f", {same} findings" if same > 1 else "")
    return Cell(
        kind=kind,
        sign=_SIGNS[kind] + (str(same) if has_link and same > 1 else ""),
        words=words,
        number=worst.number if has_link else None,
    )


def _kind(line: NumberedFinding) -> str:
    return line.finding.severity if line.finding.outcome == "fail" else line.finding.outcome


def _rank(line: NumberedFinding) -> tuple[int, int]:
    return OUTCOMES.index(line.finding.outcome), SEVERITIES.index(line.finding.severity)
