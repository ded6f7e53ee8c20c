# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of the last runs as a picture. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from .evaluation import Run

WIDTH, HEIGHT = 360, 110  # user units of the SVG
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 96, 12, 10
_LABEL = 13  # height of a label
KINDS = ("error", "warning", "unknown")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The numbers of one kind in all runs: points, and the label at the end of the line."""

    kind: str
    points: tuple[tuple[float, float], ...]
    last: int
    label: float  # the height of the label

    @property
    def path(self) -> str:
        return " ".join(f"{x:g},{y:g}" for x, y in self.points)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The last runs. Runs with other numbers of hosts than this one are C(different)."""

    runs: tuple[Run, ...]
    lines: tuple[Line, ...]
    different: tuple[int, ...]

    @property
    def before(self) -> Run:
        return self.runs[-2]


def trend(runs: t.Sequence[Run]) -> Trend | None:
    """The picture of the runs; C(None) if there is only one."""
    if len(runs) < 2:
        return None
    top = max(1, *(run.counts[kind] for run in runs for kind in KINDS))
    step = (WIDTH - _LEFT - _RIGHT) / (len(runs) - 1)
    usable = HEIGHT - _TOP - _BOTTOM

    def height(number: int) -> float:
        return round(HEIGHT - _BOTTOM - usable * number / top, 1)

    points = {
        kind: tuple((round(_LEFT + step * place, 1), height(run.counts[kind])) for place, run in enumerate(runs))
        for kind in KINDS
    }
    labels = _apart({kind: points[kind][-1][1] for kind in KINDS})
    return Trend(
        runs=tuple(runs),
        lines=tuple(
            Line(kind=kind, points=points[kind], last=runs[-1].counts[kind], label=labels[kind]) for kind in KINDS
        ),
        different=tuple(place for place, run in enumerate(runs) if run.hosts != runs[-1].hosts),
    )


def _apart(heights: t.Mapping[str, float]) -> dict[str, float]:
    """The heights of labels that do not overlap."""
    found: dict[str, float] = {}
    lowest = HEIGHT - 2.0
    for place, kind in enumerate(sorted(heights, key=lambda kind: -heights[kind])):
        lowest = min(heights[kind] + 4, lowest - (_LABEL if place else 0))
        found[kind] = max(lowest, _LABEL * (len(heights) - place) - 2.0)
        lowest = found[kind]
    return found
