# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network adapters, what lies under them, and their advanced properties, from Windows Server 2012 on.

Private to this collection. Sources: the NetAdapter, NetLbfo and NetSwitchTeam classes of C(root/StandardCimv2), and the
switch classes of C(root/virtualization/v2).
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._wsman.envelope import quoted
from .._wsman.errors import Fault, NotFound
from .advanced_property import Offer

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance, Reference
    from .._wsman.client import Client
    from .registry import RegistryValue

NAMESPACE = "root/standardcimv2"
_VIRTUALIZATION = "root/virtualization/v2"
_GUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_ENUM = 5  # DisplayParameterType


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A network adapter; C(mtu) is the one in effect, C(guid) in lower case without braces, C(speed) in bit/s."""

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
class Property:
    """An advanced property of an adapter: what the driver offers, and where to write it.

    That is a WMI instance, or before Windows Server 2012 a value in the registry.
    """

    offer: Offer
    place: Reference | RegistryValue


def read_adapters(client: Client) -> list[Adapter]:
    """All adapters of the host by name. Raises C(NotFound) on Windows Server 2008 R2, which has no such classes."""
    found = client.query(NAMESPACE, "SELECT * FROM MSFT_NetAdapter", operation="reading the network adapters")
    adapters = (
        Adapter(
            name=item.text("Name") or "",
            description=item.text("InterfaceDescription") or "",
            guid=guid_in(item.text("InterfaceGuid") or item.text("DeviceID")),
            index=item.integer("InterfaceIndex") or 0,
            mac=_plain(item.text("PermanentAddress")),
            mtu=item.integer("MtuSize"),
            speed=item.integer("Speed"),
            hardware=bool(item.boolean("HardwareInterface")),
            reference=item.reference,
        )
        for item in found
    )
    return sorted(adapters, key=lambda adapter: adapter.name.casefold())


def read_properties(client: Client, keywords: t.Iterable[str]) -> dict[str, dict[str, Property]]:
    """The advanced properties with these registry keywords, by the adapter's name and the keyword."""
    where = " OR ".join(f"RegistryKeyword={quoted(keyword)}" for keyword in keywords)
    wql = f"SELECT * FROM MSFT_NetAdapterAdvancedPropertySettingData WHERE {where}"  # noqa: S608 (quoted)
    found = client.query(NAMESPACE, wql, operation="reading the advanced properties of the network adapters")
    properties: dict[str, dict[str, Property]] = {}
    for item in found:
        if item.reference is not None:
            offer = _offer(item)
            properties.setdefault(item.text("Name") or "", {})[offer.keyword] = Property(offer, item.reference)
    return properties


def read_carriers(client: Client, adapters: t.Sequence[Adapter]) -> set[str]:
    """Names of the adapters that carry our own connection: the one with the address, and those under it."""
    wql = "SELECT IPAddress, InterfaceIndex FROM MSFT_NetIPAddress"
    found = client.query(NAMESPACE, wql, operation="reading the addresses of the network adapters")
    ours = client.addresses()
    indices = {item.integer("InterfaceIndex") for item in found if item.text("IPAddress") in ours}
    top = [adapter for adapter in adapters if adapter.index in indices]
    return {adapter.name for adapter in with_underlying(client, top, adapters)}


def with_underlying(client: Client, chosen: t.Sequence[Adapter], adapters: t.Sequence[Adapter]) -> list[Adapter]:
    """The chosen adapters and those behind their teams and virtual switches, the lowest first."""
    if all(adapter.hardware for adapter in chosen):
        return list(chosen)
    below = _team_members(client, adapters) | _switch_ports(client, adapters)
    order: list[Adapter] = []

    def add(adapter: Adapter) -> None:
        for lower in below.get(adapter.name, []):
            add(lower)
        if adapter not in order:
            order.append(adapter)

    for adapter in chosen:
        add(adapter)
    return order


def guid_in(text: str | None) -> str:
    """The GUID in a text, in lower case; empty when there is none."""
    found = _GUID.search(text or "")
    return found.group().casefold() if found else ""


def _team_members(client: Client, adapters: t.Sequence[Adapter]) -> dict[str, list[Adapter]]:
    """The members of each LBFO team by the name of the team's adapter."""
    by_name = {adapter.name: adapter for adapter in adapters}
    nics = _optional(client, NAMESPACE, "MSFT_NetLbfoTeamNic", "the teams")
    members = _optional(client, NAMESPACE, "MSFT_NetLbfoTeamMember", "the team members") if nics else []
    return {
        nic.text("Name") or "": [
            by_name[member.text("Name") or ""]
            for member in members
            if member.text("Team") == nic.text("Team") and member.text("Name") in by_name
        ]
        for nic in nics
    }


def _switch_ports(client: Client, adapters: t.Sequence[Adapter]) -> dict[str, list[Adapter]]:
    """The adapters behind each virtual switch, by the name of each virtual adapter of the host on it.

    A port's settings name the switch in their id, C(Microsoft:<switch>\\<port>); an outside port names the adapter in
    its host resource, the host's own port carries the virtual adapter's MAC address.
    """
    by_guid = {adapter.guid: adapter for adapter in adapters}
    by_mac = {adapter.mac: adapter for adapter in adapters if not adapter.hardware and adapter.mac}
    outside: dict[str, list[Adapter]] = {}
    inside: dict[str, list[Adapter]] = {}
    name = "Msvm_EthernetPortAllocationSettingData"
    for port in _optional(client, _VIRTUALIZATION, name, "the ports of the virtual switches"):
        switch = guid_in(port.text("InstanceID"))
        resources = port.array("HostResource") or ()
        external = [path for path in resources if "Msvm_ExternalEthernetPort" in path]
        outside.setdefault(switch, []).extend(by_guid[guid_in(path)] for path in external if guid_in(path) in by_guid)
        own = by_mac.get(_plain(port.text("Address")))
        if not external and own is not None:
            inside.setdefault(switch, []).append(own)
    return {adapter.name: outside.get(switch, []) for switch, found in inside.items() for adapter in found}


def _optional(client: Client, namespace: str, class_name: str, what: str) -> list[Instance]:
    """Instances of a class that a host may lack, because it has no teams or no Hyper-V."""
    try:
        return client.query(namespace, f"SELECT * FROM {class_name}", operation=f"reading {what}")  # noqa: S608 (constants)
    except NotFound:
        return []
    except Fault as exc:
        if exc.subcode == "CannotProcessFilter":
            return []
        raise


def _offer(item: Instance) -> Offer:
    values, texts = item.array("ValidRegistryValues") or (), item.array("ValidDisplayValues") or ()
    is_list = item.integer("DisplayParameterType") == _ENUM or (values and not item.text("NumericParameterMaxValue"))
    return Offer(
        keyword=item.text("RegistryKeyword") or "",
        value=next(iter(item.array("RegistryValue") or ()), ""),
        choices=tuple(zip(values, texts or values, strict=False)) if is_list else (),
        lowest=_integer(item.text("NumericParameterMinValue")),
        highest=_integer(item.text("NumericParameterMaxValue")),
        step=_integer(item.text("NumericParameterStepValue")) or 1,
        default=item.text("DefaultRegistryValue") or "",
    )


def _integer(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdigit() else None


def _plain(mac: str | None) -> str:
    return re.sub(r"[^0-9a-f]", "", (mac or "").casefold())
