# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: change_plan
short_description: Make the plan document of a run
description:
  - Puts the changes that the roles would make, and the value of P(winha.cluster.rolling_change#filter), together to one
    document with the cost of each change and a digest.
  - The roles run in check mode before. The document is plain and can be written as JSON.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The variables of each host of the run, as V(hostvars) has them.
    type: list
    elements: dict
    required: true
  rolling:
    description: The value of P(winha.cluster.rolling_change#filter). Without Hyper-V hosts it can be left out.
    type: dict
  created:
    description: When the plan is made, in ISO 8601. The default is the present time in UTC.
    type: str
    default: ''
  results:
    description:
      - The names of the variables with the registered results of each role, as lists. A variable may have the result of
        a task, of a loop, or a list of results.
      - The default is V(dag_heartbeat_set), V(migration_network_plan), for C(hyperv_cluster) V(hyperv_cluster_set),
        V(hyperv_cluster_groups_set) and V(hyperv_cluster_vm_settings_set), and for C(exchange_kerberos)
        V(exchange_kerberos_set) and V(exchange_kerberos_deleted).
    type: dict
  playing:
    description:
      - The hosts that are still in the play, as V(ansible_play_hosts) has them. Every other host is in C(unread).
      - Without it, a host is in C(unread) only if one of the results failed.
    type: list
    elements: str
seealso:
  - plugin: winha.cluster.rolling_change
    plugin_type: filter
  - plugin: winha.cluster.change_text
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the plan
  ansible.builtin.copy:
    content: >-
      {{ groups['all'] | map('extract', hostvars) | winha.cluster.change_plan(migration_network_rolling)
         | to_nice_json }}
    dest: plan.json
    mode: "0640"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
_value:
  description: The plan document.
  type: dict
  contains:
    winha_plan:
      description: The version of the document, V(1).
      type: int
    created:
      description: When it was made.
      type: str
    clusters:
      description: Each cluster, DAG and standalone host with its gates, order and the virtual machines that move.
      type: list
      elements: dict
    changes:
      description:
        - Each permitted change with C(module), C(role), C(host), C(node), C(cluster), C(label), C(setting), C(thing),
          C(before), C(after), C(cost) and C(management).
        - C(cost) is V(nothing), V(vm_shutdown), V(adapter_restart), V(node_drain) or V(host_restart). C(management) is
          true for the adapter of Ansible's own connection.
      type: list
      elements: dict
    left:
      description: The changes that are not permitted in this run, or wait for the shutdown of a virtual machine, as in
        C(changes), with C(reason).
      type: list
      elements: dict
    unread:
      description: C(host) and C(reason) of each host that could not be read.
      type: list
      elements: dict
    summary:
      description:
        - Counts of C(changes), C(left), C(hosts), C(clusters), C(drains), C(restarts), C(machines_moved), C(gates), and
          C(forbidden), the wanted changes that a gate stops.
      type: dict
    digest:
      description: SHA-256 of the rest.
      type: str
"""

import datetime
import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._change.plain import plain
from ..module_utils._change.plan import make_plan
from ..module_utils.errors import TaskError
from ..plugin_utils.filter_error import one_sentence

Mapping = t.Mapping[str, t.Any]

RESULTS: t.Mapping[str, t.Sequence[str]] = {
    "dag_heartbeat": ["dag_heartbeat_set"],
    "hyperv_cluster": ["hyperv_cluster_set", "hyperv_cluster_groups_set", "hyperv_cluster_vm_settings_set"],
    "migration_network": ["migration_network_plan"],
    "exchange_kerberos": ["exchange_kerberos_set", "exchange_kerberos_deleted"],
}
_CLUSTERS = ("inventory_hostname", "dag_heartbeat_read", "hyperv_cluster_read")


def change_plan(
    hosts: t.Iterable[Mapping],
    rolling: Mapping | None = None,
    created: str = "",
    results: Mapping | None = None,
    playing: t.Iterable[str] | None = None,
) -> t.Any:
    """The plan document. Raises C(AnsibleFilterError)."""
    with one_sentence("change_plan", TaskError):
        names = {**RESULTS, **{str(role): [str(each) for each in listed] for role, listed in (results or {}).items()}}
        used = [*_CLUSTERS, *(name for listed in names.values() for name in listed)]
        now = datetime.datetime.now(datetime.UTC)
        plan = make_plan(
            [{name: plain(host[name]) for name in used if name in host} for host in hosts],
            rolling=plain(rolling) if rolling else None,
            created=str(created) or f"{now:%Y-%m-%dT%H:%M:%SZ}",
            results=names,
            playing=None if playing is None else frozenset(str(host) for host in playing),
        )
    return wrap_var(plan)


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"change_plan": change_plan}
