# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a host of the lab can differ in one point of winha.cluster.prove, for each point."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._prove.point import DIFFERENT, NOT_ALLOWED, Rows
from ansible_collections.winha.cluster.plugins.module_utils._prove.points import ON_HOSTS

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._prove.point import Point

HYPERV, DAG, OLD = "hv2022", "ex2022", "hv2008r2"
Mapping = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """The switches of a deviation: C(differs) of the host, other C(keys) of it, and a fault for each C(fault) class.

    C(hides) are the points that cannot be seen then.
    """

    on: str = HYPERV
    differs: Mapping = dataclasses.field(default_factory=dict)
    keys: Mapping = dataclasses.field(default_factory=dict)
    fault: str = ""
    answer: str = DIFFERENT
    hides: tuple[str, ...] = ()


def _values(name: str, **values: t.Any) -> Mapping:
    return {"values": {name: {key.replace("__", "."): value for key, value in values.items()}}}


def _query(part: str, outcome: str = "empty") -> Mapping:
    return {"queries": {part: outcome}}


def _answer(method: str, **values: t.Any) -> Mapping:
    return {"answers": {method: values}}


def _unreadable(channel: str, on: str = HYPERV) -> Deviation:
    return Deviation(on=on, keys={"unreadable_channels": (channel,)}, answer=NOT_ALLOWED)


_ADVANCED, _SETTINGS = "MSFT_NetAdapterAdvancedPropertySettingData", "Msvm_VirtualSystemSettingData"
_VIA_NAME = ("cluster.quorum_query", "cluster.node_control", "cluster.interface_adapters", "cluster.machine_ids")

OF_CHECKS: t.Mapping[str, Deviation] = {
    "windows.hotfix_dates": Deviation(differs=_values("Win32_QuickFixEngineering", InstalledOn="a date")),
    "windows.adapter_guids": Deviation(differs=_values(_ADVANCED, InstanceID="none")),
    "windows.team_ids": Deviation(differs=_values("MSFT_NetLbfoTeamNic", InstanceID="none")),
    "windows.echo": Deviation(differs=_query("(Address='127.0.0.1') AND")),
    "windows.echo_several": Deviation(differs=_query("Address='127.0.0.2'")),
    "windows.registry_value": Deviation(differs=_answer("GetStringValue CurrentBuildNumber", sValue="1")),
    "windows.registry_missing": Deviation(
        differs=_answer("GetStringValue WinhaNone", sValue="x", ReturnValue=0),
    ),
    "windows.registry_names": Deviation(differs=_answer("EnumValues", sNames=[])),
    "windows.system_log": Deviation(differs=_query("AND (EventCode=6013) AND")),
    "windows.older_entry": Deviation(differs=_query("SELECT RecordNumber", "refused")),
    "windows.system_channel": Deviation(differs=_query("EventCode=1137")),
    "windows.missing_channel": Deviation(keys={"channels": ("WinhaNoChannel",)}),
    "windows.references": Deviation(differs={"references": False}),
    "windows.missing_class": Deviation(differs=_query("Winha_NoClass")),
    "windows.missing_namespace": Deviation(differs=_query("SELECT * FROM Win32_Service")),
    "windows.missing_instance": Deviation(fault="Win32_Service"),
    "windows.missing_column": Deviation(differs=_query("WinhaNoColumn")),
    "windows.connections": Deviation(differs=_query("Name='Dhcp'", "refused")),
    "windows.guest": Deviation(on=DAG, differs=_answer("GetStringValue VirtualMachineName", sValue="")),
    "cluster.selectors": Deviation(fault="MSCluster_Cluster"),
    "cluster.heartbeat": Deviation(differs=_values("MSCluster_Cluster", SameSubnetThreshold=300)),
    "cluster.node_name": Deviation(differs=_values("Win32_OperatingSystem", CSName="OTHER"), hides=_VIA_NAME),
    "cluster.node_states": Deviation(differs=_values("MSCluster_Node", State=9)),
    "cluster.fault_domain": Deviation(differs=_values("MSCluster_Node", FaultDomain=["Redmond"])),
    "cluster.quorum_query": Deviation(differs=_answer("WillOfflineLoseQuorum", ReturnValue=None)),
    "cluster.node_control": Deviation(differs=_answer("ExecuteNodeControl", OutputBuffer=[1, 2, 3])),
    "cluster.interface_adapters": Deviation(differs=_values("MSCluster_NetworkInterface", AdapterId="none")),
    "cluster.resource_type_values": Deviation(
        differs=_values("MSCluster_ResourceType", PrivateProperties__MigrationNetworkOrder="no id"),
    ),
    "cluster.core_group": Deviation(differs=_values("MSCluster_ResourceGroup", Id="")),
    "cluster.witness_type": Deviation(differs=_values("MSCluster_Cluster", QuorumTypeValue=1)),
    "cluster.embedded_objects": Deviation(keys={"projection": "no_embedded"}),
    "cluster.private_properties": Deviation(
        differs={"gets": {"MSCluster_Resource/Virtual Machine T-2022": ["PrivateProperties"]}},
    ),
    "cluster.offline_actions": Deviation(differs=_values("MSCluster_Resource", PrivateProperties__OfflineAction=9)),
    "cluster.move_types": Deviation(differs=_values("MSCluster_Resource", PrivateProperties__DefaultMoveType=9)),
    "cluster.resource_states": Deviation(differs=_values("MSCluster_Resource", State=77)),
    "cluster.machine_groups": Deviation(differs=_values("MSCluster_ResourceGroup/T-2022", GroupType=5)),
    "cluster.machine_owners": Deviation(differs=_answer("GetPossibleOwners", NodeNames=[])),
    "cluster.machine_ids": Deviation(differs=_values("MSCluster_Resource", PrivateProperties__VmID="none")),
    "cluster.exchange_channel": _unreadable("Microsoft-Exchange-HighAvailability/Operational", DAG),
    "hyperv.machine_states": Deviation(differs=_values("Msvm_ComputerSystem", EnabledState=77)),
    "hyperv.setting_values": Deviation(differs=_values(_SETTINGS, AutomaticShutdownAction=77)),
    "hyperv.setting_owners": Deviation(differs=_values(_SETTINGS, VirtualSystemIdentifier="none")),
    "hyperv.ids": Deviation(differs=_values("Msvm_MemorySettingData", InstanceID="none")),
    "hyperv.image_paths": Deviation(differs=_values("Msvm_StorageAllocationSettingData", HostResource=["nowhere"])),
    "hyperv.management_service": Deviation(differs={"classes": ["Msvm_VirtualSystemManagementService"]}),
    "hyperv.connection_ids": Deviation(
        differs=_values("Msvm_EthernetPortAllocationSettingData", HostResource=["nowhere"]),
    ),
    "hyperv.internal_port_ids": Deviation(differs=_values("Msvm_InternalEthernetPort", DeviceID="none")),
    "hyperv.migrations_channel": _unreadable("Microsoft-Windows-Hyper-V-VMMS-Admin"),
    "hyperv.saved_channel": _unreadable("Microsoft-Windows-Hyper-V-Worker-Admin"),
}


def _without_column(point: Point) -> Deviation:
    """A class without its last column."""
    look = t.cast("Rows", point.look)
    on = HYPERV if point.is_of("2022") else OLD
    return Deviation(on=on, differs={"columns": {look.class_name: [look.columns[-1].name]}})


OF_CLASSES = {one.id: _without_column(one) for one in ON_HOSTS if isinstance(one.look, Rows)}


def joined(deviations: t.Iterable[Deviation]) -> tuple[dict[str, t.Any], dict[str, t.Any], list[str]]:
    """The switches of several deviations on one host: what differs, the other keys, and the classes with a fault."""
    differs: dict[str, t.Any] = {}
    keys: dict[str, t.Any] = {}
    faults = []
    for one in deviations:
        for name, value in one.differs.items():
            differs[name] = _merged(differs[name], value) if name in differs else value
        for name, value in one.keys.items():
            keys[name] = (*keys.get(name, ()), *value) if isinstance(value, tuple) else value
        faults += [one.fault] if one.fault else []
    return differs, keys, faults


def _merged(one: t.Any, other: t.Any) -> t.Any:
    if isinstance(one, dict):
        return {
            key: _merged(one[key], other[key]) if key in one and key in other else (one | other)[key]
            for key in {**one, **other}
        }
    return [*one, *other] if isinstance(one, list) else other


def batches(names: t.Sequence[str]) -> list[list[str]]:
    """Groups of names so that for any two of them there is one that has the first and not the second.

    If a deviation also made another point different, that point would be different in a group that is without it.
    """
    bits = max(len(names) - 1, 1).bit_length()
    found = [
        [name for number, name in enumerate(names) if (number >> bit & 1) == wanted]
        for bit in range(bits)
        for wanted in (0, 1)
    ]
    return [batch for batch in found if batch]
