# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_report
short_description: Write the evaluation of an audit as HTML, JSON, JUnit XML or Markdown
description:
  - Returns the text of a report. It reads only the evaluation and the templates of the page, and writes nothing. The
    same evaluation always gives the same text.
  - Text from servers is escaped in all formats. Invisible characters, such as those that change the direction of
    writing, are written as C(\u202e).
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description:
      - The evaluation, from P(winha.cluster.audit_evaluation#filter) or read from its JSON.
    type: dict
    required: true
  format:
    description:
      - V(html) is one page that needs no network and no other file. It shows the failed rules first, and can be
        searched, filtered and printed.
      - V(json) is the evaluation with sorted keys, for other programs and for the comparison with a later run.
      - V(junit) is for CI. A suite is a layer, a case is a rule on a host and subject. A failed finding is a failure
        with the severity as its type, an unknown one is an error, an accepted or not applicable one is skipped.
      - V(markdown) is for a merge request or a wiki, and short enough for a comment. Lists that are too long are cut.
    type: str
    choices: [html, json, junit, markdown]
    default: html
"""

EXAMPLES = r"""
- name: Write the page
  ansible.builtin.copy:
    content: "{{ evaluation | winha.cluster.audit_report }}"
    dest: audit.html
    mode: "0640"
  delegate_to: localhost
  run_once: true

- name: Write the report for CI
  ansible.builtin.copy:
    content: "{{ evaluation | winha.cluster.audit_report('junit') }}"
    dest: audit.xml
    mode: "0640"
  delegate_to: localhost
  run_once: true

- name: Write the page again from the saved evaluation
  ansible.builtin.copy:
    content: "{{ lookup('ansible.builtin.file', 'audit.json') | from_json | winha.cluster.audit_report('html') }}"
    dest: audit.html
    mode: "0640"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
_value:
  description: The report, with a line feed at its end.
  type: str
"""

import typing as t

from ..module_utils._report.error import ReportError
from ..plugin_utils.filter_error import one_sentence


def audit_report(evaluation: object, format: str = "html") -> str:  # noqa: A002 - the name of the option
    """The report as text. Raises C(AnsibleFilterError)."""
    # A task that uses one filter loads the files of all, so what takes long to load waits until it is needed.
    from ..module_utils._report.formats import render

    with one_sentence("audit_report", ReportError):
        return render(evaluation, format)


class FilterModule:
    """The filters of this file for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by name."""
        return {"audit_report": audit_report}
