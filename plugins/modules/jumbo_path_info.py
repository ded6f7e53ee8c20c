#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: jumbo_path_info
short_description: Find out whether the paths between cluster nodes carry jumbo frames
description:
  - Lets a host send echo requests that must not be fragmented, at the wanted MTU and at 1500, to the addresses of the
    other nodes on the live-migration networks, or to addresses that are given.
  - When the large one gets no answer and the standard one does, it is the path that does not carry jumbo frames, for
    example a switch. When neither is answered, nothing is known.
  - Run it on all nodes to get the whole matrix.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  mtu:
    description: The size of an IP packet that the path should carry, in octets.
    type: int
    default: 9000
  targets:
    description:
      - Addresses to reach. By default those of the other nodes on the networks that live migration may use.
    type: list
    elements: str
  cluster_network:
    description: The cluster network to try instead of those for live migration.
    type: str
  nodes:
    description: Only reach these nodes, by name.
    type: list
    elements: str
  timeout_ms:
    description: Milliseconds to wait for each answer.
    type: int
    default: 2000
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.attributes
  - winha.cluster.attributes.info
notes:
  - Windows chooses the sending address by its routes, so a target should be on a subnet of its own.
seealso:
  - module: winha.cluster.net_adapter
"""

EXAMPLES = r"""
- name: The whole matrix
  winha.cluster.jumbo_path_info:
  register: paths

- name: Only say what does not pass
  ansible.builtin.debug:
    msg: "{{ paths.paths | rejectattr('verdict', 'eq', 'passes') | map(attribute='msg') }}"
"""

RETURN = r"""
paths:
  description: One row for each address.
  returned: success
  type: list
  elements: dict
  contains:
    source:
      description: The node that sent.
      type: str
      sample: HV01
    target:
      description: The node that should answer, or the address that was given.
      type: str
      sample: HV02
    address:
      description: The address that was tried.
      type: str
      sample: 10.0.2.12
    network:
      description: The cluster network; null for an address that was given.
      type: str
      sample: LiveMigration
    mtu:
      description: The size that was wanted, in octets.
      type: int
      sample: 9000
    jumbo:
      description: V(passes), V(too_big), V(no_answer) or V(unknown) at the wanted MTU.
      type: str
      sample: no_answer
    standard:
      description: The same at 1500.
      type: str
      sample: passes
    verdict:
      description: V(passes), V(fails) or V(unknown).
      type: str
      sample: fails
    msg:
      description: What that means, with both ends; empty when it passes.
      type: str
"""

import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import cluster, path

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SPEC: dict[str, dict[str, t.Any]] = {
    "mtu": {"type": "int", "default": 9000},
    "targets": {"type": "list", "elements": "str"},
    "cluster_network": {"type": "str"},
    "nodes": {"type": "list", "elements": "str"},
    "timeout_ms": {"type": "int", "default": 2000},
}


def read(client: Client, options: task.Options) -> list[dict[str, t.Any]]:
    """One row for each address."""
    if not 576 <= options["mtu"] <= 65535:
        raise task.TaskError(f"mtu {options['mtu']} is out of range: an IP packet has 576 to 65535 octets.")
    ends: list[tuple[str, str, str, str | None]]
    if options["targets"]:
        ends = [(client.host, target, target, None) for target in options["targets"]]
    else:
        ends = _ends(client, options)
    rows = []
    for source, target, address, network in ends:
        found = path.read_path(client, address, mtu=options["mtu"], timeout_ms=options["timeout_ms"])
        rows.append(
            {
                "source": source,
                "target": target,
                "address": address,
                "network": network,
                "mtu": options["mtu"],
                "jumbo": found.jumbo,
                "standard": found.standard,
                "verdict": found.verdict,
                "msg": found.reason(source, target, options["mtu"]),
            }
        )
    return rows


def _ends(client: Client, options: task.Options) -> list[tuple[str, str, str, str | None]]:
    """Source, target, address and network of each path to another node."""
    networks = cluster.read_networks(client)
    meant = cluster.read_selected_networks(client, networks, options["cluster_network"])
    own = cluster.read_own_node_name(client)
    interfaces = cluster.read_interfaces(client)
    known = {interface.node.casefold(): interface.node for interface in interfaces}
    only = {name.casefold(): name for name in options["nodes"] or []}
    strange = [name for folded, name in only.items() if folded not in known]
    if strange:
        names = ", ".join(sorted(known.values()))
        raise task.TaskError(f"The cluster of {client.host} has no node {', '.join(strange)}; it has {names}.")
    return [
        (own.upper(), interface.node.upper(), interface.address, interface.network)
        for interface in interfaces
        if interface.network in meant
        and interface.address
        and interface.node.casefold() != own.casefold()
        and (options["nodes"] is None or interface.node.casefold() in only)
    ]


def report(state: list[dict[str, t.Any]], outcome: task.Outcome) -> dict[str, t.Any]:
    """What was read is what is returned."""
    return {"paths": state}


TASK = task.Task(
    spec=SPEC,
    read=read,
    report=report,
    rules={"mutually_exclusive": [["targets", "cluster_network"], ["targets", "nodes"]]},
)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
