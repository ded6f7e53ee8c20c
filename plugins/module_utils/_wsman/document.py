# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse XML responses without DTDs and resolve C(xsi:type) to its namespace. Private to this collection."""

from __future__ import annotations

import contextlib
import functools
import re
import sys
import typing as t
from xml.etree.ElementTree import Element, ParseError, QName, TreeBuilder, XMLParser, tostring

from ..errors import shorten
from .errors import ResponseLost

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
EVENTING = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
CIM_COMMON = "http://schemas.dmtf.org/wbem/wscim/1/common"
WSMAN_FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

CARRIAGE_RETURN = "&#13;"  # unescaped, the receiver reads it as a line feed (XML 1.0, 2.11)

MAX_DEPTH = 200
REPLACEMENT = "\ufffd"
# XML 1.0, 2.2
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile("&#(x[0-9A-Fa-f]{1,8}|[0-9]{1,8});")

XSI_TYPE = f"{{{XSI}}}type"
XSI_NIL = f"{{{XSI}}}nil"


class _TreeBuilder(TreeBuilder):
    """Builds the tree, and remembers the namespaces that each prefix has had, which ElementTree drops."""

    def __init__(self) -> None:
        super().__init__()
        self.namespaces: dict[str, set[str]] = {}

    def doctype(self, name: str, pubid: str | None, system: str | None) -> t.NoReturn:
        # Entities need a DTD, so this also prevents entity expansion and external references.
        raise ResponseLost("the response contains a document type definition, which WS-Management does not allow")

    def start_ns(self, prefix: str, uri: str) -> None:
        self.namespaces.setdefault(prefix or "", set()).add(uri)


class _ScopedTreeBuilder(_TreeBuilder):
    """Resolves C(xsi:type) where a prefix has several namespaces in one document. This takes longer."""

    def __init__(self) -> None:
        super().__init__()
        self._scopes: dict[str, list[str]] = {}

    def start_ns(self, prefix: str, uri: str) -> None:
        self._scopes.setdefault(prefix or "", []).append(uri)

    def end_ns(self, prefix: str) -> None:
        self._scopes[prefix or ""].pop()

    def start(self, tag: t.Any, attrs: dict[t.Any, t.Any], /) -> Element:
        element = super().start(tag, attrs)
        _resolve_type(element, {prefix: uris[-1:] for prefix, uris in self._scopes.items()})
        return element


def parse(document: bytes) -> Element:
    """Parse a message. Raises C(ResponseLost) if it is not well-formed XML, too deep, or contains a DTD.

    Characters that XML does not allow become REPLACEMENT: names and event messages of Windows can have them.
    """
    try:
        return _parse(document)
    except (ParseError, LookupError, ValueError) as exc:  # the last two: encodings that expat does not support
        repaired = _repair(document)
        if repaired is not None:
            with contextlib.suppress(ParseError):
                return _parse(repaired)
        begin = shorten(document[:240].decode("utf-8", "replace"))
        raise ResponseLost(f"the response is not well-formed XML ({exc}; it begins with {begin!r})") from exc


def _parse(document: bytes | str) -> Element:
    builder = _TreeBuilder()
    root = _built(document, builder)
    _check_depth(root)
    try:
        for element in root.iter():
            if element.get(XSI_TYPE) is not None:
                _resolve_type(element, builder.namespaces)
    except _AmbiguousError:
        return _built(document, _ScopedTreeBuilder())
    return root


def _built(document: bytes | str, builder: TreeBuilder) -> Element:
    parser = XMLParser(target=builder)  # noqa: S314 (the tree builder rejects DTDs)
    parser.feed(document)
    return parser.close()


def _check_depth(root: Element) -> None:
    level = [root]
    for _depth in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return
    raise ResponseLost(f"the response has more than {MAX_DEPTH} elements inside each other")


class _AmbiguousError(Exception):
    """A prefix has several namespaces."""


def _resolve_type(element: Element, namespaces: t.Mapping[str, t.Collection[str]]) -> None:
    """Make C(xsi:type) a QName, so that the serializer declares its namespace."""
    declared = element.get(XSI_TYPE)
    if declared is None:
        return
    prefix, _colon, name = declared.strip().rpartition(":")
    uris = namespaces.get(prefix, ())
    if len(uris) > 1:
        raise _AmbiguousError
    for uri in filter(None, uris):
        element.set(XSI_TYPE, t.cast("t.Any", QName(uri, name)))


def _repair(document: bytes) -> str | None:
    """The UTF-8 document without the characters that XML does not allow; C(None) if it has none."""
    try:
        text = document.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    repaired = _REFERENCE.sub(lambda found: found[0] if _is_allowed(found[1]) else REPLACEMENT, text)
    repaired = _NOT_ALLOWED.sub(REPLACEMENT, repaired)
    return repaired if repaired != text else None


def _is_allowed(number: str) -> bool:
    point = int(number[1:], 16) if number.startswith("x") else int(number)
    return point <= sys.maxunicode and not _NOT_ALLOWED.match(chr(point))


def serialize(element: Element) -> str:
    """Serialize the element with all namespace declarations that it needs."""
    return tostring(element, encoding="unicode").replace("\r", CARRIAGE_RETURN)


def local_name(tag: str) -> str:
    """The name without its namespace."""
    return tag.rpartition("}")[2]


@functools.lru_cache(4096)
def folded_name(tag: str) -> str:
    """The name without its namespace, to compare it without case. Responses repeat few names."""
    return local_name(tag).casefold()


def namespace_of(tag: str) -> str:
    """The namespace of a name, or an empty string."""
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""


def text_of(element: Element | None) -> str:
    """The text of an element without the white space around it; empty if there is none."""
    return (element.text or "").strip() if element is not None else ""
