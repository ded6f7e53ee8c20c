# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rolling change: what each cluster has to do, in which rounds, and its gates. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ..identity import node_key
from ..name_list import folded
from . import cluster_gates, node_gates
from .clusters import clusters_of
from .dag import Carried, carried_by
from .gate import FAIL, PASS, Gate
from .rounds import Work, rounds_of
from .window import is_open

if t.TYPE_CHECKING:
    import datetime

    from .clusters import Cluster, Host
    from .gate import Options
    from .health import Health, Node, Role

STANDALONE = "standalone host"
Row = dict[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a rolling change is judged by. C(only) names the hosts of the next round; without it all count."""

    hosts: tuple[Host, ...]
    options: Options
    dags: t.Mapping[str, frozenset[str]]
    earlier: t.Mapping[str, Health]
    only: frozenset[str] | None
    now: datetime.datetime


def rolling_change(run: Run) -> Row:
    """The clusters with their gates, the rounds, and what is left to do with the reason. Raises C(TaskError)."""
    rows: list[Row] = []
    wanted: dict[str, list[Work]] = {}
    for cluster in clusters_of(run.hosts, run.earlier):
        row, work = _cluster(run, cluster)
        rows.append(row)
        wanted[row["key"]] = work
    for host in run.hosts:
        if host.health and host.health.cluster is None:
            row, work = _standalone(run, host)
            rows.append(row)
            wanted[row["key"]] = work
    permitted = {row["key"]: [each for each in wanted[row["key"]] if _is_permitted(run, row, each)] for row in rows}
    going = [each for row in rows if not row["stopped"] for each in permitted[row["key"]]]
    for row in rows:
        row["order"] = [[each.host for each in each_round] for each_round in rounds_of(permitted[row["key"]])]
    assigned = {name: row for row in rows for name in row["hosts"]}
    return {
        "clusters": rows,
        "rounds": [[each.host for each in each_round] for each_round in rounds_of(going)],
        "standalone": [row["hosts"][0] for row in rows if row["standalone"]],
        "hosts": {
            host.name: {
                "cluster": assigned[host.name]["key"],
                "node": host.health.computer if host.health else host.name,
            }
            for host in run.hosts
            if host.name in assigned
        },
        "aliases": {name: names[0] for row in rows for names in row.pop("names") for name in names[1:]},
        "unread": [
            {"host": host.name, "reason": f"{host.problem or host.name + ' has left the play'}."}
            for host in run.hosts
            if not host.ready
        ],
        "left": [each for row in rows for each in _left(run, row, wanted[row["key"]], permitted[row["key"]])],
        "drain": run.options.drain,
    }


def _cluster(run: Run, cluster: Cluster) -> tuple[Row, list[Work]]:
    nodes = cluster.nodes()
    work: list[Work] = []
    for key, named in cluster.members.items():
        # An inventory name that is still in the play stands for the node.
        host = next((each for each in named if each.ready), named[0])
        node = nodes.get(key)
        marked = node is not None and node.mark is not None
        if (any(each.differs for each in named) or marked) and (
            run.only is None or {each.name for each in named} & run.only
        ):
            work.append(_work(run, cluster, host, node))
    names = [
        [each.name for each in sorted(named, key=lambda each: not each.ready)] for named in cluster.members.values()
    ]
    to_do = {each.host: nodes.get(_node_of(cluster, each.host)) for each in work}
    drained = {host: node for host, node in to_do.items() if node and _is_drained_now(run, cluster, node)}
    broken = any(not each.ready for named in cluster.members.values() for each in named)
    gates = (
        _gates(run, cluster, [node for node in to_do.values() if node], list(drained.values()))
        if work or (broken and run.only is None)
        else []
    )
    return {
        "key": cluster.key,
        "name": cluster.name,
        "standalone": False,
        "hosts": [name for each in names for name in each],
        "names": names,
        "nodes": [node.name for node in nodes.values()],
        "to_do": [each.host for each in work],
        "drained": [each.host for each in work if each.marked],
        "gates": gates,
        "stopped": _stopped(gates),
        "moves": [
            {"host": host, "node": node.name, "role": role.name, "machine": role.title, "how": role.drain or "unknown"}
            for host, node in drained.items()
            for role in cluster.roles_of(node.key)
            if role.type == "virtual_machine"
        ],
        "displaced": _displaced(run, cluster),
    }, work


def _work(run: Run, cluster: Cluster, host: Host, node: Node | None) -> Work:
    roles: t.Sequence[Role] = cluster.roles_of(node.key) if node else ()
    carried = Carried()
    for role in roles:
        carried = carried.plus(carried_by(role, run.dags))
    return Work(
        host=host.name,
        group=cluster.key,
        marked=bool(node and node.mark),
        machines=sum(role.type == "virtual_machine" for role in roles),
        carried=carried,
    )


def _node_of(cluster: Cluster, name: str) -> str:
    return next(key for key, named in cluster.members.items() if any(each.name == name for each in named))


def _is_drained_now(run: Run, cluster: Cluster, node: Node) -> bool:
    """Whether the run drains the node: it differs, and an earlier run has not left it drained."""
    differs = any(each.differs for each in cluster.members[node.key])
    return run.options.drain and differs and not (node.paused and node.mark)


def _gates(run: Run, cluster: Cluster, nodes: t.Sequence[Node], drained: t.Container[Node]) -> list[Row]:
    """The gates of the cluster and of the nodes that have something to do; C(drained) are those that are drained."""
    own = {node_key(view.computer): view for view in cluster.views}
    found = [
        judge(cluster)
        for judge in (
            cluster_gates.nodes_in_run,
            cluster_gates.nodes_up,
            cluster_gates.networks_up,
            cluster_gates.foreign_drain,
            cluster_gates.storage,
            cluster_gates.updating,
        )
    ]
    for node in nodes:
        view = own.get(node.key)
        found.append(node_gates.quorum(node, cluster.nodes().values(), view))
        if node in drained:
            found += [
                node_gates.virtual_machines_live(node, cluster, run.options),
                node_gates.dag_members_apart(node, cluster, run.dags),
            ]
        found.append(node_gates.network_atc(node.name, view))
    return [_row(run, gate) for gate in (*found, _window(run))]


def _window(run: Run) -> Gate:
    text = run.options.maintenance_window
    if not text.strip():
        return Gate(gate="maintenance_window", outcome=PASS, reason="No maintenance window is set.")
    now = f"{run.now:%a %H:%M}"
    if is_open(text, run.now):
        return Gate(gate="maintenance_window", outcome=PASS, reason=f"It is {now}, in the maintenance window {text}.")
    reason = f"It is {now}, outside the maintenance window {text}. Run this again when it is open."
    return Gate(gate="maintenance_window", outcome=FAIL, reason=reason)


def _row(run: Run, gate: Gate) -> Row:
    return dataclasses.asdict(dataclasses.replace(gate, allowed=run.options.permits(gate.gate)))


def _stopped(gates: t.Sequence[Row]) -> str:
    """The reasons of the gates that do not pass, as one text; empty if the work may begin."""
    return " ".join(dict.fromkeys(gate["reason"] for gate in gates if gate["outcome"] != PASS and not gate["allowed"]))


def _standalone(run: Run, host: Host) -> tuple[Row, list[Work]]:
    computer = host.health.computer if host.health else host.name
    work = []
    if host.differs and (run.only is None or host.name in run.only):
        work = [Work(host=host.name, group=STANDALONE, marked=False, machines=0, carried=Carried())]
    gates: list[Gate] = []
    if work:
        if not host.playing:
            reason = f"{host.problem or host.name + ' has left the play'}. Correct that first."
            gates.append(Gate(gate="nodes_in_run", node=computer, outcome=FAIL, reason=reason))
        gates += [node_gates.network_atc(computer, host.health), _window(run)]
    rows = [_row(run, gate) for gate in gates]
    return {
        "key": host.name,
        "name": computer,
        "standalone": True,
        "hosts": [host.name],
        "names": [[host.name]],
        "nodes": [computer],
        "to_do": [each.host for each in work],
        "drained": [],
        "gates": rows,
        "stopped": _stopped(rows),
        "moves": [],
        "displaced": [],
    }, work


def _is_permitted(run: Run, row: Row, work: Work) -> bool:
    if not _differs(run, work.host):
        return True  # only the end of an earlier drain is left
    return run.options.allow_drain if _drains(run, row) else run.options.allow_restart


def _differs(run: Run, name: str) -> bool:
    return any(host.differs for host in run.hosts if host.name == name)


def _drains(run: Run, row: Row) -> bool:
    return run.options.drain and not row["standalone"]


def _left(run: Run, row: Row, wanted: t.Sequence[Work], permitted: t.Sequence[Work]) -> t.Iterator[Row]:
    """What is not done in this run, with the reason as a sentence."""
    refused = [each.host for each in wanted if each not in permitted]
    if refused:
        if _drains(run, row):
            cost, option = "be drained", "migration_network_allow_drain"
        else:
            cost, option = "restart network adapters", "migration_network_allow_restart"
        reason = (
            f"{folded(refused)} would {cost}, which is not permitted in this run: set {option} to true to permit it."
        )
        begun = [each.host for each in wanted if each.marked and each not in permitted]
        if begun:
            reason += f" An earlier run drained {folded(begun)} and did not finish."
        yield {"cluster": row["key"], "hosts": refused, "why": "permission", "reason": reason}
    if permitted and row["stopped"]:
        yield {
            "cluster": row["key"],
            "hosts": [each.host for each in permitted],
            "why": "gate",
            "reason": f"{row['name']} is not begun: {row['stopped']}",
        }


def _displaced(run: Run, cluster: Cluster) -> list[Row]:
    """The clustered roles whose owner node is another one than earlier in the run.

    For the roles of a mark that is the node with the mark: an earlier run drained it.
    """
    earlier = [view for view in run.earlier.values() if view.cluster == cluster.key]
    marked = {role: node.name for view in earlier for node in view.nodes or () if node.mark for role in node.mark.roles}
    now = {role.name: role for role in cluster.roles() or ()}
    found = []
    for role in next((view.roles for view in earlier if view.roles), ()):
        before = marked.get(role.name, role.owner)
        if role.type == "core" or role.name not in now or node_key(now[role.name].owner) == node_key(before):
            continue
        owner = now[role.name].owner
        text = f"{role.title} was on {before} and is on {owner}."
        found.append({"role": role.name, "machine": role.title, "before": before, "now": owner, "text": text})
    return found
