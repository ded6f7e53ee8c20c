# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions under which a node may be drained or an adapter restarted. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import TaskError
from ..name_pattern import meant
from .window import read_windows

GATES = (
    "nodes_in_run", "nodes_up", "networks_up", "foreign_drain", "quorum", "virtual_machines_live", "dag_members_apart",
    "storage", "updating", "network_atc", "maintenance_window",
)  # fmt: skip
PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One gate of a cluster, or of a node in it. C(allowed) says whether the operator named it."""

    gate: str
    outcome: str
    reason: str
    node: str = ""
    allowed: bool = False

    @property
    def stops(self) -> bool:
        return self.outcome != PASS and not self.allowed


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the operator permits, with the names of the role's options."""

    drain: bool = True
    allow_drain: bool = False
    allow_restart: bool = False
    allow_gates: tuple[str, ...] = ()
    allow_saved: tuple[str, ...] = ()
    maintenance_window: str = ""

    def permits(self, gate: str) -> bool:
        return gate in self.allow_gates

    def may_be_saved(self, names: t.Collection[str]) -> set[str]:
        """Those of the names of virtual machines that are named, by name or wildcard."""
        return {name for pattern in self.allow_saved for name in meant(pattern, names)}


def read_options(values: t.Mapping[str, t.Any]) -> Options:
    """The options in a mapping, which may have others. Raises C(TaskError) for a gate that does not exist."""
    given: dict[str, t.Any] = {}
    for field in dataclasses.fields(Options):
        value = values.get(field.name)
        if value is None:
            continue
        given[field.name] = tuple(str(each) for each in value) if isinstance(value, (list, tuple)) else value
    options = Options(**given)
    wrong = [
        field for field in ("drain", "allow_drain", "allow_restart") if not isinstance(getattr(options, field), bool)
    ]
    if wrong:
        raise TaskError(f"migration_network_{wrong[0]} must be true or false.")
    read_windows(options.maintenance_window)
    strange = [name for name in options.allow_gates if name not in GATES]
    if strange:
        raise TaskError(
            f"migration_network_allow_gates contains {', '.join(strange)}, which is not a gate. "
            f"The gates are {', '.join(GATES)}."
        )
    return options
