# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from servers, made safe to look at. Private to this collection."""

from __future__ import annotations

import datetime
import math
import re
import typing as t

from .error import ReportError

# What a reader does not see, or what moves other text about: controls, bidirectional controls, characters without
# width, tags, and what XML 1.0 forbids. Tab and line feed stay.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    "\uffa0\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_LONELY = re.compile("[\ud800-\udfff]")


def shown(text: str) -> str:
    r"""C(text) with each character that nobody sees written as C(\u202e); line ends become line feeds."""
    return _UNSEEN.sub(_written, text.replace("\r\n", "\n").replace("\r", "\n"))


def shown_in_json(text: str) -> str:
    """A JSON text in which the same characters are escaped; it says the same as before."""
    return _UNSEEN.sub(lambda found: _units(found[0]), text)


def plain(value: object, place: str = "the evaluation") -> t.Any:
    """C(value) in the types of JSON: without the tags of Ansible, with dates as text. Raises C(ReportError).

    Halves of surrogate pairs become replacement characters: neither UTF-8 nor Ansible's C(from_json) takes them.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _LONELY.sub("\ufffd", str.__str__(value))
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, t.Mapping):
        return {_key(key, place): plain(value[key], f"{place}, {key}") for key in value}
    if isinstance(value, (list, tuple)):
        return [plain(each, f"{place} {number}") for number, each in enumerate(value, 1)]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    raise ReportError(f"{place} is {value!r}, which JSON has no word for.")


def layer_name(layer: str) -> str:
    """A layer as people write it."""
    return {"dag": "DAG", "exchange": "Exchange", "dns": "DNS"}.get(layer, layer.replace("_", " "))


def _key(key: object, place: str) -> str:
    if not isinstance(key, str):
        raise ReportError(f"{place} has the key {key!r}, which is not text.")
    return _LONELY.sub("\ufffd", str.__str__(key))


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _units(character: str) -> str:
    octets = character.encode("utf-16-be")
    return "".join(f"\\u{octets[at]:02x}{octets[at + 1]:02x}" for at in range(0, len(octets), 2))
