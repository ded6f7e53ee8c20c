# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: switchover_names
short_description: Read the names of a datacenter switchover
description:
  - Reads the variable C(site_switchover_names) of the role P(winha.cluster.site_switchover#role) for one site. A
    mistake in it fails with a sentence.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input, to
options:
  _input:
    description: The names with their addresses in each site.
    type: dict
    required: true
  to:
    description: The site to which the names are to lead.
    type: str
    required: true
seealso:
  - plugin: winha.cluster.switchover_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the addresses in the second datacenter
  ansible.builtin.debug:
    msg: "{{ names | winha.cluster.switchover_names('west') | map(attribute='addresses') | list }}"
  vars:
    names:
      mail.corp.example.com:
        addresses: {east: 10.1.0.10, west: 10.2.0.10}
"""

RETURN = r"""
_value:
  description:
    - One row for each name with C(name), C(addresses), C(endpoints) to check, C(services) with the name for each of
      them, and C(spns) to look for.
  type: list
  elements: dict
"""

import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._change.plain import plain
from ..module_utils.errors import TaskError
from ..plugin_utils.filter_error import one_sentence


def switchover_names(given: object, to: str) -> t.Any:
    """A row for each name. Raises C(AnsibleFilterError)."""
    from ..module_utils._change.switchover import read_names

    with one_sentence("switchover_names", TaskError):
        return wrap_var([name.row() for name in read_names(plain(given), str(to))])


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"switchover_names": switchover_names}
