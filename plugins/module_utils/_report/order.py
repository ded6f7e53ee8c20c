# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings of a report, sorted, grouped and counted. Private to this collection."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import typing as t

from ..name_list import folded, natural
from .evaluation import OUTCOMES, SEVERITIES, JointRemedy
from .text import layer_name

if t.TYPE_CHECKING:
    from .evaluation import Evaluation, Finding, Host, Rule, Unread

_FEW = 6  # names in a line


@dataclasses.dataclass(frozen=True, slots=True)
class NumberedFinding:
    """A finding with its number in the order of the report."""

    number: int
    finding: Finding

    @property
    def sentence(self) -> str:
        """The sentence on demand, with the reason and the end date of an acceptance."""
        text = self.finding.text or self.finding.why_unknown
        accepted = self.finding.accepted
        if accepted is None or self.finding.outcome != "accepted":
            return text
        until = f"Accepted until {accepted.until}." if accepted.until else "No end date."
        return f"{text} {accepted.reason or 'No reason was given.'} {until}"

    @property
    def home(self) -> str:
        """The cluster or DAG of the finding, or its host."""
        names = (place.name for place in self.finding.places if place.kind in {"cluster", "dag"})
        return next(names, self.finding.host)

    @property
    def advice(self) -> str:
        """How to find out an unknown value: the text after the reason."""
        reason = self.finding.why_unknown
        return self.finding.text.removeprefix(reason).strip() if reason else ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Failed findings of one rule and severity, or unknown findings with one cause (then without C(rule))."""

    title: str
    severity: str
    rule: Rule | None
    lines: tuple[NumberedFinding, ...]
    remedies: tuple[JointRemedy, ...] = ()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of the findings, each once."""
        return tuple(sorted({line.finding.host for line in self.lines}, key=natural))

    @property
    def where(self) -> str:
        """The hosts or clusters by name if they are few, else their number."""
        if len(self.hosts) <= _FEW:
            return folded(self.hosts) if any(self.hosts) else "all hosts"
        scopes = {line.finding.scope for line in self.lines}
        word = "clusters" if scopes == {"cluster"} else "hosts" if scopes == {"host"} else "hosts and clusters"
        return f"{len(self.hosts):,} {word}"

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

    def sentence_of(self, line: NumberedFinding) -> str:
        """The sentence on demand, without the advice that the group shows."""
        return line.finding.why_unknown if self.rule is None and self.advice else line.sentence

    @property
    def new(self) -> int:
        """The number of new findings."""
        return sum(line.finding.status == "new" for line in self.lines)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderedReport:
    """The findings in the order of the report: failed, unknown, accepted, then the others by rule."""

    failed: t.Mapping[str, tuple[Group, ...]]  # by severity
    unknown: tuple[Group, ...]
    accepted: tuple[NumberedFinding, ...]
    rest: t.Mapping[str, tuple[NumberedFinding, ...]]  # passed and not applicable, by the id of the rule
    unreached: tuple[Host, ...]
    causes: t.Mapping[str, str]  # why hosts could not be read, without their names
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
    failed = {severity: _failed(by_outcome["fail"], severity, count, evaluation) for severity in SEVERITIES}
    unknown = _unknown(by_outcome["unknown"], count)
    accepted = tuple(NumberedFinding(next(count), finding) for finding in by_outcome["accepted"])
    others: dict[str, list[Finding]] = {rule.id: [] for rule in evaluation.rules}
    for finding in (*by_outcome["pass"], *by_outcome["not_applicable"]):
        others[finding.rule.id].append(finding)
    rest = {rule: tuple(NumberedFinding(next(count), each) for each in found) for rule, found in others.items()}
    return OrderedReport(
        failed=failed,
        unknown=unknown,
        accepted=accepted,
        rest=rest,
        unreached=tuple(sorted((h for h in evaluation.hosts if not h.reached), key=lambda host: natural(host.name))),
        causes={each.host: each.cause for each in evaluation.unread if not each.what},
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


def _order(finding: Finding) -> tuple[t.Any, ...]:
    return natural(finding.host), natural(finding.subject), finding.rule.id


def _failed(
    findings: t.Iterable[Finding], severity: str, count: t.Iterator[int], evaluation: Evaluation
) -> tuple[Group, ...]:
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
            remedies=evaluation.remedies.get(found[0].rule.id) or _separate(found),
        )
        for found in sorted(by_rule.values(), key=rank)
    )


def _separate(findings: t.Iterable[Finding]) -> tuple[JointRemedy, ...]:
    """The remedies of an evaluation without common remedies: each text once."""
    hosts: dict[t.Any, list[str]] = collections.defaultdict(list)
    for finding in findings:
        if finding.remedy:
            hosts[finding.remedy].append(finding.host)
    return tuple(
        JointRemedy(remedy=remedy, findings=len(found), hosts=tuple(dict.fromkeys(found)))
        for remedy, found in hosts.items()
    )


def _unknown(findings: t.Iterable[Finding], count: t.Iterator[int]) -> tuple[Group, ...]:
    """Unknown findings by cause; the cause with most findings is first."""
    by_cause: dict[str, list[Finding]] = collections.defaultdict(list)
    for finding in findings:
        by_cause[finding.cause or finding.text or "No reason was given."].append(finding)
    return tuple(
        Group(
            title=cause,
            severity="unknown",
            rule=None,
            lines=tuple(NumberedFinding(next(count), finding) for finding in found),
        )
        for cause, found in sorted(by_cause.items(), key=lambda item: (-len(item[1]), item[0]))
    )
