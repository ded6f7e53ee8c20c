# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page without other files. Private to this collection."""

from __future__ import annotations

import collections
import typing as t

from ..name_list import folded, natural
from .matrix import matrices
from .order import in_reading_order
from .page_data import page_data
from .pictures import certificate_rows, heartbeat_rows, meshes, scale, unknown_heartbeats
from .place import place_tables
from .template import file_text, policy, template, trusted
from .trend import HEIGHT, WIDTH, trend

if t.TYPE_CHECKING:
    from .evaluation import Evaluation, Finding
    from .order import OrderedReport

_FIRST = 5  # things to do
_RUNS = 12  # in the picture
# Findings of a group that are in the HTML, on a page with few findings and with many. The script shows the others.
_ALL, _FIRST_OF_MANY, _MANY = 1000, 5, 150
_MESHES = 6  # pictures of paths; on a page with more, networks whose paths all pass have none
_NAMES = 12  # hosts in a list of the summary


def page(evaluation: Evaluation) -> str:
    """The complete HTML document. Raises C(ReportError)."""
    report = in_reading_order(evaluation)
    style, script = file_text("style.css"), file_text("script.js") + file_text("copy.js")
    shown = [line for group in (*report.groups, *report.unknown) for line in group.lines]
    pictures = meshes(evaluation.paths)
    drawn = [mesh for mesh in pictures if len(pictures) <= _MESHES or len(mesh.of("passes")) < len(mesh.squares)]
    return template("page.html.j2").render(
        evaluation=evaluation,
        report=report,
        first=report.groups[:_FIRST],
        trend=trend(evaluation.runs[-_RUNS:]),
        trend_size=(WIDTH, HEIGHT),
        not_read=_not_read(report),
        fixed=_by_rule(evaluation.comparison.fixed if evaluation.comparison else ()),
        unseen=_by_rule(evaluation.comparison.unseen if evaluation.comparison else ()),
        tables=place_tables(evaluation, report),
        matrices=matrices(evaluation, report),
        meshes=drawn,
        passing=[mesh for mesh in pictures if mesh not in drawn],
        heartbeat_rows=heartbeat_rows(evaluation.heartbeats),
        unknown_heartbeats=unknown_heartbeats(evaluation.heartbeats),
        scale=scale(evaluation.heartbeats),
        certificate_rows=certificate_rows(evaluation.certificates),
        style=trusted(style),
        script=trusted(script),
        policy=policy(style, script),
        data=trusted(page_data(evaluation, report)),
        visible=_ALL if len(shown) <= _MANY else _FIRST_OF_MANY,
    )


def _not_read(report: OrderedReport) -> list[tuple[str, str, str, int]]:
    """What of the hosts could not be read, by cause: the part, the cause, the hosts, and their number."""
    by_cause: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for host in report.unreached:
        by_cause["", report.causes.get(host.name, host.why)].append(host.name)
    for part in report.unread_parts:
        by_cause[part.what, part.cause].append(part.host)
    return [
        (what, cause, _names(hosts), len(hosts))
        for (what, cause), hosts in sorted(by_cause.items(), key=lambda item: (item[0][0] != "", -len(item[1])))
    ]


def _by_rule(findings: t.Iterable[Finding]) -> list[tuple[str, str, list[str]]]:
    """The title of each rule, why its findings were not seen, and the hosts and subjects."""
    found: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for finding in findings:
        why = finding.why_unknown if finding.status == "unseen" else ""
        found[finding.rule.title, why].append(" ".join(filter(None, (finding.host or "all hosts", finding.subject))))
    return [(title, why, names) for (title, why), names in found.items()]


def _names(hosts: t.Sequence[str]) -> str:
    ordered = sorted(set(hosts), key=natural)
    more = f" and {len(ordered) - _NAMES} more" if len(ordered) > _NAMES else ""
    return folded(ordered[:_NAMES] if more else ordered) + more
