# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instances with which the clusters and hosts of an estate begin."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Mapping
from typing import Any

from .classes import namespaces, private_class
from .estate import Cluster, Estate, EstateError, Host, VirtualMachine
from .repository import Repository
from .values import Embedded, Value, check
from .windows import VERSIONS

_CLUSTER = "root/mscluster"
_UP, _DOWN, _ONLINE, _OFFLINE = 0, 1, 2, 3
_VIRTUAL_MACHINE_GROUP = 111


def identity(*names: str) -> str:
    """A GUID that stays the same each time an estate is built."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, "/".join(names)))


def _private(repository: Repository, kind: str, type_name: str, members: Mapping[str, Value]) -> Value:
    cls = private_class(kind, type_name, repository.version.name)
    if cls is None:
        return None
    found: dict[str, Value] = {}
    for name, value in members.items():
        member = cls.property(name)
        if member is None:
            continue
        try:
            found[member.name] = check(member.type, value)
        except ValueError as problem:
            raise EstateError(f"{name} of a {type_name}: {problem}") from problem
    return Embedded(cls.name, found)


def _cluster_object(repository: Repository, cluster: Cluster) -> None:
    version = repository.version
    values: dict[str, Value] = {
        **version.heartbeat,
        "Name": cluster.name,
        "Fqdn": cluster.fqdn,
        "Caption": cluster.name,
        "CreationClassName": "MSCluster_Cluster",
        "NameFormat": "Other",
        "Status": "OK",
        "MaxNumberOfNodes": 64 if version.has("2012") else 16,
        "EnableSharedVolumes": 1 if cluster.shared_volumes else 0,
        "SharedVolumesRoot": r"C:\ClusterStorage",
        "ClusterFunctionalLevel": version.functional_level,
        "DrainOnShutdown": 1,
        "DynamicQuorumEnabled": 1,
        "QuorumType": "Majority",
        "QuarantineDuration": 7200,
        "QuarantineThreshold": 3,
        "ResiliencyDefaultPeriod": 240,
        "ResiliencyLevel": 2,
        "ClusterLogLevel": 3,
        "ClusterLogSize": 300 if version.has("2012") else 100,
        "RequestReplyTimeout": 60,
        "SecurityLevel": 1,
        "ShutdownTimeoutInMinutes": 20,
        "Security_Descriptor": [1, 0, 4, 128, 20, 0, 0, 0],
    }
    cls = repository.cls(_CLUSTER, "MSCluster_Cluster")
    for name, value in cluster.properties.items():
        known = cls.property(name) if cls else None
        if known is None:
            raise EstateError(f"cluster {cluster.name}: {cluster.windows} has no property {name}")
        values[known.name] = check(known.type, value)
    repository.add(_CLUSTER, "MSCluster_Cluster", values)


def _nodes(repository: Repository, cluster: Cluster, hosts: Mapping[str, Host]) -> None:
    major, minor, build = (int(part) for part in repository.version.number.split("."))
    for number, node in enumerate(cluster.nodes, 1):
        repository.add(
            _CLUSTER,
            "MSCluster_Node",
            {
                "Name": node,
                "Caption": node,
                "CreationClassName": "MSCluster_Node",
                "Id": str(number),
                "NodeInstanceID": f"{number:032X}",
                "State": _UP if node in hosts else _DOWN,
                "NodeWeight": 1,
                "DynamicWeight": 1,
                "NodeDrainStatus": 0,
                "MajorVersion": major,
                "MinorVersion": minor,
                "BuildNumber": build,
                "Status": "OK",
            },
        )


def _networks(repository: Repository, cluster: Cluster, hosts: Mapping[str, Host]) -> None:
    for network in cluster.networks:
        subnet = ipaddress.ip_network(network.subnet)
        repository.add(
            _CLUSTER,
            "MSCluster_Network",
            {
                "Name": network.name,
                "Caption": network.name,
                "Id": network.id or identity(cluster.name, network.name),
                "Address": str(subnet.network_address),
                "AddressMask": str(subnet.netmask),
                "IPv4Addresses": [str(subnet.network_address)],
                "IPv4PrefixLengths": [str(subnet.prefixlen)],
                "Role": network.role,
                "Metric": network.metric,
                "AutoMetric": network.auto_metric,
                "State": 3,
                "Status": "OK",
            },
        )
        for position, node in enumerate(cluster.nodes):
            host = hosts.get(node)
            inside = host is not None and ipaddress.ip_address(host.address) in subnet
            address = host.address if host is not None and inside else str(subnet[10 + position])
            repository.add(
                _CLUSTER,
                "MSCluster_NetworkInterface",
                {
                    "Name": f"{node} - {network.name}",
                    "Id": identity(cluster.name, network.name, node),
                    "Adapter": f"Ethernet adapter of {network.name}",
                    "AdapterId": identity(node, network.name, "adapter"),
                    "Address": address,
                    "IPv4Addresses": [address],
                    "Network": network.name,
                    "Node": node,
                    "SystemName": node,
                    "DhcpEnabled": False,
                    "State": 3,
                },
            )


def _group(repository: Repository, cluster: Cluster, name: str, owner: str, **values: Value) -> None:
    repository.add(
        _CLUSTER,
        "MSCluster_ResourceGroup",
        {
            "Name": name,
            "Id": identity(cluster.name, "group", name),
            "OwnerNode": owner,
            "State": _UP,
            "Priority": 2000,
            "AutoFailbackType": 0,
            "FailoverThreshold": 4294967295,
            "FailoverPeriod": 6,
            "IsCore": False,
            "PersistentState": True,
            "Status": "OK",
            **values,
        },
    )


def _resource(
    repository: Repository, cluster: Cluster, name: str, kind: str, group: str, owner: str, **values: Value
) -> None:
    members = values.pop("private", None)
    repository.add(
        _CLUSTER,
        "MSCluster_Resource",
        {
            "Name": name,
            "Caption": name,
            "Type": kind,
            "Id": identity(cluster.name, "resource", name),
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
            "QuorumCapable": kind in {"File Share Witness", "Physical Disk"},
            "LocalQuorumCapable": False,
            "Flags": 0,
            "Characteristics": 0,
            "Status": "OK",
            "PrivateProperties": _private(
                repository, "resource", kind, members.members if isinstance(members, Embedded) else {}
            ),
            **values,
        },
    )


def _members(**members: Any) -> Embedded:
    return Embedded("", members)


def _core(repository: Repository, cluster: Cluster) -> None:
    owner, group = cluster.nodes[0], "Cluster Group"
    _group(repository, cluster, group, owner, IsCore=True, GroupType=1)
    _group(repository, cluster, "Available Storage", owner, IsCore=True, GroupType=2)
    name = _members(Name=cluster.name.upper(), DnsName=cluster.name, RequireDNS=0, RequireKerberos=1)
    _resource(repository, cluster, "Cluster Name", "Network Name", group, owner, private=name, CoreResource=True)
    first = next(iter(cluster.networks), None)
    subnet = ipaddress.ip_network(first.subnet if first else "127.0.0.0/24")
    address = _members(
        Address=str(subnet[-6]), SubnetMask=str(subnet.netmask), Network=first.name if first else "", EnableDhcp=0
    )
    _resource(
        repository, cluster, "Cluster IP Address", "IP Address", group, owner, private=address, CoreResource=True
    )
    share = _members(SharePath=rf"\\fs01\witness-{cluster.name.lower()}", ArbitrationDelay=6)
    _resource(
        repository,
        cluster,
        "File Share Witness",
        "File Share Witness",
        group,
        owner,
        private=share,
        CoreResource=True,
    )


def _machine(repository: Repository, cluster: Cluster, machine: VirtualMachine) -> None:
    vm_id = str(machine.private_properties.get("VmID", identity(cluster.name, "vm", machine.name)))
    _group(
        repository,
        cluster,
        machine.group,
        machine.owner,
        GroupType=_VIRTUAL_MACHINE_GROUP,
        Priority=machine.priority,
        State=_UP if machine.state == _ONLINE else _DOWN,
    )
    running: dict[str, Any] = {"VmState": 2 if machine.state == _ONLINE else 3, "MigrationState": 0}
    quiet = {"MigrationProgress": 0, "MigrationFailureReason": 0, "StartMemory": 1024, "VirtualNumaCount": 1}
    members = _members(**running, **quiet, **{**machine.private_properties, "VmID": vm_id})
    _resource(
        repository,
        cluster,
        machine.resource,
        "Virtual Machine",
        machine.group,
        machine.owner,
        State=machine.state,
        private=members,
    )
    store = _members(VmID=vm_id, VmStoreRootPath=rf"C:\ClusterStorage\Volume1\{machine.name}", DependsOnSharedVolumes=[])
    _resource(
        repository,
        cluster,
        machine.resource.replace("Virtual Machine ", "Virtual Machine Configuration ")
        if machine.resource.startswith("Virtual Machine ")
        else f"{machine.resource} Configuration",
        "Virtual Machine Configuration",
        machine.group,
        machine.owner,
        private=store,
    )


def _types(repository: Repository, cluster: Cluster) -> None:
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
                "PrivateProperties": _private(repository, "resource_type", name, members),
                "Status": "OK",
            },
        )


def fill_cluster(repository: Repository, cluster: Cluster, estate: Estate) -> None:
    """The objects of a cluster, as its Windows has them."""
    hosts = {host.name: host for host in estate.hosts}
    _cluster_object(repository, cluster)
    _nodes(repository, cluster, hosts)
    _networks(repository, cluster, hosts)
    _types(repository, cluster)
    _core(repository, cluster)
    for machine in cluster.virtual_machines:
        _machine(repository, cluster, machine)
    for volume in cluster.shared_volumes:
        owner = str(volume.get("owner", cluster.nodes[0]))
        disk = str(volume.get("disk", f"Cluster Disk {volume['name']}"))
        _resource(
            repository, cluster, disk, "Physical Disk", identity(disk), owner, IsClusterSharedVolume=True
        )
        repository.add(
            _CLUSTER,
            "MSCluster_ClusterSharedVolume",
            {
                "Name": rf"C:\ClusterStorage\{volume['name']}",
                "VolumeName": rf"\\?\Volume{{{identity(cluster.name, str(volume['name']))}}}" + "\\",
                "FaultState": 0,
                "BackupState": 0,
                "VolumeOffset": 0,
                "Status": "OK",
            },
        )
    for extra in cluster.resources:
        group = str(extra.get("group", "Cluster Group"))
        if repository.named("MSCluster_ResourceGroup", group) is None:
            _group(repository, cluster, group, str(extra.get("owner", cluster.nodes[0])), GroupType=9999)
        _resource(
            repository,
            cluster,
            str(extra["name"]),
            str(extra["type"]),
            group,
            str(extra.get("owner", cluster.nodes[0])),
            State=int(extra.get("state", _ONLINE)),
            private=_members(**extra.get("private_properties", {})),
        )


def fill_host(repository: Repository, host: Host) -> None:
    """What a host knows of itself, and the instances that the estate file adds."""
    version = VERSIONS[host.windows]
    repository.add(
        "root/cimv2",
        "Win32_OperatingSystem",
        {
            "Name": rf"Microsoft Windows Server {host.windows} Standard|C:\Windows|\Device\Harddisk0\Partition2",
            "Caption": f"Microsoft Windows Server {host.windows} Standard",
            "CreationClassName": "Win32_OperatingSystem",
            "CSCreationClassName": "Win32_ComputerSystem",
            "CSName": host.name.upper(),
            "Version": version.number,
            "BuildNumber": version.build,
            "OSArchitecture": "64-bit",
            "ProductType": 3,
            "OSType": 18,
            "Primary": True,
            "Status": "OK",
            "Manufacturer": "Microsoft Corporation",
            "MUILanguages": ["en-US"],
            "SystemDrive": "C:",
            "WindowsDirectory": r"C:\Windows",
            "CurrentTimeZone": 0,
            "ServicePackMajorVersion": 1 if host.windows == "2008 R2" else 0,
            "ServicePackMinorVersion": 0,
            "InstallDate": "2024-03-05T12:34:56Z",
            "LastBootUpTime": "2026-11-01T05:06:07.5Z",
            "LocalDateTime": "2026-11-23T10:00:00.25Z",
        },
    )
    repository.add(
        "root/cimv2",
        "Win32_ComputerSystem",
        {"Name": host.name.upper(), "DNSHostName": host.name, "Domain": "example.test", "PartOfDomain": True},
    )
    for namespace, by_class in host.instances.items():
        if namespace not in namespaces():
            raise EstateError(f"host {host.name}: the lab has no namespace {namespace}")
        for name, listed in by_class.items():
            for values in listed:
                repository.add(namespace, name, values)
