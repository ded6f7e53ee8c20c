# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from servers with its invisible characters escaped. Private to this collection."""

from __future__ import annotations

import datetime
import math
import re
import typing as t

from .error import ReportError

# Controls, bidirectional controls, characters without width, tags, and characters that XML 1.0 forbids. Tab and line
# feed are allowed.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    "\uffa0\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


# A value and what it is in: the text of the whole, or another place, the mark between them, and the key or number.
Place: t.TypeAlias = "str | tuple[Place, str, object]"


def visible(text: str) -> str:
    r"""C(text) with each invisible character written as C(\u202e); line ends become line feeds."""
    return _INVISIBLE.sub(_escape, text.replace("\r\n", "\n").replace("\r", "\n"))


def visible_json(text: str) -> str:
    """A JSON text with the same characters escaped; its value does not change."""
    return _INVISIBLE.sub(lambda found: _json_escapes(found[0]), text)


def plain(value: object, place: Place = "the evaluation") -> t.Any:
    """C(value) in the types of JSON: without the tags of Ansible, with dates as text. Raises C(ReportError).

    Lone surrogates become replacement characters: neither UTF-8 nor Ansible's C(from_json) accepts them.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _without_surrogates(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, t.Mapping):
        return {_key(key, place): plain(value[key], (place, ", ", key)) for key in value}
    if isinstance(value, (list, tuple)):
        return [plain(each, (place, " ", number)) for number, each in enumerate(value, 1)]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    raise ReportError(f"{_place_name(place)} is {value!r}, which JSON cannot represent.")


def layer_name(layer: str) -> str:
    """The name of a layer for the report."""
    return {"dag": "DAG", "exchange": "Exchange", "dns": "DNS"}.get(layer, layer.replace("_", " "))


def _place_name(place: Place) -> str:
    """The place of a value as text. Few places are written, so their texts are not made before."""
    if isinstance(place, str):
        return place
    outer, mark, key = place
    return f"{_place_name(outer)}{mark}{key}"


def _key(key: object, place: Place) -> str:
    if not isinstance(key, str):
        raise ReportError(f"{_place_name(place)}: the key {key!r} is not text.")
    return _without_surrogates(key)


def _without_surrogates(text: str) -> str:
    own = str.__str__(text)
    return own if own.isascii() else _LONE_SURROGATE.sub("\ufffd", own)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _json_escapes(character: str) -> str:
    octets = character.encode("utf-16-be")
    return "".join(f"\\u{octets[at]:02x}{octets[at + 1]:02x}" for at in range(0, len(octets), 2))
