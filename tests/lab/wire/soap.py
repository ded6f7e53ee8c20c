# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The XML namespaces of WS-Management, the parser of requests, and the envelope of responses."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

S = "http://www.w3.org/2003/05/soap-envelope"
A = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
E = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
N = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
X = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
W = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
P = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
B = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
F = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/common"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = "http://www.w3.org/XML/1998/namespace"
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
DMTF = "http://schemas.dmtf.org/wbem/wscim/1/"
DMTF_CLASS = DMTF + "cim-schema/2/"
ANONYMOUS = A + "/role/anonymous"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"

XSI_TYPE, XSI_NIL = f"{{{XSI}}}type", f"{{{XSI}}}nil"

_PREFIXES = {"s": S, "a": A, "x": X, "e": E, "n": N, "w": W, "p": P}
_OPENING = (
    '<s:Envelope xml:lang="en-US"'
    + "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in _PREFIXES.items())
    + "><s:Header>"
)


class MalformedError(ValueError):
    """The request is not a plain XML document in UTF-8."""


class _TreeBuilder(ET.TreeBuilder):
    """Builds the elements, and resolves the prefix of xsi:type, which ElementTree does not keep."""

    def __init__(self) -> None:
        super().__init__()
        self._scopes: list[tuple[str, str]] = []

    def start_ns(self, prefix: str | None, uri: str) -> None:
        self._scopes.append((prefix or "", uri))

    def end_ns(self, prefix: str | None) -> None:
        self._scopes.pop()

    def start(self, tag: str, attrs: dict[str, str]) -> ET.Element:
        xsi_type = attrs.get(XSI_TYPE)
        if xsi_type is not None:
            prefix, _mark, local = xsi_type.rpartition(":")
            uri = next((uri for known, uri in reversed(self._scopes) if known == prefix), "")
            attrs[XSI_TYPE] = f"{{{uri}}}{local}"
        return super().start(tag, attrs)

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise MalformedError(f"a document type declaration ({name})")


def parse(body: bytes) -> ET.Element:
    """Parse a request. Raises MalformedError unless it is well-formed UTF-8 without BOM and DTD."""
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise MalformedError("a byte-order mark")
    try:
        body.decode("utf-8")
        parser = ET.XMLParser(target=_TreeBuilder())
        parser.feed(body)
        root: ET.Element = parser.close()
    except (UnicodeDecodeError, ET.ParseError) as problem:
        raise MalformedError(str(problem)) from problem
    return root


def local(tag: str) -> str:
    """The name without its namespace."""
    return tag.rpartition("}")[2]


def namespace(tag: str) -> str:
    """The namespace of a name. Empty if it has none."""
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""


def text(element: ET.Element | None) -> str:
    """The text of an element without surrounding white space."""
    return "" if element is None else (element.text or "").strip()


def envelope(action: str, relates_to: str | None, body: str, operation_id: str | None = None) -> bytes:
    """The envelope of a response. It repeats the OperationID of the request."""
    repeated = f'<p:OperationID s:mustUnderstand="false">{escape(operation_id)}</p:OperationID>' if operation_id else ""
    related = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        f"{_OPENING}<a:Action>{escape(action)}</a:Action>"
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f"<a:To>{ANONYMOUS}</a:To>{repeated}{related}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def address(resource_uri: str, selectors: list[tuple[str, str]]) -> str:
    """The address of an instance, as in a property that is a reference. A value in XML is a nested reference."""
    selector_set = "".join(
        f"<w:Selector Name={quoteattr(name)}>{value if value.startswith('<a:') else escape(value)}</w:Selector>"
        for name, value in selectors
    )
    return (
        f"<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{escape(resource_uri)}</w:ResourceURI><w:SelectorSet>{selector_set}</w:SelectorSet>"
        "</a:ReferenceParameters>"
    )


def reference(resource_uri: str, selectors: list[tuple[str, str]]) -> str:
    """The endpoint reference of an instance."""
    return f"<a:EndpointReference>{address(resource_uri, selectors)}</a:EndpointReference>"
