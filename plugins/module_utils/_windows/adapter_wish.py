# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wished of network adapters: settings by the operator's names, in the operator's numbers. Pure.

Private to this collection.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from . import advanced_property as driver

_LARGEST_MTU = 16110  # octets: the largest frame that a driver was seen to offer is 16128, with header and checksum


class RefusedError(Exception):
    """What was asked for is not there or not offered; nothing was written."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A setting by the operator's name, what it should be, the drivers' keywords, and how to read and choose values."""

    setting: str
    value: t.Any
    keywords: tuple[str, ...]
    value_of: t.Callable[[driver.Offer], t.Any]
    choose: t.Callable[[driver.Offer], driver.Target]
    after_of: t.Callable[[driver.Target], t.Any]


def wishes_of(options: t.Mapping[str, t.Any]) -> list[Wish]:
    """What the options wish for. Raises C(RefusedError) where that is nothing, or cannot be."""
    wishes = []
    mtu, buffers = options["mtu"], options["receive_buffers"]
    if mtu is not None:
        if not 576 <= mtu <= _LARGEST_MTU:
            raise RefusedError(f"mtu {mtu} is out of range: Ethernet adapters take 576 to {_LARGEST_MTU} at most.")
        wishes.append(
            Wish(
                setting="mtu",
                value=mtu,
                keywords=driver.MTU_KEYWORDS,
                value_of=driver.mtu_of,
                choose=functools.partial(driver.mtu_target, mtu=mtu),
                after_of=lambda target: target.number,
            )
        )
    if buffers is not None:
        if buffers < 1:
            raise RefusedError(f"receive_buffers {buffers} is out of range: at least 1 is needed.")
        wishes.append(
            Wish(
                setting="receive_buffers",
                value=buffers,
                keywords=driver.RECEIVE_BUFFER_KEYWORDS,
                value_of=driver.buffers_of,
                choose=functools.partial(driver.buffers_target, count=buffers),
                after_of=lambda target: target.number,
            )
        )
    wishes += [
        Wish(
            setting=keyword,
            value=str(value),
            keywords=(keyword,),
            value_of=lambda offer: offer.value,
            choose=functools.partial(driver.verbatim_target, value=str(value)),
            after_of=lambda target: target.value,
        )
        for keyword, value in options["properties"].items()
    ]
    if not wishes:
        raise RefusedError("Say what to set: mtu, receive_buffers, or properties.")
    return wishes
