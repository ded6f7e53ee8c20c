# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select virtual machines and clustered roles by their names. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .errors import TaskError
from .name_pattern import matches

_SHOWN = 10


class Named(t.Protocol):
    """What can be selected."""

    @property
    def name(self) -> str:
        """The name that people see."""

    @property
    def id(self) -> str:
        """The id of the virtual machine, or an empty text."""

    @property
    def resource(self) -> str:
        """The name of the cluster resource, or an empty text."""

    @property
    def group(self) -> str:
        """The name of the clustered role, or an empty text."""

    @property
    def owner_node(self) -> str | None:
        """The node on which it is; None if that is not known or does not matter."""

    @property
    def name_known(self) -> bool:
        """Whether C(name) is that of the virtual machine, not of its resource."""

    @property
    def names(self) -> tuple[str, ...]:
        """All names that a wildcard is compared with."""


_T = t.TypeVar("_T", bound=Named)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Selection(t.Generic[_T]):
    """What was selected, the names that match something or nothing, and what the selection could not be sure of."""

    chosen: tuple[_T, ...]
    matched: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def report(self) -> dict[str, t.Any]:
        """The keys of the result of a module."""
        found: dict[str, t.Any] = {}
        if self.unmatched:
            found["unmatched"] = list(self.unmatched)
        if self.warnings:
            found["warnings"] = list(self.warnings)
        return found


def select(things: t.Sequence[_T], options: t.Mapping[str, t.Any], host: str, *, kind: str) -> Selection[_T]:
    """Select by C(names) and C(exclude). Raises C(TaskError) for a name in C(names) that matches none.

    C(kind) is what the things are, with the place that has them.
    """
    chosen = {name: meant(things, name) for name in [*options["names"], *options["exclude"]]}
    unmatched = [name for name in options["names"] if not chosen[name]]
    if unmatched and not options["allow_no_match"]:
        known = ", ".join(one.name for one in things[:_SHOWN]) or "none"
        more = f" and {len(things) - _SHOWN} more" if len(things) > _SHOWN else ""
        raise TaskError(
            f"No {kind} {host} matches {', '.join(unmatched)}; it has {known}{more}.{_names_not_known(things, host)} "
            "Correct the names, or set allow_no_match if this is expected."
        )
    excluded = [one for name in options["exclude"] for one in chosen[name]]
    wanted = [one for name in options["names"] for one in chosen[name]]
    unused = [name for name in options["exclude"] if not chosen[name]]
    warnings = []
    if unused:
        warnings.append(f"No {kind} {host} matches {', '.join(unused)} in exclude, so nothing was excluded for it.")
    if any(name != "*" and not _is_certain(name, found) for name, found in chosen.items()):
        warnings.append(_names_not_known(things, host).strip())
    return Selection(
        chosen=tuple(one for one in things if one in wanted and one not in excluded),
        matched=tuple(dict.fromkeys(name for name in options["names"] if chosen[name])),
        unmatched=tuple(dict.fromkeys([*unmatched, *unused])),
        warnings=tuple(filter(None, warnings)),
    )


def meant(things: t.Sequence[_T], pattern: str) -> list[_T]:
    """What a name or wildcard means.

    That is the one with this name, else with this id, resource or clustered role. A wildcard is compared with the names
    of virtual machines, and if none matches, with those of the resources and clustered roles.
    """
    if pattern != "*" and (known := same(things, pattern)):
        return known
    by_name = [one for one in things if any(matches(name, pattern) for name in one.names)]
    return by_name or [one for one in things if any(matches(name, pattern) for name in (one.resource, one.group))]


def same(things: t.Sequence[_T], name: str) -> list[_T]:
    """What has exactly this name, or else this id, resource or clustered role. Case is ignored."""
    for key in ("name", "id", "resource", "group"):
        found = [one for one in things if getattr(one, key).casefold() == name.casefold()]
        if found:
            return found
    return []


def _is_certain(name: str, found: t.Iterable[Named]) -> bool:
    """Whether a name is that of a virtual machine in Hyper-V, so that no other name matters."""
    return any(one.name_known and one.name.casefold() == name.casefold() for one in found)


def _names_not_known(things: t.Iterable[Named], host: str) -> str:
    nodes = sorted({one.owner_node or "other nodes" for one in things if not one.name_known})
    if not nodes:
        return ""
    return (
        f" {host} does not return the names of the virtual machines on {', '.join(nodes)}, so they have the names of "
        "their cluster resources or clustered roles. Use the role hyperv_cluster, or set machine_names."
    )
