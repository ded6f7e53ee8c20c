# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings in the order in which they should be read. Private to this collection."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import re
import typing as t

from ..name_list import natural
from .evaluation import OUTCOMES, SEVERITIES, Remedy
from .text import layer_name

if t.TYPE_CHECKING:
    from .evaluation import Evaluation, Finding, Host, Rule

# An item of a list in YAML that is one word.
_ITEM = re.compile(r"( *- )(?:[\w./-]+|'[^']*'|\"[^\"]*\")")


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A finding with its number in reading order."""

    number: int
    finding: Finding

    @property
    def advice(self) -> str:
        """How to find out what is unknown: what the text says beyond the reason."""
        reason = self.finding.why_unknown
        return self.finding.text.removeprefix(reason).strip() if reason else ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Findings of one rule and one severity, or those that are unknown for one reason (then without C(rule))."""

    title: str
    severity: str
    rule: Rule | None
    lines: tuple[Line, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts concerned, each once."""
        return tuple(sorted({line.finding.host for line in self.lines}, key=natural))

    @property
    def remedy(self) -> Remedy | None:
        """The remedy of all its findings, where there is one for all."""
        remedies = [line.finding.remedy for line in self.lines if line.finding.remedy]
        return _for_all(tuple(dict.fromkeys(remedies))) if len(remedies) == len(self.lines) else None

    @property
    def found(self) -> tuple[str, ...]:
        """What was found, each value once."""
        return tuple(dict.fromkeys(line.finding.found for line in self.lines if line.finding.found))

    @property
    def expected(self) -> tuple[str, ...]:
        """What was expected, each value once."""
        return tuple(dict.fromkeys(line.finding.expected for line in self.lines if line.finding.expected))

    @property
    def advice(self) -> str:
        """How to find it out, where it is the same for all."""
        advice = {line.advice for line in self.lines}
        return next(iter(advice)) if len(advice) == 1 else ""

    @property
    def new(self) -> int:
        """How many of the findings the earlier run did not have."""
        return sum(line.finding.status == "new" for line in self.lines)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What there is to do on one host."""

    host: str
    counts: t.Mapping[str, int]  # severities of what failed, and "unknown"

    @property
    def rank(self) -> tuple[t.Any, ...]:
        return (*(-self.counts[kind] for kind in (*SEVERITIES, "unknown")), natural(self.host))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An evaluation in reading order: what is wrong, what is unknown, what is accepted, and the rest by rule."""

    failed: t.Mapping[str, tuple[Group, ...]]  # by severity
    unknown: tuple[Group, ...]
    accepted: tuple[Line, ...]
    rest: t.Mapping[str, tuple[Line, ...]]  # passed and not applicable, by the id of the rule
    scores: tuple[Score, ...]  # the worst host first
    unreached: tuple[Host, ...]
    unasked: tuple[Rule, ...]  # without any finding: nobody whom they concern was asked
    outcomes: t.Mapping[str, int]
    severities: t.Mapping[str, int]  # of what failed

    @property
    def groups(self) -> tuple[Group, ...]:
        """What failed, the worst first."""
        return tuple(itertools.chain.from_iterable(self.failed.values()))

    @property
    def whole(self) -> bool:
        """Whether something was judged and nothing was left out."""
        return bool(self.outcomes["pass"]) and not (self.unknown or self.unreached or self.unasked)

    @property
    def unasked_layers(self) -> tuple[str, ...]:
        """What nobody was asked about, in words."""
        return tuple(dict.fromkeys(layer_name(rule.layer) for rule in self.unasked))

    @property
    def praise(self) -> str:
        """What can be said when nothing fails."""
        if not self.outcomes["pass"]:
            return "Nothing was judged"
        if not self.whole:
            return "Nothing is wrong in what could be read"
        return "Nothing is wrong but what is accepted" if self.accepted else "Every rule holds"

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every finding, by number."""
        groups = (line for group in (*self.groups, *self.unknown) for line in group.lines)
        return tuple(itertools.chain(groups, self.accepted, *self.rest.values()))


def in_reading_order(evaluation: Evaluation) -> Reading:
    """The findings sorted, grouped and counted."""
    by_outcome: dict[str, list[Finding]] = {outcome: [] for outcome in OUTCOMES}
    for finding in sorted(evaluation.findings, key=_order):
        by_outcome[finding.outcome].append(finding)
    judged = {finding.rule.id for finding in evaluation.findings}
    count = itertools.count()
    failed = {severity: _failed(by_outcome["fail"], severity, count) for severity in SEVERITIES}
    unknown = _unknown(by_outcome["unknown"], count)
    accepted = tuple(Line(next(count), finding) for finding in by_outcome["accepted"])
    rest = {
        rule.id: tuple(
            Line(next(count), finding)
            for finding in (*by_outcome["pass"], *by_outcome["not_applicable"])
            if finding.rule.id == rule.id
        )
        for rule in evaluation.rules
    }
    return Reading(
        failed=failed,
        unknown=unknown,
        accepted=accepted,
        rest=rest,
        scores=_scores(evaluation),
        unreached=tuple(sorted((h for h in evaluation.hosts if not h.reached), key=lambda host: natural(host.name))),
        unasked=tuple(rule for rule in evaluation.rules if rule.id not in judged),
        outcomes={outcome: len(by_outcome[outcome]) for outcome in OUTCOMES},
        severities={severity: sum(len(group.lines) for group in failed[severity]) for severity in SEVERITIES},
    )


def _for_all(remedies: tuple[Remedy, ...]) -> Remedy | None:
    """The remedy where all are the same, or where tasks or roles differ in one item of one list and no more."""
    if len(remedies) == 1:
        return remedies[0]
    texts = [remedy.text.split("\n") for remedy in remedies]
    kinds = {remedy.kind for remedy in remedies}
    if len(kinds) > 1 or "manual" in kinds or len(set(map(len, texts))) > 1:
        return None
    differing = [place for place, lines in enumerate(zip(*texts, strict=True)) if len(set(lines)) > 1]
    if len(differing) != 1:
        return None
    (place,) = differing
    items = [text[place] for text in texts]
    indents = {found[1] if (found := _ITEM.fullmatch(item)) else None for item in items}
    if place == 0 or not texts[0][place - 1].endswith(":") or len(indents) > 1 or None in indents:
        return None
    merged = [*texts[0][:place], *items, *texts[0][place + 1 :]]
    return Remedy(kind=remedies[0].kind, text="\n".join(merged))


def _order(finding: Finding) -> tuple[t.Any, ...]:
    return natural(finding.host), natural(finding.subject), finding.rule.id


def _failed(findings: t.Iterable[Finding], severity: str, count: t.Iterator[int]) -> tuple[Group, ...]:
    """By rule; the rule that concerns most hosts is read first."""
    by_rule: dict[str, list[Finding]] = collections.defaultdict(list)
    for finding in findings:
        if finding.severity == severity:
            by_rule[finding.rule.id].append(finding)

    def rank(found: list[Finding]) -> tuple[int, int, str]:
        return -len({finding.host for finding in found}), -len(found), found[0].rule.id

    return tuple(
        Group(
            title=found[0].rule.title,
            severity=severity,
            rule=found[0].rule,
            lines=tuple(Line(next(count), finding) for finding in found),
        )
        for found in sorted(by_rule.values(), key=rank)
    )


def _unknown(findings: t.Iterable[Finding], count: t.Iterator[int]) -> tuple[Group, ...]:
    """By reason; the reason that leaves most unknown is read first."""
    by_reason: dict[str, list[Finding]] = collections.defaultdict(list)
    for finding in findings:
        by_reason[finding.why_unknown or finding.text or "No reason was given."].append(finding)
    return tuple(
        Group(
            title=reason,
            severity="unknown",
            rule=None,
            lines=tuple(Line(next(count), finding) for finding in found),
        )
        for reason, found in sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _scores(evaluation: Evaluation) -> tuple[Score, ...]:
    counts: dict[str, collections.Counter[str]] = {host.name: collections.Counter() for host in evaluation.hosts}
    for finding in evaluation.findings:
        found = counts.setdefault(finding.host, collections.Counter())
        if finding.outcome == "fail":
            found[finding.severity] += 1
        elif finding.outcome == "unknown":
            found["unknown"] += 1
    scores = (Score(host=host, counts=found) for host, found in counts.items())
    return tuple(sorted(scores, key=lambda score: score.rank))
