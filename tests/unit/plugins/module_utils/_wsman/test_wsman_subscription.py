# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscriptions to event channels: the messages, the end of the reading, and what happens when something fails.

The expected messages have the elements, the order and the values of a Windows collector and of a client that read the
event log of Windows with Pull (zenoss/txwinrm), and of the responses of Windows that it published.
"""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Reference
from ansible_collections.winha.cluster.plugins.module_utils._wsman.envelope import PUT, Request
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    AccessDenied,
    Fault,
    ResponseLost,
    TimedOut,
    Unreachable,
    WriteRefused,
)
from ansible_collections.winha.cluster.plugins.module_utils._wsman.subscription import (
    EVENT,
    EVENT_LOG,
    Query,
    Reading,
    TooManyEvents,
    read_events,
)
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.wire import (
    XSI,
    A,
    N,
    P,
    W,
    answer,
    body,
    fault,
    header,
)

if t.TYPE_CHECKING:
    import xml.etree.ElementTree as ET

    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client
    from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.conftest import Talk

E = "{http://schemas.xmlsoap.org/ws/2004/08/eventing}"
IDENTIFIER = "885E9924-235C-44EB-9834-B3440B7DCD38"
SUBSCRIBED = answer(
    f'<e:SubscribeResponse xmlns:e="{E[1:-1]}"><e:SubscriptionManager><a:Address>http://hv01:5985/wsman</a:Address>'
    f"<a:ReferenceProperties><w:ResourceURI>{EVENT_LOG}</w:ResourceURI><e:Identifier>{IDENTIFIER}</e:Identifier>"
    "</a:ReferenceProperties></e:SubscriptionManager><e:Expires>PT0.000S</e:Expires>"
    "<n:EnumerationContext>uuid:0</n:EnumerationContext></e:SubscribeResponse>"
)
UNSUBSCRIBED = answer("")
SELECT = "*[System[EventID=1 and TimeCreated[@SystemTime<='2026-01-01T00:00:00.000Z']]]"
QUERY = Query(channel="System", selects=(SELECT,))
TIMED_OUT = fault(
    "w:TimedOut",
    "late",
    '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="2150858793"/>',
)
CLOSED = fault(
    "w:InternalError",
    "closed",
    '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="2150858762"/>',
)
FAILED = fault(
    "w:InternalError",
    "failed",
    '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="1717"/>',
)


def event(number: int, source: str = "Test") -> str:
    return (
        f'<Event xmlns="{EVENT}"><System><Provider Name="{source}"/><EventID Qualifiers="0">{number}</EventID>'
        '<TimeCreated SystemTime="2013-04-25T21:23:39.000000000Z"/></System></Event>'
    )


def pulled(context: str, *events: str) -> str:
    """A response to Pull, with the bookmark in its header that Windows adds to responses with events."""
    items = f"<n:Items>{''.join(events)}</n:Items>" if events else "<n:Items/>"
    found = answer(f"<n:PullResponse><n:EnumerationContext>{context}</n:EnumerationContext>{items}</n:PullResponse>")
    listed = '<BookmarkList><Bookmark Channel="System" IsCurrent="true" RecordId="7"/></BookmarkList>'
    bookmark = f"<w:Bookmark>{listed}</w:Bookmark>"
    return found.replace("<s:Header>", f"<s:Header>{bookmark}") if events else found


def numbers(client: Client, **more: t.Any) -> list[str | None]:
    reading = Reading(operation="reading the event channel System", wait=5, **more)
    return [one.findtext(f"{{{EVENT}}}System/{{{EVENT}}}EventID") for one in read_events(client, QUERY, reading)]


def contexts(messages: list[ET.Element]) -> list[str | None]:
    return [found for message in messages if (found := body(message).findtext(f"{N}EnumerationContext"))]


def test_the_messages_have_the_form_of_a_windows_collector(talk: Talk) -> None:
    client, script = talk(SUBSCRIBED, pulled("uuid:1"), pulled("uuid:2"), UNSUBSCRIBED, read_only=True)
    assert numbers(client) == []
    subscribe, pull, _pull, unsubscribe = script.sent
    for message, action in (
        (subscribe, f"{E[1:-1]}/Subscribe"),
        (pull, f"{N[1:-1]}/Pull"),
        (unsubscribe, f"{E[1:-1]}/Unsubscribe"),
    ):
        own = header(message)
        names = ["To", "ResourceURI", "ReplyTo", "Action", "MaxEnvelopeSize", "MessageID", "Locale", "DataLocale"]
        last = ["Identifier"] if message is unsubscribe else []
        assert [child.tag.rpartition("}")[2] for child in own] == [*names, "OptionSet", "OperationTimeout", *last]
        assert (own.findtext(f"{W}ResourceURI"), own.findtext(f"{A}Action")) == (EVENT_LOG, action)
        options = [(one.attrib, one.text) for one in own.iterfind(f"{W}OptionSet/{W}Option")]
        assert options == [
            ({"Name": "ContentFormat"}, "Raw"),
            ({"Name": "ReadExistingEvents", f"{XSI}nil": "true"}, None),
        ]
    assert header(subscribe).findtext(f"{W}OperationTimeout") == "PT60.000S"
    assert header(pull).findtext(f"{W}OperationTimeout") == "PT5.000S"
    assert header(unsubscribe).findtext(f"{E}Identifier") == IDENTIFIER
    assert (body(unsubscribe).tag, len(body(unsubscribe))) == (f"{E}Unsubscribe", 0)
    asked = body(subscribe)
    assert [child.tag for child in asked] == [f"{E}Delivery", f"{E}Expires", f"{W}Filter", f"{W}Bookmark"]
    assert asked[0].attrib == {"Mode": "http://schemas.dmtf.org/wbem/wsman/1/wsman/Pull"}
    assert [child.tag for child in asked[0]] == [
        f"{W}Heartbeats",
        f"{W}Locale",
        f"{P}DataLocale",
        f"{W}ContentEncoding",
    ]
    assert asked[0][0].text == "PT5.000S"
    assert asked[2].attrib == {"Dialect": "http://schemas.microsoft.com/win/2004/08/events/eventquery"}
    (query,) = asked[2].findall("QueryList/Query")
    assert (query.attrib, [(one.tag, one.attrib, one.text) for one in query]) == (
        {"Id": "0"},
        [("Select", {"Path": "System"}, SELECT)],
    )
    assert asked[3].text == "http://schemas.dmtf.org/wbem/wsman/1/wsman/bookmark/earliest"
    assert [child.tag for child in body(pull)] == [f"{N}EnumerationContext", f"{N}MaxElements"]


def test_a_channel_is_read_until_two_responses_in_a_row_are_empty(talk: Talk) -> None:
    added = event(111, "Microsoft-Windows-EventForwarder")
    client, script = talk(
        SUBSCRIBED, pulled("uuid:1", added, event(1)), pulled("uuid:2"), pulled("uuid:3", event(2), event(3)),
        pulled("uuid:4"), pulled("uuid:5"), UNSUBSCRIBED,
    )  # fmt: skip
    assert numbers(client) == ["1", "2", "3"]
    assert contexts(script.sent[:-1]) == ["uuid:0", "uuid:1", "uuid:2", "uuid:3", "uuid:4"]


def test_a_time_out_of_a_pull_counts_as_an_empty_response_and_keeps_the_context(talk: Talk) -> None:
    client, script = talk(SUBSCRIBED, TIMED_OUT, pulled("uuid:1", event(1)), TIMED_OUT, TIMED_OUT, UNSUBSCRIBED)
    assert numbers(client) == ["1"]
    assert contexts(script.sent[:-1]) == ["uuid:0", "uuid:0", "uuid:1", "uuid:1"]


def test_the_first_event_is_enough_if_only_that_is_asked(talk: Talk) -> None:
    client, script = talk(SUBSCRIBED, pulled("uuid:1", event(1)), UNSUBSCRIBED)
    assert numbers(client, first_only=True) == ["1"]
    assert body(script.sent[1]).findtext(f"{N}MaxElements") == "1"


@pytest.mark.parametrize(
    ("responses", "error"),
    [
        ((FAILED,), Fault),
        ((fault("w:AccessDenied", detail=""),), AccessDenied),
        ((TimedOut("no response within 5 s"),), TimedOut),
        ((pulled("uuid:1", event(1), event(2), event(3)),), TooManyEvents),
    ],
)
def test_the_subscription_ends_after_an_error(
    talk: Talk, responses: tuple[str | Exception, ...], error: type[Exception]
) -> None:
    client, script = talk(SUBSCRIBED, *responses, UNSUBSCRIBED)
    with pytest.raises(error, match="Reading the event channel System on node1"):
        numbers(client, limit=2)
    assert script.actions[-1] == "Unsubscribe"


def test_a_failed_unsubscribe_does_not_lose_the_events(talk: Talk) -> None:
    client, _script = talk(SUBSCRIBED, pulled("uuid:1", event(1)), pulled("uuid:2"), pulled("uuid:3"), CLOSED)
    assert numbers(client) == ["1"]


def test_nothing_more_is_sent_to_a_host_that_is_gone(talk: Talk) -> None:
    client, script = talk(SUBSCRIBED, Unreachable("gone"))
    with pytest.raises(Unreachable):
        numbers(client)
    assert script.actions == ["Subscribe", "Pull"]


@pytest.mark.parametrize("lost", ["Subscribe", "Pull", "closed"])
def test_everything_is_read_again_after_a_lost_response_or_a_closed_subscription(talk: Talk, lost: str) -> None:
    """Events of a lost response do not come again, and each known subscription is ended."""
    pull: str | Exception = CLOSED if lost == "closed" else ResponseLost("cut")
    first = [ResponseLost("cut")] if lost == "Subscribe" else [SUBSCRIBED, pull, UNSUBSCRIBED]
    client, script = talk(
        *first, SUBSCRIBED, pulled("uuid:1", event(1)), pulled("uuid:2"), pulled("uuid:3"), UNSUBSCRIBED
    )
    assert numbers(client) == ["1"]
    assert script.actions.count("Subscribe") == 2
    assert script.actions.count("Unsubscribe") == (1 if lost == "Subscribe" else 2)


@pytest.mark.parametrize(
    "response",
    [
        answer("<n:PullResponse><n:EnumerationContext>uuid:1</n:EnumerationContext></n:PullResponse>"),
        answer("<n:PullResponse><n:Items/></n:PullResponse>"),
        answer("<n:PullResponse><n:Items><w:Other/></n:Items></n:PullResponse>"),
        answer(""),
    ],
)
def test_a_response_without_a_list_of_events_or_a_context_is_no_empty_response(talk: Talk, response: str) -> None:
    client, _script = talk(*[SUBSCRIBED, response, UNSUBSCRIBED] * 3)
    with pytest.raises(ResponseLost):
        numbers(client)


def test_a_channel_that_cannot_be_read_has_the_text_of_the_plugin_and_advice(talk: Talk) -> None:
    detail = (
        '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="5004"><f:Message>'
        f'<f:ProviderFault><t:ProviderError xmlns:t="{EVENT_LOG}">The query has no active channel. </t:ProviderError>'
        "</f:ProviderFault></f:Message></f:WSManFault>"
    )
    client, _script = talk(fault("w:InternalError", "failed", detail))
    with pytest.raises(Fault, match=r"The query has no active channel \[5004, InternalError\].*Event Log Readers"):
        numbers(client)


@pytest.mark.parametrize("read_only", [True, False])
def test_only_actions_that_read_can_be_sent_directly(talk: Talk, read_only: bool) -> None:
    client, script = talk(read_only=read_only)
    target = Reference(resource_uri=EVENT_LOG)
    for action in (PUT, PUT.replace("Put", "Create"), PUT.replace("Put", "Delete"), f"{EVENT_LOG}/Clear"):
        with pytest.raises(WriteRefused):
            client.send(Request(action=action, target=target), operation="writing")
    assert script.sent == []
