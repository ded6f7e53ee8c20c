# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enumerate, Pull and Release: queries that are answered page by page."""

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
from .values import Style, write_fragment, write_instance

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
    """What an Enumerate asks for."""

    optimize: bool
    max_elements: int
    mode: str
    query: wql.Query | None
    text: str


@dataclass(slots=True)
class Cursor:
    """One open enumeration: the items not yet given out, and the one that the last page had no room for."""

    user: str
    left: deque[Instance]
    mode: str
    style: Style
    columns: tuple[Property, ...] | None
    used: float = field(default_factory=time.monotonic)
    waiting: str | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to give."""
        return not self.left and self.waiting is None

    def item(self) -> str:
        """The next item as XML."""
        if self.waiting is not None:
            item, self.waiting = self.waiting, None
            return item
        instance = self.left.popleft()
        selectors = [(key.name, str(instance.values.get(key.name))) for key in instance.cls.keys]
        epr = reference(self.style.base + instance.cls.name, selectors)
        if self.mode == "EnumerateEPR":
            return epr
        if self.columns is None:
            written = write_instance(
                instance.cls.name, tuple(instance.cls.properties.values()), instance.values, self.style
            )
        else:
            written = write_fragment(self.columns, instance.values, self.style)
        return written if self.mode == "EnumerateObject" else f"<w:Item>{written}{epr}</w:Item>"


def _count(element: ET.Element | None, default: int) -> int:
    said = text(element)
    if element is None:
        return default
    if not said.isdigit() or int(said) == 0:
        raise protocol_fault("w:SchemaValidationError", 2150858817, "MaxElements is no positive number.")
    return min(int(said), _MAX_BATCH)


def _filter_fault(message: str, said: str, namespace: str) -> FaultError:
    return FaultError(
        Fault(
            "n:CannotProcessFilter",
            2150858778,
            message,
            provider=True,
            hresult=0x80041017,
            cim_status=15,
            operation="ExecQuery",
            parameter=said,
            namespace=namespace,
        )
    )


def read_enumerate(body: ET.Element | None, class_name: str, namespace: str) -> EnumerateOptions:
    """Understand the body of an Enumerate."""
    if body is None or body.tag != f"{{{N}}}Enumerate":
        raise protocol_fault("w:SchemaValidationError", 2150858817, "The body holds no n:Enumerate.")
    known = {f"{{{W}}}{name}" for name in ("OptimizeEnumeration", "MaxElements", "EnumerationMode", "Filter")}
    known |= {f"{{{N}}}{name}" for name in ("Expires", "EndTo", "Filter", "MaxElements")}
    for item in body:
        if item.tag not in known and not item.tag.endswith("PolymorphismMode"):
            raise protocol_fault(
                "w:SchemaValidationError", 2150858817, f"The body holds the unknown element {item.tag}."
            )
    mode = text(body.find(f"{{{W}}}EnumerationMode")) or "EnumerateObject"
    if mode not in _MODES:
        raise protocol_fault("w:UnsupportedFeature", 2150858886, f"The enumeration mode {mode} is not supported.")
    chosen = body.find(f"{{{W}}}Filter")
    query, said = None, ""
    if chosen is not None:
        said = (chosen.text or "").strip()
        if chosen.get("Dialect") != WQL:
            raise protocol_fault(
                "n:FilterDialectRequestedUnavailable", 2150858777, "Only WQL is a filter dialect here."
            )
        if class_name != "*":
            raise protocol_fault(
                "n:CannotProcessFilter", 2150859003, "A WQL query needs a resource URI that ends in *."
            )
        try:
            query = wql.parse(said)
        except wql.WqlError as problem:
            raise _filter_fault(f"Invalid query: {problem}.", said, namespace) from problem
    elif class_name == "*":
        raise protocol_fault("n:CannotProcessFilter", 2150858778, "A resource URI that ends in * needs a filter.")
    count = _count(body.find(f"{{{W}}}MaxElements"), 1)
    return EnumerateOptions(body.find(f"{{{W}}}OptimizeEnumeration") is not None, count, mode, query, said)


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
        raise _filter_fault(f"A property of the query is not in {cls.name}.", options.text, cls.namespace)
    if host.projection == "refuse":
        raise _filter_fault("This host does not answer projections.", options.text, cls.namespace)
    return tuple(found)


def open_cursor(
    instances: Iterable[Instance], cls: Class, options: EnumerateOptions, *, host: Host, user: str, style: Style
) -> Cursor:
    """Choose what a query asks for."""
    condition = options.query.condition if options.query else None
    for path in wql.paths(condition):
        if not _known(cls, path):
            raise _filter_fault(f"{'.'.join(path)} is not in {cls.name}.", options.text, cls.namespace)
    try:
        condition = dates.parse_dates(condition, cls)
    except wql.WqlError as problem:
        raise _filter_fault(f"Invalid query: {problem}.", options.text, cls.namespace) from problem
    columns = _columns(cls, options, host)
    if columns is not None and host.projection == "no_embedded":
        style = Style(style.base, style.precise_arrays, embedded=False)
    found = (item for item in instances if wql.matches(condition, item.values))
    return Cursor(user, deque(found), options.mode, style, columns)


class Cursors:
    """The open enumerations of one host."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: dict[str, Cursor] = {}
        self._lock = threading.RLock()

    def _expire(self) -> None:
        now = time.monotonic()
        for name in [name for name, cursor in self._open.items() if now - cursor.used > _EXPIRES]:
            del self._open[name]

    def check_quota(self, user: str) -> None:
        """Refuse another enumeration of a user who has too many open."""
        with self._lock:
            self._expire()
            if sum(cursor.user == user for cursor in self._open.values()) >= self._limit:
                said = f"This user may have {self._limit} operations at a time, not more."
                raise FaultError(Fault("w:QuotaLimit", 2150859174, said, provider=True, cim_status=27))

    def add(self, cursor: Cursor) -> str:
        """Hold an enumeration until it is pulled; its context comes back."""
        with self._lock:
            name = f"uuid:{str(uuid.uuid4()).upper()}"
            self._open[name] = cursor
            return name

    def pop(self, body: ET.Element | None, user: str) -> Cursor:
        """Take out the enumeration that a Pull or Release names: each context serves once."""
        name = "" if body is None else text(body.find(f"{{{N}}}EnumerationContext"))
        with self._lock:
            self._expire()
            cursor = self._open.get(name)
            if cursor is None or cursor.user != user:
                raise protocol_fault("n:InvalidEnumerationContext", 2150858779, "The enumeration context is not valid.")
            return self._open.pop(name)

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._open.clear()


def page(cursor: Cursor, count: int, room: int) -> str:
    """As many items as were options for and fit."""
    items: list[str] = []
    used = 0
    while len(items) < count and not cursor.finished:
        item = cursor.item()
        size = len(item.encode())
        if used + size > room:
            if not items:
                raise protocol_fault("w:EncodingLimit", 2150858824, "An item is larger than MaxEnvelopeSize.")
            cursor.waiting = item
            break
        items.append(item)
        used += size
    cursor.used = time.monotonic()
    return "".join(items)


def items_size(max_envelope: int) -> int:
    """What is left for items of an envelope of that size."""
    frame = soap_envelope(f"{N}/EnumerateResponse", "uuid:" + "0" * 36, "")
    return max_envelope - len(frame) - 400


def pull_count(body: ET.Element | None) -> int:
    """MaxElements of a Pull."""
    if body is None or body.tag != f"{{{N}}}Pull":
        raise protocol_fault("w:SchemaValidationError", 2150858817, "The body holds no n:Pull.")
    return _count(body.find(f"{{{N}}}MaxElements"), 1)
