# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event plug-in: Subscribe, Pull and Unsubscribe, the queries, the limits and the faults."""

from __future__ import annotations

import re
import time

import pytest
from raw_client import ENUMERATION, TRANSFER, context, envelope

URI = "http://schemas.microsoft.com/wbem/wsman/1/windows/EventLog"
EVENTING = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
EVENT = "{http://schemas.microsoft.com/win/2004/08/events/event}"
ALL = "*[System[TimeCreated[@SystemTime>='2020-01-01T00:00:00.000Z']]]"
CLUSTER = "Microsoft-Windows-FailoverClustering"
VMMS = "Microsoft-Windows-Hyper-V-VMMS-Admin"


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def select(xpath=ALL, channel="System"):
    return f'<Select Path="{channel}">{escaped(xpath)}</Select>'


def subscribe(
    client,
    *selects,
    heartbeat="PT5.000S",
    mode="Pull",
    options=(),
    filtered=None,
    delivery="",
    earliest="bookmark/earliest",
):
    listed = f'<QueryList><Query Id="0">{"".join(selects)}</Query></QueryList>' if filtered is None else filtered
    body = (
        f'<e:Subscribe xmlns:e="{EVENTING}"><e:Delivery Mode="http://schemas.dmtf.org/wbem/wsman/1/wsman/{mode}">'
        f"<w:Heartbeats>{heartbeat}</w:Heartbeats>{delivery}</e:Delivery>"
        f'<w:Filter Dialect="http://schemas.microsoft.com/win/2004/08/events/eventquery">{listed}</w:Filter>'
        f"<w:Bookmark>http://schemas.dmtf.org/wbem/wsman/1/wsman/{earliest}</w:Bookmark></e:Subscribe>"
    )
    return client.post(envelope(f"{EVENTING}/Subscribe", URI, body, options=list(options)))


def pull(client, opened, count=32000, timeout="PT5.000S", size="512000"):
    elements = f"<n:MaxElements>{count}</n:MaxElements>"
    body = f"<n:Pull><n:EnumerationContext>{context(opened)}</n:EnumerationContext>{elements}</n:Pull>"
    return client.post(envelope(f"{ENUMERATION}Pull", URI, body, timeout=timeout, size=size))


def unsubscribe(client, opened):
    identifier = re.search(r"<e:Identifier>(.*?)</e:Identifier>", opened.text)[1]
    more = f'<e:Identifier xmlns:e="{EVENTING}">{identifier}</e:Identifier>'
    return client.post(envelope(f"{EVENTING}/Unsubscribe", URI, f'<e:Unsubscribe xmlns:e="{EVENTING}"/>', more=more))


def ids(response):
    return [int(item.findtext(f"{EVENT}System/{EVENT}EventID")) for item in response.items]


def read(client, xpath, channel="System"):
    """The ids of the first page, without the event that the plug-in adds."""
    opened = subscribe(client, select(xpath, channel))
    assert opened.status == 200, opened.text
    found = ids(pull(client, opened))
    assert unsubscribe(client, opened).status == 200
    assert found[:1] in ([], [111])
    return found[1:]


@pytest.fixture
def lone(client):
    return client("lone")


def test_events_come_in_pages_with_a_new_context_and_no_end(lone):
    opened = subscribe(lone, select(f"*[System[Provider[@Name='{CLUSTER}'] and (EventID=1135 or EventID=1672)]]"))
    assert "<e:Expires>PT0.000S</e:Expires>" in opened.text
    first = pull(lone, opened, count=3)
    assert ids(first) == [111, 1672, 1135]
    old = pull(lone, opened)
    assert (old.subcode, old.code) == ("n:InvalidEnumerationContext", 2150858779)
    second = pull(lone, first)
    assert ids(second) == [1135, 1135]
    empty = pull(lone, second)
    assert (ids(empty), "<n:Items/>" in empty.text, "EndOfSequence" in empty.text) == ([], True, False)
    assert len({context(one) for one in (opened, first, second, empty)}) == 4
    assert unsubscribe(lone, opened).status == 200
    assert pull(lone, empty).subcode == "n:InvalidEnumerationContext"


def test_the_data_has_names_no_names_or_is_in_user_data(lone):
    opened = subscribe(lone, select(channel=VMMS), options=[("ContentFormat", "RenderedText")])
    text = pull(lone, opened).text
    assert "<UserData><VmlEventLog" in text
    assert "<Parameter2>0.5</Parameter2>" in text
    assert "<RenderingInfo" in text
    raw = pull(lone, subscribe(lone, select("*[System[EventID=1135 or EventID=1672]]"))).text
    assert '<Data Name="NodeName">hv09</Data>' in raw
    assert "<Data>hv09</Data>" in raw
    assert "RenderingInfo" not in raw


@pytest.mark.parametrize(
    ("xpath", "found"),
    [
        ("*[System[(EventID=1672)]]", [1672]),
        ("*[System[EventID>=1100 and EventID<1700 and EventID!=1135]]", [1672]),
        (f"*[System[Provider[@Name='{CLUSTER}'] and TimeCreated[timediff(@SystemTime) <= 129600000]]]", [1135] * 3),
        ("*[EventData[Data='hv09']]", [1672] + [1135] * 3),
        ("*[EventData/Data='hv09' and System/EventID=1672]", [1672]),
        ("Event[System[EventID=7]]", []),
        ("*[System[EventID=1672 and Provider[@Name='Other']]]", []),
    ],
)
def test_a_query_selects_events(lone, xpath, found):
    assert read(lone, xpath) == found


@pytest.mark.parametrize(
    "xpath",
    [
        "System[EventID=1]",
        "*[System[contains(Provider, 'x')]]",
        "*[System[EventID=1]",
        "*[System[EventID=one]]",
        "*[System[EventID=1] and",
        "*[System[" + " or ".join(f"EventID={number}" for number in range(30)) + "]]",
        "*[System[TimeCreated[@SystemTime>='2026-99-01T00:00:00Z']]]",
        "",
    ],
)
def test_a_query_that_windows_does_not_support_is_refused(lone, xpath):
    refused = subscribe(lone, select(xpath))
    assert (refused.status, refused.code) == (500, 15001)
    assert "<t:ProviderError" in refused.text


@pytest.mark.parametrize("channel", ["Missing", "Closed", "Security", f"{CLUSTER}/Diagnostic"])
def test_a_channel_that_cannot_be_read_ends_the_subscription_unless_errors_are_ignored(lone, channel):
    refused = subscribe(lone, select(channel=channel))
    assert (refused.status, refused.code) == (500, 5004)
    assert subscribe(lone, select(), select(channel=channel)).code == 5004
    ignored = subscribe(lone, select(channel="Empty"), select(channel=channel), options=[("IgnoreChannelError", "")])
    assert ids(pull(lone, ignored)) == []


def test_the_plugin_refuses_other_operations_and_other_callers(lone, client):
    for action in (f"{TRANSFER}Get", f"{ENUMERATION}Enumerate", f"{EVENTING}/GetStatus", f"{URI}/Clear"):
        assert lone.post(envelope(action, URI)).subcode == "a:ActionNotSupported"
    assert lone.post(envelope(f"{EVENTING}/Renew", URI)).subcode == "e:UnableToRenew"
    assert lone.post(envelope(f"{EVENTING}/Subscribe", URI, selectors={"Name": "x"})).subcode == "w:InvalidSelectors"
    denied = subscribe(client("fake"), select())
    assert (denied.subcode, denied.code) == ("w:AccessDenied", 5)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"heartbeat": "5 s"}, 2150858916),
        ({"heartbeat": "PT0.000S"}, 2150858916),
        ({"mode": "Events"}, 2150858771),
        ({"delivery": "<w:MaxTime>PT1S</w:MaxTime>"}, 2150858900),
        ({"filtered": "&lt;QueryList/&gt;"}, 2150858817),
        ({"filtered": "<QueryList><Query><Select Path='System'>*</Select></Query></QueryList>"}, 2150858817),
        ({"earliest": "bookmark/latest"}, 2150858808),
        ({"options": [("Quick", "true")]}, 2150858829),
    ],
)
def test_a_subscription_with_an_error_is_refused(lone, more, code):
    assert subscribe(lone, select(), **more).code == code


def test_a_user_has_fifteen_subscriptions_and_those_without_a_pull_are_closed(lone, lab):
    opened = [subscribe(lone, select(channel="Empty"), heartbeat="PT0.300S") for _number in range(15)]
    assert {one.status for one in opened} == {200}
    full = subscribe(lone, select())
    assert full.subcode == "w:QuotaLimit"
    time.sleep(0.4)
    closed = pull(lone, opened[0])
    assert closed.code == 2150858762
    assert subscribe(lone, select()).status == 200
    assert lab.journal(writes=True) == []


def test_a_pull_with_a_shorter_time_limit_times_out_and_keeps_its_context(lone):
    opened = subscribe(lone, select(channel="Empty"), heartbeat="PT20.000S")
    for _number in range(2):
        late = pull(lone, opened, timeout="PT1.000S")
        assert (late.subcode, late.code) == ("w:TimedOut", 2150858793)
    assert unsubscribe(lone, opened).status == 200
    assert unsubscribe(lone, opened).status == 500


def test_2008_r2_sends_twenty_events_at_once_and_a_slow_search_has_empty_responses_before_the_last(old1):
    response = subscribe(old1, select())
    counts = []
    for _number in range(6):
        response = pull(old1, response)
        counts.append(len(response.items))
    assert counts == [20, 20, 1, 0, 0, 1]


def test_a_page_is_not_larger_than_the_envelope(lone):
    response = subscribe(lone, select())
    found = 0
    for _number in range(3):
        response = pull(lone, response, size="8192")
        assert len(response.body) <= 8192
        found += len(response.items)
    assert 20 < found < 45
