# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as JUnit XML. Private to this collection.

A suite is a layer, a case is a rule on a host and subject. JUnit has no severity, so it is the type of a failure. An
unknown finding is an error: it must not look passed, and CI shows errors separately. Accepted and not applicable
findings are skipped, with the reason. The title of a rule is a problem, so the name of a case is C(check for) and the
problem.
"""

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET

from .evaluation import LAYERS
from .order import in_reading_order
from .text import visible

if t.TYPE_CHECKING:
    from .evaluation import Evaluation, Finding


def junit(evaluation: Evaluation) -> str:
    """The XML document. Cases are in the order of the report; their names do not depend on the outcome."""
    by_layer: dict[str, list[Finding]] = {layer: [] for layer in LAYERS}
    for line in in_reading_order(evaluation).lines:
        by_layer[line.finding.rule.layer].append(line.finding)
    suites = [_suite(layer, findings, evaluation) for layer, findings in by_layer.items() if findings]
    root = ET.Element("testsuites", {"name": _attribute(evaluation.title), **_counts(evaluation.findings)})
    root.extend(suites)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(layer: str, findings: t.Sequence[Finding], evaluation: Evaluation) -> ET.Element:
    attributes = {"name": layer, **_counts(findings)}
    if evaluation.gathered:
        attributes["timestamp"] = _attribute(evaluation.gathered.partition("+")[0].rstrip("Z"))
    suite = ET.Element("testsuite", attributes)
    suite.extend(_case(finding) for finding in findings)
    return suite


def _counts(findings: t.Sequence[Finding]) -> dict[str, str]:
    outcomes = [finding.outcome for finding in findings]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count("fail")),
        "errors": str(outcomes.count("unknown")),
        "skipped": str(outcomes.count("accepted") + outcomes.count("not_applicable")),
        "time": "0",
    }


def _case(finding: Finding) -> ET.Element:
    check = f"check for: {finding.rule.title}"
    name = ": ".join(filter(None, (finding.host or "all hosts", finding.subject, check)))
    classname = f"{finding.rule.layer}.{finding.rule.id}"
    case = ET.Element("testcase", {"classname": _attribute(classname), "name": _attribute(name), "time": "0"})
    if finding.outcome == "fail":
        failure = ET.SubElement(case, "failure", {"type": finding.severity, "message": _attribute(_sentence(finding))})
        failure.text = visible(_body(finding))
    elif finding.outcome == "unknown":
        reason = finding.why_unknown or finding.text or "No reason was given."
        ET.SubElement(case, "error", {"type": "unknown", "message": _attribute(reason)})
    elif finding.outcome == "accepted":
        ET.SubElement(case, "skipped", {"message": _attribute(_acceptance(finding))})
    elif finding.outcome == "not_applicable":
        reason = finding.text or f"The rule applies to: {finding.rule.applies or 'others'}"
        ET.SubElement(case, "skipped", {"message": _attribute(f"Not applicable. {reason}")})
    return case


def _sentence(finding: Finding) -> str:
    return finding.text or f"Expected {finding.expected or 'something else'}, found {finding.found or 'nothing'}."


def _acceptance(finding: Finding) -> str:
    if finding.accepted is None:
        return "Accepted."
    until = f" until {finding.accepted.until}" if finding.accepted.until else " without an end date"
    return f"Accepted{until}: {finding.accepted.reason or 'no reason was given'}"


def _body(finding: Finding) -> str:
    parts = [
        ("Expected", finding.expected),
        ("Found", finding.found),
        ("Why", finding.rule.why),
        ("Since the earlier run", finding.status),
        ("Source", "; ".join(finding.rule.source)),
    ]
    text = "\n".join(f"{name}: {value}" for name, value in parts if value)
    return f"\n{text}\n" + (f"\nRemedy ({finding.remedy.kind}):\n{finding.remedy.text}\n" if finding.remedy else "")


def _attribute(text: str) -> str:
    """Text in one line: XML parsers turn line feeds in attributes into spaces."""
    return " ".join(visible(text).split())
