#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_offline_action
short_description: Set the cluster-controlled offline action of clustered virtual machines
description:
  - Sets what a failover cluster does to a virtual machine when its role is taken offline or moved without live
    migration, for all clustered virtual machines of the cluster that the host belongs to, or for some of them.
  - Exchange servers must not be saved and restored, so their virtual machines need V(shut_down); the default of Windows
    is V(save).
  - The setting does not touch live migration, quick migration or unplanned failover. It takes effect the next time the
    role goes offline; nothing is restarted.
  - One enumeration reads the whole cluster. Only what differs is written, and each write is read back.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  action:
    description:
      - What the cluster does to the virtual machine.
      - V(turn_off) cuts the power, V(save) saves the state to disk, V(shut_down) shuts the guest down through its
        integration services, V(shut_down_forced) does so without letting programs object.
    type: str
    choices: [turn_off, save, shut_down, shut_down_forced]
    default: shut_down
  names:
    description:
      - The virtual machines to set, by name or wildcard (V(*), V(?), V([ab])), without regard to case.
      - A name is compared with the name of the virtual machine, of its resource and of its role.
    type: list
    elements: str
    default: ['*']
  exclude:
    description: Virtual machines to leave alone, written as in O(names).
    type: list
    elements: str
    default: []
  allow_no_match:
    description: Whether a name or wildcard in O(names) may match nothing.
    type: bool
    default: false
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
seealso:
  - module: winha.cluster.cluster_info
notes:
  - The setting is per cluster, not per host. Run it on one node of each cluster, as the role
    P(winha.cluster.hyperv_cluster#role) does.
"""

EXAMPLES = r"""
- name: Shut every clustered virtual machine down instead of saving it
  winha.cluster.vm_offline_action:

- name: Only the Exchange servers, but not the one that is being rebuilt
  winha.cluster.vm_offline_action:
    names: ['EX*']
    exclude: [EX07]
    action: shut_down

- name: From a bastion host that reaches the cluster
  winha.cluster.vm_offline_action:
    host: hv01.corp.example.com
    username: svc-ansible@CORP.EXAMPLE.COM
    transport: kerberos
  delegate_to: bastion.corp.example.com
"""

RETURN = r"""
virtual_machines:
  description: The virtual machines that were meant, by name.
  returned: when the cluster could be read
  type: list
  elements: dict
  contains:
    name:
      description: Name of the virtual machine.
      type: str
      sample: EX01
    resource:
      description: Name of its cluster resource.
      type: str
      sample: Virtual Machine EX01
    offline_action:
      description: The offline action as it is now, or in check mode as it would be. Null if that is unknown.
      type: str
      sample: shut_down
    before:
      description: The offline action as it was.
      type: str
      sample: save
    result:
      description: V(compliant) when nothing was to do, V(changed), V(would_change) in check mode, or V(failed).
      type: str
      sample: changed
    msg:
      description: What went wrong.
      returned: when it failed
      type: str
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import virtual_machine
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Change, Plan, Step

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._windows.virtual_machine import VirtualMachine
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SPEC = {
    "action": {"type": "str", "choices": list(virtual_machine.OFFLINE_ACTION_NUMBERS), "default": "shut_down"},
    "names": {"type": "list", "elements": "str", "default": ["*"]},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "allow_no_match": {"type": "bool", "default": False},
}


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """The virtual machines that the task is about, by name."""

    machines: t.Mapping[str, VirtualMachine]


def read(client: Client, options: task.Options) -> State:
    """The virtual machines of the cluster that the names mean."""
    machines = virtual_machine.read_virtual_machines(client)
    return State({machine.name: machine for machine in select(machines, options, client.host)})


def select(machines: t.Sequence[VirtualMachine], options: task.Options, host: str) -> list[VirtualMachine]:
    """The machines that names and exclude mean. Raises C(TaskError) for a pattern that means none."""
    idle = [name for name in options["names"] if not any(machine.matches(name) for machine in machines)]
    if idle and not options["allow_no_match"]:
        known = ", ".join(machine.name for machine in machines[:10]) or "none"
        more = f" and {len(machines) - 10} more" if len(machines) > 10 else ""
        raise task.TaskError(
            f"No clustered virtual machine of the cluster of {host} matches {', '.join(idle)}; it has {known}{more}. "
            "Correct the names, or set allow_no_match if this is expected."
        )
    wanted = [machine for machine in machines if any(machine.matches(name) for name in options["names"])]
    return [machine for machine in wanted if not any(machine.matches(name) for name in options["exclude"])]


def plan(state: State, options: task.Options) -> Plan:
    """One step for each virtual machine whose offline action is another."""
    wanted = options["action"]
    changes = (
        Change(
            label=name,
            before=machine.offline_action,
            after=wanted,
            details={"thing": name, "setting": "offline_action"},
        )
        for name, machine in state.machines.items()
        if machine.offline_action != wanted
    )
    return Plan(title="Cluster-controlled offline action", steps=tuple(Step((change,)) for change in changes))


def apply(client: Client, state: State, step: Step) -> Applied:
    """Set one virtual machine's offline action and read it back."""
    (change,) = step.changes
    stored = virtual_machine.set_offline_action(client, state.machines[change.label], change.after)
    return Applied(values={change.label: virtual_machine.offline_action_of(stored.instance)}, reason=stored.reason)


def apply_together(
    client: Client, state: State, steps: t.Sequence[Step], progress: t.Callable[[str], None]
) -> dict[str, str]:
    """Set the offline action of all virtual machines, one request each, and read all of them back at once."""
    for number, step in enumerate(steps, start=1):
        (change,) = step.changes
        progress(f"{client.host}: cluster-controlled offline action, {number} of {len(steps)}")
        virtual_machine.send_offline_action(client, state.machines[change.label], change.after)
    now = {machine.resource: machine.offline_action for machine in virtual_machine.read_virtual_machines(client)}
    before = {change.label: change.before for step in steps for change in step.changes}
    # A virtual machine that is gone was not changed.
    return {name: now.get(state.machines[name].resource, value) for name, value in before.items()}


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Each virtual machine with what it was, what it is, and what became of it."""
    rows = []
    for name, machine in state.machines.items():
        row = {"name": name, "resource": machine.resource, "before": machine.offline_action}
        row["offline_action"] = outcome.now(name, machine.offline_action)
        rows.append(row | outcome.result_of(name))
    return {"virtual_machines": rows}


TASK = task.Task(spec=SPEC, read=read, plan=plan, apply=apply, apply_together=apply_together, report=report)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
