# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compute costs, ratios and targets from runs, and write them as text."""

from __future__ import annotations

import dataclasses
import statistics
import typing as t

from .plays import OURS, PEER, MeasuredTask, Run

_MAX_SHARE = 1 / 10  # of the bytes of a peer
_MAX_CPU_RATIO = 1.5  # to an empty action
_MAX_READS = 3
_MAX_REQUESTS_PER_CHANGE = 1.07
_VERDICTS = {True: "met", False: "missed"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spread:
    """The median, the minimum and the maximum of several runs."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: t.Sequence[float]) -> Spread:
        """The spread of these values."""
        return cls(median=statistics.median(values), least=min(values), most=max(values))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of a task: seconds above those of an empty play, and bytes of HTTP bodies."""

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
        """The bytes in both directions."""
        return self.sent + self.received


def cost(
    measured: MeasuredTask, runs: t.Sequence[Run], *, empty: t.Sequence[Run], baseline: t.Sequence[Run], parts: int
) -> Cost:
    """The cost of one part of a run, which is one task on one host.

    C(empty) has the runs of the empty play in the same rounds, C(baseline) those of the action that does nothing.
    """

    def median(number: t.Callable[[Run], float]) -> float:
        return statistics.median(number(run) for run in runs) / parts

    def above_empty(number: t.Callable[[Run], float]) -> Spread:
        return Spread.of([(number(run) - number(idle)) / parts for run, idle in zip(runs, empty, strict=True)])

    return Cost(
        name=measured.name,
        owner=measured.owner,
        requests=median(lambda run: run.count.requests),
        sent=median(lambda run: run.count.sent),
        received=median(lambda run: run.count.received),
        writes=median(lambda run: run.count.actions["Put"] + run.count.actions["ExecuteResourceControl"]),
        cpu=above_empty(lambda run: run.cpu),
        wall=above_empty(lambda run: run.wall),
        endpoint=median(lambda run: run.count.seconds),
        cpu_to_floor=Spread.of(
            [
                (run.cpu - idle.cpu) / (base.cpu - idle.cpu)
                for run, idle, base in zip(runs, empty, baseline, strict=True)
            ]
        ),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """A target and the measured value."""

    promise: str
    limit: float
    measured: float

    @property
    def met(self) -> bool:
        """Whether the measured value is within the limit."""
        return self.measured <= self.limit


def targets(
    tasks: t.Sequence[Cost], compliant: Cost, check: Cost, applied: Cost, *, drifted: int
) -> tuple[Target, ...]:
    """The targets with the measured values. Of our modules, the most expensive one counts."""
    ours = [task for task in tasks if task.owner == OURS]
    peers = [task for task in tasks if task.owner == PEER]
    return (
        Target(
            promise="bytes of our task, as a share of the bytes of the smallest peer task",
            limit=_MAX_SHARE,
            measured=max(task.octets for task in ours) / min(task.octets for task in peers),
        ),
        Target(
            promise="controller CPU of our task, as a multiple of an action that does nothing",
            limit=_MAX_CPU_RATIO,
            measured=max(task.cpu_to_floor.median for task in ours),
        ),
        Target(promise="requests for compliant virtual machines", limit=_MAX_READS, measured=compliant.requests),
        Target(
            promise="requests in check mode, when some virtual machines differ",
            limit=_MAX_READS,
            measured=check.requests,
        ),
        Target(
            promise=f"more requests for each of {drifted} virtual machines that differ",
            limit=_MAX_REQUESTS_PER_CHANGE,
            measured=(applied.requests - compliant.requests) / drifted,
        ),
    )


def text(report: t.Mapping[str, t.Any]) -> str:
    """The report as text."""
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    conditions = report["conditions"]
    scale = "{hosts} hosts x {tasks} tasks, {forks} forks, {rounds} rounds".format(**conditions)
    lines = [
        f"{conditions['cores']} cores, {versions}",
        f"Per task and host: {scale}; median (minimum to maximum)",
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
            ("", "requests", "writes", "bytes sent", "received", "CPU ms", "", "wall ms", "", "of this the lab"),
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
                (target["promise"], f"{target['limit']:g}", f"{target['measured']:.4g}", _VERDICTS[target["met"]])
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
