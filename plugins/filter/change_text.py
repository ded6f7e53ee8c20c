# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: change_text
short_description: Show a plan as text
description:
  - The impact comes first, one line for each cluster and host. Then come the gates that do not pass, the changes, and
    what is left to do.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The plan, as P(winha.cluster.change_plan#filter) returned it or as it was saved.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ change_plan | winha.cluster.change_text }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The lines of the text.
  type: list
  elements: str
"""

import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._change.plan import read_plan
from ..module_utils._change.text import text_of
from ..module_utils.errors import TaskError
from ..plugin_utils.filter_error import one_sentence


def change_text(plan: object) -> t.Any:
    """The lines of the text. Raises C(AnsibleFilterError)."""
    with one_sentence("change_text", TaskError):
        return wrap_var(text_of(read_plan(plan)))


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"change_text": change_text}
