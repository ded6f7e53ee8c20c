#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_settings
short_description: Set automatic stop action, checkpoint type and memory of virtual machines
description:
  - Sets settings that Hyper-V keeps for the virtual machines on this host, clustered or not.
  - Windows changes the automatic stop action and the memory only while a virtual machine is off. The module shuts
    nothing down. A change for a virtual machine that is not off is left alone and returned in RV(left_alone). Shut the
    virtual machine down and run the task again.
  - Only different values are written, and each write is read back.
  - Needs Windows Server 2012 or later.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  names:
    description:
      - Names or wildcards (V(*), V(?), V([ab])) of the virtual machines, or their ids. Case is ignored. A name that is
        there is not a wildcard.
      - Only virtual machines that are on this host now are found.
    type: list
    elements: str
    required: true
  exclude:
    description: Names or wildcards of virtual machines that are not changed, as in O(names).
    type: list
    elements: str
    default: []
  allow_no_match:
    description: Whether a name or wildcard in O(names) may match no virtual machine, for example because it is on
      another node now.
    type: bool
    default: false
  automatic_stop_action:
    description:
      - What Hyper-V does with the virtual machine when the host shuts down. V(shut_down) needs the integration service
        "Operating system shutdown".
      - For what the cluster does with it, see M(winha.cluster.vm_offline_action).
    type: str
    choices: [turn_off, save, shut_down]
  checkpoint_type:
    description:
      - The checkpoints that may be made. V(disabled) forbids them. V(production) uses backup in the guest operating
        system, and else a standard checkpoint. Existing checkpoints stay.
      - Not before Windows Server 2016.
    type: str
    choices: [disabled, production, production_only, standard]
  dynamic_memory:
    description:
      - Whether Hyper-V may change the memory of the running virtual machine. Exchange does not support this.
      - Without dynamic memory the virtual machine has only its startup memory. A virtual machine whose dynamic memory
        is to be switched off is left alone, unless O(startup_memory_mb) is set.
    type: bool
  startup_memory_mb:
    description: The memory at startup in MB; without dynamic memory, all of its memory. An even number.
    type: int
  minimum_memory_mb:
    description: The least memory of a virtual machine with dynamic memory, in MB. An even number.
    type: int
  maximum_memory_mb:
    description: The most memory of a virtual machine with dynamic memory, in MB. An even number.
    type: int
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
seealso:
  - module: winha.cluster.host_info
  - module: winha.cluster.vm_offline_action
notes:
  - A clustered virtual machine takes its settings along when it moves. Run the module on all nodes, with
    O(allow_no_match=true), as the role P(winha.cluster.hyperv_cluster#role) does.
"""

EXAMPLES = r"""
- name: Shut the Exchange servers down when their host shuts down, and forbid checkpoints
  winha.cluster.vm_settings:
    names: ['EX*']
    automatic_stop_action: shut_down
    checkpoint_type: disabled

- name: Give an Exchange server, which was shut down before, 64 GB of static memory
  winha.cluster.vm_settings:
    names: [EX01]
    dynamic_memory: false
    startup_memory_mb: 65536
"""

RETURN = r"""
settings:
  description: Each setting of each selected virtual machine, sorted by name.
  returned: when the virtual machines could be read
  type: list
  elements: dict
  contains:
    name:
      description: Name of the virtual machine; with its id, if another one on this host has the same name.
      type: str
      sample: EX01
    id:
      description: Id of the virtual machine in Hyper-V.
      type: str
      sample: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB
    state:
      description: The state of the virtual machine when the task began.
      type: str
      sample: 'off'
    setting:
      description: The name of the option.
      type: str
      sample: automatic_stop_action
    wanted:
      description: The wanted value.
      type: raw
      sample: shut_down
    before:
      description: The value before. Null if it could not be read.
      type: raw
      sample: save
    now:
      description: The value now, or in check mode the planned one. Null if it is unknown.
      type: raw
      sample: shut_down
    result:
      description: V(compliant), V(changed), V(would_change) in check mode, V(left_alone), or V(failed).
      type: str
      sample: changed
    msg:
      description: The error, or why it was left alone.
      returned: when failed or left alone
      type: str
      sample: Windows changes it only while the virtual machine is off, and EX01 is running. Shut it down and run this
        task again.
matched:
  description: The names and wildcards in O(names) that match a virtual machine on this host.
  returned: when the virtual machines could be read
  type: list
  elements: str
  sample: ['EX*']
unmatched:
  description: The names and wildcards in O(names) and O(exclude) that match no virtual machine on this host.
  returned: when there are any
  type: list
  elements: str
  sample: [EX99]
changes:
  description:
    - What was changed, or in check mode would be changed, with C(label), C(thing) (the virtual machine), its C(id),
      C(setting), C(before) and C(after).
    - C(after) is the value as read back, or in check mode the planned one. It is null if it is unknown.
  returned: when the virtual machines could be read
  type: list
  elements: dict
  sample:
    - label: EX01 automatic_stop_action
      thing: EX01
      id: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB
      setting: automatic_stop_action
      before: save
      after: shut_down
left_alone:
  description:
    - What was not changed, with C(label), C(wanted) or C(expected), C(current) and C(reason).
    - C(waits_for) is V(shutdown) if the change needs a shutdown of the virtual machine.
  returned: when there are any
  type: list
  elements: dict
  sample:
    - label: EX01 automatic_stop_action
      thing: EX01
      id: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB
      setting: automatic_stop_action
      wanted: shut_down
      current: save
      waits_for: shutdown
      reason: Windows changes it only while the virtual machine is off, and EX01 is running. Shut it down and run this
        task again
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import selection, task, wanted
from ansible_collections.winha.cluster.plugins.module_utils._windows import vm_settings
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Plan, Step
from ansible_collections.winha.cluster.plugins.module_utils.wanted import Wanted

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._windows.vm_settings import Machine
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SETTINGS = (*vm_settings.OF_SYSTEM, *vm_settings.OF_MEMORY)
SPEC: dict[str, dict[str, t.Any]] = {
    "names": {"type": "list", "elements": "str", "required": True},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "allow_no_match": {"type": "bool", "default": False},
    "automatic_stop_action": {"type": "str", "choices": list(vm_settings.STOP_ACTION_NUMBERS)},
    "checkpoint_type": {"type": "str", "choices": list(vm_settings.CHECKPOINT_NUMBERS)},
    "dynamic_memory": {"type": "bool"},
    "startup_memory_mb": {"type": "int"},
    "minimum_memory_mb": {"type": "int"},
    "maximum_memory_mb": {"type": "int"},
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The settings of the selected virtual machines, and what was selected."""

    rows: tuple[Wanted[Machine], ...]
    selected: selection.Selection[Machine]


def read(client: Client, options: task.Options) -> State:
    """Read the selected virtual machines. Raises C(TaskError) for a value that they cannot have."""
    memory = any(options[name] is not None for name in vm_settings.OF_MEMORY)
    try:
        machines = vm_settings.read_machines(client, memory=memory)
    except vm_settings.BeforeWindows2012 as exc:
        raise task.TaskError(
            f"{exc} vm_settings needs Windows Server 2012 or later. Change the settings in Hyper-V Manager."
        ) from exc
    found = selection.select(machines, options, client.host, kind="virtual machine of")
    if options["checkpoint_type"] and any(
        machine.settings.get("checkpoint_type") is None and not machine.problem for machine in found.chosen
    ):
        raise task.TaskError(
            f"Hyper-V of {client.host} has no checkpoint type (before Windows Server 2016). Remove the option for this "
            "host. Nothing was written."
        )
    return State(rows=tuple(row for one in found.chosen for row in _rows(one, options, memory=memory)), selected=found)


def plan(state: State, _options: task.Options) -> Plan:
    """Plan at most two requests for each virtual machine: one for its settings, and one for its memory."""
    return wanted.plan("Settings of virtual machines", state.rows)


def apply(client: Client, state: State, step: Step) -> Applied:
    """Write one step with one request, wait for its end and read it back."""
    machine, values, labels = wanted.of_step(state.rows, step)
    now, reason = vm_settings.write(client, machine, values)
    return Applied(values={label: now[setting] for setting, label in labels.items()}, reason=reason)


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return each setting before and now, and the result."""
    waiting = dict.fromkeys(row.name for row in state.rows if row.differs and row.waits_for)
    found = {
        "settings": wanted.report(state.rows, outcome),
        "matched": list(state.selected.matched),
        **state.selected.report(),
    }
    if waiting:
        text = f"Not changed until the virtual machine is off: {', '.join(waiting)}. See left_alone in the result."
        found["warnings"] = [*found.get("warnings", ()), text]
    return found


def _rows(machine: Machine, options: task.Options, *, memory: bool) -> t.Iterator[Wanted[Machine]]:
    values = {name: options[name] for name in vm_settings.OF_SYSTEM if options[name] is not None}
    unclear = ""
    if memory and machine.problem:
        values |= {name: options[name] for name in vm_settings.OF_MEMORY if options[name] is not None}
    elif memory:
        try:
            values |= vm_settings.wanted_memory(machine, options)
        except vm_settings.WantedMemoryError as exc:
            raise task.TaskError(f"The memory of {machine.name} cannot be set: {exc}. Nothing was written.") from exc
        if vm_settings.keeps_only_startup(machine, options):
            startup = machine.settings["startup_memory_mb"]
            unclear = (
                f"Without dynamic memory {machine.name} would have only its startup memory, {startup} MB. Set "
                "startup_memory_mb"
            )
    for setting, value in values.items():
        of_memory = setting in vm_settings.OF_MEMORY
        reason = unclear if of_memory else ""
        waits = not reason and machine.state != "off" and setting not in vm_settings.WHILE_RUNNING
        if waits:
            first = {"saved": "Start it and shut", "paused": "Resume it and shut"}.get(machine.state, "Shut")
            reason = (
                f"Windows changes it only while the virtual machine is off, and {machine.name} is {machine.state}. "
                f"{first} it down and run this task again"
            )
        if options[setting] is None and (reason or machine.settings.get(setting) == value):
            continue  # it only follows from the others
        yield Wanted(
            thing=machine,
            name=machine.name,
            id=machine.id,
            setting=setting,
            before=None if machine.problem else machine.settings.get(setting),
            after=value,
            request=f"{machine.id} {of_memory}",
            columns={"state": machine.state},
            reason=reason,
            waits_for=wanted.SHUTDOWN if waits else "",
            problem=machine.problem,
        )


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
