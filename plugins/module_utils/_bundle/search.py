# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search a finished message for real values. Private to this collection.

There are two searches. The first one goes through the message again and expects a stand-in wherever a value is
replaced. The second one looks for the real words in all texts, also where they are encoded.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import re
import typing as t
import urllib.parse
from xml.etree.ElementTree import Element, ParseError, fromstring

from .exchange import local_name
from .harmless import CLASS_NAME, GUIDS, SCHEMA_URI, WORDS, is_constant
from .message import MESSAGE_IDS, Context, replaced
from .stand_in import StandIns
from .text import Replacer

_WORD = re.compile("[0-9A-Za-z\u0080-\U0010ffff]+")
_LONG = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}|[A-Za-z0-9_-]{8,}={0,2}")
_HEXADECIMAL = re.compile(r"(?:[0-9A-Fa-f]{2}){4,}")
_LITERAL = re.compile(r"""(?:(\w+)\s*(?:[<>!]?=|LIKE)\s*)?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.IGNORECASE)
# The classes in an object path.
_PATH_CLASS = re.compile(
    rf"(?<![^:\\/]){CLASS_NAME.pattern}(?=\.\w+=|=@)|CreationClassName=[\"']{CLASS_NAME.pattern}[\"']", re.IGNORECASE
)
_VOLUME = re.compile("volume[0-9]{1,3}")  # a folder of shared volumes, as Windows names it
_SHORTEST = 4  # a shorter word is in other words by chance; the first search finds it
# Words of patterns that are kept inside other values, and of names of namespaces.
_OTHERS = """
vethernet scvmm clusterstorage volume uuid urn http https wsman root cimv2 standardcimv2 mscluster virtualization v2
microsoft clusterupdate storage default systemroot windir system32 wsmwmipl dll definition site rack chassis
anonymous unc vhdx vhd avhdx avhd vhds vmcx vmrs vmgs iso true false wmiarray xs boolean string
select from where like isa null associators references sender receiver
"""
_KNOWN = WORDS | set(_OTHERS.split())


class _Probe(StandIns):
    """Notes what is not a stand-in of this bundle, instead of replacing it."""

    def __init__(self, of: StandIns) -> None:
        super().__init__(b"")
        self.issued = of.issued
        self._parts = {part for text in of.issued for part in _WORD.findall(text)}
        self._real = of
        self.found: set[str] = set()

    def word(self, real: str) -> str:
        return self._noted(real)

    def guid(self, real: str) -> str:
        return self._noted(real) if real.strip("0-") else real

    def mac(self, real: str) -> str:
        bare = re.sub("[^0-9a-f]", "", real.lower())
        if bare not in self.issued and bare.strip("0") and bare.strip("f"):
            self.found.add(real)
        return real

    def sid(self, real: str) -> str:
        for part in real.split("-")[3:]:
            if int(part) >= 1000:
                self._noted(part)
        return real

    def address(self, real: str) -> str | None:
        bare = real.partition("%")[0]
        made = StandIns.address(StandIns(b"probe"), real)
        if made is not None and made != real and bare.casefold() not in self.issued:
            self.found.add(real)
        return made if made is None else real

    def _noted(self, real: str) -> str:
        if real.casefold() not in self.issued:
            self.found.add(real)
        return real


def unreplaced(document: str, stand_ins: StandIns, context: Context) -> set[str]:
    """The values of a finished message that should be stand-ins and are not."""
    probe = _Probe(stand_ins)
    replaced(document, Replacer(probe), context)
    return probe.found


def kept_words(document: str, issued: t.Container[str]) -> set[str]:
    """The words of a finished message that are neither stand-ins nor names of a schema, in lower case; also decoded."""
    try:
        root = fromstring(document)  # noqa: S314 - a document type was refused before
    except ParseError:
        return set()
    known = _KNOWN | {word.casefold() for element in root.iter() for word in _WORD.findall(local_name(element))}
    found: set[str] = set()
    for element in root.iter():
        for text in _texts(element):
            bare = _PATH_CLASS.sub(" ", text)
            for pattern in (_LONG, _WORD):
                bare = pattern.sub(lambda one: " " if one[0].casefold() in issued else one[0], bare)
            for view in _views(bare):
                found.update(word.casefold() for pattern in (_LONG, _WORD) for word in pattern.findall(view))
    return {
        word
        for word in found
        if len(word) >= _SHORTEST and not word.isdecimal() and word not in known and not _VOLUME.fullmatch(word)
    } - GUIDS


def real_in(words: t.Iterable[str], real: t.Container[str]) -> set[str]:
    """The real words that are in these words, or are a part of one."""
    found = set()
    for word in words:
        if _LONG.fullmatch(word):
            found |= {word} if word in real else set()
            continue
        for begin in range(len(word)):
            for end in range(begin + _SHORTEST, min(len(word), begin + 64) + 1):
                part = word[begin:end]
                if part in real and not part.isdecimal() and part not in _KNOWN:
                    found.add(part)
    return found


def _texts(element: Element) -> t.Iterator[str]:
    """The texts of an element that can have a real value in them."""
    for attribute, value in element.attrib.items():
        name = {"path": "channel"}.get(attribute.lower(), attribute.rpartition("}")[2].lower())
        if name not in {"name", "type", "nil", "lang", "mustunderstand"} and not SCHEMA_URI.fullmatch(value):
            yield "" if _is_microsoft(name, value) else value
    name = (element.get("Name") or local_name(element)).rpartition(":")[2].lower()
    text = (element.text or "").strip()
    if local_name(element) in {"Filter", "Select"}:
        for found in _LITERAL.finditer(text):
            if not _is_microsoft((found[1] or "").lower(), found[2][1:-1]):
                yield found[2]
    elif text and name not in MESSAGE_IDS and not SCHEMA_URI.fullmatch(text) and not _is_microsoft(name, text):
        yield text


def _is_microsoft(name: str, text: str) -> bool:
    classes = ("", "win32_service", "win32_operatingsystem", "mscluster_resource", "mscluster_resourcegroup",
               "mscluster_resourcetype", "msvm_computersystem")  # fmt: skip
    name = {"name": "sourcename"}.get(name, name) if text.startswith("Microsoft-") else name
    return bool(CLASS_NAME.fullmatch(text)) or any(is_constant(one, name, text) for one in classes)


def _views(text: str) -> t.Iterator[str]:
    """The text, and what it means if it is encoded."""
    yield text
    plain = html.unescape(html.unescape(text))
    if plain != text:
        yield plain
    unquoted = urllib.parse.unquote(plain)
    if unquoted != plain:
        yield unquoted
    for pattern, decode in ((_BASE64, _from_base64), (_HEXADECIMAL, _from_hexadecimal)):
        for run in pattern.findall(unquoted):
            data = decode(run)
            for encoding in ("utf-8", "utf-16-le"):
                with contextlib.suppress(UnicodeDecodeError):
                    decoded = data.decode(encoding)
                    if decoded.isprintable():
                        yield decoded


def _from_base64(text: str) -> bytes:
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    with contextlib.suppress(binascii.Error, ValueError):
        return base64.b64decode(bare[: len(bare) // 4 * 4] if len(bare) % 4 == 1 else bare + "=" * (-len(bare) % 4))
    return b""


def _from_hexadecimal(text: str) -> bytes:
    with contextlib.suppress(binascii.Error, ValueError):
        return binascii.unhexlify(text)
    return b""
