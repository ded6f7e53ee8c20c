# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PROPERTY_LIST of the cluster's control codes. Private to this collection; pure.

Source: MS-CMRP 2.2.3.10 (PROPERTY_LIST). Little-endian; names and texts in UTF-16 with a final NUL; each value is
padded to a multiple of four bytes, and the padding is not counted in its size.
"""

from __future__ import annotations

import struct
import typing as t

_NAME = 0x00040003
_DWORD = 0x00010002
_TEXT = 0x00010003
_TEXTS = 0x00010005
_END = 0

Value: t.TypeAlias = "int | str | t.Sequence[str]"


class PropertyListError(ValueError):
    """The bytes are not a property list."""


def encode(values: t.Mapping[str, Value]) -> bytes:
    """Encode whole numbers as DWORD, texts as SZ, and lists of texts as MULTI_SZ."""
    parts = [struct.pack("<I", len(values))]
    for name, value in values.items():
        parts.append(_item(_NAME, _text(name)))
        parts.append(_value(value))
        parts.append(struct.pack("<I", _END))
    return b"".join(parts)


def decode(data: bytes) -> dict[str, int | str]:
    """Decode the properties that are whole numbers or texts; other kinds are left out. Raises C(PropertyListError)."""
    try:
        (count,) = struct.unpack_from("<I", data)
        found: dict[str, int | str] = {}
        at = 4
        for _number in range(count):
            syntax, raw, at = _next(data, at)
            if syntax != _NAME:
                raise PropertyListError(f"a name was expected at byte {at}")
            name = _read_text(raw)
            while True:
                (mark,) = struct.unpack_from("<I", data, at)
                if mark == _END:
                    at += 4
                    break
                syntax, raw, at = _next(data, at)
                if syntax == _DWORD and len(raw) >= 4:
                    found[name] = struct.unpack_from("<I", raw)[0]
                elif syntax == _TEXT:
                    found[name] = _read_text(raw)
    except (struct.error, UnicodeDecodeError) as exc:
        raise PropertyListError(str(exc)) from exc
    return found


def _value(value: Value) -> bytes:
    if isinstance(value, int):
        return _item(_DWORD, struct.pack("<I", value))
    if isinstance(value, str):
        return _item(_TEXT, _text(value))
    return _item(_TEXTS, b"".join(_text(each) for each in value) + b"\0\0")


def _item(syntax: int, raw: bytes) -> bytes:
    return struct.pack("<II", syntax, len(raw)) + raw + b"\0" * (-len(raw) % 4)


def _next(data: bytes, at: int) -> tuple[int, bytes, int]:
    syntax, size = struct.unpack_from("<II", data, at)
    begin, end = at + 8, at + 8 + size
    if end > len(data):
        raise PropertyListError(f"the value at byte {at} ends after the list")
    return syntax, data[begin:end], end + (-size % 4)


def _text(text: str) -> bytes:
    return f"{text}\0".encode("utf-16-le")


def _read_text(raw: bytes) -> str:
    return raw.decode("utf-16-le").split("\0", 1)[0]
