# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions of a survey are the variables of the roles, in AWX's types, and the roles can read the answers."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.winha.cluster.plugins.filter.awx_survey import awx_survey
from ansible_collections.winha.cluster.plugins.module_utils.typed_value import typed
from ansible_collections.winha.cluster.plugins.plugin_utils.role_specification import options_of, role_names

OPTIONS = {name: option for role in role_names() for name, option in options_of(role).items()}
# What AWX keeps for a default of a question of each type.
TYPES = {"text": str, "textarea": str, "password": str, "multiplechoice": str, "multiselect": str,
         "integer": int, "float": float}  # fmt: skip


def question(variable: str, **changes: t.Any) -> dict[str, t.Any]:
    (found,) = awx_survey([variable], changes={variable: changes})["spec"]
    return t.cast("dict[str, t.Any]", found)


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("audit_gather", {"type": "multiplechoice", "choices": ["true", "false"], "default": "true", "required": True}),
        ("audit_fail_on", {"type": "multiplechoice", "choices": ["error", "warning", "notice", "never"],
                           "default": "error", "required": True}),
        ("audit_formats", {"type": "multiselect", "choices": ["html", "junit", "markdown"],
                           "default": "html\njunit\nmarkdown", "required": False}),
        ("audit_array_ports", {"type": "textarea", "default": "135\n443", "required": False}),
        ("audit_event_days", {"type": "integer", "default": 30, "required": True}),
        ("plan_max_age_hours", {"type": "float", "default": 24.0, "required": True}),
        ("audit_rule_overrides", {"type": "textarea", "required": False}),
        ("audit_folder", {"type": "text", "required": False}),
        ("audit_directory", {"type": "password", "required": False}),
        ("undo_record", {"type": "text", "required": True}),
    ],
)  # fmt: skip
def test_a_question_has_the_type_of_its_variable(variable: str, expected: dict[str, t.Any]) -> None:
    found = question(variable)
    texts = {key: found.pop(key) for key in ("variable", "question_name", "question_description")}
    assert found == expected
    assert texts["variable"] == variable
    assert texts["question_description"].endswith(f" Variable: {variable}")


@pytest.mark.parametrize("variable", OPTIONS)
def test_awx_takes_each_variable_and_the_role_reads_its_default_from_the_answer(variable: str) -> None:
    found, option = question(variable), OPTIONS[variable]
    assert not {"(", "V(", "C("} & {found["question_name"]}
    assert "#" not in found["question_description"]
    assert bool(found.get("choices")) == (found["type"] in ("multiplechoice", "multiselect"))
    if "default" in found:
        assert isinstance(found["default"], TYPES[found["type"]])
        assert not isinstance(found["default"], bool)
        answer = found["default"].splitlines() if found["type"] == "multiselect" else found["default"]
        assert typed(variable, answer, option) == option["default"]
    elif not option.get("required"):
        assert found["required"] is False


def test_the_description_is_plain() -> None:
    assert question("exchange_kerberos_state")["question_description"] == (
        "present adds the missing SPNs. exact also deletes the SPNs of the account that no generation needs. SPNs that "
        "another generation needs are not deleted, even if it has no account. The role fails before it deletes SPNs if "
        "SPNs may be missing from the plan, or if no SPN is planned for the generation. Variable: "
        "exchange_kerberos_state"
    )
    assert "in the format of dns_servers" in question("exchange_kerberos_dns_servers")["question_description"]


def test_keys_of_a_question_can_be_replaced() -> None:
    assert question("audit_fail_on", default="warning")["default"] == "warning"


def test_without_variables_there_is_no_survey() -> None:
    assert awx_survey([]) == {}


@pytest.mark.parametrize("variable", ["audit_nothing", "hosts"])
def test_a_variable_that_no_role_has_is_refused(variable: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"^awx_survey: {variable} is no variable of"):
        awx_survey([variable])
