# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: change_page
short_description: Show a plan as one HTML page
description:
  - The page needs no network and no other file, and has no script.
  - Text that came from servers is escaped. Characters that nobody sees are written as C(\u202e).
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The plan, as P(winha.cluster.change_plan#filter) returned it or as it was saved.
    type: dict
    required: true
  title:
    description: The heading of the page.
    type: str
    default: Plan
"""

EXAMPLES = r"""
- name: Write the page
  ansible.builtin.copy:
    content: "{{ change_plan | winha.cluster.change_page('Production') }}"
    dest: plan.html
    mode: "0640"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
_value:
  description: The page.
  type: str
"""

import typing as t

from ..module_utils._change.plan import read_plan
from ..module_utils._change.text import impact_rows
from ..module_utils._report.error import ReportError
from ..module_utils.errors import TaskError
from ..plugin_utils.filter_error import one_sentence


def change_page(plan: object, title: str = "Plan") -> str:
    """The page as text. Raises C(AnsibleFilterError)."""
    # A task that uses one filter loads the files of all, so what takes long to load waits until it is needed.
    from ..module_utils._report.plan_page import plan_page

    with one_sentence("change_page", TaskError, ReportError):
        read = read_plan(plan)
        return plan_page(read, impact_rows(read), str(title) or "Plan")


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"change_page": change_page}
