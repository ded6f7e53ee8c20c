# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The initial instances of a cluster, its nodes, networks and network interfaces."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from ..checks import EstateError
from ..identity import identity
from ..wire.values import Value, check_value
from .versions import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..estate import Cluster, Host
    from .repository import Repository

_CLUSTER = "root/mscluster"
_UP, _DOWN = 0, 1
_UNAVAILABLE, _REACHABLE = 0, 3


def add_cluster(repository: Repository, cluster: Cluster) -> None:
    """Add MSCluster_Cluster: the defaults of the Windows version, overridden by the estate file."""
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
        "QuorumTypeValue": {"file_share": 2, "none": 1}.get(cluster.witness),
        "WitnessDynamicWeight": int(cluster.witness != "none" and len(cluster.nodes) % 2 == 0),
        "ClusterEnforcedAntiAffinity": 0,
        "AutoBalancerMode": 2,
        "AutoBalancerLevel": 1,
        "MaximumParallelMigrations": 1,
        "SetSMBBandwidthLimit": 1,
        "SMBBandwidthLimitFactor": 2500,
        "QuarantineDuration": 7200,
        "QuarantineThreshold": 3,
        "ResiliencyDefaultPeriod": 240,
        "ResiliencyLevel": 2,
        "ClusterLogLevel": 3,
        "ClusterLogSize": 300 if version.has("2012") else 100,
        "RequestReplyTimeout": 60,
        "SecurityLevel": 1,
        "S2DEnabled": 1 if cluster.storage_spaces_direct else 0,
        "ShutdownTimeoutInMinutes": 20,
        "Security_Descriptor": [1, 0, 4, 128, 20, 0, 0, 0],
    }
    cls = repository.cls(_CLUSTER, "MSCluster_Cluster")
    for name, value in cluster.properties.items():
        definition = cls.property(name) if cls else None
        if definition is None:
            raise EstateError(
                f"cluster {cluster.name}: Windows Server {cluster.windows} has no cluster property {name}"
            )
        values[definition.name] = check_value(definition.type, value)
    repository.add(_CLUSTER, "MSCluster_Cluster", values)


def add_nodes(repository: Repository, cluster: Cluster, hosts: Mapping[str, Host]) -> None:
    """Add the nodes. A node that is a host of the estate is up, any other node is down."""
    up = [node for node in cluster.nodes if node in hosts]
    # Dynamic quorum takes the votes of nodes that are down, and without a witness one of an even number (2012 R2).
    is_even = repository.version.has("2012 R2") and cluster.witness == "none" and len(up) % 2 == 0
    votes = up[:-1] if is_even else up
    dynamic = cluster.properties.get("DynamicQuorumEnabled", 1)
    for number, node in enumerate(cluster.nodes, 1):
        version = VERSIONS[hosts[node].windows] if node in hosts else repository.version
        major, minor, build = (int(part) for part in version.number.split("."))
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
                "DynamicWeight": int(node in votes or not dynamic),
                "NodeDrainStatus": 0,
                "MajorVersion": major,
                "MinorVersion": minor,
                "BuildNumber": build,
                "Status": "OK",
                "StatusInformation": 0,
                **({"FaultDomain": list(cluster.fault_domains[node])} if node in cluster.fault_domains else {}),
            },
        )


def add_networks(repository: Repository, cluster: Cluster, hosts: Mapping[str, Host]) -> None:
    """Add the cluster networks, and a network interface for each node on each network."""
    for network in cluster.networks:
        subnet = ipaddress.ip_network(network.subnet)
        repository.add(
            _CLUSTER,
            "MSCluster_Network",
            {
                "Name": network.name,
                "Caption": network.name,
                "Id": network.id or identity(cluster.instance, network.name),
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
            in_subnet = host is not None and ipaddress.ip_address(host.address) in subnet
            address = host.address if host is not None and in_subnet else str(subnet[10 + position])
            adapter = next((item for item in host.adapters if item.network == network.name), None) if host else None
            repository.add(
                _CLUSTER,
                "MSCluster_NetworkInterface",
                {
                    "Name": f"{node} - {network.name}",
                    "Id": identity(cluster.instance, network.name, node),
                    "Adapter": adapter.description if adapter else f"Ethernet adapter of {network.name}",
                    "AdapterId": (adapter.guid if adapter else identity(node, network.name, "adapter")).lower(),
                    "Address": adapter.address if adapter else address,
                    "IPv4Addresses": [adapter.address if adapter else address],
                    "Network": network.name,
                    "Node": node,
                    "SystemName": node,
                    "DhcpEnabled": False,
                    "State": _REACHABLE if host is not None else _UNAVAILABLE,
                },
            )
