# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Advanced properties of network adapters: the valid values, and the one closest to the wanted value. Pure.

Private to this collection. Drivers define a list or a range, numbers or an index into a list of texts, standard or
vendor keywords, and frame sizes with the 14 bytes of the Ethernet header (the standard: 1514, 9014) or without it.
Sources: Microsoft's standardized keywords for NDIS, and the drivers' documentation.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

HEADER = 14  # bytes of the Ethernet header, which *JumboPacket includes
STANDARD_MTU = 1500

# The standard keyword, then the vendors' keywords.
MTU_KEYWORDS = ("*JumboPacket", "MaxFrameSize")
RECEIVE_BUFFER_KEYWORDS = ("*ReceiveBuffers", "ReceiveBuffers", "MaxRxRing1Length", "NumRxBuffersSmall")

_NUMBER = re.compile(r"[0-9]+")
_MOST_DIGITS = 12
_SMALLEST_SIZE = 64  # a registry value below this is an index, not a size


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PropertyDefinition:
    """One property as its driver defines it: C(choices) are (registry value, display text), or it is a range."""

    keyword: str
    value: str
    choices: tuple[tuple[str, str], ...] = ()
    lowest: int | None = None
    highest: int | None = None
    step: int = 1
    default: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The registry value to write and the number that it means; C(capped) if that is below the wanted number."""

    keyword: str
    value: str
    number: int
    capped: bool = False


class UnsupportedValueError(Exception):
    """The driver does not support the wanted value; the message contains the valid values."""


def mtu_of(definition: PropertyDefinition, value: str | None = None) -> int | None:
    """The IP MTU of a registry value, by default of the stored one; C(None) for a value that is not a size."""
    number = _number(definition, definition.value if value is None else value, off=STANDARD_MTU + _header(definition))
    return None if number is None else number - _header(definition)


def buffers_of(definition: PropertyDefinition, value: str | None = None) -> int | None:
    """The number of receive buffers of a registry value, by default of the stored one."""
    return _number(definition, definition.value if value is None else value, off=None)


def mtu_target(definition: PropertyDefinition, mtu: int) -> Target:
    """The target for an IP MTU: this MTU, else the next larger, else the largest (capped)."""
    return _target(definition, mtu, lambda value: mtu_of(definition, value), header=_header(definition), round_up=True)


def buffers_target(definition: PropertyDefinition, count: int) -> Target:
    """The target for a number of receive buffers: this number, else the highest supported one below it (capped)."""
    return _target(definition, count, lambda value: buffers_of(definition, value), header=0, round_up=False)


def verbatim_target(definition: PropertyDefinition, value: str) -> Target:
    """The target for a registry value that the user gives: exactly this value, if the driver supports it."""
    if definition.choices:
        if value not in {registry for registry, _text in definition.choices}:
            raise UnsupportedValueError(
                f"{definition.keyword} {value} is not supported; the driver supports {_list(definition)}"
            )
    elif definition.lowest is not None and definition.highest is not None:
        inside = _is_number(value) and definition.lowest <= int(value) <= definition.highest
        if not inside or (int(value) - definition.lowest) % definition.step:
            raise UnsupportedValueError(
                f"{definition.keyword} {value} is not supported; the driver supports {_range(definition)}"
            )
    return Target(keyword=definition.keyword, value=value, number=int(value) if _is_number(value) else 0)


def _target(
    definition: PropertyDefinition, wanted: int, meaning: t.Callable[[str], int | None], *, header: int, round_up: bool
) -> Target:
    if definition.choices:
        known = sorted((number, value) for value, _text in definition.choices if (number := meaning(value)) is not None)
    elif definition.lowest is not None and definition.highest is not None and definition.lowest <= definition.highest:
        known = [
            (number - header, str(number))
            for number in _closest_in_range(definition, wanted + header, round_up=round_up)
        ]
    else:
        known = []
    if not known:
        raise UnsupportedValueError(f"the driver lists no valid values for {definition.keyword}")
    enough = [pair for pair in known if pair[0] >= wanted]
    below = [pair for pair in known if pair[0] <= wanted]
    exact = [pair for pair in known if pair[0] == wanted]
    number, value = (exact or (enough if round_up else below[-1:]) or below[-1:] or enough)[0]
    if number < wanted and round_up and len({pair[0] for pair in known}) < len(definition.choices):
        # One of the other choices may mean jumbo frames, so the driver may support them.
        raise UnsupportedValueError(
            f"the driver supports {_list(definition)} for {definition.keyword}; it is not clear which value is {wanted}"
        )
    return Target(keyword=definition.keyword, value=value, number=number, capped=number < wanted)


def _closest_in_range(definition: PropertyDefinition, wanted: int, *, round_up: bool) -> list[int]:
    """The number in the driver's range that is closest to the wanted one."""
    lowest, highest = t.cast("int", definition.lowest), t.cast("int", definition.highest)
    last = lowest + (highest - lowest) // definition.step * definition.step
    if wanted <= lowest:
        return [lowest]
    steps = -(-(wanted - lowest) // definition.step) if round_up else (wanted - lowest) // definition.step
    return [min(lowest + steps * definition.step, last)]


def _number(definition: PropertyDefinition, value: str, *, off: int | None) -> int | None:
    """The number that a registry value means: the value if it is a size, else the number in its display text."""
    if _is_number(value) and (not definition.choices or int(value) >= _SMALLEST_SIZE):
        return int(value)
    text = next((text for registry, text in definition.choices if registry == value), None)
    if text is None:
        return None
    found = _NUMBER.search(text.replace(",", ""))
    if found is None:
        return off
    number = int(found.group())
    return None if off is not None and number < _SMALLEST_SIZE else number  # "9KB" is not 9 bytes


def _header(definition: PropertyDefinition) -> int:
    """The header bytes that the driver includes: decided by its sizes, else by the keyword."""
    sizes = {int(value) for value, _text in definition.choices if _is_number(value)}
    sizes |= {int(found) for _value, text in definition.choices for found in _NUMBER.findall(text.replace(",", ""))}
    sizes |= {number for number in (definition.lowest,) if number is not None}
    sizes |= {int(definition.default)} if _is_number(definition.default) else set()
    if STANDARD_MTU + HEADER in sizes:
        return HEADER
    if STANDARD_MTU in sizes:
        return 0
    return HEADER if definition.keyword.startswith("*") else 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _list(definition: PropertyDefinition) -> str:
    return ", ".join(f"{registry} ({text})" for registry, text in definition.choices)


def _range(definition: PropertyDefinition) -> str:
    step = f" in steps of {definition.step}" if definition.step > 1 else ""
    return f"{definition.lowest} to {definition.highest}{step}"
