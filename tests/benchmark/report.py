# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From runs to numbers, ratios and targets, and how they are written."""

from __future__ import annotations

import dataclasses
import statistics
import typing as t

from .plays import OURS, PEER, Contender, Run

_LARGEST_SHARE = 1 / 10  # of the peers' bytes
_LARGEST_CPU = 1.5  # times the floor
_MOST_READS = 3
_MOST_FOR_ONE = 3
_WORDS = {True: "met", False: "missed"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spread:
    """The median of several runs, the least and the most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: t.Sequence[float]) -> Spread:
        """The spread of these values."""
        return cls(median=statistics.median(values), least=min(values), most=max(values))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cost:
    """What a task costs: times in seconds beyond those of an empty play, and bytes of HTTP bodies."""

    name: str
    owner: str
    requests: float
    sent: float
    received: float
    writes: float
    cpu: Spread
    wall: Spread
    endpoint: float
    cpu_to_floor: Spread

    @property
    def octets(self) -> float:
        """Both directions."""
        return self.sent + self.received


def cost(
    contender: Contender, runs: t.Sequence[Run], *, empty: t.Sequence[Run], floor: t.Sequence[Run], parts: int
) -> Cost:
    """The cost of one part of a run (one task on one host), from runs and those to compare with in the same rounds."""

    def typical(number: t.Callable[[Run], float]) -> float:
        return statistics.median(number(run) for run in runs) / parts

    def beyond(number: t.Callable[[Run], float]) -> Spread:
        return Spread.of([(number(run) - number(idle)) / parts for run, idle in zip(runs, empty, strict=True)])

    return Cost(
        name=contender.name,
        owner=contender.owner,
        requests=typical(lambda run: run.count.requests),
        sent=typical(lambda run: run.count.sent),
        received=typical(lambda run: run.count.received),
        writes=typical(lambda run: run.count.actions["Put"]),
        cpu=beyond(lambda run: run.cpu),
        wall=beyond(lambda run: run.wall),
        endpoint=typical(lambda run: run.count.answering),
        cpu_to_floor=Spread.of(
            [(run.cpu - idle.cpu) / (least.cpu - idle.cpu) for run, idle, least in zip(runs, empty, floor, strict=True)]
        ),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """What was promised, and what was measured."""

    promise: str
    limit: float
    measured: float

    @property
    def met(self) -> bool:
        """Whether the promise holds."""
        return self.measured <= self.limit


def targets(
    tasks: t.Sequence[Cost], compliant: Cost, check: Cost, applied: Cost, *, drifted: int
) -> tuple[Target, ...]:
    """The targets with what was measured; where several of our modules compete, the dearest one counts."""
    ours = [task for task in tasks if task.owner == OURS]
    peers = [task for task in tasks if task.owner == PEER]
    return (
        Target(
            promise="bytes of a task of ours, as a share of the most frugal peer's",
            limit=_LARGEST_SHARE,
            measured=max(task.octets for task in ours) / min(task.octets for task in peers),
        ),
        Target(
            promise="controller CPU of a task of ours, in times of an action that does nothing",
            limit=_LARGEST_CPU,
            measured=max(task.cpu_to_floor.median for task in ours),
        ),
        Target(promise="requests for virtual machines as wanted", limit=_MOST_READS, measured=compliant.requests),
        Target(promise="requests for the same in check mode, some drifted", limit=_MOST_READS, measured=check.requests),
        Target(
            promise=f"further requests for each of {drifted} drifted ones",
            limit=_MOST_FOR_ONE,
            measured=(applied.requests - compliant.requests) / drifted,
        ),
    )


def text(report: t.Mapping[str, t.Any]) -> str:
    """The report for people."""
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    conditions = report["conditions"]
    scale = "{hosts} hosts x {tasks} tasks, {forks} forks, {rounds} rounds".format(**conditions)
    lines = [
        f"{conditions['cores']} cores, {versions}",
        f"Per task and host: {scale}; median (least to most)",
        "",
        *_table(
            ("", "requests", "bytes sent", "received", ": ours", "CPU ms", "", ": floor", "", "wall ms", ""),
            [
                (
                    task["name"],
                    f"{task['requests']:g}",
                    f"{task['sent']:,.0f}",
                    f"{task['received']:,.0f}",
                    f"{task['octets_to_ours']:.1f}",
                    *_milliseconds(task["cpu"]),
                    f"{task['cpu_to_floor']['median']:.2f}",
                    "({least:.2f} to {most:.2f})".format(**task["cpu_to_floor"]),
                    *_milliseconds(task["wall"]),
                )
                for task in report["tasks"]
            ],
        ),
        "",
        f"winha.cluster.vm_offline_action on one cluster of {conditions['virtual_machines']:,} virtual machines",
        "",
        *_table(
            ("", "requests", "writes", "bytes sent", "received", "CPU ms", "", "wall ms", "", "of it the lab's"),
            [
                (
                    task["name"],
                    f"{task['requests']:g}",
                    f"{task['writes']:g}",
                    f"{task['sent']:,.0f}",
                    f"{task['received']:,.0f}",
                    *_milliseconds(task["cpu"], digits=0),
                    *_milliseconds(task["wall"], digits=0),
                    f"{task['endpoint'] * 1000:.0f}",
                )
                for task in report["virtual_machines"]
            ],
        ),
        "",
        *_table(
            ("target", "at most", "measured", ""),
            [
                (target["promise"], f"{target['limit']:g}", f"{target['measured']:.4g}", _WORDS[target["met"]])
                for target in report["targets"]
            ],
        ),
    ]
    return "\n".join(lines)


def _milliseconds(spread: t.Mapping[str, float], digits: int = 1) -> tuple[str, str]:
    median, least, most = (f"{spread[name] * 1000:,.{digits}f}" for name in ("median", "least", "most"))
    return median, f"({least} to {most})"


def _table(head: t.Sequence[str], rows: t.Sequence[t.Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = []
    for row in (head, *rows):
        first, *others = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join((first, *others)).rstrip())
    return lines
