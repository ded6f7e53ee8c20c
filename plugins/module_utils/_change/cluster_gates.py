# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates that are judged once for a cluster. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ..name_list import folded, listed
from .gate import FAIL, PASS, UNKNOWN, Gate

if t.TYPE_CHECKING:
    from .clusters import Cluster
    from .health import Storage

_HEALTHY = "healthy"
_OK = (2,)  # OperationalStatus
# MSFT_StorageJob.JobState: the virtual disks show what a job left behind.
_ENDED = {"completed", "terminated", "killed", "exception"}


def nodes_in_run(cluster: Cluster) -> Gate:
    """Every node was read in this run and is still in the play."""
    reasons = []
    nodes = cluster.nodes()
    for key, hosts in cluster.members.items():
        lost = next((host for host in hosts if not host.ready), None)
        if lost:
            reasons.append(f"{lost.name}: {lost.problem or 'it has left the play'}")
        elif nodes and key not in nodes:
            reasons.append(f"{hosts[0].name} is not in the cluster's list of nodes")
    absent = [node.name for key, node in nodes.items() if key not in cluster.members]
    if absent:
        are = "is not a host" if len(absent) == 1 else "are not hosts"
        reasons.append(f"{folded(absent)} {are} of this run")
    if reasons:
        advice = "Include every node of the cluster in the run and correct what keeps it from being read."
        return Gate(gate="nodes_in_run", outcome=FAIL, reason=f"{'; '.join(reasons)}. {advice}")
    if not nodes:
        why = cluster.why_unknown("node")
        return Gate(gate="nodes_in_run", outcome=UNKNOWN, reason=f"The nodes are not known: {_end(why)}")
    verb = "was" if len(nodes) == 1 else "were"
    reason = f"{folded(node.name for node in nodes.values())} {verb} read."
    return Gate(gate="nodes_in_run", outcome=PASS, reason=reason)


def nodes_up(cluster: Cluster) -> Gate:
    """Every node is up. Paused nodes are the concern of C(foreign_drain)."""
    nodes = cluster.nodes().values()
    if not nodes:
        return Gate(
            gate="nodes_up", outcome=UNKNOWN, reason=f"The nodes are not known: {_end(cluster.why_unknown('node'))}"
        )
    wrong = [f"{node.name} is {node.state}" for node in nodes if node.state not in ("up", "paused", "unknown")]
    if wrong:
        return Gate(gate="nodes_up", outcome=FAIL, reason=f"{listed(wrong)}. Bring every node up first.")
    open_ones = [node.name for node in nodes if node.state == "unknown"]
    if open_ones:
        return Gate(
            gate="nodes_up",
            outcome=UNKNOWN,
            reason=f"The state of {folded(open_ones)} is not known. Look at it in Failover Cluster Manager.",
        )
    return Gate(gate="nodes_up", outcome=PASS, reason="All nodes are up.")


def networks_up(cluster: Cluster) -> Gate:
    """Every cluster network is up."""
    networks = cluster.networks().values()
    if not networks:
        why = cluster.why_unknown("network")
        return Gate(gate="networks_up", outcome=UNKNOWN, reason=f"The cluster networks are not known: {_end(why)}")
    wrong = [f"{network.name} is {network.state}" for network in networks if network.state != "up"]
    if wrong:
        advice = "Check the adapters and cables of the nodes first."
        return Gate(gate="networks_up", outcome=FAIL, reason=f"{listed(wrong)}. {advice}")
    return Gate(gate="networks_up", outcome=PASS, reason="All cluster networks are up.")


def foreign_drain(cluster: Cluster) -> Gate:
    """No node was paused by somebody else: a paused node has the mark of this collection."""
    nodes = [node for node in cluster.nodes().values() if node.paused and node.mark is None]
    foreign = [node.name for node in nodes if not node.mark_unknown]
    if foreign:
        return Gate(
            gate="foreign_drain",
            outcome=FAIL,
            reason=f"{folded(foreign)} {'was' if len(foreign) == 1 else 'were'} paused by somebody else. Ask who did "
            "it, and resume the node when that work is done.",
        )
    if nodes:
        why = f"{nodes[0].name} is paused, and who paused it is not known: {_end(nodes[0].mark_unknown)}"
        return Gate(gate="foreign_drain", outcome=UNKNOWN, reason=why)
    return Gate(gate="foreign_drain", outcome=PASS, reason="No node was paused by somebody else.")


def storage(cluster: Cluster) -> Gate:
    """Storage Spaces Direct is healthy. While a node is drained, it cannot be judged."""
    flags = {view.storage_spaces_direct for view in cluster.views} - {None}
    if flags == {False}:
        return Gate(gate="storage", outcome=PASS, reason="The cluster does not use Storage Spaces Direct.")
    if True not in flags:
        why = _end(cluster.why_unknown("storage", "s2d"))
        return Gate(
            gate="storage", outcome=UNKNOWN, reason=f"Whether Storage Spaces Direct is used is not known: {why}"
        )
    ours = [node.name for node in cluster.nodes().values() if node.paused and node.mark is not None]
    if ours:
        reason = f"{folded(ours)} is still drained by an earlier run. Storage is judged when the node is resumed."
        return Gate(gate="storage", outcome=PASS, reason=reason)
    read = [view.storage for view in cluster.views if view.storage is not None]
    problems = list(dict.fromkeys(problem for each in read for problem in storage_problems(each)))
    if problems:
        advice = "Wait until no storage job runs and every virtual disk is healthy."
        return Gate(gate="storage", outcome=FAIL, reason=f"{listed(problems)}. {advice}")
    if not read:
        why = _end(cluster.why_unknown("storage", "virtual disk"))
        return Gate(gate="storage", outcome=UNKNOWN, reason=f"The storage jobs and virtual disks are not known: {why}")
    return Gate(gate="storage", outcome=PASS, reason="No storage job runs, and every virtual disk is healthy.")


def storage_problems(storage: Storage) -> t.Iterator[str]:
    """What keeps Storage Spaces Direct from being healthy. A pool optimization does not."""
    for name, state in storage.jobs:
        if state not in _ENDED and "optimiz" not in name.casefold():
            yield f"the storage job {name} is {state}"
    for name, health, operational in storage.virtual_disks:
        if health != _HEALTHY:
            yield f"the virtual disk {name} is {health}"
        elif operational != _OK:
            yield f"the virtual disk {name} has the operational status {', '.join(map(str, operational)) or 'unknown'}"


def updating(cluster: Cluster) -> Gate:
    """No node has a run of Cluster-Aware Updating. A run shows on one node only, so every node counts."""
    running = [view.computer for view in cluster.views if view.updating]
    if running:
        return Gate(
            gate="updating",
            outcome=FAIL,
            reason=f"A Cluster-Aware Updating run is in progress on {folded(running)}. Wait until it ends; Get-CauRun "
            "shows it. A run that crashed is listed for up to an hour.",
        )
    silent = [view for view in cluster.views if view.updating is None]
    if silent or not cluster.views:
        why = _end(cluster.why_unknown("updat"))
        return Gate(
            gate="updating", outcome=UNKNOWN, reason=f"Whether Cluster-Aware Updating is running is not known: {why}"
        )
    return Gate(gate="updating", outcome=PASS, reason="No Cluster-Aware Updating run is in progress.")


def _end(reason: str) -> str:
    return f"{reason.rstrip('.')}."
