# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the points in docs/proved.md. python proved_table.py writes it.

With the folder of a bundle, its proved.json is added first: python proved_table.py FOLDER NAME
"""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._prove import seen
from ansible_collections.winha.cluster.plugins.module_utils._prove.point import ANSWERS, NAMES
from ansible_collections.winha.cluster.plugins.module_utils._prove.points import ALL, BY_ID

GUIDE = pathlib.Path(__file__).resolve().parents[5] / "docs" / "proved.md"
BEGIN, END = "<!-- points -->\n", "<!-- end of points -->\n"


def guide_with_table(known: t.Mapping[str, t.Mapping[str, seen.Answers]]) -> str:
    """The guide with the current table."""
    before, _begin, rest = GUIDE.read_text("utf-8").partition(BEGIN)
    return before + BEGIN + seen.table(ALL, known) + END + rest.partition(END)[2]


def with_bundle(known: t.Mapping[str, t.Any], name: str, table: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What bundles have shown, with one more. Raises C(ValueError) for a table of another form."""
    if table.get("winha_proved") != seen.FORMAT:
        raise ValueError("proved.json is not from winha.cluster.prove of this version")
    releases = table["releases"]
    for release, answers in releases.items():
        if release not in NAMES or not answers.keys() <= BY_ID.keys() or not set(answers.values()) <= set(ANSWERS):
            raise ValueError(f"proved.json has a release, point or answer that is not known: {release}")
    return {**known, name: releases}


def main(arguments: t.Sequence[str]) -> None:
    """Write the table, and before it a bundle."""
    known: t.Mapping[str, t.Any] = json.loads(seen.FILE.read_text("utf-8"))
    if arguments:
        folder, name = arguments
        table = json.loads(pathlib.Path(folder, "proved.json").read_text("utf-8"))
        known = with_bundle(known, name, table)
        seen.FILE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", "utf-8")
    GUIDE.write_text(guide_with_table(known), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
