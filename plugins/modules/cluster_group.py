#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_group
short_description: Set priority, anti-affinity, possible owners and default move type of clustered roles
description:
  - Sets where the clustered roles (cluster groups) of the host's cluster may run, and how a drain moves them.
  - Nothing is moved and nothing restarts. The cluster uses the settings at the next move, drain or failover. A
    clustered role that is in the wrong place now stays there.
  - Only different values are written, and each write is read back.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  names:
    description:
      - Names or wildcards (V(*), V(?), V([ab])) of virtual machines, and of other clustered roles. Case is ignored.
      - For a virtual machine, a name is the name that Hyper-V Manager shows, or its id, or the name of its cluster
        resource or clustered role. If it is there, it is not a wildcard.
      - The roles of the cluster itself and of its storage cannot be selected.
    type: list
    elements: str
    required: true
  exclude:
    description: Names or wildcards that are not changed, as in O(names).
    type: list
    elements: str
    default: []
  machine_names:
    description:
      - The names of virtual machines by their ids, as M(winha.cluster.cluster_info) returns C(machine_names) on the
        other nodes. See P(winha.cluster.vm_offline_action#module).
    type: dict
    default: {}
  allow_no_match:
    description: Whether a name or wildcard in O(names) may match nothing.
    type: bool
    default: false
  priority:
    description:
      - V(3000) is high, V(2000) medium (the default of Windows), V(1000) low, and V(0) no auto start.
      - A drain live migrates virtual machines with at least the C(move_type_threshold) of the cluster, by default
        V(2000), and saves the others. Not before Windows Server 2012.
    type: int
  anti_affinity_class_names:
    description:
      - Any texts. The cluster tries to run clustered roles with a common text on different nodes. This replaces the
        list; an empty list removes all.
      - The cluster only follows it when it places a role, and not if no other node is left.
    type: list
    elements: str
  possible_owners:
    description:
      - The nodes on which the virtual machine may run. This replaces the list, for the resource of the virtual machine
        and that of its configuration. Only for virtual machines.
      - If the virtual machine is on another node now, it is left alone.
    type: list
    elements: str
  default_move_type:
    description:
      - What a drain does with the virtual machine. With V(by_priority), the default of Windows, its priority decides.
        Only for virtual machines, and not before Windows Server 2012.
    type: str
    choices: [turn_off, save, shut_down, shut_down_forced, live_migration, by_priority]
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
seealso:
  - module: winha.cluster.cluster_info
  - module: winha.cluster.vm_settings
notes:
  - The settings belong to the cluster. Run the module on one node of each cluster, as the role
    P(winha.cluster.hyperv_cluster#role) does.
"""

EXAMPLES = r"""
- name: Live migrate the Exchange servers in each drain
  winha.cluster.cluster_group:
    names: ['EX*']
    priority: 3000

- name: Keep the members of a DAG and its witness on different nodes
  winha.cluster.cluster_group:
    names: [EX01, EX02, FS01]
    anti_affinity_class_names: [DAG1]

- name: Keep a virtual machine on the nodes with enough memory
  winha.cluster.cluster_group:
    names: [EX01]
    possible_owners: [hv01, hv02]
"""

RETURN = r"""
settings:
  description: Each setting of each selected clustered role, sorted by name.
  returned: when the cluster could be read
  type: list
  elements: dict
  contains:
    name:
      description: Name of the virtual machine or of the clustered role.
      type: str
      sample: EX01
    id:
      description: Id of the virtual machine in Hyper-V, or else of the clustered role.
      type: str
      sample: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB
    group:
      description: Name of the clustered role.
      type: str
      sample: EX01
    setting:
      description: The name of the option.
      type: str
      sample: priority
    wanted:
      description: The wanted value.
      type: raw
      sample: 3000
    before:
      description: The value before. Null if it could not be read. A possible owner that not all resources of the
        virtual machine have is marked with C(not all resources).
      type: raw
      sample: 1000
    now:
      description: The value now, or in check mode the planned one. Null if it is unknown.
      type: raw
      sample: 3000
    result:
      description: V(compliant), V(changed), V(would_change) in check mode, V(left_alone), or V(failed).
      type: str
      sample: changed
    msg:
      description: The error, or why it was left alone.
      returned: when failed or left alone
      type: str
      sample: EX01 is on hv03, which is not in possible_owners. Move it first.
unmatched:
  description: The names and wildcards in O(names) and O(exclude) that match nothing.
  returned: when there are any
  type: list
  elements: str
  sample: [EX99]
changes:
  description:
    - What was changed, or in check mode would be changed, with C(label), C(thing) (the name), its C(id), C(setting),
      C(before) and C(after).
    - C(after) is the value as read back, or in check mode the planned one. It is null if it is unknown.
  returned: when the cluster could be read
  type: list
  elements: dict
  sample:
    - label: EX01 priority
      thing: EX01
      id: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB
      setting: priority
      before: 1000
      after: 3000
left_alone:
  description:
    - What was not changed, with C(label), C(wanted) or C(expected), C(current) and C(reason).
  returned: when there are any
  type: list
  elements: dict
  sample:
    - label: EX01 possible_owners
      thing: EX01
      id: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB
      setting: possible_owners
      wanted: [hv01, hv02]
      current: [hv01, hv02, hv03]
      reason: EX01 is on hv03, which is not in possible_owners. Move it first
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import selection, task, wanted
from ansible_collections.winha.cluster.plugins.module_utils._windows import cluster, cluster_group
from ansible_collections.winha.cluster.plugins.module_utils.identity import node_key
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Plan, Step
from ansible_collections.winha.cluster.plugins.module_utils.wanted import Wanted

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._windows.cluster_group import ClusterGroup
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SETTINGS = (*cluster_group.OF_ROLE, *cluster_group.OF_MACHINE)
SPEC = {
    "names": {"type": "list", "elements": "str", "required": True},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "machine_names": {"type": "dict", "default": {}},
    "allow_no_match": {"type": "bool", "default": False},
    "priority": {"type": "int"},
    "anti_affinity_class_names": {"type": "list", "elements": "str"},
    "possible_owners": {"type": "list", "elements": "str"},
    "default_move_type": {"type": "str", "choices": list(cluster_group.MOVE_TYPE_NUMBERS)},
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The settings of the selected clustered roles, and what was selected."""

    rows: tuple[Wanted[ClusterGroup], ...]
    selected: selection.Selection[ClusterGroup]


def read(client: Client, options: task.Options) -> State:
    """Read the selected clustered roles. Raises C(TaskError) for a value that the cluster cannot have."""
    names = {str(number): str(name) for number, name in options["machine_names"].items()}
    groups = cluster_group.read_groups(client, names)
    kind = "clustered virtual machine or other clustered role of the cluster of"
    found = selection.select(groups, options, client.host, kind=kind)
    values = {name: options[name] for name in SETTINGS if options[name] is not None}
    _check(found.chosen, values, client.host)
    if "anti_affinity_class_names" in values:
        texts = {text for text in values["anti_affinity_class_names"] if text}
        values["anti_affinity_class_names"] = tuple(sorted(texts, key=str.casefold))
    if "possible_owners" in values:
        values["possible_owners"] = _nodes(client, values["possible_owners"])
        found = dataclasses.replace(found, chosen=cluster_group.with_possible_owners(client, found.chosen))
    return State(rows=tuple(_rows(found.chosen, values)), selected=found)


def plan(state: State, _options: task.Options) -> Plan:
    """Plan one request for priority and anti-affinity of a role, and a step for each other setting."""
    return wanted.plan("Clustered roles", state.rows)


def apply(client: Client, state: State, step: Step) -> Applied:
    """Write one step and read it back."""
    group, values, labels = wanted.of_step(state.rows, step)
    if set(values) <= set(cluster_group.OF_ROLE):
        now, reason = cluster_group.set_common(client, group, values)
        return Applied(values={label: now[setting] for setting, label in labels.items()}, reason=reason)
    ((setting, value),) = values.items()
    value, reason = _WRITERS[setting](client, group, value)
    return Applied(values={labels[setting]: value}, reason=reason)


_WRITERS: t.Mapping[str, t.Callable[[Client, ClusterGroup, t.Any], tuple[t.Any, str]]] = {
    "possible_owners": cluster_group.set_possible_owners,
    "default_move_type": cluster_group.set_default_move_type,
}


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return each setting before and now, and the result."""
    return {"settings": wanted.report(state.rows, outcome), **state.selected.report()}


def _rows(groups: t.Iterable[ClusterGroup], values: t.Mapping[str, t.Any]) -> t.Iterator[Wanted[ClusterGroup]]:
    """The settings. Two virtual machines in one clustered role share what belongs to the role."""
    seen: set[str] = set()
    for group in groups:
        for setting, value in values.items():
            of_role = setting in cluster_group.OF_ROLE
            if of_role and group.group in seen:
                continue
            reason = ""
            if setting == "possible_owners" and node_key(group.owner_node or "") not in map(node_key, value):
                reason = f"{group.name} is on {group.owner_node}, which is not in possible_owners. Move it first"
            yield Wanted(
                thing=group,
                name=group.name,
                id=group.id,
                setting=setting,
                before=None if group.problem else getattr(group, setting),
                after=value,
                request=f"{group.group} {'' if of_role else f'{group.id} {setting}'}",
                columns={"group": group.group},
                reason=reason,
                problem=group.problem,
            )
        seen.add(group.group)


def _check(groups: t.Sequence[ClusterGroup], values: t.Mapping[str, t.Any], host: str) -> None:
    priority = values.get("priority")
    if priority is not None and not 0 <= priority <= cluster_group.HIGHEST_PRIORITY:
        raise task.TaskError(
            f"priority {priority} is out of range: a cluster allows 0 to {cluster_group.HIGHEST_PRIORITY}. Nothing was "
            "written."
        )
    if "priority" in values and any(group.priority is None and not group.problem for group in groups):
        raise task.TaskError(
            f"The clustered roles of the cluster of {host} have no priority (before Windows Server 2012). Remove the "
            "option for this cluster. Nothing was written."
        )
    others = [group.name for group in groups if group.machine is None]
    used = [name for name in cluster_group.OF_MACHINE if name in values]
    if others and used:
        raise task.TaskError(
            f"{' and '.join(used)} can only be set for virtual machines, and {', '.join(others)} of the cluster of "
            f"{host} is none. Exclude it. Nothing was written."
        )


def _nodes(client: Client, names: t.Sequence[str]) -> tuple[str, ...]:
    """The nodes as the cluster names them. Raises C(ServerError) for a node that it does not have."""
    if not names:
        raise task.TaskError("possible_owners is empty: then the virtual machine could run nowhere. Name the nodes.")
    nodes = cluster.read_nodes(client)
    found = {cluster.find_node(client, nodes, name).name for name in names}
    return tuple(sorted(found, key=str.casefold))


TASK = task.Task(
    spec=SPEC,
    read=read,
    plan=plan,
    apply=apply,
    report=report,
    rules={"required_one_of": [list(SETTINGS)]},
)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
