# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PROPERTY_LIST of the control codes of the cluster (MS-CMRP 2.2.3.10). The parser is strict."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..wire.values import Value

_NAME = 0x00040003
_BINARY, _DWORD, _SZ, _MULTI_SZ, _ULARGE, _LONG = (0x00010000 | kind for kind in (1, 2, 3, 5, 6, 7))
_SYNTAX = {
    "uint8[]": _BINARY,
    "uint32": _DWORD,
    "uint16": _DWORD,
    "boolean": _DWORD,
    "string": _SZ,
    "string[]": _MULTI_SZ,
    "uint64": _ULARGE,
    "sint32": _LONG,
}
_NUMBERS = {_DWORD: "<I", _ULARGE: "<Q", _LONG: "<i"}


class PropertyListError(ValueError):
    """The buffer is not a property list."""


@dataclass(frozen=True, slots=True)
class Item:
    """A property of a list, with the CIM type of its syntax."""

    name: str
    type: str
    value: Value


def _wide(text: str) -> bytes:
    return (text + "\0").encode("utf-16-le")


def _data(kind: str, value: Value) -> bytes:
    syntax = _SYNTAX[kind]
    if syntax in _NUMBERS:
        return struct.pack(_NUMBERS[syntax], int(value))  # type: ignore[arg-type]
    if syntax == _MULTI_SZ:
        return b"".join(_wide(str(item)) for item in value or ()) + b"\0\0"  # type: ignore[union-attr]
    if syntax == _BINARY:
        return bytes(value or ())  # type: ignore[arg-type]
    return _wide(str(value))


def _padded(syntax: int, data: bytes) -> bytes:
    return struct.pack("<II", syntax, len(data)) + data + b"\0" * (-len(data) % 4)


def encode(items: Iterable[Item]) -> bytes:
    """Encode a list. Items of other types and items without a value are left out."""
    encodable = [item for item in items if item.type in _SYNTAX and item.value is not None]
    parts = [
        _padded(_NAME, _wide(item.name)) + _padded(_SYNTAX[item.type], _data(item.type, item.value)) + b"\0" * 4
        for item in encodable
    ]
    return struct.pack("<I", len(encodable)) + b"".join(parts)


class _Buffer:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, count: int) -> bytes:
        data = self._data[self._at : self._at + count]
        if len(data) < count:
            raise PropertyListError("the list ends too early")
        self._at += count
        return data

    def number(self) -> int:
        return int(struct.unpack("<I", self.read(4))[0])

    def padded(self) -> bytes:
        size = self.number()
        data = self.read(size)
        if self.read(-size % 4).strip(b"\0"):
            raise PropertyListError("the padding is not zero")
        return data

    def finished(self) -> bool:
        return self._at == len(self._data)


def _text(data: bytes) -> str:
    if len(data) % 2 or not data.endswith(b"\0\0"):
        raise PropertyListError("a string does not end in NUL")
    try:
        text = data.decode("utf-16-le")[:-1]
    except UnicodeDecodeError as problem:
        raise PropertyListError("a string is not UTF-16") from problem
    if "\0" in text:
        raise PropertyListError("a string contains a NUL")
    return text


def _item(buffer: _Buffer) -> Item:
    if buffer.number() != _NAME:
        raise PropertyListError("a name is missing")
    name = _text(buffer.padded())
    syntax = buffer.number()
    data = buffer.padded()
    if buffer.number() != 0:
        raise PropertyListError("the endmark is missing")
    if syntax in _NUMBERS:
        if len(data) != struct.calcsize(_NUMBERS[syntax]):
            raise PropertyListError("a number has the wrong size")
        kind = {_DWORD: "uint32", _ULARGE: "uint64", _LONG: "sint32"}[syntax]
        return Item(name, kind, struct.unpack(_NUMBERS[syntax], data)[0])
    if syntax == _SZ:
        return Item(name, "string", _text(data))
    if syntax == _MULTI_SZ:
        if not data.endswith(b"\0\0"):
            raise PropertyListError("a list of strings does not end in NUL")
        return Item(name, "string[]", data[:-2].decode("utf-16-le").split("\0")[:-1])
    if syntax == _BINARY:
        return Item(name, "uint8[]", list(data))
    raise PropertyListError(f"the syntax 0x{syntax:08X} is unknown")


def decode(data: bytes) -> list[Item]:
    """Decode a list. Raises PropertyListError."""
    buffer = _Buffer(data)
    items = [_item(buffer) for _number in range(buffer.number())]
    if not buffer.finished():
        raise PropertyListError("there is data after the list")
    return items
