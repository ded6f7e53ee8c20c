# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the event channels of a host, and compare the System log with what WMI returns. Private to this collection.

The event plug-in never shows the end of a channel, and the result of a WMI query has one. The System log can be read in
both ways, and has an event of each day. If both ways return the same there, the other channels of the host, which are
smaller, count as complete, too.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import typing as t

from .._wsman.errors import ServerError
from . import channel as event_channel
from . import event
from .channel import CHANNELS, SYSTEM, UPTIME, Channel, ChannelEvent
from .computer import iso
from .unknown import Unknown, at_the_same_time, attempt

if t.TYPE_CHECKING:
    from .._wsman.client import Client

_TOLERANCE = datetime.timedelta(seconds=1)  # WMI returns times without fractions of a second


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The number of events that each way returned, C(None) if it failed, and C(why) they cannot be compared or differ.

    C(same) is C(None) if they cannot be compared.
    """

    channel: int | None
    wmi: int | None
    same: bool | None
    why: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLog:
    """The events of a channel, the newest first.

    * C(complete): whether these are all events; C(None) if nothing shows that
    * C(reaches_back): whether the channel has an older event; C(None) if that was not read
    """

    channel: str
    events: tuple[ChannelEvent, ...]
    complete: bool | None
    reaches_back: bool | None
    compared: Comparison | None = None

    def as_result(self, limit: int) -> dict[str, t.Any]:
        """The newest events and the number of the others, for the result of a module."""
        rows = [
            {
                "time": iso(one.time),
                **{name: getattr(one, name) for name in ("id", "topic", "source", "computer")},
                **{name: getattr(one, name) for name in ("virtual_machine", "virtual_machine_id", "blackout_seconds")},
                "data": dict(one.data),
            }
            for one in self.events[:limit]
        ]
        return {
            "channel": self.channel,
            "events": rows,
            "events_beyond": len(self.events) - len(rows),
            "complete": self.complete,
            "reaches_back": self.reaches_back,
            "compared": dataclasses.asdict(self.compared) if self.compared else None,
        }


def read_result(
    client: Client,
    names: t.Sequence[str],
    wait: float,
    *,
    days: int,
    limit: int,
    unknown: list[Unknown],
    log: event.SystemLog | None = None,
) -> dict[str, t.Any]:
    """The channels by name, for the result of a module. Raises C(NoChannelRead) if none could be read."""
    found = read_channels(client, names, days=days, wait=wait, unknown=unknown, log=log)
    return {name: log.as_result(limit) for name, log in found.items()}


class NoChannelRead(ServerError):
    """None of the channels could be read."""


def system_ids(names: t.Iterable[str]) -> set[int]:
    """The ids of the events of the System log that belong to these channels."""
    return {number for name in names if CHANNELS[name].path == SYSTEM for number in CHANNELS[name].ids}


def read_channels(
    client: Client,
    names: t.Sequence[str],
    *,
    days: int,
    wait: float,
    unknown: list[Unknown],
    log: event.SystemLog | None = None,
) -> dict[str, ChannelLog]:
    """The channels by name. C(log) has the System log, if it was read. Raises C(NoChannelRead) if none could be read.

    The System log is read first: it shows how the others have to be read, at the same time.
    """
    until = log.until if log else datetime.datetime.now(tz=datetime.UTC).replace(microsecond=0)
    since = log.since if log else until - datetime.timedelta(days=days)
    reader = _Reader(client=client, since=since, until=until, wait=wait, log=log)
    found: dict[str, ChannelLog] = {}
    reasons: list[Unknown] = []
    complete, empty = None, 1
    for name in dict.fromkeys(name for name in names if CHANNELS[name].path == SYSTEM):
        read, needed = reader.read_system(name, reasons)
        empty = max(empty, needed)
        if read is not None:
            found[name] = read
            complete = read.compared.same if read.compared else complete
    others = list(dict.fromkeys(name for name in names if CHANNELS[name].path != SYSTEM))
    done = at_the_same_time(
        client, [functools.partial(reader.read_other, name, complete, empty if complete else 2) for name in others]
    )
    for name, (read, problems) in zip(others, done, strict=True):
        reasons += problems
        if read is not None:
            found[name] = read
    if names and not found:
        raise NoChannelRead(" ".join(dict.fromkeys(one.why for one in reasons)))
    unknown += reasons
    return found


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads the channels of one host within a time."""

    client: Client
    since: datetime.datetime
    until: datetime.datetime
    wait: float
    log: event.SystemLog | None

    def _read_channel(self, channel: Channel, empty: int) -> event_channel.Found:
        return event_channel.read_channel(
            self.client, channel, since=self.since, until=self.until, wait=self.wait, empty=empty
        )

    def read_other(self, name: str, complete: bool | None, empty: int) -> tuple[ChannelLog | None, list[Unknown]]:
        """Read a channel that WMI does not have, as the System log, which was C(complete), had to be read."""
        channel, unknown = CHANNELS[name], list[Unknown]()
        found = attempt(f"channels.{name}", lambda: self._read_channel(channel, empty), unknown)
        if found is None:
            return None, unknown
        _note_unreadable(name, found.unreadable, unknown)
        back = None
        if not found.events:
            back = found.older or attempt(
                f"channels.{name}.reaches_back",
                lambda: event_channel.reaches_back(self.client, channel, self.since, wait=self.wait, empty=empty),
                unknown,
            )
        log = ChannelLog(
            channel=channel.path,
            events=found.events,
            complete=False if found.unreadable else complete,
            reaches_back=back,
        )
        return log, unknown

    def read_system(self, name: str, unknown: list[Unknown]) -> tuple[ChannelLog | None, int]:
        """Read the System log in both ways; one of them is enough. Return also the empty responses that showed its end.

        If WMI returns the same after one, one is enough. Otherwise it is read again until two.
        """
        channel = CHANNELS[name]
        refused: list[Unknown] = []
        failed: list[Unknown] = []
        what = f"channels.{name}"
        entries = attempt(what, lambda: self._entries(channel), failed)
        known_entries, unreadable_entries = entries or ([], 0)
        others = [one for entry in known_entries if (one := self._from_wmi(entry, channel)) is not None]
        for empty in (1, 2) if others else (2,):
            found = attempt(what, lambda: self._read_channel(channel, empty), refused)  # noqa: B023
            events = found.events if found else ()
            missing, surplus = _differences(events, others)
            same = not missing and not surplus if events or others else None
            if same or found is None:
                break
        reasons = refused + failed
        if found is None and entries is None:
            unknown += reasons
            return None, empty
        _note_unreadable(name, found.unreadable if found else 0, unknown)
        why = None if same else "The System log has no event that can be compared."
        if same is False:
            why = (
                f"WMI and the event channel {channel.path} of {self.client.host} returned different events "
                f"({len(others)} and {len(events)})."
            )
        compared = Comparison(
            channel=None if found is None else len(events),
            wmi=None if entries is None else len(others),
            same=None if reasons else same,
            why=reasons[0].why if reasons else why,
        )
        known = [one for one in [*events, *missing] if one.topic != UPTIME.name]
        back = None
        if {topic.name for topic in channel.topics} - {UPTIME.name} - {one.topic for one in known}:
            back = attempt(
                f"channels.{name}.reaches_back",
                lambda: event.reaches_back(self.client, self.since, log=self.log),
                unknown,
            )
        log = ChannelLog(
            channel=channel.path,
            events=tuple(sorted(known, key=lambda one: one.time, reverse=True)),
            complete=None if entries is None else not unreadable_entries,
            reaches_back=back,
            compared=compared,
        )
        return log, empty

    def _entries(self, channel: Channel) -> tuple[list[event.Event], int]:
        if self.log:
            return self.log.entries(channel.ids, with_message=False)
        return event.read_entries(self.client, channel.ids, since=self.since)

    def _from_wmi(self, entry: event.Event, channel: Channel) -> ChannelEvent | None:
        topic = channel.topic(entry.id, entry.source)
        if topic is None or entry.time > self.until:
            return None
        data = {"1": entry.message} if entry.message else {}
        return ChannelEvent(
            time=entry.time, id=entry.id, topic=topic, source=entry.source, computer=entry.computer, data=data
        )


def _differences(
    events: t.Sequence[ChannelEvent], others: t.Sequence[ChannelEvent]
) -> tuple[list[ChannelEvent], list[ChannelEvent]]:
    """The events that only the second list has, and those that only the first one has."""
    surplus = sorted(events, key=lambda one: one.time)
    missing = []
    for other in sorted(others, key=lambda one: one.time):
        same = [one for one in surplus if one.id == other.id and abs(one.time - other.time) <= _TOLERANCE]
        if same:
            surplus.remove(same[0])
        else:
            missing.append(other)
    return missing, surplus


def _note_unreadable(name: str, number: int, unknown: list[Unknown]) -> None:
    if number:
        unknown.append(Unknown(f"channels.{name}.unreadable", f"{number} events have no valid time or id."))
