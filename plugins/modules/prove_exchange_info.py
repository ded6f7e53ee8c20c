#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: prove_exchange_info
short_description: Compare the PowerShell endpoint of Exchange with what this collection assumes
description:
  - Runs the cmdlets with which this collection reads Exchange's own settings, and looks at the properties of what they
    return and at how Exchange refuses. The role P(winha.cluster.prove#role) uses it.
  - Nothing is written. The session sends only cmdlets with the verb Get. Some are for things that are not there, to see
    the error.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
extends_documentation_fragment:
  - winha.cluster.exchange_shell
  - winha.cluster.attributes
  - winha.cluster.attributes.info
  - winha.cluster.attributes.exchange_shell
seealso:
  - module: winha.cluster.exchange_service_account
  - module: winha.cluster.prove_directory_info
"""

EXAMPLES = r"""
- name: Compare an Exchange server with what the collection assumes
  winha.cluster.prove_exchange_info:
    server: ex1.corp.example.com
  delegate_to: localhost
  register: proof
"""

RETURN = r"""
answers:
  description: The answer to each point, as in M(winha.cluster.prove_host_info).
  returned: success
  type: list
  elements: dict
  sample:
    - {point: shell.server, answer: confirmed, came: 15.2.1544.11}
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._prove import looking
from ansible_collections.winha.cluster.plugins.module_utils.exchange_shell import EXCHANGE

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._psrp.port import Shell


def read(shell: Shell, options: task.Options) -> dict[str, t.Any]:
    """Look at each point."""
    del options
    return {"answers": [dataclasses.asdict(one) for one in looking.look_at_shell(shell)]}


def report(state: dict[str, t.Any], outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the answers."""
    del outcome
    return state


TASK = task.Task(spec={}, read=read, report=report, service=EXCHANGE)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
