# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read an event channel: Subscribe, Pull and Unsubscribe of WinRM's event plug-in. Private to this collection.

Sources: MS-WSMV 3.1.4.6, 3.1.4.1.30 and 2.2.4.24, DSP0226, and responses of Windows of 2013. The plug-in has no finite
read. It never shows the end of a channel: a Pull that finds nothing is answered after the interval of the heartbeats,
and Windows does not promise that the plug-in had searched the whole channel by then.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from xml.sax.saxutils import escape, quoteattr

from .cim import Reference
from .document import ENUMERATION, EVENTING, WSMAN, local_name, text_of
from .envelope import PULL, SUBSCRIBE, UNSUBSCRIBE, Request, duration, pull_body
from .errors import Fault, ResponseLost, ResponseTooLarge, ServerError, Unreachable
from .faults import is_time_out

if t.TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from .client import Client

EVENT_LOG = "http://schemas.microsoft.com/wbem/wsman/1/windows/EventLog"
EVENT = "http://schemas.microsoft.com/win/2004/08/events/event"
_QUERY_DIALECT = "http://schemas.microsoft.com/win/2004/08/events/eventquery"
_PULL_MODE = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Pull"
_EARLIEST = "http://schemas.dmtf.org/wbem/wsman/1/wsman/bookmark/earliest"
_FORWARDER = "Microsoft-Windows-EventForwarder"  # the source of events that the plug-in adds
_TARGET = Reference(resource_uri=EVENT_LOG)
_MOST_PULLS = 2000
_EXPIRES = 3600  # seconds
# Releases differ in which of the two they know: the option ReadExistingEvents, or the bookmark (MS-WSMV notes 84, 85).
_OPTIONS = (("ContentFormat", "", "Raw"), ("ReadExistingEvents", "", None))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to read of one channel: C(selects) are XPath expressions, of which an event must match one."""

    channel: str
    selects: tuple[str, ...]


class TooManyEvents(ServerError):
    """More events match than the limit allows."""

    advice = "read fewer days or fewer events"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read a channel.

    C(wait) is the number of seconds after which the host answers a Pull that finds nothing. After C(empty) of them in a
    row the channel counts as read. More than C(limit) events are an error. With C(first_only) the first event is
    enough. C(operation) is for errors.
    """

    operation: str
    wait: float
    empty: int = 2
    limit: int = 10_000
    first_only: bool = False


def read_events(client: Client, query: Query, reading: Reading) -> list[Element]:
    """Subscribe, pull until responses in a row have no event, and unsubscribe. Raises C(TooManyEvents).

    A Pull consumes its events, so after a lost response everything is read again. A subscription whose own response was
    lost has no known identifier; the host closes it when C(wait) has passed without a Pull.
    """
    return client.read(lambda: _read_once(client, query, reading), reading.operation)


def _read_once(client: Client, query: Query, reading: Reading) -> list[Element]:
    request = Request(action=SUBSCRIBE, target=_TARGET, options=_OPTIONS, body=_subscribe_body(query, reading.wait))
    response = _body(client.send(request, operation=reading.operation))
    identifier = text_of(response.find(f"{{{EVENTING}}}SubscriptionManager//{{{EVENTING}}}Identifier"))
    try:
        return _pull_all(client, _context(response), reading)
    except Unreachable:
        identifier = ""  # nothing can be sent
        raise
    finally:
        if identifier:
            _unsubscribe(client, identifier, reading.operation)


def _pull_all(client: Client, context: str, reading: Reading) -> list[Element]:
    found: list[Element] = []
    empty = 0
    for _number in range(_MOST_PULLS):
        response = _pull(client, context, reading)
        items = _items(response) if response is not None else []
        found += [item for item in items if not _is_added(item)]
        if len(found) > reading.limit:
            raise TooManyEvents(f"more than {reading.limit} events match")
        empty = 0 if items else empty + 1
        if empty == reading.empty or (reading.first_only and found):
            return found
        if response is not None:
            if response.find(f"{{{ENUMERATION}}}EndOfSequence") is not None:
                return found
            context = _context(response)
    raise ResponseTooLarge(f"the subscription has more than {_MOST_PULLS} responses")


def _pull(client: Client, context: str, reading: Reading) -> Element | None:
    """The next events; C(None) if the host had none within the time, and the context stays as it is."""
    body = pull_body(context, max_elements=1) if reading.first_only else pull_body(context)
    request = Request(action=PULL, target=_TARGET, options=_OPTIONS, timeout_seconds=reading.wait, body=body)
    try:
        return _body(client.send(request, operation=reading.operation))
    except Fault as exc:
        if is_time_out(exc):
            return None
        raise


def _unsubscribe(client: Client, identifier: str, operation: str) -> None:
    # If this fails, the subscription ends without a Pull, and the error that ended it matters more.
    header = f'<e:Identifier xmlns:e="{EVENTING}">{escape(identifier)}</e:Identifier>'
    body = f'<e:Unsubscribe xmlns:e="{EVENTING}"/>'
    with contextlib.suppress(ServerError):
        request = Request(action=UNSUBSCRIBE, target=_TARGET, options=_OPTIONS, header=header, body=body)
        client.send(request, operation=operation)


def _subscribe_body(query: Query, wait: float) -> str:
    path = quoteattr(query.channel)
    selects = "".join(f"<Select Path={path}>{escape(select)}</Select>" for select in query.selects)
    return (
        f'<e:Subscribe xmlns:e="{EVENTING}"><e:Delivery Mode="{_PULL_MODE}">'
        f"<w:Heartbeats>{duration(wait)}</w:Heartbeats>"
        '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/><p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>'
        f"<w:ContentEncoding>UTF-8</w:ContentEncoding></e:Delivery><e:Expires>{duration(_EXPIRES)}</e:Expires>"
        f'<w:Filter Dialect="{_QUERY_DIALECT}"><QueryList><Query Id="0">{selects}</Query></QueryList></w:Filter>'
        f"<w:Bookmark>{_EARLIEST}</w:Bookmark></e:Subscribe>"
    )


def _body(element: Element | None) -> Element:
    if element is None:
        raise ResponseLost("the response has an empty SOAP body")
    return element


def _context(response: Element) -> str:
    context = text_of(response.find(f"{{{ENUMERATION}}}EnumerationContext"))
    if not context:
        raise ResponseLost("the response of the subscription has no context for the next one")
    return context


def _items(response: Element) -> list[Element]:
    lists = [response.find(f"{{{space}}}Items") for space in (ENUMERATION, WSMAN)]
    found = [item for each in lists if each is not None for item in each]
    if all(each is None for each in lists) or any(item.tag != f"{{{EVENT}}}Event" for item in found):
        raise ResponseLost(f"the response {local_name(response.tag)} has no list of events")
    return found


def _is_added(event: Element) -> bool:
    """Whether the plug-in itself has added this event, for example before the first one."""
    provider = event.find(f"{{{EVENT}}}System/{{{EVENT}}}Provider")
    return provider is not None and provider.get("Name") == _FORWARDER
