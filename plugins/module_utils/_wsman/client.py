# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WS-Management CIM client: Get, Put, Enumerate, Invoke. Private to this collection; independent of Ansible.

Reads are retried. A write is sent once, and the values are read back whatever its response is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t
from xml.etree.ElementTree import Element

from .cim import CimClass, Instance, Reference, UriStyle, Value, encode, read_item
from .document import ENUMERATION, REPLACEMENT, SOAP, WSMAN, local_name, parse, serialize, text_of
from .envelope import (
    ENUMERATE,
    GET,
    PRECISE_ARRAYS,
    PULL,
    PUT,
    READING_ACTIONS,
    RELEASE,
    Request,
    enumerate_body,
    envelope,
    is_all_of_class,
    modified_properties,
    pull_body,
    read_body,
    release_body,
)
from .errors import (
    Fault,
    NotReady,
    Redirected,
    RequestRefused,
    ResponseLost,
    ResponseTooLarge,
    ServerError,
    ServiceUnavailable,
    TimedOut,
    TransientFault,
    Unreachable,
    WriteRefused,
)
from .faults import parse_fault

MAX_ENVELOPE = 512000  # bytes: the default MaxEnvelopeSizekb of Windows Server 2012 and later (before: 153600)
LONGEST_OPERATION = 60.0  # seconds: Windows limits an operation to its MaxTimeoutms
LONGEST_TASK = 3600.0  # seconds that one session waits for responses, without the pauses
_MOST_PAGES, _LARGEST_ENUMERATION = 10_000, 128 * 1024 * 1024  # bytes
_RETRY_PAUSES = (0.5, 2.0)  # seconds before the first and the second retry of a read
_RECONNECT_PAUSE = 1.0  # seconds between attempts to reach a host

_T = t.TypeVar("_T")


class Transport(t.Protocol):
    """Sends messages to the server and returns the responses, including SOAP faults."""

    host: str
    url: str

    def send(self, message: str) -> bytes:
        """Send a message and return the response."""

    def addresses(self) -> frozenset[str]:
        """The IP addresses of the host."""

    def close(self) -> None:
        """Close the connection."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PutResult:
    """The instance as read back after a Put, and the error of the Put if there was one."""

    instance: Instance
    problem: ServerError | None = None
    sent: bool = True


class Client:
    """A session with one host. With C(read_only) it does not send any write."""

    connections = 1  # which send requests at the same time

    def __init__(
        self,
        transport: Transport,
        *,
        uri_style: UriStyle = UriStyle.WINDOWS,
        read_only: bool = False,
        operation_timeout: float = LONGEST_OPERATION,
        pause: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = transport.host
        self.writes = 0  # number of writes sent
        self._transport = transport
        self._uri_style = uri_style
        self._read_only = read_only
        self._timeout = min(operation_timeout, LONGEST_OPERATION)
        self.warnings: t.Sequence[str] = ()
        self._answered, self._waited, self._received = False, 0.0, 0  # seconds and bytes
        self.pause = pause

    def get(self, reference: Reference, *, operation: str) -> Instance:
        """Read the instance of a reference with all its properties, including null arrays."""
        request = Request(action=GET, target=reference, options=(PRECISE_ARRAYS,))
        return self.read(lambda: Instance(self._send_for_body(request), reference), operation)

    def put(
        self,
        reference: Reference,
        change: t.Callable[[Instance], Instance],
        names: t.Iterable[str],
        *,
        operation: str,
        options: tuple[tuple[str, str, str], ...] = (),
        reconnect_timeout: float = 0,
        always: bool = False,
    ) -> PutResult:
        """Get the instance, change it, Put it with C(names) as the modified properties, and Get it again.

        No Put is sent if nothing changes, unless C(always). The last Get decides, not the response to the Put: clusters
        return faults for writes that they stored (MS-CMRP 3.1.4.3.1.18, error 5024), and a response can get lost.
        C(reconnect_timeout) is the time in seconds to reach the host again, for a Put that interrupts this connection.
        """
        before = self.get(reference, operation=operation)
        with self._error_context(operation):
            if REPLACEMENT in serialize(before.element):
                raise ServerError(
                    "the object has a value with a character that XML cannot carry, so it was not written",
                    advice="remove control characters from its names and descriptions on the host",
                )
            changed = change(before)
        if not always and serialize(changed.element) == serialize(before.element):
            return PutResult(instance=before, sent=False)
        request = Request(
            action=PUT,
            target=reference,
            options=(*modified_properties(names), *options, PRECISE_ARRAYS),
            body=serialize(changed.element),
        )
        problem = self._write(request, operation)
        after = self.retry_until_reachable(
            lambda: self.get(reference, operation=f"reading back after {operation}"), reconnect_timeout
        )
        return PutResult(instance=after, problem=problem)

    def retry_until_reachable(self, read: t.Callable[[], _T], reconnect_timeout: float) -> _T:
        """Call C(read) until the host can be reached, for at most C(reconnect_timeout) seconds."""
        begin = time.monotonic()
        while True:
            try:
                return read()
            except (Unreachable, ResponseLost, NotReady):
                if time.monotonic() - begin >= reconnect_timeout:
                    raise
                self.pause(_RECONNECT_PAUSE)

    def addresses(self) -> frozenset[str]:
        """The IP addresses of the host."""
        return self._transport.addresses()

    def close(self) -> None:
        """End the session."""
        self._transport.close()

    def query(self, namespace: str, wql: str, *, operation: str, references: bool = True) -> list[Instance]:
        """Return all instances of a WQL query, each with its reference, which is about half of a response."""
        target = self._uri_style.query_reference(namespace)
        return self.read(lambda: list(self.pages(target, namespace, wql=wql, references=references)), operation)

    def instances(self, cim_class: CimClass, *, operation: str) -> list[Instance]:
        """Return all instances of a class, each with its reference."""
        target = self._uri_style.class_reference(cim_class)
        return self.read(lambda: list(self.pages(target, cim_class.namespace)), operation)

    def pages(
        self, target: Reference, namespace: str, *, wql: str = "", max_elements: int = 32000, references: bool = True
    ) -> t.Iterator[Instance]:
        """Yield the instances and pull further pages on demand; an unfinished enumeration is released."""
        before = self._received
        response = self._send_for_body(
            Request(
                action=ENUMERATE,
                target=target,
                body=enumerate_body(wql=wql, with_references=references, max_elements=max_elements),
                all_of_class=not wql or is_all_of_class(wql),
            )
        )
        context, number = "", 1
        try:
            while True:
                # OMI also sends a context with the end of the sequence, so only the end counts.
                ended = any(response.find(f"{{{space}}}EndOfSequence") is not None for space in (WSMAN, ENUMERATION))
                context = "" if ended else text_of(response.find(f"{{{ENUMERATION}}}EnumerationContext"))
                found = [
                    element for space in (WSMAN, ENUMERATION) for element in response.iterfind(f"{{{space}}}Items/*")
                ]
                for element in found:
                    yield read_item(element, namespace, self._uri_style)
                if ended:
                    return
                if not context or (not found and local_name(response.tag) == "PullResponse"):
                    raise ResponseLost("the response contains neither items nor the end of the enumeration")
                number += 1
                if number > _MOST_PAGES or self._received - before > _LARGEST_ENUMERATION:
                    limit = f"{_MOST_PAGES} pages or {_LARGEST_ENUMERATION // 1024 // 1024} MiB"
                    raise ResponseTooLarge(f"the enumeration has more than {limit}")
                response = self._send_for_body(
                    Request(action=PULL, target=target, body=pull_body(context, max_elements=max_elements))
                )
        except (Fault, Unreachable, TimedOut):
            context = ""  # the context ended with the fault, or the host cannot be reached
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
        """Call a method; the properties of the result are the out parameters and ReturnValue.

        C(query) marks a method that only reads; it is retried, and a read-only session may call it. A method that
        writes raises on a fault or a lost response; the caller reads the state before it calls the method again.
        """
        reference = self._uri_style.class_reference(target) if isinstance(target, CimClass) else target
        uri = reference.resource_uri
        body = Element(f"{{{uri}}}{method}_INPUT")
        for name, value in parameters.items():
            body.extend(encode(f"{{{uri}}}{name}", value))
        request = Request(action=f"{uri}/{method}", target=reference, body=serialize(body))
        if query:
            return self.read(lambda: Instance(self._send_for_body(request)), operation)
        self._check_writable(operation)
        with self._error_context(operation), self._counted_write():
            return Instance(self._send_for_body(request))

    def read(self, read: t.Callable[[], _T], operation: str) -> _T:
        """Call C(read), and call it again after temporary faults and lost connections."""
        with self._error_context(operation):
            for pause in _RETRY_PAUSES:
                try:
                    return read()
                except (TimedOut, ResponseTooLarge):
                    raise
                except (TransientFault, ResponseLost):
                    self.pause(pause)
                except NotReady:
                    if not self._answered:
                        raise  # probably the wrong port or path
                    self.pause(pause)
            return read()

    def send(self, request: Request, *, operation: str) -> Element | None:
        """Send one message that only reads, and return the element in the body of the response.

        Whether the session is read-only or not, any other message is refused here.
        """
        with self._error_context(operation):
            if request.action not in READING_ACTIONS:
                raise WriteRefused(f"the action {request.action} is not one that only reads")
            return self._send(request)

    def _write(self, request: Request, operation: str) -> ServerError | None:
        self._check_writable(operation)
        try:
            with self._error_context(operation), self._counted_write():
                self._send(request)
        except Unreachable:
            raise  # nothing was sent
        except ServerError as exc:
            return exc
        return None

    @contextlib.contextmanager
    def _counted_write(self) -> t.Iterator[None]:
        """Count a write, unless nothing was sent or the host did not process it."""
        self.writes += 1
        try:
            yield
        except (Unreachable, RequestRefused) as exc:
            if not isinstance(exc, (Redirected, ServiceUnavailable)):
                self.writes -= 1
            raise

    def _check_writable(self, operation: str) -> None:
        if self._read_only:
            with self._error_context(operation):
                raise WriteRefused("the session is read-only (check mode) and does not send writes")

    def _release(self, target: Reference, context: str) -> None:
        # If this fails, the enumeration expires, and the error that ended it matters more.
        with contextlib.suppress(ServerError):
            self._send(Request(action=RELEASE, target=target, body=release_body(context)))

    def _send_for_body(self, request: Request) -> Element:
        element = self._send(request)
        if element is None:
            raise ResponseLost("the response has an empty SOAP body")
        return element

    def _send(self, request: Request) -> Element | None:
        text, message_id = envelope(
            request, to=self._transport.url, timeout_seconds=self._timeout, max_size=MAX_ENVELOPE
        )
        first = read_body(parse(self._exchange(text)), message_id)
        if first is not None and first.tag == f"{{{SOAP}}}Fault":
            raise parse_fault(first, all_of_class=request.all_of_class)
        return first

    def _exchange(self, text: str) -> bytes:
        """Send a message, as long as this session has not waited too long altogether."""
        if self._waited > LONGEST_TASK:
            raise TimedOut(
                f"this task has waited {LONGEST_TASK / 60:g} minutes for responses of this host; nothing more was sent"
            )
        began = time.monotonic()
        try:
            response = self._transport.send(text)
        finally:
            self._waited += time.monotonic() - began
        self._answered = True
        self._received += len(response)
        return response

    @contextlib.contextmanager
    def _error_context(self, operation: str) -> t.Iterator[None]:
        """Add the operation and the host to errors."""
        try:
            yield
        except ServerError as exc:
            if not exc.operation:
                exc.operation, exc.host = operation, self.host
            raise
