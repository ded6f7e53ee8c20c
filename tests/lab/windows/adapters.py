# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The initial WMI instances of the network adapters of a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import registry
from .adapter_state import ADVANCED, STANDARD, STATE, UP, display_values, state, update_instances
from .repository import Instance

if TYPE_CHECKING:
    from ..estate import Host
    from ..wire.values import Value
    from .network_layout import Adapter
    from .repository import Repository

_CIMV2 = "root/cimv2"


def _mac(adapter: Adapter, separator: str) -> str:
    return separator.join(adapter.mac[at : at + 2] for at in range(0, 12, 2))


def interface_index(adapter: Adapter) -> int:
    """The interface index of an adapter."""
    return adapter.index * 3 + 4


def _id(adapter: Adapter, part: str) -> str:
    return f"{{{adapter.guid}}}::{part}"


def device_id(adapter: Adapter) -> str:
    """The PnP device ID of an adapter."""
    bus = adapter.driver.component.upper()
    return rf"{bus if bus.startswith('PCI') else 'ROOT' + chr(92) + bus}\{adapter.guid[:8]}&0&{adapter.index:04}"


def is_bound(host: Host, adapter: Adapter) -> bool:
    """Whether an adapter is a member of a team or a virtual switch."""
    teams = [name for item in host.adapters if item.kind == "team" for name in item.members]
    return adapter.name in teams or any(adapter.name in item.members for item in host.switches)


def _advanced(repository: Repository, host: Host, adapter: Adapter) -> None:
    for keyword in adapter.driver.keywords.values():
        current = adapter.values.get(keyword.name, keyword.default)
        numbers: dict[str, Value] = {}
        if keyword.is_numeric:
            numbers = {
                "NumericParameterBaseValue": "10",
                "NumericParameterMinValue": str(keyword.low),
                "NumericParameterMaxValue": str(keyword.high),
                "NumericParameterStepValue": str(keyword.step),
            }
        values: dict[str, Value] = {}
        if keyword.kind == "enum":
            values = {
                "ValidRegistryValues": list(keyword.choices),
                "ValidDisplayValues": list(keyword.choices.values()),
            }
        repository.add(
            STANDARD,
            ADVANCED,
            {
                "InstanceID": _id(adapter, keyword.name),
                "Caption": "MSFT_NetAdapterAdvancedPropertySettingData",
                "ElementName": keyword.text,
                "Name": adapter.name,
                "InterfaceDescription": adapter.description,
                "SystemName": host.name,
                "Source": 3,
                "RegistryKeyword": keyword.name,
                "RegistryDataType": 1,
                "DisplayName": keyword.text,
                "DisplayParameterType": registry.display_type(keyword),
                "DefaultRegistryValue": keyword.default,
                "DefaultDisplayValue": keyword.display_value(keyword.default),
                "Optional": keyword.optional,
                **display_values(keyword, current),
                **numbers,
                **values,
            },
        )


def _bindings(repository: Repository, host: Host, adapter: Adapter) -> None:
    teamed = any(item.kind == "team" and adapter.name in item.members for item in host.adapters)
    switched = any(adapter.name in item.members for item in host.switches)
    protocols = {
        "ms_tcpip": ("Internet Protocol Version 4 (TCP/IPv4)", not teamed and not switched),
        "ms_tcpip6": ("Internet Protocol Version 6 (TCP/IPv6)", not teamed and not switched),
        "ms_implat": ("Microsoft Network Adapter Multiplexor Protocol", teamed),
        "vms_pp": ("Hyper-V Extensible Virtual Switch", switched),
    }
    for component, (text, enabled) in protocols.items():
        repository.add(
            STANDARD,
            "MSFT_NetAdapterBindingSettingData",
            {
                "InstanceID": _id(adapter, component),
                "Name": adapter.name,
                "InterfaceDescription": adapter.description,
                "SystemName": host.name,
                "ComponentID": component,
                "DisplayName": text,
                "ElementName": text,
                "Enabled": enabled,
            },
        )


def _rdma(repository: Repository, host: Host, adapter: Adapter) -> None:
    if adapter.rdma is not None:
        repository.add(
            STANDARD,
            "MSFT_NetAdapterRdmaSettingData",
            {
                "InstanceID": _id(adapter, "Rdma"),
                "Name": adapter.name,
                "InterfaceDescription": adapter.description,
                "SystemName": host.name,
                "Enabled": adapter.rdma,
            },
        )


def _ip(repository: Repository, host: Host, adapter: Adapter) -> None:
    index = interface_index(adapter)
    common: dict[str, Value] = {
        "SystemCreationClassName": "",
        "SystemName": "",
        "InterfaceAlias": adapter.name,
        "InterfaceIndex": index,
        "AddressFamily": 2,
        "Store": 1,
    }
    repository.add(
        STANDARD,
        "MSFT_NetIPInterface",
        {
            **common,
            "CreationClassName": "",
            "Name": f"?{index}@55?55;",
            "InterfaceMetric": 25,
            "AutomaticMetric": 1,
            "Dhcp": 0,
            "ConnectionState": 1,
            "CompartmentId": 1,
            "Forwarding": 2,
            "WeakHostReceive": 2,
            "WeakHostSend": 2,
        },
    )
    if adapter.address:
        repository.add(
            STANDARD,
            "MSFT_NetIPAddress",
            {
                **common,
                "CreationClassName": "",
                "Name": f";C?8;@B8?8;{index}",
                "IPAddress": adapter.address,
                "IPv4Address": adapter.address,
                "PrefixLength": adapter.prefix,
                "PrefixOrigin": 1,
                "SuffixOrigin": 1,
                "AddressState": 4,
                "Type": 1,
                "SkipAsSource": False,
            },
        )


def _net_adapter(repository: Repository, host: Host, adapter: Adapter) -> None:
    driver, index, physical = adapter.driver, interface_index(adapter), adapter.kind == "physical"
    repository.add(
        STANDARD,
        "MSFT_NetAdapter",
        {
            "CreationClassName": "MSFT_NetAdapter",
            "DeviceID": f"{{{adapter.guid}}}",
            "SystemCreationClassName": "CIM_NetworkPort",
            "SystemName": host.name,
            "Name": adapter.name,
            "InterfaceName": f"ethernet_{32768 + adapter.index}",
            "InterfaceDescription": adapter.description,
            "InterfaceGuid": f"{{{adapter.guid}}}",
            "InterfaceIndex": index,
            "InterfaceType": 6,
            "DeviceName": rf"\Device\{{{adapter.guid}}}",
            "PnPDeviceID": device_id(adapter),
            "ComponentID": driver.component.lower(),
            "DriverDescription": driver.description,
            "DriverProvider": driver.provider,
            "DriverVersionString": "4.1.219.0",
            "DriverDate": "2021-09-14",
            "DriverMajorNdisVersion": 6,
            "DriverMinorNdisVersion": 60,
            "PermanentAddress": adapter.mac,
            "NetworkAddresses": [adapter.mac],
            "HardwareInterface": physical,
            "ConnectorPresent": physical,
            "Virtual": not physical,
            "EndPointInterface": False,
            "Hidden": False,
            "IMFilter": False,
            "NotUserRemovable": False,
            "iSCSIInterface": False,
            "AdminLocked": False,
            "PromiscuousMode": is_bound(host, adapter),
            "NdisMedium": 0,
            "NdisPhysicalMedium": 14,
            "NetLuidIndex": 32768 + adapter.index,
            "MediaDuplexState": 2,
            "FullDuplex": True,
            "PortNumber": 0,
            "VlanID": 0,
        },
    )


def _cimv2(repository: Repository, host: Host, adapter: Adapter) -> None:
    index = adapter.index
    repository.add(
        _CIMV2,
        "Win32_NetworkAdapter",
        {
            "DeviceID": str(index),
            "Index": index,
            "InterfaceIndex": interface_index(adapter),
            "CreationClassName": "Win32_NetworkAdapter",
            "SystemCreationClassName": "Win32_ComputerSystem",
            "SystemName": host.name.upper(),
            "GUID": f"{{{adapter.guid}}}",
            "NetConnectionID": adapter.name,
            "Name": adapter.description,
            "Description": adapter.driver.description,
            "ProductName": adapter.driver.description,
            "Caption": f"[{index:08}] {adapter.driver.description}",
            "Manufacturer": adapter.driver.provider,
            "MACAddress": _mac(adapter, ":"),
            "AdapterType": "Ethernet 802.3",
            "AdapterTypeId": 0,
            "PhysicalAdapter": adapter.kind == "physical",
            "PNPDeviceID": device_id(adapter),
            "ServiceName": adapter.driver.provider.lower(),
            "Installed": True,
        },
    )
    repository.add(
        _CIMV2,
        "Win32_NetworkAdapterConfiguration",
        {
            "Index": index,
            "InterfaceIndex": interface_index(adapter),
            "Caption": f"[{index:08}] {adapter.driver.description}",
            "Description": adapter.description,
            "SettingID": f"{{{adapter.guid}}}",
            "MACAddress": _mac(adapter, ":"),
            "DNSHostName": host.name,
            "DHCPEnabled": False,
            "IPEnabled": bool(adapter.address),
            "IPAddress": [adapter.address] if adapter.address else None,
            "IPSubnet": [_mask(adapter.prefix)] if adapter.address else None,
        },
    )


def _mask(prefix: int) -> str:
    bits = (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF
    return ".".join(str(bits >> shift & 255) for shift in (24, 16, 8, 0))


def fill(repository: Repository, host: Host) -> None:
    """Add all initial instances of the adapters."""
    registry.fill(repository, host.adapters)
    for adapter in host.adapters:
        _net_adapter(repository, host, adapter)
        _advanced(repository, host, adapter)
        _bindings(repository, host, adapter)
        _rdma(repository, host, adapter)
        if not is_bound(host, adapter):
            _ip(repository, host, adapter)
        _cimv2(repository, host, adapter)
        member_mtu = [state(repository, name)[1] for name in adapter.members if adapter.kind == "team"]
        mtu = min(member_mtu, default=adapter.driver.mtu(adapter.values))
        repository.place(Instance(STATE, {"Name": adapter.name, "MtuSize": mtu, "Status": UP}))
    for adapter in host.adapters:
        update_instances(repository, adapter, connected=adapter.link)
