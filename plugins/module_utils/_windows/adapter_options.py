# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter settings that the module options request. Pure. Private to this collection."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from . import advanced_property as driver

_LARGEST_MTU = 16110  # bytes: the largest known frame size of a driver is 16128, with header and checksum


class AdapterOptionsError(Exception):
    """The options do not match the adapters of the host or their drivers. Nothing was written."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RequestedSetting:
    """A setting with its wanted value, the registry keywords of drivers, and functions to read and choose values."""

    name: str
    value: t.Any
    keywords: tuple[str, ...]
    current_value: t.Callable[[driver.PropertyDefinition], t.Any]
    choose_target: t.Callable[[driver.PropertyDefinition], driver.Target]
    target_value: t.Callable[[driver.Target], t.Any]


def requested_settings(options: t.Mapping[str, t.Any]) -> list[RequestedSetting]:
    """List the requested settings. Raises C(AdapterOptionsError) if there is none or a value is out of range."""
    settings = []
    mtu, buffers = options["mtu"], options["receive_buffers"]
    if mtu is not None:
        if not 576 <= mtu <= _LARGEST_MTU:
            raise AdapterOptionsError(f"mtu {mtu} is out of range: valid values are 576 to {_LARGEST_MTU}.")
        settings.append(
            RequestedSetting(
                name="mtu",
                value=mtu,
                keywords=driver.MTU_KEYWORDS,
                current_value=driver.mtu_of,
                choose_target=functools.partial(driver.mtu_target, mtu=mtu),
                target_value=lambda target: target.number,
            )
        )
    if buffers is not None:
        if buffers < 1:
            raise AdapterOptionsError(f"receive_buffers {buffers} is out of range: the smallest valid value is 1.")
        settings.append(
            RequestedSetting(
                name="receive_buffers",
                value=buffers,
                keywords=driver.RECEIVE_BUFFER_KEYWORDS,
                current_value=driver.buffers_of,
                choose_target=functools.partial(driver.buffers_target, count=buffers),
                target_value=lambda target: target.number,
            )
        )
    settings += verbatim_settings(options["properties"])
    if not settings:
        raise AdapterOptionsError("No setting is given. Set mtu, receive_buffers, or properties.")
    return settings


def verbatim_settings(properties: t.Mapping[str, t.Any]) -> list[RequestedSetting]:
    """Registry values by keyword, written as they are."""
    return [
        RequestedSetting(
            name=keyword,
            value=str(value),
            keywords=(keyword,),
            current_value=lambda definition: definition.value,
            choose_target=functools.partial(driver.verbatim_target, value=str(value)),
            target_value=lambda target: target.value,
        )
        for keyword, value in properties.items()
    ]
