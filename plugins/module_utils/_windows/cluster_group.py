# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a clustered role that decide where it runs and how it moves. Private to this collection.

Sources: Microsoft, MSCluster_ResourceGroup and MSCluster_Resource (cluswmi), and MsCS (Priority,
AntiAffinityClassNames, DefaultMoveType). The cluster keeps possible owners for each resource. A virtual machine has two
resources: its own, and one for its configuration.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._wsman.errors import ServerError, Unreachable
from . import cluster, clustered_role, properties, virtual_machine
from .adapter import guid_in
from .columns import read_columns

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance, Reference
    from .._wsman.client import Client

HIGHEST_PRIORITY = 4999
# The settings of a clustered role, and those of its virtual machine.
OF_ROLE, OF_MACHINE = ("priority", "anti_affinity_class_names"), ("possible_owners", "default_move_type")
MOVE_TYPE_NUMBERS = {name: number for number, name in virtual_machine.MOVE_TYPES.items()}
_COMMON = {"priority": "Priority", "anti_affinity_class_names": "AntiAffinityClassNames"}
_CONFIGURATION = "Virtual Machine Configuration"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClusterGroup:
    """A clustered role, as the role of one virtual machine or as itself.

    C(possible_owners) are the nodes on which its C(resources) may run; C(None) if they were not read. C(problem) is a
    sentence why it cannot be changed.
    """

    name: str
    id: str
    name_known: bool = True
    resource: str = ""
    group: str
    owner_node: str | None
    priority: int | None
    anti_affinity_class_names: tuple[str, ...]
    default_move_type: str | None = None
    possible_owners: tuple[str, ...] | None = None
    reference: Reference | None
    machine: virtual_machine.VirtualMachine | None = None
    resources: tuple[Reference, ...] = ()
    problem: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that a wildcard is compared with."""
        return (self.name,) if self.name_known else tuple(filter(None, (self.name, self.resource, self.group)))


def read_groups(client: Client, names: t.Mapping[str, str]) -> tuple[ClusterGroup, ...]:
    """Read the clustered roles except those of the cluster itself; one for each virtual machine, sorted by name.

    C(names) has the names of virtual machines on other nodes, by id.
    """
    machines = virtual_machine.read_virtual_machines(client, names)
    roles = {role.name.casefold(): role for role in clustered_role.read_roles(client)}
    found = [_of_machine(machine, roles.get(machine.group.casefold())) for machine in machines]
    found += [
        ClusterGroup(
            name=role.name,
            id=role.id,
            group=role.name,
            owner_node=role.owner,
            priority=role.priority,
            anti_affinity_class_names=_sorted(role.anti_affinity),
            reference=role.reference,
        )
        for role in roles.values()
        if role.kind == "other"
    ]
    return tuple(sorted(found, key=lambda one: one.name.casefold()))


def with_possible_owners(client: Client, groups: t.Sequence[ClusterGroup]) -> tuple[ClusterGroup, ...]:
    """The clustered roles of virtual machines with their possible owners, two requests each."""
    where = f" WHERE Type='{_CONFIGURATION}'"
    operation = "reading the configuration resources of the virtual machines"
    found = read_columns(
        client, cluster.NAMESPACE, "MSCluster_Resource", "Name, PrivateProperties", where, operation=operation
    )
    configurations = {_machine_id(item): item.reference for item in found if item.reference}
    return tuple(_with_owners(client, group, configurations) for group in groups)


def set_common(client: Client, group: ClusterGroup, values: t.Mapping[str, t.Any]) -> tuple[dict[str, t.Any], str]:
    """Set priority or anti-affinity class names by one request. Returns the values as read back, and why not."""
    if group.reference is None:
        raise ServerError(f"the cluster returned the role {group.group} without its reference")
    stored = properties.send_and_store(
        client,
        group.reference,
        {_COMMON[name]: list(value) if isinstance(value, tuple) else value for name, value in values.items()},
        properties.GROUP_COMMON,
        operation=f"setting {', '.join(values)} of {group.name}",
    )
    now = {
        "priority": stored.instance.integer("Priority"),
        "anti_affinity_class_names": _sorted(stored.instance.array("AntiAffinityClassNames") or ()),
    }
    return {name: now[name] for name in values}, stored.reason


def set_default_move_type(client: Client, group: ClusterGroup, move_type: str) -> tuple[str | None, str]:
    """Set what a drain does with the virtual machine. Returns the value as read back, and why not."""
    if group.machine is None:
        raise ServerError(f"{group.name} is not a virtual machine")
    stored = properties.send_and_store(
        client,
        virtual_machine.reference_of(group.machine),
        {"DefaultMoveType": MOVE_TYPE_NUMBERS[move_type]},
        properties.RESOURCE_PRIVATE,
        within="PrivateProperties",
        operation=f"setting the default move type of {group.name} to {move_type}",
    )
    private = stored.instance.embedded("PrivateProperties")
    number = private.integer("DefaultMoveType") if private is not None else None
    return virtual_machine.move_type_name(number), stored.reason


def set_possible_owners(client: Client, group: ClusterGroup, nodes: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Add the nodes that are missing, then remove the others. Returns the possible owners as read back, and why not.

    After an error nothing more is written: without the nodes that were to be added, none may be removed.
    """
    reason = ""
    for reference, now in [(one, _owners(client, one, group.name)) for one in group.resources]:
        adds = [("AddPossibleOwner", node) for node in nodes if node not in now]
        removes = [("RemovePossibleOwner", node) for node in now if node not in nodes]
        for method, node in adds + removes:
            verb = "adding" if method == "AddPossibleOwner" else "removing"
            operation = f"{verb} the possible owner {node} of {group.name}"
            try:
                client.invoke(reference, method, {"NodeName": node}, operation=operation)
            except Unreachable:
                raise
            except ServerError as exc:
                reason = f"{method} of {node} returned: {exc.detail}"
                break
        if reason:
            break
    return _common_owners([_owners(client, one, group.name) for one in group.resources]), reason


def _of_machine(machine: virtual_machine.VirtualMachine, role: clustered_role.Role | None) -> ClusterGroup:
    missing = f"The clustered role {machine.group} of {machine.name} was not returned by the cluster."
    return ClusterGroup(
        name=machine.name,
        id=machine.id,
        name_known=machine.name_known,
        resource=machine.resource,
        group=machine.group,
        owner_node=machine.owner_node,
        priority=role.priority if role else None,
        anti_affinity_class_names=_sorted(role.anti_affinity if role else ()),
        default_move_type=machine.default_move_type,
        reference=role.reference if role else None,
        machine=machine,
        problem=machine.problem or ("" if role else missing),
    )


def _with_owners(client: Client, group: ClusterGroup, configurations: t.Mapping[str, Reference | None]) -> ClusterGroup:
    if group.machine is None or group.problem:
        return group
    resources = [group.machine.reference, configurations.get(group.id)]
    if None in resources:
        problem = f"The configuration resource of {group.name} was not found, so its possible owners are not known."
        return dataclasses.replace(group, problem=problem)
    references = tuple(one for one in resources if one is not None)
    owners = _common_owners([_owners(client, one, group.name) for one in references])
    return dataclasses.replace(group, possible_owners=owners, resources=references)


def _owners(client: Client, reference: Reference, name: str) -> tuple[str, ...]:
    operation = f"reading the possible owners of {name}"
    found = client.invoke(reference, "GetPossibleOwners", {}, query=True, operation=operation)
    return _sorted(found.array("NodeNames") or ())


def _common_owners(listed: t.Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The nodes on which a resource may run. A node that not all resources have is marked."""
    return _sorted(
        node if all(node in owners for owners in listed) else f"{node} (not all resources)"
        for owners in listed
        for node in owners
    )


def _machine_id(item: Instance) -> str:
    private = item.embedded("PrivateProperties")
    return guid_in(private.text("VmID") if private is not None else None).upper()


def _sorted(names: t.Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}, key=str.casefold))
