# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Embedded instances in text parameters: an INSTANCE of CIM-XML (DSP0201), each part checked against its class."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from .values import Value, check_value, is_integer

if TYPE_CHECKING:
    from ..windows.classes import Class, Property


class EmbeddedTextError(ValueError):
    """The text is not an instance of the class."""


def _elements(parent: ET.Element, *names: str) -> list[ET.Element]:
    """The child elements, which have these names. There is no other text beside them."""
    for text in (parent.text, *(item.tail for item in parent)):
        if (text or "").strip():
            raise EmbeddedTextError(f"{parent.tag} contains text beside its elements")
    wrong = next((item.tag for item in parent if item.tag not in names), None)
    if wrong is not None:
        raise EmbeddedTextError(f"{parent.tag} contains {wrong}")
    return list(parent)


def _scalar(kind: str, text: str) -> Value:
    if kind == "boolean":
        found = {"true": True, "false": False}.get(text.lower())
        if found is None:
            raise EmbeddedTextError(f"{text!r} is not a boolean")
        return found
    if is_integer(kind):
        if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
            raise EmbeddedTextError(f"{text!r} is not a number")
        return check_value(kind, int(text))
    return text


def _value(member: Property, element: ET.Element) -> Value:
    if element.get("TYPE") != member.base:
        raise EmbeddedTextError(f"{member.name} is of the type {member.base}, not {element.get('TYPE')}")
    if set(element.attrib) - {"NAME", "TYPE", "CLASSORIGIN", "PROPAGATED", "MODIFIED"}:
        raise EmbeddedTextError(f"{member.name} has an attribute that CIM-XML does not have")
    if not member.is_array:
        values = _elements(element, "VALUE")
        if len(values) > 1:
            raise EmbeddedTextError(f"{member.name} has more than one value")
        return _scalar(member.base, values[0].text or "") if values else None
    arrays = _elements(element, "VALUE.ARRAY")
    if len(arrays) > 1:
        raise EmbeddedTextError(f"{member.name} has more than one array")
    return [_scalar(member.base, item.text or "") for item in _elements(arrays[0], "VALUE")] if arrays else None


def parse(text: str, cls: Class) -> dict[str, Value]:
    """The properties of an instance by their names. Raises EmbeddedTextError."""
    if "<!" in text:
        raise EmbeddedTextError("the text has a declaration")
    try:
        root = ET.fromstring(text)
    except ET.ParseError as problem:
        raise EmbeddedTextError(f"the text is not XML: {problem}") from problem
    if root.tag != "INSTANCE" or root.get("CLASSNAME") != cls.name:
        raise EmbeddedTextError(f"the text is not an INSTANCE of {cls.name}")
    found: dict[str, Value] = {}
    for element in _elements(root, "PROPERTY", "PROPERTY.ARRAY"):
        member = cls.property(element.get("NAME", ""))
        if member is None or (element.tag == "PROPERTY.ARRAY") != member.is_array:
            raise EmbeddedTextError(f"{cls.name} has no {element.tag} {element.get('NAME')}")
        if member.name in found:
            raise EmbeddedTextError(f"{member.name} occurs more than once")
        found[member.name] = _value(member, element)
    return found
