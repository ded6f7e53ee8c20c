# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enumerate, Pull and Release: queries with their result in pages."""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import dates, wql
from .fault import Fault, FaultError, protocol_fault
from .soap import WQL, N, W, reference, text
from .soap import envelope as soap_envelope
from .values import Embedded, Style, Value, write_fragment, write_instance

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Iterable

    from ..estate import Host
    from ..windows.classes import Class, Property
    from ..windows.repository import Instance

_EXPIRES = 60.0
_MAX_BATCH = 32_000
_MODES = ("EnumerateObject", "EnumerateObjectAndEPR", "EnumerateEPR")


@dataclass(frozen=True, slots=True)
class EnumerateOptions:
    """The options of an Enumerate."""

    optimize: bool
    max_elements: int
    mode: str
    query: wql.Query | None
    text: str


@dataclass(slots=True)
class Cursor:
    """An open enumeration: the remaining items, and the item that did not fit into the last page."""

    user: str
    remaining: deque[Instance]
    mode: str
    style: Style
    columns: tuple[Property, ...] | None
    references: bool = True
    last_used: float = field(default_factory=time.monotonic)
    postponed: str | None = None

    @property
    def finished(self) -> bool:
        """Whether no items remain."""
        return not self.remaining and self.postponed is None

    def item(self) -> str:
        """The next item as XML."""
        if self.postponed is not None:
            item, self.postponed = self.postponed, None
            return item
        instance = self.remaining.popleft()
        selectors = [(key.name, self._selector(instance.values.get(key.name))) for key in instance.cls.keys]
        epr = reference(self.style.base + instance.cls.name, selectors)
        if self.mode == "EnumerateEPR":
            return epr
        if self.columns is None:
            written = write_instance(
                instance.cls.name, tuple(instance.cls.properties.values()), instance.values, self.style
            )
        else:
            written = write_fragment(self.columns, instance.values, self.style)
        if self.mode == "EnumerateObject":
            return written
        # Without the keys in the columns, WMI returns no path and WinRM no reference.
        has_keys = self.columns is None or (self.references and set(instance.cls.keys) <= set(self.columns))
        return f"<w:Item>{written}{epr if has_keys else ''}</w:Item>"

    def _selector(self, value: Value) -> str:
        if not isinstance(value, Embedded):
            return str(value)
        keys = [(name, str(item)) for name, item in value.members.items()]
        return reference(self.style.base + value.class_name, keys)


def _count(element: ET.Element | None, default: int) -> int:
    value = text(element)
    if element is None:
        return default
    if not value.isdigit() or int(value) == 0:
        raise protocol_fault("w:SchemaValidationError", 2150858817, "MaxElements is not a positive number.")
    return min(int(value), _MAX_BATCH)


def filter_fault(message: str, query: str, namespace: str) -> FaultError:
    """The fault for a query with an error and for one whose class or namespace is missing: only its text differs."""
    return FaultError(
        Fault(
            "n:CannotProcessFilter",
            2150858778,
            message,
            provider=True,
            operation="ExecQuery",
            parameter=query,
            namespace=namespace,
        )
    )


def read_enumerate(body: ET.Element | None, class_name: str, namespace: str) -> EnumerateOptions:
    """Read the body of an Enumerate. Raises FaultError."""
    if body is None or body.tag != f"{{{N}}}Enumerate":
        raise protocol_fault("w:SchemaValidationError", 2150858817, "The body has no n:Enumerate.")
    known = {f"{{{W}}}{name}" for name in ("OptimizeEnumeration", "MaxElements", "EnumerationMode", "Filter")}
    known |= {f"{{{N}}}{name}" for name in ("Expires", "EndTo", "Filter", "MaxElements")}
    for item in body:
        if item.tag not in known and not item.tag.endswith("PolymorphismMode"):
            raise protocol_fault("w:SchemaValidationError", 2150858817, f"The body has the unknown element {item.tag}.")
    mode = text(body.find(f"{{{W}}}EnumerationMode")) or "EnumerateObject"
    if mode not in _MODES:
        raise protocol_fault("w:UnsupportedFeature", 2150858886, f"The enumeration mode {mode} is not supported.")
    filter_element = body.find(f"{{{W}}}Filter")
    query, query_text = None, ""
    if filter_element is not None:
        query_text = (filter_element.text or "").strip()
        if filter_element.get("Dialect") != WQL:
            raise protocol_fault("n:FilterDialectRequestedUnavailable", 2150858777, "The only filter dialect is WQL.")
        if class_name != "*":
            raise protocol_fault(
                "n:CannotProcessFilter", 2150859003, "A WQL query needs a resource URI that ends in *."
            )
        try:
            query = wql.parse(query_text)
        except wql.WqlError as problem:
            raise filter_fault(f"Invalid query: {problem}.", query_text, namespace) from problem
    elif class_name == "*":
        raise protocol_fault("n:CannotProcessFilter", 2150858778, "A resource URI that ends in * needs a filter.")
    count = _count(body.find(f"{{{W}}}MaxElements"), 1)
    return EnumerateOptions(body.find(f"{{{W}}}OptimizeEnumeration") is not None, count, mode, query, query_text)


def _known(cls: Class, path: tuple[str, ...]) -> bool:
    member = cls.property(path[0])
    return member is not None and (len(path) == 1 or member.is_object)


def _columns(cls: Class, options: EnumerateOptions, host: Host) -> tuple[Property, ...] | None:
    if options.query is None or not options.query.columns:
        return None
    names = options.query.columns
    chosen = {name.lower(): cls.property(name) for name in names}
    found = sorted((item for item in chosen.values() if item is not None), key=lambda item: item.name.lower())
    if len(found) < len(chosen):
        raise filter_fault(f"A property of the query is not in {cls.name}.", options.text, cls.namespace)
    if host.projection == "refuse":
        raise filter_fault("This host does not support projections.", options.text, cls.namespace)
    return tuple(found)


def open_cursor(
    instances: Iterable[Instance], cls: Class, options: EnumerateOptions, *, host: Host, user: str, style: Style
) -> Cursor:
    """Open an enumeration of the instances that match the query. Raises FaultError."""
    condition = options.query.condition if options.query else None
    for path in wql.paths(condition):
        if not _known(cls, path):
            raise filter_fault(f"{'.'.join(path)} is not in {cls.name}.", options.text, cls.namespace)
    try:
        condition = dates.parse_dates(condition, cls)
    except wql.WqlError as problem:
        raise filter_fault(f"Invalid query: {problem}.", options.text, cls.namespace) from problem
    columns = _columns(cls, options, host)
    if columns is not None and host.projection == "no_embedded":
        style = Style(style.base, style.precise_arrays, embedded=False)
    found = (item for item in instances if wql.matches(condition, item.values))
    return Cursor(user, deque(found), options.mode, style, columns, references=host.differs.references)


class Cursors:
    """The open enumerations of one host."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: dict[str, Cursor] = {}
        self._lock = threading.RLock()

    def _expire(self) -> None:
        now = time.monotonic()
        for name in [name for name, cursor in self._open.items() if now - cursor.last_used > _EXPIRES]:
            del self._open[name]

    def check_quota(self, user: str) -> None:
        """Raise FaultError if the user has too many open enumerations."""
        with self._lock:
            self._expire()
            if sum(cursor.user == user for cursor in self._open.values()) >= self._limit:
                message = f"This user may have at most {self._limit} concurrent operations."
                raise FaultError(Fault("w:QuotaLimit", 2150859174, message, provider=True, cim_status=27))

    def add(self, cursor: Cursor) -> str:
        """Store an enumeration until it is pulled. Returns its context."""
        with self._lock:
            name = f"uuid:{str(uuid.uuid4()).upper()}"
            self._open[name] = cursor
            return name

    def pop(self, body: ET.Element | None, user: str) -> Cursor:
        """Remove and return the enumeration of a Pull or Release. Each context is valid once."""
        name = "" if body is None else text(body.find(f"{{{N}}}EnumerationContext"))
        with self._lock:
            self._expire()
            cursor = self._open.get(name)
            if cursor is None or cursor.user != user:
                raise protocol_fault("n:InvalidEnumerationContext", 2150858779, "The enumeration context is not valid.")
            return self._open.pop(name)

    def clear(self) -> None:
        """Close all enumerations."""
        with self._lock:
            self._open.clear()


def page(cursor: Cursor, count: int, size_limit: int) -> str:
    """The next items as XML: at most `count`, and at most `size_limit` bytes."""
    items: list[str] = []
    total = 0
    while len(items) < count and not cursor.finished:
        item = cursor.item()
        size = len(item.encode())
        if total + size > size_limit:
            if not items:
                raise protocol_fault("w:EncodingLimit", 2150858824, "An item is larger than MaxEnvelopeSize.")
            cursor.postponed = item
            break
        items.append(item)
        total += size
    cursor.last_used = time.monotonic()
    return "".join(items)


def items_size(max_envelope: int) -> int:
    """The size for items in an envelope of this size, in bytes."""
    frame = soap_envelope(f"{N}/EnumerateResponse", "uuid:" + "0" * 36, "")
    return max_envelope - len(frame) - 400


def pull_count(body: ET.Element | None) -> int:
    """MaxElements of a Pull."""
    if body is None or body.tag != f"{{{N}}}Pull":
        raise protocol_fault("w:SchemaValidationError", 2150858817, "The body has no n:Pull.")
    return _count(body.find(f"{{{N}}}MaxElements"), 1)
