# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cmdlets: in which versions they exist, their parameters, and what runs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .parameters import COMMON, READING, WRITING, Parameter, bind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .organization import Organization, Server

Release = tuple[int, int]
OLDEST: Release = (14, 1)
NEWEST: Release = (15, 2)
EXCHANGE_2010: Release = (14, 99)
EXCHANGE_2013: Release = (15, 0)
EXCHANGE_2016: Release = (15, 1)


@dataclass(frozen=True, slots=True)
class Item:
    """An object that a cmdlet returns: its types, its properties, and its ToString."""

    types: tuple[str, ...]
    properties: Mapping[str, Any]
    text: str = ""


@dataclass(slots=True)
class Call:
    """A cmdlet that runs: on which server, and what it returns besides objects. `changes` are what it wrote."""

    organization: Organization
    server: Server
    values: Mapping[str, Any]
    sets: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)
    verbose: list[str] = field(default_factory=list)
    written: list[Change] = field(default_factory=list)

    def given(self, name: str) -> bool:
        """Whether the parameter is given."""
        return name in self.values

    def value(self, name: str) -> Any:
        """The value of a parameter, or None."""
        return self.values.get(name)


@dataclass(frozen=True, slots=True)
class Change:
    """A write to an object of the directory: replaced attributes, an added object, or a deleted one."""

    dn: str
    attributes: Mapping[str, Any]
    kind: str = "replace"


@dataclass(frozen=True, slots=True)
class Cmdlet:
    """A cmdlet of some versions. `task` is its class in Exchange, `run` returns its objects.

    One that `asks` needs the answer of a host before it writes, unless Confirm is false.
    """

    name: str
    task: str
    parameters: tuple[Parameter, ...]
    run: Callable[[Call], Iterable[Item]]
    first: Release = OLDEST
    last: Release = NEWEST
    asks: bool = False

    @property
    def writes(self) -> bool:
        """Whether it may write."""
        return self.name.partition("-")[0] not in {"Get", "Test"}

    def known(self) -> tuple[Parameter, ...]:
        """All its parameters."""
        return (*self.parameters, *(WRITING if self.writes else READING), *COMMON)

    def bind(
        self, given: Iterable[tuple[str | None, Any]], granted: Callable[[str], bool]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The values of the parameters that the role grants. Raises Refusal."""
        always = {item.name for item in COMMON}
        known = [item for item in self.known() if item.name in always or item.mandatory or granted(item.name)]
        return bind(self.name, known, given)

    def exists_in(self, release: Release) -> bool:
        """Whether this version has the cmdlet."""
        return self.first <= release <= self.last


def assembled(*groups: Iterable[Cmdlet]) -> tuple[Cmdlet, ...]:
    """All cmdlets."""
    return tuple(item for group in groups for item in group)


def find(cmdlets: Iterable[Cmdlet], name: str, release: Release) -> Cmdlet | None:
    """The cmdlet of this name in a version."""
    return next((one for one in cmdlets if one.name.lower() == name.lower() and one.exists_in(release)), None)
