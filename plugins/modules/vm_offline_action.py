#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_offline_action
short_description: Set the cluster-controlled offline action of clustered virtual machines
description:
  - Sets what a failover cluster does with a virtual machine when it takes the clustered role offline, and for a move
    without live migration (C(Move-ClusterGroup)). This applies to all clustered virtual machines of the host's cluster,
    or to selected ones.
  - Exchange does not support saved virtual machines, so Exchange servers need V(shut_down). The default of Windows is
    V(save).
  - Live migration and unplanned failover do not use the setting. The command "Quick migration" always saves the virtual
    machine.
  - It takes effect the next time that the clustered role goes offline, without a restart.
  - Only different values are written, and each write is read back.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  action:
    description:
      - What the cluster does with the virtual machine.
      - V(turn_off) turns the virtual machine off, V(save) saves it to disk, V(shut_down) shuts down the guest operating
        system through the integration service "Operating system shutdown", V(shut_down_forced) does so even if programs
        prevent a shutdown.
    type: str
    choices: [turn_off, save, shut_down, shut_down_forced]
    default: shut_down
  names:
    description:
      - Names or wildcards (V(*), V(?), V([ab])) of the virtual machines. Case is ignored.
      - A name is the name that Hyper-V Manager shows, or the id of the virtual machine, or the name of its cluster
        resource or clustered role. If it is there, it is not a wildcard.
      - A wildcard is compared with the names of virtual machines. Only if none matches, it is compared with those of
        cluster resources and clustered roles.
    type: list
    elements: str
    default: ['*']
  exclude:
    description:
      - Names or wildcards of virtual machines that are not changed, as in O(names).
      - If one matches no virtual machine, the result has a warning and RV(unmatched).
    type: list
    elements: str
    default: []
  machine_names:
    description:
      - The names of virtual machines by their ids, as M(winha.cluster.cluster_info) returns C(machine_names) on the
        other nodes.
      - A host returns only the names of the virtual machines that it runs. Without this option, a virtual machine on
        another node has the name of its cluster resource or clustered role, which is the name that it had when it was
        clustered. The role P(winha.cluster.hyperv_cluster#role) sets this option.
    type: dict
    default: {}
    version_added: 1.1.0
  allow_no_match:
    description: Whether a name or wildcard in O(names) may match no virtual machine.
    type: bool
    default: false
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
seealso:
  - module: winha.cluster.cluster_info
notes:
  - The setting belongs to the cluster. Run the module on one node of each cluster, as the role
    P(winha.cluster.hyperv_cluster#role) does.
"""

EXAMPLES = r"""
- name: Shut down all clustered virtual machines instead of saving them
  winha.cluster.vm_offline_action:

- name: Set only the Exchange servers, except one
  winha.cluster.vm_offline_action:
    names: ['EX*']
    exclude: [EX07]
    action: shut_down

- name: Run on a bastion host that can reach the cluster
  winha.cluster.vm_offline_action:
    host: hv01.corp.example.com
    username: svc-ansible@CORP.EXAMPLE.COM
    transport: kerberos
  delegate_to: bastion.corp.example.com
"""

RETURN = r"""
virtual_machines:
  description: The selected virtual machines, sorted by name.
  returned: when the cluster could be read
  type: list
  elements: dict
  contains:
    name:
      description: Name of the virtual machine. If two have the same name, it is the name of the cluster resource.
      type: str
      sample: EX01
    id:
      description: Id of the virtual machine in Hyper-V.
      type: str
      version_added: 1.1.0
      sample: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB
    name_known:
      description: Whether RV(virtual_machines[].name) is the name in Hyper-V, and not that of the cluster resource or
        clustered role, see O(machine_names).
      type: bool
      version_added: 1.1.0
      sample: true
    resource:
      description: Name of the cluster resource.
      type: str
      sample: Virtual Machine EX01
    offline_action:
      description: The offline action now, or in check mode the planned one. Null if it is unknown.
      type: str
      sample: shut_down
    before:
      description: The offline action before. Null if it could not be read; the virtual machine is then not changed, and
        the task fails after it has changed the others.
      type: str
      sample: save
    result:
      description: V(compliant), V(changed), V(would_change) in check mode, or V(failed).
      type: str
      sample: changed
    msg:
      description: The error.
      returned: when failed
      type: str
unmatched:
  description: The names and wildcards in O(names) and O(exclude) that match no virtual machine.
  returned: when there are any
  type: list
  elements: str
  version_added: 1.1.0
  sample: [EX99]
changes:
  description:
    - What was changed, or in check mode would be changed, with C(label), C(thing) (the virtual machine), its C(id),
      C(setting) (V(offline_action)), C(before) and C(after).
    - C(after) is the value as read back, or in check mode the planned one. It is null if it is unknown.
  returned: when the cluster could be read
  type: list
  elements: dict
  version_added: 1.1.0
  sample:
    - label: EX01
      thing: EX01
      id: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB
      setting: offline_action
      before: save
      after: shut_down
left_alone:
  description:
    - What was not changed, because C(current), the current value, is not the one in O(expected), as C(label),
      C(expected), C(current) and C(reason).
  returned: when there are any
  type: list
  elements: dict
  version_added: 1.1.0
  sample:
    - {label: EX01, expected: shut_down, current: turn_off, reason: the current value is not the expected one}
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import selection, task
from ansible_collections.winha.cluster.plugins.module_utils._windows import properties, virtual_machine
from ansible_collections.winha.cluster.plugins.module_utils.errors import TimedOut
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Change, Plan, Step

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._windows.virtual_machine import VirtualMachine
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SPEC = {
    "action": {"type": "str", "choices": list(virtual_machine.OFFLINE_ACTION_NUMBERS), "default": "shut_down"},
    "names": {"type": "list", "elements": "str", "default": ["*"]},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "allow_no_match": {"type": "bool", "default": False},
    "machine_names": {"type": "dict", "default": {}},
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The selected virtual machines by name, and what was selected."""

    machines: t.Mapping[str, VirtualMachine]
    selected: selection.Selection[VirtualMachine]


def read(client: Client, options: task.Options) -> State:
    """Read the selected virtual machines of the cluster."""
    names = {str(number): str(name) for number, name in options["machine_names"].items()}
    machines = virtual_machine.read_virtual_machines(client, names)
    found = selection.select(machines, options, client.host, kind="clustered virtual machine of the cluster of")
    return State(machines={machine.name: machine for machine in found.chosen}, selected=found)


def plan(state: State, options: task.Options) -> Plan:
    """Plan one step for each virtual machine with a different offline action. One that is unknown is not changed."""
    wanted = options["action"]
    changes = (
        Change(
            label=name,
            before=machine.offline_action,
            after=wanted,
            details={"thing": name, "id": machine.id, "setting": "offline_action"},
        )
        for name, machine in state.machines.items()
        if not machine.problem and machine.offline_action != wanted
    )
    return Plan(
        title="Cluster-controlled offline action",
        steps=tuple(Step((change,)) for change in changes),
        unread={name: machine.problem for name, machine in state.machines.items() if machine.problem},
    )


def apply(client: Client, state: State, step: Step) -> Applied:
    """Set the offline action of one virtual machine by a Put and read it back; the control code had no effect."""
    (change,) = step.changes
    stored = virtual_machine.set_offline_action(client, state.machines[change.label], change.after)
    return Applied(values={change.label: virtual_machine.offline_action_of(stored.instance)}, reason=stored.reason)


def apply_together(client: Client, state: State, steps: t.Sequence[Step], progress: t.Callable[[str], None]) -> Applied:
    """Set the offline action of all virtual machines, one request each, and read all of them back at once.

    Without the permission, and after a request that timed out, no more requests are sent.
    """
    reason = ""
    for number, step in enumerate(steps, start=1):
        (change,) = step.changes
        progress(f"{client.host}: cluster-controlled offline action, {number} of {len(steps)}")
        problem = virtual_machine.send_offline_action(client, state.machines[change.label], change.after)
        reason = properties.denial(problem) if number == 1 else ""
        if reason or isinstance(problem, TimedOut):
            break
    now = {machine.resource: machine.offline_action for machine in virtual_machine.read_resources(client)}
    before = {change.label: change.before for step in steps for change in step.changes}
    # A virtual machine that is gone was not changed.
    values = {name: now.get(state.machines[name].resource, value) for name, value in before.items()}
    return Applied(values=values, reason=reason)


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return each virtual machine with the offline action before and now, and the result."""
    rows = []
    for name, machine in state.machines.items():
        row: dict[str, t.Any] = {
            "name": name,
            "id": machine.id,
            "name_known": machine.name_known,
            "resource": machine.resource,
            "before": machine.offline_action,
            "offline_action": outcome.now(name, machine.offline_action),
        }
        rows.append(row | outcome.result_of(name))
    return {"virtual_machines": rows, **state.selected.report()}


TASK = task.Task(spec=SPEC, read=read, plan=plan, apply=apply, apply_together=apply_together, report=report)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
