# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CIM values in Python and in XML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Union
from xml.sax.saxutils import escape

from .soap import CIM, XSI, XSI_NIL, P, address, local, namespace

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

    from ..windows.classes import Property


@dataclass(frozen=True, slots=True)
class Embedded:
    """An embedded object, or a reference to an instance: its class, and the members or keys that it has."""

    class_name: str
    members: Mapping[str, Value]


Value = Union[None, bool, int, float, str, Embedded, Sequence["Value"]]  # noqa: UP007 - it refers to itself

_BITS = {f"{sign}int{bits}": (sign, bits) for sign in "us" for bits in (8, 16, 32, 64)}
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


@cache
def bounds(kind: str) -> tuple[int, int]:
    """The lowest and highest value of an integer type."""
    sign, bits = _BITS[kind]
    return (0, 2**bits - 1) if sign == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def is_integer(kind: str) -> bool:
    """Whether a CIM type is an integer type."""
    return kind in _BITS


def check_value(kind: str, value: Value) -> Value:
    """Return a value. Raises ValueError unless it is of the CIM type."""
    if value is None:
        return None
    if kind.endswith("[]"):
        if not isinstance(value, list | tuple):
            raise ValueError(f"{value!r} is not an array")
        return [check_value(kind[:-2], item) for item in value]
    if is_integer(kind):
        low, high = bounds(kind)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{value!r} is not of the type {kind}")
    elif kind == "boolean":
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is not a boolean")
    elif kind.startswith("real"):
        if not isinstance(value, int | float):
            raise ValueError(f"{value!r} is not of the type {kind}")
    elif not kind.startswith("object:") and not isinstance(value, str):
        raise ValueError(f"{value!r} is not of the type {kind}")
    return value


def read_scalar(kind: str, element: ET.Element) -> Value:
    """The value of an element. Raises ValueError if its text is not of the type."""
    if kind == "datetime":
        inner = next((item for item in element if namespace(item.tag) == CIM), None)
        if inner is None or local(inner.tag) not in {"Datetime", "Interval", "Date", "Time"}:
            raise ValueError("a date needs cim:Datetime or cim:Interval")
        text = inner.text or ""
        if local(inner.tag) == "Datetime" and not _DATETIME.fullmatch(text):
            raise ValueError(f"{text!r} is not a date")
        return text
    if len(element):
        raise ValueError("the element contains elements instead of text")
    text = element.text or ""
    if is_integer(kind):
        low, high = bounds(kind)
        if not re.fullmatch(r"[+-]?\d+", text) or not low <= int(text) <= high:
            raise ValueError(f"{text!r} is not of the type {kind}")
        return int(text)
    if kind == "boolean":
        if text.lower() not in {"true", "false"}:
            raise ValueError(f"{text!r} is not a boolean")
        return text.lower() == "true"
    if kind.startswith("real"):
        return float(text)
    return text


def is_nil(element: ET.Element) -> bool:
    """Whether the value of an element is null."""
    return element.get(XSI_NIL, "").lower() in {"true", "1"}


@dataclass(frozen=True, slots=True)
class Style:
    """The format of the values in a response."""

    base: str
    precise_arrays: bool = False
    embedded: bool = True


def _scalar(kind: str, value: Value, prefix: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind == "datetime":
        name = "Interval" if isinstance(value, str) and value.startswith("P") else "Datetime"
        return f"<{prefix}{name}>{escape(str(value))}</{prefix}{name}>"
    return escape(str(value))


def _embedded(tag: str, value: Embedded, base: str) -> str:
    members = "".join(
        write(f"p1:{member}", "string[]" if isinstance(item, list | tuple) else "string", item, Style(base))
        for member, item in sorted(value.members.items(), key=lambda pair: pair[0].lower())
    )
    return f'<{tag} xmlns:p1="{base}{value.class_name}" xsi:type="p1:{value.class_name}_Type">{members}</{tag}>'


def write(tag: str, kind: str, value: Value, style: Style, cim: str = "cim:") -> str:
    """A property as XML. `tag` includes the prefix, except in a fragment."""
    if kind.endswith("[]"):
        if value is None:
            nil = f'<{tag} xmlns:m="{P}" xsi:nil="true" m:IsNullArray="true"/>'
            return nil if style.precise_arrays else ""
        items = value if isinstance(value, list | tuple) else [value]
        return "".join(write(tag, kind[:-2], item, style, cim) for item in items)
    if value is None:
        return f'<{tag} xsi:nil="true"/>'
    if isinstance(value, Embedded) and kind == "reference":
        selectors = [(name, str(item)) for name, item in value.members.items()]
        return f"<{tag}>{address(style.base + value.class_name, selectors)}</{tag}>"
    if isinstance(value, Embedded):
        return _embedded(tag, value, style.base) if style.embedded else ""
    return f"<{tag}>{_scalar(kind, value, cim)}</{tag}>"


def write_instance(name: str, properties: Sequence[Property], values: Mapping[str, Value], style: Style) -> str:
    """An instance as XML, for Get, Put and Enumerate."""
    inner = "".join(write(f"p:{item.name}", item.type, values.get(item.name), style) for item in properties)
    return (
        f'<p:{name} xmlns:xsi="{XSI}" xmlns:p="{style.base}{name}" xmlns:cim="{CIM}" xsi:type="p:{name}_Type">'
        f"{inner}</p:{name}>"
    )


def write_fragment(properties: Sequence[Property], values: Mapping[str, Value], style: Style) -> str:
    """The properties of a projection as XML. Their names and Datetime have no namespace."""
    inner = "".join(write(item.name, item.type, values.get(item.name), style, "") for item in properties)
    return (
        f'<w:XmlFragment xmlns:xsi="{XSI}" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">'
        f"{inner}</w:XmlFragment>"
    )
