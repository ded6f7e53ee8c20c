# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Subscribe, Pull and Unsubscribe of the event plug-in: the messages and the open subscriptions."""

from __future__ import annotations

import itertools
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from . import event_query
from .fault import Fault, FaultError, protocol_fault
from .soap import E, N, P, W, text

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections import deque
    from collections.abc import Iterable

    from .event_query import Test

EVENT_LOG = "http://schemas.microsoft.com/wbem/wsman/1/windows/EventLog"
DIALECT = "http://schemas.microsoft.com/win/2004/08/events/eventquery"
PULL_MODE = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Pull"
EARLIEST = "http://schemas.dmtf.org/wbem/wsman/1/wsman/bookmark/earliest"
OPTIONS = {"contentformat", "readexistingevents", "ignorechannelerror", "cdata", "subscriptionname", "compression"}
_MOST_OPERATIONS = 15
_MOST_CHANNELS = 256
_SECONDS = re.compile(r"PT(\d+(?:\.\d{1,3})?)S")
_IN_DELIVERY = {f"{{{W}}}Heartbeats", f"{{{W}}}Locale", f"{{{P}}}DataLocale", f"{{{W}}}ContentEncoding"}
_IN_SUBSCRIBE = [f"{{{E}}}EndTo", f"{{{E}}}Delivery", f"{{{E}}}Expires", f"{{{W}}}Filter", f"{{{W}}}Bookmark"]
_IN_SUBSCRIBE += [f"{{{W}}}SendBookmarks"]


@dataclass(frozen=True, slots=True)
class Select:
    """One Select of a query: a channel and the test of its events."""

    channel: str
    test: Test


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a Subscribe asks for. Without `existing`, only events to come."""

    selects: tuple[Select, ...]
    heartbeat: float | None
    existing: bool
    text: str


@dataclass(slots=True)
class Subscription:
    """An open subscription. `pauses` is the number of empty responses before the last event."""

    user: str
    heartbeat: float | None
    events: deque[str]
    pauses: int
    context: str = ""
    busy: bool = False
    last_used: float = field(default_factory=time.monotonic)

    @property
    def expired(self) -> bool:
        """Whether no Pull has come within the interval of the heartbeats."""
        return self.heartbeat is not None and not self.busy and time.monotonic() - self.last_used > self.heartbeat


def plugin_fault(code: int, message: str) -> FaultError:
    """A fault of the event plug-in."""
    return FaultError(Fault("w:InternalError", code, message, event_plugin=True))


def _invalid(message: str) -> FaultError:
    return protocol_fault("w:SchemaValidationError", 2150858817, message)


def read_subscribe(body: ET.Element | None, options: Iterable[str]) -> Wanted:
    """Read the body of a Subscribe. Raises FaultError."""
    if body is None or body.tag != f"{{{E}}}Subscribe":
        raise _invalid("The body has no e:Subscribe.")
    tags = [item.tag for item in body]
    if any(tag not in _IN_SUBSCRIBE for tag in tags):
        raise _invalid("The body has an unknown element.")
    if tags != sorted(set(tags), key=_IN_SUBSCRIBE.index):
        raise _invalid("The elements of e:Subscribe are not in their order.")
    heartbeat = _read_delivery(body.find(f"{{{E}}}Delivery"))
    expires = body.find(f"{{{E}}}Expires")
    if expires is not None and not _SECONDS.fullmatch(text(expires)):
        raise protocol_fault("e:InvalidExpirationTime", 2150858916, "Expires is not a duration.")
    bookmark = text(body.find(f"{{{W}}}Bookmark"))
    if bookmark and bookmark != EARLIEST:
        raise protocol_fault("w:InvalidBookmark", 2150858808, "The bookmark is not valid.")
    existing = bool(bookmark) or "readexistingevents" in {name.lower() for name in options}
    selects, shown = _read_filter(body.find(f"{{{W}}}Filter"))
    return Wanted(selects, heartbeat, existing, shown)


def _read_delivery(delivery: ET.Element | None) -> float | None:
    if delivery is None:
        raise _invalid("e:Subscribe has no e:Delivery.")
    if delivery.get("Mode") != PULL_MODE:
        raise protocol_fault("e:DeliveryModeRequestedUnavailable", 2150858771, "The lab only supports the mode Pull.")
    for item in delivery:
        if item.tag not in _IN_DELIVERY:
            raise protocol_fault("w:UnsupportedFeature", 2150858900, f"{item.tag} does not go with the mode Pull.")
    element = delivery.find(f"{{{W}}}Heartbeats")
    if element is None:
        return None
    found = _SECONDS.fullmatch(text(element))
    if found is None or float(found[1]) == 0:
        raise protocol_fault("w:InvalidParameter", 2150858916, "The interval of the heartbeats is not valid.")
    return float(found[1])


def _read_filter(element: ET.Element | None) -> tuple[tuple[Select, ...], str]:
    if element is None:
        raise _invalid("A subscription to events needs a filter.")
    if element.get("Dialect") != DIALECT:
        raise protocol_fault(
            "e:FilteringRequestedUnavailable", 2150858777, "The only dialect is that of event queries."
        )
    # The namespace of the envelope does not apply to the query.
    lists = [item for item in element if item.tag == "QueryList"]
    if len(lists) != 1 or len(element) != 1:
        raise _invalid("The filter is not one QueryList.")
    queries = list(lists[0])
    ids = [item.get("Id") for item in queries]
    if any(item.tag != "Query" for item in queries) or None in ids or len(set(ids)) != len(ids):
        raise _invalid("Each Query needs an Id of its own.")
    selects = []
    shown = []
    for item in itertools.chain.from_iterable(queries):
        channel = item.get("Path")
        if item.tag != "Select" or not channel:
            raise _invalid("A Query has an element that is not a Select with a Path.")
        try:
            selects.append(Select(channel, event_query.parse(text(item))))
        except event_query.EventQueryError as problem:
            raise plugin_fault(15001, f"The specified query is invalid: {problem}.") from problem
        shown.append(f"{channel}: {text(item)}")
    if not selects or len({one.channel.lower() for one in selects}) > _MOST_CHANNELS:
        raise plugin_fault(15001, "The specified query is invalid: no Select, or too many channels.")
    return tuple(selects), "\n".join(shown)


class Subscriptions:
    """The open subscriptions of one host, by identifier."""

    def __init__(self) -> None:
        self._open: dict[str, Subscription] = {}
        self._lock = threading.RLock()

    def _expire(self) -> None:
        for name in [name for name, one in self._open.items() if one.expired]:
            del self._open[name]

    def add(self, subscription: Subscription) -> tuple[str, str]:
        """Store a subscription. Returns its identifier and its first context. Raises FaultError."""
        with self._lock:
            self._expire()
            if sum(one.user == subscription.user for one in self._open.values()) >= _MOST_OPERATIONS:
                message = f"This user may have at most {_MOST_OPERATIONS} operations of this plug-in."
                raise protocol_fault("w:QuotaLimit", 2150859174, message)
            name = str(uuid.uuid4()).upper()
            self._open[name] = subscription
            return name, self._renew(subscription)

    def _renew(self, subscription: Subscription) -> str:
        subscription.context = f"uuid:{str(uuid.uuid4()).upper()}"
        subscription.last_used = time.monotonic()
        return subscription.context

    def begin_pull(self, body: ET.Element | None, user: str) -> Subscription:
        """The subscription of the context in a Pull. Raises FaultError."""
        context = "" if body is None else text(body.find(f"{{{N}}}EnumerationContext"))
        with self._lock:
            found = next((one for one in self._open.values() if one.context == context and one.user == user), None)
            if found is not None and found.expired:
                self._expire()
                message = "The subscription was closed, because no Pull came within the interval of the heartbeats."
                raise protocol_fault("w:InternalError", 2150858762, message)
            if found is None:
                raise protocol_fault("n:InvalidEnumerationContext", 2150858779, "The context is not valid.")
            if found.busy:
                raise protocol_fault("w:Concurrency", 2150858758, "Another Pull of this subscription is in progress.")
            found.busy = True
            return found

    def end_pull(self, subscription: Subscription, *, renew: bool) -> str:
        """Finish a Pull. Returns the context for the next one, a new one with `renew`."""
        with self._lock:
            subscription.busy = False
            subscription.last_used = time.monotonic()
            return self._renew(subscription) if renew else subscription.context

    def remove(self, identifier: str, user: str) -> None:
        """End a subscription. Raises FaultError."""
        with self._lock:
            self._expire()
            found = self._open.get(identifier)
            if found is None or found.user != user:
                raise protocol_fault("e:InvalidMessage", 2150858770, "There is no such subscription.")
            del self._open[identifier]

    def count(self) -> int:
        """The number of open subscriptions."""
        with self._lock:
            self._expire()
            return len(self._open)

    def clear(self) -> None:
        """Close all subscriptions."""
        with self._lock:
            self._open.clear()


def subscribed(url: str, identifier: str, context: str) -> str:
    """The body of the response to a Subscribe."""
    return (
        f"<e:SubscribeResponse><e:SubscriptionManager><a:Address>{escape(url)}</a:Address><a:ReferenceProperties>"
        f"<w:ResourceURI>{EVENT_LOG}</w:ResourceURI><e:Identifier>{identifier}</e:Identifier>"
        "</a:ReferenceProperties></e:SubscriptionManager><e:Expires>PT0.000S</e:Expires>"
        f"<n:EnumerationContext>{context}</n:EnumerationContext></e:SubscribeResponse>"
    )
