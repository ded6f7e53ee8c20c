# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that may be wildcards. Private to this collection; pure.

Brackets are ordinary characters in names of virtual machines and adapters, so a name that is there is that name.
"""

from __future__ import annotations

import fnmatch
import typing as t


def meant(pattern: str, names: t.Iterable[str]) -> set[str]:
    """The names that a name or wildcard means: the name itself if it is there, else those that match. Ignores case.

    C(*) always means all of them.
    """
    known = list(names)
    folded = pattern.casefold()
    same = {name for name in known if name.casefold() == folded}
    if same and pattern != "*":
        return same
    return {name for name in known if matches(name, pattern)}


def matches(name: str, pattern: str) -> bool:
    """Whether a name is the given one, or matches it as a wildcard. Ignores case."""
    folded = pattern.casefold()
    return name.casefold() == folded or fnmatch.fnmatchcase(name.casefold(), folded)
