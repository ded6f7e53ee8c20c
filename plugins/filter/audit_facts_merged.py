# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_facts_merged
short_description: Put the facts of several audits together
description:
  - Puts together the facts that several runs have read, such as the slices of an AWX job. The result is what one run
    over all hosts would have read, except for times. Reads and writes nothing.
  - If several runs have read a host, the later facts are used, also when the host could not be read then. Different
    facts of the same time are refused. The evaluation says which hosts were in several runs.
  - Facts of another version, damaged facts, and different values of C(audit_title) or C(audit_planned) are refused by
    the name of the file.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description:
      - The facts of each run by the name of its file or variable, as a mapping, as JSON text, or as
        C(packed_facts) of M(winha.cluster.audit_reports).
    type: dict
    required: true
  expected:
    description:
      - The hosts that must be in the facts, by kind, which is V(hyperv_host), V(dag_member) or V(domain_controller). A
        host that is missing counts as a host that could not be read.
    type: dict
    default: {}
  title:
    description: The title of the report, instead of the title of the runs.
    type: str
    default: ''
seealso:
  - plugin: winha.cluster.audit_facts
    plugin_type: filter
  - plugin: winha.cluster.audit_evaluation
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Save the facts of all slices
  ansible.builtin.copy:
    content: >-
      {{ dict(files | zip(query('ansible.builtin.file', *files))) | winha.cluster.audit_facts_merged | to_json }}
    dest: facts.json
    mode: "0600"
  vars:
    files: "{{ query('ansible.builtin.fileglob', '/srv/audit/slice*/facts.json') }}"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
_value:
  description: The facts, as P(winha.cluster.audit_facts#filter) returns them.
  type: dict
"""

import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._audit.error import AuditError
from ..module_utils.typed_value import plain
from ..plugin_utils.filter_error import one_sentence


def audit_facts_merged(
    runs: t.Mapping[str, t.Any], expected: t.Mapping[str, t.Iterable[str]] | None = None, title: str = ""
) -> t.Any:
    """The facts as plain values. Raises C(AnsibleFilterError)."""
    # A task that uses one filter loads the files of all, so what takes long to load waits until it is needed.
    from ..module_utils._audit.merging import merged
    from ..module_utils._audit.packing import unpacked

    with one_sentence("audit_facts_merged", AuditError):
        read = [(str(name), unpacked(str(name), plain(value))) for name, value in runs.items()]
        found = merged(read, expected=plain(expected or {}), title=str(title))
    return wrap_var(found)


class FilterModule:
    """The filters of this file for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by name."""
        return {"audit_facts_merged": audit_facts_merged}
