# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The initial groups, resources and resource types of a cluster."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ..checks import EstateError
from ..identity import identity
from ..wire.values import Embedded, Value, check_value
from . import hyperv_settings, possible_owners
from .classes import private_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..estate import Cluster, VirtualMachine
    from .repository import Repository

_CLUSTER = "root/mscluster"
_UP, _DOWN, _ONLINE = 0, 1, 2
_VIRTUAL_MACHINE_GROUP = 111


def _private_properties(repository: Repository, kind: str, type_name: str, members: Mapping[str, Value]) -> Value:
    cls = private_class(kind, type_name, repository.version.name)
    if cls is None:
        return None
    checked: dict[str, Value] = {}
    for name, value in members.items():
        member = cls.property(name)
        if member is None:
            continue
        try:
            checked[member.name] = check_value(member.type, value)
        except ValueError as problem:
            raise EstateError(f"private property {name} of {type_name}: {problem}") from problem
    return Embedded(cls.name, checked)


def _add_group(repository: Repository, cluster: Cluster, name: str, owner: str, **values: Value) -> None:
    repository.add(
        _CLUSTER,
        "MSCluster_ResourceGroup",
        {
            "Name": name,
            "Id": identity(cluster.instance, "group", name),
            "OwnerNode": owner,
            "State": _UP,
            "Priority": 2000,
            "AutoFailbackType": 0,
            "FailoverThreshold": 4294967295,
            "FailoverPeriod": 6,
            "IsCore": False,
            "StatusInformation": 0,
            "PersistentState": True,
            "Status": "OK",
            **values,
        },
    )


def _add_resource(
    repository: Repository, cluster: Cluster, name: str, kind: str, *, group: str, owner: str, **values: Value
) -> None:
    members = values.pop("private", None)
    parts = {"GroupComponent": ("MSCluster_ResourceGroup", group), "PartComponent": ("MSCluster_Resource", name)}
    ends = {end: Embedded(class_name, {"Name": key}) for end, (class_name, key) in parts.items()}
    repository.add(_CLUSTER, "MSCluster_ResourceGroupToResource", ends)
    limited = {one.resource.lower(): one.possible_owners for one in cluster.virtual_machines}
    possible_owners.add(repository, name, limited.get(name.lower()) or cluster.nodes)
    repository.add(
        _CLUSTER,
        "MSCluster_Resource",
        {
            "Name": name,
            "Caption": name,
            "Type": kind,
            "Id": identity(cluster.instance, "resource", name),
            "OwnerGroup": group,
            "OwnerNode": owner,
            "State": _ONLINE,
            "CoreResource": False,
            "IsAlivePollInterval": 4294967295,
            "LooksAlivePollInterval": 4294967295,
            "PendingTimeout": 180000,
            "PersistentState": True,
            "RestartAction": 2,
            "RestartDelay": 500,
            "RestartPeriod": 900000,
            "RestartThreshold": 1,
            "RetryPeriodOnFailure": 3600000,
            "SeparateMonitor": False,
            "DeleteRequiresAllNodes": False,
            "QuorumCapable": kind in {"File Share Witness", "Cloud Witness", "Physical Disk"},
            "LocalQuorumCapable": False,
            "Flags": 0,
            "Characteristics": 0,
            "Status": "OK",
            "PrivateProperties": _private_properties(
                repository, "resource", kind, members.members if isinstance(members, Embedded) else {}
            ),
            **values,
        },
    )


def _members(**members: Any) -> Embedded:
    return Embedded("", members)


def add_core_groups(repository: Repository, cluster: Cluster) -> None:
    """Add the groups of every cluster: the cluster name, its IP address and the witness; the available storage."""
    owner, group = cluster.nodes[0], "Cluster Group"
    _add_group(repository, cluster, group, owner, IsCore=True, GroupType=1)
    _add_group(repository, cluster, "Available Storage", owner, IsCore=True, GroupType=2)
    name = _members(Name=cluster.name.upper(), DnsName=cluster.name, RequireDNS=0, RequireKerberos=1)
    _add_resource(
        repository, cluster, "Cluster Name", "Network Name", group=group, owner=owner, private=name, CoreResource=True
    )
    first = next(iter(cluster.networks), None)
    subnet = ipaddress.ip_network(first.subnet if first else "127.0.0.0/24")
    address = _members(
        Address=str(subnet[-6]), SubnetMask=str(subnet.netmask), Network=first.name if first else "", EnableDhcp=0
    )
    _add_resource(
        repository,
        cluster,
        "Cluster IP Address",
        "IP Address",
        group=group,
        owner=owner,
        private=address,
        CoreResource=True,
    )
    if cluster.witness == "none":
        return
    kind = "Cloud Witness" if cluster.witness == "cloud" else "File Share Witness"
    share = _members(SharePath=cluster.witness_share, ArbitrationDelay=6)
    if cluster.witness == "cloud":
        share = _members(AccountName="witness", EndPointInfo="core.windows.net", PrimaryKey="Lab-Secret-Key")
    _add_resource(
        repository,
        cluster,
        kind,
        kind,
        group=group,
        owner=owner,
        private=share,
        CoreResource=True,
    )


def add_virtual_machine(repository: Repository, cluster: Cluster, machine: VirtualMachine) -> None:
    """Add the group of a virtual machine, its resource and its configuration resource."""
    vm_id = machine.settings.id.lower()
    hyperv_settings.add(repository, machine.settings)
    _add_group(
        repository,
        cluster,
        machine.group,
        machine.owner,
        GroupType=_VIRTUAL_MACHINE_GROUP,
        Priority=machine.priority,
        State=_UP if machine.state == _ONLINE else _DOWN,
        AntiAffinityClassNames=list(machine.anti_affinity) or None,
        ResiliencyPeriod=4294967295 if machine.resiliency_period is None else machine.resiliency_period,
    )
    state: dict[str, Any] = {"VmState": 2 if machine.state == _ONLINE else 3, "MigrationState": 0}
    defaults = {"MigrationProgress": 0, "MigrationFailureReason": 0, "StartMemory": 1024, "VirtualNumaCount": 1}
    members = _members(**{**state, **defaults, **machine.private_properties, "VmID": vm_id})
    _add_resource(
        repository,
        cluster,
        machine.resource,
        "Virtual Machine",
        group=machine.group,
        owner=machine.owner,
        State=machine.state,
        private=members,
    )
    configuration = _members(
        VmID=vm_id, VmStoreRootPath=rf"C:\ClusterStorage\Volume1\{machine.name}", DependsOnSharedVolumes=[]
    )
    _add_resource(
        repository,
        cluster,
        machine.resource.replace("Virtual Machine ", "Virtual Machine Configuration ")
        if machine.resource.startswith("Virtual Machine ")
        else f"{machine.resource} Configuration",
        "Virtual Machine Configuration",
        group=machine.group,
        owner=machine.owner,
        private=configuration,
    )


def add_resource_types(repository: Repository, cluster: Cluster) -> None:
    """Add the resource types. `Virtual Machine` has the live-migration networks."""
    dlls = {
        "Virtual Machine": "vmclusres.dll",
        "Virtual Machine Configuration": "vmclusres.dll",
        "Network Name": "clusres.dll",
        "IP Address": "clusres.dll",
        "File Share Witness": "clusres2.dll",
        "Physical Disk": "clusres.dll",
    }
    for name, dll in dlls.items():
        members: Mapping[str, Value] = {}
        if name == "Virtual Machine":
            members = {"MigrationExcludeNetworks": "", "MigrationNetworkOrder": "", **cluster.virtual_machine_type}
        repository.add(
            _CLUSTER,
            "MSCluster_ResourceType",
            {
                "Name": name,
                "DisplayName": name,
                "DllName": dll,
                "IsAlivePollInterval": 60000,
                "LooksAlivePollInterval": 5000,
                "PendingTimeout": 180000,
                "QuorumCapable": name in {"File Share Witness", "Physical Disk"},
                "PrivateProperties": _private_properties(repository, "resource_type", name, members),
                "Status": "OK",
            },
        )


def add_shared_volume(repository: Repository, cluster: Cluster, volume: Mapping[str, Any]) -> None:
    """Add a cluster shared volume with its disk."""
    owner = str(volume.get("owner", cluster.nodes[0]))
    disk = str(volume.get("disk", f"Cluster Disk {volume['name']}"))
    group = identity(cluster.instance, "disk", disk)
    _add_group(repository, cluster, group, owner, GroupType=5)
    _add_resource(repository, cluster, disk, "Physical Disk", group=group, owner=owner, IsClusterSharedVolume=True)
    repository.add(
        _CLUSTER,
        "MSCluster_ClusterSharedVolume",
        {
            "Name": rf"C:\ClusterStorage\{volume['name']}",
            "VolumeName": rf"\\?\Volume{{{identity(cluster.instance, str(volume['name']))}}}" + "\\",
            "FaultState": 0,
            "BackupState": 0,
            "VolumeOffset": 0,
            "Status": "OK",
        },
    )


def add_resource(repository: Repository, cluster: Cluster, resource: Mapping[str, Any]) -> None:
    """Add another resource of the estate file, and its group if there is none of this name."""
    group, owner = str(resource.get("group", "Cluster Group")), str(resource.get("owner", cluster.nodes[0]))
    if repository.named("MSCluster_ResourceGroup", group) is None:
        _add_group(repository, cluster, group, owner, GroupType=9999)
    _add_resource(
        repository,
        cluster,
        str(resource["name"]),
        str(resource["type"]),
        group=group,
        owner=owner,
        State=int(resource.get("state", _ONLINE)),
        private=_members(**resource.get("private_properties", {})),
    )
