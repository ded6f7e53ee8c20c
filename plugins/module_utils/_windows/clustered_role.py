# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clustered roles of a cluster: where they are, and how to live migrate one back. Private to this collection.

Sources: Microsoft, MSCluster_ResourceGroup (cluswmi), and MS-CMRP 3.1.4.2.127 for the flags of MoveToNewNodeParams.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._wsman.errors import Fault, ResponseLost, ServerError
from . import cluster, property_list
from .columns import read_columns

if t.TYPE_CHECKING:
    from .._wsman.cim import Reference
    from .._wsman.client import Client

_STATES = {0: "online", 1: "offline", 2: "failed", 3: "partial", 4: "pending"}
_CORE_TYPES = range(1, 6)  # the cluster itself, its storage and its shared volumes
_QUEUED = 0x4  # StatusInformation: the role waits in the queue for its move
_COLUMNS = "Name, Id, OwnerNode, State, StatusInformation, Priority, GroupType, IsCore, AntiAffinityClassNames"
_LIVE_MIGRATION = 4
# Return to the source on an error, queue the move, start with high priority.
_FLAGS = 2 | 4 | 8


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A clustered role; C(kind) is C(virtual_machine), C(core) or C(other), C(moving) means in motion or queued."""

    name: str
    id: str
    kind: str
    group_type: int | None
    owner: str
    state: str
    moving: bool
    priority: int | None
    anti_affinity: tuple[str, ...]
    reference: Reference | None

    @property
    def identifies_cluster(self) -> bool:
        """Whether this is the role of the cluster itself, whose id no other cluster has."""
        return self.group_type == cluster.CORE_CLUSTER_GROUP


def read_roles(client: Client) -> list[Role]:
    """Read the clustered roles, sorted by name."""
    found = read_columns(
        client, cluster.NAMESPACE, "MSCluster_ResourceGroup", _COLUMNS, operation="reading the clustered roles"
    )
    roles = []
    for group in found:
        group_type, state = group.integer("GroupType"), cluster.name_of(_STATES, group.integer("State"))
        roles.append(
            Role(
                name=group.text("Name") or "",
                id=cluster.group_id(group),
                kind=_kind(group_type, is_core=bool(group.boolean("IsCore"))),
                group_type=group_type,
                owner=group.text("OwnerNode") or "",
                state=state,
                moving=state == "pending" or bool((group.integer("StatusInformation") or 0) & _QUEUED),
                priority=group.integer("Priority"),
                anti_affinity=tuple(group.array("AntiAffinityClassNames") or ()),
                reference=group.reference,
            )
        )
    return sorted(roles, key=lambda role: role.name.casefold())


def live_migrate(client: Client, role: Role, node: str) -> None:
    """Start the live migration of a virtual machine to a node. Only the owner that is read afterwards counts.

    Clusters answer with an error although the move begins, so the answer is not looked at. A plain MoveToNewNode would
    save the virtual machine or shut it down.
    """
    if role.reference is None:
        raise ServerError(f"the cluster returned the role {role.name} without its reference")
    moves = {"Virtual Machine": _LIVE_MIGRATION, "Virtual Machine Configuration": _LIVE_MIGRATION}
    parameters: dict[str, t.Any] = {
        "NodeName": node,
        "Parameters": list(property_list.encode(moves)),
        "Flags": _FLAGS,
    }
    operation = f"live migrating {role.name} to {node}"
    try:
        client.invoke(role.reference, "MoveToNewNodeParams", parameters, operation=operation)
    except (Fault, ResponseLost):
        return


def _kind(group_type: int | None, *, is_core: bool) -> str:
    if group_type == cluster.VIRTUAL_MACHINE_GROUP:
        return "virtual_machine"
    return "core" if is_core or group_type in _CORE_TYPES else "other"
