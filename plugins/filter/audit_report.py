# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_report
short_description: Write the evaluation of an audit as HTML, JSON, JUnit XML or Markdown
description:
  - Gives the text of a report. It reads nothing but the evaluation and the page's own files, and writes nothing; the
    same evaluation always gives the same text.
  - Text that came from servers means nothing in any of the formats. Characters that nobody sees, such as those that
    turn the direction of writing, are written as C(\u202e).
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description:
      - The evaluation, as the rules gave it or as it was saved as JSON.
    type: dict
    required: true
  format:
    description:
      - V(html) is one page that needs no network and no other file. It shows what is wrong first, and can be searched,
        filtered and printed.
      - V(json) is the evaluation itself with sorted keys, for other programs and for comparison with a later run.
      - V(junit) is for CI. A suite is a layer, a case is a rule on a host and its subject. What fails is a failure with
        the severity as its type, what is unknown is an error, and what is accepted or does not apply is skipped.
      - V(markdown) is for a merge request or a wiki, and short enough for a comment. What does not fit is counted.
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

- name: Write what CI shows
  ansible.builtin.copy:
    content: "{{ evaluation | winha.cluster.audit_report('junit') }}"
    dest: audit.xml
    mode: "0640"
  delegate_to: localhost
  run_once: true

- name: Write the page again from what was saved
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

from ansible.errors import AnsibleFilterError

from ..module_utils._report.error import ReportError
from ..module_utils._report.formats import render


def audit_report(evaluation: object, format: str = "html") -> str:  # noqa: A002 - what users call it
    """The report as text. Raises C(AnsibleFilterError)."""
    try:
        return render(evaluation, format)
    except ReportError as error:
        # Ansible shows the texts of causes too, and this is the cause's.
        raise AnsibleFilterError(f"audit_report: {error}") from None


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"audit_report": audit_report}
