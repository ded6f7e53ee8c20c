# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to look at what the collection assumes about a failover cluster. Private to this collection."""

from __future__ import annotations

import typing as t

from .._windows import adapter, cluster, drain_mark, heartbeat, virtual_machine
from ..identity import node_key
from .host_checks import guids_of
from .point import Different, Nothing

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance, Reference
    from .._wsman.client import Client
    from .point import Seen

_WITNESSES = ("File Share Witness", "Cloud Witness", "Physical Disk")
_NODES_ONLY = 1  # QuorumTypeValue
_WITHOUT_MACHINES = "the cluster has no clustered virtual machine"
_TEXT = 80


def _machines(seen: Seen) -> list[Instance]:
    rows = seen.rows["cluster.machines"]
    if not rows:
        raise Nothing(_WITHOUT_MACHINES)
    return rows


def _reference(row: Instance) -> Reference:
    if row.reference is None:
        raise Different(f"{row.class_name} {row.text('Name')} came without its reference")
    return row.reference


def _own_node(seen: Seen) -> Instance:
    name = seen.rows["windows.operating_system"][0].text("CSName") or ""
    found = [row for row in seen.rows["cluster.nodes"] if node_key(row.text("Name") or "") == node_key(name)]
    if not found:
        raise Nothing(f"no node has the name {name}, see cluster.node_name")
    return found[0]


def selectors(client: Client, seen: Seen) -> str:
    """Whether the reference of the cluster can be read."""
    (row, *_others) = seen.rows["cluster.cluster"]
    again = client.get(_reference(row), operation="reading the cluster by its reference")
    if again.text("Name") != row.text("Name"):
        raise Different(f"the reference leads to {again.text('Name')}")
    return ", ".join(name for name, _value in _reference(row).selectors) or "no selectors"


def heartbeat_ranges(_client: Client, seen: Seen) -> str:
    """Whether the values are in the ranges that are assumed."""
    values = heartbeat.values_of(seen.rows["cluster.cluster"][0])
    known = {option: value for option, value in values.items() if value is not None}
    for option, value in known.items():
        lowest, highest = heartbeat.SETTINGS[option].range(seen.release)
        if not lowest <= value <= highest:
            raise Different(f"{heartbeat.SETTINGS[option].property} is {value}, assumed is {lowest} to {highest}")
    return ", ".join(f"{heartbeat.SETTINGS[option].property} {value}" for option, value in known.items())


def node_name(_client: Client, seen: Seen) -> str:
    """Whether the host finds its own node."""
    name = seen.rows["windows.operating_system"][0].text("CSName") or ""
    names = [row.text("Name") or "" for row in seen.rows["cluster.nodes"]]
    if node_key(name) not in map(node_key, names):
        raise Different(f"the computer name is {name}, and the nodes are {', '.join(names)[:_TEXT]}")
    return name


def node_states(_client: Client, seen: Seen) -> str:
    """Whether the numbers of the states are known."""
    for row in seen.rows["cluster.nodes"]:
        for column, known in (("State", cluster.NODE_STATES), ("NodeDrainStatus", cluster.DRAIN_STATES)):
            number = row.integer(column)
            if number is not None and number not in known:
                raise Different(f"{column} of {row.text('Name')} is {number}")
    return f"{len(seen.rows['cluster.nodes'])} nodes"


def fault_domain(_client: Client, seen: Seen) -> str:
    """Whether the fault domains have the format from which sites are read."""
    parts = [part for row in seen.rows["cluster.nodes"] for part in row.array("FaultDomain") or () if part]
    if not parts:
        raise Nothing("no node has a fault domain")
    other = [part for part in parts if ":" not in part]
    if other:
        raise Different(f"a part is {other[0][:_TEXT]}")
    return ", ".join(dict.fromkeys(part.partition(":")[0] for part in parts))


def will_lose_quorum(client: Client, seen: Seen) -> str:
    """Whether the query about the quorum has an answer."""
    operation = "asking whether the cluster would lose its quorum"
    found = client.invoke(_reference(_own_node(seen)), "WillOfflineLoseQuorum", {}, query=True, operation=operation)
    value = found.boolean("ReturnValue")
    if value is None:
        raise Different("no ReturnValue")
    return "true" if value else "false"


def node_control(client: Client, seen: Seen) -> str:
    """Whether the private properties of a node can be decoded."""
    node = _own_node(seen)
    mark = drain_mark.read(client, _reference(node), node.text("Name") or "")
    return "a drain mark" if mark else "no drain mark"


def interface_adapters(_client: Client, seen: Seen) -> str:
    """Whether the interfaces of this node are its adapters."""
    own = node_key(seen.rows["windows.operating_system"][0].text("CSName") or "")
    known = guids_of(seen.rows["windows.adapters"], "InterfaceGuid")
    rows = [row for row in seen.rows["cluster.interfaces"] if node_key(row.text("Node") or "") == own]
    if not rows or not known:
        raise Nothing("the node has no network interface, or the host no adapter")
    other = [row for row in rows if adapter.guid_in(row.text("AdapterId")) not in known]
    if other:
        raise Different(f"AdapterId of {other[0].text('Name')} is {other[0].text('AdapterId')}, which no adapter has")
    return f"{len(rows)} interfaces"


def resource_type_values(_client: Client, seen: Seen) -> str:
    """Whether the settings for all virtual machines are of the form that is read."""
    private = next((row.embedded("PrivateProperties") for row in seen.rows["cluster.resource_type"]), None)
    if private is None:
        raise Nothing("the cluster has no resource type Virtual Machine")
    known = {(row.text("ID") or "").casefold() for row in seen.rows["cluster.networks"]}
    for name in ("MigrationExcludeNetworks", "MigrationNetworkOrder"):
        other = [
            one for one in (private.text(name) or "").split(";") if one.strip() and one.strip().casefold() not in known
        ]
        if other:
            raise Different(f"{name} has {other[0][:_TEXT]}, which is no id of a network")
    number = private.integer("MoveTypeThreshold")
    return f"MoveTypeThreshold {number}" if number is not None else "no MoveTypeThreshold, so the default is in effect"


def core_group(_client: Client, seen: Seen) -> str:
    """Whether the role of the cluster itself has an id."""
    core = [row for row in seen.rows["cluster.groups"] if row.integer("GroupType") == cluster.CORE_CLUSTER_GROUP]
    if len(core) != 1:
        raise Different(f"{len(core)} roles have the type {cluster.CORE_CLUSTER_GROUP}")
    if not cluster.group_id(core[0]):
        raise Different("it has no id")
    return "one role with an id"


def witness_type(client: Client, seen: Seen) -> str:
    """Whether the witness is of a known type, and whether there is one where the quorum type says so."""
    kind = seen.rows["cluster.cluster"][0].integer("QuorumTypeValue")
    links = [link for row in seen.rows["cluster.witness"] if (link := row.reference_in("PartComponent"))]
    if kind == _NODES_ONLY:
        if links:
            raise Different(f"QuorumTypeValue is {kind}, and there is the witness {links[0].selector('Name')}")
        return f"QuorumTypeValue {kind}, no witness"
    if not links:
        raise Different(f"QuorumTypeValue is {kind}, and there is no witness")
    item = client.get(links[0], operation="reading the witness")
    word, private = item.text("Type") or "no type", item.embedded("PrivateProperties")
    if word not in _WITNESSES:
        raise Different(f"the type is {word[:_TEXT]}")
    if word == _WITNESSES[0] and not (private is not None and private.text("SharePath")):
        raise Different("the file share witness has no SharePath")
    return f"QuorumTypeValue {kind}, {word}"


def embedded_objects(client: Client, seen: Seen) -> str:
    """Whether a projection has embedded objects."""
    _machines(seen)
    wql = "SELECT Name, PrivateProperties FROM MSCluster_Resource WHERE Type='Virtual Machine'"
    rows = client.query(cluster.NAMESPACE, wql, operation="looking for embedded objects")
    if not rows:
        raise Different("no instance")
    if any(row.embedded("PrivateProperties") is None for row in rows):
        raise Different("no PrivateProperties")
    return f"{len(rows)} objects"


def private_properties(client: Client, seen: Seen) -> str:
    """Whether one resource alone has its private properties."""
    row = _machines(seen)[0]
    private = client.get(_reference(row), operation="reading one resource").embedded("PrivateProperties")
    if private is None:
        raise Different(f"the resource {row.text('Name')} has none")
    return ", ".join(private.names())


def _private_numbers(seen: Seen, name: str, known: t.Container[int]) -> str:
    found = []
    for row in _machines(seen):
        private = row.embedded("PrivateProperties")
        number = private.integer(name) if private is not None else None
        if number is not None and number not in known:
            raise Different(f"{name} of {row.text('Name')} is {number}")
        found += [number] if number is not None else []
    if not found:
        raise Nothing(f"no virtual machine has {name}, so the default is in effect")
    return ", ".join(map(str, sorted(set(found))))


def offline_actions(_client: Client, seen: Seen) -> str:
    """Whether the numbers of the offline action are known."""
    return _private_numbers(seen, "OfflineAction", virtual_machine.OFFLINE_ACTIONS)


def move_types(_client: Client, seen: Seen) -> str:
    """Whether the numbers of the default move type are known."""
    return _private_numbers(seen, "DefaultMoveType", virtual_machine.MOVE_TYPES)


def resource_states(_client: Client, seen: Seen) -> str:
    """Whether the numbers of the states are known."""
    for row in _machines(seen):
        number = row.integer("State")
        if number not in cluster.RESOURCE_STATES:
            raise Different(f"State of {row.text('Name')} is {number}")
    return f"{len(_machines(seen))} resources"


def machine_groups(_client: Client, seen: Seen) -> str:
    """Whether the roles of virtual machines have the type that they are selected by."""
    types = {(row.text("Name") or "").casefold(): row.integer("GroupType") for row in seen.rows["cluster.groups"]}
    for row in _machines(seen):
        number = types.get((row.text("OwnerGroup") or "").casefold())
        if number != cluster.VIRTUAL_MACHINE_GROUP:
            raise Different(f"GroupType of {row.text('OwnerGroup')} is {number}")
    return f"{len(_machines(seen))} roles"


def machine_owners(client: Client, seen: Seen) -> str:
    """Whether the possible owners of a resource are nodes."""
    reference = _reference(_machines(seen)[0])
    found = client.invoke(reference, "GetPossibleOwners", {}, query=True, operation="reading possible owners")
    names = found.array("NodeNames") or ()
    nodes = {node_key(row.text("Name") or "") for row in seen.rows["cluster.nodes"]}
    if not names or not set(map(node_key, names)) <= nodes:
        raise Different(f"NodeNames is {', '.join(names)[:_TEXT] or 'empty'}")
    return ", ".join(names)


def machine_ids(_client: Client, seen: Seen) -> str:
    """Whether the virtual machines of this node are found in Hyper-V by their id."""
    own = node_key(seen.rows["windows.operating_system"][0].text("CSName") or "")
    rows = [row for row in _machines(seen) if node_key(row.text("OwnerNode") or "") == own]
    if not rows:
        raise Nothing("no clustered virtual machine is on this node")
    known = guids_of(seen.rows["hyperv.machines"], "Name")
    for row in rows:
        private = row.embedded("PrivateProperties")
        number = private.text("VmID") if private is not None else None
        if adapter.guid_in(number) not in known:
            raise Different(f"VmID of {row.text('Name')} is {number}, which Hyper-V does not have")
    return f"{len(rows)} virtual machines"
