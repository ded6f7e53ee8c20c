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
_STARTED = 6009  # the event of EventLog when Windows starts


def _entries(host: Host, begun: datetime) -> Iterator[tuple[datetime, Event]]:
    oldest = Event(_STARTED, host.log_days, source="EventLog", message="Microsoft (R) Windows (R)")
    for event in (oldest, *host.events):
        for number in range(event.count):
            yield begun - timedelta(days=event.days_ago, hours=event.hours_apart * number), event


def fill(repository: Repository, host: Host, begun: datetime) -> None:
    """Add the hotfixes, and the events in the order of their time. Their ages count from `begun`."""
    for hotfix in host.hotfixes:
        update: dict[str, Value] = {"CSName": host.name.upper(), "Description": "Update", "ServicePackInEffect": ""}
        repository.add(_CIMV2, "Win32_QuickFixEngineering", update | dict(hotfix))
    records: dict[str, int] = {}
    for time, event in sorted(_entries(host, begun), key=lambda entry: entry[0]):
        records[event.log] = records.get(event.log, 10_000) + 1
        text = time.strftime("%Y-%m-%dT%H:%M:%SZ")
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
                "TimeGenerated": text,
                "TimeWritten": text,
                "Message": event.message,
                "InsertionStrings": list(event.strings) or None,
                "User": r"NT AUTHORITY\SYSTEM",
            },
        )
