# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages of LDAP as trees of BER elements (RFC 4511, 5.1). No library writes what the faults need."""

from __future__ import annotations

import dataclasses
import typing as t

CONSTRUCTED = 0x20
SEQUENCE = 0x30


@dataclasses.dataclass(slots=True)
class Element:
    """A tag with octets, or with other elements."""

    tag: int
    value: bytes | list[Element]

    @property
    def parts(self) -> list[Element]:
        """The elements in this one."""
        return t.cast("list[Element]", self.value)

    @property
    def octets(self) -> bytes:
        """The octets of a primitive element."""
        return t.cast("bytes", self.value)

    @property
    def number(self) -> int:
        return int.from_bytes(self.octets, "big", signed=True)

    def encode(self) -> bytes:
        body = self.value if isinstance(self.value, bytes) else b"".join(part.encode() for part in self.value)
        return bytes([self.tag]) + length_of(len(body)) + body


def length_of(number: int) -> bytes:
    """The octets of a length."""
    if number < 0x80:
        return bytes([number])
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def decode(data: bytes) -> Element:
    """The element that these octets are."""
    found, end = _decode(data, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} octets after the element")
    return found


def _decode(data: bytes, at: int) -> tuple[Element, int]:
    tag, first = data[at], data[at + 1]
    at += 2
    if first >= 0x80:
        size, at = int.from_bytes(data[at : at + first - 0x80], "big"), at + first - 0x80
    else:
        size = first
    end = at + size
    if end > len(data):
        raise ValueError("an element is longer than its message")
    if not tag & CONSTRUCTED:
        return Element(tag, data[at:end]), end
    parts = []
    while at < end:
        part, at = _decode(data, at)
        parts.append(part)
    return Element(tag, parts), end


def octets(value: bytes | str, tag: int = 4) -> Element:
    """An OCTET STRING."""
    return Element(tag, value.encode() if isinstance(value, str) else value)


def integer(value: int, tag: int = 2) -> Element:
    """An INTEGER, or an ENUMERATED with tag 10."""
    return Element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def sequence(*parts: Element, tag: int = SEQUENCE) -> Element:
    """A SEQUENCE or SET, or an operation."""
    return Element(tag, list(parts))
