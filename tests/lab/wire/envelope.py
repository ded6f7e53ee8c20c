# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The header of a request. The checks are as strict as those of Windows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .fault import Fault, FaultError, protocol_fault
from .soap import ANONYMOUS, DMTF, DMTF_CLASS, WMI, A, E, P, S, W, local, text
from .subscription import EVENT_LOG

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Callable

_MUST_UNDERSTAND = f"{{{S}}}mustUnderstand"
_TIMEOUT = re.compile(r"-?P(?:\d+D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(\.\d{1,3})?S)?)?")
_MAX_TIMEOUT = 60.0
_KNOWN = {
    *(f"{{{A}}}{name}" for name in ("To", "ReplyTo", "FaultTo", "From", "Action", "MessageID", "RelatesTo")),
    *(
        f"{{{W}}}{name}"
        for name in ("ResourceURI", "MaxEnvelopeSize", "Locale", "SelectorSet", "OptionSet", "OperationTimeout")
    ),
    f"{{{E}}}Identifier",
    *(
        f"{{{P}}}{name}"
        for name in ("DataLocale", "SessionId", "OperationID", "SequenceId", "ActivityId", "CompressionType")
    ),
}


class Selector(NamedTuple):
    """The name and value of a selector or an option."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Target:
    """The namespace and class of a resource URI. `class_name` is `*` for all classes of a namespace."""

    uri: str
    base: str
    namespace: str
    class_name: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request with the values of its header."""

    message_id: str
    action: str
    target: Target
    selectors: tuple[Selector, ...]
    options: tuple[Selector, ...]
    max_envelope: int
    timeout: float
    body: ET.Element | None
    identifier: str = ""

    def option(self, name: str) -> tuple[str, ...]:
        """All values of an option."""
        return tuple(item.value for item in self.options if item.name.lower() == name.lower())

    @property
    def precise_arrays(self) -> bool:
        """Whether the response contains null arrays."""
        return any(value.lower() == "true" for value in self.option("msftwinrm:UsePreciseArrays"))


def message_id(root: ET.Element) -> str | None:
    """The id for RelatesTo of the response, also if the rest of the header is not valid."""
    return text(root.find(f"{{{S}}}Header/{{{A}}}MessageID")) or None


def operation_id(root: ET.Element) -> str | None:
    """The OperationID for the response."""
    return text(root.find(f"{{{S}}}Header/{{{P}}}OperationID")) or None


def _invalid(name: str, why: str) -> FaultError:
    return protocol_fault("a:InvalidMessageInformationHeader", 2150858767, f"The header {name} is not valid: {why}.")


def _required(headers: dict[str, ET.Element], tag: str) -> ET.Element:
    found = headers.get(tag)
    if found is None:
        raise protocol_fault(
            "a:MessageInformationHeaderRequired", 2150858769, f"The header {local(tag)} is missing from the request."
        )
    return found


def _headers(root: ET.Element) -> dict[str, ET.Element]:
    header = root.find(f"{{{S}}}Header")
    if header is None:
        raise protocol_fault("a:MessageInformationHeaderRequired", 2150858769, "The request has no SOAP header.")
    found: dict[str, ET.Element] = {}
    for item in header:
        must_understand = item.get(_MUST_UNDERSTAND)
        if must_understand not in {None, "true", "false"}:
            raise _invalid(local(item.tag), "mustUnderstand is neither true nor false")
        if must_understand == "true" and item.tag not in _KNOWN:
            name = local(item.tag)
            raise FaultError(Fault("", 2150858768, f"The header {name} was not understood.", not_understood=name))
        if item.tag in found:
            raise _invalid(local(item.tag), "it occurs twice")
        if item.tag == f"{{{W}}}SelectorSet" and f"{{{W}}}ResourceURI" not in found:
            raise _invalid("SelectorSet", "it comes before ResourceURI")
        found[item.tag] = item
    return found


def _target(element: ET.Element, selectors: tuple[Selector, ...]) -> Target:
    uri = text(element)
    if uri.lower() == EVENT_LOG.lower():
        if selectors:
            raise protocol_fault("w:InvalidSelectors", 2150858843, "The event log has no selectors.")
        return Target(uri, "", "", "EventLog")
    named = next((item.value for item in selectors if item.name.lower() == "__cimnamespace"), None)
    if uri.lower().startswith(WMI):
        space, _mark, name = uri[len(WMI) :].rpartition("/")
        if not space or not name:
            raise protocol_fault("a:DestinationUnreachable", 2150858754, f"The resource URI {uri} has no class.")
        if named is not None and _normalized(named) != _normalized(space):
            raise protocol_fault("w:InvalidSelectors", 2150858845, "__cimnamespace differs from the resource URI.")
        return Target(uri, f"{WMI}{space}/", _normalized(space), name)
    if uri == f"{DMTF}*":
        return Target(uri, DMTF_CLASS, _normalized(named or "root/cimv2"), "*")
    if uri.startswith(DMTF_CLASS) and "/" not in uri[len(DMTF_CLASS) :]:
        return Target(uri, DMTF_CLASS, _normalized(named or "root/cimv2"), uri[len(DMTF_CLASS) :])
    raise protocol_fault("a:DestinationUnreachable", 2150858752, f"The service has no resource {uri}.")


def _normalized(space: str) -> str:
    return space.replace("\\", "/").strip("/").lower()


def _timeout(element: ET.Element | None) -> float:
    if element is None:
        return _MAX_TIMEOUT
    matched = _TIMEOUT.fullmatch(text(element))
    if matched is None or text(element).startswith("-"):
        raise protocol_fault("a:InvalidMessageInformationHeader", 2150858881, "OperationTimeout is not a duration.")
    hours, minutes, seconds, fraction = matched.groups(default="0")
    total = int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float("0" + fraction if "." in fraction else 0)
    return min(max(total, 0.5), _MAX_TIMEOUT)


def _envelope_size(headers: dict[str, ET.Element], limit: int) -> int:
    element = headers.get(f"{{{W}}}MaxEnvelopeSize")
    if element is None:
        return limit
    size = text(element)
    if not size.isdigit():
        raise _invalid("MaxEnvelopeSize", "it is not a number")
    if int(size) < 8192:
        raise protocol_fault("w:EncodingLimit", 2150858878, "MaxEnvelopeSize is below 8192.")
    return min(int(size), limit)


def _pairs(element: ET.Element | None, name: str) -> tuple[Selector, ...]:
    if element is None:
        return ()
    pairs = []
    for item in element:
        named = item.get("Name")
        if item.tag != f"{{{W}}}{name}" or not named:
            raise _invalid(local(element.tag), f"it has an element that is not a {name} with a Name")
        pairs.append(Selector(named, (item.text or "").strip("\r\n\t") if name == "Option" else item.text or ""))
    return tuple(pairs)


def read(
    root: ET.Element,
    limit: int,
    *,
    path: str = "/wsman",
    target: Callable[[ET.Element, tuple[Selector, ...]], Target] = _target,
) -> Request:
    """Read a request. `target` reads the resource URI. Raises FaultError with the fault of Windows."""
    if root.tag != f"{{{S}}}Envelope":
        raise protocol_fault("w:SchemaValidationError", 2150858765, "The document is not a SOAP 1.2 envelope.")
    headers = _headers(root)
    to = text(_required(headers, f"{{{A}}}To"))
    if not re.search(rf"{path}/?(\?|$)", to, re.IGNORECASE) and to != ANONYMOUS:
        raise protocol_fault(
            "a:DestinationUnreachable", 2150858770, f"The address {to} is not an address of this service."
        )
    resource = _required(headers, f"{{{W}}}ResourceURI")
    if resource.get(_MUST_UNDERSTAND) != "true":
        raise _invalid("ResourceURI", "mustUnderstand is not true")
    reply = _required(headers, f"{{{A}}}ReplyTo")
    if text(reply.find(f"{{{A}}}Address")) != ANONYMOUS:
        raise _invalid("ReplyTo", "only the anonymous address is supported")
    action = text(_required(headers, f"{{{A}}}Action"))
    identity = text(_required(headers, f"{{{A}}}MessageID"))
    if not identity:
        raise _invalid("MessageID", "it is empty")
    selectors = _pairs(headers.get(f"{{{W}}}SelectorSet"), "Selector")
    names = [item.name.lower() for item in selectors]
    if len(set(names)) != len(names):
        raise protocol_fault("w:InvalidSelectors", 2150858847, "A selector occurs twice.")
    body = root.find(f"{{{S}}}Body")
    if body is None:
        raise protocol_fault("w:SchemaValidationError", 2150858817, "The request has no SOAP body.")
    if len(body) > 1:
        raise protocol_fault("w:SchemaValidationError", 2150858817, "The SOAP body has more than one element.")
    return Request(
        identity,
        action,
        target(resource, selectors),
        tuple(item for item in selectors if item.name.lower() != "__cimnamespace"),
        _pairs(headers.get(f"{{{W}}}OptionSet"), "Option"),
        _envelope_size(headers, limit),
        _timeout(headers.get(f"{{{W}}}OperationTimeout")),
        body[0] if len(body) else None,
        text(headers.get(f"{{{E}}}Identifier")),
    )
