# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace what is real in a message. Private to this collection.

The tags stay as they were received, character by character; only values of attributes and texts change.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import typing as t
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from .harmless import BYTES, CLASS_NAME, SHORT_NUMBER
from .octets import without_texts
from .text import Place

if t.TYPE_CHECKING:
    from .text import Replacer

_PIECES = re.compile(
    r"""<!\[CDATA\[(?P<cdata>.*?)\]\]>|(?P<dropped><!--.*?-->|<\?.*?\?>)|(?P<tag></?[^<>"'\s/!?][^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>)"""
    r"""|(?P<text>[^<]+)""",
    re.DOTALL,
)
_TAG = re.compile(r"<(?:[\w.-]+:)?(?P<name>[\w.-]+)(?P<rest>.*?)(?P<empty>/?)>", re.DOTALL)
_ATTRIBUTE = re.compile(
    r"""(?P<head>\s+)(?P<name>[\w:.-]+)(?P<mark>\s*=\s*)(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')"""
)
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]{1,8})|#([0-9]{1,8})|(amp|lt|gt|quot|apos));")
_UNREADABLE = "\ufffd"
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
# Attributes of SOAP, WS-Management, CIM-XML and events whose values are names of a schema.
_SCHEMA_ATTRIBUTES = {
    name: re.compile(pattern)
    for name, pattern in {
        "nil": "true|false",
        "lang": "[A-Za-z]{2}(?:-[A-Za-z]{2,4})?",
        "mustunderstand": "true|false|[01]",
        "classname": CLASS_NAME.pattern,
        "superclass": CLASS_NAME.pattern,
        "classorigin": CLASS_NAME.pattern,
        "class": CLASS_NAME.pattern,
        "propagated": "true|false",
        "modified": "true|false",
        "isarray": "true|false",
        "arraysize": "[0-9]{1,4}",
        "embeddedobject": "instance|object",
        "qualifiers": "[0-9]{1,5}",
        "provider": "WMI Provider|Event Forwarding Plugin|Config provider",
        "cimtype": r"\w{1,20}",
        "code": "[0-9]{1,10}",
    }.items()
}
_TYPE = re.compile(r"(?:[\w.-]{1,20}:)?\w{1,80}")
_NAMED_BY_ATTRIBUTE = {"selector", "option", "data", "property", "property.array", "property.reference", "complexdata"}
_IDENTIFIER = re.compile(r"[A-Za-z_][\w:.]{0,80}")
_PROSE = {
    "text", "message", "messageid", "description", "error_windowserrormessage", "cimstatuscodedescription",
    "omi_errormessage",
}  # fmt: skip
_MODULE_PATH = re.compile(r"%[A-Za-z]+%[\\/](?:system32[\\/])?\w{1,40}\.dll", re.IGNORECASE)
# They are random, and belong to one message.
MESSAGE_IDS = {"messageid", "relatesto", "operationid", "sessionid", "activityid"}
_MESSAGE_ID = re.compile(r"(?:urn:)?uuid:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# An embedded instance, as Hyper-V takes it.
_CIM_XML = re.compile(r'<INSTANCE\s[^>]*CLASSNAME="(?:Msvm|CIM|MSFT|Win32|MSCluster)_')
_CIM_XML_TAGS = {
    "INSTANCE", "PROPERTY", "PROPERTY.ARRAY", "PROPERTY.REFERENCE", "VALUE", "VALUE.ARRAY", "VALUE.NULL", "QUALIFIER",
}  # fmt: skip
_TAG_NAME = re.compile(r"</?([^\s>/!?]+)")
_DEEPEST = 4  # documents inside the texts of other documents
_LONGEST_NUMBER = 6  # digits of a value of an advanced property: one more can be a part of an address
_ADVANCED = "msft_netadapteradvancedpropertysettingdata"
_ADVANCED_TEXTS = re.compile("display|registryvalue|numericparameter")
_ADVANCED_ITEM = re.compile(
    r"<(?:[\w.-]+:)?(?P<item>MSFT_NetAdapterAdvancedPropertySettingData|XmlFragment)\b.*?</(?:[\w.-]+:)?(?P=item)>",
    re.DOTALL,
)
_KEYWORD = re.compile(r"RegistryKeyword[^<>]*>([^<]*)<")
_BETWEEN_ITEMS = 4  # pieces: the end tag, perhaps white space, the begin tag
_ADDRESS_KEYWORD = re.compile(r"address|wwn|guid|mac$", re.IGNORECASE)


class NotReplaceable(ValueError):
    """The message is not XML that can be recorded."""


@dataclasses.dataclass(slots=True)
class _Open:
    """An element that is not closed yet."""

    name: str
    property_name: str
    cim_class: str


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """What the request says about its response: its class, and which value of the registry it reads."""

    cim_class: str = ""
    of: str = ""


def replaced(document: str, replacer: Replacer, context: Context = Context()) -> str:
    """The message with stand-ins. Raises C(NotReplaceable) if it is not well-formed or has a document type."""
    text = _allowed(document.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    check_well_formed(text)
    made = _Walk(replacer, context).document(text)
    check_well_formed(made)
    return made


def _allowed(text: str) -> str:
    """The document without characters that XML does not allow. Names and messages of events can have them."""
    text = _NOT_ALLOWED.sub(_UNREADABLE, text)
    return _REFERENCE.sub(lambda found: found[0] if not _NOT_ALLOWED.search(_named(found)) else _UNREADABLE, text)


def check_well_formed(text: str) -> None:
    """Raises C(NotReplaceable) if it is not well-formed XML without a document type definition."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise NotReplaceable("it has a document type definition")
    try:
        parser = expat.ParserCreate()
        parser.Parse(re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode("utf-8"), True)
    except (expat.ExpatError, ParseError, ValueError) as exc:
        raise NotReplaceable(f"it is not well-formed XML ({exc})") from exc


class _Walk:
    """Goes through one document."""

    def __init__(self, replacer: Replacer, context: Context, depth: int = 0) -> None:
        self._replacer = replacer
        self._context = context
        self._depth = depth
        self._open: list[_Open] = []
        self._at = 0
        self._keywords: list[tuple[int, int, str]] = []
        self._bytes: list[tuple[int, str, int]] = []  # the piece, the property and the byte

    def document(self, text: str) -> str:
        self._keywords = _keywords(text)
        made: list[str] = []
        for piece in _PIECES.finditer(text):
            self._at = piece.start()
            if piece["dropped"] is not None:
                made.append("")
            elif piece["tag"] is not None:
                made.append(self._tag(piece["tag"]))
            elif piece["cdata"] is not None:
                made.append(_escape(self._text(piece["cdata"])))
            else:
                self._note_byte(len(made), piece["text"])
                made.append(_escape(self._text(_unescape(piece["text"]))))
        for run in _runs(self._bytes):
            data = without_texts(bytes(byte for _index, _name, byte in run))
            for number, (index, _name, _byte) in enumerate(run):
                made[index] = str(data[number])
        return "".join(made)

    def _note_byte(self, index: int, text: str) -> None:
        name = self._open[-1].property_name if self._open else ""
        if name in BYTES and re.fullmatch(r"\s*[0-9]{1,3}\s*", text) and int(text) < 256:
            self._bytes.append((index, name, int(text)))

    def _tag(self, tag: str) -> str:
        if tag.startswith("</"):
            if self._open:
                self._open.pop()
            return tag
        found = _TAG.fullmatch(tag)
        if found is None:
            raise NotReplaceable("it has a tag that cannot be read")
        name = found["name"].lower()
        rest = found["rest"]
        attributes = {one["name"].rpartition(":")[2].lower(): _value_of(one) for one in _ATTRIBUTE.finditer(rest)}
        outer = self._open[-1] if self._open else _Open("", "", self._context.cim_class)
        cim_class = name if CLASS_NAME.fullmatch(found["name"]) else outer.cim_class
        if name in {"instance", "referenceparameters"}:
            cim_class = attributes.get("classname", cim_class if name == "instance" else "").lower()
        property_name = name
        if name in _NAMED_BY_ATTRIBUTE:
            property_name = attributes.get("name", "").rpartition(":")[2].lower() or name
        elif name in {"value", "value.array", "datetime", "date", "cim_datetime"}:
            property_name = outer.property_name
        opened = _Open(name, property_name, cim_class)
        if attributes:
            rest = _ATTRIBUTE.sub(lambda one: self._attribute(one, opened), rest)
        if not found["empty"]:
            self._open.append(opened)
        return f"{tag[: found.start('rest')]}{rest}{found['empty']}>"

    def _attribute(self, found: re.Match[str], element: _Open) -> str:
        quote = '"' if found["double"] is not None else "'"
        value = self._attribute_value(found["name"].lower(), _value_of(found), element)
        return f"{found['head']}{found['name']}{found['mark']}{quote}{_escape(value, quote)}{quote}"

    def _attribute_value(self, whole_name: str, value: str, element: _Open) -> str:
        name = whole_name.rpartition(":")[2]
        if whole_name == "xmlns" or whole_name.startswith("xmlns:"):
            return self._replacer.value(value, Place("", "namespace"))
        if name == "name" and (element.name in _NAMED_BY_ATTRIBUTE) and _IDENTIFIER.fullmatch(value):
            return value
        known = _SCHEMA_ATTRIBUTES.get(name)
        if known is not None and known.fullmatch(value):
            return value
        if name == "type" and (":" in whole_name or element.name in _NAMED_BY_ATTRIBUTE) and _TYPE.fullmatch(value):
            return value
        if name == "path" and _MODULE_PATH.fullmatch(value):
            return value
        if element.name == "provider" and name in {"name", "eventsourcename"}:
            return self._replacer.value(value, Place(element.cim_class, "sourcename"))
        if element.name in {"select", "query"} and name == "path":
            return self._replacer.value(value, Place(element.cim_class, "channel"))
        if element.name == "query" and name == "id" and SHORT_NUMBER.fullmatch(value):
            return value
        return self._replacer.value(value, Place(element.cim_class, name))

    def _text(self, text: str) -> str:
        element = self._open[-1] if self._open else _Open("", "", "")
        if not text.strip() or (element.name in MESSAGE_IDS and _MESSAGE_ID.fullmatch(text.strip())):
            return text
        inner = self._inner(text)
        if inner is not None:
            return inner
        if any(one.name == "fault" for one in self._open):
            return self._fault_text(text, element)
        if element.name == "filter":
            return self._replacer.query(text)
        if element.name == "select":
            return self._replacer.xpath(text)
        if element.property_name in BYTES and re.fullmatch(r"\s*[0-9]{1,3}\s*", text):
            return text  # arrays of them are changed at the end
        if self._is_choice(element):
            return self._replacer.prose(text, _LONGEST_NUMBER)
        if element.name == "resourceuri" and len(self._open) > 1:
            self._open[-2].cim_class = text.strip().rpartition("/")[2].lower()
        return self._replacer.value(text, self._place(element))

    def _fault_text(self, text: str, element: _Open) -> str:
        if element.name in {"value", "faultcode"} and re.fullmatch(r"\s*[\w.-]+:[\w.-]+\s*", text):
            return text
        if element.name in _PROSE:
            return self._replacer.prose(text)
        if element.name == "parameterinfo" and text.lower().lstrip().startswith("select "):
            return self._replacer.query(text)
        return self._replacer.value(text, self._place(element))

    def _is_choice(self, element: _Open) -> bool:
        """Whether a text is a value or a name of an advanced property of a network adapter."""
        if element.name == "svalue" and self._context.of.startswith("enum "):
            return True
        if element.cim_class != _ADVANCED or not _ADVANCED_TEXTS.search(element.property_name):
            return False
        keyword = next((word for begin, end, word in self._keywords if begin <= self._at < end), "")
        return not _ADDRESS_KEYWORD.search(keyword)

    def _place(self, element: _Open) -> Place:
        name = element.property_name
        cim_class = element.cim_class
        if name == "svalue" and _is_plain_value(self._context.of):
            name = "uvalue"
        return Place(cim_class or self._context.cim_class, name)

    def _inner(self, text: str) -> str | None:
        """The text as a document of its own; C(None) if it is none."""
        bare = text.strip()
        if self._depth >= _DEEPEST or not _CIM_XML.match(bare) or not bare.endswith(">"):
            return None
        if not {one[1] for one in _TAG_NAME.finditer(bare)} <= _CIM_XML_TAGS:
            return None  # somebody's text, whose tags are words like others
        try:
            check_well_formed(bare)
        except NotReplaceable:
            return None
        inner = _Walk(self._replacer, Context(self._open[-1].cim_class if self._open else ""), self._depth + 1)
        begin = text.index(bare)
        return f"{text[:begin]}{inner.document(bare)}{text[begin + len(bare) :]}"


def _keywords(text: str) -> list[tuple[int, int, str]]:
    """Where each advanced property begins and ends in the message, and its registry keyword."""
    return [
        (item.start(), item.end(), keyword[1])
        for item in _ADVANCED_ITEM.finditer(text)
        for keyword in [_KEYWORD.search(item[0])]
        if keyword is not None
    ]


def _runs(found: t.Sequence[tuple[int, str, int]]) -> t.Iterator[list[tuple[int, str, int]]]:
    """The arrays of at least two bytes: the elements of an array follow each other."""
    run: list[tuple[int, str, int]] = []
    for one in found:
        if run and (one[1] != run[-1][1] or one[0] - run[-1][0] > _BETWEEN_ITEMS):
            if len(run) > 1:
                yield run
            run = []
        run.append(one)
    if len(run) > 1:
        yield run


def _is_plain_value(name: str) -> bool:
    """Whether a value of the registry with this name is a number or a version."""
    return name.startswith("*") or name.lower() in {
        "min", "max", "step", "default", "currentbuild", "currentbuildnumber", "ubr", "driverversion",
    }  # fmt: skip


def _value_of(found: re.Match[str]) -> str:
    return _unescape(found["double"] if found["double"] is not None else found["single"])


def _unescape(text: str) -> str:
    return _REFERENCE.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    """The character of a reference."""
    if found[3]:
        return _NAMED[found[3]]
    point = int(found[1], 16) if found[1] else int(found[2])
    return chr(point) if point <= sys.maxunicode else "\0"


def _escape(text: str, quote: str = "") -> str:
    made = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    if quote:
        made = made.replace('"', "&quot;").replace("'", "&apos;").replace("\n", "&#10;").replace("\t", "&#9;")
    return made
