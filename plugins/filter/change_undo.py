# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: change_undo
short_description: Make the tasks that undo a run from its record
description:
  - Reads the record of a run and returns the options of the modules that set the values back.
  - Each task has C(expected), the values as the run left them, so that a value that somebody changed since is not
    touched.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The record, as the text of its file, or as a list of its lines, which may be JSON.
    type: raw
    required: true
  clusters:
    description:
      - The key of the cluster of each host, as P(winha.cluster.rolling_change#filter) returns it in C(hosts).
      - Two nodes of one cluster that wrote the same setting of the cluster are then known to have written one setting.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Find what is to be undone
  ansible.builtin.set_fact:
    change_undo: "{{ lookup('ansible.builtin.file', 'record.jsonl', rstrip=false) | winha.cluster.change_undo }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The undo.
  type: dict
  contains:
    tasks:
      description:
        - A list of tasks for each of C(vm_offline_action), C(cluster_group), C(vm_settings), C(heartbeat),
          C(net_adapter) and C(spn).
        - A task has C(host), C(cluster) and C(options).
      type: dict
    changes:
      description:
        - Each setting with C(module), C(host), C(cluster), C(label), C(setting) and C(thing).
        - C(before) is the value that the run left, C(after) the value before the run.
      type: list
      elements: dict
    left:
      description: What cannot be undone, with C(module), C(host), C(cluster), C(label) and C(reason).
      type: list
      elements: dict
"""

import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._change.record import read_record
from ..module_utils._change.undo import undo
from ..module_utils.errors import TaskError
from ..plugin_utils.filter_error import one_sentence


def change_undo(record: object, clusters: t.Mapping[str, str] | None = None) -> t.Any:
    """The undo tasks, their changes and what is left. Raises C(AnsibleFilterError)."""
    with one_sentence("change_undo", TaskError):
        return wrap_var(undo(read_record(record), {str(host): str(key) for host, key in (clusters or {}).items()}))


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"change_undo": change_undo}
