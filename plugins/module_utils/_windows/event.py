# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of the System event log. Private to this collection.

Win32_NTLogEvent reads the classic logs only: what the failover cluster writes to System is there, the channels of
Hyper-V are not.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import itertools
import textwrap
import typing as t

from .._wsman.cim import UriStyle
from .._wsman.errors import ServerError
from .computer import in_utc

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client

_NAMESPACE = "root/cimv2"
_COLUMNS = "ComputerName, EventCode, InsertionStrings, Message, SourceName, TimeGenerated"
_LONGEST = 500  # characters of a message
_MOST = 10_000  # entries that are looked through
_SYSTEM = "FROM Win32_NTLogEvent WHERE Logfile='System'"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An entry of an event log; C(message) in one line of at most 500 characters."""

    time: datetime.datetime
    id: int
    source: str
    computer: str
    message: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """The newest entries, the newest first, and how many older ones there are beyond them."""

    newest: tuple[Event, ...]
    beyond: int


class TooManyEvents(ServerError):
    """There are more entries than anybody would look through."""

    advice = "ask for fewer days or fewer event ids"


def read_events(client: Client, ids: t.Sequence[int], *, since: datetime.datetime, limit: int) -> Events:
    """The newest entries of the System log with these ids, by one query of as many messages as they need.

    Windows does not promise an order, so all are looked at. Raises C(TooManyEvents) beyond 10,000 of them.
    """
    codes = " OR ".join(f"EventCode={int(number)}" for number in ids)
    wql = f"SELECT {_COLUMNS} {_SYSTEM} AND ({codes}) AND TimeGenerated>='{_wmi(since)}'"
    with _tried("reading the System event log", client):
        found = list(_some(client, wql, _MOST + 1))
        if len(found) > _MOST:
            raise TooManyEvents(f"more than {_MOST} entries match")
        events = sorted((event for item in found if (event := _event(item))), key=lambda event: event.time)
    newest = tuple(reversed(events[max(len(events) - limit, 0) :]))
    return Events(newest=newest, beyond=len(events) - len(newest))


def reaches_back(client: Client, since: datetime.datetime) -> bool:
    """Whether the System log has an entry from before that time; else later ones may be gone from it, too.

    Only one such entry is asked for: Windows does not tell which one is the oldest.
    """
    wql = f"SELECT RecordNumber, TimeGenerated {_SYSTEM} AND TimeGenerated<'{_wmi(since)}'"
    with _tried("reading how far the System event log reaches back", client):
        return bool(list(_some(client, wql, 1)))


@contextlib.contextmanager
def _tried(operation: str, client: Client) -> t.Iterator[None]:
    try:
        yield
    except ServerError as exc:
        if not exc.operation:
            exc.operation, exc.host = operation, client.host
        raise


def _some(client: Client, wql: str, most: int) -> t.Iterator[Instance]:
    pages = client.pages(UriStyle.WINDOWS.query_reference(_NAMESPACE), _NAMESPACE, wql=wql, max_elements=most)
    with contextlib.closing(t.cast("t.Generator[Instance, None, None]", pages)):
        yield from itertools.islice(pages, most)


def _wmi(time: datetime.datetime) -> str:
    return time.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%S.000000+000")


def _event(item: Instance) -> Event | None:
    time, number = in_utc(item.datetime("TimeGenerated")), item.integer("EventCode")
    if time is None or number is None:
        return None
    # A message is missing where the file with its text is not on the host; what would be put into it is still there.
    text = item.text("Message") or "; ".join(item.array("InsertionStrings") or ())
    return Event(
        time=time,
        id=number,
        source=item.text("SourceName") or "",
        computer=item.text("ComputerName") or "",
        message=textwrap.shorten(text, _LONGEST, placeholder=" ..."),
    )
