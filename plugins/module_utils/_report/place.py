# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings as people think of their environment: by cluster, DAG, site and Exchange server. Private to this
collection.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..name_list import natural
from .evaluation import PLACES, SEVERITIES, Place

if t.TYPE_CHECKING:
    from .evaluation import Evaluation, Finding, Rule
    from .order import OrderedReport

COLUMNS = (*SEVERITIES, "unknown")
_FIRST = 3  # rules in a row, and places in the summary
_TITLES = {
    "cluster": "Hyper-V clusters", "dag": "DAGs", "site": "Sites", "server": "Exchange servers",
    "other": "Other hosts, and the forest",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A place with the numbers of its findings; C(number) is that of the place in the data of the page."""

    number: int
    place: Place
    counts: t.Mapping[str, int]  # failed findings by severity, and "unknown"
    rules: tuple[tuple[Rule, str, int], ...]  # the first failed rules, with severity and number of findings
    more: int  # further failed rules

    @property
    def kind(self) -> str:
        """The worst of C(COLUMNS), or C(pass)."""
        return next((kind for kind in COLUMNS if self.counts.get(kind)), "pass")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTable:
    """The places of one kind, the worst first."""

    kind: str
    title: str
    rows: tuple[PlaceRow, ...]

    def number_of(self, kind: str) -> int:
        """How many places have this as their worst."""
        return sum(row.kind == kind for row in self.rows)

    @property
    def worst(self) -> tuple[PlaceRow, ...]:
        """The worst places, unless all are equally bad."""
        ranks = {tuple(row.counts.get(kind, 0) for kind in COLUMNS) for row in self.rows}
        bad = [row for row in self.rows if row.kind != "pass"]
        return tuple(bad[:_FIRST]) if len(ranks) > 1 or len(bad) <= _FIRST else ()


def places_of(evaluation: Evaluation) -> tuple[Place, ...]:
    """All places, and in their order the hosts and the forest that have findings and no place."""
    known = dict.fromkeys(evaluation.places)
    known |= dict.fromkeys(place for finding in evaluation.findings for place in finding.places)
    others = sorted({each.host for each in evaluation.findings if not each.places}, key=natural)
    return (*known, *(Place("other", name) for name in others))


def own_places(finding: Finding) -> tuple[Place, ...]:
    """The places of a finding; its host or forest if it has no other."""
    return finding.places or (Place("other", finding.host),)


def place_tables(evaluation: Evaluation, report: OrderedReport) -> tuple[PlaceTable, ...]:
    """A table for each kind of place."""
    everything = places_of(evaluation)
    counts: dict[Place, collections.Counter[str]] = {place: collections.Counter() for place in everything}
    rules: dict[Place, collections.Counter[str]] = {place: collections.Counter() for place in everything}
    for finding in evaluation.findings:
        kind = finding.severity if finding.outcome == "fail" else finding.outcome
        for place in own_places(finding):
            counts[place][kind] += 1
            if finding.outcome == "fail":
                rules[place][finding.rule.id] += 1
    order = {group.rule.id: (place, group) for place, group in enumerate(report.groups) if group.rule}
    tables: dict[str, list[PlaceRow]] = {kind: [] for kind in (*PLACES, "other")}
    for number, place in enumerate(everything):
        failed = sorted(rules[place], key=lambda rule: order[rule][0])
        first = [order[rule][1] for rule in failed[:_FIRST]]
        tables[place.kind].append(
            PlaceRow(
                number=number,
                place=place,
                counts=counts[place],
                rules=tuple((group.rule, group.severity, rules[place][group.rule.id]) for group in first if group.rule),
                more=len(failed) - len(first),
            )
        )
    return tuple(
        PlaceTable(kind=kind, title=_TITLES[kind], rows=tuple(sorted(rows, key=_rank)))
        for kind, rows in tables.items()
        if rows
    )


def _rank(row: PlaceRow) -> tuple[t.Any, ...]:
    return (*(-row.counts.get(kind, 0) for kind in COLUMNS), natural(row.place.name))
