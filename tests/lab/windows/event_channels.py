# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event channels of a host and the event plug-in of WinRM, which reads them."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from collections import deque
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from ..wire import enumeration
from ..wire.fault import Fault, FaultError, protocol_fault
from ..wire.soap import E
from ..wire.subscription import Subscription, Subscriptions, plugin_fault, read_subscribe, subscribed
from .event_log import records
from .versions import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ..estate import Host
    from ..wire.envelope import Request
    from .hotfixes_and_events import Event

_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
_VML = "http://www.microsoft.com/Windows/Virtualization/Events"
_HYPERV = ("Microsoft-Windows-Hyper-V-VMMS-Admin", "Microsoft-Windows-Hyper-V-Worker-Admin")
# NETWORK SERVICE, which reads the channels, may not read Security. An analytic channel has no events to subscribe to.
_NEVER_READABLE = {"security", "microsoft-windows-failoverclustering/diagnostic"}
_OLD_BATCH = 20
_TIME = "%Y-%m-%dT%H:%M:%S.%f0Z"
_FORWARDER = (
    f'<Event xmlns="{_NAMESPACE}"><System><Provider Name="Microsoft-Windows-EventForwarder"/><EventID>111</EventID>'
    '<TimeCreated SystemTime="{time}"/><Computer>{computer}</Computer></System><SubscriptionBookmarkEvent>'
    "<SubscriptionId>lab</SubscriptionId></SubscriptionBookmarkEvent></Event>"
)


def channels(host: Host) -> set[str]:
    """The names of the channels of a host, in lower case."""
    names = {"System", "Application", "Security", *host.channels, *(event.log for event in host.events)}
    if host.hyperv:
        names |= set(_HYPERV)
    if host.cluster and not host.hyperv:  # a member of a DAG
        names.add("Microsoft-Exchange-HighAvailability/Operational")
    if host.cluster:
        names.add("Microsoft-Windows-FailoverClustering/Operational")
    return {name.lower() for name in names}


class EventPlugin:
    """The event plug-in of one host: it knows Subscribe, Pull and Unsubscribe, and nothing else."""

    def __init__(self, begun: Callable[[], datetime]) -> None:
        self.subscriptions = Subscriptions()
        self._begun = begun

    def subscribe(self, host: Host, request: Request, user: str) -> tuple[str, str]:
        """Open a subscription. Returns the body of the response and the query. Raises FaultError."""
        _check_access(host)
        wanted = read_subscribe(request.body, [item.name for item in request.options])
        refused = {name.lower() for name in host.unreadable_channels} | _NEVER_READABLE
        named = {one.channel.lower() for one in wanted.selects}
        readable = (named & channels(host)) - refused
        if not readable or (readable != named and not request.option("IgnoreChannelError")):
            raise plugin_fault(5004, "The subscription query has no active channel that can be read.")
        rendered = "RenderedText" in request.option("ContentFormat")
        found = []
        for moment, record, event in records(host, self._begun()) if wanted.existing else ():
            text = write_event(host, event, moment, record, rendered=rendered)
            tests = [one.test for one in wanted.selects if one.channel.lower() == event.log.lower()]
            if event.log.lower() in readable and any(test(ET.fromstring(text)) for test in tests):
                found.append(text)
        if found:
            found.insert(0, _FORWARDER.format(time=self._begun().strftime(_TIME), computer=host.name))
        pauses = 2 if host.event_search == "slow" else 0
        identifier, context = self.subscriptions.add(Subscription(user, wanted.heartbeat, deque(found), pauses))
        return subscribed(f"http://{host.address}:5985/wsman", identifier, context), wanted.text

    def pull(self, host: Host, request: Request, user: str) -> str:
        """The next events. The response without events comes after the interval of the heartbeats."""
        _check_access(host)
        count = enumeration.pull_count(request.body)
        if not VERSIONS[host.windows].has("2012"):
            count = min(count, _OLD_BATCH)
        subscription = self.subscriptions.begin_pull(request.body, user)
        renew = True
        try:
            items = self._take(subscription, count, enumeration.items_size(request.max_envelope))
            if not items:
                interval = subscription.heartbeat
                time.sleep(min(request.timeout, interval or request.timeout, host.quiet_seconds))
                if interval is None or request.timeout < interval:
                    renew = False
                    raise protocol_fault("w:TimedOut", 2150858793, "The operation did not finish in time.")
        finally:
            context = self.subscriptions.end_pull(subscription, renew=renew)
        listed = f"<n:Items>{items}</n:Items>" if items else "<n:Items/>"
        return f"<n:PullResponse><n:EnumerationContext>{context}</n:EnumerationContext>{listed}</n:PullResponse>"

    def unsubscribe(self, host: Host, request: Request, user: str) -> None:
        """End a subscription. Raises FaultError."""
        _check_access(host)
        if request.body is None or request.body.tag != f"{{{E}}}Unsubscribe":
            raise protocol_fault("w:SchemaValidationError", 2150858817, "The body has no e:Unsubscribe.")
        self.subscriptions.remove(request.identifier, user)

    def _take(self, subscription: Subscription, count: int, size: int) -> str:
        taken: list[str] = []
        total = 0
        while subscription.events and len(taken) < count:
            if len(subscription.events) == 1 and subscription.pauses:
                if not taken:
                    subscription.pauses -= 1
                break
            total += len(subscription.events[0].encode())
            if total > size:
                if not taken:
                    raise protocol_fault("w:EncodingLimit", 2150858824, "An event is larger than MaxEnvelopeSize.")
                break
            taken.append(subscription.events.popleft())
        return "".join(taken)


def _check_access(host: Host) -> None:
    """Raise FaultError if the plug-in is not there, or its security descriptor refuses the caller."""
    if host.event_plugin == "missing":
        raise protocol_fault("a:DestinationUnreachable", 2150858752, "The service has no such resource.")
    if host.event_plugin == "denied":
        raise FaultError(Fault("w:AccessDenied", 5, "Access is denied."))


def write_event(host: Host, event: Event, moment: datetime, record: int, *, rendered: bool) -> str:
    """An event as XML, with named data, bare data, or data in UserData."""
    computer = escape(event.computer or f"{host.name}.example.test")
    qualifiers = ' Qualifiers="32768"' if event.source == "EventLog" else ""
    values = "".join(f"<Data>{escape(text)}</Data>" for text in event.strings)
    if event.user_data:
        inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in event.data.items())
        data = f"<UserData><{event.user_data} xmlns={quoteattr(_VML)}>{inner}</{event.user_data}></UserData>"
    else:
        values += "".join(
            f"<Data Name={quoteattr(name)}>{escape(str(value))}</Data>" for name, value in event.data.items()
        )
        data = f"<EventData>{values}</EventData>" if values else ""
    message = escape(event.message or "")
    shown = f'<RenderingInfo Culture="en-US"><Message>{message}</Message></RenderingInfo>' if rendered else ""
    return (
        f'<Event xmlns="{_NAMESPACE}"><System><Provider Name={quoteattr(event.source)}/>'
        f"<EventID{qualifiers}>{event.event}</EventID><Version>0</Version><Level>{event.level}</Level><Task>0</Task>"
        f'<Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime="{moment.strftime(_TIME)}"/>'
        f"<EventRecordID>{record}</EventRecordID><Channel>{escape(event.log)}</Channel><Computer>{computer}</Computer>"
        f"</System>{data}{shown}</Event>"
    )
