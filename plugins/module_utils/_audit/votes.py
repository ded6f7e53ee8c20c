# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The votes of a cluster now: of its nodes and of its witness. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ..identity import node_key

Row = t.Mapping[str, t.Any]
UNKNOWN = "The votes of the nodes or of the witness are not known."
_ONLINE = "online"
_OLD = ("2008", "2008 R2")  # have no property for votes: each node has one


def of_nodes(cluster: Row) -> dict[str, int | None]:
    """The vote of each node by its key. A node that is down has none."""
    dynamic = (cluster.get("quorum") or {}).get("dynamic") is True
    return {node_key(str(node.get("name"))): _of_node(node, dynamic=dynamic) for node in cluster.get("nodes") or ()}


def _of_node(node: Row, *, dynamic: bool) -> int | None:
    if node.get("state") is None:
        return None
    if node["state"] == "down":
        return 0
    now: int | None = node.get("dynamic_vote")
    if now is not None or dynamic:
        return now
    return 1 if node.get("vote") is None and node.get("windows") in _OLD else node.get("vote")


def of_witness(cluster: Row) -> int | None:
    """The vote of the witness; C(None) if it is not known."""
    quorum = cluster.get("quorum") or {}
    witness = quorum.get("witness")
    if not isinstance(witness, dict) or witness.get("type") is None:
        return None
    if witness["type"] == "none":
        return 0
    if witness.get("state") != _ONLINE:
        return None if witness.get("state") is None else 0
    now = quorum.get("witness_vote")
    return 1 if now is None else now


def total(cluster: Row | None) -> int | None:
    """All votes; C(None) if one of them is not known, or if there is no node."""
    votes = [*of_nodes(cluster or {}).values(), of_witness(cluster or {})]
    return None if len(votes) < 2 or None in votes else sum(vote or 0 for vote in votes)
