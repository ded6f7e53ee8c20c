# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the members of a DAG and the witnesses are, from the facts of several hosts. Private to this collection; pure.

A member is the virtual machine whose id its guest operating system has in its registry. Without the id, the virtual
machine with its name.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..identity import node_key
from . import votes
from .machines import Home, Machines
from .relations import distinct, exactly, folded

if t.TYPE_CHECKING:
    from .facts import Subject
    from .machines import Member

Row = dict[str, t.Any]
_APART = ("different_node", "different_fault_domain")


def with_placement(hosts: t.Sequence[Subject], clusters: t.Sequence[Subject]) -> list[Subject]:
    """The clusters, each with its C(placement): the witness, and for a DAG its members and the hosts they are on."""
    machines = Machines(hosts, clusters)
    return [
        dataclasses.replace(each, document={**each.document, "placement": _placement(each, machines)})
        for each in clusters
    ]


def _placement(cluster: Subject, machines: Machines) -> Row:
    if "dag_member" not in cluster.kinds:
        return {"witness": _witness(cluster, [Home(cluster, None, {})], machines)}
    members = [machines.member(cluster, str(node.get("name"))) for node in _cluster(cluster).get("nodes") or ()]
    rows = [_member(each, members, cluster.name) for each in members]
    return {
        "members": rows,
        "hosts": _hosts(cluster, members) + [_without_home(row) for row in rows if not row["located"]],
        "witness": _witness(cluster, [each.home for each in members if each.home], machines, rows),
    }


def _without_home(row: Row) -> Row:
    return {key: row[key] for key in ("subject", "not_applicable", "unknown")}


def _member(member: Member, others: t.Iterable[Member], dag: str) -> Row:
    """The row of one member. C(together) are the members that nothing keeps on other nodes.

    C(classes) are its anti-affinity class names with the name of the DAG.
    """
    home = member.home
    row: Row = {
        "subject": member.name,
        "not_applicable": member.not_applicable,
        "unknown": member.unknown,
        "located": home is not None,
    }
    if home is None:
        return row
    near, together = [], []
    doubtful: str | None = None
    for other in others:
        if other is member or other.home is None or home.cluster is None or other.home.cluster is not home.cluster:
            continue
        near.append(other.name)
        apart, doubt = _kept_apart(home, other.home, home.cluster)
        doubtful = doubtful or doubt
        if apart is False:
            together.append(other.name)
    machine, cluster = home.machine, _cluster(home.cluster) if home.cluster else {}
    settings = cluster.get("settings") or {}
    own = machine.get("resiliency_seconds")
    return {
        **row,
        "machine": machine.get("name") or member.name,
        "group": machine.get("group"),
        "node": home.cluster.document["host"] if home.cluster else None,
        "pattern": machine.get("id") or exactly(machine.get("name")),
        "classes": distinct([*(machine.get("anti_affinity") or ()), dag]),
        "cluster": home.cluster.name if home.cluster else None,
        "near": near,
        "together": together,
        "together_unknown": None if together else doubtful,
        "functional_level": cluster.get("functional_level"),
        "resiliency_level": settings.get("resiliency_level"),
        "resiliency_seconds": settings.get("resiliency_seconds") if own is None else own,
    }


def _kept_apart(one: Home, other: Home, cluster: Subject) -> tuple[bool | None, str | None]:
    """Whether anti-affinity, an affinity rule or possible owners keep two roles on different nodes, or why unknown."""
    first, second = (home.machine.get("anti_affinity") for home in (one, other))
    if set(first or ()) & set(second or ()):
        return True, None
    placement = _cluster(cluster).get("placement") or {}
    rules, owners = placement.get("affinity_rules"), placement.get("possible_owners")
    groups = {folded(home.machine.get("group")) for home in (one, other)}
    if any(_is_apart(rule, groups) for rule in rules or ()):
        return True, None
    mine, its = ((owners or {}).get(home.machine.get("resource")) for home in (one, other))
    if mine and its and not set(mine) & set(its):
        return True, None
    known = {
        "anti-affinity class names": first is not None and second is not None,
        "affinity rules": rules is not None,
        "possible owners": owners is not None,
    }
    missing = next((what for what, is_known in known.items() if not is_known), None)
    if missing:
        return None, f"The {missing} of {cluster.name} could not be read."
    return False, None


def _is_apart(rule: Row, groups: set[str]) -> bool:
    """Whether an affinity rule keeps these clustered roles on different nodes."""
    members = {folded(group) for group in rule.get("groups") or ()}
    return bool(rule.get("enabled")) and rule.get("type") in _APART and groups <= members


def _hosts(cluster: Subject, members: t.Iterable[Member]) -> list[Row]:
    """A row for each host with more than one member: how many votes of the DAG it has, and how many it may have."""
    by_host: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    known = [(each.name, each.home) for each in members if each.home and each.home.is_running]
    for name, home in known:
        if home.host:
            by_host[home.place].append(name)
    total, of_nodes = votes.total(_cluster(cluster)), votes.of_nodes(_cluster(cluster))
    rows: list[Row] = [
        {"subject": name, "not_applicable": None, "unknown": f"The Hyper-V host of {name} is not known."}
        for name, home in known
        if not home.host
    ]
    for (_place, host), names in by_host.items():
        if len(names) < 2:
            continue
        lost = [of_nodes.get(node_key(name)) for name in names]
        rows.append(
            {
                "subject": host,
                "members": names,
                "not_applicable": None,
                "unknown": None if total is not None and None not in lost else votes.UNKNOWN,
                "lost": sum(vote or 0 for vote in lost),
                "total": total,
                "most": None if total is None else (total - 1) // 2,
            }
        )
    return rows


def _witness(
    cluster: Subject, homes: t.Iterable[Home], machines: Machines, members: t.Sequence[Row] | None = None
) -> list[Row]:
    """A row for a file share witness: what it shares with the nodes that it is a witness for."""
    found = ((_cluster(cluster).get("quorum") or {}).get("witness")) or {}
    path = str(found.get("path") or "")
    row: Row = {"subject": path or str(found.get("name") or "witness"), "not_applicable": None, "unknown": None}
    if found.get("type") != "file_share":
        kind = {"none": "The cluster has no witness.", "cloud": "The witness is in the cloud."}
        return [{**row, "not_applicable": kind.get(str(found.get("type")), "The witness is not a file share.")}]
    server = path.strip("\\").partition("\\")[0]
    if not server or server.replace(".", "").isdigit() or ":" in server:
        return [{**row, "unknown": f"The server of the witness {path} is not known by a name."}]
    if members is not None and members and all(member["not_applicable"] for member in members):
        return [{**row, "not_applicable": "No member of the DAG is a virtual machine of Hyper-V."}]
    near = [home.cluster for home in homes if home.cluster]
    around = list({each.name: each for each in near}.values())
    clashes = machines.clashes(server, around)
    if members is not None and node_key(server) in {node_key(str(member["subject"])) for member in members}:
        clashes = [f"{server} is a member of the DAG", *clashes]
    unread = [str(member["unknown"]) for member in members or () if member["unknown"]]
    doubts = [*unread, *(why for each in around if (why := machines.doubt(each)))]
    return [{**row, "server": server, "found": clashes, "unknown": doubts[0] if doubts and not clashes else None}]


def _cluster(subject: Subject) -> Row:
    found: Row = subject.document["cluster_info"]["cluster"]
    return found
