#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_health_info
short_description: Read whether a node of a cluster can be drained now
description:
  - Reads what the gates of a rolling change need. These are the nodes with their drain marks, the cluster networks,
    the quorum, the clustered roles with what a drain does to them, Storage Spaces Direct, Cluster-Aware Updating and
    Network ATC.
  - Each part is read on its own. A part that could not be read is null, and C(unknown) has the reason.
  - A host that is in no cluster has no C(cluster), and only the parts of the host.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  gather:
    description:
      - Which parts to read. V(host) are the values of this host, with three requests, or five with Network ATC.
      - V(cluster) are the values of the whole cluster, with nine requests and one for each node.
    type: list
    elements: str
    choices: [host, cluster]
    default: [host, cluster]
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
  - winha.cluster.attributes
  - winha.cluster.attributes.info
seealso:
  - module: winha.cluster.cluster_info
  - module: winha.cluster.cluster_node
"""

EXAMPLES = r"""
- name: Read whether this node can be drained
  winha.cluster.cluster_health_info:
  register: result

- name: Name the storage jobs that run
  ansible.builtin.debug:
    msg: "{{ result.health.storage.jobs | selectattr('state', 'eq', 'running') | map(attribute='name') }}"
  when: result.health.storage is mapping
"""

RETURN = r"""
health:
  description: The state of the host and of its cluster.
  returned: success
  type: dict
  contains:
    computer:
      description: The computer name of the host.
      type: str
      sample: HV01
    windows:
      description: Its Windows Server release.
      type: str
      sample: "2022"
    cluster:
      description: The C(name), the C(fqdn) and the C(id) of the cluster; null on a standalone host.
      type: dict
      sample: {name: HVC1, fqdn: hvc1.example.com, id: 5f1c7f0e-2f0b-4d3c-9a55-6f3f3f9f2a03}
    storage_spaces_direct:
      description: Whether the cluster uses Storage Spaces Direct.
      type: bool
      sample: false
    nodes:
      description:
        - The nodes with C(name), C(state), C(drain), C(vote), C(dynamic_vote), and the C(mark) of a node that this
          collection drained. C(mark_unknown) is the reason why the mark could not be read.
      type: list
      elements: dict
      sample: [{name: HV01, state: up, drain: not_started, vote: 1, dynamic_vote: 1, mark: null, mark_unknown: ''}]
    networks:
      description: The cluster networks with C(name), C(state) and C(role).
      type: list
      elements: dict
      sample: [{name: Live Migration, state: up, role: cluster}]
    roles:
      description:
        - The clustered roles with C(name), C(type) (V(virtual_machine), V(core), V(other)), C(group_type), C(owner),
          C(state), C(moving), C(priority) and C(anti_affinity).
        - For a virtual machine also its name as C(machine), and as C(drain) what a drain does with it, V(live),
          V(saved), V(shut_down), V(turned_off), or V(offline) if it does not run.
      type: list
      elements: dict
      sample:
        - name: EX01
          type: virtual_machine
          group_type: 111
          owner: HV01
          state: online
          moving: false
          priority: 2000
          anti_affinity: [DAG1]
          machine: EX01
          drain: live
    storage:
      description: The storage C(jobs) and C(virtual_disks); null without Storage Spaces Direct.
      type: dict
      sample: {jobs: [], virtual_disks: [{name: Volume1, health: healthy, operational: [2]}]}
    updating:
      description: Whether the host shows a run of Cluster-Aware Updating.
      type: bool
      sample: false
    network_atc:
      description: Whether Network ATC has an intent on the host or in its cluster.
      type: bool
      sample: false
    quorum_lost_without:
      description: By the name of this node, whether the cluster loses its quorum without it.
      type: dict
      sample: {HV01: false}
    unknown:
      description: The parts that could not be read, with C(what) and C(why).
      type: list
      elements: dict
      sample: []
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import (
    cluster,
    clustered_role,
    computer,
    drain,
    drain_mark,
    orchestration,
    storage,
)
from ansible_collections.winha.cluster.plugins.module_utils._windows.unknown import Unknown, attempt
from ansible_collections.winha.cluster.plugins.module_utils.identity import node_key

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._windows.clustered_role import Role
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SPEC = {
    "gather": {"type": "list", "elements": "str", "choices": ["host", "cluster"], "default": ["host", "cluster"]},
}
_2012 = 9200  # build number


def read(client: Client, options: task.Options) -> dict[str, t.Any]:
    """Read the parts. A part that fails is null, and the reason is in C(unknown)."""
    unknown: list[Unknown] = []
    own = computer.read_computer(client)
    health: dict[str, t.Any] = {"computer": own.name, "windows": own.windows.name}
    if "host" in options["gather"]:
        health["updating"] = False
        if own.windows.build >= _2012:
            health["updating"] = attempt("updating", lambda: orchestration.read_updating(client), unknown)
        health["network_atc"] = attempt("network_atc", lambda: orchestration.read_network_atc(client), unknown)
    health["cluster"] = None
    try:
        found = cluster.read_cluster(client)
    except cluster.NotClustered:
        found = None
    if found is not None:
        health["cluster"] = {"name": found.text("Name") or "", "fqdn": found.text("Fqdn") or "", "id": ""}
        if "cluster" in options["gather"]:
            health |= _read_cluster(client, own.name, found, unknown)
            health["cluster"]["id"] = health.pop("cluster_id")
    return {**health, "unknown": [dataclasses.asdict(one) for one in unknown]}


def _read_cluster(client: Client, name: str, found: Instance, unknown: list[Unknown]) -> dict[str, t.Any]:
    nodes = attempt("nodes", lambda: cluster.read_nodes(client), unknown)
    roles = attempt("roles", lambda: clustered_role.read_roles(client), unknown)
    networks = attempt("networks", lambda: cluster.read_networks(client), unknown)
    actions = attempt("drain actions", lambda: drain.read_drain_actions(client, roles or ()), unknown) or {}
    own = next((node for node in nodes or () if node_key(node.name) == node_key(name)), None)
    lost = attempt("quorum", lambda: drain.would_lose_quorum(client, own), unknown) if own else None
    s2d = bool(found.integer("S2DEnabled"))
    return {
        "cluster_id": next((role.id for role in roles or () if role.identifies_cluster), ""),
        "storage_spaces_direct": s2d,
        "nodes": None if nodes is None else [_node(client, node) for node in nodes],
        "networks": None
        if networks is None
        else [{"name": one.name, "state": one.state, "role": one.role} for one in networks],
        "roles": None if roles is None else [_role(role, actions) for role in roles],
        "storage": _storage(client, unknown) if s2d else None,
        "quorum_lost_without": {own.name: lost} if own else {},
    }


def _node(client: Client, node: cluster.Node) -> dict[str, t.Any]:
    problems: list[Unknown] = []
    mark = None
    if not node.lacks_drains:
        mark = attempt("mark", lambda: drain_mark.read(client, drain.reference_of(node), node.name), problems)
    return {
        "name": node.name,
        "state": node.state,
        "drain": node.drain,
        "vote": node.vote,
        "dynamic_vote": node.dynamic_vote,
        "mark": dataclasses.asdict(mark) if mark else None,
        "mark_unknown": problems[0].why if problems else "",
    }


def _role(role: Role, actions: t.Mapping[str, tuple[str, str]]) -> dict[str, t.Any]:
    machine, action = actions.get(role.name, (None, None))
    return {
        "name": role.name,
        "type": role.kind,
        "group_type": role.group_type,
        "owner": role.owner,
        "state": role.state,
        "moving": role.moving,
        "priority": role.priority,
        "anti_affinity": list(role.anti_affinity),
        "machine": machine,
        "drain": action,
    }


def _storage(client: Client, unknown: list[Unknown]) -> dict[str, t.Any] | None:
    jobs = attempt("storage jobs", lambda: storage.read_jobs(client), unknown)
    disks = attempt("virtual disks", lambda: storage.read_virtual_disks(client), unknown)
    return None if jobs is None or disks is None else {"jobs": jobs, "virtual_disks": disks}


def report(state: dict[str, t.Any], _outcome: task.Outcome) -> dict[str, t.Any]:
    """Return what was read."""
    return {"health": state}


TASK = task.Task(spec=SPEC, read=read, report=report)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
