#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: prove_directory_info
short_description: Compare Active Directory with what this collection assumes
description:
  - Looks at the naming contexts, the domain controllers, the global catalog, the attributes in the schema, and the
    objects of Exchange that this collection relies on. The role P(winha.cluster.prove#role) uses it.
  - Nothing is written.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
extends_documentation_fragment:
  - winha.cluster.directory
  - winha.cluster.attributes
  - winha.cluster.attributes.info
  - winha.cluster.attributes.directory
requirements:
  - cryptography >= 42 on the machine that the task runs on, to read the certificates of federation trusts
seealso:
  - module: winha.cluster.prove_host_info
"""

EXAMPLES = r"""
- name: Compare the forest with what the collection assumes
  winha.cluster.prove_directory_info:
    domain: corp.example.com
  delegate_to: localhost
  register: proof
"""

RETURN = r"""
release:
  description: The release of Windows Server of the domain controller; an empty text if it is none of Windows Server.
  returned: success
  type: str
  sample: '2022'
answers:
  description: The answer to each point, as in M(winha.cluster.prove_host_info).
  returned: success
  type: list
  elements: dict
  sample:
    - {point: directory.root, answer: confirmed, came: dc1.corp.example.com}
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import directory, task
from ansible_collections.winha.cluster.plugins.module_utils._prove import looking

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._directory.session import Directory


def read(session: Directory, options: task.Options) -> dict[str, t.Any]:
    """Look at each point."""
    release = looking.release_of_controller(session)
    return {"release": release, "answers": [dataclasses.asdict(one) for one in looking.look_at_forest(session)]}


def report(state: dict[str, t.Any], outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the answers."""
    return state


TASK = task.Task(spec={}, read=read, report=report, service=directory.DIRECTORY)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
