# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: change_artifact
short_description: Make a short summary of a plan for C(set_stats)
description:
  - Returns the summary, the hosts that could not be read, and the changes of a plan. At most 500 rows of a list and
    200,000 characters. C(cut) says what does not fit. Reads and writes nothing.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input, folder
options:
  _input:
    description: The plan, as P(winha.cluster.change_plan#filter) returned it or as it was saved.
    type: dict
    required: true
  folder:
    description: The folder of the plan.
    type: str
    default: .
"""

EXAMPLES = r"""
- name: Keep the plan for the job
  ansible.builtin.set_stats:
    data:
      winha_cluster_plan: "{{ change_plan | winha.cluster.change_artifact('changes') }}"
"""

RETURN = r"""
_value:
  description: C(created), C(digest), C(folder), C(summary), C(unread), C(changes), C(left) and C(cut).
  type: dict
"""

import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._change.plan import read_plan
from ..module_utils.artifact import artifact
from ..module_utils.errors import TaskError
from ..plugin_utils.filter_error import one_sentence


def change_artifact(plan: object, folder: str = ".") -> t.Any:
    """The summary as plain values. Raises C(AnsibleFilterError)."""
    with one_sentence("change_artifact", TaskError):
        read = read_plan(plan)
        known = {name: read[name] for name in ("created", "digest", "summary")} | {"folder": str(folder)}
        found = artifact(known, {name: read[name] for name in ("unread", "changes", "left")}, f"{folder}/plan.json")
    return wrap_var(found)


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"change_artifact": change_artifact}
