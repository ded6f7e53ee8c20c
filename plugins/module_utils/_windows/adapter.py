# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network adapters, teams and virtual switches, and advanced properties (Windows Server 2012 and later).

Private to this collection. Sources: the NetAdapter, NetLbfo and NetSwitchTeam classes of C(root/StandardCimv2), and the
switch classes of C(root/virtualization/v2).
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._wsman.envelope import quoted
from .._wsman.errors import Missing, NotFound
from .._wsman.scalar import read_integer
from . import service
from .advanced_property import PropertyDefinition
from .columns import read_columns

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance, Reference
    from .._wsman.client import Client
    from .registry import RegistryValue

NAMESPACE = "root/standardcimv2"
_VIRTUALIZATION = "root/virtualization/v2"
_GUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_ENUM = 5  # DisplayParameterType
HYPER_V = service.Role(
    name="Hyper-V", service="vmms", registration=r"%SystemRoot%\System32\WindowsVirtualization.V2.mof"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A network adapter: C(mtu) in effect, C(guid) in lower case without braces, C(speed) in bit/s."""

    name: str
    description: str
    guid: str
    index: int
    mac: str
    mtu: int | None
    speed: int | None
    hardware: bool
    reference: Reference | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class AdapterProperty:
    """An advanced property of an adapter and its location.

    The location is a WMI instance, or before Windows Server 2012 a registry value.
    """

    definition: PropertyDefinition
    location: Reference | RegistryValue


def read_adapters(client: Client) -> list[Adapter]:
    """Read all adapters, sorted by name. Windows Server 2008 R2 lacks the class."""
    found = client.query(NAMESPACE, "SELECT * FROM MSFT_NetAdapter", operation="reading the network adapters")
    adapters = (
        Adapter(
            name=item.text("Name") or "",
            description=item.text("InterfaceDescription") or "",
            guid=guid_in(item.text("InterfaceGuid") or item.text("DeviceID")),
            index=item.integer("InterfaceIndex") or 0,
            mac=_hex_digits(item.text("PermanentAddress")),
            mtu=item.integer("MtuSize"),
            speed=item.integer("Speed"),
            hardware=bool(item.boolean("HardwareInterface")),
            reference=item.reference,
        )
        for item in found
    )
    return sorted(adapters, key=lambda adapter: adapter.name.casefold())


def read_properties(client: Client, keywords: t.Iterable[str]) -> dict[str, dict[str, AdapterProperty]]:
    """Read the advanced properties with these registry keywords, by adapter name and keyword."""
    where = " OR ".join(f"RegistryKeyword={quoted(keyword)}" for keyword in keywords)
    wql = f"SELECT * FROM MSFT_NetAdapterAdvancedPropertySettingData WHERE {where}"  # noqa: S608 (quoted)
    found = client.query(NAMESPACE, wql, operation="reading the advanced properties of the network adapters")
    properties: dict[str, dict[str, AdapterProperty]] = {}
    for item in found:
        if item.reference is not None:
            definition = _definition(item)
            properties.setdefault(item.text("Name") or "", {})[definition.keyword] = AdapterProperty(
                definition, item.reference
            )
    return properties


def read_connection_adapters(client: Client, adapters: t.Sequence[Adapter]) -> set[str]:
    """Read the names of the adapters that carry this connection: the one with the address, and those below it."""
    operation = "reading the addresses of the network adapters"
    found = read_columns(client, NAMESPACE, "MSFT_NetIPAddress", "IPAddress, InterfaceIndex", operation=operation)
    addresses = client.addresses()
    indices = {item.integer("InterfaceIndex") for item in found if item.text("IPAddress") in addresses}
    top = [adapter for adapter in adapters if adapter.index in indices]
    return {adapter.name for adapter in with_underlying(client, top, adapters)}


def with_underlying(client: Client, selected: t.Sequence[Adapter], adapters: t.Sequence[Adapter]) -> list[Adapter]:
    """The selected adapters and those below their teams and virtual switches, the lowest first."""
    if all(adapter.hardware for adapter in selected):
        return list(selected)
    below = _team_members(client, adapters) | _switch_ports(client, adapters)
    order: list[Adapter] = []

    def add(adapter: Adapter) -> None:
        for lower in below.get(adapter.name, []):
            add(lower)
        if adapter not in order:
            order.append(adapter)

    for adapter in selected:
        add(adapter)
    return order


def guid_in(text: str | None) -> str:
    """The GUID in a text, in lower case; empty if there is none."""
    found = _GUID.search(text or "")
    return found.group().casefold() if found else ""


def _team_members(client: Client, adapters: t.Sequence[Adapter]) -> dict[str, list[Adapter]]:
    """The members of each LBFO team, by name of the team adapter."""
    by_name = {adapter.name: adapter for adapter in adapters}
    nics = _read_team_class(client, "MSFT_NetLbfoTeamNic", "the teams")
    members = _read_team_class(client, "MSFT_NetLbfoTeamMember", "the team members") if nics else []
    return {
        nic.text("Name") or "": [
            by_name[member.text("Name") or ""]
            for member in members
            if member.text("Team") == nic.text("Team") and member.text("Name") in by_name
        ]
        for nic in nics
    }


def _switch_ports(client: Client, adapters: t.Sequence[Adapter]) -> dict[str, list[Adapter]]:
    """The adapters of each virtual switch, by name of each virtual adapter of the host on the switch.

    The id of a port contains the switch, C(Microsoft:<switch>\\<port>). An external port contains the adapter in its
    HostResource; a port of the host contains the MAC address of the virtual adapter.
    """
    by_guid = {adapter.guid: adapter for adapter in adapters}
    by_mac = {adapter.mac: adapter for adapter in adapters if not adapter.hardware and adapter.mac}
    external_adapters: dict[str, list[Adapter]] = {}
    host_adapters: dict[str, list[Adapter]] = {}
    for port in _read_ports(client):
        switch = guid_in(port.text("InstanceID"))
        resources = port.array("HostResource") or ()
        external = [path for path in resources if "Msvm_ExternalEthernetPort" in path]
        external_adapters.setdefault(switch, []).extend(
            by_guid[guid_in(path)] for path in external if guid_in(path) in by_guid
        )
        own = by_mac.get(_hex_digits(port.text("Address")))
        if not external and own is not None:
            host_adapters.setdefault(switch, []).append(own)
    return {
        adapter.name: external_adapters.get(switch, []) for switch, found in host_adapters.items() for adapter in found
    }


def _read_team_class(client: Client, name: str, what: str) -> list[Instance]:
    """Read the instances of a class of LBFO teams; none if the edition of Windows has no such teams."""
    try:
        return client.query(NAMESPACE, f"SELECT * FROM {name}", operation=f"reading {what}")  # noqa: S608 (constants)
    except NotFound as exc:
        if exc.missing is Missing.INSTANCE:
            raise
        return []


def _read_ports(client: Client) -> list[Instance]:
    """Read the ports of the virtual switches; none if the host has no Hyper-V."""
    wql = "SELECT * FROM Msvm_EthernetPortAllocationSettingData"
    try:
        return client.query(_VIRTUALIZATION, wql, operation="reading the ports of the virtual switches")
    except NotFound as exc:
        if service.is_absent(client, HYPER_V, exc):
            return []
        raise


def _definition(item: Instance) -> PropertyDefinition:
    values, texts = item.array("ValidRegistryValues") or (), item.array("ValidDisplayValues") or ()
    is_list = item.integer("DisplayParameterType") == _ENUM or (values and not item.text("NumericParameterMaxValue"))
    return PropertyDefinition(
        keyword=item.text("RegistryKeyword") or "",
        value=next(iter(item.array("RegistryValue") or ()), ""),
        choices=tuple(zip(values, texts or values, strict=False)) if is_list else (),
        lowest=read_integer(item.text("NumericParameterMinValue") or ""),
        highest=read_integer(item.text("NumericParameterMaxValue") or ""),
        step=read_integer(item.text("NumericParameterStepValue") or "") or 1,
        default=item.text("DefaultRegistryValue") or "",
    )


def _hex_digits(mac: str | None) -> str:
    return re.sub(r"[^0-9a-f]", "", (mac or "").casefold())
