# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured paths, heartbeats and certificates of an evaluation. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from .entry import Entry

_DEFAULT_MTU = 9000
_DEFAULT_LIMIT_DAYS = 30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A path between two hosts on one cluster network.

    C(proved) is whether C(wanted) bytes pass, or C(None) if that is unknown.
    """

    cluster: str
    network: str
    sender: str
    receiver: str
    mtu: int | None
    wanted: int
    proved: bool | None
    why: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """The heartbeat timeouts of a cluster with their limits, and the live-migration blackout, in seconds.

    C(same_subnet_default) and C(cross_subnet_default) are the values of Windows, if they are known.
    """

    cluster: str
    dag: bool
    windows: str
    same_subnet: float | None
    cross_subnet: float | None
    same_subnet_default: float | None
    cross_subnet_default: float | None
    same_subnet_limit: float | None
    cross_subnet_limit: float | None
    offline: float | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate and the days until it expires. It should be renewed at C(limit_days)."""

    name: str
    use: str
    not_after: str
    days_left: int | None
    limit_days: int


def path_of(entry: Entry) -> Path:
    mtu = entry.number("mtu")
    return Path(
        cluster=entry.text("cluster"),
        network=entry.text("network"),
        sender=entry.text("from", None),
        receiver=entry.text("to", None),
        mtu=None if mtu is None else int(mtu),
        wanted=int(entry.number("wanted") or _DEFAULT_MTU),
        proved=entry.boolean("proved"),
        why=entry.text("why"),
    )


def heartbeat_of(entry: Entry) -> Heartbeat:
    return Heartbeat(
        cluster=entry.text("cluster", None),
        dag=entry.boolean("dag") is True,
        windows=entry.text("windows"),
        same_subnet=entry.number("same_subnet_seconds"),
        cross_subnet=entry.number("cross_subnet_seconds"),
        same_subnet_default=entry.number("same_subnet_default_seconds"),
        cross_subnet_default=entry.number("cross_subnet_default_seconds"),
        same_subnet_limit=entry.number("same_subnet_limit_seconds"),
        cross_subnet_limit=entry.number("cross_subnet_limit_seconds"),
        offline=entry.number("offline_seconds"),
    )


def certificate_of(entry: Entry) -> Certificate:
    days, limit = entry.number("days_left"), entry.number("limit_days")
    return Certificate(
        name=entry.text("name", None),
        use=entry.text("use"),
        not_after=entry.text("not_after"),
        days_left=None if days is None else int(days),
        limit_days=_DEFAULT_LIMIT_DAYS if limit is None else int(limit),
    )
