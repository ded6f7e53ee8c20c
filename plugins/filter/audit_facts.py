# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_facts
short_description: Build the facts of an audit from registered results
description:
  - Builds the facts for P(winha.cluster.audit_evaluation#filter) from the results that tasks registered on hosts. For a
    task that failed, was skipped or did not reach its host, the facts contain the reason.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The variables of each host, as in V(hostvars).
    type: list
    elements: dict
    required: true
  groups:
    description: The inventory group of each kind of host, for V(hyperv_host), V(dag_member) and V(domain_controller).
    type: dict
    required: true
  gathered:
    description: When the facts were read, in ISO 8601.
    type: str
    required: true
  title:
    description: The title of the report.
    type: str
    default: ''
  prefix:
    description:
      - The prefix of each registered variable. After it comes the name of the module, which is C(cluster_info),
        C(host_info), C(jumbo_path_info), C(net_adapter), C(exchange_info), C(spn_info) or
        C(dns_name_info), or C(published_name_info) for the second result of C(dns_name_info).
    type: str
    default: audit_
  planned:
    description: C(extra), C(leave_out) and the other options of P(winha.cluster.exchange_principal_names#filter).
    type: dict
    default: {}
seealso:
  - plugin: winha.cluster.audit_evaluation
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Save the facts
  ansible.builtin.copy:
    content: >-
      {{ ansible_play_hosts_all | map('extract', hostvars)
         | winha.cluster.audit_facts({'hyperv_host': 'hyperv_hosts', 'dag_member': 'dag_members'},
                                     now(utc=true).isoformat()) | to_json }}
    dest: facts.json
    mode: "0600"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
_value:
  description: C(title), C(gathered), C(hosts) by name, and C(forest) if a domain controller was read.
  type: dict
"""

import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils.typed_value import plain
from ..plugin_utils.filter_error import one_sentence


def audit_facts(  # noqa: PLR0917 - options of a filter can be given in order
    hosts: t.Iterable[t.Mapping[str, t.Any]],
    groups: t.Mapping[str, str],
    gathered: str,
    title: str = "",
    prefix: str = "audit_",
    planned: t.Mapping[str, t.Any] | None = None,
) -> t.Any:
    """The facts as plain values. Raises C(AnsibleFilterError)."""
    # A task that uses one filter loads the files of all, so what takes long to load waits until it is needed.
    from ..module_utils._audit.gathering import facts_of

    with one_sentence("audit_facts"):
        found = facts_of(
            hosts, groups=groups, prefix=prefix, title=str(title), gathered=str(gathered), planned=plain(planned or {})
        )
    return wrap_var(found)


class FilterModule:
    """The filters of this file for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by name."""
        return {"audit_facts": audit_facts}
