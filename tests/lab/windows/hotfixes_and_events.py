# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys `hotfixes` and `events` of a host in the estate file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..checks import check_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLUSTERING = "Microsoft-Windows-FailoverClustering"


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


def events(host: str, items: Any) -> tuple[Event, ...]:
    """Check the events of a host."""
    optional = {"log", "source", "computer", "message", "strings", "count", "hours_apart"}
    bodies = [
        check_keys(f"event {at + 1} of {host}", data, optional, {"event", "days_ago"}) for at, data in enumerate(items)
    ]
    return tuple(Event(**{**body, "strings": tuple(body.get("strings", ()))}) for body in bodies)


def hotfixes(host: str, items: Any) -> tuple[Mapping[str, Any], ...]:
    """Check the hotfixes of a host: a number, or the properties of Win32_QuickFixEngineering."""
    known = {"Caption", "Description", "InstalledBy", "InstalledOn", "ServicePackInEffect", "FixComments"}
    return tuple(
        {"HotFixID": data} if isinstance(data, str) else check_keys(f"a hotfix of {host}", data, known, {"HotFixID"})
        for data in items
    )
