# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pictures of the page show: paths, heartbeats and certificates in numbers. Private to this collection."""

from __future__ import annotations

import dataclasses
import math
import typing as t

from ..name_list import natural

if t.TYPE_CHECKING:
    from .evaluation import Certificate, Heartbeat, Path

_FEW = 16  # hosts in a picture of paths with room for a number in each square
_LARGE, _SMALL = 44, 14  # user units of an SVG
_CHARACTER = 7.2
_LABEL = 26
_YEAR = 365


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """One path in the picture; C(kind) is passes, fails, unknown or untried."""

    x: int
    y: int
    kind: str
    path: Path | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """The paths of one cluster network, from each host to each."""

    cluster: str
    network: str
    wanted: int
    hosts: tuple[str, ...]
    squares: tuple[Square, ...]
    side: int
    margin: int

    @property
    def roomy(self) -> bool:
        return self.side == _LARGE

    @property
    def width(self) -> int:
        return self.margin + self.side * len(self.hosts) + 2

    def of(self, kind: str) -> tuple[Path, ...]:
        """The paths of one kind."""
        return tuple(square.path for square in self.squares if square.kind == kind and square.path)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Seconds until a silent node counts as down, with the limit, and both as parts of the common scale in percent."""

    seconds: float | None
    limit: float | None
    percent: float | None
    limit_percent: float | None

    @property
    def over(self) -> bool:
        return self.seconds is not None and self.limit is not None and self.seconds > self.limit


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A cluster's heartbeat within a subnet and across; C(offline) is a part of the common scale, in percent."""

    heartbeat: Heartbeat
    bars: tuple[Bar, Bar]
    offline: float | None
    too_slow: bool  # offline for longer than the same-subnet heartbeat waits


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """A certificate's days left; C(kind) is expired, soon, later or unknown."""

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
        return "untried"
    return {True: "passes", False: "fails", None: "unknown"}[path.proved]


def scale(heartbeats: t.Iterable[Heartbeat]) -> int:
    """The end of the common scale in seconds: the largest value, rounded up to five."""
    values = (
        (each.same_subnet, each.cross_subnet, each.same_subnet_limit, each.cross_subnet_limit, each.offline)
        for each in heartbeats
    )
    known = [value for each in values for value in each if value]
    return max(5 * math.ceil(max(known, default=0) * 1.05 / 5), 10)


def beats(heartbeats: t.Sequence[Heartbeat]) -> tuple[Beat, ...]:
    """The bars of each cluster."""
    end = scale(heartbeats)

    def percent(value: float | None) -> float | None:
        return None if value is None else round(100 * value / end, 2)

    def drawn(seconds: float | None, limit: float | None) -> Bar:
        return Bar(seconds=seconds, limit=limit, percent=percent(seconds), limit_percent=percent(limit))

    return tuple(
        Beat(
            heartbeat=each,
            bars=(drawn(each.same_subnet, each.same_subnet_limit), drawn(each.cross_subnet, each.cross_subnet_limit)),
            offline=percent(each.offline),
            too_slow=None not in {each.offline, each.same_subnet} and (each.offline or 0) >= (each.same_subnet or 0),
        )
        for each in sorted(heartbeats, key=lambda beat: natural(beat.cluster))
    )


def expiries(certificates: t.Iterable[Certificate]) -> tuple[Expiry, ...]:
    """The certificates, the first to expire first."""
    ordered = sorted(certificates, key=lambda each: (each.days_left is None, each.days_left or 0, each.name))
    return tuple(_expiry(each) for each in ordered)


def _expiry(certificate: Certificate) -> Expiry:
    days = certificate.days_left
    if days is None:
        kind, words = "unknown", "unknown"
    elif days < 0:
        kind, words = "expired", f"expired {_days(-days)} ago"
    else:
        kind, words = ("soon" if days < certificate.limit_days else "later"), f"{_days(days)} left"
    return Expiry(
        certificate=certificate,
        kind=kind,
        words=words,
        percent=round(100 * min(max(days or 0, 0), _YEAR) / _YEAR, 2),
        limit=round(100 * min(certificate.limit_days, _YEAR) / _YEAR, 2),
    )


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
