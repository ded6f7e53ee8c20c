# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rolling_change
short_description: Find which nodes may be drained or changed, in which rounds
description:
  - Puts the results of all hosts of the play together to clusters, judges the gates, and orders the nodes in rounds.
  - A round has at most one node of each cluster, at most one standalone host, and no two nodes that carry members of
    one database availability group. Clusters are worked on side by side.
  - It reads only the values that it is given, and changes nothing.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The variables of each Hyper-V host of the play, as V(hostvars) has them, with hosts that failed.
    type: list
    elements: dict
    required: true
  options:
    description:
      - The options of the role P(winha.cluster.migration_network#role) without its prefix. C(drain), C(allow_drain),
        C(allow_restart), C(allow_gates), C(allow_saved) and C(maintenance_window) are used, others are ignored.
    type: dict
    required: true
  playing:
    description: The hosts that are still in the play, as V(ansible_play_hosts) has them.
    type: list
    elements: str
    required: true
  dag_members:
    description: The variables of each DAG member, to know which virtual machines are members of one DAG.
    type: list
    elements: dict
    default: []
  earlier:
    description: The value C(health) of each host before the first node was changed, by inventory name.
    type: dict
    default: {}
  only:
    description:
      - The hosts of the round that is about to begin. Only they count as having something to do. Without it all hosts
        count.
    type: list
    elements: str
  now:
    description: The local time of the control node in ISO 8601. The default is the present time.
    type: str
    default: ''
  health:
    description: The name of the variable with the registered result of C(winha.cluster.cluster_health_info).
    type: str
    default: migration_network_health
  changes:
    description:
      - The name of the variable with the registered result of M(winha.cluster.net_adapter) in check mode.
    type: str
    default: migration_network_plan
  dag:
    description: The name of the variable with the registered result of M(winha.cluster.cluster_info) of a DAG member.
    type: str
    default: dag_heartbeat_read
seealso:
  - plugin: winha.cluster.change_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Find the rounds
  ansible.builtin.set_fact:
    migration_network_rolling: >-
      {{ ansible_play_hosts_all | map('extract', hostvars)
         | winha.cluster.rolling_change(migration_network_options.options, ansible_play_hosts,
                                        groups['dag_members'] | default([]) | map('extract', hostvars)) }}
  run_once: true
"""

RETURN = r"""
_value:
  description: The clusters and rounds.
  type: dict
  contains:
    clusters:
      description:
        - A cluster or standalone host with C(key), C(name), C(standalone), C(hosts), C(nodes), C(to_do) (the hosts with
          something to do), C(drained) (those that an earlier run left drained), C(order) (the permitted hosts as a list
          of rounds), C(gates), C(stopped), C(moves) and C(displaced).
        - Each of C(gates) has C(gate), C(node), C(outcome) (V(pass), V(fail) or V(unknown)), C(reason) and C(allowed).
        - C(stopped) is empty, or the reasons of the gates that do not pass and are not allowed.
        - Each of C(moves) has C(host), C(node), C(role), C(machine) and C(how) (V(live), V(saved), V(shut_down),
          V(turned_off), V(offline) or V(unknown)).
        - Each of C(displaced) is a clustered role that is not on its earlier node, with C(role), C(machine), C(before),
          C(now) and C(text), a sentence. For a role that an earlier run moved away, the earlier node is the one that
          this run drained.
      type: list
      elements: dict
    rounds:
      description: The inventory names of each round. Clusters that a gate stops are left out.
      type: list
      elements: list
    standalone:
      description: The inventory names of the standalone hosts.
      type: list
      elements: str
    hosts:
      description: C(cluster) (its key) and C(node) of each host that could be assigned.
      type: dict
    aliases:
      description: Inventory names of nodes that are in the inventory under another name too, with that name.
      type: dict
    unread:
      description: C(host) and C(reason) of each host that was not read or has left the play.
      type: list
      elements: dict
    left:
      description:
        - What is not done in this run, with C(cluster), C(hosts), C(why) (V(permission) or V(gate)) and C(reason), a
          sentence.
      type: list
      elements: dict
    drain:
      description: Whether nodes are drained before they are changed.
      type: bool
"""

import datetime
import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._change.plain import local_time, plain
from ..module_utils.errors import TaskError
from ..plugin_utils.filter_error import one_sentence

Mapping = t.Mapping[str, t.Any]


def rolling_change(  # noqa: PLR0917 - options of a filter can be given in order
    hosts: t.Iterable[Mapping],
    options: Mapping,
    playing: t.Iterable[str],
    dag_members: t.Iterable[Mapping] = (),
    earlier: Mapping | None = None,
    only: t.Iterable[str] | None = None,
    now: str = "",
    health: str = "migration_network_health",
    changes: str = "migration_network_plan",
    dag: str = "dag_heartbeat_read",
) -> t.Any:
    """The clusters and rounds as plain values. Raises C(AnsibleFilterError)."""
    # A task that uses one filter loads the files of all, so what takes long to load waits until it is needed.
    from ..module_utils._change.clusters import hosts_of
    from ..module_utils._change.dag import dags_of
    from ..module_utils._change.gate import read_options
    from ..module_utils._change.health import read_health
    from ..module_utils._change.rolling import Run
    from ..module_utils._change.rolling import rolling_change as rolling

    with one_sentence("rolling_change", TaskError):
        names = [str(name) for name in playing]
        before = {str(host): read_health(plain(value)) for host, value in (earlier or {}).items()}
        run = Run(
            hosts=hosts_of(_chosen(hosts, health, changes), playing=names, health=health, changes=changes),
            options=read_options(plain(options)),
            dags=dags_of(_chosen(dag_members, dag), dag),
            earlier={host: value for host, value in before.items() if value},
            only=None if only is None else frozenset(str(name) for name in only),
            now=local_time(str(now)) if now else datetime.datetime.now(),  # the window is in local time
        )
        return wrap_var(rolling(run))


def _chosen(hosts: t.Iterable[Mapping], *names: str) -> list[dict[str, t.Any]]:
    """Only the variables that are used: reading one templates it."""
    return [{name: plain(host[name]) for name in ("inventory_hostname", *names) if name in host} for host in hosts]


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"rolling_change": rolling_change}
