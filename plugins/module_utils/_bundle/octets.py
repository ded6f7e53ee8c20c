# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays of bytes without the texts in them. Private to this collection."""

from __future__ import annotations

import contextlib
import struct

_DWORD, _SYNTAXES = 2, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}  # the formats of values in a property list of the cluster
_OWN_NAMES = {"WinhaDrain"}  # the property that this collection writes


def without_texts(data: bytes) -> bytes:
    """A property list of the cluster without its texts; zeros in the place of any other data."""
    made, at = bytearray(data[:4]), 4
    with contextlib.suppress(struct.error):
        while at < len(data):
            (mark,) = struct.unpack_from("<I", data, at)
            made += data[at : at + 4]
            at += 4
            if mark == 0:
                continue
            (size,) = struct.unpack_from("<I", data, at)
            raw = data[at + 4 : at + 4 + size]
            if mark & 0xFFFF not in _SYNTAXES or len(raw) != size:
                break
            made += data[at : at + 4] + _without_text(mark & 0xFFFF, raw) + bytes(-size % 4)
            at += 4 + size + -size % 4
    return bytes(made) if len(made) == len(data) and at == len(data) else bytes(len(data))


def _without_text(syntax: int, raw: bytes) -> bytes:
    if syntax == _DWORD or raw.decode("utf-16-le", "replace").rstrip("\0") in _OWN_NAMES:
        return raw
    return b"".join(b"\0\0" if raw[at : at + 2] == b"\0\0" else b"x\0" for at in range(0, len(raw) - 1, 2)).ljust(
        len(raw), b"\0"
    )
