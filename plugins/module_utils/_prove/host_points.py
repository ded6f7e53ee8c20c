# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection assumes about every Windows host. Private to this collection; data."""

from __future__ import annotations

from . import host_checks as checks
from .point import ASSUMED, Check, Point, Rows, columns

_CIMV2, _NETWORK, _STORAGE = "root/cimv2", "root/standardcimv2", "root/microsoft/windows/storage"
_SERVICES = " OR ".join(f"Name='{name}'" for name in ("Winmgmt", "ClusSvc", "vmms", "NetworkATC"))
_WSMV = "MS-WSMV 3.1.4"

POINTS = (
    Point(
        id="windows.operating_system",
        assumes="Win32_OperatingSystem has build number, name and last start",
        source="Win32_OperatingSystem",
        look=Rows(_CIMV2, "Win32_OperatingSystem", columns("BuildNumber#; CSName; LastBootUpTime@"), some=True),
    ),
    Point(
        id="windows.computer_system",
        assumes="Win32_ComputerSystem has name, domain, manufacturer and model",
        source="Win32_ComputerSystem",
        look=Rows(
            _CIMV2,
            "Win32_ComputerSystem",
            columns("Name; Domain; PartOfDomain?; Manufacturer; Model"),
            some=True,
        ),
    ),
    Point(
        id="windows.processors",
        assumes="Win32_Processor has the numbers of cores and logical processors",
        source="Win32_Processor",
        look=Rows(_CIMV2, "Win32_Processor", columns("NumberOfCores#; NumberOfLogicalProcessors#"), some=True),
    ),
    Point(
        id="windows.services",
        assumes="Win32_Service has start mode and state, and Winmgmt is always there",
        source="Win32_Service",
        look=Rows(_CIMV2, "Win32_Service", columns("Name; StartMode; State"), f" WHERE {_SERVICES}", some=True),
    ),
    Point(
        id="windows.hotfixes",
        assumes="Win32_QuickFixEngineering lists the updates",
        source="Win32_QuickFixEngineering",
        look=Rows(_CIMV2, "Win32_QuickFixEngineering", columns("HotFixID; InstalledOn")),
    ),
    Point(
        id="windows.hotfix_dates",
        assumes="The date of an update is month/day/year, yearmonthday, or a FILETIME in hexadecimal digits",
        source="messages that others captured",
        basis=ASSUMED,
        look=Check(checks.hotfix_dates, of=("windows.hotfixes",)),
    ),
    Point(
        id="windows.older_adapters",
        assumes="Win32_NetworkAdapter has the adapters with their GUID and link",
        source="Win32_NetworkAdapter",
        until="2008 R2",
        look=Rows(
            _CIMV2,
            "Win32_NetworkAdapter",
            columns("NetConnectionID; Name; GUID; Index#; Speed#; NetConnectionStatus#; ServiceName"),
            " WHERE NetConnectionID IS NOT NULL",
        ),
    ),
    Point(
        id="windows.adapters",
        assumes="MSFT_NetAdapter has the adapters with MTU, speed, link and driver",
        source="MSFT_NetAdapter",
        since="2012",
        look=Rows(
            _NETWORK,
            "MSFT_NetAdapter",
            columns(
                "DeviceID; Name; InterfaceDescription; InterfaceGuid; InterfaceIndex#; MtuSize#; Speed#; "
                "HardwareInterface?; Hidden?; InterfaceOperationalStatus#; InterfaceAdminStatus#; MediaConnectState#; "
                "DriverDescription; DriverProvider; DriverVersionString"
            ),
        ),
    ),
    Point(
        id="windows.adapter_guids",
        assumes="An adapter has a GUID, and the ids of its advanced properties contain it",
        source="MSFT_NetAdapterAdvancedPropertySettingData",
        since="2012",
        look=Check(checks.adapter_guids, of=("windows.adapters", "windows.advanced_properties")),
    ),
    Point(
        id="windows.advanced_properties",
        assumes="MSFT_NetAdapterAdvancedPropertySettingData has the values and the limits of the driver",
        source="MSFT_NetAdapterAdvancedPropertySettingData",
        since="2012",
        look=Rows(
            _NETWORK,
            "MSFT_NetAdapterAdvancedPropertySettingData",
            columns(
                "InstanceID; Name; RegistryKeyword; RegistryValue*; ValidRegistryValues*; ValidDisplayValues*; "
                "DisplayParameterType#; NumericParameterMinValue; NumericParameterMaxValue; NumericParameterStepValue; "
                "DefaultRegistryValue"
            ),
            " WHERE RegistryKeyword='*JumboPacket' OR RegistryKeyword='*ReceiveBuffers'",
        ),
    ),
    Point(
        id="windows.ip_addresses",
        assumes="MSFT_NetIPAddress has the addresses with the index of the adapter",
        source="MSFT_NetIPAddress",
        since="2012",
        look=Rows(_NETWORK, "MSFT_NetIPAddress", columns("IPAddress; InterfaceIndex#")),
    ),
    Point(
        id="windows.teams",
        assumes="MSFT_NetLbfoTeamNic has the adapters of teams",
        source="MSFT_NetLbfoTeamNic",
        since="2012",
        look=Rows(_NETWORK, "MSFT_NetLbfoTeamNic", columns("InstanceID; Name; Team")),
    ),
    Point(
        id="windows.team_members",
        assumes="MSFT_NetLbfoTeamMember has the members of teams",
        source="MSFT_NetLbfoTeamMember",
        since="2012",
        look=Rows(_NETWORK, "MSFT_NetLbfoTeamMember", columns("InstanceID; Name; Team")),
    ),
    Point(
        id="windows.team_ids",
        assumes="The id of a team and of a member is the GUID of its adapter",
        source="samples of Microsoft",
        basis=ASSUMED,
        since="2012",
        look=Check(checks.team_ids, of=("windows.adapters", "windows.teams", "windows.team_members")),
    ),
    Point(
        id="windows.rdma",
        assumes="MSFT_NetAdapterRdmaSettingData shows which adapters have RDMA",
        source="MSFT_NetAdapterRdmaSettingData",
        since="2012",
        look=Rows(_NETWORK, "MSFT_NetAdapterRdmaSettingData", columns("Name; Enabled?")),
    ),
    Point(
        id="windows.disks",
        assumes="MSFT_Disk has the bus of each disk",
        source="MSFT_Disk",
        since="2012",
        look=Rows(_STORAGE, "MSFT_Disk", columns("BusType#; Number#")),
    ),
    Point(
        id="windows.virtual_disks",
        assumes="MSFT_VirtualDisk has the health of the virtual disks of the cluster",
        source="MSFT_VirtualDisk",
        since="2012",
        look=Rows(_STORAGE, "MSFT_VirtualDisk", columns("FriendlyName; HealthStatus#; OperationalStatus*")),
    ),
    Point(
        id="windows.storage_jobs",
        assumes="MSFT_StorageJob has the storage jobs of the cluster",
        source="MSFT_StorageJob",
        since="2012",
        look=Rows(_STORAGE, "MSFT_StorageJob", columns("Name; JobState#; PercentComplete#")),
    ),
    Point(
        id="windows.echo",
        assumes="Win32_PingStatus sends an echo request and returns the code 0 for a reply",
        source="Win32_PingStatus",
        look=Check(checks.echo),
    ),
    Point(
        id="windows.echo_several",
        assumes="One query of Win32_PingStatus sends echo requests to several addresses",
        source="published scripts",
        basis=ASSUMED,
        look=Check(checks.echo_several),
    ),
    Point(
        id="windows.registry_value",
        assumes="StdRegProv returns a string of the registry",
        source="StdRegProv",
        look=Check(checks.registry_value),
    ),
    Point(
        id="windows.registry_missing",
        assumes="StdRegProv returns the code 1 or 2 for a value that is not there",
        source="StdRegProv",
        look=Check(checks.registry_missing),
    ),
    Point(
        id="windows.registry_names",
        assumes="StdRegProv lists the subkeys and the values of a key",
        source="StdRegProv",
        look=Check(checks.registry_names),
    ),
    Point(
        id="windows.system_log",
        assumes="Win32_NTLogEvent has the entries of the System log",
        source="Win32_NTLogEvent",
        look=Check(checks.system_log, of=("windows.operating_system",)),
    ),
    Point(
        id="windows.older_entry",
        assumes="The query for one older entry of the System log ends at the first one, and is fast",
        source="Win32_NTLogEvent",
        basis=ASSUMED,
        look=Check(checks.older_entry),
    ),
    Point(
        id="windows.system_channel",
        assumes="The event plug-in of WinRM returns the same events of the System log as WMI",
        source="MS-WSMV; responses of one host of 2013",
        basis=ASSUMED,
        look=Check(checks.system_channel),
    ),
    Point(
        id="windows.missing_channel",
        assumes="A subscription to an event channel that is not there is a fault",
        source="MS-WSMV",
        basis=ASSUMED,
        look=Check(checks.missing_channel),
    ),
    Point(
        id="windows.references",
        assumes="A query of single columns with the key returns the reference of each instance",
        source=_WSMV,
        basis=ASSUMED,
        look=Check(checks.references, of=("windows.computer_system",)),
    ),
    Point(
        id="windows.missing_class",
        assumes="A query of a class that is not there gives a fault that means it",
        source=f"{_WSMV}; a message of 2008 R2",
        basis=ASSUMED,
        look=Check(checks.missing_class),
    ),
    Point(
        id="windows.missing_namespace",
        assumes="A query in a namespace that is not there gives a fault that means it",
        source=_WSMV,
        basis=ASSUMED,
        look=Check(checks.missing_namespace),
    ),
    Point(
        id="windows.missing_instance",
        assumes="Get of an instance that is not there gives a fault that means it",
        source=_WSMV,
        basis=ASSUMED,
        look=Check(checks.missing_instance),
    ),
    Point(
        id="windows.missing_column",
        assumes="A query of a column that is not there gives a fault that does not mean a missing class",
        source=_WSMV,
        basis=ASSUMED,
        look=Check(checks.missing_column),
    ),
    Point(
        id="windows.connections",
        assumes="Several connections of one account are served at the same time",
        source="Windows counts operations for each account",
        basis=ASSUMED,
        look=Check(checks.several_connections),
    ),
    Point(
        id="windows.guest",
        assumes="Data Exchange writes the virtual machine and its host into the registry of the guest",
        source="integration services",
        look=Check(checks.guest, of=("windows.computer_system",)),
    ),
)
