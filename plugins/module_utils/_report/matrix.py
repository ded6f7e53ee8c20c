# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrices of places and rules, one for each layer. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .evaluation import LAYERS, OUTCOMES, SEVERITIES
from .place import own_places, places_of
from .text import layer_name

if t.TYPE_CHECKING:
    from .evaluation import Evaluation, Rule
    from .order import NumberedFinding, OrderedReport

# Letters can be read aloud, and printed without color.
_SIGNS = {"error": "E", "warning": "W", "notice": "N", "unknown": "?", "accepted": "A"}
_MOST_HOSTS = 40  # up to which a row is a host, and else a cluster, DAG or site
_ROW_KINDS = ("cluster", "dag", "site", "other")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The worst outcome for a row and a rule, and its finding. C(kind) is empty if nothing is wrong there."""

    kind: str
    sign: str
    words: str
    number: int | None  # of the finding to link to


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Hosts or places with equal cells, one for each rule; C(None) where nothing is wrong."""

    names: tuple[str, ...]
    keys: tuple[str, ...]  # h or p, and the number of the host or place in the data of the page
    cells: tuple[Cell | None, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The rules and rows of a layer with a problem, those with the worst findings first."""

    layer: str
    rules: tuple[Rule, ...]
    rows: tuple[Row, ...]
    left_out: int  # rows of this layer without a problem

    @property
    def title(self) -> str:
        name = layer_name(self.layer)
        return name[0].upper() + name[1:]


_Key = tuple[str, str]


def matrices(evaluation: Evaluation, report: OrderedReport) -> tuple[Matrix, ...]:
    """A matrix for each layer with a failed, unknown or accepted finding."""
    hosts = dict.fromkeys(line.finding.host for line in report.lines)
    numbers = {("host", name): number for number, name in enumerate(hosts)}
    numbers |= {(place.kind, place.name): number for number, place in enumerate(places_of(evaluation))}
    by_host = len(evaluation.hosts) <= _MOST_HOSTS

    def key(line: NumberedFinding) -> _Key:
        if by_host:
            return "host", line.finding.host
        place = next((each for each in own_places(line.finding) if each.kind in _ROW_KINDS), None)
        return (place.kind, place.name) if place else ("host", line.finding.host)

    found = []
    for layer in LAYERS:
        lines = [line for line in report.lines if line.finding.rule.layer == layer]
        if any(line.finding.outcome in OUTCOMES[:3] for line in lines):
            found.append(_matrix(layer, lines, key, numbers, joins=not by_host))
    return tuple(found)


def _matrix(
    layer: str,
    lines: t.Sequence[NumberedFinding],
    key: t.Callable[[NumberedFinding], _Key],
    numbers: t.Mapping[_Key, int],
    *,
    joins: bool,
) -> Matrix:
    cells: dict[tuple[_Key, str], list[NumberedFinding]] = {}
    for line in lines:
        if line.finding.outcome in OUTCOMES[:3]:
            cells.setdefault((key(line), line.finding.rule.id), []).append(line)
    rules = {line.finding.rule.id: line.finding.rule for line in lines if line.finding.outcome in OUTCOMES[:3]}
    names = dict.fromkeys(name for name, _rule in cells)
    everything = {key(line) for line in lines}
    rows: dict[tuple[str, ...], list[_Key]] = {}
    for name in names:
        row = [_cell(cells.get((name, rule), ())) for rule in rules]
        signs = tuple(cell.sign if cell else "" for cell in row)
        rows.setdefault(signs if joins else (*signs, *name), []).append(name)
    return Matrix(
        layer=layer,
        rules=tuple(rules.values()),
        rows=tuple(
            Row(
                names=tuple(name for _kind, name in found),
                keys=tuple(f"{'h' if kind == 'host' else 'p'}{numbers[kind, name]}" for kind, name in found),
                cells=tuple(_cell(cells.get((found[0], rule), ())) for rule in rules),
            )
            for found in rows.values()
        ),
        left_out=len(everything) - len(names),
    )


def _cell(lines: t.Sequence[NumberedFinding]) -> Cell | None:
    if not lines:
        return None
    worst = min(lines, key=_rank)
    kind = _kind(worst)
    same = sum(_kind(line) == kind for line in lines)
    return Cell(
        kind=kind,
        sign=_SIGNS[kind] + (str(same) if same > 1 else ""),
        words=kind + (f", {same} findings" if same > 1 else ""),
        number=worst.number,
    )


def _kind(line: NumberedFinding) -> str:
    return line.finding.severity if line.finding.outcome == "fail" else line.finding.outcome


def _rank(line: NumberedFinding) -> tuple[int, int]:
    return OUTCOMES.index(line.finding.outcome), SEVERITIES.index(line.finding.severity)
