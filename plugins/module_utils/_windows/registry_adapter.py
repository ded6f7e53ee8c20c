# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network adapters of Windows Server 2008 R2, which has the advanced properties only in the registry.

Private to this collection. Source: Microsoft's documentation of the Advanced page of a driver
(C(Class\\{4D36E972-...}\\NNNN) with C(Ndi\\params)), read and written through the WMI registry provider StdRegProv.
A written value takes effect when the adapter is disabled and enabled, or the host restarts. This module does neither:
it could not enable the management adapter again over the network.
"""

from __future__ import annotations

import re
import typing as t

from .._wsman.scalar import read_integer
from .adapter import Adapter, AdapterProperty, guid_in
from .advanced_property import PropertyDefinition
from .registry import RegistryValue, read_names, read_value

if t.TYPE_CHECKING:
    from .._wsman.client import Client

_CLASS_KEY = r"SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
# NetConnectionStatus
_CONNECTED, _NOT_PRESENT, _DISABLED = 2, 4, (0, 5)


def read_adapters(client: Client) -> list[Adapter]:
    """Read the adapters that have a connection name, sorted by this name."""
    wql = "SELECT * FROM Win32_NetworkAdapter WHERE NetConnectionID IS NOT NULL"
    found = client.query("root/cimv2", wql, operation="reading the network adapters")
    adapters = (
        Adapter(
            name=item.text("NetConnectionID") or "",
            description=item.text("Name") or "",
            guid=guid_in(item.text("GUID")),
            index=item.integer("Index") or 0,
            mtu=None,
            speed=item.integer("Speed"),
            hardware=True,
            hidden=item.integer("NetConnectionStatus") == _NOT_PRESENT,
            present=item.integer("NetConnectionStatus") != _NOT_PRESENT,
            enabled=item.integer("NetConnectionStatus") not in _DISABLED,
            up=item.integer("NetConnectionStatus") in (_CONNECTED, None),
        )
        for item in found
    )
    return sorted(adapters, key=lambda adapter: adapter.name.casefold())


def read_properties(
    client: Client, adapters: t.Iterable[Adapter], keywords: t.Iterable[str]
) -> dict[str, dict[str, AdapterProperty]]:
    """Read the advanced properties with these registry keywords, by the key of the adapter and keyword."""
    keyword_list = list(keywords)
    return {adapter.key: _properties(client, adapter, keyword_list) for adapter in adapters}


def _properties(client: Client, adapter: Adapter, keywords: list[str]) -> dict[str, AdapterProperty]:
    key = _driver_key(client, adapter)
    if key is None:
        return {}
    names = {name.casefold(): name for name in read_names(client, "EnumValues", key)}
    found = {}
    for keyword in keywords:
        if keyword.casefold() in names:
            value = RegistryValue(key, names[keyword.casefold()])
            definition = _definition(client, key, keyword, read_value(client, value) or "")
            found[keyword] = AdapterProperty(definition, value)
    return found


def _driver_key(client: Client, adapter: Adapter) -> str | None:
    """Find the driver key with the adapter's GUID; its number is usually the index of the adapter."""
    usual_key = f"{_CLASS_KEY}\\{adapter.index:04d}"
    if _is_key_of(client, usual_key, adapter):
        return usual_key
    # The other subkeys, such as Properties, are for the system only.
    names = [name for name in read_names(client, "EnumKey", _CLASS_KEY) if re.fullmatch(r"[0-9]{4}", name)]
    keys = (f"{_CLASS_KEY}\\{name}" for name in names)
    return next((key for key in keys if _is_key_of(client, key, adapter)), None)


def _is_key_of(client: Client, key: str, adapter: Adapter) -> bool:
    return guid_in(read_value(client, RegistryValue(key, "NetCfgInstanceId"))) == adapter.guid


def _definition(client: Client, key: str, keyword: str, value: str) -> PropertyDefinition:
    params = f"{key}\\Ndi\\params\\{keyword}"
    limits = {name: read_value(client, RegistryValue(params, name)) for name in ("min", "max", "step", "default")}
    choices = tuple(
        (name, read_value(client, RegistryValue(f"{params}\\enum", name)) or name)
        for name in read_names(client, "EnumValues", f"{params}\\enum")
    )

    def number(name: str) -> int | None:
        return read_integer(limits[name] or "")

    return PropertyDefinition(
        keyword=keyword,
        value=value,
        choices=choices,
        lowest=number("min"),
        highest=number("max"),
        step=number("step") or 1,
        default=limits["default"] or "",
    )
