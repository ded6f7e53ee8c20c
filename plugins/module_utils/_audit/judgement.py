# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule against one host, cluster or forest. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from .condition import IncomparableError
from .error import RuleError
from .expression import ExpressionError
from .wording import filled, sentence, shown

if t.TYPE_CHECKING:
    from .expression import Reader
    from .facts import Subject
    from .rule import Rule

Finding = dict[str, t.Any]
Row = dict[str, t.Any]


def judge(rule: Rule, subject: Subject, reader: Reader) -> list[Finding]:
    """The findings, at least one. Raises C(RuleError) when the expression gives what no rule can use.

    Nothing passes on missing facts: what is not there is unknown, with the reason.
    """
    row = {"host": subject.document["host"], "name": subject.name}
    within = _windows(rule, subject)
    if within is False:
        text = f"It is for Windows Server {rule.applies.windows}, and {subject.name} has {subject.windows}."
        return [_finding(rule, subject, row, "not_applicable", text=text)]
    reasons = [reason for path in rule.needs if (reason := subject.missing(path))]
    if subject.alone in reasons:
        return [_finding(rule, subject, row, "not_applicable", text=str(subject.alone))]
    if within is None:
        reasons.append(f"Which release of Windows Server {subject.name} has is not known.")
    if reasons:
        return [_unknown(rule, subject, row, " ".join(dict.fromkeys(reasons)))]
    try:
        rows = reader.read(rule.reads, subject.document)
    except ExpressionError as exc:
        return [_unknown(rule, subject, row, f"The rule {exc}.")]
    if rows is None:
        return [_unknown(rule, subject, row, f"What the rule reads is not among the facts of {subject.name}.")]
    if not isinstance(rows, list) or not all(isinstance(each, dict) and "subject" in each for each in rows):
        raise RuleError(rule.id, "reads", "must give a list of mappings, each with a subject")
    if not rows and rule.nothing.outcome == "unknown":
        return [_unknown(rule, subject, row, filled(rule.nothing.text, row))]
    if not rows:
        return [_finding(rule, subject, row, rule.nothing.outcome, text=filled(rule.nothing.text, row))]
    return [_of_row(rule, subject, {**row, **each}) for each in rows]


def clusterless(rule: Rule, subject: Subject, why: str) -> Finding:
    """A rule about clusters for a host of which none is known; to a host that is in none it does not apply."""
    if subject.alone:
        return _finding(rule, subject, {}, "not_applicable", text=subject.alone)
    return _unknown(rule, subject, {"host": subject.name, "name": subject.name}, why)


def _of_row(rule: Rule, subject: Subject, row: Row) -> Finding:
    row["subject"] = shown(row["subject"])
    if row.get("not_applicable"):
        return _finding(rule, subject, row, "not_applicable", text=str(row["not_applicable"]))
    if rule.applies.exchange is not None:
        within = rule.applies.exchange.holds(str(row.get("exchange") or ""))
        if within is None:
            return _unknown(rule, subject, row, f"The build of Exchange of {row['subject']} is not known.")
        if not within:
            text = f"It is for Exchange {rule.applies.exchange}, and {row['subject']} has {row['exchange']}."
            return _finding(rule, subject, row, "not_applicable", text=text)
    found, wanted = row.get("found"), rule.holds.against(row, subject.document["parameters"])
    if row.get("unknown") or found is None:
        why = str(row.get("unknown") or f"The facts do not tell it of {row['subject']}.")
        return _unknown(rule, subject, row, why)
    if wanted is None:
        return _unknown(rule, subject, row, f"What it should be for {row['subject']} is not known.")
    row = {"wanted": wanted, **row}
    row["expected"] = filled(rule.expects, row) if rule.expects else rule.holds.expected(wanted)
    row["found"] = shown(row.get("shown", found))
    try:
        held = rule.holds.holds(found, wanted)
    except IncomparableError as exc:
        return _unknown(rule, subject, row, f"It cannot be judged, because {exc}.")
    if held:
        return _finding(rule, subject, row, "pass", text=f"{row['subject']}: {row['found']}, as it should be.")
    found_row = _finding(rule, subject, row, "fail", text=filled(rule.says, row))
    return found_row | {"remedy": rule.remedy.of(row)}


def _windows(rule: Rule, subject: Subject) -> bool | None:
    """Whether the release is one that the rule is for; C(None) if that cannot be said."""
    if rule.applies.windows is None:
        return True
    return rule.applies.windows.holds(subject.windows or "")


def _unknown(rule: Rule, subject: Subject, row: Row, why: str) -> Finding:
    reason = sentence(why)
    text = f"{reason} {filled(rule.find_out, row)}" if rule.find_out and "subject" in row else reason
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
