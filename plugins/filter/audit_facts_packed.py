# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_facts_packed
short_description: Make a short text of the facts of an audit
description:
  - Compresses facts, so that an artifact of an AWX job can hand them on to the next job of a workflow. They need about
    a tenth of their length as JSON.
  - The facts describe the servers in detail. Everybody who may see the job in AWX can read an artifact.
  - More than 1,000,000 characters are refused, because AWX hands artifacts on as variables of the next job.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The facts, from P(winha.cluster.audit_facts#filter), also as JSON text.
    type: raw
    required: true
seealso:
  - plugin: winha.cluster.audit_facts_merged
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Keep the facts for the next job
  ansible.builtin.set_stats:
    data:
      winha_cluster_audit_facts_mine: >-
        {{ lookup('ansible.builtin.file', 'facts.json') | winha.cluster.audit_facts_packed }}
"""

RETURN = r"""
_value:
  description: The text, for P(winha.cluster.audit_facts_merged#filter).
  type: str
"""

import typing as t

from ..module_utils._audit.error import AuditError
from ..module_utils.typed_value import plain
from ..plugin_utils.filter_error import one_sentence


def audit_facts_packed(facts: t.Any) -> str:
    """The text. Raises C(AnsibleFilterError)."""
    # A task that uses one filter loads the files of all, so what takes long to load waits until it is needed.
    from ..module_utils._audit.packing import packed, unpacked

    with one_sentence("audit_facts_packed", AuditError):
        return packed(unpacked("The input", plain(facts)))


class FilterModule:
    """The filters of this file for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by name."""
        return {"audit_facts_packed": audit_facts_packed}
