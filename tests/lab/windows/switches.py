# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The initial instances of teams and virtual switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..identity import identity
from .adapter_state import STANDARD

if TYPE_CHECKING:
    from ..estate import Host
    from ..wire.values import Value
    from .network_layout import Adapter, Switch
    from .repository import Repository

_HYPERV = "root/virtualization/v2"
_ETHERNET_CONNECTION = 33
_SWITCH_INDEPENDENT, _DYNAMIC = 1, 5
_ENABLED = 2


def _path(host: Host, cls: str, **keys: str) -> str:
    key_text = ",".join(f'{name}="{value}"' for name, value in keys.items())
    return rf"\\{host.name.upper()}\root\virtualization\v2:{cls}.{key_text}"


def _team(repository: Repository, host: Host, team: Adapter) -> None:
    repository.add(
        STANDARD,
        "MSFT_NetLbfoTeam",
        {
            "InstanceID": f"{{{identity(host.name, team.name, 'team').upper()}}}",
            "Name": team.name,
            "Caption": team.name,
            "TeamingMode": _SWITCH_INDEPENDENT,
            "LoadBalancingAlgorithm": _DYNAMIC,
            "LacpTimer": 0,
            "Status": 0,
        },
    )
    repository.add(
        STANDARD,
        "MSFT_NetLbfoTeamNic",
        {
            "InstanceID": f"{{{team.guid}}}",
            "Name": team.name,
            "InterfaceDescription": team.description,
            "Team": team.name,
            "Primary": True,
            "Default": True,
            "VlanID": None,
            "ReceiveLinkSpeed": team.speed,
            "TransmitLinkSpeed": team.speed,
        },
    )
    for name in team.members:
        member = host.adapter(name)
        repository.add(
            STANDARD,
            "MSFT_NetLbfoTeamMember",
            {
                "InstanceID": f"{{{member.guid}}}",
                "Name": member.name,
                "InterfaceDescription": member.description,
                "Team": team.name,
                "AdministrativeMode": 0,
                "OperationalMode": 0,
                "FailureReason": 0,
                "ReceiveLinkSpeed": member.speed,
                "TransmitLinkSpeed": member.speed,
            },
        )


def _embedded_team(repository: Repository, host: Host, switch: Switch) -> None:
    repository.add(
        STANDARD,
        "MSFT_NetSwitchTeam",
        {"InstanceID": f"{{{switch.guid}}}", "Name": switch.name, "Caption": switch.name},
    )
    for name in switch.members:
        member = host.adapter(name)
        repository.add(
            STANDARD,
            "MSFT_NetSwitchTeamMember",
            {
                "InstanceID": f"{{{member.guid}}}",
                "Name": member.name,
                "InterfaceDescription": member.description,
                "Team": switch.name,
                "FailureReason": 0,
                "ReceiveLinkSpeed": member.speed,
                "TransmitLinkSpeed": member.speed,
            },
        )


def _port_keys(host: Host, cls: str, guid: str) -> dict[str, str]:
    return {
        "CreationClassName": cls,
        "DeviceID": f"Microsoft:{{{guid}}}",
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": host.name.upper(),
    }


def _port(repository: Repository, host: Host, cls: str, adapter: Adapter, name: str, **values: Value) -> None:
    repository.add(
        _HYPERV,
        cls,
        {
            **_port_keys(host, cls, adapter.guid),
            "ElementName": name,
            "Name": f"{{{adapter.guid}}}",
            "PermanentAddress": adapter.mac,
            "Speed": adapter.speed,
            "MaxSpeed": adapter.speed,
            "EnabledState": _ENABLED,
            "OperationalStatus": [2],
            "HealthState": 5,
            **values,
        },
    )


def _connection(repository: Repository, host: Host, switch: Switch, name: str, **values: Value) -> None:
    port = identity(host.name, switch.name, name, "port").upper()
    repository.add(
        _HYPERV,
        "Msvm_EthernetPortAllocationSettingData",
        {
            "InstanceID": rf"Microsoft:{switch.guid}\{port}",
            "ElementName": name,
            "Caption": "Ethernet Switch Port Settings",
            "ResourceType": _ETHERNET_CONNECTION,
            "ResourceSubType": "Microsoft:Hyper-V:Ethernet Connection",
            "EnabledState": _ENABLED,
            "AutomaticAllocation": True,
            "LastKnownSwitchName": switch.name,
            **values,
        },
    )


def _switch(repository: Repository, host: Host, switch: Switch) -> None:
    repository.add(
        _HYPERV,
        "Msvm_VirtualEthernetSwitch",
        {
            "CreationClassName": "Msvm_VirtualEthernetSwitch",
            "Name": switch.guid,
            "ElementName": switch.name,
            "Caption": "Virtual Switch",
            "EnabledState": _ENABLED,
            "HealthState": 5,
            "OperationalStatus": [2],
        },
    )
    members = [host.adapter(name) for name in switch.members]
    cls = "Msvm_ExternalEthernetPort"
    adapter_paths: list[Value] = [_path(host, cls, **_port_keys(host, cls, item.guid)) for item in members]
    _connection(repository, host, switch, f"{switch.name}_External", HostResource=adapter_paths)
    computer = _path(host, "Msvm_ComputerSystem", CreationClassName="Msvm_ComputerSystem", Name=host.name.upper())
    for name in switch.vnics:
        vnic = host.adapter(f"vEthernet ({name})")
        _port(repository, host, "Msvm_InternalEthernetPort", vnic, name)
        _connection(repository, host, switch, name, HostResource=[computer], Address=vnic.mac)


def fill(repository: Repository, host: Host) -> None:
    """Add the teams and virtual switches of a host."""
    for adapter in host.adapters:
        if adapter.kind == "team":
            _team(repository, host, adapter)
    for switch in host.switches:
        if switch.embedded:
            _embedded_team(repository, host, switch)
        _switch(repository, host, switch)
    if not host.switches:
        return
    used = {name for switch in host.switches for name in switch.members}
    for adapter in host.adapters:
        if adapter.kind != "vnic":
            cls = "Msvm_ExternalEthernetPort"
            _port(repository, host, cls, adapter, adapter.description, IsBound=adapter.name in used)
