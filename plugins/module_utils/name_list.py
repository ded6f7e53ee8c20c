# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List many names in one sentence, in natural order and with ranges. Private to this collection."""

from __future__ import annotations

import re
import typing as t

_NUMBERED = re.compile(r"(.*?)(\d+)", re.ASCII | re.DOTALL)


def natural(name: str) -> tuple[t.Any, ...]:
    """A sort key that puts CAS2 before CAS10 and ignores case."""
    pieces = re.split(r"([0-9]+)", name.lower())
    return (*((int(piece), piece) if index % 2 else (0, piece) for index, piece in enumerate(pieces)), (0, name))


def listed(words: t.Sequence[str]) -> str:
    """C(A), C(A and B), C(A, B and C)."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def folded(names: t.Iterable[str]) -> str:
    """C(CAS1 to CAS4, CAS7 and MAIL): sorted, each name once, three or more consecutive names as a range."""
    runs: list[list[str]] = []
    for name in sorted(set(names), key=natural):
        if runs and _successor(runs[-1][-1]) == name.lower():
            runs[-1].append(name)
        else:
            runs.append([name])
    words: list[str] = []
    for run in runs:
        words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else run
    return listed(words)


def _successor(name: str) -> str:
    """The next name in lower case: cas10 after CAS9 and CAS09; empty for a name without a number."""
    found = _NUMBERED.fullmatch(name.lower())
    return f"{found[1]}{int(found[2]) + 1:0{len(found[2])}}" if found else ""
