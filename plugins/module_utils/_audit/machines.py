# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines of all hosts and clusters of a run, and which of them a host is. Private to this collection."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..identity import cluster_key, node_key
from .facts import node_label
from .relations import folded

if t.TYPE_CHECKING:
    from .facts import Subject

Row = dict[str, t.Any]
_RUNNING = ("online", "running", None)


@dataclasses.dataclass(frozen=True, slots=True)
class Home:
    """Where a virtual machine is: its cluster, or C(None) on a standalone host, and the host that runs it."""

    cluster: Subject | None
    host: str | None
    machine: Row

    @property
    def place(self) -> tuple[str, str]:
        """The host, different from a host of the same name in another cluster."""
        return self.cluster.name if self.cluster else "", str(self.host)

    @property
    def is_running(self) -> bool:
        """Whether the virtual machine runs, as far as that is known."""
        return self.machine.get("state") in _RUNNING


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """A DAG member with its home, or why a rule does not apply to it, or why its home is not known."""

    name: str
    home: Home | None = None
    not_applicable: str | None = None
    unknown: str | None = None


class Machines:
    """The virtual machines by id and by name."""

    def __init__(self, hosts: t.Iterable[Subject], clusters: t.Iterable[Subject]) -> None:
        self._nodes: dict[tuple[str, str], Subject] = {}
        self._own_ids: dict[str, set[str]] = collections.defaultdict(set)
        self._by_id: dict[str, list[Home]] = collections.defaultdict(list)
        self._by_name: dict[str, list[Home]] = collections.defaultdict(list)
        for cluster in clusters:
            if "hyperv_host" in cluster.kinds:
                self._add(cluster, None, _cluster(cluster).get("virtual_machines"))
        clustered = set(self._by_id)
        for host in hosts:
            if host.alias_reason:
                continue
            document, info = host.document, host.document.get("host_info") or {}
            found, label = (document.get("cluster_info") or {}).get("cluster"), node_label(document)
            if isinstance(found, dict):
                self._nodes[cluster_key(found), label] = host
            if isinstance(info.get("guest"), dict) and info["guest"].get("machine_id"):
                self._own_ids[label].add(folded(info["guest"]["machine_id"]))
            rows = info.get("virtual_machines") or ()
            self._add(None, host.name, [row for row in rows if folded(row.get("id")) not in clustered])

    def _add(self, cluster: Subject | None, host: str | None, rows: t.Iterable[Row] | None) -> None:
        for row in rows or ():
            home = Home(cluster, host or row.get("owner_node"), row)
            if row.get("id"):
                self._by_id[folded(row["id"])].append(home)
            self._by_name[folded(row.get("name"))].append(home)

    def member(self, dag: Subject, node: str) -> Member:
        """The virtual machine of a DAG member."""
        host = self._nodes.get((cluster_key(_cluster(dag)), node_key(node)))
        info = (host.document.get("host_info") or {}) if host else {}
        guest = info.get("guest")
        if "guest" in info and guest is None:
            return Member(node, not_applicable=f"{node} is not a virtual machine of Hyper-V.")
        number, name = (guest.get(key) for key in ("machine_id", "machine_name")) if guest else (None, None)
        found = self._by_id.get(folded(number), []) if number else self._by_name.get(folded(name or node), [])
        if len(found) == 1:
            return Member(node, found[0])
        if found:
            return Member(node, unknown=f"Several virtual machines have the name {name or node}.")
        if isinstance(guest, dict) and guest.get("host"):
            where = f"{node} is on the Hyper-V host {guest['host']}."
            return Member(node, unknown=f"The virtual machine of {node} is not on a host that was read. {where}")
        reason = (host.missing("host_info.guest") if host else None) or f"{node} was not read."
        return Member(node, unknown=f"The virtual machine of {node} is not known. {reason}")

    def clashes(self, server: str, clusters: t.Iterable[Subject]) -> list[str]:
        """In words, what a server has in common with these Hyper-V clusters."""
        name, sentences = node_key(server), []
        for cluster in clusters:
            found = _cluster(cluster)
            if name in {node_key(str(found.get("name"))), node_key(str(found.get("fqdn")))}:
                sentences.append(f"{server} is the cluster {cluster.name}")
            if name in {node_key(str(node.get("name"))) for node in found.get("nodes") or ()}:
                sentences.append(f"{server} is a node of {cluster.name}")
            machine = self._machine_of(name, cluster)
            if machine is not None:
                sentences.append(f"{server} is the virtual machine {machine.get('name')} on {cluster.name}")
        return sentences

    def _machine_of(self, name: str, cluster: Subject) -> Row | None:
        """The virtual machine of a cluster that is this server: by its id if the server was read, else by its name."""
        own, rows = self._own_ids.get(name, set()), _cluster(cluster).get("virtual_machines") or []
        return next(
            (row for row in rows if folded(row.get("id")) in own or node_key(str(row.get("name"))) == name), None
        )

    @staticmethod
    def doubt(cluster: Subject) -> str | None:
        """Why the names of the virtual machines of a cluster are not known."""
        rows, nodes = (_cluster(cluster).get(key) for key in ("virtual_machines", "nodes"))
        if not isinstance(rows, list) or not nodes:
            return f"The nodes and the virtual machines of {cluster.name} were not read."
        if not all(row.get("name") for row in [*rows, *nodes]):
            return f"The name of a node or virtual machine of {cluster.name} is not known."
        lost = sorted(
            {
                str(row.get("owner_node"))
                for row in rows
                if not row.get("name_known", True) and node_key(str(row.get("owner_node"))) in cluster.unread_nodes
            }
        )
        if not lost:
            return None
        return f"The names of the virtual machines on {', '.join(lost)} are not known, because it was not read."


def _cluster(subject: Subject) -> Row:
    found: Row = subject.document["cluster_info"]["cluster"]
    return found
