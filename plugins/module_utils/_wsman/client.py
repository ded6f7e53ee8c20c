# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WS-Management CIM client: Get, Put, Enumerate, Invoke. Private to this collection; knows nothing of Ansible.

What is safe to send twice is sent twice when it pays (reads); a write goes out once, and what is true afterwards is
read, whatever the write was answered.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t
from xml.etree.ElementTree import Element

from .cim import CimClass, Instance, Naming, Reference, Value, encode, read_reference
from .document import ADDRESSING, ENUMERATION, SOAP, WSMAN, local_name, parse, serialize, text_of
from .envelope import (
    ENUMERATE,
    GET,
    PRECISE_ARRAYS,
    PULL,
    PUT,
    RELEASE,
    Request,
    body_of,
    enumerate_body,
    envelope,
    modified,
    pull_body,
    release_body,
)
from .errors import (
    Fault,
    ResponseLost,
    ResponseTooLarge,
    ServerError,
    TimedOut,
    TransientFault,
    Unreachable,
    WriteRefused,
)
from .faults import fault_of

MAX_ENVELOPE = (
    512000  # octets: the default MaxEnvelopeSizekb of Windows Server 2012 and later; older ones cut it to 153600
)
LONGEST_OPERATION = 60.0  # seconds: Windows cuts longer ones to its MaxTimeoutms
_PAUSES = (0.5, 2.0)  # seconds before the second and the third try of a read
_COMING_BACK = 1.0  # seconds between looks for a host that went away

_T = t.TypeVar("_T")


class Transport(t.Protocol):
    """Takes a message to the server and brings the answer back, SOAP faults included."""

    host: str
    url: str

    def send(self, message: str) -> bytes:
        """The answer to a message."""

    def addresses(self) -> frozenset[str]:
        """The IP addresses that the host is reached by."""

    def close(self) -> None:
        """Close the connection."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a Put came to: the instance as read back, and what the server said about the Put if not yes."""

    instance: Instance
    problem: ServerError | None = None
    sent: bool = True


class Client:
    """A session with one host. With C(read_only) it refuses to send any write, whoever asks for it."""

    def __init__(
        self,
        transport: Transport,
        *,
        naming: Naming = Naming.WINDOWS,
        read_only: bool = False,
        operation_timeout: float = LONGEST_OPERATION,
        pause: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = transport.host
        self.writes = 0  # how many were sent
        self._transport = transport
        self._naming = naming
        self._read_only = read_only
        self._timeout = min(operation_timeout, LONGEST_OPERATION)
        self.pause = pause

    def get(self, reference: Reference, *, operation: str) -> Instance:
        """The instance behind a reference, with all its properties, null arrays included."""
        request = Request(action=GET, target=reference, options=(PRECISE_ARRAYS,))
        return self._read(lambda: Instance(self._some(request), reference), operation)

    def put(
        self,
        reference: Reference,
        change: t.Callable[[Instance], Instance],
        names: t.Iterable[str],
        *,
        operation: str,
        options: tuple[tuple[str, str, str], ...] = (),
        reconnect_timeout: float = 0,
    ) -> Written:
        """Get, change, Put the whole instance with C(names) as its modified properties, Get.

        Nothing is sent when the change leaves the instance as it is. The answer to the Put decides nothing, the last
        Get does: the cluster provider faults writes that it stored (MS-CMRP 3.1.4.3.1.18, error 5024), and the answer
        to a write that took effect can get lost. C(reconnect_timeout) is for how many seconds a host may stay away after the
        Put, for a write that cuts our own connection.
        """
        before = self.get(reference, operation=operation)
        with self._error_context(operation):
            wanted = change(before)
        if serialize(wanted.element) == serialize(before.element):
            return Written(instance=before, sent=False)
        request = Request(
            action=PUT,
            target=reference,
            options=(*modified(names), *options, PRECISE_ARRAYS),
            body=serialize(wanted.element),
        )
        problem = self._write(request, operation)
        after = self.retry_until_reachable(
            lambda: self.get(reference, operation=f"reading back after {operation}"), reconnect_timeout
        )
        return Written(instance=after, problem=problem)

    def retry_until_reachable(self, ask: t.Callable[[], _T], reconnect_timeout: float) -> _T:
        """Ask, and while the host does not answer, ask again for so many seconds."""
        begin = time.monotonic()
        while True:
            try:
                return ask()
            except (Unreachable, ResponseLost):
                if time.monotonic() - begin >= reconnect_timeout:
                    raise
                self.pause(_COMING_BACK)

    def addresses(self) -> frozenset[str]:
        """The IP addresses that the host is reached by."""
        return self._transport.addresses()

    def close(self) -> None:
        """End the session."""
        self._transport.close()

    def query(self, namespace: str, wql: str, *, operation: str) -> list[Instance]:
        """All instances that a WQL query gives, each with its reference."""
        return self._read(lambda: list(self.pages(self._naming.of_query(namespace), namespace, wql=wql)), operation)

    def instances(self, cim_class: CimClass, *, operation: str) -> list[Instance]:
        """All instances of a class, each with its reference."""
        target = self._naming.of_class(cim_class)
        return self._read(lambda: list(self.pages(target, cim_class.namespace)), operation)

    def pages(
        self, target: Reference, namespace: str, *, wql: str = "", max_elements: int = 32000
    ) -> t.Iterator[Instance]:
        """The instances one by one, pulled as they are needed; an enumeration that is abandoned is released."""
        answer = self._some(
            Request(action=ENUMERATE, target=target, body=enumerate_body(wql=wql, max_elements=max_elements))
        )
        context = ""
        try:
            while True:
                # OMI sends a context along with the end of the sequence, so only the end counts.
                ended = any(answer.find(f"{{{space}}}EndOfSequence") is not None for space in (WSMAN, ENUMERATION))
                context = "" if ended else text_of(answer.find(f"{{{ENUMERATION}}}EnumerationContext"))
                found = [
                    element for space in (WSMAN, ENUMERATION) for element in answer.iterfind(f"{{{space}}}Items/*")
                ]
                for element in found:
                    yield self._item(element, namespace)
                if ended:
                    return
                if not context or (not found and local_name(answer.tag) == "PullResponse"):
                    raise ResponseLost("the answer brings the enumeration neither further nor to its end")
                answer = self._some(
                    Request(action=PULL, target=target, body=pull_body(context, max_elements=max_elements))
                )
        except (Fault, Unreachable, TimedOut):
            context = ""  # a context that was faulted is gone, and a host that is silent cannot be told
            raise
        finally:
            if context:
                self._release(target, context)

    def invoke(
        self,
        target: Reference | CimClass,
        method: str,
        parameters: t.Mapping[str, Value],
        *,
        operation: str,
        query: bool = False,
    ) -> Instance:
        """Call a method; the result's properties are the out parameters and ReturnValue.

        C(query) says that the method only reads: then it is allowed to a session that may only read.
        A write that was answered by a fault, or whose answer was lost, raises; read before doing it again.
        """
        reference = self._naming.of_class(target) if isinstance(target, CimClass) else target
        uri = reference.resource_uri
        body = Element(f"{{{uri}}}{method}_INPUT")
        for name, value in parameters.items():
            body.extend(encode(f"{{{uri}}}{name}", value))
        request = Request(action=f"{uri}/{method}", target=reference, body=serialize(body))
        if query:
            return self._read(lambda: Instance(self._some(request)), operation)
        self._refuse_if_read_only(operation)
        self.writes += 1
        with self._error_context(operation):
            return Instance(self._some(request))

    def _read(self, ask: t.Callable[[], _T], operation: str) -> _T:
        """Ask, and ask again after what is known to pass: a flaky provider, a dropped connection."""
        with self._error_context(operation):
            for pause in _PAUSES:
                try:
                    return ask()
                except (TimedOut, ResponseTooLarge):
                    raise
                except (TransientFault, ResponseLost):
                    self.pause(pause)
            return ask()

    def _write(self, request: Request, operation: str) -> ServerError | None:
        self._refuse_if_read_only(operation)
        self.writes += 1
        try:
            with self._error_context(operation):
                self._exchange(request)
        except Unreachable:
            raise  # nothing was sent
        except ServerError as exc:
            return exc
        return None

    def _refuse_if_read_only(self, operation: str) -> None:
        if self._read_only:
            with self._error_context(operation):
                raise WriteRefused("the session is read-only (check mode) and was asked to write")

    def _release(self, target: Reference, context: str) -> None:
        # It expires by itself if this fails; what made us abandon it is the news.
        with contextlib.suppress(ServerError):
            self._exchange(Request(action=RELEASE, target=target, body=release_body(context)))

    def _some(self, request: Request) -> Element:
        element = self._exchange(request)
        if element is None:
            raise ResponseLost("the answer has an empty SOAP body")
        return element

    def _exchange(self, request: Request) -> Element | None:
        text, message_id = envelope(
            request, to=self._transport.url, timeout_seconds=self._timeout, max_size=MAX_ENVELOPE
        )
        first = body_of(parse(self._transport.send(text)), message_id)
        if first is not None and first.tag == f"{{{SOAP}}}Fault":
            raise fault_of(first)
        return first

    def _item(self, element: Element, namespace: str) -> Instance:
        """With EnumerateObjectAndEPR an item holds the object and its reference; without, it is the object."""
        if element.tag != f"{{{WSMAN}}}Item":
            return Instance(element)
        endpoint = element.find(f"{{{ADDRESSING}}}EndpointReference")
        reference = read_reference(endpoint) if endpoint is not None else None
        objects = [child for child in element if local_name(child.tag) != "EndpointReference"]
        if not objects:
            raise ResponseLost("an item of the enumeration holds no object")
        return Instance(objects[0], self._naming.with_namespace(reference, namespace) if reference else None)

    @contextlib.contextmanager
    def _error_context(self, operation: str) -> t.Iterator[None]:
        """Tells an error that passes what was being done, and where."""
        try:
            yield
        except ServerError as exc:
            if not exc.operation:
                exc.operation, exc.host = operation, self.host
            raise
