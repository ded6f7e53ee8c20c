# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_evaluation
short_description: Evaluate rules on the facts of an audit
description:
  - Evaluates rules, which are data, on the facts of an audit. Reads no server and changes nothing; the same input gives
    the same evaluation.
  - Each finding is a pass, a fail, unknown (with the reason), not applicable (with the reason) or accepted. No rule
    passes on missing facts.
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
    description: The rules. A later rule replaces an earlier one with the same id.
    type: list
    elements: dict
    required: true
  overrides:
    description: Keys of rules to replace, by rule id. C(enabled) with V(false) disables a rule.
    type: dict
    default: {}
  parameters:
    description: Values for the parameters of rules, by name. A mapping is merged into its default.
    type: dict
    default: {}
  accepted:
    description:
      - Findings that do not count, each with C(rule), C(host) and C(subject) as wildcards, C(reason), and C(until), the
        last day on which it is accepted. After that day it counts again.
    type: list
    elements: dict
    default: []
  earlier:
    description: An earlier evaluation to compare with, also as JSON text.
    type: raw
  now:
    description: The time for certificates and accepted findings, in ISO 8601. By default the current time.
    type: str
requirements:
  - jmespath on the control node
seealso:
  - plugin: winha.cluster.audit_facts
    plugin_type: filter
  - plugin: winha.cluster.audit_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the failed findings of saved facts
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
      description:
        - One for each rule and subject, with C(outcome), C(text), C(expected), C(found) and C(remedy).
        - C(place) has the names of its C(cluster), C(dag), C(server) and C(site), those that are known. C(cause) is the
          reason of an unknown finding without the names of its host.
      type: list
      elements: dict
    unmatched:
      description: A sentence for each name or wildcard of a virtual machine, and each accepted finding, that matches
        nothing.
      type: list
      elements: str
    summary:
      description: The number of findings of each outcome, and of failed and unknown findings by severity.
      type: dict
    comparison:
      description: Compared with O(earlier), the numbers of new and open findings, and the fixed findings.
      type: dict
    remedies:
      description:
        - For each rule with failed findings its common remedies, with C(kind), C(text), C(findings) and C(hosts).
      type: dict
    places:
      description: The clusters, DAGs, sites and Exchange servers, with C(kind) and C(name).
      type: list
      elements: dict
    runs:
      description: The numbers of earlier runs, and at the end those of this one.
      type: list
      elements: dict
    rules:
      description: The rules that were evaluated.
      type: list
      elements: dict
    hosts:
      description: The hosts, with their kinds and whether they were reached.
      type: list
      elements: dict
    pictures:
      description: The figures of paths, heartbeats and certificates.
      type: dict
"""

import datetime
import json
import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._audit.error import AuditError
from ..module_utils.typed_value import plain
from ..plugin_utils.filter_error import one_sentence


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
    # A task that uses one filter loads the files of all, so what takes long to load waits until it is needed.
    from ..module_utils._audit.evaluation import evaluate

    with one_sentence("audit_evaluation", AuditError):
        return wrap_var(
            evaluate(
                plain(rules),
                _read(facts, "The facts"),
                overrides=plain(overrides or {}),
                parameters=plain(parameters or {}),
                accepted=plain(accepted or []),
                before=_read(earlier, "The earlier evaluation") if earlier else None,
                now=_time(now),
            )
        )


def _read(value: t.Any, name: str) -> t.Any:
    if not isinstance(value, str):
        return plain(value)
    try:
        return json.loads(value)
    except ValueError as error:
        raise AuditError(f"{name} cannot be read as JSON: {error}.") from error


def _time(text: str | None) -> datetime.datetime:
    if not text:
        return datetime.datetime.now(tz=datetime.UTC)
    try:
        time = datetime.datetime.fromisoformat(str(text))
    except ValueError as error:
        raise AuditError(f"now is {text}, which is not a time in ISO 8601.") from error
    return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)


class FilterModule:
    """The filters of this file for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by name."""
        return {"audit_evaluation": audit_evaluation}
