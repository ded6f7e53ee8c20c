# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: change_approval
short_description: Find why an approved plan does not cover the current one
description:
  - Compares the approved plan with the plan that was made just now. Each difference that matters is a sentence. Without
    one the run may begin.
  - A change that is approved and no longer needed is no difference.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The approved plan, as it was saved, as a mapping or as JSON text.
    type: raw
    required: true
  current:
    description: The plan that P(winha.cluster.change_plan#filter) returned just now.
    type: dict
    required: true
  max_age:
    description: The hours that an approved plan may be old.
    type: float
    default: 24
  now:
    description: The present time in ISO 8601. By default the creation time of O(current).
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Stop if the approved plan does not cover this run
  ansible.builtin.assert:
    that: change_approval.objections | length == 0
    fail_msg: "Nothing was written. {{ change_approval.objections | join(' ') }}"
  vars:
    change_approval: >-
      {{ lookup('ansible.builtin.file', 'plan.json') | winha.cluster.change_approval(change_plan) }}
  run_once: true
"""

RETURN = r"""
_value:
  description: C(objections), the sentences why the plan does not cover the run, and C(obsolete), the sentences about
    approved changes that are no longer needed.
  type: dict
"""

import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._change.approval import objections, obsolete
from ..module_utils._change.plan import read_plan
from ..module_utils.errors import TaskError
from ..plugin_utils.filter_error import one_sentence


def change_approval(approved: object, current: object, max_age: float = 24, now: str = "") -> t.Any:
    """The objections and what is obsolete, as sentences. Raises C(AnsibleFilterError)."""
    with one_sentence("change_approval", TaskError):
        plan = read_plan(current)
        found = objections(approved, plan, now=str(now) or plan["created"], max_age=float(max_age))
        return wrap_var({"objections": found, "obsolete": obsolete(approved, plan)})


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"change_approval": change_approval}
