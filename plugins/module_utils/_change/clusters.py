# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a run, and the clusters that they form. Private to this collection; pure.

A task that failed or did not reach its host leaves no health: the host is then assigned by its name.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..identity import distinct_names, home_of, node_key
from .health import read_health

if t.TYPE_CHECKING:
    from .health import Health, Network, Node, Role

Mapping = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host of the run. C(differs) says whether its adapters would change; C(None) if that could not be read."""

    name: str
    playing: bool
    health: Health | None
    problem: str
    differs: bool | None

    @property
    def ready(self) -> bool:
        """Whether the host was read in this run and is still in the play."""
        return self.playing and self.health is not None and self.differs is not None

    @property
    def node(self) -> str:
        return node_key(self.health.computer if self.health else self.name)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster with its hosts by node key: all inventory names of a node, in inventory order."""

    key: str
    name: str
    members: t.Mapping[str, tuple[Host, ...]]
    views: tuple[Health, ...]

    def nodes(self) -> dict[str, Node]:
        """The nodes by key. Where the views differ, a node counts with a state that is not up."""
        found: dict[str, Node] = {}
        for node in (node for view in self.views for node in view.nodes or ()):
            if node.key not in found or (found[node.key].state == "up" and node.state != "up"):
                found[node.key] = node
        return found

    def networks(self) -> dict[str, Network]:
        """The cluster networks by name. Where the views differ, a network counts with a state that is not up."""
        found: dict[str, Network] = {}
        for network in (network for view in self.views for network in view.networks or ()):
            if network.name not in found or found[network.name].state == "up":
                found[network.name] = network
        return found

    def roles(self) -> tuple[Role, ...] | None:
        """The clustered roles of the first view that has them; C(None) if they are unknown.

        A role is shown as its owner node returned it, because only that node has the name of the virtual machine.
        """
        own = {
            role.name: role
            for view in self.views
            for role in view.roles or ()
            if node_key(role.owner) == node_key(view.computer)
        }
        first = next((view.roles for view in self.views if view.roles is not None), None)
        if first is None:
            return None
        # A view of another moment can have another owner node; then the role is as the first view has it.
        return tuple(
            own[role.name] if role.name in own and own[role.name].owner == role.owner else role for role in first
        )

    def roles_of(self, node: str) -> tuple[Role, ...]:
        """The clustered roles of a node: those of its mark, which come back to it, and those that it owns else."""
        returning = {name: each.key for each in self.nodes().values() if each.mark for name in each.mark.roles}
        return tuple(role for role in self.roles() or () if returning.get(role.name, node_key(role.owner)) == node)

    def why_unknown(self, *words: str) -> str:
        reasons = (view.why_unknown(*words) for view in self.views)
        return next((reason for reason in reasons if reason), "it could not be read")


def hosts_of(
    variables: t.Iterable[Mapping], *, playing: t.Container[str], health: str, changes: str
) -> tuple[Host, ...]:
    """The hosts, from the variables of each; C(health) and C(changes) name the registered results."""
    return tuple(_host(each, playing, health, changes) for each in variables)


def _host(variables: Mapping, playing: t.Container[str], health: str, changes: str) -> Host:
    name = str(variables["inventory_hostname"])
    read, planned = (_registered(variables, variable) for variable in (health, changes))
    problems = [result for result in (read, planned) if result.get("failed") or result.get("unreachable")]
    if not problems and (not read or not planned):
        problems = [{"msg": f"{name} was not read in this run"}]
    usable = not (planned.get("failed") or planned.get("unreachable"))
    return Host(
        name=name,
        playing=name in playing,
        health=None if read.get("failed") or read.get("unreachable") else read_health(read.get("health")),
        problem=str(problems[0].get("msg") or f"{name} was not read").rstrip(".") if problems else "",
        differs=bool(planned["changed"]) if usable and "changed" in planned else None,
    )


def _registered(variables: Mapping, name: str) -> Mapping:
    value = variables.get(name)
    return value if isinstance(value, t.Mapping) else {}


def clusters_of(hosts: t.Sequence[Host], earlier: t.Mapping[str, Health]) -> tuple[Cluster, ...]:
    """The clusters in inventory order. C(earlier) is the health of hosts from an earlier look in the same run."""
    hosts = _with_full_keys(hosts)
    views: dict[str, list[Health]] = {}
    for host in hosts:
        if host.health and host.health.cluster:
            views.setdefault(host.health.cluster, []).append(host.health)
    members: dict[str, dict[str, list[Host]]] = {}
    for host in hosts:
        key, node = _assigned(host, views, earlier)
        if key:
            members.setdefault(key, {}).setdefault(node, []).append(host)
    known = {view.cluster: view.cluster_name for each in (earlier.values(), *views.values()) for view in each}
    names = distinct_names([(known.get(key, key), key) for key in members])
    return tuple(
        Cluster(
            key=key,
            name=name,
            members={node: tuple(named) for node, named in nodes.items()},
            views=tuple(views.get(key, ())),
        )
        for (key, nodes), name in zip(members.items(), names, strict=True)
    )


def _with_full_keys(hosts: t.Sequence[Host]) -> tuple[Host, ...]:
    """A host that read only the name of its cluster gets the key that its neighbors read, if there is just one."""
    full: dict[str, set[str]] = {}
    for health in (host.health for host in hosts):
        if health and health.cluster and health.cluster != health.cluster_name.casefold():
            full.setdefault(health.cluster_name.casefold(), set()).add(health.cluster)
    found = []
    for host in hosts:
        keys = full.get(host.health.cluster or "", set()) if host.health else set()
        found.append(
            dataclasses.replace(host, health=dataclasses.replace(host.health, cluster=next(iter(keys))))
            if host.health and len(keys) == 1
            else host
        )
    return tuple(found)


def _assigned(
    host: Host, views: t.Mapping[str, t.Sequence[Health]], earlier: t.Mapping[str, Health]
) -> tuple[str | None, str]:
    """The cluster of a host and its node key. A host that was not read is looked up in what its neighbors list.

    If several clusters list it, it counts for the one in its domain, or for the first one.
    """
    known = host.health or earlier.get(host.name)
    if known:
        return known.cluster, node_key(known.computer)
    listing = [
        key for key, each in views.items() if any(node.key == host.node for view in each for node in view.nodes or ())
    ]
    unread = [key for key in listing if not any(node_key(view.computer) == host.node for view in views[key])]
    possible = dict.fromkeys(unread or listing)
    return home_of(host.name, possible) or next(iter(possible), None), host.node
