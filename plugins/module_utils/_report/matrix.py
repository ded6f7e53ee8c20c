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
    from .order import Line, Reading

# Letters are read out as they stand, and printed without colour they still say the same.
_SIGNS = {
    "error": "E",
    "warning": "W",
    "notice": "N",
    "unknown": "?",
    "accepted": "A",
    "pass": "✓",
    "not_applicable": "\u2013",
}
_WORDS = {"unknown": "unknown", "accepted": "accepted"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The worst that came out for a host and a rule, and the finding to look at."""

    kind: str
    sign: str
    words: str
    number: int | None  # of the finding that says it; passed cells lead nowhere


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A host with a cell for each rule; C(None) where nothing was asked."""

    number: int
    host: str
    cells: tuple[Cell | None, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Hosts and rules, the worst of both first."""

    rules: tuple[Rule, ...]
    rows: tuple[Row, ...]


def matrix(rules: t.Iterable[Rule], reading: Reading) -> Matrix:
    """Every host against every rule."""
    found: dict[tuple[str, str], list[Line]] = {}
    for line in reading.lines:
        found.setdefault((line.finding.host, line.finding.rule.id), []).append(line)
    places = {group.rule.id: place for place, group in reversed(list(enumerate(reading.groups))) if group.rule}
    ordered = tuple(sorted(rules, key=lambda rule: (places.get(rule.id, len(places)), rule.id)))
    rows = tuple(
        Row(
            number=number,
            host=score.host,
            cells=tuple(_cell(found.get((score.host, rule.id), [])) for rule in ordered),
        )
        for number, score in enumerate(reading.scores)
    )
    return Matrix(rules=ordered, rows=rows)


def scopes(evaluation: Evaluation, reading: Reading) -> dict[str, str]:
    """What those are that findings name in the place of a host and that are none."""
    hosts = {"", *(host.name for host in evaluation.hosts)}
    clusters = {host.cluster for host in evaluation.hosts}
    names = (score.host for score in reading.scores if score.host not in hosts)
    return {name: "cluster" if name in clusters else "forest" for name in names}


def _cell(lines: t.Sequence[Line]) -> Cell | None:
    if not lines:
        return None
    worst = min(lines, key=_badness)
    kind = _kind(worst)
    alike = sum(_kind(line) == kind for line in lines)
    leads = worst.finding.outcome in {"fail", "unknown", "accepted"}
    words = _WORDS.get(kind, kind) + (f", {alike} findings" if alike > 1 else "")
    return Cell(
        kind=kind,
        sign=_SIGNS[kind] + (str(alike) if leads and alike > 1 else ""),
        words=words,
        number=worst.number if leads else None,
    )


def _kind(line: Line) -> str:
    return line.finding.severity if line.finding.outcome == "fail" else line.finding.outcome


def _badness(line: Line) -> tuple[int, int]:
    return OUTCOMES.index(line.finding.outcome), SEVERITIES.index(line.finding.severity)
