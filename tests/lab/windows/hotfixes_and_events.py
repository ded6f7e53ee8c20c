# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys `hotfixes` and `events` of a host in the estate file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..checks import EstateError, check_keys
from .versions import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLUSTERING = "Microsoft-Windows-FailoverClustering"
_SINCE = {
    **dict.fromkeys((20413, 20415, 20417, 20418, 18510, 18594, 1137, 1155), "2012"),
    **dict.fromkeys((1672, 1673, 1675, 1676, 1677, 1680, 1681, 1682, 5157), "2016"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """Entries of an event log. Their time is an age, so that an estate file never gets old."""

    event: int
    days_ago: float
    log: str = "System"
    source: str = _CLUSTERING
    computer: str = ""
    message: str | None = None
    strings: tuple[str, ...] = ()
    count: int = 1
    hours_apart: float = 1.0
    level: int = 2
    data: Mapping[str, Any] = field(default_factory=dict)
    user_data: str = ""


def events(host: str, windows: str, items: Any) -> tuple[Event, ...]:
    """Check the events of a host. Its Windows version must have them."""
    optional = {"log", "source", "computer", "message", "strings", "count", "hours_apart", "level", "data", "user_data"}
    bodies = [
        check_keys(f"event {at + 1} of {host}", data, optional, {"event", "days_ago"}) for at, data in enumerate(items)
    ]
    for body in bodies:
        since = _SINCE.get(body["event"])
        if since and not VERSIONS[windows].has(since):
            raise EstateError(f"{host}: Windows Server {windows} has no event {body['event']}")
    return tuple(Event(**{**body, "strings": tuple(map(str, body.get("strings", ())))}) for body in bodies)


def hotfixes(host: str, items: Any) -> tuple[Mapping[str, Any], ...]:
    """Check the hotfixes of a host: a number, or the properties of Win32_QuickFixEngineering."""
    known = {"Caption", "Description", "InstalledBy", "InstalledOn", "ServicePackInEffect", "FixComments"}
    return tuple(
        {"HotFixID": data} if isinstance(data, str) else check_keys(f"a hotfix of {host}", data, known, {"HotFixID"})
        for data in items
    )
