# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_verdict
short_description: Decide whether an audit fails, and make its last line and its artifact
description:
  - Counts the failed findings from a severity on, the hosts that could not be read and, if wanted, the unknown
    findings. Reads and writes nothing.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The evaluation, from P(winha.cluster.audit_evaluation#filter) or read from its JSON.
    type: dict
    required: true
  fail_on:
    description: The lowest severity at which a failed finding counts. With V(never) nothing counts.
    type: str
    choices: [error, warning, notice, never]
    default: error
  fail_on_unknown:
    description: Whether unknown findings from this severity on count, too.
    type: bool
    default: false
  fail_on_unread:
    description: Whether a host that could not be read, or not completely, counts.
    type: bool
    default: true
  folder:
    description: The folder of the reports.
    type: str
    default: .
  files:
    description: The names of the reports.
    type: list
    elements: str
    default: [audit.json]
seealso:
  - plugin: winha.cluster.audit_evaluation
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Fail if a finding is an error, or a host was not read
  ansible.builtin.assert:
    that: not verdict.failed
    fail_msg: "{{ verdict.message }}"
  vars:
    verdict: "{{ lookup('ansible.builtin.file', 'audit.json') | from_json | winha.cluster.audit_verdict }}"
"""

RETURN = r"""
_value:
  description: The verdict.
  type: dict
  contains:
    failed:
      description: Whether the run fails.
      type: bool
    message:
      description: The last line of the run. It ends with the hosts that could not be read.
      type: str
    artifact:
      description:
        - The summary, and the failed and unknown findings, for C(set_stats). At most 500 findings and 200,000
          characters. C(cut) says what does not fit.
      type: dict
"""

import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._audit.error import AuditError
from ..module_utils.typed_value import plain
from ..plugin_utils.filter_error import one_sentence


def audit_verdict(  # noqa: PLR0917 - options of a filter can be given in order
    evaluation: t.Any,
    fail_on: str = "error",
    fail_on_unknown: bool = False,
    fail_on_unread: bool = True,
    folder: str = ".",
    files: t.Iterable[str] = ("audit.json",),
) -> t.Any:
    """The verdict as plain values. Raises C(AnsibleFilterError)."""
    # A task that uses one filter loads the files of all, so what takes long to load waits until it is needed.
    from ..module_utils._audit.verdict import has_failed, message, summary

    with one_sentence("audit_verdict", AuditError):
        found = plain(evaluation)
        failed = has_failed(found, fail_on=str(fail_on), unknown=fail_on_unknown, unread=fail_on_unread)
        text = message(found, folder=str(folder), files=[str(file) for file in files])
        result = {
            "failed": failed,
            "message": text,
            "artifact": summary(found, failed=failed, text=text, folder=str(folder)),
        }
    return wrap_var(result)


class FilterModule:
    """The filters of this file for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by name."""
        return {"audit_verdict": audit_verdict}
