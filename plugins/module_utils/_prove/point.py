# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection assumes about a server, and how to look at it. Private to this collection; pure.

The points are the rows of the table in C(docs/proved.md), and what the playbook C(winha.cluster.prove) goes through.
"""

from __future__ import annotations

import dataclasses
import re
import time
import typing as t

from .._windows.version import RELEASES, WindowsVersion

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client

CONFIRMED, DIFFERENT, NOT_THERE = "confirmed", "different", "not_there"
NOT_ALLOWED, NOT_LOOKED_AT = "not_allowed", "not_looked_at"
ANSWERS = (DIFFERENT, NOT_ALLOWED, NOT_LOOKED_AT, NOT_THERE, CONFIRMED)  # what matters most is first
FIRST = "2008 R2"
NAMES = tuple(name for _build, name in reversed(RELEASES) if name != "2008")
DOCUMENTED, ASSUMED = "documented", "assumed"
_COLUMN = re.compile(r"(\w+)([#?@*%&]?)(?:>(.+))?")
_KINDS = {"": "text", "#": "number", "?": "boolean", "@": "time", "*": "list", "%": "object", "&": "reference"}


class Different(Exception):
    """The server answered something else than the collection assumes. The message is what came."""


class Nothing(Exception):
    """The server has nothing at which the point could be seen. The message is why."""


class NotAllowed(Exception):
    """The account may not look at the point. The message is what came."""


class NotLookedAt(Exception):
    """The point was not looked at. The message is why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A property of a class with its kind, and the first release that has it."""

    name: str
    kind: str
    since: str


def columns(text: str) -> tuple[Column, ...]:
    """Columns from a text such as C(Name; State#; OwnerGroup>2012): a number, and one of Windows Server 2012 and later.

    C(?) is a boolean, C(@) a time, C(*) a list, C(%) an embedded object and C(&) a reference.
    """
    found = []
    for part in text.split(";"):
        match = _COLUMN.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"{part} is no column")
        found.append(Column(match[1], _KINDS[match[2]], match[3] or FIRST))
    return tuple(found)


@dataclasses.dataclass(frozen=True, slots=True)
class Rows:
    """Looks at a class by a query of its columns; with C(some) at least one instance must be there.

    With C(references) others need those, so all of the class is read where a query of columns has none.
    """

    namespace: str
    class_name: str
    columns: tuple[Column, ...]
    where: str = ""
    some: bool = False
    references: bool = False


@dataclasses.dataclass(slots=True)
class Seen:
    """What was read of a host before: its release, and the instances of each point that looks at a class."""

    release: WindowsVersion
    rows: dict[str, list[Instance]] = dataclasses.field(default_factory=dict)
    began: float = dataclasses.field(default_factory=time.monotonic)


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """Looks by a function, which returns what came. It gets the rows of the points C(of), which must be confirmed."""

    look: t.Callable[[Client, Seen], str]
    of: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One assumption about a server.

    * C(basis): C(documented) by the C(source), or C(assumed)
    * C(part): what a host must have or be: C(windows), C(cluster), C(hyperv), C(dag_member), C(domain_controller),
      C(dns_server), C(exchange_server), or C(virtual_machine) for a point that needs a write to one
    * C(look): how to look at it while only reading; C(None) if that is not possible, and C(why) says so
    """

    id: str
    assumes: str
    source: str
    basis: str = DOCUMENTED
    part: str = "windows"
    since: str = FIRST
    until: str = NAMES[-1]
    look: Rows | Check | None = None
    why: str = ""

    def is_of(self, release: str) -> bool:
        """Whether the point is about a release."""
        return NAMES.index(self.since) <= NAMES.index(release) <= NAMES.index(self.until)


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a point, and what came or why there is nothing."""

    point: str
    answer: str
    came: str = ""


def known_release(version: WindowsVersion) -> str:
    """The release of a host as the points name it; one that is older than all counts as the first."""
    return version.name if version.name in NAMES else NAMES[0]
