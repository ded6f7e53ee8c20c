# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of an audit: whether it fails, its last line, what was not looked at, and the artifact."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._audit.evaluation import evaluate
from ansible_collections.winha.cluster.plugins.module_utils._audit.verdict import has_failed, message, summary
from ansible_collections.winha.cluster.plugins.module_utils.artifact import MAX_LENGTH, MAX_ROWS, MAX_TEXT, artifact
from audit_cases import NOW, Mapping, rule

RULES = ("vm-offline-action", "vm-automatic-stop")
UNTIL = {"reason": "It is being replaced.", "until": "2026-03-01"}


def host(*names: str, action: str = "shut_down", **parts: t.Any) -> Mapping:
    rows = [{"name": name, "automatic_stop_action": "save", "offline_action": action} for name in names]
    cluster = {"name": "HVC1", "nodes": [{"name": "hv01", "windows": "2022"}], "virtual_machines": rows}
    info = {"virtual_machines": [{**row, "automatic_stop_action": action} for row in rows]}
    return {"kinds": ["hyperv_host"], "cluster_info": {"cluster": cluster}, "host_info": info, **parts}


def away(name: str) -> Mapping:
    return {"kinds": ["hyperv_host"], "reached": False, "why": f"{name} did not answer."}


def run(hosts: Mapping, **more: t.Any) -> Mapping:
    return evaluate([rule(name) for name in RULES], {"title": "lab", "hosts": hosts}, **({"now": NOW} | more))


GOOD = {"hv01": host("EX01")}
LOST = {"hv01": host("EX01"), "hv09": away("hv09")}
FAULTY = {"unknown": [{"what": "events", "why": "The provider failed."}]}
PARTLY = {"hv01": host("EX01", host_info={**host("EX01")["host_info"], **FAULTY})}
REFUSED = {"hv01": host("EX01", host_info={"unknown": "Access is denied."}, failed=["host_info"])}


@pytest.mark.parametrize(
    ("hosts", "more", "unread"),
    [
        (GOOD, {}, 0),
        (LOST, {}, 1),
        (PARTLY, {}, 1),
        (REFUSED, {}, 1),
        (LOST, {"accepted": [{"rule": "*", "host": "hv09", **UNTIL}]}, 0),
        (PARTLY, {"accepted": [{"rule": "*", "host": "HV01", **UNTIL}]}, 0),
        (LOST, {"accepted": [{"rule": "*", "host": "hv09", "reason": "over", "until": "2026-02-28"}]}, 1),
        (LOST, {"accepted": [{"rule": "vm-automatic-stop", "host": "hv09", **UNTIL}]}, 1),
        (LOST, {"accepted": [{"rule": "vm-*", "host": "hv09", **UNTIL}]}, 0),
        (REFUSED, {"accepted": [{"rule": "vm-automatic-stop", "host": "hv01", **UNTIL}]}, 0),
    ],
)
def test_a_host_that_was_not_read_fails_the_run_unless_it_is_accepted(
    hosts: Mapping, more: Mapping, unread: int
) -> None:
    found = run(hosts, **more)
    assert found["summary"]["unread"] == unread
    assert has_failed(found, fail_on="error", unknown=False, unread=True) is bool(unread)
    assert not has_failed(found, fail_on="error", unknown=False, unread=False)
    assert not has_failed(found, fail_on="never", unknown=True, unread=True)
    line = message(found, folder="audit", files=["audit.json"])
    assert ("could not be read" in line) is bool(unread)
    assert not unread or line.rstrip(".").endswith(("hv01", "hv09"))


def test_findings_count_from_their_severity_on() -> None:
    found = run({"hv01": host("EX01", action="save")}, overrides={name: {"severity": "warning"} for name in RULES})
    expected = {"error": False, "warning": True, "notice": True, "never": False}
    assert {each: has_failed(found, fail_on=each, unknown=False, unread=True) for each in expected} == expected
    lost = run(LOST)
    assert has_failed(lost, fail_on="error", unknown=True, unread=False)


def test_the_last_line_says_what_was_left_out_and_what_has_no_effect() -> None:
    found = run(
        {"hv01": host("EX01", "FILE01"), "dc3": {"kinds": ["domain_controller"], "asked": False}},
        parameters={"excluded_virtual_machines": ["FILE*", "SQL*"]},
        overrides={"vm-automatic-stop": {"enabled": False}},
        accepted=[{"rule": "vm-offline-action", "subject": "EX09", **UNTIL}],
    )
    line = message(found, folder="audit", files=["audit.json"])
    for sentence in (
        "1 rule is disabled (audit_rule_overrides): vm-automatic-stop.",
        "1 virtual machine is left out (parameter excluded_virtual_machines): FILE01.",
        "1 domain controller was not read (audit_domain_controllers_asked): dc3.",
        "The parameter excluded_virtual_machines has SQL*, which matches no virtual machine that was read.",
        "The accepted finding (rule vm-offline-action, subject EX09) matches no finding.",
    ):
        assert sentence in line
    only = run(GOOD, parameters={"virtual_machines": ["VM*"]}, overrides={RULES[0]: {"severity": "notice"}})
    assert only["left_out"] == ["1 virtual machine is left out (parameter virtual_machines): EX01."]
    empty = run({}, overrides={RULES[0]: {"severity": "notice"}})
    (sentence,) = empty["unmatched"]
    assert sentence == (
        "The override (audit_rule_overrides) of the rule vm-offline-action has no effect: the rule has no finding in "
        "this run."
    )


def test_an_artifact_is_bounded_and_says_what_was_cut() -> None:
    many = {"hv01": host(*(f"EX{number:04}" for number in range(700)), action="save")}
    found = run(many)
    kept = summary(found, failed=True, text="x" * 50_000, folder="audit")
    assert len(kept["findings"]) == MAX_ROWS
    assert kept["cut"]["left_out"] == {"findings": 1400 - MAX_ROWS}
    assert kept["cut"]["why"].endswith("audit/audit.json has all.")
    assert len(json.dumps(kept)) < MAX_LENGTH + 20_000
    small = run({"hv01": host("EX01", action="save"), "hv09": away("hv09")})
    whole = summary(small, failed=True, text="x", folder="audit")
    assert whole["cut"] == {}
    assert [each["outcome"] for each in whole["findings"]] == ["fail", "fail", "unknown", "unknown"]


def test_long_texts_and_many_long_rows_are_cut() -> None:
    rows = [{"text": "y" * 5000, "more": ["z" * 5000] * 3}] * MAX_ROWS
    found = artifact({"title": "t" * 5000}, {"first": ["a"], "rows": rows}, "plan.json")
    assert len(json.dumps(found)) <= MAX_LENGTH + 300
    assert found["first"] == ["a"]
    assert {len(found["title"]), *(len(row["text"]) for row in found["rows"])} == {MAX_TEXT}
    assert found["cut"]["left_out"] == {"rows": MAX_ROWS - len(found["rows"])}
