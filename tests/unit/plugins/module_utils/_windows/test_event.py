# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of reading events in any order."""

from __future__ import annotations

import datetime
import re
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import event
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, Reference, new_instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import Fault
from hypothesis import given
from hypothesis import strategies as st

URI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_NTLogEvent"
NOW = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)


def entry(minutes_ago: int, **more: t.Any) -> Instance:
    values = {
        "EventCode": 1135,
        "TimeGenerated": NOW - datetime.timedelta(minutes=minutes_ago),
        "Message": f"{minutes_ago} ago",
    }
    return new_instance(URI, values | more)


class Log:
    """A host with these entries; it records the query and the number of entries read."""

    host = "hv01"

    def __init__(self, entries: t.Iterable[Instance | Fault]) -> None:
        self.entries = entries
        self.asked = ""
        self.at_once = 0
        self.given = 0
        self.released = False

    def pages(self, _target: Reference, _namespace: str, *, wql: str, **more: t.Any) -> t.Iterator[Instance]:
        self.asked, self.at_once = wql, more["max_elements"]
        try:
            for one in self.entries:
                if isinstance(one, Fault):
                    raise one
                self.given += 1
                yield one
        finally:
            self.released = True


def read(log: Log, limit: int = 50, **more: t.Any) -> event.Events:
    return event.read_events(t.cast("t.Any", log), more.get("ids", [1135]), since=more.get("since", NOW), limit=limit)


@given(ages=st.lists(st.integers(0, 10_000), max_size=30), limit=st.integers(0, 20))
def test_the_newest_events_are_returned_and_the_others_counted(ages: list[int], limit: int) -> None:
    found = read(Log(map(entry, ages)), limit)
    assert [one.message for one in found.newest] == [f"{age} ago" for age in sorted(ages)[:limit]]
    assert len(found.newest) + found.older == len(ages)


def test_the_query_has_the_time_in_wmi_format() -> None:
    log = Log([])
    east = datetime.datetime(2026, 1, 1, 1, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    read(log, ids=[1135, 1069], since=east)
    assert "TimeGenerated>='20251231233000.000000+000'" in log.asked
    assert re.search(r"\(EventCode=1135 OR EventCode=1069\)", log.asked)
    assert "Logfile='System'" in log.asked


def test_a_message_is_one_line_with_a_limit() -> None:
    (found,) = read(Log([entry(1, Message="word\r\n\tword " * 200)])).newest
    assert len(found.message) <= 500
    assert found.message.startswith("word word word")
    assert "\n" not in found.message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"Message": None, "InsertionStrings": ["hv02", "hv01"]}, "hv02; hv01"),
        ({"Message": None}, ""),
        ({"Message": "kept", "InsertionStrings": ["hv02"]}, "kept"),
    ],
)
def test_an_event_without_a_message_file(values: dict[str, t.Any], message: str) -> None:
    (found,) = read(Log([entry(1, **values)])).newest
    assert found.message == message


@pytest.mark.parametrize("values", [{"EventCode": "many"}, {"EventCode": None}, {"TimeGenerated": "2026-W01-1"}])
def test_an_event_without_a_valid_time_or_id_costs_only_itself(values: dict[str, t.Any]) -> None:
    found = read(Log([entry(1), entry(2, **values), entry(3)]))
    assert ([one.message for one in found.newest], found.older, found.unreadable) == (["1 ago", "3 ago"], 0, 1)


def test_too_many_events_are_an_error() -> None:
    log = Log(entry(number) for number in range(50_000))
    with pytest.raises(event.TooManyEvents, match="System event log on hv01 failed: more than 10000 entries match"):
        read(log)
    assert log.given == 10_001
    assert log.released


def test_an_error_has_the_operation() -> None:
    with pytest.raises(Fault, match="Reading the System event log on hv01 failed: no") as caught:
        read(Log([entry(1), Fault("no")]))
    assert caught.value.host == "hv01"


@pytest.mark.parametrize(("entries", "back"), [([entry(9), entry(8)], True), ([], False)])
def test_an_older_entry_shows_that_the_log_reaches_back(entries: list[Instance], back: bool) -> None:
    log = Log(entries)
    assert event.reaches_back(t.cast("t.Any", log), NOW) is back
    assert "Logfile='System' AND TimeGenerated<'20260304050607.000000+000'" in log.asked
    assert (log.at_once, log.given, log.released) == (1, int(back), True)
