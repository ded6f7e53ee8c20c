#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: prove_host_info
short_description: Compare a Windows host with what this collection assumes
description:
  - Goes through each class, column, query and fault that this collection relies on, and looks at how this host answers.
    The points are those of the table in C(docs/proved.md). The role P(winha.cluster.prove#role) uses it.
  - Each class is read once, with the columns that the collection uses. If the host takes its time, up to four
    connections are used. Event channels are read last.
  - Nothing is written. Some requests are for things that are not there, to see the fault.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  dag_member:
    description: Whether the host is a DAG member, so that the event channel of Exchange must be there.
    type: bool
    default: false
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
  - winha.cluster.attributes
  - winha.cluster.attributes.info
seealso:
  - module: winha.cluster.prove_directory_info
  - module: winha.cluster.prove_writes
"""

EXAMPLES = r"""
- name: Compare a host with what the collection assumes
  winha.cluster.prove_host_info:
  register: proof

- name: Show what is different
  ansible.builtin.debug:
    msg: "{{ proof.answers | selectattr('answer', 'equalto', 'different') }}"
"""

RETURN = r"""
release:
  description: The release of Windows Server.
  returned: success
  type: str
  sample: '2022'
answers:
  description: The answer to each point.
  returned: success
  type: list
  elements: dict
  contains:
    point:
      description: The id of the point.
      type: str
      sample: cluster.nodes
    answer:
      description:
        - V(confirmed), V(different), or V(not_there) where the host has nothing to look at.
        - V(not_allowed) if the account may not read it, and V(not_looked_at) if something prevented the look.
      type: str
      sample: confirmed
    came:
      description: What came, or why nothing came.
      type: str
      sample: 2 instances
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._prove import looking
from ansible_collections.winha.cluster.plugins.module_utils.connection import WINDOWS_VISIT

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SPEC: dict[str, dict[str, t.Any]] = {"dag_member": {"type": "bool", "default": False}}


def read(client: Client, options: task.Options) -> dict[str, t.Any]:
    """Look at each point."""
    release, answers = looking.look_at_host(client, dag_member=options["dag_member"])
    return {"release": release, "answers": [dataclasses.asdict(one) for one in answers]}


def report(state: dict[str, t.Any], outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the answers."""
    return state


TASK = task.Task(spec=SPEC, read=read, report=report, service=WINDOWS_VISIT)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
