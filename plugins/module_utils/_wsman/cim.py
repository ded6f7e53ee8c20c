# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM objects in WS-Management: read, edit and write values. Private to this collection.

Sources: MS-WSMV 3.1.4.1, DSP0227, and responses of Windows Server 2008 R2 to 2012 and of OMI. A property can be
B(absent), B(null) (C(None)) or B(empty) (C("")); these are three different cases.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import enum
import typing as t
from xml.etree.ElementTree import Element, QName, SubElement

from ..errors import shorten
from .document import ADDRESSING, CIM_COMMON, WSMAN, XSI_NIL, XSI_TYPE, folded_name, local_name, namespace_of, text_of
from .errors import ResponseLost
from .scalar import read_boolean, read_date_time, read_integer

_T = t.TypeVar("_T")
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"

Value: t.TypeAlias = "str | int | bool | bytes | datetime.datetime | Reference | Instance | t.Sequence[Value] | None"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CimClass:
    """A class in its namespace, e.g. C(root/mscluster) and C(MSCluster_Resource)."""

    namespace: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An endpoint reference: a resource URI and its selectors, as received.

    The value of a selector is text, or a reference if the key of an association is a reference.
    """

    resource_uri: str
    selectors: tuple[tuple[str, str | Reference], ...] = ()

    def selector(self, name: str) -> str | Reference | None:
        """The value of a selector; names are compared without case, as on the server."""
        return next((value for key, value in self.selectors if key.casefold() == name.casefold()), None)


class UriStyle(enum.Enum):
    """The style of a resource URI.

    C(WINDOWS) works for any WMI class on every Windows version. C(DMTF) is used by Microsoft's MI client and OMI;
    Windows Server 2008 R2 rejects it for most classes (MS-WSMV 3.1.4.1.1).
    """

    WINDOWS = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
    DMTF = "http://schemas.dmtf.org/wbem/wscim/1/"

    def class_reference(self, cim_class: CimClass) -> Reference:
        """The reference of a class."""
        if self is UriStyle.WINDOWS:
            return Reference(resource_uri=f"{self.value}{cim_class.namespace}/{cim_class.name}")
        return self.with_namespace(
            Reference(resource_uri=f"{self.value}cim-schema/2/{cim_class.name}"), cim_class.namespace
        )

    def query_reference(self, namespace: str) -> Reference:
        """The reference of a namespace, for WQL."""
        if self is UriStyle.WINDOWS:
            return Reference(resource_uri=f"{self.value}{namespace}/*")
        return self.with_namespace(Reference(resource_uri=f"{self.value}*"), namespace)

    def with_namespace(self, reference: Reference, namespace: str) -> Reference:
        """Add the namespace selector that the DMTF style needs; references from OMI do not contain it."""
        if self is UriStyle.WINDOWS or reference.selector("__cimnamespace") is not None:
            return reference
        return dataclasses.replace(reference, selectors=(("__cimnamespace", namespace), *reference.selectors))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A CIM object, a part of one, or a method's output: the received element and its reference.

    The element is kept unchanged, so that a Put sends the received element with only the edited properties changed.
    """

    element: Element
    reference: Reference | None = None
    _by_name: dict[str, list[Element]] = dataclasses.field(init=False, repr=False, default_factory=dict)

    @property
    def class_name(self) -> str:
        return local_name(self.element.tag)

    def _elements(self, name: str) -> list[Element]:
        if not self._by_name:
            found: dict[str, list[Element]] = {}
            for child in self.element:
                found.setdefault(folded_name(child.tag), []).append(child)
            self._by_name.update(found)  # at once, because a session can give an object to several threads
        return self._by_name.get(name.casefold(), [])

    def has(self, name: str) -> bool:
        """Whether the property is present, even if it is null."""
        return bool(self._elements(name))

    def text(self, name: str) -> str | None:
        """The property as text; C(None) if null or absent. White space is kept."""
        found = self._elements(name)
        return None if not found or _is_null(found[0]) else (found[0].text or "")

    def integer(self, name: str) -> int | None:
        """The property as a number; C(None) if null or absent. Raises C(ResponseLost) if it is not a number."""
        text = self.text(name)
        if text is None:
            return None
        return self._checked(name, "a number", text, read_integer(text))

    def integers(self, name: str) -> tuple[int, ...] | None:
        """The property as an array of numbers; C(None) if null or absent. Raises C(ResponseLost) like C(integer)."""
        texts = self.array(name)
        if texts is None:
            return None
        return tuple(self._checked(name, "a number", text, read_integer(text)) for text in texts)

    def boolean(self, name: str) -> bool | None:
        """The property as a boolean; Windows returns C(true), OMI C(TRUE). Raises C(ResponseLost) for other text."""
        text = self.text(name)
        return None if text is None else self._checked(name, "true or false", text, read_boolean(text))

    def _checked(self, name: str, kind: str, text: str, value: _T | None) -> _T:
        if value is None:
            raise ResponseLost(
                f"{self.class_name}.{name} should be {kind} and is {shorten(text)!r}",
                advice="run this task again; if the value is the same, report it with this message",
            )
        return value

    def array(self, name: str) -> tuple[str, ...] | None:
        """The property as an array; C(None) if null or absent, which often look the same in XML.

        An array of one item looks like a scalar in XML, so the caller must know that it is an array.
        """
        found = self._elements(name)
        if not found or (len(found) == 1 and _is_null(found[0])):
            return None
        return tuple(item.text or "" for item in found)

    def datetime(self, name: str) -> datetime.datetime | None:
        """The property as a date and time: in C(cim:Datetime) from Windows, as plain text from OMI."""
        found = self._elements(name)
        if not found or _is_null(found[0]):
            return None
        text = text_of(found[0][0] if len(found[0]) else found[0])
        return self._checked(name, "a date and time", text, read_date_time(text))

    def embedded(self, name: str) -> Instance | None:
        """The embedded object of a property; C(None) if null or absent."""
        found = self._elements(name)
        return None if not found or _is_null(found[0]) else Instance(found[0])

    def reference_in(self, name: str) -> Reference | None:
        """The reference in a property; C(None) if null or absent."""
        found = self._elements(name)
        return None if not found or _is_null(found[0]) else read_reference(found[0])

    def names(self) -> tuple[str, ...]:
        """The names of all properties in the order received, each once."""
        return tuple(dict.fromkeys(local_name(child.tag) for child in self.element))

    def with_property(self, path: str, value: Value) -> Instance:
        """A copy with one property changed. A dot selects an embedded object: C(PrivateProperties.OfflineAction).

        An absent property is added at the end, in the namespace of the other properties.
        """
        element = copy.deepcopy(self.element)
        parent = element
        *outer, name = path.split(".")
        for step in outer:
            inner = Instance(parent).embedded(step)
            if inner is None:
                raise ResponseLost(f"{self.class_name} has no property {step} that contains {name}")
            parent = inner.element
        old = Instance(parent)._elements(name)
        tag = old[0].tag if old else _qualified(_members_namespace(parent), name)
        position = list(parent).index(old[0]) if old else len(parent)
        if old and isinstance(value, datetime.datetime) and not _is_null(old[0]) and not len(old[0]):
            value = value.isoformat()  # OMI sends dates as plain text and rejects cim:Datetime
        new_elements = encode(tag, value)
        for new in new_elements:
            # Newer Windows versions send the type (xsi:type="cim:cimString"), so the Put sends it back.
            if old and XSI_TYPE in old[0].attrib and not {XSI_TYPE, XSI_NIL} & new.attrib.keys():
                new.set(XSI_TYPE, old[0].attrib[XSI_TYPE])
        for replaced in old:
            parent.remove(replaced)
        parent[position:position] = new_elements
        return Instance(element, self.reference)


def encode(tag: str, value: Value) -> list[Element]:
    """Encode one property or parameter as elements: one for each array item, none for an empty array.

    Bytes are sent as one decimal number each, not as base64 (MS-WSMV 3.1.4.1.26, Windows captures).
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
        # The element of an embedded object has the name of its property; its class is in xsi:type.
        own = QName(namespace_of(value.element.tag), f"{value.class_name}_Type")
        element.set(XSI_TYPE, value.element.get(XSI_TYPE) or t.cast("str", own))
        element.extend(copy.deepcopy(list(value.element)))
    else:
        element.text = str(value)
    return [element]


def new_instance(resource_uri: str, properties: t.Mapping[str, Value]) -> Instance:
    """Build a new object for a method parameter."""
    element = Element(f"{{{resource_uri}}}{resource_uri.rpartition('/')[2]}")
    for name, value in properties.items():
        element.extend(encode(f"{{{resource_uri}}}{name}", value))
    return Instance(element)


def read_reference(element: Element) -> Reference | None:
    """Parse the reference in an element (C(a:EndpointReference) or a property with the same content)."""
    parameters = element.find(f"{{{ADDRESSING}}}ReferenceParameters")
    if parameters is None:
        return None
    selectors: list[tuple[str, str | Reference]] = []
    for selector in parameters.iterfind(f"{{{WSMAN}}}SelectorSet/{{{WSMAN}}}Selector"):
        # OMI puts a reference directly into the selector; the specification requires an EndpointReference around it.
        nested = selector.find(f"{{{ADDRESSING}}}EndpointReference")
        inner = read_reference(selector if nested is None else nested)
        selectors.append((selector.get("Name", ""), inner or selector.text or ""))
    uri = text_of(parameters.find(f"{{{WSMAN}}}ResourceURI"))
    return Reference(resource_uri=uri, selectors=tuple(selectors))


def read_item(element: Element, namespace: str, uri_style: UriStyle) -> Instance:
    """Read an item: with EnumerateObjectAndEPR it contains the object and its reference, else it is the object."""
    if element.tag != f"{{{WSMAN}}}Item":
        return Instance(element)
    endpoint = element.find(f"{{{ADDRESSING}}}EndpointReference")
    reference = read_reference(endpoint) if endpoint is not None else None
    objects = [child for child in element if local_name(child.tag) != "EndpointReference"]
    if not objects:
        raise ResponseLost("an item of the enumeration contains no object")
    return Instance(objects[0], uri_style.with_namespace(reference, namespace) if reference else None)


def write_reference(reference: Reference) -> list[Element]:
    """Build the child elements of an endpoint reference."""
    address = Element(f"{{{ADDRESSING}}}Address")
    address.text = ANONYMOUS
    parameters = Element(f"{{{ADDRESSING}}}ReferenceParameters")
    SubElement(parameters, f"{{{WSMAN}}}ResourceURI").text = reference.resource_uri
    if not reference.selectors:
        return [address, parameters]  # a SelectorSet must not be empty
    selector_set = SubElement(parameters, f"{{{WSMAN}}}SelectorSet")
    for name, value in reference.selectors:
        selector = SubElement(selector_set, f"{{{WSMAN}}}Selector", {"Name": name})
        if isinstance(value, Reference):
            SubElement(selector, f"{{{ADDRESSING}}}EndpointReference").extend(write_reference(value))
        else:
            selector.text = value
    return [address, parameters]


def _members_namespace(element: Element) -> str:
    """The namespace of an object's properties; the element of an embedded object has the outer namespace."""
    if len(element):
        return namespace_of(element[0].tag)
    declared = t.cast("str | QName", element.get(XSI_TYPE))
    return namespace_of(declared.text if isinstance(declared, QName) else element.tag)


def _qualified(namespace: str, name: str) -> str:
    return f"{{{namespace}}}{name}" if namespace else name


def _is_null(element: Element) -> bool:
    return element.get(XSI_NIL, "").strip() in ("true", "1")
