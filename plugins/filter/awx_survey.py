# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: awx_survey
short_description: Make a survey of AWX from the variables of roles
description:
  - Returns the survey of a job template or workflow of AWX with one question for each variable, as
    C(awx.awx.job_template) and C(awx.awx.workflow_job_template) need it in C(survey_spec).
  - The type, the choices, the default and the description of a question are those of the argument spec of the role. The
    answers are texts; the roles read them with their types.
  - AWX has no question of the type boolean. A boolean is a multiple choice of V(true) and V(false).
  - An answer of a survey overrides the inventory, and a default counts as an answer. So ask only for what is decided
    for each job, such as permissions, and keep what belongs to the environment in the inventory.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The names of the variables, in the order of the questions.
    type: list
    elements: str
    required: true
  name:
    description: The name of the survey.
    type: str
    default: ''
  description:
    description: The description of the survey.
    type: str
    default: ''
  changes:
    description:
      - Keys of questions to replace, by the name of the variable, such as C(default), C(question_name) or C(type).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Create the job template of the audit
  awx.awx.job_template:
    name: Audit
    project: Exchange
    playbook: audit.yml
    inventory: Exchange
    survey_enabled: true
    survey_spec: >-
      {{ ['audit_fail_on', 'audit_fail_on_unknown']
         | winha.cluster.awx_survey('Audit', changes={'audit_fail_on': {'default': 'warning'}}) }}
"""

RETURN = r"""
_value:
  description: The survey, with C(name), C(description) and the questions in C(spec). Empty without variables.
  type: dict
"""

import json
import re
import typing as t

from ..module_utils.errors import TaskError
from ..plugin_utils.filter_error import one_sentence
from ..plugin_utils.role_specification import options_of, role_of

Option = t.Mapping[str, t.Any]

_MARKUP = re.compile(r"\b[A-Z]+\(([^)]*)\)")
_PLUGIN = re.compile(r"^[\w.]+#\w+:|#\w+$")
_TEXTS = {"bool": "multiplechoice", "int": "integer", "float": "float", "list": "textarea", "dict": "textarea"}


def awx_survey(
    variables: t.Sequence[str], name: str = "", description: str = "", changes: t.Mapping[str, Option] | None = None
) -> dict[str, t.Any]:
    """The survey. Raises C(AnsibleFilterError)."""
    with one_sentence("awx_survey", TaskError):
        own = {str(variable): dict(keys) for variable, keys in (changes or {}).items()}
        if not variables:
            return {}
        return {
            "name": str(name),
            "description": str(description),
            "spec": [_question(str(variable)) | own.get(str(variable), {}) for variable in variables],
        }


def _question(variable: str) -> dict[str, t.Any]:
    """The question for one variable. Raises C(TaskError)."""
    role = role_of(variable)
    option = options_of(role).get(variable)
    if option is None:
        raise TaskError(f"{variable} is no variable of the role {role}.")
    label = variable.removeprefix(f"{role}_").replace("_", " ")
    question: dict[str, t.Any] = {
        "variable": variable,
        "question_name": label[:1].upper() + label[1:],
        "question_description": f"{_plain(option['description'])} Variable: {variable}",
        "type": _type(option),
    }
    if choices := ["true", "false"] if option["type"] == "bool" else option.get("choices"):
        question["choices"] = [str(choice) for choice in choices]
    default = _default(option)
    if default not in (None, ""):
        question["default"] = default
    # A list may be empty, and AWX has no answer for that but none.
    question["required"] = bool(option.get("required")) or ("default" in question and option["type"] != "list")
    return question


def _type(option: Option) -> str:
    if option.get("no_log"):
        return "password"
    if option.get("choices"):
        return "multiselect" if option["type"] == "list" else "multiplechoice"
    return _TEXTS.get(option["type"], "text")


def _default(option: Option) -> t.Any:
    """The default as AWX keeps it, or None without one. AWX does not evaluate templates."""
    default = option.get("default")
    if option.get("no_log") or default in (None, [], {}) or (isinstance(default, str) and "{{" in default):
        return None
    kind = option["type"]
    if kind == "float":
        return float(t.cast("float", default))
    if kind == "list":
        return "\n".join(each if isinstance(each, str) else json.dumps(each) for each in t.cast("list[t.Any]", default))
    return json.dumps(default) if kind in ("bool", "dict") else default


def _plain(description: str | t.Sequence[str]) -> str:
    """A description without the markup of Ansible's documentation, on one line."""
    text = " ".join([description] if isinstance(description, str) else description)
    return " ".join(_MARKUP.sub(lambda found: _PLUGIN.sub("", found[1]), text).split())


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"awx_survey": awx_survey}
