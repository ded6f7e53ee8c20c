# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings of a report, sorted, grouped and counted. Private to this collection."""

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
    from .evaluation import Evaluation, Finding, Host, Rule, Unread

# A YAML list item of one word.
_ITEM = re.compile(r"( *- )(?:[\w./-]+|'[^']*'|\"[^\"]*\")")


@dataclasses.dataclass(frozen=True, slots=True)
class NumberedFinding:
    """A finding with its number in the order of the report."""

    number: int
    finding: Finding

    @property
    def advice(self) -> str:
        """How to find out an unknown value: the text after the reason."""
        reason = self.finding.why_unknown
        return self.finding.text.removeprefix(reason).strip() if reason else ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Failed findings of one rule and severity, or unknown findings with one reason (then without C(rule))."""

    title: str
    severity: str
    rule: Rule | None
    lines: tuple[NumberedFinding, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of the findings, each once."""
        return tuple(sorted({line.finding.host for line in self.lines}, key=natural))

    @property
    def remedy(self) -> Remedy | None:
        """The common remedy of all findings; C(None) if they need different ones."""
        remedies = [line.finding.remedy for line in self.lines if line.finding.remedy]
        return _common_remedy(tuple(dict.fromkeys(remedies))) if len(remedies) == len(self.lines) else None

    @property
    def found(self) -> tuple[str, ...]:
        """The values that were found, each once."""
        return tuple(dict.fromkeys(line.finding.found for line in self.lines if line.finding.found))

    @property
    def expected(self) -> tuple[str, ...]:
        """The expected values, each once."""
        return tuple(dict.fromkeys(line.finding.expected for line in self.lines if line.finding.expected))

    @property
    def advice(self) -> str:
        """The advice of the findings if it is the same for all, else empty."""
        advice = {line.advice for line in self.lines}
        return next(iter(advice)) if len(advice) == 1 else ""

    @property
    def new(self) -> int:
        """The number of new findings."""
        return sum(line.finding.status == "new" for line in self.lines)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The numbers of findings on one host."""

    host: str
    counts: t.Mapping[str, int]  # failed findings by severity, and "unknown"

    @property
    def rank(self) -> tuple[t.Any, ...]:
        return (*(-self.counts[kind] for kind in (*SEVERITIES, "unknown")), natural(self.host))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderedReport:
    """The findings in the order of the report: failed, unknown, accepted, then the others by rule."""

    failed: t.Mapping[str, tuple[Group, ...]]  # by severity
    unknown: tuple[Group, ...]
    accepted: tuple[NumberedFinding, ...]
    rest: t.Mapping[str, tuple[NumberedFinding, ...]]  # passed and not applicable, by the id of the rule
    scores: tuple[Score, ...]  # the host with the worst findings first
    unreached: tuple[Host, ...]
    unread_parts: tuple[Unread, ...]  # of hosts that were reached, without those that an operator accepted
    skipped_rules: tuple[Rule, ...]  # without findings: the run had no matching hosts
    outcomes: t.Mapping[str, int]
    severities: t.Mapping[str, int]  # numbers of failed findings

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups of failed findings, the worst first."""
        return tuple(itertools.chain.from_iterable(self.failed.values()))

    @property
    def complete(self) -> bool:
        """Whether rules passed, none is unknown or skipped, and all hosts were read."""
        missing = self.unknown or self.unreached or self.unread_parts or self.skipped_rules
        return bool(self.outcomes["pass"]) and not missing

    @property
    def skipped_layers(self) -> tuple[str, ...]:
        """The layers of the skipped rules, as words."""
        return tuple(dict.fromkeys(layer_name(rule.layer) for rule in self.skipped_rules))

    @property
    def no_failure_text(self) -> str:
        """The summary if no rule failed."""
        if not self.outcomes["pass"]:
            return "No rule was evaluated"
        if not self.complete:
            return "No rule failed, but the audit is incomplete"
        return "No rule failed except accepted findings" if self.accepted else "All rules passed"

    @property
    def lines(self) -> tuple[NumberedFinding, ...]:
        """All findings, by number."""
        groups = (line for group in (*self.groups, *self.unknown) for line in group.lines)
        return tuple(itertools.chain(groups, self.accepted, *self.rest.values()))


def in_reading_order(evaluation: Evaluation) -> OrderedReport:
    """Sort, group and count the findings."""
    by_outcome: dict[str, list[Finding]] = {outcome: [] for outcome in OUTCOMES}
    for finding in sorted(evaluation.findings, key=_order):
        by_outcome[finding.outcome].append(finding)
    judged = {finding.rule.id for finding in evaluation.findings}
    count = itertools.count()
    failed = {severity: _failed(by_outcome["fail"], severity, count) for severity in SEVERITIES}
    unknown = _unknown(by_outcome["unknown"], count)
    accepted = tuple(NumberedFinding(next(count), finding) for finding in by_outcome["accepted"])
    rest = {
        rule.id: tuple(
            NumberedFinding(next(count), finding)
            for finding in (*by_outcome["pass"], *by_outcome["not_applicable"])
            if finding.rule.id == rule.id
        )
        for rule in evaluation.rules
    }
    return OrderedReport(
        failed=failed,
        unknown=unknown,
        accepted=accepted,
        rest=rest,
        scores=_scores(evaluation),
        unreached=tuple(sorted((h for h in evaluation.hosts if not h.reached), key=lambda host: natural(host.name))),
        unread_parts=tuple(
            sorted(
                (each for each in evaluation.unread if each.what and not each.accepted),
                key=lambda each: (natural(each.host), each.what),
            )
        ),
        skipped_rules=tuple(rule for rule in evaluation.rules if rule.id not in judged),
        outcomes={outcome: len(by_outcome[outcome]) for outcome in OUTCOMES},
        severities={severity: sum(len(group.lines) for group in failed[severity]) for severity in SEVERITIES},
    )


def _common_remedy(remedies: tuple[Remedy, ...]) -> Remedy | None:
    """One remedy for all. Tasks and roles that differ only in one item of one list are joined; else C(None)."""
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
    """Failed findings by rule; the rule with most hosts is first."""
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
            lines=tuple(NumberedFinding(next(count), finding) for finding in found),
        )
        for found in sorted(by_rule.values(), key=rank)
    )


def _unknown(findings: t.Iterable[Finding], count: t.Iterator[int]) -> tuple[Group, ...]:
    """Unknown findings by reason; the reason with most findings is first."""
    by_reason: dict[str, list[Finding]] = collections.defaultdict(list)
    for finding in findings:
        by_reason[finding.why_unknown or finding.text or "No reason was given."].append(finding)
    return tuple(
        Group(
            title=reason,
            severity="unknown",
            rule=None,
            lines=tuple(NumberedFinding(next(count), finding) for finding in found),
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
