# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The current state of a network adapter, and the WMI instances that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import registry
from .classes import Class, Property

if TYPE_CHECKING:
    from ..wire.values import Value
    from .drivers import Keyword
    from .network_layout import Adapter
    from .repository import Repository

STANDARD = "root/standardcimv2"
_CIMV2 = "root/cimv2"
ADVANCED = "MSFT_NetAdapterAdvancedPropertySettingData"
UP, RESTARTING, DISABLED = "up", "restarting", "disabled"
STATE = Class(
    "Lab_Adapter",
    "lab",
    {
        "name": Property("Name", "string", key=True),
        "mtusize": Property("MtuSize", "uint32"),
        "status": Property("Status", "string"),
    },
)


def display_values(keyword: Keyword, value: str) -> dict[str, Value]:
    """The two properties with the value of an advanced property."""
    return {"RegistryValue": [value], "DisplayValue": keyword.display_value(value)}


def state(repository: Repository, name: str) -> tuple[str, int]:
    """The status of an adapter and its MTU in bytes."""
    found = repository.find(STATE, name.lower())
    assert found is not None
    return str(found.values["Status"]), int(str(found.values["MtuSize"]))


def set_state(repository: Repository, name: str, **values: Value) -> None:
    """Change the state of an adapter. `update_instances` copies it to the WMI instances."""
    found = repository.find(STATE, name.lower())
    if found is not None:
        repository.write(found, values)


def update_instances(repository: Repository, adapter: Adapter, *, connected: bool) -> None:
    """Copy the state of an adapter to its WMI instances."""
    status, mtu = state(repository, adapter.name)
    enabled = status != DISABLED
    speed = adapter.speed if connected else 0
    written: list[tuple[str, str, str, Value, dict[str, Value]]] = [
        (
            STANDARD,
            "MSFT_NetAdapter",
            "InterfaceGuid",
            f"{{{adapter.guid}}}",
            {
                "MtuSize": mtu,
                "Speed": speed,
                "TransmitLinkSpeed": speed,
                "ReceiveLinkSpeed": speed,
                "State": 2 if enabled else 3,
                "InterfaceAdminStatus": 1 if enabled else 2,
                "InterfaceOperationalStatus": 1 if connected else 2,
                "MediaConnectState": 1 if connected else 2,
                "OperationalStatusDownMediaDisconnected": not connected,
            },
        ),
        (
            STANDARD,
            "MSFT_NetIPInterface",
            "InterfaceAlias",
            adapter.name,
            {"NlMtu": mtu, "ConnectionState": 1 if connected else 0},
        ),
        (
            _CIMV2,
            "Win32_NetworkAdapter",
            "Index",
            adapter.index,
            {
                "NetEnabled": connected,
                "NetConnectionStatus": 2 if connected else 7 if enabled else 0,
                "ConfigManagerErrorCode": 0 if enabled else 22,
                "Speed": adapter.speed if connected else None,
            },
        ),
    ]
    for namespace, name, key, value, values in written:
        cls = repository.cls(namespace, name)
        for instance in repository.instances(cls) if cls else ():
            if instance.values[key] == value:
                repository.write(instance, values)


def update_advanced_properties(repository: Repository, adapter: Adapter) -> None:
    """Copy the values of the registry to the advanced properties."""
    stored = registry.stored_values(repository, adapter)
    cls = repository.cls(STANDARD, ADVANCED)
    for instance in repository.instances(cls) if cls else ():
        keyword = adapter.driver.keywords.get(str(instance.values["RegistryKeyword"]))
        if keyword is not None and instance.values["Name"] == adapter.name and keyword.name in stored:
            repository.write(instance, display_values(keyword, stored[keyword.name]))
