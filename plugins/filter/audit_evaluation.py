# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_evaluation
short_description: Judge the facts of an audit by rules
description:
  - Judges what an audit gathered by rules that are data. Reads no server and changes nothing; the same input gives the
    same evaluation.
  - Each finding is a pass, a fail, unknown (with the reason), not applicable (with the reason) or accepted. Nothing
    passes on facts that are missing.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The facts, from P(winha.cluster.audit_facts#filter), also as JSON text.
    type: raw
    required: true
  rules:
    description: The rules. A later rule takes the place of an earlier one with the same id.
    type: list
    elements: dict
    required: true
  overrides:
    description: Keys of rules to replace, by the id of the rule. C(enabled) with V(false) takes a rule out.
    type: dict
    default: {}
  parameters:
    description: Values for the parameters of rules, by name. A mapping is added to its default.
    type: dict
    default: {}
  accepted:
    description:
      - Findings that shall not count, each with C(rule), C(host) and C(subject) as wildcards, and with C(reason) and
        C(until), the last day on which it holds. After that day it counts again.
    type: list
    elements: dict
    default: []
  earlier:
    description: An earlier evaluation to compare with, also as JSON text.
    type: raw
  now:
    description: The time that certificates and what is accepted are judged by, in ISO 8601. By default it is now.
    type: str
requirements:
  - jmespath on the machine that runs Ansible
seealso:
  - plugin: winha.cluster.audit_facts
    plugin_type: filter
  - plugin: winha.cluster.audit_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Name what is wrong, from facts that were kept
  ansible.builtin.debug:
    msg: "{{ evaluation.findings | selectattr('outcome', 'eq', 'fail') | map(attribute='text') }}"
  vars:
    evaluation: >-
      {{ lookup('ansible.builtin.file', 'facts.json')
         | winha.cluster.audit_evaluation(lookup('ansible.builtin.file', 'rules.yml') | from_yaml) }}
"""

RETURN = r"""
_value:
  description: The evaluation, which P(winha.cluster.audit_report#filter) renders.
  type: dict
  contains:
    findings:
      description: One for each rule and subject, with C(outcome), C(text), C(expected), C(found) and C(remedy).
      type: list
      elements: dict
    summary:
      description: How many findings there are of each outcome, and by severity those that fail or are unknown.
      type: dict
    comparison:
      description: Against O(earlier), how many are new or still open, and which are fixed.
      type: dict
    rules:
      description: The rules that were judged by.
      type: list
      elements: dict
    hosts:
      description: The hosts, with what they are and whether they were reached.
      type: list
      elements: dict
    pictures:
      description: The figures of paths, heartbeats and certificates.
      type: dict
"""

import datetime
import json
import typing as t

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._audit.error import AuditError
from ..module_utils._audit.evaluation import evaluate
from ..module_utils._audit.gathering import plain


def audit_evaluation(  # noqa: PLR0917 - options of a filter can be given in order
    facts: t.Any,
    rules: t.Iterable[t.Any],
    overrides: t.Mapping[str, t.Any] | None = None,
    parameters: t.Mapping[str, t.Any] | None = None,
    accepted: t.Iterable[t.Any] | None = None,
    earlier: t.Any = None,
    now: str | None = None,
) -> t.Any:
    """The evaluation as plain values. Raises C(AnsibleFilterError)."""
    try:
        return wrap_var(
            evaluate(
                plain(rules),
                _read(facts, "the facts"),
                overrides=plain(overrides or {}),
                parameters=plain(parameters or {}),
                accepted=plain(accepted or []),
                before=_read(earlier, "earlier") if earlier else None,
                now=_time(now),
            )
        )
    except AuditError as error:
        # Ansible shows the texts of causes too, and this is the cause's.
        raise AnsibleFilterError(f"audit_evaluation: {error}") from None


def _read(value: t.Any, what: str) -> t.Any:
    if not isinstance(value, str):
        return plain(value)
    try:
        return json.loads(value)
    except ValueError as error:
        raise AuditError(f"{what[:1].upper()}{what[1:]} cannot be read as JSON: {error}.") from error


def _time(text: str | None) -> datetime.datetime:
    if not text:
        return datetime.datetime.now(tz=datetime.UTC)
    try:
        found = datetime.datetime.fromisoformat(str(text))
    except ValueError as error:
        raise AuditError(f"now is {text}, which is no time in ISO 8601.") from error
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"audit_evaluation": audit_evaluation}
