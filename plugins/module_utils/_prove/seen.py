# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bundle has shown which points on which release. Private to this collection.

C(seen.json) has the answers of each bundle by its name and release. C(docs/proved.md) says how a bundle gets in.
"""

from __future__ import annotations

import functools
import json
import pathlib
import typing as t

from .point import CONFIRMED, DIFFERENT, NAMES, Point

FILE = pathlib.Path(__file__).with_name("seen.json")
FORMAT = 1  # of the table that winha.cluster.prove puts into a bundle

Answers = t.Mapping[str, str]


@functools.cache
def bundles() -> t.Mapping[str, t.Mapping[str, Answers]]:
    """The answers by bundle, release and point."""
    return t.cast("t.Mapping[str, t.Mapping[str, Answers]]", json.loads(FILE.read_text("utf-8")))


def shown_releases() -> frozenset[str]:
    """The releases that a bundle has shown."""
    return frozenset(name for releases in bundles().values() for name, answers in releases.items() if answers)


def cell(point: Point, release: str, known: t.Mapping[str, t.Mapping[str, Answers]]) -> str:
    """What is known about a point on a release: the bundles that have seen it, or what the assumption is based on."""
    if not point.is_of(release):
        return "-"
    found = {name: releases.get(release, {}).get(point.id) for name, releases in known.items()}
    confirmed = [name for name, answer in found.items() if answer == CONFIRMED]
    different = [name for name, answer in found.items() if answer == DIFFERENT]
    if not confirmed and not different:
        return point.basis
    parts = [", ".join(confirmed)] if confirmed else []
    return "; ".join(parts + ([f"**different**: {', '.join(different)}"] if different else []))


def table(points: t.Iterable[Point], known: t.Mapping[str, t.Mapping[str, Answers]]) -> str:
    """The table by point and release, as Markdown."""
    lines = [f"| Point | The collection assumes | Source | {' | '.join(NAMES)} |", f"|{'---|' * (3 + len(NAMES))}"]
    for one in points:
        texts = [one.assumes, one.source, *(cell(one, release, known) for release in NAMES)]
        lines.append(f"| `{one.id}` | " + " | ".join(text.replace("|", "\\|") for text in texts) + " |")
    return "\n".join(lines) + "\n"
