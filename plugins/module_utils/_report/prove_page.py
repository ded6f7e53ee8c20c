# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was confirmed on real hosts as one HTML page that needs nothing else. Private to this collection."""

from __future__ import annotations

import typing as t

from .template import file_text, policy, template, trusted

Mapping = t.Mapping[str, t.Any]
# The kind of mark of each answer.
_MARKS = {
    "different": "error",
    "not_allowed": "warning",
    "not_looked_at": "unknown",
    "not_there": "notice",
    "confirmed": "pass",
}


def prove_page(found: Mapping, title: str) -> str:
    """The HTML document. Raises C(ReportError)."""
    style = file_text("style.css")
    groups = {answer: [row for row in found["rows"] if row["answer"] == answer] for answer in _MARKS}
    return template("prove.html.j2").render(
        found=found,
        groups=groups,
        marks_of=_MARKS,
        title=title,
        style=trusted(style),
        policy=policy(style),
        scopes={},
        visible=len(found["rows"]),
    )
