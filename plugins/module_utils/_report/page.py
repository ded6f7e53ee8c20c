# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page that needs nothing else. Private to this collection."""

from __future__ import annotations

import json
import typing as t

from .evaluation import OUTCOMES, SEVERITIES
from .matrix import matrix, scopes
from .order import in_reading_order
from .pictures import beats, expiries, meshes, scale
from .template import file_text, policy, template, trusted
from .text import shown_in_json

if t.TYPE_CHECKING:
    from .evaluation import Evaluation
    from .order import Reading

_FIRST = 5  # rules to begin with
# Lines of a group before the rest is folded away, on a page with few findings and with many.
_VISIBLE, _VISIBLE_OF_MANY, _MANY = 8, 3, 200


def page(evaluation: Evaluation) -> str:
    """The whole HTML document. Raises C(ReportError)."""
    reading = in_reading_order(evaluation)
    style, script = file_text("style.css"), file_text("script.js")
    return template("page.html.j2").render(
        evaluation=evaluation,
        reading=reading,
        first=reading.groups[:_FIRST],
        worst=[score for score in reading.scores if any(score.counts.values())][:_FIRST],
        matrix=matrix(evaluation.rules, reading),
        scopes=scopes(evaluation, reading),
        meshes=meshes(evaluation.paths),
        beats=beats(evaluation.heartbeats),
        scale=scale(evaluation.heartbeats),
        expiries=expiries(evaluation.certificates),
        style=trusted(style),
        script=trusted(script),
        policy=policy(style, script),
        data=_data(evaluation, reading),
        visible=_VISIBLE if len(reading.lines) <= _MANY else _VISIBLE_OF_MANY,
    )


def _data(evaluation: Evaluation, reading: Reading) -> str:
    """What the script filters by: hosts, rules, and for each finding the places of its host, rule and words."""
    hosts = [score.host for score in reading.scores]
    places = {host: place for place, host in enumerate(hosts)}
    rules = {rule.id: place for place, rule in enumerate(evaluation.rules)}
    data = {
        "hosts": hosts,
        "rules": [[rule.id, rule.title] for rule in evaluation.rules],
        "findings": [
            [
                places[finding.host],
                rules[finding.rule.id],
                OUTCOMES.index(finding.outcome),
                SEVERITIES.index(finding.severity),
                int(finding.status == "new"),
            ]
            for finding in (line.finding for line in reading.lines)
        ],
    }
    text = shown_in_json(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return trusted(text)
