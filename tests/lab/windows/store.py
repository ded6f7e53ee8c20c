# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request's access to the instances of a host or cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..estate import Cluster, Host
    from ..wire.values import Value
    from .repository import Change, Instance, Repository
    from .world import World


@dataclass(slots=True)
class Store:
    """One request's way into a repository: what it changed is remembered for the journal."""

    repository: Repository
    cluster: Cluster | None = None
    changes: list[Change] = field(default_factory=list)
    world: World | None = None
    host: Host | None = None
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    cuts: bool = False

    def write(self, instance: Instance, values: Mapping[str, Value]) -> Instance:
        """Store values and note what they replaced."""
        written, changes = self.repository.write(instance, values)
        self.changes.extend(changes)
        return written

    def later(self, action: Callable[[], None], *, cuts: bool = False) -> None:
        """Do something once the request is in the journal; `cuts`: the answer cannot leave any more."""
        self.afterwards.append(action)
        self.cuts = self.cuts or cuts
