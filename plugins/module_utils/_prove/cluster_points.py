# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection assumes about a failover cluster. Private to this collection; data."""

from __future__ import annotations

from . import cluster_checks as checks
from . import host_checks
from .point import ASSUMED, Check, Point, Rows, columns

_NAMESPACE = "root/mscluster"
_MACHINES = " WHERE Type='Virtual Machine'"
_CLUSWMI = "Failover Cluster WMI reference"

POINTS = (
    Point(
        id="cluster.cluster",
        assumes="MSCluster_Cluster has name, heartbeat, quorum and what the cluster does by itself",
        source="MSCluster_Cluster",
        part="cluster",
        look=Rows(
            _NAMESPACE,
            "MSCluster_Cluster",
            columns(
                "Name; Fqdn; SameSubnetDelay#; SameSubnetThreshold#; CrossSubnetDelay#; CrossSubnetThreshold#; "
                "RouteHistoryLength#>2012; QuorumTypeValue#>2012; DynamicQuorumEnabled#>2012; "
                "ClusterEnforcedAntiAffinity#>2012; DrainOnShutdown#>2012 R2; WitnessDynamicWeight#>2012 R2; "
                "CrossSiteDelay#>2016; CrossSiteThreshold#>2016; ClusterFunctionalLevel#>2016; AutoBalancerMode#>2016; "
                "ResiliencyLevel#>2016; ResiliencyDefaultPeriod#>2016; QuarantineThreshold#>2016; "
                "QuarantineDuration#>2016; S2DEnabled#>2016"
            ),
            some=True,
            references=True,
        ),
    ),
    Point(
        id="cluster.selectors",
        assumes="The reference of MSCluster_Cluster leads back to it",
        source=_CLUSWMI,
        basis=ASSUMED,
        part="cluster",
        look=Check(checks.selectors, of=("cluster.cluster",)),
    ),
    Point(
        id="cluster.heartbeat",
        assumes="The heartbeat settings are in the ranges of the release",
        source="cluster common properties; assumed for 2022, 2025 and for sites",
        basis=ASSUMED,
        part="cluster",
        look=Check(checks.heartbeat_ranges, of=("cluster.cluster",)),
    ),
    Point(
        id="cluster.nodes",
        assumes="MSCluster_Node has state, votes, drain and build number",
        source="MSCluster_Node",
        part="cluster",
        look=Rows(
            _NAMESPACE,
            "MSCluster_Node",
            columns(
                "Name; State#; BuildNumber#; NodeWeight#>2012; NodeDrainStatus#>2012; DynamicWeight#>2012; "
                "StatusInformation#>2016; FaultDomain*>2016"
            ),
            some=True,
            references=True,
        ),
    ),
    Point(
        id="cluster.node_name",
        assumes="The computer name of a host is the name of its node",
        source=_CLUSWMI,
        basis=ASSUMED,
        part="cluster",
        look=Check(checks.node_name, of=("windows.operating_system", "cluster.nodes")),
    ),
    Point(
        id="cluster.node_states",
        assumes="The numbers of node and drain states are those of the documentation",
        source="MSCluster_Node",
        part="cluster",
        look=Check(checks.node_states, of=("cluster.nodes",)),
    ),
    Point(
        id="cluster.fault_domain",
        assumes="The parts of FaultDomain are a level and a name: Site:Hamburg",
        source="MSCluster_Node",
        basis=ASSUMED,
        part="cluster",
        since="2016",
        look=Check(checks.fault_domain, of=("cluster.nodes",)),
    ),
    Point(
        id="cluster.quorum_query",
        assumes="WillOfflineLoseQuorum returns true or false, and changes nothing",
        source="MSCluster_Node",
        part="cluster",
        since="2012",
        look=Check(checks.will_lose_quorum, of=("windows.operating_system", "cluster.nodes")),
    ),
    Point(
        id="cluster.node_control",
        assumes="ExecuteNodeControl returns the private properties of a node as a property list",
        source="MS-CMRP 2.2.3.10",
        part="cluster",
        look=Check(checks.node_control, of=("windows.operating_system", "cluster.nodes")),
    ),
    Point(
        id="cluster.networks",
        assumes="MSCluster_Network has role, state, subnet and metric",
        source="MSCluster_Network",
        part="cluster",
        look=Rows(
            _NAMESPACE,
            "MSCluster_Network",
            columns("ID>2012; Name; Role#; State#; Address; AddressMask; Metric#"),
            some=True,
        ),
    ),
    Point(
        id="cluster.interfaces",
        assumes="MSCluster_NetworkInterface has node, network, adapter and addresses",
        source="MSCluster_NetworkInterface",
        part="cluster",
        look=Rows(
            _NAMESPACE,
            "MSCluster_NetworkInterface",
            columns("Name; Node; Network; AdapterId; Address; IPv4Addresses*; IPv6Addresses*"),
            some=True,
        ),
    ),
    Point(
        id="cluster.interface_adapters",
        assumes="AdapterId of a network interface is the GUID of the network adapter",
        source="MSCluster_NetworkInterface",
        basis=ASSUMED,
        part="cluster",
        since="2012",
        look=Check(
            checks.interface_adapters, of=("windows.operating_system", "windows.adapters", "cluster.interfaces")
        ),
    ),
    Point(
        id="cluster.resource_type",
        assumes="The resource type Virtual Machine has private properties",
        source="MSCluster_ResourceType",
        part="cluster",
        look=Rows(
            _NAMESPACE,
            "MSCluster_ResourceType",
            columns("Name; PrivateProperties%"),
            " WHERE Name='Virtual Machine'",
        ),
    ),
    Point(
        id="cluster.resource_type_values",
        assumes="MoveTypeThreshold is a number, and the live-migration networks are ids of cluster networks",
        source="MSCluster_ResourceType; Set-ClusterParameter",
        basis=ASSUMED,
        part="cluster",
        since="2012",
        look=Check(checks.resource_type_values, of=("cluster.resource_type", "cluster.networks")),
    ),
    Point(
        id="cluster.groups",
        assumes="MSCluster_ResourceGroup has the clustered roles with owner, state, priority and type",
        source="MSCluster_ResourceGroup",
        part="cluster",
        look=Rows(
            _NAMESPACE,
            "MSCluster_ResourceGroup",
            columns(
                "Name; State#; AntiAffinityClassNames*; Id>2012; OwnerNode>2012; Priority#>2012; GroupType#>2012; "
                "IsCore?>2012; StatusInformation#>2012; ResiliencyPeriod#>2016"
            ),
            some=True,
        ),
    ),
    Point(
        id="cluster.core_group",
        assumes="One clustered role has the type 1 and an id that no other cluster has",
        source="MSCluster_ResourceGroup",
        part="cluster",
        since="2012",
        look=Check(checks.core_group, of=("cluster.groups",)),
    ),
    Point(
        id="cluster.group_resources",
        assumes="MSCluster_ResourceGroupToResource links roles to their resources",
        source="MSCluster_ResourceGroupToResource",
        part="cluster",
        look=Rows(
            _NAMESPACE,
            "MSCluster_ResourceGroupToResource",
            columns("GroupComponent&; PartComponent&"),
            some=True,
        ),
    ),
    Point(
        id="cluster.possible_owners",
        assumes="MSCluster_ResourceToPossibleOwner returns the nodes of every resource",
        source="MSCluster_ResourceToPossibleOwner",
        basis=ASSUMED,
        part="cluster",
        look=Rows(
            _NAMESPACE,
            "MSCluster_ResourceToPossibleOwner",
            columns("GroupComponent&; PartComponent&"),
            some=True,
        ),
    ),
    Point(
        id="cluster.witness",
        assumes="MSCluster_ClusterToQuorumResource has the witness, and no instance without one",
        source="MSCluster_ClusterToQuorumResource",
        basis=ASSUMED,
        part="cluster",
        look=Rows(_NAMESPACE, "MSCluster_ClusterToQuorumResource", columns("GroupComponent&; PartComponent&")),
    ),
    Point(
        id="cluster.witness_type",
        assumes="The type of the witness is a file share, a cloud witness or a disk, and QuorumTypeValue agrees",
        source="MSCluster_Cluster",
        basis=ASSUMED,
        part="cluster",
        since="2012",
        look=Check(checks.witness_type, of=("cluster.cluster", "cluster.witness", "cluster.machines")),
    ),
    Point(
        id="cluster.shared_volumes",
        assumes="MSCluster_ClusterSharedVolume has path and volume",
        source="MSCluster_ClusterSharedVolume",
        part="cluster",
        look=Rows(_NAMESPACE, "MSCluster_ClusterSharedVolume", columns("Name; VolumeName")),
    ),
    Point(
        id="cluster.affinity_rules",
        assumes="MSCluster_AffinityRule has the affinity rules",
        source="MSCluster_AffinityRule",
        part="cluster",
        since="2022",
        look=Rows(_NAMESPACE, "MSCluster_AffinityRule", columns("Name; RuleType#; Enabled#; Groups*")),
    ),
    Point(
        id="cluster.updating",
        assumes="MSFT_CAURun shows a run of Cluster-Aware Updating",
        source="CauWmiV2",
        part="cluster",
        since="2012",
        look=Rows("root/microsoft/windows/clusterupdate", "MSFT_CAURun", columns("OrchestratorGuid")),
    ),
    Point(
        id="cluster.machines",
        assumes="MSCluster_Resource has the clustered virtual machines with their private properties",
        source="MSCluster_Resource",
        part="cluster",
        look=Rows(
            _NAMESPACE,
            "MSCluster_Resource",
            columns("Name; Type; State#; OwnerGroup>2012; OwnerNode>2012; PrivateProperties%"),
            _MACHINES,
            references=True,
        ),
    ),
    Point(
        id="cluster.embedded_objects",
        assumes="A query of single columns returns embedded objects",
        source="MS-WSMV 3.1.4",
        basis=ASSUMED,
        part="cluster",
        look=Check(checks.embedded_objects, of=("cluster.machines",)),
    ),
    Point(
        id="cluster.private_properties",
        assumes="Get of a resource returns its private properties",
        source=_CLUSWMI,
        basis=ASSUMED,
        part="cluster",
        look=Check(checks.private_properties, of=("cluster.machines",)),
    ),
    Point(
        id="cluster.offline_actions",
        assumes="OfflineAction is a number from 0 to 3",
        source="virtual-machines-offlineaction",
        part="cluster",
        look=Check(checks.offline_actions, of=("cluster.machines",)),
    ),
    Point(
        id="cluster.move_types",
        assumes="DefaultMoveType is a number of the offline actions, 4, or 4294967295",
        source="virtual-machines-defaultmovetype",
        basis=ASSUMED,
        part="cluster",
        look=Check(checks.move_types, of=("cluster.machines",)),
    ),
    Point(
        id="cluster.resource_states",
        assumes="The numbers of resource states are those of the documentation",
        source="MSCluster_Resource",
        part="cluster",
        look=Check(checks.resource_states, of=("cluster.machines",)),
    ),
    Point(
        id="cluster.machine_groups",
        assumes="The clustered role of a virtual machine has the type 111",
        source="MSCluster_ResourceGroup",
        part="cluster",
        since="2012",
        look=Check(checks.machine_groups, of=("cluster.machines", "cluster.groups")),
    ),
    Point(
        id="cluster.machine_owners",
        assumes="GetPossibleOwners of a resource returns the names of nodes",
        source="MSCluster_Resource",
        part="cluster",
        look=Check(checks.machine_owners, of=("cluster.machines", "cluster.nodes")),
    ),
    Point(
        id="cluster.machine_ids",
        assumes="VmID of a resource is the name of the Msvm_ComputerSystem on the owner node",
        source="samples of Microsoft",
        basis=ASSUMED,
        part="cluster",
        since="2012",
        look=Check(checks.machine_ids, of=("windows.operating_system", "cluster.machines", "hyperv.machines")),
    ),
    Point(
        id="cluster.exchange_channel",
        assumes="NETWORK SERVICE may read the event channel of Exchange high availability",
        source="CollectOverMetrics.ps1",
        basis=ASSUMED,
        part="dag_member",
        look=Check(host_checks.read_other_channel("databases")),
    ),
)
