# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which node works in which round. Private to this collection; pure.

In a round there is at most one node of a cluster, at most one standalone host, and no two nodes that carry members of
one DAG.
"""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from .dag import Carried


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A host with something to do. C(group) is its cluster, or one value for all standalone hosts."""

    host: str
    group: str
    marked: bool
    machines: int
    carried: Carried


def rounds_of(work: t.Iterable[Work]) -> tuple[tuple[Work, ...], ...]:
    """The rounds: nodes with the mark first, then those with the fewest virtual machines, else as given.

    A node whose DAG is moved elsewhere in a round waits, and the next node of its cluster may go before it.
    """
    queues: dict[str, list[Work]] = {}
    for each in sorted(work, key=lambda each: (not each.marked, each.machines)):
        queues.setdefault(each.group, []).append(each)
    rounds = []
    while any(queues.values()):
        waiting = sorted(
            (queue for queue in queues.values() if queue), key=lambda queue: (not queue[0].marked, -len(queue))
        )
        chosen: list[Work] = []
        for queue in waiting:
            # A drained node comes before any other of its cluster: two would be away otherwise.
            candidates = queue[:1] if queue[0].marked else queue
            free = next(
                (each for each in candidates if not any(each.carried.shares(one.carried) for one in chosen)), None
            )
            if free is not None:
                chosen.append(free)
                queue.remove(free)
        rounds.append(tuple(chosen))
    return tuple(rounds)
