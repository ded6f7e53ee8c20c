# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of failover clusters in an inventory, with their names and groups. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils.identity import cluster_key, distinct_names

from .inventory import InventoryHost, safe_name

_VIRTUAL_MACHINE = ("name", "name_known", "id", "resource", "group", "owner_node", "state")
Mapping = t.Mapping[str, t.Any]


def hosts_of(clusters: t.Sequence[Mapping]) -> list[InventoryHost]:
    """The hosts of clusters, each with a name of its own. A virtual machine does not change the name of a node."""
    names = distinct_names([(each["name"], cluster_key(each)) for each in clusters])
    groups = [f"cluster_{name}" for name in names]
    nodes = [host for each, group in zip(clusters, groups, strict=True) for host in _nodes(each, group)]
    nodes = [
        dataclasses.replace(host, name=safe_name(name))
        for host, name in zip(nodes, distinct_names([_with(host, _cluster_of) for host in nodes]), strict=True)
    ]
    machines = [host for each, group in zip(clusters, groups, strict=True) for host in _virtual_machines(each, group)]
    fixed = [(host.name, host.name.casefold()) for host in nodes]
    for suffix in (_cluster_of, _id_of):
        own = distinct_names(fixed + [_with(host, suffix) for host in machines])[len(fixed) :]
        machines = [dataclasses.replace(host, name=safe_name(name)) for host, name in zip(machines, own, strict=True)]
    return nodes + machines


def _with(host: InventoryHost, suffix: t.Callable[[InventoryHost], str]) -> tuple[str, str]:
    return host.name, f"{host.name}.{suffix(host)}"


def _cluster_of(host: InventoryHost) -> str:
    return cluster_key(host.variables["winha_cluster"])


def _id_of(host: InventoryHost) -> str:
    machine = host.variables["winha_virtual_machine"]
    return str(machine["id"] or machine["resource"]).lower()


def _variables(one: Mapping) -> dict[str, t.Any]:
    return {"winha_cluster": {name: one[name] for name in ("name", "fqdn", "id")}}


def _nodes(one: Mapping, group: str) -> t.Iterator[InventoryHost]:
    for node in one["nodes"]:
        fqdn = f"{node.name}.{one['domain']}".lower() if one["domain"] else None
        state = {"name": node.name, "state": node.state, "site": node.site, "windows": node.windows, "vote": node.vote}
        groups = ["cluster_nodes", group, f"node_{node.state}"]
        groups += [f"site_{node.site}"] if node.site else []
        groups += ["hyperv_hosts"] if one["virtual_machines"] else []
        yield InventoryHost(
            name=safe_name(fqdn or node.name.lower()),
            address=fqdn,
            groups=tuple(groups),
            variables={**_variables(one), "winha_node": state},
        )


def _virtual_machines(one: Mapping, group: str) -> t.Iterator[InventoryHost]:
    for machine in one["virtual_machines"] if one["machines_are_hosts"] else ():
        groups = ["virtual_machines", f"{group}_virtual_machines", f"virtual_machine_{machine.state or 'unknown'}"]
        groups += [f"owner_{machine.owner_node}"] if machine.owner_node else []
        columns = {column: getattr(machine, column) for column in _VIRTUAL_MACHINE}
        yield InventoryHost(
            name=safe_name(machine.name),
            groups=tuple(groups),
            variables={**_variables(one), "winha_virtual_machine": columns},
        )
