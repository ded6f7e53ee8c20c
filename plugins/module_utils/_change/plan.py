# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan document: every change of a run with its cost, the gates, and a digest. Private to this collection; pure."""

from __future__ import annotations

import hashlib
import json
import typing as t

from ..errors import TaskError
from ..identity import cluster_key, distinct_names, node_key
from .plain import plain

VERSION = 1
COSTS = ("nothing", "vm_shutdown", "adapter_restart", "node_drain", "host_restart")
MODULES = {
    "dag_heartbeat": "heartbeat",
    "hyperv_cluster": "vm_offline_action",
    "migration_network": "net_adapter",
    "exchange_kerberos": "spn",
}
# The results of a role that are not those of its first module.
_OTHERS = {"hyperv_cluster_groups_set": "cluster_group", "hyperv_cluster_vm_settings_set": "vm_settings"}
HOWS = ("live", "saved", "shut_down", "turned_off")
_PERMISSIONS = {
    "node_drain": "It drains the node; set migration_network_allow_drain to true to permit it.",
    "adapter_restart": "It restarts the adapter; set migration_network_allow_restart to true to permit it.",
    "host_restart": "It restarts the host; set migration_network_allow_restart to true to permit it.",
}
_NO_ROLLING: t.Mapping[str, t.Any] = {"clusters": [], "hosts": {}, "unread": [], "drain": False}

Mapping = t.Mapping[str, t.Any]
Row = dict[str, t.Any]


def digest_of(plan: Mapping) -> str:
    """SHA-256 over the canonical JSON of all keys but the digest, in hexadecimal."""
    rest = {key: value for key, value in plan.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_plan(value: object) -> Row:
    """A plan document, given as a mapping or as JSON. Raises C(TaskError) for one that was altered or is none."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    found = plain(value)
    if not isinstance(found, dict) or "winha_plan" not in found or not isinstance(found.get("digest"), str):
        raise TaskError("It is not a plan of winha.cluster. Make one with winha.cluster.plan.")
    if found["winha_plan"] != VERSION:
        raise TaskError(
            f"It is a plan of version {found['winha_plan']}, and this release reads version {VERSION}. Make a new plan."
        )
    if digest_of(found) != found["digest"]:
        raise TaskError("The plan was altered after it was made: its digest is another one. Make a new plan.")
    return found


def make_plan(
    hosts: t.Iterable[Mapping],
    *,
    rolling: Mapping | None,
    created: str,
    results: t.Mapping[str, t.Sequence[str]],
    playing: t.Container[str] | None = None,
) -> Row:
    """The plan document, from the variables of the hosts and the value of C(rolling_change).

    C(results) has the names of the variables with the registered results of each role. A host that is not C(playing)
    could not be read.
    """
    rolling = rolling or _NO_ROLLING
    rows: list[Row] = []
    clusters: list[Row] = [_cluster(row) for row in rolling["clusters"]]
    known = {row["key"] for row in clusters}
    failed: dict[str, str] = {each["host"]: each["reason"] for each in rolling["unread"]}
    for variables in hosts:
        host = str(variables["inventory_hostname"])
        for role, names in results.items():
            for variable, result in ((name, each) for name in names for each in _results(variables.get(name))):
                key = _key(role, host, variables, rolling)
                module = _OTHERS.get(variable) or MODULES.get(role, role)
                if result.get("failed") or result.get("unreachable"):
                    failed.setdefault(host, str(result.get("msg") or f"{role} failed on {host}"))
                elif role == "migration_network" and host in rolling.get("aliases", {}):
                    continue  # the node is there under its other name
                else:
                    rows += [
                        _change(module, host, key, change, result, role=role, rolling=rolling)
                        for change in (*(result.get("changes") or ()), *_waiting(result))
                    ]
        if playing is not None and host not in playing:
            failed.setdefault(host, _why_gone(host, variables))
        dag = _dag(host, variables)
        if dag and dag["key"] not in known:
            clusters.append(dag)
            known.add(dag["key"])
        elif dag:
            _join(clusters, dag)
    shown = distinct_names([(str(row["name"]), str(row["key"])) for row in clusters])
    clusters = [{**row, "name": name} for row, name in zip(clusters, shown, strict=True)]
    allowed, left = _sorted_out(_unique(rows), clusters)
    plan: Row = {
        "winha_plan": VERSION,
        "created": created,
        "clusters": clusters,
        "changes": allowed,
        "left": left,
        "unread": [{"host": host, "reason": reason} for host, reason in sorted(failed.items())],
        "summary": _summary(clusters, allowed, left),
    }
    plan = plain(plan)
    return {**plan, "digest": digest_of(plan)}


def identity_of(change: Mapping) -> tuple[str, str, str]:
    """What makes two changes the same: who makes it does not count for a setting of a whole cluster or forest."""
    scope = str(change["cluster"] or change["host"])
    if change["module"] == "net_adapter":
        scope = f"{change['cluster']} {node_key(change['node'])}"
    elif change["module"] in ("spn", "vm_settings"):
        scope = ""  # the label of a virtual machine goes with its id
    return change["module"], scope.casefold(), f"{change.get('id') or ''} {change['label']}".strip()


def _waiting(result: Mapping) -> t.Iterator[Row]:
    """The changes that wait for the shutdown of a virtual machine, as changes that are not permitted yet."""
    for row in result.get("left_alone") or ():
        if row.get("waits_for"):
            yield {**row, "before": row["current"], "after": row["wanted"]}


def _results(value: t.Any) -> t.Iterator[Mapping]:
    """The results in a registered value: that of a task, of a loop, or a list of them."""
    if isinstance(value, t.Mapping):
        inner = value.get("results")
        yield from [value] if inner is None else _results(inner)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _results(each)


def _key(role: str, host: str, variables: Mapping, rolling: Mapping) -> str:
    if role == "exchange_kerberos":
        return ""
    if role == "dag_heartbeat":
        return str((_dag(host, variables) or {"key": ""})["key"])
    if host in rolling["hosts"]:
        return str(rolling["hosts"][host]["cluster"])
    read = variables.get("hyperv_cluster_read")
    cluster = read.get("cluster") if isinstance(read, t.Mapping) else None
    return cluster_key(cluster) if isinstance(cluster, t.Mapping) else ""


def _why_gone(host: str, variables: Mapping) -> str:
    """Why a host has left the play, where one of the roles could not read its cluster."""
    reads = [variables.get(name) for name in ("hyperv_cluster_read", "dag_heartbeat_read")]
    reasons = [each["msg"] for each in reads if isinstance(each, t.Mapping) and each.get("msg")]
    return str(reasons[0]) if reasons else f"{host} failed or was unreachable, so its changes are not known."


def _dag(host: str, variables: Mapping) -> Row | None:
    read = variables.get("dag_heartbeat_read")
    cluster = read.get("cluster") if isinstance(read, t.Mapping) else None
    if not isinstance(cluster, t.Mapping) or not cluster_key(cluster):
        return None
    nodes = [str(node["name"]) for node in cluster.get("nodes") or ()]
    name = str(cluster.get("name") or cluster_key(cluster))
    return {"key": cluster_key(cluster), "name": name, "kind": "dag", "hosts": [host], "nodes": nodes,
            "order": [], "gates": [], "moves": [], "stopped": ""}  # fmt: skip


def _join(clusters: t.Iterable[Row], dag: Row) -> None:
    for row in clusters:
        if row["key"] == dag["key"]:
            row["hosts"] += [host for host in dag["hosts"] if host not in row["hosts"]]


def _cluster(row: Mapping) -> Row:
    names = ("key", "name", "hosts", "nodes", "order", "gates", "moves", "stopped")
    return {"kind": "standalone" if row["standalone"] else "hyperv", **{name: plain(row[name]) for name in names}}


def _change(module: str, host: str, key: str, change: Mapping, result: Mapping, *, role: str, rolling: Mapping) -> Row:
    thing = change.get("thing")
    connection = result.get("connection_adapters") or ()
    return {
        "module": module,
        "role": role,
        "host": host,
        "node": str(rolling["hosts"].get(host, {}).get("node", host)),
        "cluster": key,
        "label": str(change["label"]),
        "setting": change.get("setting"),
        "thing": thing,
        **({"id": change["id"]} if module == "vm_settings" else {}),
        "before": change.get("before"),
        "after": change.get("after"),
        "cost": "vm_shutdown" if change.get("waits_for") else _cost(module, host, thing, result, rolling),
        **({"reason": f"{change['reason']}."} if change.get("waits_for") else {}),
        "management": module == "net_adapter" and thing in connection,
    }


def _cost(module: str, host: str, thing: t.Any, result: Mapping, rolling: Mapping) -> str:
    if module != "net_adapter":
        return "nothing"
    clustered = rolling["hosts"].get(host, {}).get("cluster", host) != host
    if clustered and rolling["drain"]:
        return "node_drain"
    restarts = result.get("restarts")
    return "adapter_restart" if restarts is None or thing in restarts or not thing else "nothing"


def _unique(rows: t.Iterable[Row]) -> list[Row]:
    found: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        found.setdefault(identity_of(row), row)
    return list(found.values())


def _sorted_out(rows: t.Iterable[Row], clusters: t.Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The changes that are permitted, what costs nothing first, and those that are left with the reason."""
    going = {host for row in clusters for each_round in row["order"] for host in each_round}
    allowed, left = [], []
    for row in sorted(rows, key=lambda row: COSTS.index(row["cost"])):
        if row["cost"] == "vm_shutdown":
            left.append(row)
        elif row["cost"] == "nothing" or row["host"] in going:
            allowed.append(row)
        else:
            left.append({**row, "reason": _PERMISSIONS[row["cost"]]})
    return allowed, left


def _summary(clusters: t.Sequence[Row], changes: t.Sequence[Row], left: t.Sequence[Row]) -> Row:
    going = {host for row in clusters for each_round in row["order"] for host in each_round}
    gates = [gate for row in clusters for gate in row["gates"]]
    moved = [move["how"] for row in clusters for move in row["moves"] if move["host"] in going]
    stopped = {row["key"] for row in clusters if row["stopped"]}
    return {
        "changes": len(changes),
        "left": len(left),
        "hosts": len({row["host"] for row in changes}),
        "clusters": len({row["cluster"] for row in changes if row["cluster"]}),
        "drains": len({row["host"] for row in changes if row["cost"] == "node_drain"}),
        "restarts": len(
            {(row["host"], row["thing"]) for row in changes if row["cost"] not in ("nothing", "node_drain")}
        ),
        "machines_moved": {how: moved.count(how) for how in HOWS},
        "gates": {
            "pass": sum(gate["outcome"] == "pass" for gate in gates),
            "fail": sum(gate["outcome"] == "fail" and not gate["allowed"] for gate in gates),
            "unknown": sum(gate["outcome"] == "unknown" and not gate["allowed"] for gate in gates),
            "allowed": sum(gate["outcome"] != "pass" and gate["allowed"] for gate in gates),
        },
        "forbidden": sum(
            row["cost"] not in ("nothing", "vm_shutdown") and row["cluster"] in stopped for row in (*changes, *left)
        ),
    }
