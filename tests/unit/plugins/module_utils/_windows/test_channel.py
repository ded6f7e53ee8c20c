# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of channels, and the comparison of the System log with what WMI returns."""

from __future__ import annotations

import datetime
import re
import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import channel_log
from ansible_collections.winha.cluster.plugins.module_utils._windows import event as event_log
from ansible_collections.winha.cluster.plugins.module_utils._windows.channel import CHANNELS, read_channel
from ansible_collections.winha.cluster.plugins.module_utils._windows.channel_log import Comparison
from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client
from ansible_collections.winha.cluster.plugins.module_utils._wsman.subscription import EVENT
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.wire import (
    A,
    Script,
    action,
    answer,
    body,
    fault,
    header,
)

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._windows.unknown import Unknown

E = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/common"
EVENTS = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_NTLogEvent"
NOW = datetime.datetime.now(tz=datetime.UTC).replace(microsecond=0)
CLUSTERING = "Microsoft-Windows-FailoverClustering"
VML = "http://www.microsoft.com/Windows/Virtualization/Events"
WSMAN_FAULT = 'xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"'
REFUSED = fault("w:InternalError", "no", f'<f:WSManFault {WSMAN_FAULT} Code="5004"/>')
LATE = fault("w:TimedOut", "late", f'<f:WSManFault {WSMAN_FAULT} Code="2150858793"/>')
DIFFER = "WMI and the event channel System of node1.example.com returned different events ({} and {})."
Entry = tuple[int, str, datetime.datetime]
UPTIME: Entry = (6013, "EventLog", NOW - datetime.timedelta(days=1))
DRAIN: Entry = (1677, CLUSTERING, NOW - datetime.timedelta(days=2))
OLD: Entry = (1, "Old", NOW - datetime.timedelta(days=90))


def event(entry: Entry, data: str = "") -> str:
    number, source, time = entry
    created = time.strftime("%Y-%m-%dT%H:%M:%S.4567891Z")
    return (
        f'<Event xmlns="{EVENT}"><System><Provider Name="{source}"/><EventID Qualifiers="0">{number}</EventID>'
        f'<TimeCreated SystemTime="{created}"/><Computer>hv01</Computer></System>{data}</Event>'
    )


def vml(**values: str) -> str:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    return f'<UserData><VmlEventLog xmlns="{VML}">{inner}</VmlEventLog></UserData>'


def row(entry: Entry, message: str = "") -> str:
    number, source, time = entry
    return (
        f'<p:Win32_NTLogEvent xmlns:p="{EVENTS}"><p:EventCode>{number}</p:EventCode>'
        f"<p:SourceName>{source}</p:SourceName><p:ComputerName>hv01</p:ComputerName><p:InsertionStrings>EX01</p:InsertionStrings><p:TimeGenerated>"
        f"<cim:Datetime>{time.strftime('%Y-%m-%dT%H:%M:%SZ')}</cim:Datetime></p:TimeGenerated>{message}</p:Win32_NTLogEvent>"
    )


class Host(Script):
    """A host with events by channel, or a fault for a channel, and the rows of WMI, or a fault."""

    def __init__(
        self, channels: t.Mapping[str, list[str] | str], wmi: list[Entry] | str = (), *, older: bool = True
    ) -> None:  # fmt: skip
        super().__init__()
        self.channels, self.wmi, self.older = channels, wmi, older
        self.open: list[str] = []
        self.asked: list[str] = []
        self.most_days = 1000.0
        self.at_once = True  # whether one query may be for the ids of both questions
        self.pulls = 0
        self.slow = False  # an empty response comes before the last event
        self.paused = False

    def send(self, message: str) -> bytes:
        request = ET.fromstring(message)
        handler = {"Subscribe": self._subscribe, "Pull": self._pull, "Enumerate": self._enumerate}.get(action(request))
        given = handler(request) if handler else answer("")
        message_id = header(request).findtext(f"{A}MessageID", "")
        return re.sub(r"(RelatesTo[^>]*>)[^<]*<", rf"\g<1>{message_id}<", given, count=1).encode()

    def _subscribe(self, request: ET.Element) -> str:
        (first, *_others) = selects = list(request.iter("Select"))
        self.asked += [one.text or "" for one in selects]
        self.paused = False
        found = self.channels.get(first.get("Path", ""), REFUSED)
        if isinstance(found, str):
            return found
        oldest = "SystemTime<" in (first.text or "") and "SystemTime>" not in (first.text or "")
        self.open = ([event(OLD)] if self.older else []) if oldest else list(found)
        return answer(
            f'<e:SubscribeResponse xmlns:e="{E}"><e:SubscriptionManager><a:ReferenceProperties><e:Identifier>1'
            "</e:Identifier></a:ReferenceProperties></e:SubscriptionManager><n:EnumerationContext>c"
            "</n:EnumerationContext></e:SubscribeResponse>"
        )

    def _pull(self, _request: ET.Element) -> str:
        self.pulls += 1
        now = len(self.open)
        if self.slow and self.open and not self.paused:
            self.paused = now == 1
            now -= 1
        items, self.open = "".join(self.open[:now]), self.open[now:]
        return answer(
            f"<n:PullResponse><n:EnumerationContext>c</n:EnumerationContext><n:Items>{items}</n:Items></n:PullResponse>"
        )

    def _enumerate(self, request: ET.Element) -> str:
        wql = "".join(body(request).itertext())
        self.asked.append(wql)
        if isinstance(self.wmi, str):
            return self.wmi
        if "EventCode=1135" in wql and "EventCode=6013" in wql and not self.at_once:
            return fault("w:QuotaLimit")
        bounds = {mark: _moment(text) for mark, text in re.findall(r"TimeGenerated([<>]=?)'(\d{14})", wql)}
        begin, end = bounds.get(">=", OLD[2]), bounds.get("<", NOW + datetime.timedelta(minutes=1))
        if "EventCode=" in wql and (end - begin).total_seconds() / 86400 > self.most_days:
            return LATE
        ids = [int(number) for number in re.findall(r"EventCode=(\d+)", wql)] or [one[0] for one in self.wmi]
        message = "<p:Message>Moved EX01</p:Message>" if "Message" in wql else ""
        rows = "".join(row(one, message) for one in self.wmi if begin <= one[2] < end and one[0] in ids)
        return answer(f"<n:EnumerateResponse><w:Items>{rows}</w:Items><w:EndOfSequence/></n:EnumerateResponse>")


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=datetime.UTC)


def read(host: Host, *names: str) -> tuple[dict[str, channel_log.ChannelLog], list[Unknown]]:
    unknown: list[Unknown] = []
    client = Client(host, read_only=True, pause=lambda _seconds: None)  # type: ignore[arg-type]
    return channel_log.read_channels(client, names, days=30, wait=5, unknown=unknown), unknown


def reasons(unknown: list[Unknown]) -> dict[str, str]:
    return {one.what: one.why for one in unknown}


def test_both_ways_return_the_same_so_the_other_channels_count_as_complete() -> None:
    same = [UPTIME, DRAIN]
    host = Host({"System": [event(one) for one in same], CHANNELS["saved_states"].path: []}, same)
    found, unknown = read(host, "saved_states", "cluster")
    cluster, saved = found["cluster"], found["saved_states"]
    assert cluster.compared == Comparison(channel=2, wmi=2, same=True)
    assert [(one.id, one.topic) for one in cluster.events] == [(1677, "drain")]
    assert (cluster.complete, cluster.reaches_back) == (True, False)
    assert (saved.complete, saved.reaches_back, saved.events, unknown) == (True, True, (), [])


def test_events_that_only_wmi_returns_are_kept_and_the_channels_count_as_incomplete() -> None:
    host = Host({"System": [event(UPTIME)], CHANNELS["saved_states"].path: []}, [UPTIME, DRAIN, OLD])
    found, unknown = read(host, "cluster", "saved_states")
    assert [(one.id, dict(one.data)) for one in found["cluster"].events] == [(1677, {"1": "EX01"})]
    assert (found["cluster"].complete, found["saved_states"].complete) == (True, False)
    assert (found["cluster"].compared or Comparison).why == DIFFER.format(2, 1)
    assert unknown == []


def test_an_event_that_only_the_channel_returns_is_a_difference_too() -> None:
    found, _unknown = read(Host({"System": [event(UPTIME), event(DRAIN)]}, [UPTIME]), "cluster")
    assert found["cluster"].compared == Comparison(channel=2, wmi=1, same=False, why=DIFFER.format(1, 2))


@pytest.mark.parametrize(("slow", "pulls"), [(False, 2 + 1 + 1), (True, 2 + 5 + 2 + 2)], ids=["quick", "slow"])
def test_one_empty_response_is_enough_where_it_shows_the_end_of_the_system_log(slow: bool, pulls: int) -> None:
    """If an event comes after an empty response, all channels are read until two of them."""
    saved = CHANNELS["saved_states"].path
    host = Host({"System": [event(UPTIME), event(DRAIN)], saved: []}, [UPTIME, DRAIN])
    host.slow = slow
    found, unknown = read(host, "cluster", "saved_states")
    assert found["cluster"].compared == Comparison(channel=2, wmi=2, same=True)
    assert (found["saved_states"].complete, found["saved_states"].reaches_back, unknown) == (True, True, [])
    assert host.pulls == pulls


def test_an_older_event_in_the_same_subscription_shows_that_a_channel_reaches_back() -> None:
    started = (18500, "Microsoft-Windows-Hyper-V-Worker", NOW - datetime.timedelta(days=40))
    host = Host({CHANNELS["saved_states"].path: [event(started)]})
    found, unknown = read(host, "saved_states")
    assert (found["saved_states"].events, found["saved_states"].reaches_back, unknown) == ((), True, [])
    assert len([one for one in host.asked if "TimeCreated" in one]) == 2
    assert "(EventID=18510 or EventID=18594 or EventID=18500" in host.asked[1]
    assert len(re.findall(r"[<>=]=?'|EventID=", host.asked[1])) < 20  # Windows refuses a query with more


def both(host: Host) -> tuple[event_log.SystemLog | None, dict[str, t.Any], dict[str, t.Any], list[Unknown]]:
    """The log, the events and the channel "cluster", as a host is asked for both."""
    client, unknown = Client(host, read_only=True, pause=lambda _seconds: None), t.cast("list[Unknown]", [])  # type: ignore[arg-type]
    log = event_log.read_log(client, channel_log.system_ids(["cluster"]).union([1135, 1677]), days=30)
    events = event_log.read_result(client, [1135, 1677], days=30, limit=9, unknown=unknown, log=log)
    channels = channel_log.read_result(client, ["cluster"], 5, days=30, limit=9, unknown=unknown, log=log)
    return log, events, channels["cluster"], unknown


def test_the_system_log_is_read_once_by_wmi_for_both_questions() -> None:
    before = (6013, "EventLog", NOW - datetime.timedelta(days=31))
    host = Host({"System": [event(UPTIME), event(DRAIN)]}, [UPTIME, DRAIN, before])
    _log, events, cluster, unknown = both(host)
    assert [(one["id"], one["message"]) for one in events["events"]] == [(1677, "Moved EX01")]
    assert (events["events_beyond"], events["events_reach_back"], unknown) == (0, True, [])
    assert (cluster["compared"]["same"], cluster["complete"], cluster["reaches_back"]) == (True, True, True)
    assert len([one for one in host.asked if "TimeGenerated" in one]) == 1
    host = Host({"System": [event(UPTIME)]}, [UPTIME, DRAIN])
    _log, events, cluster, unknown = both(host)
    assert [one["data"] for one in cluster["events"]] == [{"1": "EX01"}]
    # No entry is from before, so the host was asked for another one.
    assert (events["events_reach_back"], cluster["reaches_back"], unknown) == (False, False, [])


def test_a_system_log_that_cannot_be_read_at_once_is_read_in_parts() -> None:
    host = Host({"System": [event(UPTIME), event(DRAIN)]}, [UPTIME, DRAIN])
    host.at_once = False
    log, events, cluster, unknown = both(host)
    assert log is None
    assert ([one["id"] for one in events["events"]], cluster["compared"]["wmi"]) == ([1677], 2)
    assert unknown == []


def test_two_empty_results_prove_nothing() -> None:
    found, unknown = read(Host({"System": [], CHANNELS["live_migrations"].path: []}, []), "cluster", "live_migrations")
    compared = found["cluster"].compared
    assert compared is not None
    assert (compared.channel, compared.wmi, compared.same, found["cluster"].complete) == (0, 0, None, True)
    assert (found["live_migrations"].complete, unknown) == (None, [])


def test_one_way_to_read_the_system_log_is_enough() -> None:
    """Only the result of WMI has an end. Without a comparison nothing shows that another channel is complete."""
    saved = CHANNELS["saved_states"].path
    found, unknown = read(Host({"System": REFUSED, saved: []}, [UPTIME, DRAIN]), "cluster", "saved_states")
    assert ([one.id for one in found["cluster"].events], found["cluster"].complete) == ([1677], True)
    compared = found["cluster"].compared
    assert compared is not None
    assert (compared.channel, compared.wmi, compared.same, unknown) == (None, 2, None, [])
    assert "[5004, InternalError]" in str(compared.why)
    assert found["saved_states"].complete is None
    found, unknown = read(Host({"System": [event(DRAIN)]}, fault("w:AccessDenied")), "cluster")
    assert ([one.id for one in found["cluster"].events], found["cluster"].complete) == ([1677], None)
    assert "AccessDenied" in str((found["cluster"].compared or Comparison).why)


def test_a_refused_channel_is_unknown_and_the_others_are_returned() -> None:
    host = Host({"System": [event(UPTIME)], CHANNELS["saved_states"].path: fault("w:AccessDenied")}, [UPTIME])
    found, unknown = read(host, "cluster", "live_migrations", "saved_states")
    assert list(found) == ["cluster"]
    assert "[5004, InternalError]" in reasons(unknown)["channels.live_migrations"]
    assert "AccessDenied" in reasons(unknown)["channels.saved_states"]


def test_without_any_channel_the_reading_fails() -> None:
    with pytest.raises(channel_log.NoChannelRead, match="Hyper-V-VMMS-Admin"):
        read(Host({}, fault("w:AccessDenied")), "cluster", "live_migrations")


def test_a_query_that_runs_out_of_time_is_split_by_days() -> None:
    host = Host({"System": [event(UPTIME), event(DRAIN)]}, [DRAIN, UPTIME])
    host.most_days = 1.01
    found, unknown = read(host, "cluster")
    assert found["cluster"].compared == Comparison(channel=2, wmi=2, same=True)
    assert unknown == []
    queries = [one for one in host.asked if "EventCode=" in one]
    assert len(queries) == 31
    assert "TimeGenerated<" not in queries[1]
    host.most_days = 0.5
    found, unknown = read(host, "cluster")
    assert "0x80338029" in str((found["cluster"].compared or Comparison).why)
    assert len([one for one in host.asked if "EventCode=" in one]) == 31 + 2


def test_the_query_has_the_ids_the_source_and_both_bounds() -> None:
    host = Host({CHANNELS["live_migrations"].path: []})
    read(host, "live_migrations")
    source = "Provider[@Name='Microsoft-Windows-Hyper-V-VMMS'] and (EventID=20415 or EventID=20417)"
    time = r"'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z'"
    assert re.fullmatch(
        rf"\*\[System\[{re.escape(source)} and TimeCreated\[@SystemTime>={time} and @SystemTime<={time}\]\]\]",
        host.asked[0],
    )


@pytest.mark.parametrize(
    ("number", "text", "seconds"),
    [(20415, "0.5", 0.5), (20417, "63,1", 63.1), (20415, "2", 2.0), (20415, "long", None)],
)
def test_a_blackout_is_read_with_a_decimal_point_or_comma(number: int, text: str, seconds: float | None) -> None:
    entry = (number, "Microsoft-Windows-Hyper-V-VMMS", NOW)
    data = vml(Parameter0="EX01", Parameter1="6F0C", Parameter2=text)
    found, _unknown = read(Host({CHANNELS["live_migrations"].path: [event(entry, data)]}), "live_migrations")
    (one,) = found["live_migrations"].events
    assert (one.virtual_machine, one.virtual_machine_id, one.blackout_seconds) == ("EX01", "6F0C", seconds)


def test_the_data_of_each_form_is_read_and_an_event_without_a_time_or_id_is_counted() -> None:
    saved = (18510, "Microsoft-Windows-Hyper-V-Worker", NOW)
    named = '<EventData><Data Name="VmName">EX01</Data><Data Name="VmId">6F0C</Data></EventData>'
    bare = "<EventData><Data>EX01</Data><Data>\n two  words </Data></EventData>"
    invalid = event(saved).replace("SystemTime=", "Time="), event((7, "Other", NOW))
    host = Host({CHANNELS["saved_states"].path: [event(saved, named), event(saved, bare), *invalid]})
    channel = CHANNELS["saved_states"]
    all_of_it = read_channel(Client(host), channel, since=OLD[2], until=NOW, wait=5)  # type: ignore[arg-type]
    first, second = all_of_it.events
    assert [dict(first.data), dict(second.data)] == [
        {"VmName": "EX01", "VmId": "6F0C"},
        {"1": "EX01", "2": "two words"},
    ]
    assert (first.virtual_machine, second.virtual_machine, all_of_it.unreadable) == ("EX01", None, 2)
    found, unknown = read(host, "saved_states")
    assert (found["saved_states"].complete, reasons(unknown)) == (
        False,
        {"channels.saved_states.unreadable": "2 events have no valid time or id."},
    )
