# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as JUnit XML. Private to this collection.

The first suite has a case for each host: whether it could be read. Each further suite is a layer, with a case for each
rule on a host and subject. JUnit has no severity, so it is the type of a failure. An unknown finding and a host that
could not be read are errors: they must not look passed, and CI shows errors separately. Accepted and not applicable
findings are skipped, with the reason, and so are rules without a host. The title of a rule is a problem, so the name of
a case is C(check for) and the problem.
"""

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET

from .evaluation import LAYERS
from .order import in_reading_order
from .text import visible

if t.TYPE_CHECKING:
    from .evaluation import Acceptance, Evaluation, Finding, Host


def junit(evaluation: Evaluation) -> str:
    """The XML document. Cases are in the order of the report; their names do not depend on the outcome."""
    report = in_reading_order(evaluation)
    by_layer: dict[str, list[ET.Element]] = {layer: [] for layer in LAYERS}
    for line in report.lines:
        by_layer[line.finding.rule.layer].append(_case(line.finding))
    for rule in report.skipped_rules:
        case = _named_case(f"{rule.layer}.{rule.id}", f"check for: {rule.title}")
        ET.SubElement(case, "skipped", {"message": "Not checked: no matching hosts in this run."})
        by_layer[rule.layer].append(case)
    suites = {"hosts": [_host_case(host, evaluation) for host in evaluation.hosts], **by_layer}
    every = [case for cases in suites.values() for case in cases]
    root = ET.Element("testsuites", {"name": _attribute(evaluation.title), **_counts(every)})
    for name, cases in suites.items():
        if cases:
            root.append(_suite(name, cases, evaluation))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(name: str, cases: t.Sequence[ET.Element], evaluation: Evaluation) -> ET.Element:
    attributes = {"name": name, **_counts(cases)}
    if evaluation.gathered:
        attributes["timestamp"] = _attribute(evaluation.gathered.partition("+")[0].rstrip("Z"))
    suite = ET.Element("testsuite", attributes)
    suite.extend(cases)
    return suite


def _counts(cases: t.Sequence[ET.Element]) -> dict[str, str]:
    kinds = [child.tag for case in cases for child in case]
    return {
        "tests": str(len(cases)),
        "failures": str(kinds.count("failure")),
        "errors": str(kinds.count("error")),
        "skipped": str(kinds.count("skipped")),
        "time": "0",
    }


def _named_case(classname: str, name: str) -> ET.Element:
    return ET.Element("testcase", {"classname": _attribute(classname), "name": _attribute(name), "time": "0"})


def _host_case(host: Host, evaluation: Evaluation) -> ET.Element:
    case = _named_case("hosts.read", f"{host.name}: read the host")
    rows = [row for row in evaluation.unread if row.host == host.name]
    problems = [row for row in rows if row.accepted is None]
    if problems or not (rows or host.reached):
        reasons = [f"{row.what}: {row.why}" if row.what else row.why for row in problems] or [host.why]
        ET.SubElement(
            case, "error", {"type": "unread", "message": _attribute(" ".join(reasons) or "No reason was given.")}
        )
    elif rows:
        ET.SubElement(case, "skipped", {"message": _attribute(_acceptance(rows[0].accepted))})
    elif not host.asked:
        ET.SubElement(case, "skipped", {"message": "Not read, because other domain controllers were read."})
    return case


def _case(finding: Finding) -> ET.Element:
    check = f"check for: {finding.rule.title}"
    name = ": ".join(filter(None, (finding.host or "all hosts", finding.subject, check)))
    classname = f"{finding.rule.layer}.{finding.rule.id}"
    case = _named_case(classname, name)
    if finding.outcome == "fail":
        failure = ET.SubElement(case, "failure", {"type": finding.severity, "message": _attribute(_sentence(finding))})
        failure.text = visible(_body(finding))
    elif finding.outcome == "unknown":
        reason = finding.why_unknown or finding.text or "No reason was given."
        ET.SubElement(case, "error", {"type": "unknown", "message": _attribute(reason)})
    elif finding.outcome == "accepted":
        ET.SubElement(case, "skipped", {"message": _attribute(_acceptance(finding.accepted))})
    elif finding.outcome == "not_applicable":
        reason = finding.text or f"The rule applies to: {finding.rule.applies or 'others'}"
        ET.SubElement(case, "skipped", {"message": _attribute(f"Not applicable. {reason}")})
    return case


def _sentence(finding: Finding) -> str:
    return finding.text or f"Expected {finding.expected or 'something else'}, found {finding.found or 'nothing'}."


def _acceptance(accepted: Acceptance | None) -> str:
    if accepted is None:
        return "Accepted."
    until = f" until {accepted.until}" if accepted.until else " without an end date"
    return f"Accepted{until}: {accepted.reason or 'no reason was given'}"


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
