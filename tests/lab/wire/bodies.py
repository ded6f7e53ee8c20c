# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bodies of Put and Invoke: each XML element is checked against the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fault import Fault, FaultError, invalid_parameter, schema_error
from .soap import CIM, XSI_TYPE, local, namespace
from .values import Embedded, Value, is_nil, read_scalar

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Mapping

    from ..windows.classes import Class, Property


def _wrong_namespace(name: str) -> FaultError:
    return FaultError(
        Fault(
            "x:InvalidRepresentation",
            2150858840,
            f"The XML namespace of {name} is not the one of the resource.",
            provider=True,
            cim_status=4,
        )
    )


def _unrecognized(name: str) -> FaultError:
    return schema_error(
        f'The input XML contains an unrecognized XML element: "{name}". Check the spelling of the name.'
    )


def _elements_by_property(
    parent: ET.Element, space: str, known: Mapping[str, Property]
) -> dict[str, tuple[Property, list[ET.Element]]]:
    if (parent.text or "").strip():
        raise schema_error(f"{local(parent.tag)} contains text instead of elements.")
    found: dict[str, tuple[Property, list[ET.Element]]] = {}
    last = ""
    for item in parent:
        name = local(item.tag)
        if namespace(item.tag) == CIM and name == "Location":
            continue
        if namespace(item.tag).lower() != space.lower():
            raise _wrong_namespace(name)
        member = known.get(name.lower())
        if member is None:
            raise _unrecognized(name)
        if (item.tail or "").strip():
            raise schema_error(f"There is text after the element {name}.")
        if name.lower() in found:
            if not member.is_array or last != name.lower():
                raise schema_error(f"{name} occurs more than once, and not as one array.")
            found[name.lower()][1].append(item)
        else:
            found[name.lower()] = (member, [item])
        last = name.lower()
    return found


def _embedded(item: ET.Element, base: str, cls: Class | None) -> Embedded:
    xsi_type = item.get(XSI_TYPE, "")
    space, name = namespace(xsi_type), local(xsi_type)
    if not name.endswith("_Type") or not space.lower().endswith("/" + name.removesuffix("_Type").lower()):
        raise schema_error("An embedded object needs an xsi:type that ends in _Type, in the namespace of its class.")
    if (
        cls is None
        or name.removesuffix("_Type").lower() != cls.name.lower()
        or space.lower() != (base + cls.name).lower()
    ):
        raise schema_error(f"The embedded object is of the class {name}, which is not the class of the property.")
    return Embedded(cls.name, values(item, space, base, cls.properties, None))


def values(
    parent: ET.Element, space: str, base: str, known: Mapping[str, Property], inner: Class | None
) -> dict[str, Value]:
    """The values of the child elements. None is xsi:nil."""
    found: dict[str, Value] = {}
    for member, items in _elements_by_property(parent, space, known).values():
        if is_nil(items[0]):
            if len(items) > 1:
                raise schema_error(f"{member.name} has null and other values.")
            found[member.name] = None
            continue
        try:
            read = [
                _embedded(item, base, inner) if member.is_object else read_scalar(member.base, item) for item in items
            ]
        except ValueError as problem:
            raise invalid_parameter(f"{member.name}: {problem}.", "", member.name) from problem
        found[member.name] = read if member.is_array else read[0]
    return found


def put_values(root: ET.Element | None, uri: str, base: str, cls: Class, inner: Class | None) -> dict[str, Value]:
    """The body of a Put: an instance of the class with every property that is not an array."""
    if root is None:
        raise schema_error("The body of the request has no instance.")
    if namespace(root.tag).lower() != uri.lower():
        raise _wrong_namespace(local(root.tag))
    if local(root.tag).lower() != cls.name.lower():
        raise _unrecognized(local(root.tag))
    found = values(root, uri, base, cls.properties, inner)
    missing = [item.name for item in cls.properties.values() if not item.is_array and item.name not in found]
    if missing:
        raise schema_error(f"The instance has no {missing[0]}: it must have all properties that are not arrays.")
    return found


def input_values(
    root: ET.Element | None, uri: str, base: str, method: str, known: Mapping[str, Property]
) -> dict[str, Value]:
    """The body of an Invoke: the element <Method_INPUT> in the namespace of the class."""
    if root is None:
        raise schema_error(f"The request has no {method}_INPUT.")
    if local(root.tag) != f"{method}_INPUT" or namespace(root.tag).lower() != uri.lower():
        raise _unrecognized(local(root.tag))
    return values(root, uri, base, known, None)
