# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as Markdown for a merge request or a wiki. Private to this collection.

What comes from servers stands in code spans, where Markdown has no meaning; sentences are escaped. Tables and fences
are those of GitHub and GitLab.
"""

from __future__ import annotations

import itertools
import re
import typing as t

from ..name_list import folded
from .evaluation import SEVERITIES
from .order import in_reading_order
from .text import shown

if t.TYPE_CHECKING:
    from .evaluation import Evaluation, Finding, Remedy
    from .order import Group, Line, Reading

_LINES = 10  # of a rule
_LONGEST = 300  # characters of one text in a line
_ROOM = 55_000  # characters; a comment on GitHub has at most 65,536
_MEANING = re.compile(r"[\\`*_\[\]<>&|~#$]|:(?=\S)")
_START = re.compile(r"^(\s*)([-+=]|\d+[.)])")
_TITLES = {"error": "Errors", "warning": "Warnings", "notice": "Notices"}


def markdown(evaluation: Evaluation) -> str:
    """The document. What would not fit into a comment is counted instead of told."""
    reading = in_reading_order(evaluation)
    blocks = [f"# Audit of {escaped(evaluation.title)}", _verdict(reading), *_since(evaluation), _counts(reading)]
    blocks += _left_out(reading)
    if reading.groups:
        blocks += ["## Do first", _table(reading.groups)]
    details = [*_wrong(reading), *_unknown(reading), *_accepted(reading.accepted), *_fixed(evaluation)]
    room = _ROOM - sum(map(len, blocks))
    ends = itertools.accumulate(len(block) + 2 for block in details)
    kept = [block for block, end in zip(details, ends, strict=True) if end <= room]
    if len(kept) < len(details):
        kept.append("More did not fit here; the page and the JSON have everything.")
    return "\n\n".join([*blocks, *kept]) + "\n"


def escaped(text: str) -> str:
    """Text in a line in which nothing means anything to Markdown, shortened if it is very long."""
    line = _MEANING.sub(lambda found: "\\" + found[0], _line(text))
    line = _START.sub(lambda found: found[1] + found[2][:-1] + "\\" + found[2][-1], line)
    return line.replace("@", "@\u2060")  # nobody is notified


def code(text: str) -> str:
    """A code span; a pipe in it would end the cell of a table, and is escaped as tables want it."""
    line = _line(text)
    if not line:
        return "-"
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    padding = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def _cell(text: str) -> str:
    r"""A code span for a table. A backslash before a pipe would undo its escape: both are given as C(\u)."""
    return code(text.replace("\\|", "\\\\u007c")).replace("|", "\\|")


def _line(text: str) -> str:
    line = " ".join(shown(text).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _fenced(remedy: Remedy) -> str:
    text = shown(remedy.text).strip("\n")
    fence = "`" * max(3, max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{fence}{'text' if remedy.kind == 'manual' else 'yaml'}\n{text}\n{fence}"


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _verdict(reading: Reading) -> str:
    wrong = [_many(reading.severities[severity], severity) for severity in SEVERITIES if reading.severities[severity]]
    text = ", ".join(wrong) or reading.praise
    unknown = reading.outcomes["unknown"]
    return f"**{text}.**" + (f" {_many(unknown, 'check')} could not be made." if unknown else "")


def _since(evaluation: Evaluation) -> list[str]:
    lines = [f"Read {code(evaluation.gathered)}."] if evaluation.gathered else []
    if evaluation.comparison:
        found = evaluation.comparison
        since = f" {code(found.earlier)}" if found.earlier else " the earlier run"
        lines.append(f"Since{since}: {found.new} new, {found.open} still open, {len(found.fixed)} fixed.")
    return [" ".join(lines)] if lines else []


def _counts(reading: Reading) -> str:
    words = [*(_TITLES[severity] for severity in SEVERITIES), "Unknown", "Accepted", "Passed", "Not applicable"]
    outcomes = [reading.outcomes[name] for name in ("unknown", "accepted", "pass", "not_applicable")]
    numbers = [*(reading.severities[severity] for severity in SEVERITIES), *outcomes]
    return "\n".join(_row(cells) for cells in (words, ["---:"] * len(words), [f"{number:,}" for number in numbers]))


def _row(cells: t.Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _left_out(reading: Reading) -> list[str]:
    blocks = []
    if reading.unasked:
        which = f"{_many(len(reading.unasked), 'rule')}** ({', '.join(reading.unasked_layers)})"
        blocks.append(f"**Nobody was asked about {which}: no host that they concern was in this run.")
    if not reading.unreached:
        return blocks
    lines = [
        f"- {code(host.name)}{': ' + escaped(host.why) if host.why else ''}" for host in reading.unreached[:_LINES]
    ]
    return [
        *blocks,
        f"**{_many(len(reading.unreached), 'host')} could not be read:**",
        "\n".join(lines + _more(reading.unreached)),
    ]


def _table(groups: t.Iterable[Group]) -> str:
    rows = [["Severity", "Rule", "Findings", "Hosts"], ["---", "---", "---:", "---"]]
    rows += [
        [group.severity, escaped(group.title), str(len(group.lines)), _cell(folded(group.hosts))] for group in groups
    ]
    return "\n".join(map(_row, rows))


def _wrong(reading: Reading) -> t.Iterator[str]:
    for severity, groups in reading.failed.items():
        for place, group in enumerate(groups):
            heading = [] if place else [f"## {_TITLES[severity]}"]
            why = [escaped(group.rule.why)] if group.rule and group.rule.why else []
            lines = [_told(line.finding) for line in group.lines[:_LINES]]
            parts = [*heading, f"### {escaped(group.title)}", *why, "\n".join(lines + _more(group.lines))]
            yield "\n\n".join(parts + _remedies(group))


def _told(finding: Finding) -> str:
    new = " **new**" if finding.status == "new" else ""
    found = (
        f" found {code(finding.found)}, expected {code(finding.expected)}" if finding.found or finding.expected else ""
    )
    return f"- {_whose(finding)}{new}:{found or ' ' + escaped(finding.text)}"


def _whose(finding: Finding) -> str:
    return " ".join(code(name) for name in (finding.host or "whole estate", finding.subject) if name)


def _more(lines: t.Sequence[t.Any]) -> list[str]:
    return [f"- and {len(lines) - _LINES:,} more"] if len(lines) > _LINES else []


def _remedies(group: Group) -> list[str]:
    """The remedy of all, or that of the first with a word on the others."""
    first = group.lines[0].finding
    if first.remedy is None:
        return []
    which = "Remedy" if group.remedy else f"Remedy for {_whose(first)}; the others have theirs in the page"
    return [f"{which}:", _fenced(group.remedy or first.remedy)]


def _unknown(reading: Reading) -> t.Iterator[str]:
    for place, group in enumerate(reading.unknown):
        heading = [] if place else ["## Unknown, and why"]
        rules = sorted({line.finding.rule.id for line in group.lines})
        on = f"On {code(folded(group.hosts))}: {', '.join(map(code, rules[:_LINES]))}"
        more = f" and {_many(len(rules) - _LINES, 'more rule')}" if len(rules) > _LINES else ""
        yield "\n\n".join([*heading, f"**{escaped(group.title)}**", f"{on}{more}."])


def _accepted(lines: t.Sequence[Line]) -> t.Iterator[str]:
    if lines:
        told = []
        for line in lines[:_LINES]:
            given = line.finding.accepted
            until = f" until {code(given.until)}" if given and given.until else ""
            reason = f": {escaped(given.reason)}" if given and given.reason else ""
            told.append(f"- {_whose(line.finding)}, {escaped(line.finding.rule.title)}{until}{reason}")
        yield "\n\n".join(["## Accepted", "\n".join(told + _more(lines))])


def _fixed(evaluation: Evaluation) -> t.Iterator[str]:
    if evaluation.comparison and evaluation.comparison.fixed:
        fixed = evaluation.comparison.fixed
        told = [f"- {_whose(finding)}, {escaped(finding.rule.title)}" for finding in fixed[:_LINES]]
        yield "\n\n".join(["## Fixed since the earlier run", "\n".join(told + _more(fixed))])
