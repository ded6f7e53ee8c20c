#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Read the failover cluster of a host
description:
  - Reads the failover cluster of a host with a few requests, independent of its size.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  gather:
    description:
      - The parts to read. The name, the functional level, the heartbeat and the settings are always read, with one
        request.
      - Each other part needs one request, V(nodes) and V(live_migration_networks) two, and V(virtual_machines) four or,
        with many virtual machines, some more. One of these requests is shared by the last two. If the FQDN of the
        cluster has no domain, one more request reads its id.
      - V(quorum) needs two requests or, if only nodes have votes, none. V(placement) needs two. Its responses grow with
        the number of resources multiplied by the number of nodes.
    type: list
    elements: str
    choices: [nodes, networks, virtual_machines, shared_volumes, live_migration_networks, machine_names, quorum,
      placement]
    default: [nodes, networks, virtual_machines, shared_volumes, live_migration_networks]
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
  - winha.cluster.attributes
  - winha.cluster.attributes.info
seealso:
  - module: winha.cluster.heartbeat
  - module: winha.cluster.vm_offline_action
"""

EXAMPLES = r"""
- name: Read the whole cluster
  winha.cluster.cluster_info:
  register: hyperv

- name: List the virtual machines that a drain saves
  ansible.builtin.debug:
    msg: "{{ hyperv.cluster.virtual_machines | selectattr('saved_by_drain') | map(attribute='name') }}"

- name: Read only the name and the heartbeat
  winha.cluster.cluster_info:
    gather: []
"""

RETURN = r"""
cluster:
  description: The cluster.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the cluster; for a DAG the name of the DAG.
      type: str
      sample: HVC1
    fqdn:
      description: DNS name of the cluster.
      type: str
      sample: hvc1.corp.example.com
    id:
      description:
        - Id of the cluster, the same on all of its nodes. It identifies a cluster whose RV(cluster.fqdn) has no domain,
          such as a DAG without an administrative access point. Two domains can have clusters of the same name.
        - Null if RV(cluster.fqdn) has a domain, and on Windows Server 2008 R2.
      type: str
      version_added: 1.1.0
      sample: null
    node:
      description: Name of the host as a node of the cluster. Null if the host does not return it.
      returned: when nodes is gathered
      type: str
      version_added: 1.1.0
      sample: HV01
    functional_level:
      description: The cluster functional level, e.g. 11 for Windows Server 2019; null before Windows Server 2016.
      type: int
      sample: 11
    heartbeat:
      description: The heartbeat settings, with the option names of P(winha.cluster.heartbeat#module).
      type: dict
      sample: {same_subnet_delay: 1000, same_subnet_threshold: 20}
    heartbeat_seconds:
      description: The heartbeat timeouts in seconds.
      type: dict
      sample: {same_subnet: 20.0, cross_subnet: 20.0, cross_site: 20.0}
    move_type_threshold:
      description:
        - A drain live migrates virtual machines of this priority or higher, and saves the others.
        - Null if virtual machines have no priority (before Windows Server 2012), or if it could not be read.
      returned: when virtual_machines is gathered
      type: int
      sample: 2000
    nodes:
      description:
        - The nodes with their state (V(up), V(down), V(paused), V(joining)), vote and Windows release.
        - C(dynamic_vote) is the vote now, null before Windows Server 2012. C(status) has V(isolated) or V(quarantined).
      returned: when gathered
      type: list
      elements: dict
      sample: [{name: HV01, state: up, vote: 1, dynamic_vote: 1, status: [], windows: '2022'}]
    settings:
      description:
        - What the cluster does by itself. A setting that the Windows release does not have is null.
        - C(auto_balancer) is V(off), V(node_join) or V(always). Periods are in seconds. C(smb_percent) is the part of
          the network that SMB live migration may use, if C(smb_limit) is true.
      type: dict
      version_added: 1.1.0
      sample:
        auto_balancer: always
        resiliency_level: 2
        resiliency_seconds: 240
        quarantine_threshold: 3
        quarantine_duration: 7200
        drain_on_shutdown: true
        enforced_anti_affinity: false
        storage_spaces_direct: false
        parallel_migrations: null
        smb_limit: null
        smb_percent: null
    quorum:
      description:
        - Whether quorum is C(dynamic), the vote of the witness now, and the witness. Its C(type) is V(file_share),
          V(cloud), V(disk) or V(none), and C(path) is the share.
      returned: when gathered
      type: dict
      version_added: 1.1.0
      sample:
        dynamic: true
        witness: {type: file_share, name: File Share Witness, state: online, path: '\\fs01\witness'}
        witness_vote: 1
    placement:
      description:
        - What keeps clustered roles on different nodes. C(possible_owners) has the resources that not every node may
          own. C(affinity_rules) are those of Windows Server 2022 and later, with the names of the clustered roles.
      returned: when gathered
      type: dict
      version_added: 1.1.0
      sample:
        possible_owners: {Virtual Machine EX01: [HV01, HV02]}
        affinity_rules: [{name: DAG1, type: different_node, enabled: true, groups: [EX01, EX02]}]
    networks:
      description: The cluster networks with role, state, address, mask and metric.
      returned: when gathered
      type: list
      elements: dict
      sample: [{name: LiveMigration, role: cluster, state: up, address: 10.0.2.0, mask: 255.255.255.0, metric: 19000}]
    virtual_machines:
      description:
        - The clustered virtual machines. C(name) is the name in Hyper-V if C(name_known) is true. A host returns only
          the names of the virtual machines that it runs. Others have the name of their cluster resource or clustered
          role, which is the name that they had when they were clustered.
        - C(default_move_type) is what a drain does with the virtual machine; the default is V(by_priority).
          C(saved_by_drain) shows whether a drain saves the virtual machine while it runs.
        - C(anti_affinity) are the anti-affinity class names of the clustered role. C(resiliency_seconds) is how long it
          stays on an isolated node, or null if that of the cluster applies.
        - C(priority) and C(saved_by_drain) are null before Windows Server 2012. Values that could not be read are null
          and named in RV(unknown).
      returned: when gathered
      type: list
      elements: dict
      sample:
        - name: EX01
          name_known: true
          id: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB
          resource: Virtual Machine EX01
          group: EX01
          owner_node: HV01
          state: online
          priority: 2000
          anti_affinity: [DAG1]
          resiliency_seconds: null
          offline_action: save
          default_move_type: by_priority
          saved_by_drain: false
    machine_names:
      description: The names of the virtual machines that this host runs, by id.
      returned: when gathered
      type: dict
      version_added: 1.1.0
      sample: {6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB: EX01}
    shared_volumes:
      description: The cluster shared volumes with path and volume.
      returned: when gathered
      type: list
      elements: dict
      sample: [{path: 'C:\ClusterStorage\Volume1', volume: '\\?\Volume{6f0c5cc1-2b4e-4b3f-9f7e-0123456789ab}\'}]
    live_migration_networks:
      description: Names of the live-migration networks in order of preference.
      returned: when gathered
      type: list
      elements: str
      sample: [LiveMigration, Cluster]
unknown:
  description:
    - The parts that could not be read, as C(what) and C(why). A requested part that could not be read is not in
      RV(cluster). If no requested part could be read, the task fails.
  returned: success
  type: list
  elements: dict
  version_added: 1.1.0
  sample:
    - what: cluster.shared_volumes
      why: Reading the cluster shared volumes on hv01 failed. The host did not answer within 70 s.
"""

import dataclasses
import functools
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import (
    cluster,
    cluster_settings,
    heartbeat,
    hyperv,
    placement,
    quorum,
    virtual_machine,
)
from ansible_collections.winha.cluster.plugins.module_utils._windows.unknown import Unknown, attempt, attempt_each

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

PARTS = ["nodes", "networks", "virtual_machines", "shared_volumes", "live_migration_networks"]
CHOICES = [*PARTS, "machine_names", "quorum", "placement"]
SPEC = {"gather": {"type": "list", "elements": "str", "choices": CHOICES, "default": PARTS}}


def read(client: Client, options: task.Options) -> dict[str, t.Any]:
    """Read the cluster and the requested parts, and list the parts that are unknown."""
    parts = set(options["gather"])
    unknown: list[Unknown] = []
    found = cluster.read_cluster(client)
    values = heartbeat.values_of(found)
    result: dict[str, t.Any] = {
        "name": found.text("Name"),
        "fqdn": found.text("Fqdn"),
        "id": None if "." in (found.text("Fqdn") or "") else cluster.read_id(client),
        "functional_level": found.integer("ClusterFunctionalLevel"),
        "heartbeat": values,
        "heartbeat_seconds": heartbeat.seconds_of(values),
        "settings": cluster_settings.settings_of(found, unknown),
    }
    has_resiliency = result["functional_level"] is not None
    readers: dict[str, t.Callable[[list[Unknown]], dict[str, t.Any]]] = {
        "nodes": lambda unknown: {
            "nodes": _nodes(client),
            "node": attempt("cluster.node", lambda: cluster.read_own_node_name(client), unknown),
        },
        "networks": lambda _unknown: {
            "networks": _rows(networks(), "name", "role", "state", "address", "mask", "metric")
        },
        "live_migration_networks": lambda _unknown: {
            "live_migration_networks": [one.name for one in cluster.live_migration_order(resource_type(), networks())]
        },
        "virtual_machines": lambda unknown: _virtual_machines(
            client, resource_type, unknown, has_resiliency=has_resiliency
        ),
        "machine_names": lambda _unknown: {"machine_names": hyperv.read_names(client)},
        "quorum": lambda unknown: {"quorum": quorum.read_quorum(client, found, unknown)},
        "placement": lambda unknown: {
            "placement": {
                name: attempt(f"cluster.placement.{name}", functools.partial(read_it, client), unknown)
                for name, read_it in (
                    ("possible_owners", placement.read_possible_owners),
                    ("affinity_rules", placement.read_affinity_rules),
                )
            }
        },
        "shared_volumes": lambda _unknown: {"shared_volumes": cluster.read_shared_volumes(client)},
    }
    networks = functools.cache(lambda: cluster.read_networks(client))
    resource_type = functools.cache(lambda: cluster.read_resource_type(client))
    requested = {f"cluster.{part}": readers[part] for part in readers if part in parts}
    found_parts = attempt_each(client, requested, unknown)
    if requested and not found_parts:
        raise task.TaskError(" ".join(dict.fromkeys(one.why for one in unknown)))
    for part in found_parts:
        result |= part
    return {"cluster": result, "unknown": unknown}


def _nodes(client: Client) -> list[dict[str, t.Any]]:
    return _rows(cluster.read_nodes(client), "name", "state", "vote", "dynamic_vote", "status", "windows")


def _virtual_machines(
    client: Client, resource_type: t.Callable[[], Instance | None], unknown: list[Unknown], *, has_resiliency: bool
) -> dict[str, t.Any]:
    machines = virtual_machine.read_virtual_machines(client)
    groups = attempt(
        "cluster.virtual_machines.priority",
        lambda: placement.read_groups(client, has_resiliency=has_resiliency),
        unknown,
    )
    threshold = attempt(
        "cluster.move_type_threshold", lambda: virtual_machine.move_type_threshold(resource_type()), unknown
    )
    if groups is None:
        why = unknown[-1].why
        unknown += [
            Unknown(what, why) for what in ("cluster.move_type_threshold", "cluster.virtual_machines.anti_affinity")
        ]
    unknown += [Unknown("cluster.virtual_machines.offline_action", one.problem) for one in machines if one.problem]
    columns = ("name", "name_known", "id", "resource", "group", "owner_node", "state")
    rows = _rows(machines, *columns, "offline_action", "default_move_type")
    for row, machine in zip(rows, machines, strict=True):
        group = (groups or {}).get(machine.group) or {}
        row |= {name: group.get(name) for name in ("priority", "anti_affinity", "resiliency_seconds")}
        priority = row["priority"]
        known = priority is not None and threshold is not None and machine.default_move_type is not None
        row["saved_by_drain"] = virtual_machine.saved_by_drain(machine, priority, threshold or 0) if known else None
    with_priorities = any(row["priority"] is not None for row in rows)
    return {"virtual_machines": rows, "move_type_threshold": threshold if with_priorities else None}


def report(state: dict[str, t.Any], outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the values that were read."""
    return {"cluster": state["cluster"], "unknown": [dataclasses.asdict(one) for one in state["unknown"]]}


def _rows(things: t.Iterable[t.Any], *columns: str) -> list[dict[str, t.Any]]:
    return [{column: getattr(thing, column) for column in columns} for thing in things]


TASK = task.Task(spec=SPEC, read=read, report=report)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
