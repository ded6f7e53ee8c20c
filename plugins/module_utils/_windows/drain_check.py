# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a node must not be drained. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ..name_pattern import meant
from . import drain

if t.TYPE_CHECKING:
    from .cluster import Node

FOREIGN_DRAIN, NODES_UP, QUORUM = "foreign_drain", "nodes_up", "quorum"
GATES = (FOREIGN_DRAIN, NODES_UP, QUORUM)
# What a drain does with virtual machines that it does not live migrate.
STOPS = {"saved": "is saved", "shut_down": "is shut down", "turned_off": "is turned off"}


def drain_refusal(
    name: str,
    *,
    other_nodes: t.Iterable[Node],
    loses_quorum: bool,
    stopped: t.Mapping[str, str],
    allow_gates: t.Container[str],
    allow_saved: t.Iterable[str],
) -> str:
    """Why a drain of the node would be a risk that is not allowed, as a sentence. Empty if it is none.

    C(stopped) has the virtual machines that the drain would not live migrate, with what it would do.
    """
    not_up = [
        f"{node.name} is {drain.state_of(node)}"
        for node in other_nodes
        if node.state != "up" and (FOREIGN_DRAIN if node.state == "paused" else NODES_UP) not in allow_gates
    ]
    if not_up:
        return (
            f"{name} was not drained, because another node is not up: {', '.join(not_up)}. "
            "Bring it up or resume it, then run this task again."
        )
    if loses_quorum and QUORUM not in allow_gates:
        return (
            f"{name} was not drained, because the cluster reports that it would lose its quorum. "
            "Add a node or a witness first."
        )
    allowed = {name for pattern in allow_saved for name in meant(pattern, stopped)}
    refused = [f"{machine} {STOPS[how]}" for machine, how in stopped.items() if machine not in allowed]
    if refused:
        return (
            f"{name} was not drained, because the drain would not live migrate all virtual machines: "
            f"{', '.join(refused)}. Raise the priority of the clustered role, or name the virtual machine in "
            "allow_saved."
        )
    return ""
