# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: switchover_result
short_description: Judge what a datacenter switchover of names has reached
description:
  - Judges ports, resolvers and SPNs after the role P(winha.cluster.site_switchover#role) has changed the names, and
    tells when the last client has followed.
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
    description: The site to which the names lead.
    type: str
    required: true
  endpoints:
    description: The value C(endpoints) of M(winha.cluster.dns_name_info).
    type: list
    elements: dict
    required: true
  resolvers:
    description: The value C(names) of M(winha.cluster.dns_name_info) by the address of each resolver.
    type: dict
    default: {}
  spns:
    description: The value C(spns) of M(winha.cluster.spn_info). Null if they were not read.
    type: list
    elements: dict
  hold_seconds:
    description: How long clients may use an old address after the change.
    type: int
    default: 0
seealso:
  - plugin: winha.cluster.switchover_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what is not right yet
  ansible.builtin.debug:
    msg: "{{ site_switchover_names | winha.cluster.switchover_result('west', endpoints=ports.endpoints) }}"
"""

RETURN = r"""
_value:
  description: The C(problems) and the C(notes), as sentences.
  type: dict
"""

import dataclasses
import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._change.plain import plain
from ..module_utils.errors import TaskError
from ..plugin_utils.filter_error import one_sentence


def switchover_result(
    given: object,
    to: str,
    *,
    endpoints: object,
    resolvers: object = None,
    spns: object = None,
    hold_seconds: int = 0,
) -> t.Any:
    """The problems and notes. Raises C(AnsibleFilterError)."""
    from ..module_utils._change.switchover import judge, read_names

    with one_sentence("switchover_result", TaskError):
        found = judge(
            read_names(plain(given), str(to)),
            endpoints=plain(endpoints),
            resolvers=plain(resolvers) or {},
            spns=plain(spns),
            hold_seconds=int(hold_seconds),
        )
        return wrap_var(plain(dataclasses.asdict(found)))


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"switchover_result": switchover_result}
