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
import functools
import itertools
import textwrap
import typing as t

from .._wsman.cim import UriStyle
from .._wsman.errors import ResponseLost, ServerError, Unreachable
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
UPTIME = 6013  # the id of an event that Windows writes each day


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


@dataclasses.dataclass(frozen=True, kw_only=True)
class SystemLog:
    """Entries of the System log from C(since) to C(until), and some from before, read once for several questions."""

    since: datetime.datetime
    until: datetime.datetime
    items: tuple[Instance, ...]

    @functools.cached_property
    def reaches_back(self) -> bool:
        """Whether there is an entry from before. If not, the log may have another one."""
        times = (_time_of(item) for item in self.items)
        return any(time is not None and time < self.since for time in times)

    def entries(self, ids: t.Collection[int], *, with_message: bool = True) -> tuple[list[Event], int]:
        """The entries with these ids, the oldest first, and the number of those without a valid time or id."""
        wanted = {None, *ids}
        known = [_event(item, with_message=with_message) for item in self.items if _id_of(item) in wanted]
        events = [entry for entry in known if entry is not None and entry.time >= self.since]
        return sorted(events, key=lambda entry: entry.time), known.count(None)


def read_log(client: Client, ids: t.Collection[int], *, days: int) -> SystemLog | None:
    """Read the entries of the last days with these ids, and those of the daily event of two more days.

    Returns C(None) if they cannot be read together: fewer of them may still be read.
    """
    until = datetime.datetime.now(tz=datetime.UTC).replace(microsecond=0)
    since = until - days * _DAY
    try:
        items = _read_items(client, _COLUMNS, sorted({*ids, UPTIME}), since - 2 * _DAY)
    except Unreachable:
        raise
    except ServerError:
        return None
    return SystemLog(since=since, until=until, items=tuple(items))


def read_events(
    client: Client, ids: t.Sequence[int], *, since: datetime.datetime, limit: int, log: SystemLog | None = None
) -> Events:
    """Read the newest entries of the System log with these ids, or take them from C(log).

    All of them are read, because Windows does not guarantee an order. Raises C(TooManyEvents) above 10,000.
    """
    events, unreadable = log.entries(ids) if log else _read_all(client, _COLUMNS, ids, since)
    newest = tuple(reversed(events[max(len(events) - limit, 0) :]))
    return Events(newest=newest, older=len(events) - len(newest), unreadable=unreadable)


def read_result(
    client: Client,
    ids: t.Sequence[int],
    *,
    days: int,
    limit: int,
    unknown: list[Unknown],
    log: SystemLog | None = None,
) -> dict[str, t.Any]:
    """The newest entries and what is known about the others, for the result of a module."""
    since = log.since if log else datetime.datetime.now(tz=datetime.UTC) - datetime.timedelta(days=days)
    found = read_events(client, ids, since=since, limit=limit, log=log)
    rows = [dataclasses.asdict(one) | {"time": iso(one.time)} for one in found.newest]
    back = None
    if {one.id for one in found.newest} != set(ids):
        back = attempt("events_reach_back", lambda: reaches_back(client, since, log=log), unknown)
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
    """The entries, the oldest first, and the number of those without a valid time or id."""
    known = [_event(item) for item in _read_items(client, columns, ids, since)]
    events = sorted((event for event in known if event is not None), key=lambda event: event.time)
    return events, len(known) - len(events)


def _read_items(client: Client, columns: str, ids: t.Sequence[int], since: datetime.datetime) -> list[Instance]:
    """The entries in the order of the response.

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
    return found


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


def reaches_back(client: Client, since: datetime.datetime, *, log: SystemLog | None = None) -> bool:
    """Whether the System log contains an entry older than that time. If not, later entries can be missing too.

    One older entry is enough, because Windows cannot return the oldest entry directly.
    """
    if log and log.reaches_back:
        return True
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
    target = UriStyle.WINDOWS.query_reference(_NAMESPACE)
    pages = client.pages(target, _NAMESPACE, wql=wql, max_elements=limit, references=False)
    with contextlib.closing(t.cast("t.Generator[Instance, None, None]", pages)):
        yield from itertools.islice(pages, limit)


def _wmi_time(time: datetime.datetime) -> str:
    return time.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%S.000000+000")


def _id_of(item: Instance) -> int | None:
    try:
        return item.integer("EventCode")
    except ResponseLost:
        return None


def _time_of(item: Instance) -> datetime.datetime | None:
    try:
        return in_utc(item.datetime("TimeGenerated"))
    except ResponseLost:
        return None


def in_one_line(text: str, most: int) -> str:
    """A text without line breaks, of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else textwrap.shorten(line, most, placeholder=" ...")


def _event(item: Instance, *, with_message: bool = True) -> Event | None:
    time, number = _time_of(item), _id_of(item)
    if time is None or number is None:
        return None
    # The message is missing if its message file is not on the host; the insertion strings are still present.
    text = (item.text("Message") if with_message else None) or "; ".join(item.array("InsertionStrings") or ())
    return Event(
        time=time,
        id=number,
        source=item.text("SourceName") or "",
        computer=item.text("ComputerName") or "",
        message=in_one_line(text, _MAX_MESSAGE),
    )
