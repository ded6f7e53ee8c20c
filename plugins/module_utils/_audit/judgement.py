# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates one rule on one host, cluster or forest. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from .condition import IncomparableError
from .error import RuleError
from .expression import ExpressionError
from .wording import as_text, fill, sentence

if t.TYPE_CHECKING:
    from .expression import Reader
    from .facts import Subject
    from .rule import Rule

Finding = dict[str, t.Any]
Row = dict[str, t.Any]


def judge(rule: Rule, subject: Subject, reader: Reader) -> list[Finding]:
    """The findings, at least one. Raises C(RuleError) when the expression returns no list of subjects.

    No rule passes on missing facts: the finding is unknown, with the reason. A failed finding has its C(row), from
    which the common remedy of the rule is made.
    """
    row = {"host": subject.document["host"], "name": subject.name}
    if subject.alias_reason:
        return [_finding(rule, subject, row, "not_applicable", text=subject.alias_reason)]
    within = _windows_in_range(rule, subject)
    if within is False:
        text = f"The rule applies to Windows Server {rule.applies.windows}. {subject.name} has {subject.windows}."
        return [_finding(rule, subject, row, "not_applicable", text=text)]
    reasons = [reason for path in rule.needs if (reason := subject.missing(path))]
    if subject.standalone_reason in reasons:
        return [_finding(rule, subject, row, "not_applicable", text=str(subject.standalone_reason))]
    if within is None:
        reasons.append(f"The Windows Server release of {subject.name} is not known.")
    if reasons:
        return [_unknown(rule, subject, row, " ".join(dict.fromkeys(reasons)))]
    try:
        rows = reader.read(rule.reads, subject.document)
    except ExpressionError as exc:
        return [_unknown(rule, subject, row, f"The rule {exc}.")]
    if rows is None:
        return [_unknown(rule, subject, row, f"The facts of {subject.name} do not contain the values of this rule.")]
    if not isinstance(rows, list) or not all(isinstance(each, dict) and "subject" in each for each in rows):
        raise RuleError(rule.id, "reads", "must return a list of mappings, each with a subject")
    if not rows and rule.nothing.outcome == "unknown":
        return [_unknown(rule, subject, row, fill(rule.nothing.text, row))]
    if not rows:
        return [_finding(rule, subject, row, rule.nothing.outcome, text=fill(rule.nothing.text, row))]
    return [_judge_row(rule, subject, {**row, **each}) for each in rows]


def finding_without_cluster(rule: Rule, subject: Subject, why: str) -> Finding:
    """The finding of a rule about clusters for a host whose cluster is unknown, or which is standalone."""
    if subject.standalone_reason:
        return _finding(rule, subject, {}, "not_applicable", text=subject.standalone_reason)
    return _unknown(rule, subject, {"host": subject.name, "name": subject.name}, why)


def _judge_row(rule: Rule, subject: Subject, row: Row) -> Finding:
    row["subject"] = as_text(row["subject"])
    if row.get("not_applicable"):
        return _finding(rule, subject, row, "not_applicable", text=str(row["not_applicable"]))
    if rule.applies.exchange is not None:
        within = rule.applies.exchange.holds(str(row.get("exchange") or ""))
        if within is None:
            return _unknown(rule, subject, row, f"The Exchange build of {row['subject']} is not known.")
        if not within:
            text = f"The rule applies to Exchange {rule.applies.exchange}. {row['subject']} has {row['exchange']}."
            return _finding(rule, subject, row, "not_applicable", text=text)
    found, wanted = row.get("found"), rule.holds.wanted_value(row, subject.document["parameters"])
    if row.get("unknown") or found is None:
        why = str(row.get("unknown") or f"The facts do not contain the value of {row['subject']}.")
        return _unknown(rule, subject, row, why)
    if wanted is None:
        return _unknown(rule, subject, row, f"The expected value for {row['subject']} is not known.")
    row = {"wanted": wanted, **row}
    row["expected"] = fill(rule.expects, row) if rule.expects else rule.holds.expected(wanted)
    row["found"] = as_text(row.get("shown", found))
    try:
        held = rule.holds.holds(found, wanted)
    except IncomparableError as exc:
        return _unknown(rule, subject, row, f"The rule cannot be evaluated, because {exc}.")
    if held:
        return _finding(rule, subject, row, "pass", text=f"{row['subject']}: {row['found']}, as expected.")
    failed = _finding(rule, subject, row, "fail", text=fill(rule.says, row))
    return failed | {"remedy": rule.remedy.of(row), "row": row}


def _windows_in_range(rule: Rule, subject: Subject) -> bool | None:
    """Whether the rule applies to the Windows release; C(None) if the release is not known."""
    if rule.applies.windows is None:
        return True
    return rule.applies.windows.holds(subject.windows or "")


def _unknown(rule: Rule, subject: Subject, row: Row, why: str) -> Finding:
    reason = sentence(why)
    text = f"{reason} {fill(rule.find_out, row)}" if rule.find_out and "subject" in row else reason
    return _finding(rule, subject, row, "unknown", text=text) | {"why_unknown": reason}


def _finding(rule: Rule, subject: Subject, row: Row, outcome: str, *, text: str) -> Finding:
    return {
        "rule": rule.id,
        "host": subject.name,
        "scope": subject.scope,
        "subject": str(row.get("subject", "")),
        "outcome": outcome,
        "severity": rule.severity,
        "expected": str(row.get("expected", "")),
        "found": str(row["found"]) if row.get("found") is not None else "",
        "text": sentence(text),
        "why_unknown": None,
        "accepted": None,
        "remedy": None,
        "status": None,
    }
