# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the System event log with WMI. Private to this collection.

Win32_NTLogEvent contains only the classic logs: it has the System events of the failover cluster, but not the event
channels of Hyper-V, which C(channel) reads. Its result has an end, so it is known to be complete.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import itertools
import textwrap
import typing as t

from .._wsman.cim import UriStyle
from .._wsman.errors import ResponseLost, ServerError
from .._wsman.faults import is_time_out
from .._wsman.subscription import TooManyEvents
from .computer import in_utc, iso
from .unknown import Unknown, attempt

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client

_NAMESPACE = "root/cimv2"
_COLUMNS = "ComputerName, EventCode, InsertionStrings, Message, SourceName, TimeGenerated"
_MAX_MESSAGE = 500  # characters
_MAX_ENTRIES = 10_000
_DAY = datetime.timedelta(days=1)
_SYSTEM = "FROM Win32_NTLogEvent WHERE Logfile='System'"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An entry of an event log; C(message) is one line of at most 500 characters."""

    time: datetime.datetime
    id: int
    source: str
    computer: str
    message: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """The newest entries, the newest first, the number of older entries, and that of entries without a time or id."""

    newest: tuple[Event, ...]
    older: int
    unreadable: int = 0


def read_events(client: Client, ids: t.Sequence[int], *, since: datetime.datetime, limit: int) -> Events:
    """Read the newest entries of the System log with these ids.

    All of them are read, because Windows does not guarantee an order. Raises C(TooManyEvents) above 10,000.
    """
    events, unreadable = _read_all(client, _COLUMNS, ids, since)
    newest = tuple(reversed(events[max(len(events) - limit, 0) :]))
    return Events(newest=newest, older=len(events) - len(newest), unreadable=unreadable)


def read_result(
    client: Client, ids: t.Sequence[int], *, days: int, limit: int, unknown: list[Unknown]
) -> dict[str, t.Any]:
    """The newest entries and what is known about the others, for the result of a module."""
    since = datetime.datetime.now(tz=datetime.UTC) - datetime.timedelta(days=days)
    found = read_events(client, ids, since=since, limit=limit)
    rows = [dataclasses.asdict(one) | {"time": iso(one.time)} for one in found.newest]
    back = None
    if {one.id for one in found.newest} != set(ids):
        back = attempt("events_reach_back", lambda: reaches_back(client, since), unknown)
    if found.unreadable:
        unknown.append(Unknown("events_unreadable", f"{found.unreadable} events have no valid time or id."))
    return {"events": rows, "events_beyond": found.older + found.unreadable, "events_reach_back": back}


def read_entries(client: Client, ids: t.Sequence[int], *, since: datetime.datetime) -> tuple[list[Event], int]:
    """All entries of the System log with these ids, and the number of those without a valid time or id.

    They have their insertion strings in the place of the message, because Windows builds each message from a message
    file, which takes most of the time. Raises C(TooManyEvents) above 10,000.
    """
    return _read_all(client, _COLUMNS.replace("Message, ", ""), ids, since)


def _read_all(client: Client, columns: str, ids: t.Sequence[int], since: datetime.datetime) -> tuple[list[Event], int]:
    """The entries, the oldest first, and the number of those without a valid time or id.

    If Windows has no time for one query, each day is read alone, the newest one first. The first day that Windows has
    no time for ends this.
    """
    codes = " OR ".join(f"EventCode={int(number)}" for number in ids)
    wql = f"SELECT {columns} {_SYSTEM} AND ({codes}) AND TimeGenerated>='{{}}'"
    found: list[Instance] = []
    with _error_context("reading the System event log", client):
        try:
            found = _read_some(client, wql.format(_wmi_time(since)), found)
        except ServerError as exc:
            if not is_time_out(exc):
                raise
            for begin, end in _days(since):
                until = f" AND TimeGenerated<'{_wmi_time(end)}'" if end else ""
                found = _read_some(client, wql.format(_wmi_time(begin)) + until, found)
    known = [_event(item) for item in found]
    events = sorted((event for event in known if event is not None), key=lambda event: event.time)
    return events, len(known) - len(events)


def _read_some(client: Client, wql: str, before: list[Instance]) -> list[Instance]:
    found = before + list(_read_limited(client, wql, _MAX_ENTRIES + 1 - len(before)))
    if len(found) > _MAX_ENTRIES:
        raise TooManyEvents(f"more than {_MAX_ENTRIES} entries match")
    return found


def _days(since: datetime.datetime) -> t.Iterator[tuple[datetime.datetime, datetime.datetime | None]]:
    """Each day since then, the newest one first, which has no end."""
    days = max((datetime.datetime.now(tz=datetime.UTC) - since) // _DAY, 1)
    begins = [since + number * _DAY for number in range(days)]
    yield from zip(reversed(begins), [None, *reversed(begins[1:])], strict=True)


def reaches_back(client: Client, since: datetime.datetime) -> bool:
    """Whether the System log contains an entry older than that time. If not, later entries can be missing too.

    One older entry is enough, because Windows cannot return the oldest entry directly.
    """
    wql = f"SELECT RecordNumber, TimeGenerated {_SYSTEM} AND TimeGenerated<'{_wmi_time(since)}'"
    with _error_context("reading older entries of the System event log", client):
        return bool(list(_read_limited(client, wql, 1)))


@contextlib.contextmanager
def _error_context(operation: str, client: Client) -> t.Iterator[None]:
    try:
        yield
    except ServerError as exc:
        if not exc.operation:
            exc.operation, exc.host = operation, client.host
        raise


def _read_limited(client: Client, wql: str, limit: int) -> t.Iterator[Instance]:
    pages = client.pages(UriStyle.WINDOWS.query_reference(_NAMESPACE), _NAMESPACE, wql=wql, max_elements=limit)
    with contextlib.closing(t.cast("t.Generator[Instance, None, None]", pages)):
        yield from itertools.islice(pages, limit)


def _wmi_time(time: datetime.datetime) -> str:
    return time.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%S.000000+000")


def _event(item: Instance) -> Event | None:
    try:
        time, number = in_utc(item.datetime("TimeGenerated")), item.integer("EventCode")
    except ResponseLost:
        return None
    if time is None or number is None:
        return None
    # The message is missing if its message file is not on the host; the insertion strings are still present.
    text = item.text("Message") or "; ".join(item.array("InsertionStrings") or ())
    return Event(
        time=time,
        id=number,
        source=item.text("SourceName") or "",
        computer=item.text("ComputerName") or "",
        message=textwrap.shorten(text, _MAX_MESSAGE, placeholder=" ..."),
    )
