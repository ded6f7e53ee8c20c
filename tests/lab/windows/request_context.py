# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The context of one request: the instances that it may change, and the changes that it made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..estate import Cluster, Host
    from ..wire.values import Value
    from .repository import Change, Instance, Repository
    from .simulation import Simulation


@dataclass(slots=True)
class RequestContext:
    """The repository, host and options of one request, and what the request changed."""

    repository: Repository
    cluster: Cluster | None = None
    changes: list[Change] = field(default_factory=list)
    simulation: Simulation | None = None
    host: Host | None = None
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    cuts_connection: bool = False

    def write(self, instance: Instance, values: Mapping[str, Value]) -> Instance:
        """Store values and add the changes to the record of the request."""
        written, changes = self.repository.write(instance, values)
        self.changes.extend(changes)
        return written

    def run_afterwards(self, action: Callable[[], None], *, cuts_connection: bool = False) -> None:
        """Run an action when the request is in the journal. `cuts_connection`: the client gets no response."""
        self.afterwards.append(action)
        self.cuts_connection = self.cuts_connection or cuts_connection
