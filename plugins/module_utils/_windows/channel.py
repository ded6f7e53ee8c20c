# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of an event channel, and what they mean. Private to this collection.

Sources: Microsoft, failover clustering system log events and troubleshooting of live migration; published events of
Hyper-V hosts; the script CollectOverMetrics.ps1 of Exchange. The names of the data in events differ by release, so all
data is kept.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._wsman import subscription
from .._wsman.document import local_name, text_of
from .._wsman.scalar import read_date_time, read_integer
from .computer import in_utc
from .event import in_one_line

if t.TYPE_CHECKING:
    import datetime
    from xml.etree.ElementTree import Element

    from .._wsman.client import Client

SYSTEM = "System"
_CLUSTERING = "Microsoft-Windows-FailoverClustering"
_NAME = f"{{{subscription.EVENT}}}"
_MAX_TEXT, _MAX_VALUES = 500, 50
_SECONDS = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,9})?")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Events of one source that mean the same; without C(source), of any source in the channel."""

    name: str
    ids: tuple[int, ...]
    source: str = ""

    def has(self, number: int, source: str) -> bool:
        """Whether an event with this id and source belongs to the topic."""
        return number in self.ids and (not self.source or source.casefold() == self.source.casefold())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """An event channel with the topics to read."""

    path: str
    topics: tuple[Topic, ...]
    often: tuple[int, ...] = ()  # ids of other events that show how far the channel reaches back

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(sorted({number for topic in self.topics for number in topic.ids}))

    def topic(self, number: int, source: str) -> str | None:
        """The name of the topic of an event."""
        return next((topic.name for topic in self.topics if topic.has(number, source)), None)


# An event that Windows writes each day, so that two ways to read the System log can be compared.
UPTIME = Topic(name="uptime", ids=(6013,), source="EventLog")
CHANNELS: t.Mapping[str, Channel] = {
    "cluster": Channel(
        path=SYSTEM,
        topics=(
            # A role was not moved by a drain, a drain failed, a pending move was not completed.
            Topic(name="drain", ids=(1137, 1155, 1677), source=_CLUSTERING),
            Topic(name="quarantine", ids=(1672, 1675, 1676), source=_CLUSTERING),
            # A node was isolated, and its virtual machines were not monitored.
            Topic(name="isolation", ids=(1673, 1681), source=_CLUSTERING),
            Topic(name="witness", ids=(1557, 1558, 1562, 1563, 1564, 1573), source=_CLUSTERING),
            # Paused, lost, redirected, without direct access. 5157 is a pause that the cluster expects.
            Topic(name="shared_volume", ids=(5120, 5121, 5136, 5142), source=_CLUSTERING),
            UPTIME,
        ),
    ),
    "live_migrations": Channel(
        path="Microsoft-Windows-Hyper-V-VMMS-Admin",
        topics=(Topic(name="blackout", ids=(20415, 20417), source="Microsoft-Windows-Hyper-V-VMMS"),),
        often=(20413, 20418),  # live migrations, too
    ),
    "saved_states": Channel(
        path="Microsoft-Windows-Hyper-V-Worker-Admin",
        topics=(Topic(name="saved", ids=(18510, 18594), source="Microsoft-Windows-Hyper-V-Worker"),),
        often=(18500, 18502, 18504, 18508),  # a virtual machine was started, turned off, shut down
    ),
    "databases": Channel(
        path="Microsoft-Exchange-HighAvailability/Operational",
        topics=(Topic(name="action", ids=tuple(range(300, 312))), Topic(name="loss", ids=(324, 333))),
    ),
    "kerberos": Channel(
        path=SYSTEM,
        topics=(
            Topic(name="duplicate_name", ids=(11,), source="Microsoft-Windows-Kerberos-Key-Distribution-Center"),
            UPTIME,
        ),
    ),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEvent:
    """An event; C(data) has its values by name, or by number if they have no names.

    The virtual machine and the blackout are C(None) if the event has none that is valid.
    """

    time: datetime.datetime
    id: int
    topic: str
    source: str
    computer: str
    data: t.Mapping[str, str]

    @property
    def virtual_machine(self) -> str | None:
        return self._first("VmName", "Parameter0") if self.topic in ("blackout", "saved") else None

    @property
    def virtual_machine_id(self) -> str | None:
        return self._first("VmId", "Parameter1") if self.topic in ("blackout", "saved") else None

    @property
    def blackout_seconds(self) -> float | None:
        """The blackout of a live migration; hosts in other languages can have a decimal comma."""
        text = self.data.get("Parameter2", "") if self.topic == "blackout" else ""
        return float(text.replace(",", ".")) if _SECONDS.fullmatch(text) else None

    def _first(self, *names: str) -> str | None:
        return next((self.data[name] for name in names if self.data.get(name)), None)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The events of a channel, the newest first, and the number of those without a valid time or id.

    C(older) is whether there was an event from before, which is not in C(events).
    """

    events: tuple[ChannelEvent, ...] = ()
    unreadable: int = 0
    older: bool = False


def read_channel(
    client: Client, channel: Channel, *, since: datetime.datetime, until: datetime.datetime, wait: float, empty: int = 2
) -> Found:
    """Read the events of a channel. C(empty) responses without an event show its end.

    Of the same number of days before C(since), events that are written often are read, too: mostly there is one, so
    that nobody needs to ask whether the channel reaches back.
    """
    bounds = f"TimeCreated[@SystemTime>='{_time(since)}' and @SystemTime<='{_time(until)}']"
    selects = [f"*[System[{_condition(topic)} and {bounds}]]" for topic in channel.topics]
    if channel.path != SYSTEM:  # WMI has older events of it
        before = f"TimeCreated[@SystemTime>='{_time(since - (until - since))}' and @SystemTime<'{_time(since)}']"
        selects.append(f"*[System[{_condition(Topic(name='often', ids=channel.ids + channel.often))} and {before}]]")
    query = subscription.Query(channel=channel.path, selects=tuple(selects))
    reading = subscription.Reading(operation=f"reading the event channel {channel.path}", wait=wait, empty=empty)
    elements = subscription.read_events(client, query, reading)
    recent = [element for element in elements if not _is_before(element, since)]
    found = [_event(element, channel) for element in recent]
    events = sorted((event for event in found if event is not None), key=lambda event: event.time, reverse=True)
    return Found(events=tuple(events), unreadable=len(found) - len(events), older=len(recent) < len(elements))


def reaches_back(client: Client, channel: Channel, since: datetime.datetime, *, wait: float, empty: int = 2) -> bool:
    """Whether a channel contains an event older than that time. If not, later events can be missing too."""
    select = f"*[System[TimeCreated[@SystemTime<'{_time(since)}']]]"
    query = subscription.Query(channel=channel.path, selects=(select,))
    operation = f"reading older events of the event channel {channel.path}"
    reading = subscription.Reading(operation=operation, wait=wait, empty=empty, first_only=True)
    return bool(subscription.read_events(client, query, reading))


def _condition(topic: Topic) -> str:
    ids = " or ".join(f"EventID={number}" for number in topic.ids)
    return f"Provider[@Name='{topic.source}'] and ({ids})" if topic.source else f"({ids})"


def _time(moment: datetime.datetime) -> str:
    return t.cast("datetime.datetime", in_utc(moment)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _time_of(element: Element) -> datetime.datetime | None:
    created = element.find(f"{_NAME}System/{_NAME}TimeCreated")
    return in_utc(read_date_time(created.get("SystemTime") or "")) if created is not None else None


def _is_before(element: Element, since: datetime.datetime) -> bool:
    time = _time_of(element)
    return time is not None and time < since


def _event(element: Element, channel: Channel) -> ChannelEvent | None:
    system = element.find(f"{_NAME}System")
    if system is None:
        return None
    provider = system.find(f"{_NAME}Provider")
    source = (provider.get("Name") or "") if provider is not None else ""
    number = read_integer(text_of(system.find(f"{_NAME}EventID")))
    time = _time_of(element)
    topic = channel.topic(number, source) if number is not None else None
    if time is None or number is None or topic is None:
        return None
    return ChannelEvent(
        time=time,
        id=number,
        topic=topic,
        source=source,
        computer=text_of(system.find(f"{_NAME}Computer")),
        data=_data(element),
    )


def _data(element: Element) -> dict[str, str]:
    """The values in EventData, with or without names, or in the element of UserData."""
    values = element.findall(f"{_NAME}EventData/{_NAME}Data") or [
        value for user_data in element.findall(f"{_NAME}UserData/*") for value in user_data
    ]
    found: dict[str, str] = {}
    for position, value in enumerate(values[:_MAX_VALUES], 1):
        is_named = local_name(value.tag) != "Data" or value.get("Name")
        name = (value.get("Name") or local_name(value.tag)) if is_named else str(position)
        found[name] = in_one_line("".join(value.itertext()), _MAX_TEXT)
    return found
