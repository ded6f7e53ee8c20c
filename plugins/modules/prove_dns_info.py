#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: prove_dns_info
short_description: Compare DNS servers with what this collection assumes
description:
  - Looks at the zones of some names, at all DNS servers of these zones, at what each of them returns, and whether each
    accepts a Kerberos ticket. The role P(winha.cluster.prove#role) uses it.
  - Nothing is written, and no update is sent.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  names:
    description:
      - The fully qualified names of clients whose records this collection is to change, such as those of a switchover.
        They need not exist.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - winha.cluster.dns
  - winha.cluster.attributes
  - winha.cluster.attributes.info
attributes:
  action_group:
    membership: [winha.cluster.all, winha.cluster.dns]
  connection:
    description:
      - The task connects to DNS servers, never to its Windows host. For a host with a C(winrm) or C(psrp) connection,
        it runs on the control node.
      - With any other connection it runs on that host as an ordinary module.
  platform:
    description: The DNS servers of the zones.
    platforms: windows
seealso:
  - module: winha.cluster.dns_address
  - module: winha.cluster.prove_directory_info
"""

EXAMPLES = r"""
- name: Compare the DNS servers of a zone with what the collection assumes
  winha.cluster.prove_dns_info:
    names: [mail.corp.example.com]
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
    - {point: dns.tickets, answer: confirmed, came: 2 servers accepted a ticket}
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._dns.service import ZONES
from ansible_collections.winha.cluster.plugins.module_utils._prove import looking

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._dns.session import DnsServers


def read(session: DnsServers, options: task.Options) -> dict[str, t.Any]:
    """Look at each point. Raises C(TaskError) without a name."""
    if not options["names"]:
        raise task.TaskError("names is empty. Set it to names of clients, such as mail.corp.example.com.")
    return {"answers": [dataclasses.asdict(one) for one in looking.look_at_name_servers(session, options["names"])]}


def report(state: dict[str, t.Any], outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the answers."""
    del outcome
    return state


TASK = task.Task(
    spec={"names": {"type": "list", "elements": "str", "required": True}}, read=read, report=report, service=ZONES
)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
