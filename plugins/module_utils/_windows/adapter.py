# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network adapters, teams and virtual switches, and advanced properties (Windows Server 2012 and later).

Private to this collection. Sources: the NetAdapter, NetLbfo and NetSwitchTeam classes of C(root/StandardCimv2), and the
switch classes of C(root/virtualization/v2).
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from .._wsman.envelope import quoted
from .._wsman.errors import Missing, NotFound, ServerError
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
UP, NOT_PRESENT = 1, 6  # InterfaceOperationalStatus
DISABLED = 2  # InterfaceAdminStatus
DISCONNECTED = 2  # MediaConnectState
HYPER_V = service.Role(
    name="Hyper-V", service="vmms", registration=r"%SystemRoot%\System32\WindowsVirtualization.V2.mof"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A network adapter: C(mtu) in effect, C(guid) in lower case without braces, C(speed) in bit/s.

    C(hidden) are adapters that Windows does not show, such as miniports and cards that were removed. C(present) ones
    are in the host, C(enabled) ones were not disabled by an administrator, C(up) ones have a link.
    """

    name: str
    description: str
    guid: str
    index: int
    mtu: int | None
    speed: int | None
    hardware: bool
    hidden: bool = False
    present: bool = True
    enabled: bool = True
    up: bool = True
    reference: Reference | None = None

    @property
    def key(self) -> str:
        """What identifies the adapter: teams and virtual adapters can have the MAC address of a card."""
        return self.guid or self.name


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
            mtu=item.integer("MtuSize"),
            speed=item.integer("Speed"),
            hardware=bool(item.boolean("HardwareInterface")),
            hidden=bool(item.boolean("Hidden")),
            present=item.integer("InterfaceOperationalStatus") != NOT_PRESENT,
            enabled=item.integer("InterfaceAdminStatus") != DISABLED,
            up=item.integer("InterfaceOperationalStatus") in (UP, None)
            and item.integer("MediaConnectState") != DISCONNECTED,
            reference=item.reference,
        )
        for item in found
    )
    return sorted(adapters, key=lambda adapter: adapter.name.casefold())


def read_properties(client: Client, keywords: t.Iterable[str]) -> dict[str, dict[str, AdapterProperty]]:
    """Read the advanced properties with these registry keywords, by the key of the adapter and keyword."""
    where = " OR ".join(f"RegistryKeyword={quoted(keyword)}" for keyword in keywords)
    wql = f"SELECT * FROM MSFT_NetAdapterAdvancedPropertySettingData WHERE {where}"  # noqa: S608 (quoted)
    found = client.query(NAMESPACE, wql, operation="reading the advanced properties of the network adapters")
    properties: dict[str, dict[str, AdapterProperty]] = {}
    for item in found:
        if item.reference is not None:
            definition = _definition(item)
            key = guid_in(item.text("InstanceID")) or item.text("Name") or ""
            properties.setdefault(key, {})[definition.keyword] = AdapterProperty(definition, item.reference)
    return properties


def read_connection_adapters(client: Client, adapters: t.Sequence[Adapter]) -> set[str]:
    """Read the names of the adapters that carry this connection: the one with the address, and those below it."""
    operation = "reading the addresses of the network adapters"
    found = read_columns(client, NAMESPACE, "MSFT_NetIPAddress", "IPAddress, InterfaceIndex", operation=operation)
    addresses = {_address(text) for text in client.addresses()}
    indices = {item.integer("InterfaceIndex") for item in found if _address(item.text("IPAddress")) in addresses}
    top = [adapter for adapter in adapters if adapter.index in indices and not adapter.hidden]
    return {adapter.name for adapter in with_underlying(client, top, adapters)}


def with_underlying(client: Client, selected: t.Sequence[Adapter], adapters: t.Sequence[Adapter]) -> list[Adapter]:
    """The selected adapters and those below their teams and virtual switches, the lowest first.

    Raises C(ServerError) for a virtual adapter whose virtual switch is not known.
    """
    if all(adapter.hardware for adapter in selected):
        return list(selected)
    by_key = {adapter.key: adapter for adapter in adapters}
    below: dict[str, list[str] | None] = {**_team_members(client, adapters), **_switch_members(client)}
    order: list[Adapter] = []
    seen = set[str]()

    def add(adapter: Adapter) -> None:
        if adapter.key in seen:
            return
        seen.add(adapter.key)
        keys = below.get(adapter.key, [])
        if keys is None:
            raise ServerError(
                f"the virtual switch of {adapter.name} could not be found",
                advice="set underlying to false, and name the adapters below it, too",
            )
        for lower in (by_key[key] for key in keys if key in by_key):
            if lower.present and not lower.hidden:
                add(lower)
        order.append(adapter)

    for adapter in selected:
        add(adapter)
    return order


def guid_in(text: str | None) -> str:
    """The GUID in a text, in lower case; empty if there is none."""
    found = _GUID.search(text or "")
    return found.group().casefold() if found else ""


def _team_members(client: Client, adapters: t.Sequence[Adapter]) -> dict[str, list[str]]:
    """The keys of the members of each LBFO team, by the key of each adapter of the team."""
    by_name = {adapter.name.casefold(): adapter.key for adapter in adapters if not adapter.hidden}
    known = {adapter.key for adapter in adapters}

    def key_of(item: Instance) -> str:
        guid = guid_in(item.text("InstanceID"))
        return guid if guid in known else by_name.get((item.text("Name") or "").casefold(), "")

    nics = _read_team_class(client, "MSFT_NetLbfoTeamNic", "the teams")
    members = _read_team_class(client, "MSFT_NetLbfoTeamMember", "the team members") if nics else []
    return {
        key_of(nic): [
            key_of(member)
            for member in members
            if (member.text("Team") or "").casefold() == (nic.text("Team") or "").casefold()
        ]
        for nic in nics
    }


def _switch_members(client: Client) -> dict[str, list[str] | None]:
    """The GUIDs of the adapters of the virtual switch, by the GUID of each virtual adapter of the host.

    C(None) if the switch is not known. The id of a connection contains the switch, C(Microsoft:<switch>\\<port>). An
    external connection has the adapter in its HostResource. A connection of the host has the MAC address and the name
    of the internal port, whose device id is the GUID of the virtual adapter. Teams and cards can have the same MAC
    address.
    """
    name = "Msvm_EthernetPortAllocationSettingData"
    connections = _read_switch_class(client, name, "the ports of the virtual switches")
    if not connections:
        return {}
    internal = _read_switch_class(client, "Msvm_InternalEthernetPort", "the virtual adapters of the host")
    external: dict[str, list[str]] = {}
    switches: dict[str, set[str]] = {guid_in(port.text("DeviceID")): set() for port in internal}
    for connection in connections:
        switch, resources = guid_in(connection.text("InstanceID")), connection.array("HostResource") or ()
        below = [guid_in(path) for path in resources if "Msvm_ExternalEthernetPort" in path]
        if below:
            external.setdefault(switch, []).extend(below)
        elif not any("Msvm_VirtualEthernetSwitch" in path for path in resources):  # those of virtual machines
            for port in _ports_of(connection, internal):
                switches[guid_in(port.text("DeviceID"))].add(switch)
    return {
        guid: [below for switch in sorted(found) for below in external.get(switch, ())] if found else None
        for guid, found in switches.items()
    }


def _ports_of(connection: Instance, internal: t.Sequence[Instance]) -> list[Instance]:
    """The internal ports of a connection: those with its MAC address, or if these are several or none, its name."""
    mac, name = _hex_digits(connection.text("Address")), connection.text("ElementName")
    same_mac = [port for port in internal if mac and _hex_digits(port.text("PermanentAddress")) == mac]
    if len(same_mac) == 1:
        return same_mac
    return [port for port in same_mac or internal if port.text("ElementName") == name] or same_mac


def _read_team_class(client: Client, name: str, what: str) -> list[Instance]:
    """Read the instances of a class of LBFO teams; none if the edition of Windows has no such teams."""
    try:
        return client.query(NAMESPACE, f"SELECT * FROM {name}", operation=f"reading {what}")  # noqa: S608 (constants)
    except NotFound as exc:
        if exc.missing is Missing.INSTANCE:
            raise
        return []


def _read_switch_class(client: Client, name: str, what: str) -> list[Instance]:
    """Read the instances of a class of virtual switches; none if the host has no Hyper-V."""
    try:
        return client.query(_VIRTUALIZATION, f"SELECT * FROM {name}", operation=f"reading {what}")  # noqa: S608 (constants)
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


def _address(text: str | None) -> str:
    """An IP address as Python writes it; Windows adds the zone to link-local IPv6 addresses."""
    try:
        return str(ipaddress.ip_address((text or "").partition("%")[0]))
    except ValueError:
        return text or ""


def _hex_digits(mac: str | None) -> str:
    return re.sub(r"[^0-9a-f]", "", (mac or "").casefold())
