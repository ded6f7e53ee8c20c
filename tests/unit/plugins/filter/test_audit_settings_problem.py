# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each mistake in the settings of an audit is one sentence with the name of the variable, before a host is read."""

from __future__ import annotations

import copy
import json
import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.winha.cluster.plugins.filter import audit_evaluation as evaluation
from ansible_collections.winha.cluster.plugins.filter.audit_settings_problem import audit_settings_problem
from ansible_collections.winha.cluster.plugins.module_utils._audit import expression

ROLE = pathlib.Path(evaluation.__file__).parents[2] / "roles" / "audit"
RULES = [rule for file in sorted((ROLE / "rules").glob("*.yml")) for rule in yaml.safe_load(file.read_text("utf-8"))]
EARLIER = {"version": 1, "findings": [], "hosts": []}


def changed(**keys: t.Any) -> list[dict[str, t.Any]]:
    """A rule about hosts with other keys."""
    return [copy.deepcopy(next(rule for rule in RULES if rule["scope"] == "host")) | keys]


def test_valid_settings_have_no_problem() -> None:
    options = {
        "rule_overrides": {"vm-disks": {"enabled": False}},
        "accepted": [{"rule": "vm-*", "reason": "x", "until": "2027-01-31"}],
        "planned": {"extra": {2010: ["http/x.test"]}, "leave_out": ["y.test"]},
        "dns_servers": ["192.0.2.53:5353", "2001:db8::53"],
        "array_ports": [135],
        "event_days": 1,
    }
    directory = {"servers": ["dc1"], "tls": "ldaps"}
    parameters = {"service_accounts": {2010: "ASA$"}}
    found = audit_settings_problem(
        options, RULES, parameters, directory=directory, groups=["all"], earlier=json.dumps(EARLIER)
    )
    assert found == ""


def test_the_earlier_evaluation_may_be_a_mapping() -> None:
    # A variable with JSON text is one, up to ansible-core 2.18.
    assert audit_settings_problem({}, RULES, earlier=EARLIER) == ""
    assert "(audit_compare_with) is not an evaluation" in audit_settings_problem({}, RULES, earlier={"version": 2})


WRONG: dict[str, dict[str, t.Any]] = {
    "overrides (audit_rule_overrides) must be a mapping, not a list": {"options": {"rule_overrides": ["vm-disks"]}},
    "(audit_rule_overrides) names the rule vm-disk, which does not": {"options": {"rule_overrides": {"vm-disk": {}}}},
    "Rule vm-disks, key override: must be a mapping": {"options": {"rule_overrides": {"vm-disks": "disabled"}}},
    "enabled must be true or false, not 'no'": {"options": {"rule_overrides": {"vm-disks": {"enabled": "no"}}}},
    "severity: eror is not one of": {"options": {"rule_overrides": {"vm-disks": {"severity": "eror"}}}},
    "accepted (audit_accepted) must be a list": {"options": {"accepted": {"rule": "*"}}},
    "needs the key until": {"options": {"accepted": [{"rule": "*", "reason": "x"}]}},
    "parameters (audit_parameters) must be a mapping, not a list": {"parameters": ["mtu"]},
    "No rule has the parameter mtuu (audit_parameters)": {"parameters": {"mtuu": 9000}},
    "audit_service_accounts contains the generation 2016;": {"parameters": {"service_accounts": {"2016": "ASA$"}}},
    "audit_service_accounts has no account for": {"parameters": {"service_accounts": {"2013": ""}}},
    "audit_planned contains leaveout, which does not exist": {"options": {"planned": {"leaveout": ["x"]}}},
    "audit_planned: extra: 'mail.test' has no slash": {"options": {"planned": {"extra": {"2013": ["mail.test"]}}}},
    "audit_dns_servers contains 'dc1', which is not an IP address": {"options": {"dns_servers": ["dc1"]}},
    "audit_array_ports contains 70000;": {"options": {"array_ports": [70000]}},
    "audit_hyperv_hosts is hv, which is no group": {"options": {"hyperv_hosts": "hv"}, "groups": ["all", "hyperv"]},
    "audit_event_days is 0; the minimum is 1": {"options": {"event_days": 0}},
    "audit_directory contains server, which does not exist": {"directory": {"server": ["dc1"]}},
    "audit_directory is not valid: value of tls must be one of": {"directory": {"tls": "yes"}},
    "(audit_compare_with) is not an evaluation": {"earlier": "[]"},
    "audit_compare_with is not JSON": {"earlier": "{"},
    "The rules must be a list of mappings": {"rules": RULES[0]},
    "must be a list of mappings, each with a dash. Found: nothing": {"rules": None},
    "key id: text is required": {"rules": ["x"]},
    "kinds must be a list of": {"rules": changed(applies={"kinds": [["hyperv_host"]]})},
    "the name of a parameter or of a key": {"rules": changed(holds={"equals": {"parameter": ["mtu"]}})},
    "key reads: is not a JMESPath expression": {"rules": changed(reads="a[" + "9" * 5000 + "]")},
}


@pytest.mark.parametrize("expected", WRONG)
def test_a_mistake_is_one_sentence(expected: str) -> None:
    given = {"options": {}, "rules": RULES} | WRONG[expected]
    found = audit_settings_problem(**given)
    assert expected in found
    assert found.endswith(".")
    assert "\n" not in found


def test_a_missing_library_is_found_before_a_host_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    expression.compile_expression.cache_clear()
    monkeypatch.setattr(expression, "JMESPATH_IMPORT_ERROR", ImportError("No module named 'jmespath'"))
    assert audit_settings_problem({}, RULES).startswith("The audit needs the Python library jmespath.")
