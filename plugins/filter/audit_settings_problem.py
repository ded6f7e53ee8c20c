# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_settings_problem
short_description: Find out whether the settings of an audit are valid
description:
  - Checks the rules and the variables of the Ansible role C(audit) without reading a host, so that a typing error does
    not show after a long run, or never.
  - It also checks that the Python library jmespath is installed.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input, rules
options:
  _input:
    description: The variables of the role, as M(winha.cluster.role_options) returns them.
    type: dict
    required: true
  rules:
    description: All rules, as for P(winha.cluster.audit_evaluation#filter).
    type: list
    elements: dict
    required: true
  parameters:
    description: Values for the parameters of rules.
    type: dict
    default: {}
  directory:
    description: The options for the connection to Active Directory. Their values are not in the message.
    type: dict
    default: {}
  groups:
    description: The groups of the inventory. Null if they are not checked.
    type: list
    elements: str
  earlier:
    description: The evaluation of an earlier run, as JSON. Null if there is none.
    type: raw
seealso:
  - plugin: winha.cluster.audit_evaluation
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check my rules
  ansible.builtin.assert:
    that: problem == ''
    fail_msg: "{{ problem }}"
  vars:
    problem: >-
      {{ {} | winha.cluster.audit_settings_problem(lookup('ansible.builtin.file', 'rules.yml') | from_yaml) }}
"""

RETURN = r"""
_value:
  description: The first problem as a sentence, with the name of the variable. Empty if there is none.
  type: str
"""

import datetime
import json
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..module_utils.typed_value import plain


def audit_settings_problem(
    options: t.Any,
    rules: t.Any,
    parameters: t.Any = None,
    *,
    directory: t.Any = None,
    groups: t.Any = None,
    earlier: t.Any = None,
) -> str:
    """The first problem as a sentence, or an empty text."""
    # A task that uses one filter loads the files of all, so what takes long to load waits until it is needed.
    from ..module_utils._audit.error import AuditError
    from ..module_utils._audit.settings import check_settings
    from ..module_utils.directory import SPEC

    try:
        check_settings(
            plain(options),
            plain(rules),
            parameters=plain(parameters or {}),
            # Up to ansible-core 2.18, a variable with JSON text is already a mapping.
            before=(json.loads(earlier) if isinstance(earlier, str) else plain(earlier)) if earlier else None,
            groups=None if groups is None else [str(group) for group in groups],
            now=datetime.datetime.now(tz=datetime.UTC),
        )
    except AuditError as error:
        return str(error)
    except json.JSONDecodeError as error:
        return f"audit_compare_with is not JSON: {error}."
    unknown = sorted(set(plain(directory or {})) - set(SPEC))
    if unknown:
        return f"audit_directory contains {unknown[0]}, which does not exist. Its options are {', '.join(SPEC)}."
    problems = ArgumentSpecValidator(SPEC).validate(plain(directory or {})).error_messages
    return f"audit_directory is not valid: {'; '.join(problems)}." if problems else ""


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by name."""
        return {"audit_settings_problem": audit_settings_problem}
