# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Advanced properties of network adapters: what a driver offers, and what of it comes nearest to a wish. Pure.

Private to this collection. Drivers have habits: a list or a range; numbers, or an index into a list of texts; frame
sizes with the 14 octets of the Ethernet header (the standard: 1514, 9014) or without (1500, 9000); vendor keywords.
Sources: Microsoft's standardized keywords for NDIS, and the drivers' own documentation.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

HEADER = 14  # octets of the Ethernet header, which *JumboPacket counts
STANDARD_MTU = 1500

# By the standard keyword first; then what vendors call it.
MTU_KEYWORDS = ("*JumboPacket", "MaxFrameSize")
RECEIVE_BUFFER_KEYWORDS = ("*ReceiveBuffers", "ReceiveBuffers", "MaxRxRing1Length", "NumRxBuffersSmall")

_NUMBER = re.compile(r"[0-9]+")
_SMALLEST_SIZE = 64  # a registry value below this is an index, not a size


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a driver offers for one keyword: C(choices) are (registry value, display text), or a range of numbers."""

    keyword: str
    value: str
    choices: tuple[tuple[str, str], ...] = ()
    lowest: int | None = None
    highest: int | None = None
    step: int = 1
    default: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The registry value that comes nearest to a wish, and the number that it stands for; C(capped) if below it."""

    keyword: str
    value: str
    number: int
    capped: bool = False


class NotOfferedError(Exception):
    """The driver offers nothing that fulfils the wish; the message says what it offers."""


def mtu_of(offer: Offer, value: str | None = None) -> int | None:
    """The IP MTU that a registry value stands for, by default the one in force; C(None) for a value without sense."""
    number = _number(offer, offer.value if value is None else value, off=STANDARD_MTU + _header(offer))
    return None if number is None else number - _header(offer)


def buffers_of(offer: Offer, value: str | None = None) -> int | None:
    """The number of receive buffers that a registry value stands for, by default the one in force."""
    return _number(offer, offer.value if value is None else value, off=None)


def mtu_target(offer: Offer, mtu: int) -> Target:
    """What to set for an IP MTU: that one, the next larger, or the largest there is, which is capped."""
    return _target(offer, mtu, lambda value: mtu_of(offer, value), header=_header(offer), round_up=True)


def buffers_target(offer: Offer, count: int) -> Target:
    """What to set for a number of receive buffers: that one, or the next smaller, which is capped."""
    return _target(offer, count, lambda value: buffers_of(offer, value), header=0, round_up=False)


def verbatim_target(offer: Offer, value: str) -> Target:
    """What to set for a keyword that the user names: exactly that registry value, if the driver offers it."""
    if offer.choices:
        if value not in {registry for registry, _text in offer.choices}:
            raise NotOfferedError(f"{offer.keyword} {value} is not offered; the driver offers {_list(offer)}")
    elif offer.lowest is not None and offer.highest is not None:
        inside = _is_number(value) and offer.lowest <= int(value) <= offer.highest
        if not inside or (int(value) - offer.lowest) % offer.step:
            raise NotOfferedError(f"{offer.keyword} {value} is not offered; the driver offers {_range(offer)}")
    return Target(keyword=offer.keyword, value=value, number=int(value) if _is_number(value) else 0)


def _target(
    offer: Offer, wanted: int, meaning: t.Callable[[str], int | None], *, header: int, round_up: bool
) -> Target:
    if offer.choices:
        known = sorted((number, value) for value, _text in offer.choices if (number := meaning(value)) is not None)
    elif offer.lowest is not None and offer.highest is not None and offer.lowest <= offer.highest:
        known = [(number - header, str(number)) for number in _around(offer, wanted + header, round_up=round_up)]
    else:
        known = []
    if not known:
        raise NotOfferedError(f"the driver does not say what it offers for {offer.keyword}")
    enough = [pair for pair in known if pair[0] >= wanted]
    below = [pair for pair in known if pair[0] <= wanted]
    exact = [pair for pair in known if pair[0] == wanted]
    number, value = (exact or (enough if round_up else below[-1:]) or below[-1:] or enough)[0]
    if number < wanted and round_up and len({pair[0] for pair in known}) < len(offer.choices):
        # Not to be taken for a driver without jumbo frames: one of the others may well be them.
        raise NotOfferedError(
            f"the driver offers {_list(offer)} for {offer.keyword}, and which is {wanted} is not clear"
        )
    return Target(keyword=offer.keyword, value=value, number=number, capped=number < wanted)


def _around(offer: Offer, wanted: int, *, round_up: bool) -> list[int]:
    """The number on the driver's scale that comes nearest to a wish."""
    lowest, highest = t.cast("int", offer.lowest), t.cast("int", offer.highest)
    last = lowest + (highest - lowest) // offer.step * offer.step
    if wanted <= lowest:
        return [lowest]
    steps = -(-(wanted - lowest) // offer.step) if round_up else (wanted - lowest) // offer.step
    return [min(lowest + steps * offer.step, last)]


def _number(offer: Offer, value: str, *, off: int | None) -> int | None:
    """What a registry value means: itself if it is a size, otherwise the number in the text of its choice."""
    if _is_number(value) and (not offer.choices or int(value) >= _SMALLEST_SIZE):
        return int(value)
    text = next((text for registry, text in offer.choices if registry == value), None)
    if text is None:
        return None
    found = _NUMBER.search(text.replace(",", ""))
    if found is None:
        return off
    number = int(found.group())
    return None if off is not None and number < _SMALLEST_SIZE else number  # "9KB" is no size of nine octets


def _header(offer: Offer) -> int:
    """Whether the driver counts the Ethernet header: its smallest size tells, or else the standard."""
    sizes = {int(value) for value, _text in offer.choices if _is_number(value)}
    sizes |= {int(found) for _value, text in offer.choices for found in _NUMBER.findall(text.replace(",", ""))}
    sizes |= {number for number in (offer.lowest,) if number is not None}
    sizes |= {int(offer.default)} if _is_number(offer.default) else set()
    if STANDARD_MTU + HEADER in sizes:
        return HEADER
    if STANDARD_MTU in sizes:
        return 0
    return HEADER if offer.keyword.startswith("*") else 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _list(offer: Offer) -> str:
    return ", ".join(f"{registry} ({text})" for registry, text in offer.choices)


def _range(offer: Offer) -> str:
    step = f" in steps of {offer.step}" if offer.step > 1 else ""
    return f"{offer.lowest} to {offer.highest}{step}"
