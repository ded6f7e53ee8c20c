# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of a cluster as one host reported it. Private to this collection; pure.

It reads the value C(health) of M(winha.cluster.cluster_health_info). What is missing is unknown and becomes C(None).
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..identity import cluster_key, node_key

Mapping = t.Mapping[str, t.Any]
Read = t.TypeVar("Read")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The mark on a node that this collection drained, with the roles that the node owned before."""

    run: str
    started: str
    roles: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node. C(mark_unknown) is the reason why its mark could not be read."""

    name: str
    state: str
    drain: str
    vote: int | None
    dynamic_vote: int | None
    mark: Mark | None
    mark_unknown: str

    @property
    def key(self) -> str:
        return node_key(self.name)

    @property
    def paused(self) -> bool:
        return self.state == "paused" or self.drain == "in_progress"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A cluster network."""

    name: str
    state: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A clustered role. C(drain) is what a drain of its owner node does to the virtual machine."""

    name: str
    type: str
    owner: str
    state: str
    anti_affinity: tuple[str, ...]
    moving: bool
    machine: str | None
    drain: str | None

    @property
    def title(self) -> str:
        return self.machine or self.name


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Storage Spaces Direct: jobs as name and state, virtual disks as name, health and operational states."""

    jobs: tuple[tuple[str, str], ...]
    virtual_disks: tuple[tuple[str, str, tuple[int, ...]], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What one host reported. Without C(cluster) it is a standalone host; C(None) elsewhere means unknown."""

    computer: str
    cluster: str | None
    cluster_name: str
    storage_spaces_direct: bool | None
    nodes: tuple[Node, ...] | None
    networks: tuple[Network, ...] | None
    roles: tuple[Role, ...] | None
    storage: Storage | None
    updating: bool | None
    network_atc: bool | None
    quorum_lost: bool | None
    unknown: tuple[tuple[str, str], ...]

    def why_unknown(self, *words: str) -> str:
        """The reasons why parts whose name has one of the words could not be read."""
        return "; ".join(why for what, why in self.unknown if any(word in what.casefold() for word in words) and why)


def read_health(value: object) -> Health | None:
    """The health in a plain value; C(None) if the value is none."""
    if not isinstance(value, t.Mapping) or not value.get("computer"):
        return None
    cluster = value.get("cluster") or None
    computer = str(value["computer"])
    lost = {node_key(str(name)): _flag(each) for name, each in (value.get("quorum_lost_without") or {}).items()}
    return Health(
        computer=computer,
        cluster=cluster_key(cluster) if cluster else None,
        cluster_name=str(cluster.get("name") or cluster_key(cluster)) if cluster else "",
        storage_spaces_direct=_flag(value.get("storage_spaces_direct")),
        nodes=_rows(value.get("nodes"), _node),
        networks=_rows(value.get("networks"), _network),
        roles=_rows(value.get("roles"), _role),
        storage=read_storage(value.get("storage")),
        updating=_flag(value.get("updating")),
        network_atc=_flag(value.get("network_atc")),
        quorum_lost=lost.get(node_key(computer)),
        unknown=tuple((str(row.get("what", "")), str(row.get("why", ""))) for row in value.get("unknown") or ()),
    )


def _rows(value: t.Any, read: t.Callable[[Mapping], Read]) -> tuple[Read, ...] | None:
    return None if value is None else tuple(read(row) for row in value)


def _node(row: Mapping) -> Node:
    mark = row.get("mark")
    return Node(
        name=str(row["name"]),
        state=str(row.get("state") or "unknown"),
        drain=str(row.get("drain") or "unknown"),
        vote=_number(row.get("vote")),
        dynamic_vote=_number(row.get("dynamic_vote")),
        mark=_mark(mark) if mark else None,
        mark_unknown=str(row.get("mark_unknown") or ""),
    )


def _mark(row: Mapping) -> Mark:
    roles = row.get("owners") or row.get("roles") or ()
    return Mark(
        run=str(row.get("run") or ""), started=str(row.get("started") or ""), roles=tuple(str(name) for name in roles)
    )


def _network(row: Mapping) -> Network:
    return Network(name=str(row["name"]), state=str(row.get("state") or "unknown"))


def _role(row: Mapping) -> Role:
    return Role(
        name=str(row["name"]),
        type=str(row.get("type") or "other"),
        owner=str(row.get("owner") or ""),
        state=str(row.get("state") or "unknown"),
        anti_affinity=tuple(str(each) for each in row.get("anti_affinity") or ()),
        moving=bool(row.get("moving")),
        machine=str(row["machine"]) if row.get("machine") else None,
        drain=str(row["drain"]) if row.get("drain") else None,
    )


def read_storage(value: object) -> Storage | None:
    """Storage Spaces Direct in a plain value; C(None) if a part is missing."""
    if not isinstance(value, t.Mapping) or value.get("jobs") is None or value.get("virtual_disks") is None:
        return None
    return Storage(
        jobs=tuple((str(row.get("name") or ""), str(row.get("state") or "unknown")) for row in value["jobs"]),
        virtual_disks=tuple(
            (
                str(row.get("name") or ""),
                str(row.get("health") or "unknown"),
                tuple(int(each) for each in row.get("operational") or ()),
            )
            for row in value["virtual_disks"]
        ),
    )


def _flag(value: t.Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: t.Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
