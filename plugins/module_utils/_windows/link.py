# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read network adapters for an audit: link, driver, and driver settings. Private to this collection.

Sources: MSFT_NetAdapter, and Win32_NetworkAdapter before Windows Server 2012.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .._wsman.errors import Fault
from . import adapter, advanced_property, computer, registry_adapter
from .cluster import name_of
from .columns import read_columns
from .unknown import attempt, attempt_value

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client
    from .unknown import Unknown

# InterfaceOperationalStatus (ifOperStatus) and NetConnectionStatus.
_STATUS = {1: "up", 2: "down", 3: "testing", 4: "unknown", 5: "dormant", 6: "not_present", 7: "lower_layer_down"}
_OLDER_STATUS = {0: "disabled", 2: "up", 4: "not_present", 5: "disabled", 7: "down"}
_ADMINISTRATIVELY_DOWN = 2
_NO_SPEED = (1 << 63) - 1  # can be the speed of an adapter without a link
_KEYWORDS = (*advanced_property.MTU_KEYWORDS, *advanced_property.RECEIVE_BUFFER_KEYWORDS)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A network adapter: C(speed) in bit/s, C(mtu) in effect, C(jumbo) as set in the driver.

    Both are IP MTUs in bytes, without the Ethernet header.
    """

    name: str
    description: str
    status: str
    speed: int | None
    mtu: int | None
    driver: t.Mapping[str, str | None]
    jumbo: int | None = None
    receive_buffers: int | None = None


def read_links(client: Client, unknown: list[Unknown]) -> list[Link]:
    """Read the network adapters that Windows shows, sorted by name.

    This needs two requests, and before Windows Server 2012 about 20 more for each adapter, because the driver settings
    are only in the registry. If the driver settings cannot be read, they are added to C(unknown).
    """
    try:
        found = client.query(
            adapter.NAMESPACE, "SELECT * FROM MSFT_NetAdapter", operation="reading the network adapters"
        )
    except Fault as exc:
        if not computer.is_before_2012(client, exc):
            raise
        links, read_properties = _read_older_links(client, unknown)
    else:
        links = [
            (
                adapter.guid_in(item.text("InterfaceGuid") or item.text("DeviceID")) or item.text("Name") or "",
                _link(item, unknown),
            )
            for item in found
            if not item.boolean("Hidden")
        ]
        read_properties = functools.partial(adapter.read_properties, client, _KEYWORDS)
    properties = attempt("adapters.jumbo", read_properties, unknown)
    if properties is None:
        properties = {}
    lost = [one for one in unknown if one.what == "adapters.jumbo"]
    unknown += [dataclasses.replace(one, what="adapters.receive_buffers") for one in lost]
    return sorted(
        (_with_driver_settings(link, properties.get(key, {})) for key, link in links),
        key=lambda link: link.name.casefold(),
    )


_Properties = dict[str, dict[str, adapter.AdapterProperty]]


def _read_older_links(
    client: Client, unknown: list[Unknown]
) -> tuple[list[tuple[str, Link]], t.Callable[[], _Properties]]:
    """The links with the keys of their adapters, and a function that reads the driver settings."""
    adapters = [one for one in registry_adapter.read_adapters(client) if not one.hidden]
    columns, operation = "NetConnectionID, NetConnectionStatus, ServiceName", "reading the links of the adapters"
    found = read_columns(client, "root/cimv2", "Win32_NetworkAdapter", columns, operation=operation)
    rows = {item.text("NetConnectionID"): item for item in found}
    links = [
        (
            one.key,
            Link(
                name=one.name,
                description=one.description,
                status=name_of(
                    _OLDER_STATUS, rows[one.name].integer("NetConnectionStatus") if one.name in rows else None
                ),
                speed=one.speed,
                mtu=None,
                driver={
                    "name": rows[one.name].text("ServiceName") if one.name in rows else None,
                    "provider": None,
                    "version": None,
                },
            ),
        )
        for one in adapters
    ]

    def read_properties() -> _Properties:
        found: _Properties = {}
        for one in adapters:
            read = functools.partial(registry_adapter.read_properties, client, [one], _KEYWORDS)
            found |= attempt("adapters.jumbo", read, unknown) or {}
        return found

    return links, read_properties


def _link(item: Instance, unknown: list[Unknown]) -> Link:
    """The adapter; a value that is not valid is C(None) and in C(unknown)."""

    def number(what: str, name: str) -> int | None:
        return attempt_value(f"adapters.{what}", item.integer, name, unknown)

    speed = number("speed", "Speed")
    disabled = number("status", "InterfaceAdminStatus") == _ADMINISTRATIVELY_DOWN
    return Link(
        name=item.text("Name") or "",
        description=item.text("InterfaceDescription") or "",
        status="disabled" if disabled else name_of(_STATUS, number("status", "InterfaceOperationalStatus")),
        speed=speed if speed is not None and speed < _NO_SPEED else None,
        mtu=number("mtu", "MtuSize"),
        driver={
            "name": item.text("DriverDescription"),
            "provider": item.text("DriverProvider"),
            "version": item.text("DriverVersionString"),
        },
    )


def _with_driver_settings(link: Link, properties: t.Mapping[str, adapter.AdapterProperty]) -> Link:
    def value(
        keywords: t.Iterable[str], meaning: t.Callable[[advanced_property.PropertyDefinition], int | None]
    ) -> int | None:
        return next((meaning(properties[keyword].definition) for keyword in keywords if keyword in properties), None)

    return dataclasses.replace(
        link,
        jumbo=value(advanced_property.MTU_KEYWORDS, advanced_property.mtu_of),
        receive_buffers=value(advanced_property.RECEIVE_BUFFER_KEYWORDS, advanced_property.buffers_of),
    )
