# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection assumes about Hyper-V. Private to this collection; data."""

from __future__ import annotations

from . import host_checks
from . import hyperv_checks as checks
from .point import ASSUMED, Check, Point, Rows, columns

_FIRST, _SECOND = "root/virtualization", "root/virtualization/v2"
_DISK, _DRIVE = "Microsoft:Hyper-V:Virtual Hard Disk", "Microsoft:Hyper-V:Physical Disk Drive"

POINTS = (
    Point(
        id="hyperv.machines",
        assumes="Msvm_ComputerSystem has the virtual machines with name, id and state",
        source="Msvm_ComputerSystem (HyperV_v2)",
        part="hyperv",
        since="2012",
        look=Rows(_SECOND, "Msvm_ComputerSystem", columns("ElementName; EnabledState#; Name"), some=True),
    ),
    Point(
        id="hyperv.machine_states",
        assumes="The numbers of EnabledState are those of the documentation",
        source="Msvm_ComputerSystem (HyperV_v2)",
        part="hyperv",
        since="2012",
        look=Check(checks.machine_states, of=("hyperv.machines",)),
    ),
    Point(
        id="hyperv.settings",
        assumes="Msvm_VirtualSystemSettingData has the settings and the checkpoints",
        source="Msvm_VirtualSystemSettingData",
        part="hyperv",
        since="2012",
        look=Rows(
            _SECOND,
            "Msvm_VirtualSystemSettingData",
            columns(
                "InstanceID; ElementName; AutomaticShutdownAction#; UserSnapshotType#>2016; "
                "AutomaticCriticalErrorAction#>2016; VirtualSystemIdentifier; VirtualSystemType"
            ),
        ),
    ),
    Point(
        id="hyperv.setting_values",
        assumes="Stop actions, checkpoint types and critical error actions have the numbers of the documentation",
        source="Msvm_VirtualSystemSettingData",
        part="hyperv",
        since="2012",
        look=Check(checks.setting_values, of=("hyperv.settings",)),
    ),
    Point(
        id="hyperv.setting_owners",
        assumes="VirtualSystemIdentifier of settings is the id of the virtual machine",
        source="Msvm_VirtualSystemSettingData",
        part="hyperv",
        since="2012",
        look=Check(checks.setting_owners, of=("hyperv.machines", "hyperv.settings")),
    ),
    Point(
        id="hyperv.memory",
        assumes="Msvm_MemorySettingData has the memory, and its id contains that of the virtual machine",
        source="Msvm_MemorySettingData",
        part="hyperv",
        since="2012",
        look=Rows(
            _SECOND,
            "Msvm_MemorySettingData",
            columns("InstanceID; DynamicMemoryEnabled?; VirtualQuantity#; Reservation#; Limit#"),
        ),
    ),
    Point(
        id="hyperv.processors",
        assumes="Msvm_ProcessorSettingData has the processors, and its id contains that of the virtual machine",
        source="Msvm_ProcessorSettingData",
        part="hyperv",
        since="2012",
        look=Rows(_SECOND, "Msvm_ProcessorSettingData", columns("InstanceID; VirtualQuantity#")),
    ),
    Point(
        id="hyperv.ids",
        assumes="The ids of memory and processors contain the id of the virtual machine",
        source="samples of Microsoft",
        basis=ASSUMED,
        part="hyperv",
        since="2012",
        look=Check(checks.ids, of=("hyperv.machines", "hyperv.memory", "hyperv.processors")),
    ),
    Point(
        id="hyperv.images",
        assumes="Msvm_StorageAllocationSettingData has the images of virtual hard disks",
        source="Msvm_StorageAllocationSettingData",
        part="hyperv",
        since="2012",
        look=Rows(
            _SECOND,
            "Msvm_StorageAllocationSettingData",
            columns("InstanceID; HostResource*"),
            f" WHERE ResourceSubType='{_DISK}'",
        ),
    ),
    Point(
        id="hyperv.image_paths",
        assumes="HostResource of a virtual hard disk is a path on a volume, on a shared volume or on SMB",
        source="Msvm_StorageAllocationSettingData",
        basis=ASSUMED,
        part="hyperv",
        since="2012",
        look=Check(checks.image_paths, of=("hyperv.images",)),
    ),
    Point(
        id="hyperv.drives",
        assumes="Msvm_ResourceAllocationSettingData has the disks of the host that a virtual machine uses",
        source="Msvm_ResourceAllocationSettingData",
        part="hyperv",
        since="2012",
        look=Rows(
            _SECOND,
            "Msvm_ResourceAllocationSettingData",
            columns("InstanceID; HostResource*"),
            f" WHERE ResourceSubType='{_DRIVE}'",
        ),
    ),
    Point(
        id="hyperv.disk_drives",
        assumes="Msvm_DiskDrive has the number of each disk of the host",
        source="Msvm_DiskDrive",
        part="hyperv",
        since="2012",
        look=Rows(_SECOND, "Msvm_DiskDrive", columns("DeviceID; DriveNumber#")),
    ),
    Point(
        id="hyperv.shutdown_components",
        assumes="Msvm_ShutdownComponent has the state of the integration service Operating system shutdown",
        source="Msvm_ShutdownComponent",
        part="hyperv",
        since="2012",
        look=Rows(_SECOND, "Msvm_ShutdownComponent", columns("EnabledState#; OperationalStatus*; SystemName")),
    ),
    Point(
        id="hyperv.live_migration",
        assumes="Msvm_VirtualSystemMigrationServiceSettingData has the settings of live migration",
        source="Msvm_VirtualSystemMigrationServiceSettingData",
        part="hyperv",
        since="2012",
        look=Rows(
            _SECOND,
            "Msvm_VirtualSystemMigrationServiceSettingData",
            columns(
                "AuthenticationType#; EnableVirtualSystemMigration?; MaximumActiveVirtualSystemMigration#; "
                "EnableSmbTransport?>2012 R2; EnableCompression?>2012 R2"
            ),
            some=True,
        ),
    ),
    Point(
        id="hyperv.management_service",
        assumes="Msvm_VirtualSystemManagementService has one instance with its reference",
        source="Msvm_VirtualSystemManagementService",
        part="hyperv",
        since="2012",
        look=Check(checks.management_service),
    ),
    Point(
        id="hyperv.connections",
        assumes="Msvm_EthernetPortAllocationSettingData has the ports of virtual switches",
        source="Msvm_EthernetPortAllocationSettingData",
        part="hyperv",
        since="2012",
        look=Rows(
            _SECOND,
            "Msvm_EthernetPortAllocationSettingData",
            columns("InstanceID; ElementName; Address; HostResource*"),
        ),
    ),
    Point(
        id="hyperv.connection_ids",
        assumes="The id of a connection contains the switch; HostResource names the port, the switch or the host",
        source="Msvm_ExternalEthernetPort, Msvm_VirtualEthernetSwitch",
        basis=ASSUMED,
        part="hyperv",
        since="2012",
        look=Check(checks.connection_ids, of=("hyperv.connections",)),
    ),
    Point(
        id="hyperv.internal_ports",
        assumes="Msvm_InternalEthernetPort has the virtual adapters of the host",
        source="Msvm_InternalEthernetPort",
        part="hyperv",
        since="2012",
        look=Rows(_SECOND, "Msvm_InternalEthernetPort", columns("DeviceID; ElementName; PermanentAddress")),
    ),
    Point(
        id="hyperv.internal_port_ids",
        assumes="The device id of Msvm_InternalEthernetPort contains the GUID of the virtual adapter",
        source="samples of Microsoft",
        basis=ASSUMED,
        part="hyperv",
        since="2012",
        look=Check(checks.internal_port_ids, of=("windows.adapters", "hyperv.internal_ports")),
    ),
    Point(
        id="hyperv.migrations_channel",
        assumes="NETWORK SERVICE may read the event channel of live migrations; the events name the virtual machine",
        source="published events",
        basis=ASSUMED,
        part="hyperv",
        since="2012",
        look=Check(host_checks.read_other_channel("live_migrations")),
    ),
    Point(
        id="hyperv.saved_channel",
        assumes="NETWORK SERVICE may read the event channel of saved virtual machines, and the events name them",
        source="published events",
        basis=ASSUMED,
        part="hyperv",
        since="2012",
        look=Check(host_checks.read_other_channel("saved_states")),
    ),
    Point(
        id="hyperv.first_machines",
        assumes="Msvm_ComputerSystem of 2008 R2 has the virtual machines",
        source="Msvm_ComputerSystem (Hyper-V WMI provider)",
        part="hyperv",
        until="2008 R2",
        look=Rows(_FIRST, "Msvm_ComputerSystem", columns("ElementName; EnabledState#; Name"), some=True),
    ),
    Point(
        id="hyperv.first_settings",
        assumes="Msvm_VirtualSystemGlobalSettingData of 2008 R2 has the automatic stop action",
        source="Msvm_VirtualSystemGlobalSettingData",
        part="hyperv",
        until="2008 R2",
        look=Rows(
            _FIRST,
            "Msvm_VirtualSystemGlobalSettingData",
            columns("AutomaticShutdownAction#; SystemName"),
        ),
    ),
    Point(
        id="hyperv.first_checkpoints",
        assumes="Msvm_VirtualSystemSettingData of 2008 R2 has the checkpoints",
        source="Msvm_VirtualSystemSettingData (Hyper-V WMI provider)",
        part="hyperv",
        until="2008 R2",
        look=Rows(
            _FIRST,
            "Msvm_VirtualSystemSettingData",
            columns("ElementName; SystemName"),
            " WHERE SettingType=5",
        ),
    ),
    Point(
        id="hyperv.first_memory",
        assumes="Msvm_MemorySettingData of 2008 R2 shows dynamic memory",
        source="Msvm_MemorySettingData (Hyper-V WMI provider)",
        part="hyperv",
        until="2008 R2",
        look=Rows(_FIRST, "Msvm_MemorySettingData", columns("DynamicMemoryEnabled?; InstanceID")),
    ),
    Point(
        id="hyperv.first_disks",
        assumes="Msvm_ResourceAllocationSettingData of 2008 R2 has the disks",
        source="Msvm_ResourceAllocationSettingData (Hyper-V WMI provider)",
        part="hyperv",
        until="2008 R2",
        look=Rows(
            _FIRST,
            "Msvm_ResourceAllocationSettingData",
            columns("Connection*; HostResource*; InstanceID; ResourceSubType"),
            " WHERE ResourceSubType='Microsoft Virtual Hard Disk' OR ResourceSubType='Microsoft Physical Disk Drive'",
        ),
    ),
    Point(
        id="hyperv.first_components",
        assumes="Msvm_ShutdownComponent of 2008 R2 has the state of the integration service",
        source="Msvm_ShutdownComponent (Hyper-V WMI provider)",
        part="hyperv",
        until="2008 R2",
        look=Rows(_FIRST, "Msvm_ShutdownComponent", columns("EnabledState#; OperationalStatus*; SystemName")),
    ),
)
