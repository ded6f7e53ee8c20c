# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A result that is short enough for C(set_stats), so that a job of AWX can show it and hand it on. Private to this
collection.
"""

from __future__ import annotations

import json
import typing as t

MAX_ROWS, MAX_TEXT, MAX_LENGTH = 500, 300, 200_000  # rows of a list, characters of a text, and of all as JSON


def artifact(known: t.Mapping[str, t.Any], lists: t.Mapping[str, t.Sequence[t.Any]], whole: str) -> dict[str, t.Any]:
    """C(known) with the lists, each as long as there is room, the first list first.

    If something does not fit, C(cut) says how many rows of which list, and that the file C(whole) has all of them.
    """
    result: dict[str, t.Any] = _shortened(known)
    room = MAX_LENGTH - len(json.dumps(result))
    left_out = {}
    for name, rows in lists.items():
        kept: list[t.Any] = []
        for row in rows[:MAX_ROWS]:
            short = _shortened(row)
            room -= len(json.dumps(short)) + 2
            if room < 0:
                break
            kept.append(short)
        result[name] = kept
        if len(kept) < len(rows):
            left_out[name] = len(rows) - len(kept)
    why = f"An artifact has at most {MAX_ROWS} rows of a list and {MAX_LENGTH:,} characters. {whole} has all."
    return result | {"cut": {"left_out": left_out, "why": why} if left_out else {}}


def _shortened(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"
    if isinstance(value, t.Mapping):
        return {key: _shortened(each) for key, each in value.items()}
    return [_shortened(each) for each in value] if isinstance(value, (list, tuple)) else value
