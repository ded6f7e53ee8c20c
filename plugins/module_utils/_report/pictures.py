# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures for the pictures of the page: paths, heartbeats, certificates. Private to this collection."""

from __future__ import annotations

import dataclasses
import math
import typing as t

from ..name_list import folded, natural

if t.TYPE_CHECKING:
    from .measurement import Certificate, Heartbeat, Path

_FEW = 16  # hosts up to which each square has room for a number
_LARGE, _SMALL = 44, 14  # user units of an SVG
_CHARACTER = 7.2
_LABEL = 26
_YEAR = 365


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """One path in the picture; C(kind) is passes, fails, unknown or untested."""

    x: int
    y: int
    kind: str
    path: Path | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """The paths between all hosts of one cluster network."""

    cluster: str
    network: str
    wanted: int
    hosts: tuple[str, ...]
    squares: tuple[Square, ...]
    side: int
    margin: int

    @property
    def large(self) -> bool:
        return self.side == _LARGE

    @property
    def width(self) -> int:
        return self.margin + self.side * len(self.hosts) + 2

    def of(self, kind: str) -> tuple[Path, ...]:
        """The paths of one kind."""
        return tuple(square.path for square in self.squares if square.kind == kind and square.path)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A heartbeat timeout, its limit and its default, in seconds and in percent of the common scale."""

    seconds: float | None
    limit: float | None
    default: float | None
    percent: float | None
    limit_percent: float | None

    @property
    def over(self) -> bool:
        return self.seconds is not None and self.limit is not None and self.seconds > self.limit


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatRow:
    """The same-subnet and cross-subnet bars of equal clusters; C(offline) is in percent of the common scale."""

    heartbeat: Heartbeat
    clusters: tuple[str, ...]
    bars: tuple[Bar, Bar]
    offline: float | None
    exceeds_timeout: bool  # the blackout is not shorter than the same-subnet timeout


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRow:
    """A certificate with its days left; C(kind) is expired, soon, later or unknown."""

    certificate: Certificate
    kind: str
    words: str
    percent: float
    limit: float


def meshes(paths: t.Iterable[Path]) -> tuple[Mesh, ...]:
    """A picture for each cluster network."""
    by_network: dict[tuple[str, str], list[Path]] = {}
    for path in paths:
        by_network.setdefault((path.cluster, path.network), []).append(path)
    return tuple(_mesh(*key, by_network[key]) for key in sorted(by_network))


def _mesh(cluster: str, network: str, paths: t.Sequence[Path]) -> Mesh:
    hosts = sorted({name for path in paths for name in (path.sender, path.receiver)}, key=natural)
    side = _LARGE if len(hosts) <= _FEW else _SMALL
    margin = round(min(max(map(len, hosts)), _LABEL) * _CHARACTER) + 10
    found = {(path.sender, path.receiver): path for path in paths}
    squares = tuple(
        Square(
            x=margin + side * column,
            y=margin + side * row,
            kind=_kind(found.get((sender, receiver))),
            path=found.get((sender, receiver)),
        )
        for row, sender in enumerate(hosts)
        for column, receiver in enumerate(hosts)
        if sender != receiver
    )
    wanted = max(path.wanted for path in paths)
    return Mesh(
        cluster=cluster, network=network, wanted=wanted, hosts=tuple(hosts), squares=squares, side=side, margin=margin
    )  # fmt: skip


def _kind(path: Path | None) -> str:
    if path is None:
        return "untested"
    return {True: "passes", False: "fails", None: "unknown"}[path.proved]


def scale(heartbeats: t.Iterable[Heartbeat]) -> int:
    """The end of the common scale in seconds: the largest value, rounded up to five."""
    values = (
        (
            each.same_subnet,
            each.cross_subnet,
            each.same_subnet_limit,
            each.cross_subnet_limit,
            each.same_subnet_default,
            each.cross_subnet_default,
            each.offline,
        )
        for each in heartbeats
    )
    known = [value for each in values for value in each if value]
    return max(5 * math.ceil(max(known, default=0) * 1.05 / 5), 10)


def heartbeat_rows(heartbeats: t.Sequence[Heartbeat]) -> tuple[HeartbeatRow, ...]:
    """The bars of the clusters with a known timeout. Clusters with the same values have one row."""
    end = scale(heartbeats)
    equal: dict[Heartbeat, list[str]] = {}
    for each in sorted(heartbeats, key=lambda beat: (not beat.dag, natural(beat.cluster))):
        if each.same_subnet is not None or each.cross_subnet is not None:
            equal.setdefault(dataclasses.replace(each, cluster=""), []).append(each.cluster)
    return tuple(_heartbeat_row(each, names, end) for each, names in equal.items())


def _heartbeat_row(beat: Heartbeat, names: t.Sequence[str], end: int) -> HeartbeatRow:
    def percent(value: float | None) -> float | None:
        return None if value is None else round(100 * value / end, 2)

    def bar_of(seconds: float | None, limit: float | None, default: float | None) -> Bar:
        return Bar(
            seconds=seconds, limit=limit, default=default, percent=percent(seconds), limit_percent=percent(limit)
        )

    same = bar_of(beat.same_subnet, beat.same_subnet_limit, beat.same_subnet_default)
    cross = bar_of(beat.cross_subnet, beat.cross_subnet_limit, beat.cross_subnet_default)
    return HeartbeatRow(
        heartbeat=beat,
        clusters=tuple(names),
        bars=(same, cross),
        offline=percent(beat.offline),
        exceeds_timeout=None not in {beat.offline, beat.same_subnet} and (beat.offline or 0) >= (beat.same_subnet or 0),
    )


def unknown_heartbeats(heartbeats: t.Iterable[Heartbeat]) -> str:
    """The names of the clusters without a known timeout."""
    return folded(each.cluster for each in heartbeats if each.same_subnet is None and each.cross_subnet is None)


def certificate_rows(certificates: t.Iterable[Certificate]) -> tuple[CertificateRow, ...]:
    """The certificates, the first to expire first."""
    ordered = sorted(certificates, key=lambda each: (each.days_left is None, each.days_left or 0, each.name))
    return tuple(_certificate_row(each) for each in ordered)


def _certificate_row(certificate: Certificate) -> CertificateRow:
    days = certificate.days_left
    if days is None:
        kind, words = "unknown", "unknown"
    elif days < 0:
        kind, words = "expired", f"expired {_days(-days)} ago"
    else:
        kind, words = ("soon" if days < certificate.limit_days else "later"), f"{_days(days)} left"
    return CertificateRow(
        certificate=certificate,
        kind=kind,
        words=words,
        percent=round(100 * min(max(days or 0, 0), _YEAR) / _YEAR, 2),
        limit=round(100 * min(certificate.limit_days, _YEAR) / _YEAR, 2),
    )


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
