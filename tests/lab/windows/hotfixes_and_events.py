# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine has been through: updates that were installed, and what its event logs kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..checks import check_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLUSTERING = "Microsoft-Windows-FailoverClustering"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that stands in an event log, with its age, so that an estate file stays true."""

    event: int
    days_ago: float
    log: str = "System"
    source: str = _CLUSTERING
    computer: str = ""
    message: str | None = None
    strings: tuple[str, ...] = ()
    count: int = 1
    hours_apart: float = 1.0


def events(host: str, listed: Any) -> tuple[Event, ...]:
    """Understand the events of a host."""
    optional = {"log", "source", "computer", "message", "strings", "count", "hours_apart"}
    bodies = [
        check_keys(f"event {at + 1} of {host}", data, optional, {"event", "days_ago"}) for at, data in enumerate(listed)
    ]
    return tuple(Event(**{**body, "strings": tuple(body.get("strings", ()))}) for body in bodies)


def hotfixes(host: str, listed: Any) -> tuple[Mapping[str, Any], ...]:
    """Understand the updates of a host: a number, or the properties of Win32_QuickFixEngineering."""
    known = {"Caption", "Description", "InstalledBy", "InstalledOn", "ServicePackInEffect", "FixComments"}
    return tuple(
        {"HotFixID": data} if isinstance(data, str) else check_keys(f"a hotfix of {host}", data, known, {"HotFixID"})
        for data in listed
    )
