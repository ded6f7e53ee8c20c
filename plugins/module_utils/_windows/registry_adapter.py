# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network adapters of Windows Server 2008 R2, whose advanced properties are only in the registry.

Private to this collection. Source: Microsoft's documentation of the Advanced page of a driver
(C(Class\\{4D36E972-...}\\NNNN) with C(Ndi\\params)), read and written through the WMI registry provider StdRegProv.
What is written takes effect when the adapter is enabled anew or the host starts again, and neither is done here: a
host whose management adapter was disabled over the network cannot be told to enable it.
"""

from __future__ import annotations

import typing as t

from .adapter import Adapter, Property, guid_in
from .advanced_property import Offer
from .registry import RegistryValue, read_names, read_value

if t.TYPE_CHECKING:
    from .._wsman.client import Client

_CLASS_KEY = r"SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"


def read_adapters(client: Client) -> list[Adapter]:
    """The adapters that have a connection, by its name."""
    wql = "SELECT * FROM Win32_NetworkAdapter WHERE NetConnectionID IS NOT NULL"
    found = client.query("root/cimv2", wql, operation="reading the network adapters")
    adapters = (
        Adapter(
            name=item.text("NetConnectionID") or "",
            description=item.text("Name") or "",
            guid=guid_in(item.text("GUID")),
            index=item.integer("Index") or 0,
            mac="",
            mtu=None,
            speed=item.integer("Speed"),
            hardware=True,
        )
        for item in found
    )
    return sorted(adapters, key=lambda adapter: adapter.name.casefold())


def read_properties(
    client: Client, adapters: t.Iterable[Adapter], keywords: t.Iterable[str]
) -> dict[str, dict[str, Property]]:
    """The advanced properties with these registry keywords, by the adapter's name and the keyword."""
    wanted = list(keywords)
    return {adapter.name: _properties(client, adapter, wanted) for adapter in adapters}


def _properties(client: Client, adapter: Adapter, keywords: list[str]) -> dict[str, Property]:
    key = _key_of(client, adapter)
    if key is None:
        return {}
    present = {name.casefold(): name for name in read_names(client, "EnumValues", key)}
    found = {}
    for keyword in keywords:
        if keyword.casefold() in present:
            value = RegistryValue(key, present[keyword.casefold()])
            offer = _offer(client, key, keyword, read_value(client, value) or "")
            found[keyword] = Property(offer, value)
    return found


def _key_of(client: Client, adapter: Adapter) -> str | None:
    """The adapter's driver key: usually the one with its index as number, always the one with its GUID."""
    likely = f"{_CLASS_KEY}\\{adapter.index:04d}"
    if _is_key_of(client, likely, adapter):
        return likely
    keys = (f"{_CLASS_KEY}\\{name}" for name in read_names(client, "EnumKey", _CLASS_KEY))
    return next((key for key in keys if _is_key_of(client, key, adapter)), None)


def _is_key_of(client: Client, key: str, adapter: Adapter) -> bool:
    return guid_in(read_value(client, RegistryValue(key, "NetCfgInstanceId"))) == adapter.guid


def _offer(client: Client, key: str, keyword: str, value: str) -> Offer:
    params = f"{key}\\Ndi\\params\\{keyword}"
    limits = {name: read_value(client, RegistryValue(params, name)) for name in ("min", "max", "step", "default")}
    choices = tuple(
        (name, read_value(client, RegistryValue(f"{params}\\enum", name)) or name)
        for name in read_names(client, "EnumValues", f"{params}\\enum")
    )

    def number(name: str) -> int | None:
        text = limits[name]
        return int(text) if text and text.isdigit() else None

    return Offer(
        keyword=keyword,
        value=value,
        choices=choices,
        lowest=number("min"),
        highest=number("max"),
        step=number("step") or 1,
        default=limits["default"] or "",
    )
