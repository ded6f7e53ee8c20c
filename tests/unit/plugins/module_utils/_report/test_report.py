# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in its four formats: its content, and that text from servers is escaped."""

from __future__ import annotations

import collections
import datetime
import io
import json
import typing as t
import xml.etree.ElementTree as ET

import pytest
import report_samples
from ansible_collections.winha.cluster.plugins.module_utils._report.error import ReportError
from ansible_collections.winha.cluster.plugins.module_utils._report.evaluation import read_values
from ansible_collections.winha.cluster.plugins.module_utils._report.formats import FORMATS, render

SAMPLES = {"small": report_samples.small, "clean": report_samples.clean, "hostile": report_samples.hostile}
OUTCOMES = ("failure", "error", "skipped")
INCOMPLETE = "No rule failed, but the audit is incomplete"


def changed(**parts: t.Any) -> report_samples.Row:
    return report_samples.small() | parts


def junit(sample: report_samples.Row) -> ET.Element:
    return ET.parse(io.StringIO(render(sample, "junit"))).getroot()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_equal_evaluations_give_equal_text(sample: str, form: str) -> None:
    found = SAMPLES[sample]()
    assert render(found, form) == render(json.loads(json.dumps(found)), form)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_a_report_is_valid_utf_8_without_invisible_characters(sample: str, form: str) -> None:
    text = render(SAMPLES[sample](), form)
    assert text.encode("utf-8").decode("utf-8") == text
    invisible = {character for name in report_samples.HOSTILE for character in name if not character.isprintable()}
    assert invisible & set(text) <= {"\n"}


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_evaluation_can_be_rendered(form: str) -> None:
    assert "nowhere" in render({"version": 1, "title": "nowhere"}, form)


@pytest.mark.parametrize("form", FORMATS)
def test_dates_of_yaml_can_be_rendered(form: str) -> None:
    finding = report_samples.finding("hotfixes", "hv01", outcome="accepted")
    finding["accepted"] = {"reason": "Next month.", "until": datetime.date(2027, 1, 31)}
    assert "2027-01-31" in render(changed(findings=[finding], gathered=datetime.datetime(2026, 11, 23)), form)


def test_json_is_the_evaluation_with_sorted_keys() -> None:
    text = render(report_samples.hostile(), "json")
    assert json.loads(text) == report_samples.writable(report_samples.hostile())
    pairs = json.loads(text, object_pairs_hook=list)
    assert [key for key, _value in pairs] == sorted(report_samples.hostile())


@pytest.mark.parametrize(
    ("evaluation", "about"),
    [
        ("audit", "must be a dictionary"),
        ([], "must be a dictionary"),
        ({}, "version"),
        ({"version": 2, "title": "x"}, "version"),
        ({"version": 1}, "title"),
        ({"version": 1, "title": "x", "findings": {}}, "findings"),
        ({"version": 1, "title": "x", "findings": [7]}, "findings 1"),
        ({"version": 1, "title": "x", "hosts": [{"name": None}]}, "hosts 1"),
        (changed(findings=[report_samples.finding("no-such-rule", "hv01")]), "no-such-rule"),
        (changed(findings=[report_samples.finding("hotfixes", "hv01", outcome="maybe")]), "maybe"),
        (changed(rules=[{"id": "x", "title": "x", "severity": "grave", "layer": "dns"}]), "grave"),
        (changed(rules=[{"id": "x", "title": "x", "severity": "", "layer": "dns"}]), "severity"),
        (changed(pictures={"paths": [{"from": "a", "to": "b", "mtu": "1500"}]}), "mtu"),
        (changed(title=float("nan")), "JSON"),
        (changed(title=object()), "JSON"),
        (changed(hosts=[{1: 2}]), "key 1"),
    ],
)
@pytest.mark.parametrize("form", FORMATS)
def test_an_invalid_evaluation_is_refused_with_a_sentence(evaluation: object, about: str, form: str) -> None:
    with pytest.raises(ReportError) as caught:
        render(evaluation, form)
    assert about in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ReportError, match="pdf"):
        render(report_samples.small(), "pdf")


@pytest.mark.parametrize("form", ["html", "markdown"])
@pytest.mark.parametrize(
    ("summary", "parts"),
    [
        ("All rules passed", {}),
        ("No rule was evaluated", {"findings": []}),
        ("No rule was evaluated", {"findings": [report_samples.finding("hotfixes", "hv01", outcome="not_applicable")]}),
        (
            INCOMPLETE,
            {"hosts": [{"name": "hv09", "reached": False, "why": "Gone."}]},
        ),
        (INCOMPLETE, {"findings": [report_samples.finding("hotfixes", "hv01")]}),
    ],
)
def test_an_incomplete_audit_is_not_called_passed(summary: str, parts: report_samples.Row, form: str) -> None:
    text = render(report_samples.clean() | parts, form)
    assert summary in text
    assert ("All rules passed" in text) == (summary == "All rules passed")


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_skipped_rules_are_shown(form: str) -> None:
    sample = report_samples.clean()
    skipped = {rule["id"] for rule in sample["rules"] if rule["layer"] in {"directory", "dns"}}
    sample["findings"] = [finding for finding in sample["findings"] if finding["rule"] not in skipped]
    text = render(sample, form).replace("<b>", "**").replace("</b>", "**")
    assert f"**{len(skipped)} rules skipped**: no matching hosts in this run (directory, DNS)." in text
    assert " skipped" not in render(report_samples.clean(), form)


def test_a_fixed_finding_can_have_a_rule_that_no_longer_exists() -> None:
    fixed = report_samples.finding("bygone", "hv01") | {"severity": "warning"}
    found = changed(comparison={"earlier": "2026-01-01", "new": 0, "open": 0, "fixed": [fixed]})
    assert "bygone" in render(found, "html")
    assert "bygone" in render(found, "markdown")


# --- JUnit ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", SAMPLES)
def test_each_finding_is_a_case_in_the_suite_of_its_layer(sample: str) -> None:
    found = SAMPLES[sample]()
    layers = {rule["id"]: rule["layer"] for rule in found["rules"]}
    suites = {suite.get("name"): len(suite.findall("testcase")) for suite in junit(found)}
    judged = {finding["rule"] for finding in found["findings"]}
    skipped = [layer for name, layer in layers.items() if name not in judged]
    wanted = collections.Counter([*(layers[finding["rule"]] for finding in found["findings"]), *skipped])
    assert suites == {"hosts": len(found["hosts"]), **wanted}


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_numbers_of_junit_match_its_cases(sample: str) -> None:
    root = junit(SAMPLES[sample]())
    for suite in (root, *root):
        cases = list(suite.iter("testcase"))
        counted = [sum(case.find(kind) is not None for case in cases) for kind in OUTCOMES]
        assert [int(suite.get(name, "")) for name in ("failures", "errors", "skipped")] == counted
        assert int(suite.get("tests", "")) == len(cases)


def test_failed_unknown_and_accepted_findings_differ_in_junit() -> None:
    root = junit(report_samples.small())
    failed = root.findall(".//failure")
    assert collections.Counter(case.get("type") for case in failed) == {"error": 6, "warning": 2, "notice": 1}
    assert any("offline_action: shut_down" in (case.text or "") for case in failed)
    assert {case.get("type") for case in root.findall(".//error")} == {"unknown", "unread"}
    (hosts,) = (suite for suite in root if suite.get("name") == "hosts")
    assert {case.get("name") for case in hosts if case.find("error") is not None} == {
        "hv03: read the host",
        "hv04: read the host",
    }
    assert "The connection to hv04 (10.20.0.14) was refused. Is WinRM listening there?" in {
        case.get("message") for case in root.findall(".//error")
    }
    assert {case.get("message") for case in root.findall(".//skipped")} == {
        "Accepted until 2027-01-31: The vendor of the storage has not released it.",
        "Not applicable. hv03 has no mailbox server.",
    }


@pytest.mark.parametrize(
    ("accepted", "message"),
    [
        (None, "Accepted."),
        ({"until": "2027-01-31"}, "Accepted until 2027-01-31: no reason was given"),
        ({"reason": "It is new"}, "Accepted without an end date: It is new"),
    ],
)
def test_an_accepted_finding_has_what_is_known_of_its_acceptance(
    accepted: report_samples.Row | None, message: str
) -> None:
    found = report_samples.small()
    (changed,) = (one for one in found["findings"] if one["outcome"] == "accepted")
    changed["accepted"] = accepted
    assert message in {case.get("message") for case in junit(found).findall(".//skipped")}


def test_a_run_without_numbers_counts_nothing() -> None:
    (run,) = read_values({**report_samples.small(), "runs": [{"gathered": "2026-11-30T00:00:00Z"}]}).runs
    assert (run.gathered, run.hosts, run.unread, set(run.counts.values())) == ("2026-11-30T00:00:00Z", 0, 0, {0})


def test_the_name_of_a_case_does_not_depend_on_its_outcome() -> None:
    def names(found: report_samples.Row) -> list[tuple[str | None, str | None]]:
        return sorted((case.get("classname"), case.get("name")) for case in junit(found).iter("testcase"))

    assert names(report_samples.small()) == names(report_samples.clean())


def test_names_add_no_element_to_junit() -> None:
    root = junit(report_samples.hostile())
    assert {element.tag for element in root.iter()} == {"testsuites", "testsuite", "testcase", *OUTCOMES}
    bodies = "".join(case.text or "" for case in root.iter("failure"))
    assert "]]><owned/>" in bodies
