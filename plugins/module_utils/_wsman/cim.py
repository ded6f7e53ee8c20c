# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM objects as WS-Management carries them: reading, editing, and writing values. Private to this collection.

Sources: MS-WSMV 3.1.4.1, DSP0227, and answers of Windows Server 2008 R2 to 2012 and of OMI. Three things are kept
apart everywhere: a property that is B(absent), one that is B(null) (C(None)) and one that is B(empty) (C("")).
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import enum
import typing as t
from xml.etree.ElementTree import Element, QName, SubElement

from .document import ADDRESSING, CIM_COMMON, WSMAN, XSI_NIL, XSI_TYPE, local_name, namespace_of, text_of
from .errors import ResponseLost

ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"

Value: t.TypeAlias = "str | int | bool | bytes | datetime.datetime | Reference | Instance | t.Sequence[Value] | None"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CimClass:
    """A class in its namespace, e.g. C(root/mscluster) and C(MSCluster_Resource)."""

    namespace: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An endpoint reference: a resource URI and its selectors, as the server gave them.

    A selector's value is text, or another reference where the key of an association is one.
    """

    resource_uri: str
    selectors: tuple[tuple[str, str | Reference], ...] = ()

    def selector(self, name: str) -> str | Reference | None:
        """The value of a selector; names are compared without case, as the server does."""
        return next((value for key, value in self.selectors if key.casefold() == name.casefold()), None)


class Naming(enum.Enum):
    """How a class is named on the wire.

    C(WINDOWS) is good for any WMI class on every Windows version; C(DMTF) is what Microsoft's MI client and OMI use,
    and Windows Server 2008 R2 refuses it for most classes (MS-WSMV 3.1.4.1.1).
    """

    WINDOWS = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
    DMTF = "http://schemas.dmtf.org/wbem/wscim/1/"

    def of_class(self, cim_class: CimClass) -> Reference:
        """How to address the class itself."""
        if self is Naming.WINDOWS:
            return Reference(resource_uri=f"{self.value}{cim_class.namespace}/{cim_class.name}")
        return self.with_namespace(
            Reference(resource_uri=f"{self.value}cim-schema/2/{cim_class.name}"), cim_class.namespace
        )

    def of_query(self, namespace: str) -> Reference:
        """How to address a whole namespace, for WQL."""
        if self is Naming.WINDOWS:
            return Reference(resource_uri=f"{self.value}{namespace}/*")
        return self.with_namespace(Reference(resource_uri=f"{self.value}*"), namespace)

    def with_namespace(self, reference: Reference, namespace: str) -> Reference:
        """The reference, completed with the selector that the DMTF form needs; OMI's own references come without it."""
        if self is Naming.WINDOWS or reference.selector("__cimnamespace") is not None:
            return reference
        return dataclasses.replace(reference, selectors=(("__cimnamespace", namespace), *reference.selectors))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A CIM object, a fragment of one, or a method's output: the element that was received and where it lives.

    The element stays whole, so that what is sent back is what was received but for the edit.
    """

    element: Element
    reference: Reference | None = None

    @property
    def class_name(self) -> str:
        return local_name(self.element.tag)

    def _named(self, name: str) -> list[Element]:
        wanted = name.casefold()
        return [child for child in self.element if local_name(child.tag).casefold() == wanted]

    def has(self, name: str) -> bool:
        """Whether the property is there at all, be it null."""
        return bool(self._named(name))

    def text(self, name: str) -> str | None:
        """The property as text; C(None) when null or absent. White space is part of a text."""
        found = self._named(name)
        return None if not found or _is_null(found[0]) else (found[0].text or "")

    def integer(self, name: str) -> int | None:
        """The property as a number; C(None) when null or absent. Raises C(ResponseLost) when it is none."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return int(text.strip())
        except ValueError as exc:
            raise ResponseLost(f"{self.class_name}.{name} should be a number and is {text!r}") from exc

    def boolean(self, name: str) -> bool | None:
        """The property as a truth value: Windows writes C(true), OMI C(TRUE)."""
        text = self.text(name)
        return None if text is None else text.strip().casefold() == "true"

    def array(self, name: str) -> tuple[str, ...] | None:
        """The property as an array; C(None) when null or absent, which on the wire are often the same.

        An array of one item looks like a scalar, so only the reader knows that it is one.
        """
        found = self._named(name)
        if not found or (len(found) == 1 and _is_null(found[0])):
            return None
        return tuple(item.text or "" for item in found)

    def datetime(self, name: str) -> datetime.datetime | None:
        """The property as a point in time: wrapped in C(cim:Datetime) by Windows, plain from OMI."""
        found = self._named(name)
        if not found or _is_null(found[0]):
            return None
        text = text_of(found[0][0] if len(found[0]) else found[0])
        try:
            return datetime.datetime.fromisoformat(text)
        except ValueError as exc:
            raise ResponseLost(f"{self.class_name}.{name} should be a date and time and is {text!r}") from exc

    def embedded(self, name: str) -> Instance | None:
        """The object within a property; C(None) when null or absent."""
        found = self._named(name)
        return None if not found or _is_null(found[0]) else Instance(found[0])

    def referred(self, name: str) -> Reference | None:
        """The reference within a property; C(None) when null or absent."""
        found = self._named(name)
        return None if not found or _is_null(found[0]) else read_reference(found[0])

    def names(self) -> tuple[str, ...]:
        """The names of the properties that are there, each once, as received."""
        return tuple(dict.fromkeys(local_name(child.tag) for child in self.element))

    def replaced(self, path: str, value: Value) -> Instance:
        """A copy with one property changed; C(PrivateProperties.OfflineAction) reaches into an embedded object.

        A member that is absent is added at the end, in the namespace of its neighbours.
        """
        element = copy.deepcopy(self.element)
        parent = element
        *outer, name = path.split(".")
        for step in outer:
            inner = Instance(parent).embedded(step)
            if inner is None:
                raise ResponseLost(f"{self.class_name} has no {step} to change {name} in")
            parent = inner.element
        old = Instance(parent)._named(name)
        tag = old[0].tag if old else _qualified(_members_namespace(parent), name)
        at = list(parent).index(old[0]) if old else len(parent)
        if old and isinstance(value, datetime.datetime) and not _is_null(old[0]) and not len(old[0]):
            value = value.isoformat()  # a server that sends plain points in time (OMI) refuses wrapped ones
        new = encode(tag, value)
        for fresh in new:
            # Newer Windows says what a value is (xsi:type="cim:cimString"), and hears it back.
            if old and XSI_TYPE in old[0].attrib and not {XSI_TYPE, XSI_NIL} & fresh.attrib.keys():
                fresh.set(XSI_TYPE, old[0].attrib[XSI_TYPE])
        for stale in old:
            parent.remove(stale)
        parent[at:at] = new
        return Instance(element, self.reference)


def encode(tag: str, value: Value) -> list[Element]:
    """The elements of one property or parameter: none for an empty array, one an item for the others.

    Octets travel as one decimal number each, never as base64 (MS-WSMV 3.1.4.1.26, Windows captures).
    """
    if isinstance(value, (list, tuple, bytes)):
        return [element for item in value for element in encode(tag, item)]
    element = Element(tag)
    if value is None:
        element.set(XSI_NIL, "true")
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif isinstance(value, datetime.datetime):
        SubElement(element, f"{{{CIM_COMMON}}}Datetime").text = value.isoformat().replace("+00:00", "Z")
    elif isinstance(value, Reference):
        element.extend(write_reference(value))
    elif isinstance(value, Instance):
        # What was received within another object is named after its property, and only its xsi:type tells its class.
        own = QName(namespace_of(value.element.tag), f"{value.class_name}_Type")
        element.set(XSI_TYPE, value.element.get(XSI_TYPE) or t.cast("str", own))
        element.extend(copy.deepcopy(list(value.element)))
    else:
        element.text = str(value)
    return [element]


def new_instance(resource_uri: str, properties: t.Mapping[str, Value]) -> Instance:
    """An object that the server has not seen yet, for a parameter that takes one."""
    element = Element(f"{{{resource_uri}}}{resource_uri.rpartition('/')[2]}")
    for name, value in properties.items():
        element.extend(encode(f"{{{resource_uri}}}{name}", value))
    return Instance(element)


def read_reference(element: Element) -> Reference | None:
    """The reference that an element holds (an C(a:EndpointReference), or a property whose content is one)."""
    parameters = element.find(f"{{{ADDRESSING}}}ReferenceParameters")
    if parameters is None:
        return None
    selectors: list[tuple[str, str | Reference]] = []
    for selector in parameters.iterfind(f"{{{WSMAN}}}SelectorSet/{{{WSMAN}}}Selector"):
        # OMI puts the reference right into the selector, the specification into an EndpointReference in it.
        nested = selector.find(f"{{{ADDRESSING}}}EndpointReference")
        inner = read_reference(selector if nested is None else nested)
        selectors.append((selector.get("Name", ""), inner or selector.text or ""))
    uri = text_of(parameters.find(f"{{{WSMAN}}}ResourceURI"))
    return Reference(resource_uri=uri, selectors=tuple(selectors))


def write_reference(reference: Reference) -> list[Element]:
    """What an element must contain to be this reference."""
    address = Element(f"{{{ADDRESSING}}}Address")
    address.text = ANONYMOUS
    parameters = Element(f"{{{ADDRESSING}}}ReferenceParameters")
    SubElement(parameters, f"{{{WSMAN}}}ResourceURI").text = reference.resource_uri
    if not reference.selectors:
        return [address, parameters]  # a set must not be empty
    selector_set = SubElement(parameters, f"{{{WSMAN}}}SelectorSet")
    for name, value in reference.selectors:
        selector = SubElement(selector_set, f"{{{WSMAN}}}Selector", {"Name": name})
        if isinstance(value, Reference):
            SubElement(selector, f"{{{ADDRESSING}}}EndpointReference").extend(write_reference(value))
        else:
            selector.text = value
    return [address, parameters]


def _members_namespace(element: Element) -> str:
    """The namespace of an object's members: an embedded one's element is in that of the object around it."""
    if len(element):
        return namespace_of(element[0].tag)
    declared = t.cast("str | QName", element.get(XSI_TYPE))
    return namespace_of(declared.text if isinstance(declared, QName) else element.tag)


def _qualified(namespace: str, name: str) -> str:
    return f"{{{namespace}}}{name}" if namespace else name


def _is_null(element: Element) -> bool:
    return element.get(XSI_NIL, "").strip() in ("true", "1")
