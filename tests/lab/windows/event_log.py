# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The installed updates and the event logs of a host, as WMI instances."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .hotfixes_and_events import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..estate import Host
    from ..wire.values import Value
    from .repository import Repository

_CIMV2 = "root/cimv2"
_ERROR = 1
_STARTED, _UPTIME = 6009, 6013  # the events of EventLog when Windows starts, and at noon of each day
_UPTIME_DAYS = 40
_CLASSIC = {"system", "application", "security"}  # the logs that WMI reads


def _entries(host: Host, begun: datetime) -> Iterator[tuple[datetime, Event]]:
    oldest = Event(_STARTED, host.log_days, source="EventLog", message="Microsoft (R) Windows (R)")
    days = int(min(host.log_days, _UPTIME_DAYS))
    uptime = Event(
        _UPTIME, 0.4, source="EventLog", level=4, strings=("", "", "", "", "86400"), count=days, hours_apart=24
    )
    for event in (oldest, uptime, *host.events):
        for number in range(event.count):
            yield begun - timedelta(days=event.days_ago, hours=event.hours_apart * number), event


def records(host: Host, begun: datetime) -> Iterator[tuple[datetime, int, Event]]:
    """All entries of all logs by time, each with its record number. Their ages count from `begun`."""
    last: dict[str, int] = {}
    for time, event in sorted(_entries(host, begun), key=lambda entry: entry[0]):
        last[event.log] = last.get(event.log, 10_000) + 1
        yield time, last[event.log], event


def fill(repository: Repository, host: Host, begun: datetime) -> None:
    """Add the hotfixes, and the events of the classic logs."""
    for hotfix in host.hotfixes:
        update: dict[str, Value] = {"CSName": host.name.upper(), "Description": "Update", "ServicePackInEffect": ""}
        repository.add(_CIMV2, "Win32_QuickFixEngineering", update | dict(hotfix))
    for time, record, event in records(host, begun):
        if event.log.lower() not in _CLASSIC:
            continue
        text = time.strftime("%Y-%m-%dT%H:%M:%SZ")
        repository.add(
            _CIMV2,
            "Win32_NTLogEvent",
            {
                "Logfile": event.log,
                "RecordNumber": record,
                "EventCode": event.event,
                "EventIdentifier": event.event,
                "EventType": _ERROR,
                "Type": "Error",
                "Category": 1,
                "SourceName": event.source,
                "ComputerName": event.computer or f"{host.name}.example.test",
                "TimeGenerated": text,
                "TimeWritten": text,
                "Message": event.message,
                "InsertionStrings": list(event.strings) or None,
                "User": r"NT AUTHORITY\SYSTEM",
            },
        )
