# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a failover cluster from the WMI namespace C(root/mscluster). Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._wsman.errors import NotFound, QueryRefused, ServerError, Unreachable
from ..identity import node_key
from . import computer, service
from .columns import read_columns
from .version import WINDOWS_2012, WindowsVersion

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance, Reference
    from .._wsman.client import Client

NAMESPACE = "root/mscluster"
_ROLE = service.Role(
    name="failover clustering",
    service="ClusSvc",
    registration=r"%SystemRoot%\System32\wbem\ClusWMI.mof",
    disabled_without_membership=True,
)

NODE_STATES = {0: "up", 1: "down", 2: "paused", 3: "joining"}
DRAIN_STATES = {0: "not_started", 1: "in_progress", 2: "completed", 3: "failed"}
_NODE_STATUS = {1: "isolated", 2: "quarantined"}  # bits of StatusInformation
NETWORK_STATES = {0: "unavailable", 1: "down", 2: "partitioned", 3: "up"}
NETWORK_ROLES = {0: "none", 1: "cluster", 2: "client", 3: "cluster_and_client"}
RESOURCE_STATES = {
    0: "inherited",
    1: "initializing",
    2: "online",
    3: "offline",
    4: "failed",
    128: "pending",
    129: "online_pending",
    130: "offline_pending",
}
CORE_CLUSTER_GROUP, VIRTUAL_MACHINE_GROUP = 1, 111
NOT_CLUSTERED = "is not a member of a failover cluster"


class NotClustered(ServerError):
    """The host is not a member of a failover cluster."""

    advice = "run this task on a cluster node; for a DAG, on a DAG member"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node: C(drain) is the state of its last drain, C(vote) its quorum vote, C(windows) its Windows release.

    C(site) is the site in its fault domain, and C(status) has C(isolated) or C(quarantined) (Windows Server 2016 and
    later).
    """

    name: str
    state: str
    drain: str
    vote: int | None
    dynamic_vote: int | None
    windows: str
    build: int | None = None
    site: str | None = None
    status: tuple[str, ...] = ()
    reference: Reference | None

    @property
    def lacks_drains(self) -> bool:
        """Whether its Windows version, before Windows Server 2012, cannot drain nodes."""
        return self.build is not None and WindowsVersion(self.build) < WINDOWS_2012


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A cluster network; the live-migration lists contain its C(id)."""

    id: str
    name: str
    role: str
    state: str
    address: str
    mask: str
    metric: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInterface:
    """A node's network interface; C(adapter_id) is the adapter's GUID in lower case without braces."""

    node: str
    network: str
    adapter_id: str
    address: str


def query(client: Client, wql: str, *, operation: str, **more: bool) -> list[Instance]:
    """Query the cluster namespace. Raises C(NotClustered) if the host is not a member of a cluster."""
    try:
        try:
            return client.query(NAMESPACE, wql, operation=operation, **more)
        except QueryRefused:
            # A condition can have an error, too. A query without one shows whether the classes are there.
            if wql.startswith("SELECT *"):
                client.query(NAMESPACE, "SELECT * FROM MSCluster_Cluster", operation=operation)
            raise
    except NotFound as exc:
        if service.is_absent(client, _ROLE, exc):
            raise NotClustered(f"{client.host} {NOT_CLUSTERED}: {exc.detail}") from exc
        raise


def read_cluster(client: Client) -> Instance:
    """Read the C(MSCluster_Cluster) of the host."""
    found = query(client, "SELECT * FROM MSCluster_Cluster", operation="reading the cluster")
    if found:
        return found[0]
    own = service.read_service(client, _ROLE.service, operation="reading whether the cluster service is installed")
    if own is None or own.is_disabled:
        raise NotClustered(f"{client.host} {NOT_CLUSTERED}: MSCluster_Cluster has no instance")
    raise ServerError(
        f"MSCluster_Cluster of {client.host} has no instance, and its cluster service is {own.state.casefold()}",
        advice="start the cluster service of the host, then run this task again",
    )


def read_id(client: Client) -> str | None:
    """Read the id of the cluster: that of the core group, which no other cluster has. C(None) before 2012."""
    operation = "reading the id of the cluster"
    found = read_columns(client, NAMESPACE, "MSCluster_ResourceGroup", "Id, GroupType", operation=operation)
    return next((group_id(group) for group in found if group.integer("GroupType") == CORE_CLUSTER_GROUP), None)


def group_id(group: Instance) -> str:
    """The id of a clustered role, in lower case without braces."""
    return (group.text("Id") or "").strip("{}").casefold()


def read_nodes(client: Client) -> list[Node]:
    """Read the nodes, sorted by name."""
    found = query(client, "SELECT * FROM MSCluster_Node", operation="reading the cluster's nodes")
    nodes = (
        Node(
            name=node.text("Name") or "",
            state=name_of(NODE_STATES, node.integer("State")),
            drain=name_of(DRAIN_STATES, node.integer("NodeDrainStatus")),
            vote=node.integer("NodeWeight"),
            dynamic_vote=node.integer("DynamicWeight"),
            windows=_release(node.integer("BuildNumber")),
            build=node.integer("BuildNumber"),
            site=_site_of(node),
            status=tuple(word for bit, word in _NODE_STATUS.items() if (node.integer("StatusInformation") or 0) & bit),
            reference=node.reference,
        )
        for node in found
    )
    return sorted(nodes, key=lambda node: node.name)


def _site_of(node: Instance) -> str | None:
    """The site of a node: the part C(Site:) of its fault domain, which has no name where no site is configured."""
    parts = (part.partition(":") for part in node.array("FaultDomain") or () if part)
    return next((name for level, _colon, name in parts if level.casefold() == "site" and name), None)


def _release(build: int | None) -> str:
    return "unknown" if build is None else WindowsVersion(build).name


def read_own_node_name(client: Client) -> str:
    """Read the computer name of the host, which is its node name.

    The operating system has it, too, and a session that reads several things has mostly read that.
    """
    name = ""
    try:
        name = computer.read_computer(client).name
    except Unreachable:
        raise
    except ServerError:
        operation = "reading the computer name"
        found = read_columns(client, "root/cimv2", "Win32_ComputerSystem", "Name", operation=operation)
        name = (found[0].text("Name") if found else None) or ""
    if not name:
        raise ServerError(f"{client.host} returned no computer name")
    return name


def read_networks(client: Client) -> list[Network]:
    """Read the cluster networks, sorted by name."""
    found = query(client, "SELECT * FROM MSCluster_Network", operation="reading the cluster's networks")
    networks = (
        Network(
            id=(network.text("ID") or "").casefold(),
            name=network.text("Name") or "",
            role=name_of(NETWORK_ROLES, network.integer("Role")),
            state=name_of(NETWORK_STATES, network.integer("State")),
            address=network.text("Address") or "",
            mask=network.text("AddressMask") or "",
            metric=network.integer("Metric"),
        )
        for network in found
    )
    return sorted(networks, key=lambda network: network.name)


def find_node(client: Client, nodes: t.Sequence[Node], name: str) -> Node:
    """Return the node with this name, which may have its domain. Raises C(ServerError) if there is none."""
    same = [node for node in nodes if node.name.casefold() == name.casefold()]
    found = next((node for node in (*same, *nodes) if node_key(node.name) == node_key(name)), None)
    if found is None:
        names = ", ".join(node.name for node in nodes) or "none"
        raise ServerError(f"The cluster of {client.host} has no node {name}; it has {names}")
    return found


def read_selected_networks(client: Client, networks: t.Sequence[Network], name: str | None) -> set[str]:
    """Return the name of the given network, or of the live-migration networks if no name is given.

    Raises C(ServerError) if the cluster has no network of that name.
    """
    if not name:
        return {network.name for network in live_migration_order(read_resource_type(client), networks)}
    found = next((network.name for network in networks if network.name.casefold() == name.casefold()), None)
    if found is None:
        names = ", ".join(network.name for network in networks) or "none"
        raise ServerError(f"The cluster of {client.host} has no network {name}; it has {names}")
    return {found}


def read_resource_type(client: Client) -> Instance | None:
    """Read the private properties of the resource type C(Virtual Machine), which apply to all virtual machines."""
    wql = "SELECT * FROM MSCluster_ResourceType WHERE Name='Virtual Machine'"
    found = query(client, wql, operation="reading the resource type Virtual Machine")
    return found[0].embedded("PrivateProperties") if found else None


def live_migration_order(resource_type: Instance | None, networks: t.Sequence[Network]) -> list[Network]:
    """The live-migration networks in order of preference.

    These are all networks except MigrationExcludeNetworks: first those in MigrationNetworkOrder, then the others by
    metric. Both lists are private properties of the resource type C(Virtual Machine).
    """
    excluded = _split_ids(resource_type, "MigrationExcludeNetworks")
    order = _split_ids(resource_type, "MigrationNetworkOrder")
    allowed = [network for network in networks if network.id not in excluded]

    def rank(network: Network) -> tuple[int, int]:
        position = order.index(network.id) if network.id in order else len(order)
        return position, network.metric if network.metric is not None else 1 << 32

    return sorted(allowed, key=rank)


def read_interfaces(client: Client) -> list[NetworkInterface]:
    """Read the network interfaces of all nodes."""
    found = query(
        client, "SELECT * FROM MSCluster_NetworkInterface", operation="reading the cluster's network interfaces"
    )
    return [
        NetworkInterface(
            node=interface.text("Node") or "",
            network=interface.text("Network") or "",
            adapter_id=(interface.text("AdapterId") or "").strip("{}").casefold(),
            address=_address_of(interface),
        )
        for interface in found
    ]


def _address_of(interface: Instance) -> str:
    """The address of a network interface. One with IPv6 only may have it only in the list."""
    listed = [*(interface.array("IPv4Addresses") or ()), *(interface.array("IPv6Addresses") or ())]
    routed = [text for text in listed if text and not text.casefold().startswith("fe80:")]
    return interface.text("Address") or next(iter(routed), "")


def read_shared_volumes(client: Client) -> list[dict[str, t.Any]]:
    """Read the cluster shared volumes, sorted by path."""
    found = query(client, "SELECT * FROM MSCluster_ClusterSharedVolume", operation="reading the cluster shared volumes")
    volumes = ({"path": volume.text("Name"), "volume": volume.text("VolumeName")} for volume in found)
    return sorted(volumes, key=lambda volume: str(volume["path"]))


def name_of(names: t.Mapping[int, str], number: int | None) -> str:
    """Return the name of a number in a WMI enumeration, or C(unknown) with the number."""
    return "unknown" if number is None else names.get(number, f"unknown ({number})")


def _split_ids(private: Instance | None, name: str) -> list[str]:
    text = (private.text(name) if private is not None else None) or ""
    return [part.strip().casefold() for part in text.split(";") if part.strip()]
