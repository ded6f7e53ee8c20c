# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the objects of a pipeline from CLIXML (MS-PSRP 2.2.5). Private to this collection; pure.

pypsrp returns some objects of Exchange only as text, for example lists of its own types.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import re
import typing as t

from .._wsman.document import parse
from ..errors import ResponseLost, shorten
from .values import PsObject

if t.TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DESERIALIZED = "Deserialized."
_NUMBERS = {"By", "SB", "U16", "I16", "U32", "I32", "U64", "I64"}
_FRACTIONS = {"Sg", "Db"}
_LISTS = {"LST", "IE", "STK", "QUE"}
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_FRACTION_OF_SECOND = re.compile(r"(\.\d{6})\d+")
_DEEPEST = 50


def read_object(text: str) -> t.Any:
    """A value that a cmdlet returned, with its properties. Raises C(ResponseLost)."""
    try:
        return _Reader().value(parse(text.encode("utf-8", "replace")), 0)
    except (ValueError, KeyError) as exc:
        raise ResponseLost(f"an object in the response is not valid ({type(exc).__name__}: {shorten(exc)})") from exc


class _Reader:
    """One document, with the objects and type names that its elements refer to."""

    def __init__(self) -> None:
        self._objects: dict[str, t.Any] = {}
        self._types: dict[str, tuple[str, ...]] = {}

    def value(self, element: Element, depth: int) -> t.Any:
        if depth > _DEEPEST:
            raise ValueError("the objects are nested too deep")
        tag, text = element.tag, element.text or ""
        if tag == "Obj":
            return self._object(element, depth + 1)
        if tag == "Ref":
            return self._objects[element.attrib["RefId"]]
        if tag in _LISTS:
            return tuple(self.value(item, depth + 1) for item in element)
        if tag == "DCT":
            return self._dictionary(element, depth)
        if tag in ("Nil", "SS"):  # a secret is not read
            return None
        if tag == "B":
            return text.strip().lower() == "true"
        if tag in _NUMBERS:
            return int(text)
        if tag in _FRACTIONS:
            return float(text)
        if tag == "BA":
            return base64.b64decode(text.strip(), validate=True)
        if tag == "DT":
            return _time(text)
        return unescaped(text)

    def _dictionary(self, element: Element, depth: int) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {}
        for entry in element:
            pair = {item.get("N"): self.value(item, depth + 1) for item in entry}
            found[str(pair["Key"])] = pair["Value"]
        return found

    def _object(self, element: Element, depth: int) -> t.Any:
        types: tuple[str, ...] = ()
        properties: dict[str, t.Any] = {}
        text, inner, is_collection = "", None, False
        for item in element:
            if item.tag == "TN":
                types = tuple((name.text or "").removeprefix(_DESERIALIZED) for name in item)
                self._types[item.attrib["RefId"]] = types
            elif item.tag == "TNRef":
                types = self._types[item.attrib["RefId"]]
            elif item.tag == "ToString":
                text = unescaped(item.text or "")
            elif item.tag in ("Props", "MS"):
                properties |= {
                    unescaped(member.get("N") or ""): self.value(member, depth + 1)
                    for member in item
                    if member.get("N")
                }
            else:
                inner, is_collection = self.value(item, depth + 1), item.tag in (*_LISTS, "DCT")
        if is_collection:
            found: t.Any = inner
        elif inner is not None and not properties:
            # A value of an enumeration is its number, with its name as text.
            found = text or inner
        else:
            found = PsObject(type_names=types, properties=properties, text=text)
        if "RefId" in element.attrib:
            self._objects[element.attrib["RefId"]] = found
        return found


def unescaped(text: str) -> str:
    """A text without the escapes of characters that XML does not have, such as C(_x000A_)."""
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    # A character outside the first plane is written as two.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _time(text: str) -> t.Any:
    """A time; the text itself if it is none."""
    with contextlib.suppress(ValueError):
        return datetime.datetime.fromisoformat(_FRACTION_OF_SECOND.sub(r"\1", text.strip()).replace("Z", "+00:00"))
    return text
