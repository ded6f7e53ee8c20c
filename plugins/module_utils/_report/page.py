# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page without other files. Private to this collection."""

from __future__ import annotations

import json
import typing as t

from .evaluation import OUTCOMES, SEVERITIES
from .matrix import matrix, scopes
from .order import in_reading_order
from .pictures import certificate_rows, heartbeat_rows, meshes, scale
from .template import file_text, policy, template, trusted
from .text import visible_json

if t.TYPE_CHECKING:
    from .evaluation import Evaluation
    from .order import OrderedReport

_FIRST = 5  # rules and hosts in the summary
# Lines of a group that are not folded, on a page with few findings and with many.
_VISIBLE, _VISIBLE_OF_MANY, _MANY = 8, 3, 200


def page(evaluation: Evaluation) -> str:
    """The complete HTML document. Raises C(ReportError)."""
    report = in_reading_order(evaluation)
    style, script = file_text("style.css"), file_text("script.js")
    return template("page.html.j2").render(
        evaluation=evaluation,
        report=report,
        first=report.groups[:_FIRST],
        worst=[score for score in report.scores if any(score.counts.values())][:_FIRST],
        matrix=matrix(evaluation.rules, report),
        scopes=scopes(evaluation, report),
        meshes=meshes(evaluation.paths),
        heartbeat_rows=heartbeat_rows(evaluation.heartbeats),
        scale=scale(evaluation.heartbeats),
        certificate_rows=certificate_rows(evaluation.certificates),
        style=trusted(style),
        script=trusted(script),
        policy=policy(style, script),
        data=_data(evaluation, report),
        visible=_VISIBLE if len(report.lines) <= _MANY else _VISIBLE_OF_MANY,
    )


def _data(evaluation: Evaluation, report: OrderedReport) -> str:
    """The data of the filter: hosts, rules, and for each finding the positions of its host, rule and values."""
    hosts = [score.host for score in report.scores]
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
            for finding in (line.finding for line in report.lines)
        ],
    }
    text = visible_json(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return trusted(text)
