# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as Markdown for a merge request or a wiki. Private to this collection.

Names from servers are written in code spans, which Markdown does not interpret; sentences are escaped. Tables and
fences are those of GitHub and GitLab.
"""

from __future__ import annotations

import itertools
import re
import typing as t

from ..name_list import folded
from .evaluation import SEVERITIES
from .order import in_reading_order
from .text import visible

if t.TYPE_CHECKING:
    from .evaluation import Evaluation, Finding, Remedy
    from .order import Group, NumberedFinding, OrderedReport

_MAX_LINES = 10  # for each rule
_MAX_REMEDIES = 3  # for each rule
_MAX_REMEDY = 3_000  # characters
_MAX_TEXT = 300  # characters of one text
_MAX_LENGTH = 55_000  # characters; a comment on GitHub has at most 65,536
_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~#$]|:(?=\S)")
_BLOCK_START = re.compile(r"^(\s*)([-+=]|\d+[.)])")
_TITLES = {"error": "Errors", "warning": "Warnings", "notice": "Notices"}


def markdown(evaluation: Evaluation) -> str:
    """The document, short enough for a comment. Details that do not fit are left out, with a note."""
    report = in_reading_order(evaluation)
    blocks = [f"# Audit of {escaped(evaluation.title)}", _summary(report), *_header(evaluation), _counts(report)]
    blocks += _not_checked(evaluation, report)
    if report.groups:
        blocks += ["## Fix first", _table(report.groups)]
    details = [*_failed(report), *_unknown(report), *_accepted(report.accepted), *_earlier(evaluation)]
    room = _MAX_LENGTH - sum(map(len, blocks))
    ends = itertools.accumulate(len(block) + 2 for block in details)
    kept = [block for block, end in zip(details, ends, strict=True) if end <= room]
    if len(kept) < len(details):
        kept.append("This report is shortened. The page and the JSON contain all findings.")
    return "\n\n".join([*blocks, *kept]) + "\n"


def escaped(text: str) -> str:
    """Text in one line with all Markdown characters escaped, shortened if it is very long."""
    line = _SPECIAL.sub(lambda found: "\\" + found[0], _line(text))
    line = _BLOCK_START.sub(lambda found: found[1] + found[2][:-1] + "\\" + found[2][-1], line)
    return line.replace("@", "@\u2060")  # no mention, so no notification


def code(text: str) -> str:
    """Text in one line as a code span."""
    line = _line(text)
    if not line:
        return "-"
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    padding = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def _cell(text: str) -> str:
    r"""A code span for a table, with escaped pipes. A pipe after a backslash is written as C(\u007c)."""
    return code(text.replace("\\|", "\\\\u007c")).replace("|", "\\|")


def _line(text: str) -> str:
    line = " ".join(visible(text).split())
    return line if len(line) <= _MAX_TEXT else line[: _MAX_TEXT - 1] + "…"


def _fenced(remedy: Remedy) -> str:
    text = visible(remedy.text).strip("\n")
    if len(text) > _MAX_REMEDY:
        return "It is too long for this report. The page and the JSON contain it."
    fence = "`" * max(3, max(map(len, re.findall("`+", text)), default=0) + 1)
    language = {"manual": "text", "script": "powershell"}.get(remedy.kind, "yaml")
    return f"{fence}{language}\n{text}\n{fence}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _summary(report: OrderedReport) -> str:
    failed = [_count(report.severities[severity], severity) for severity in SEVERITIES if report.severities[severity]]
    total = f"{_count(report.outcomes['fail'], 'finding')} in {_count(len(report.groups), 'rule')}"
    text = f"{total}: {', '.join(failed)}" if failed else report.no_failure_text
    unknown = report.outcomes["unknown"]
    return f"**{text}.**" + (f" {_count(unknown, 'check')} unknown." if unknown else "")


def _header(evaluation: Evaluation) -> list[str]:
    lines = [f"Read {code(evaluation.gathered)}."] if evaluation.gathered else []
    if evaluation.comparison:
        found = evaluation.comparison
        since = f" {code(found.earlier)}" if found.earlier else " the earlier run"
        unseen = f", {len(found.unseen)} not seen again" if found.unseen else ""
        lines.append(f"Since{since}: {found.new} new, {found.open} still open, {len(found.fixed)} fixed{unseen}.")
    return [" ".join(lines)] if lines else []


def _counts(report: OrderedReport) -> str:
    words = [*(_TITLES[severity] for severity in SEVERITIES), "Unknown", "Accepted", "Passed", "Not applicable"]
    outcomes = [report.outcomes[name] for name in ("unknown", "accepted", "pass", "not_applicable")]
    numbers = [*(report.severities[severity] for severity in SEVERITIES), *outcomes]
    return "\n".join(_row(cells) for cells in (words, ["---:"] * len(words), [f"{number:,}" for number in numbers]))


def _row(cells: t.Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _not_checked(evaluation: Evaluation, report: OrderedReport) -> t.Iterator[str]:
    """What the audit did not look at, and which settings have no effect."""
    lists = [
        (
            f"**{_count(len(report.unreached), 'host')} could not be read:**",
            [f"{code(host.name)}{': ' + escaped(host.why) if host.why else ''}" for host in report.unreached],
        ),
        (
            f"**{_count(len({each.host for each in report.unread_parts}), 'host')} could not be read completely:**",
            [f"{code(each.host)}, {escaped(each.what)}: {escaped(each.why)}" for each in report.unread_parts],
        ),
        ("**Left out:**", [escaped(text) for text in evaluation.left_out]),
        ("**Settings without effect, and notes:**", [escaped(text) for text in evaluation.remarks]),
    ]
    for title, rows in lists:
        if rows:
            lines = [f"- {row}" for row in rows[:_MAX_LINES]]
            yield f"{title}\n\n" + "\n".join(lines + _more(rows))
    if report.skipped_rules:
        layers = ", ".join(report.skipped_layers)
        yield f"**{_count(len(report.skipped_rules), 'rule')} skipped**: no matching hosts in this run ({layers})."


def _table(groups: t.Iterable[Group]) -> str:
    rows = [["Severity", "Rule", "Findings", "Hosts"], ["---", "---", "---:", "---"]]
    rows += [
        [group.severity, escaped(group.title), str(len(group.lines)), _cell(folded(group.hosts))] for group in groups
    ]
    return "\n".join(map(_row, rows))


def _failed(report: OrderedReport) -> t.Iterator[str]:
    for severity, groups in report.failed.items():
        for place, group in enumerate(groups):
            heading = [] if place else [f"## {_TITLES[severity]}"]
            why = [escaped(group.rule.why)] if group.rule and group.rule.why else []
            lines = [_finding_line(line.finding) for line in group.lines[:_MAX_LINES]]
            parts = [*heading, f"### {escaped(group.title)}", *why, "\n".join(lines + _more(group.lines))]
            yield "\n\n".join(parts + _remedies(group))


def _finding_line(finding: Finding) -> str:
    new = " **new**" if finding.status == "new" else ""
    found = (
        f" found {code(finding.found)}, expected {code(finding.expected)}" if finding.found or finding.expected else ""
    )
    return f"- {_host_and_subject(finding)}{new}:{found or ' ' + escaped(finding.text)}"


def _host_and_subject(finding: Finding) -> str:
    return " ".join(code(name) for name in (finding.host or "all hosts", finding.subject) if name)


def _more(lines: t.Sequence[t.Any]) -> list[str]:
    return [f"- and {len(lines) - _MAX_LINES:,} more"] if len(lines) > _MAX_LINES else []


def _remedies(group: Group) -> list[str]:
    """The common remedies of the findings, the first ones."""
    parts = []
    for joint in group.remedies[:_MAX_REMEDIES]:
        number = _count(joint.findings, "finding")
        which = "Remedy" if len(group.remedies) == 1 else f"Remedy for {number} on {code(folded(joint.hosts))}"
        parts += [f"{which}:", _fenced(joint.remedy)]
    if len(group.remedies) > _MAX_REMEDIES:
        parts.append(f"The page has {len(group.remedies) - _MAX_REMEDIES} more for this rule.")
    return parts


def _unknown(report: OrderedReport) -> t.Iterator[str]:
    for place, group in enumerate(report.unknown):
        heading = [] if place else ["## Unknown, by cause"]
        rules = sorted({line.finding.rule.id for line in group.lines})
        on = f"On {code(folded(group.hosts))}: {', '.join(map(code, rules[:_MAX_LINES]))}"
        more = f" and {_count(len(rules) - _MAX_LINES, 'more rule')}" if len(rules) > _MAX_LINES else ""
        yield "\n\n".join([*heading, f"**{escaped(group.title)}**", f"{on}{more}."])


def _accepted(lines: t.Sequence[NumberedFinding]) -> t.Iterator[str]:
    if lines:
        shown = []
        for line in lines[:_MAX_LINES]:
            acceptance = line.finding.accepted
            until = f" until {code(acceptance.until)}" if acceptance and acceptance.until else ""
            reason = f": {escaped(acceptance.reason)}" if acceptance and acceptance.reason else ""
            shown.append(f"- {_host_and_subject(line.finding)}, {escaped(line.finding.rule.title)}{until}{reason}")
        yield "\n\n".join(["## Accepted", "\n".join(shown + _more(lines))])


def _earlier(evaluation: Evaluation) -> t.Iterator[str]:
    """Findings of the earlier run that do not fail now."""
    compared = evaluation.comparison
    for title, found in (
        ("Fixed since the earlier run", compared.fixed if compared else ()),
        ("Not seen again", compared.unseen if compared else ()),
    ):
        lines = [
            f"- {_host_and_subject(finding)}, {escaped(finding.rule.title)}"
            + (f": {escaped(finding.why_unknown)}" if finding.status == "unseen" else "")
            for finding in found[:_MAX_LINES]
        ]
        if lines:
            yield "\n\n".join([f"## {title}", "\n".join(lines + _more(found))])
