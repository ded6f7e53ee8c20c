# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build SOAP requests and check the headers of responses. Private to this collection.

The order of the header elements, the qualified C(mustUnderstand="true") and ResourceURI before SelectorSet follow the
Windows MI client and production clients; OMI requires some of them.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
import uuid
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from .cim import ANONYMOUS, Reference, write_reference
from .document import (
    ADDRESSING,
    CARRIAGE_RETURN,
    CIM_COMMON,
    ENUMERATION,
    EVENTING,
    SOAP,
    TRANSFER,
    WSMAN,
    XSI,
    serialize,
    text_of,
)
from .errors import ResponseLost

MICROSOFT_WSMAN = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
WQL_DIALECT = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
XML_SCHEMA = "http://www.w3.org/2001/XMLSchema"

GET = f"{TRANSFER}/Get"
PUT = f"{TRANSFER}/Put"
ENUMERATE = f"{ENUMERATION}/Enumerate"
PULL = f"{ENUMERATION}/Pull"
RELEASE = f"{ENUMERATION}/Release"
SUBSCRIBE = f"{EVENTING}/Subscribe"
UNSUBSCRIBE = f"{EVENTING}/Unsubscribe"
# An Invoke can also read, but its action does not show that.
READING_ACTIONS = frozenset({GET, ENUMERATE, PULL, RELEASE, SUBSCRIBE, UNSUBSCRIBE})

Option: t.TypeAlias = "tuple[str, str, str | None]"
PRECISE_ARRAYS = ("msftwinrm:UsePreciseArrays", "xs:boolean", "true")
_MODIFIED = "wmiarray:__MIInstanceModifiedPropertiesList"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One message: C(options) are (name, XML schema type or an empty text, value or C(None) for C(xsi:nil)).

    C(body), and C(header) with further elements of the header, are self-contained XML text. C(timeout_seconds) is for
    this message, if it is shorter than that of the session. C(all_of_class) is true for a query of all columns of a
    class without a condition.
    """

    action: str
    target: Reference
    body: str = ""
    header: str = ""
    options: tuple[Option, ...] = ()
    timeout_seconds: float | None = None
    all_of_class: bool = False


def modified_properties(names: t.Iterable[str]) -> tuple[tuple[str, str, str], ...]:
    """The options that list the properties that a Put changes."""
    return tuple((_MODIFIED, "xs:string", name) for name in names)


def envelope(request: Request, *, to: str, timeout_seconds: float, max_size: int) -> tuple[str, str]:
    """Build a message; return its text and id. The response is limited to C(max_size) bytes and C(timeout_seconds)."""
    message_id = f"uuid:{str(uuid.uuid4()).upper()}"
    header = (
        f"<a:To>{_text(to)}</a:To>"
        f'<w:ResourceURI s:mustUnderstand="true">{_text(request.target.resource_uri)}</w:ResourceURI>'
        f'<a:ReplyTo><a:Address s:mustUnderstand="true">{ANONYMOUS}</a:Address></a:ReplyTo>'
        f'<a:Action s:mustUnderstand="true">{_text(request.action)}</a:Action>'
        f'<w:MaxEnvelopeSize s:mustUnderstand="true">{max_size}</w:MaxEnvelopeSize>'
        f"<a:MessageID>{message_id}</a:MessageID>"
        '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/><p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>'
        f"{_selectors(request.target)}{_options(request.options)}"
        f"<w:OperationTimeout>{duration(min(request.timeout_seconds or timeout_seconds, timeout_seconds))}"
        "</w:OperationTimeout>"
        f"{request.header}"
    )
    text = (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:n="{ENUMERATION}" xmlns:w="{WSMAN}"'
        f' xmlns:p="{MICROSOFT_WSMAN}" xmlns:cim="{CIM_COMMON}" xmlns:xsi="{XSI}">'
        f"<s:Header>{header}</s:Header><s:Body>{request.body}</s:Body></s:Envelope>"
    )
    return text, message_id


def duration(seconds: float) -> str:
    """Write a number of seconds in the format of XML schema."""
    return f"PT{seconds:.3f}S"


def enumerate_body(*, wql: str = "", with_references: bool = True, max_elements: int = 32000) -> str:
    """The body of an Enumerate that requests all items; items that do not fit into one envelope are pulled."""
    mode = "<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode>" if with_references else ""
    filtered = f'<w:Filter Dialect="{WQL_DIALECT}">{_text(wql)}</w:Filter>' if wql else ""
    return (
        f"<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>{max_elements}</w:MaxElements>"
        f"{mode}{filtered}</n:Enumerate>"
    )


def quoted(text: str) -> str:
    """Quote a text as a string literal of WQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def is_all_of_class(wql: str) -> bool:
    """Whether a query has neither columns nor a condition. If its class exists, Windows cannot refuse such a query."""
    return re.fullmatch(r"\s*SELECT\s+\*\s+FROM\s+\w+\s*", wql, re.IGNORECASE) is not None


def pull_body(context: str, *, max_elements: int = 32000) -> str:
    """The body of a Pull for the next page."""
    return (
        f"<n:Pull><n:EnumerationContext>{_text(context)}</n:EnumerationContext>"
        f"<n:MaxElements>{max_elements}</n:MaxElements></n:Pull>"
    )


def release_body(context: str) -> str:
    """The body of a Release; an unfinished enumeration counts against the user's quota of operations."""
    return f"<n:Release><n:EnumerationContext>{_text(context)}</n:EnumerationContext></n:Release>"


def read_body(response: Element, message_id: str) -> Element | None:
    """Return the first element of the body. Raises C(ResponseLost) if RelatesTo is not the id of the request.

    Windows omits RelatesTo in some faults (2012 with a full quota), so it is optional in faults.
    """
    if response.tag != f"{{{SOAP}}}Envelope":
        raise ResponseLost("the response is XML but not a SOAP envelope")
    body = response.find(f"{{{SOAP}}}Body")
    if body is None:
        raise ResponseLost("the response has no SOAP body")
    first = next(iter(body), None)
    related = text_of(response.find(f"{{{SOAP}}}Header/{{{ADDRESSING}}}RelatesTo"))
    is_fault = first is not None and first.tag == f"{{{SOAP}}}Fault"
    if related.casefold() != message_id.casefold() and not (is_fault and not related):
        raise ResponseLost(f"the response belongs to another request ({related or 'RelatesTo is missing'})")
    return first


def _text(value: str) -> str:
    return escape(value, {"\r": CARRIAGE_RETURN})


def _selectors(target: Reference) -> str:
    if not target.selectors:
        return ""
    rows = []
    for name, value in target.selectors:
        if isinstance(value, Reference):
            nested = Element(f"{{{ADDRESSING}}}EndpointReference")
            nested.extend(write_reference(value))
            rows.append(f"<w:Selector Name={quoteattr(name)}>{serialize(nested)}</w:Selector>")
        else:
            rows.append(f"<w:Selector Name={quoteattr(name)}>{_text(value)}</w:Selector>")
    return f"<w:SelectorSet>{''.join(rows)}</w:SelectorSet>"


def _options(options: tuple[Option, ...]) -> str:
    if not options:
        return ""
    return f'<w:OptionSet xmlns:xs="{XML_SCHEMA}">{"".join(_option(*option) for option in options)}</w:OptionSet>'


def _option(name: str, kind: str, value: str | None) -> str:
    attributes = f"Name={quoteattr(name)}" + (f" Type={quoteattr(kind)}" if kind else "")
    if value is None:
        return f'<w:Option {attributes} xsi:nil="true"/>'
    return f"<w:Option {attributes}>{_text(value)}</w:Option>"
