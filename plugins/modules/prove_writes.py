#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: prove_writes
short_description: Write to one clustered virtual machine what it already has
description:
  - Sends the writes that M(winha.cluster.vm_offline_action) sends, with the value that the virtual machine already has,
    and reads it again after each one. The role P(winha.cluster.prove#role) uses it.
  - First a control code validates the value and stores nothing. Then a control code stores it, and a Put sends all
    private properties as they were read.
  - A virtual machine without a value of its own is only validated, because storing a value would be a change.
  - The task fails if the value is another one afterwards.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  virtual_machine:
    description: The name of the virtual machine, or its id, or the name of its cluster resource. Not a wildcard.
    type: str
    required: true
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
  - winha.cluster.attributes
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would change without writing anything.
    support: full
    details: In check mode the value is only validated.
  diff_mode:
    description: Returns what changed, or in check mode would change, in C(diff_mode).
    support: full
    details: Nothing is to change.
  idempotent:
    description: When run again without changes in between, nothing is written and RV(ignore:changed) is V(false).
    support: full
    details: The value that is there is written again, so nothing changes.
seealso:
  - module: winha.cluster.prove_host_info
  - module: winha.cluster.vm_offline_action
"""

EXAMPLES = r"""
- name: Look at how a write is answered
  winha.cluster.prove_writes:
    virtual_machine: TEST01
"""

RETURN = r"""
virtual_machine:
  description: The virtual machine, its offline action, and the other one that the role uses to change it once.
  returned: success
  type: dict
  sample:
    name: TEST01
    id: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB
    resource: Virtual Machine TEST01
    offline_action: save
    other_action: shut_down
answers:
  description: The answer to each point, as in M(winha.cluster.prove_host_info).
  returned: when the virtual machine was found
  type: list
  elements: dict
  sample:
    - {point: write.validate, answer: confirmed, came: OfflineAction 1 is valid}
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._prove import writes
from ansible_collections.winha.cluster.plugins.module_utils._windows import virtual_machine
from ansible_collections.winha.cluster.plugins.module_utils.selection import same

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._windows.virtual_machine import VirtualMachine
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SPEC: dict[str, dict[str, t.Any]] = {"virtual_machine": {"type": "str", "required": True}}
State = tuple["VirtualMachine", writes.Written]


def read(client: Client, options: task.Options) -> State:
    """Find the virtual machine, and write what it has."""
    name = options["virtual_machine"]
    found = same(virtual_machine.read_virtual_machines(client), name)
    if len(found) != 1:
        raise task.TaskError(
            f"{'No' if not found else len(found)} clustered virtual machine of the cluster of {client.host} is {name}. "
            "Nothing was written. Set virtual_machine to the name that Hyper-V Manager shows, or to the id."
        )
    if found[0].problem:
        raise task.TaskError(f"Nothing was written. {found[0].problem}")
    return found[0], writes.write_unchanged(client, found[0])


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the answers. It is a failure if a write changed something."""
    machine, written = state
    action = str(machine.offline_action)
    result: dict[str, t.Any] = {
        "virtual_machine": {
            "name": machine.name,
            "id": machine.id,
            "resource": machine.resource,
            "offline_action": action,
            "other_action": writes.other_action(action),
        },
        "answers": [dataclasses.asdict(one) for one in written.answers],
    }
    if written.changed is False:
        return result
    came = written.answers[-1].came
    known = "is not known now" if written.changed is None else "is another one now"
    return result | {
        "changed": True,
        "failed": True,
        "msg": f"The offline action of {machine.name} was {action} and {known}: {came}. Set it to {action}.",
    }


TASK = task.Task(spec=SPEC, read=read, report=report)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
