# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for the tests of the WS-Management client: a scripted transport and an independent XML parser."""

from __future__ import annotations

import pathlib
import re
import typing as t
import xml.etree.ElementTree as ET

S = "{http://www.w3.org/2003/05/soap-envelope}"
A = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
N = "{http://schemas.xmlsoap.org/ws/2004/09/enumeration}"
W = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
P = "{http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
XML = "{http://www.w3.org/XML/1998/namespace}"

TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
DMTF = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
RESOURCE = f"{WMI}root/mscluster/MSCluster_Resource"

_MESSAGES = pathlib.Path(__file__).parent / "messages"

Facts: t.TypeAlias = "tuple[str, tuple[tuple[str, str], ...], str, tuple[Facts, ...]]"


def message(name: str) -> str:
    """Read a recorded message of a real endpoint."""
    return (_MESSAGES / f"{name}.xml").read_text(encoding="utf-8")


def answer(body: str, *, relates_to: str | None = "to be replaced") -> str:
    """Build a response."""
    related = f"<a:RelatesTo>{relates_to}</a:RelatesTo>" if relates_to is not None else ""
    return (
        f'<s:Envelope xmlns:s="{S[1:-1]}" xmlns:a="{A[1:-1]}" xmlns:n="{N[1:-1]}" xmlns:w="{W[1:-1]}"'
        f' xmlns:xsi="{XSI[1:-1]}" xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common">'
        f"<s:Header>{related}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def instance(properties: str, *, uri: str = RESOURCE) -> str:
    """Build the response to a Get; C(properties) is XML with the prefix p."""
    name = uri.rpartition("/")[2]
    return answer(f'<p:{name} xmlns:p="{uri}" xsi:type="p:{name}_Type">{properties}</p:{name}>')


def fault(subcode: str, reason: str = "no", detail: str = "", *, relates_to: str | None = "to be replaced") -> str:
    """Build a fault."""
    return answer(
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason><s:Detail>{detail}</s:Detail></s:Fault>',
        relates_to=relates_to,
    )


def page(items: str = "", *, context: str = "", end: bool = False, pulled: bool = False) -> str:
    """Build a page of an enumeration, as a response to Enumerate or Pull."""
    kind, space = ("Pull", "n") if pulled else ("Enumerate", "w")
    given = f"<n:EnumerationContext>{context}</n:EnumerationContext>" if context else ""
    ended = f"<{space}:EndOfSequence/>" if end else ""
    return answer(f"<n:{kind}Response>{given}<{space}:Items>{items}</{space}:Items>{ended}</n:{kind}Response>")


def item(name: str) -> str:
    """Build a resource without its reference."""
    return f'<p:MSCluster_Resource xmlns:p="{RESOURCE}"><p:Name>{name}</p:Name></p:MSCluster_Resource>'


def read(document: str | bytes) -> ET.Element:
    """Parse a message without the client's parser: each xsi:type becomes {namespace}name, or the test fails."""
    parser = ET.XMLPullParser(events=("start-ns", "end-ns", "start", "end"))
    parser.feed(document)
    parser.close()
    declared: list[tuple[str, str]] = []
    root: ET.Element | None = None
    for event, what in parser.read_events():
        if event == "start-ns":
            declared.append(t.cast("tuple[str, str]", what))
        elif event == "end-ns":
            declared.pop()
        elif event == "start":
            element = t.cast("ET.Element", what)
            root = element if root is None else root
            if XSI + "type" in element.attrib:
                prefix, _colon, name = element.attrib[XSI + "type"].rpartition(":")
                element.attrib[XSI + "type"] = f"{{{dict(declared)[prefix]}}}{name}" if prefix else name
    assert root is not None
    return root


def facts(element: ET.Element) -> Facts:
    """The content of an element, independent of prefixes and line breaks between elements."""
    text = element.text or ""
    return (
        element.tag,
        tuple(sorted(element.attrib.items())),
        "" if len(element) and not text.strip() else text,
        tuple(facts(child) for child in element),
    )


def body(document: ET.Element) -> ET.Element:
    """The first element of a message's body."""
    found = document.find(f"{S}Body")
    assert found is not None
    assert len(found) == 1
    return found[0]


def header(document: ET.Element) -> ET.Element:
    """A message's header."""
    found = document.find(f"{S}Header")
    assert found is not None
    return found


def action(document: ET.Element) -> str:
    """A message's action, without the namespace of the standard ones."""
    return header(document).findtext(f"{A}Action", "").rpartition("/")[2]


class Script:
    """A transport with scripted responses: texts, bytes, or errors to raise, one for each message."""

    host = "node1.example.com"
    url = "http://node1.example.com:5985/wsman"

    def __init__(self, *responses: str | bytes | Exception) -> None:
        self.left = list(responses)
        self.encoding = "utf-8"
        self.sent: list[ET.Element] = []

    def send(self, message: str) -> bytes:
        request = read(message)
        self.sent.append(request)
        assert self.left, f"unexpected request {action(request)}"
        next_one = self.left.pop(0)
        if isinstance(next_one, Exception):
            raise next_one
        if isinstance(next_one, bytes):
            return next_one
        message_id = header(request).findtext(f"{A}MessageID", "")
        return re.sub(r"(RelatesTo[^>]*>)[^<]*<", rf"\g<1>{message_id}<", next_one, count=1).encode(self.encoding)

    @property
    def actions(self) -> list[str]:
        return [action(request) for request in self.sent]
