# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine has been through: updates that were installed, and what its event logs kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .understanding import take

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .estate import Host
    from .repository import Repository
    from .values import Value

_CIMV2 = "root/cimv2"
_CLUSTERING = "Microsoft-Windows-FailoverClustering"
_ERROR = 1
_STARTED = 6009  # what EventLog writes when Windows starts


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
        take(f"event {at + 1} of {host}", data, optional, {"event", "days_ago"}) for at, data in enumerate(listed)
    ]
    return tuple(Event(**{**body, "strings": tuple(body.get("strings", ()))}) for body in bodies)


def hotfixes(host: str, listed: Any) -> tuple[Mapping[str, Any], ...]:
    """Understand the updates of a host: a number, or the properties of Win32_QuickFixEngineering."""
    known = {"Caption", "Description", "InstalledBy", "InstalledOn", "ServicePackInEffect", "FixComments"}
    return tuple(
        {"HotFixID": data} if isinstance(data, str) else take(f"a hotfix of {host}", data, known, {"HotFixID"})
        for data in listed
    )


def _entries(host: Host, begun: datetime) -> Iterator[tuple[datetime, Event]]:
    oldest = Event(_STARTED, host.log_days, source="EventLog", message="Microsoft (R) Windows (R)")
    for event in (oldest, *host.events):
        for number in range(event.count):
            yield begun - timedelta(days=event.days_ago, hours=event.hours_apart * number), event


def fill(repository: Repository, host: Host, begun: datetime) -> None:
    """The updates, and the events with the numbers that they got as they came; ages count from when the lab began."""
    for hotfix in host.hotfixes:
        update: dict[str, Value] = {"CSName": host.name.upper(), "Description": "Update", "ServicePackInEffect": ""}
        repository.add(_CIMV2, "Win32_QuickFixEngineering", update | dict(hotfix))
    records: dict[str, int] = {}
    for when, event in sorted(_entries(host, begun), key=lambda entry: entry[0]):
        records[event.log] = records.get(event.log, 10_000) + 1
        moment = when.strftime("%Y-%m-%dT%H:%M:%SZ")
        repository.add(
            _CIMV2,
            "Win32_NTLogEvent",
            {
                "Logfile": event.log,
                "RecordNumber": records[event.log],
                "EventCode": event.event,
                "EventIdentifier": event.event,
                "EventType": _ERROR,
                "Type": "Error",
                "Category": 1,
                "SourceName": event.source,
                "ComputerName": event.computer or f"{host.name}.example.test",
                "TimeGenerated": moment,
                "TimeWritten": moment,
                "Message": event.message,
                "InsertionStrings": list(event.strings) or None,
                "User": r"NT AUTHORITY\SYSTEM",
            },
        )
