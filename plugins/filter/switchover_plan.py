# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: switchover_plan
short_description: Judge whether the names of a datacenter switchover may be changed
description:
  - Compares what the DNS servers have with the names of the role P(winha.cluster.site_switchover#role), and lists what
    forbids the change.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input, to, records, endpoints, stored
options:
  _input:
    description: The names with their addresses in each site.
    type: dict
    required: true
  to:
    description: The site to which the names are to lead.
    type: str
    required: true
  records:
    description: The value C(records) of M(winha.cluster.dns_address) in check mode.
    type: list
    elements: dict
    required: true
  endpoints:
    description: The value C(endpoints) of M(winha.cluster.dns_name_info).
    type: list
    elements: dict
    default: []
  stored:
    description: The value C(names) of M(winha.cluster.dns_record_info). Null if it was not read.
    type: list
    elements: dict
seealso:
  - plugin: winha.cluster.switchover_result
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check that nothing forbids the change
  ansible.builtin.assert:
    that: (site_switchover_names | winha.cluster.switchover_plan('west', read.records, ports.endpoints)).problems == []
"""

RETURN = r"""
_value:
  description:
    - The C(problems) that forbid the change and the C(notes), as sentences.
    - C(expected) has the addresses that were read, by the labels of M(winha.cluster.dns_address).
    - C(hold_seconds) is how long clients may use an old address after the change.
    - C(current) has the addresses of names on which all servers agree, C(apart) the other names, and C(longest_ttl) is
      the longest TTL.
  type: dict
"""

import dataclasses
import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._change.plain import plain
from ..module_utils.errors import TaskError
from ..plugin_utils.filter_error import one_sentence


def switchover_plan(given: object, to: str, records: object, endpoints: object = (), stored: object = None) -> t.Any:
    """The problems, notes and expected addresses. Raises C(AnsibleFilterError)."""
    from ..module_utils._change.switchover import plan, read_names

    with one_sentence("switchover_plan", TaskError):
        found = plan(read_names(plain(given), str(to)), plain(records), plain(endpoints), plain(stored))
        return wrap_var(plain(dataclasses.asdict(found)))


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"switchover_plan": switchover_plan}
