# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The possible owners of a resource: the nodes on which it may run. At first these are all nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.fault import invalid_parameter, provider_failed
from .classes import Class, Property
from .repository import Instance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..wire.values import Value
    from .repository import Repository
    from .request_context import RequestContext

STATE = Class(
    "Lab_PossibleOwners",
    "lab",
    {"name": Property("Name", "string", key=True), "nodenames": Property("NodeNames", "string[]")},
)
_NODE_NOT_FOUND, _ALREADY_EXISTS, _NOT_OWNER, _INVALID_STATE = 0x800713B2, 0x80071392, 0x80071397, 0x8007139F


def add(repository: Repository, resource: str, nodes: Sequence[str]) -> None:
    """Add the possible owners of a resource."""
    repository.place(Instance(STATE, {"Name": resource, "NodeNames": list(nodes)}))


def owners(repository: Repository, resource: str) -> list[str]:
    """The possible owners of a resource."""
    found = repository.find(STATE, resource.lower())
    names = found.values["NodeNames"] if found else None
    return [str(name) for name in names] if isinstance(names, list | tuple) else []


def invoke(
    context: RequestContext, resource: Instance, method: str, values: Mapping[str, Value]
) -> dict[str, Value] | None:
    """Run a method for possible owners. None for other methods."""
    if method not in ("getpossibleowners", "addpossibleowner", "removepossibleowner"):
        return None
    now = owners(context.repository, resource.name)
    if method == "getpossibleowners":
        return {"NodeNames": list(now)}
    name = str(values.get("NodeName") or "")
    if not name:
        raise invalid_parameter("NodeName is missing.", "ExecMethod", "NodeName")
    node = context.repository.named("MSCluster_Node", name)
    if node is None:
        raise provider_failed(_NODE_NOT_FOUND, "The cluster node was not found.")
    name = str(node.values["Name"])
    if method == "addpossibleowner":
        if name in now:
            raise provider_failed(_ALREADY_EXISTS, "The object already exists.")
        after = [*now, name]
    else:
        if name not in now:
            raise provider_failed(_NOT_OWNER, "The node is not a possible owner of the resource.")
        if str(resource.values["OwnerNode"]).lower() == name.lower():
            raise provider_failed(_INVALID_STATE, "The resource is on this node.")
        after = [one for one in now if one != name]
    held = context.repository.find(STATE, resource.name.lower())
    if held is not None:
        context.write(held, {"NodeNames": after})
    return {}
