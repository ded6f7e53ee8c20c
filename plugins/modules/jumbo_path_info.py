#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: jumbo_path_info
short_description: Test whether the paths between cluster nodes support jumbo frames
description:
  - The host sends unfragmented echo requests (ping) with the wanted MTU and with 1500, to the other nodes on the
    live-migration networks or to given addresses.
  - If only the large echo request gets no reply, the path does not support jumbo frames, for example because of a
    switch. If both get no reply, the result is unknown.
  - Run it on all nodes to test all paths.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  mtu:
    description: The MTU that the path should support, in bytes.
    type: int
    default: 9000
  targets:
    description:
      - The addresses to test. The default is the addresses of the other nodes on the live-migration networks.
    type: list
    elements: str
  cluster_network:
    description: The cluster network to test instead of the live-migration networks.
    type: str
  nodes:
    description: Names of the nodes to test. The default is all other nodes.
    type: list
    elements: str
  timeout_ms:
    description: Milliseconds to wait for each reply.
    type: int
    default: 2000
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
  - winha.cluster.attributes
  - winha.cluster.attributes.info
notes:
  - Windows selects the source address by its routes, so a target should be on a directly connected subnet.
seealso:
  - module: winha.cluster.net_adapter
"""

EXAMPLES = r"""
- name: Test all paths
  winha.cluster.jumbo_path_info:
  register: paths

- name: Show the paths that do not pass
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
      description: The node that sent the echo requests.
      type: str
      sample: HV01
    target:
      description: The node that should reply, or the given address.
      type: str
      sample: HV02
    address:
      description: The tested address.
      type: str
      sample: 10.0.2.12
    network:
      description: The cluster network. Null for a given address.
      type: str
      sample: LiveMigration
    mtu:
      description: The wanted MTU in bytes.
      type: int
      sample: 9000
    payload:
      description:
        - The number of bytes in the echo request with the wanted MTU, as ping -l takes it. The headers need 28 bytes
          over IPv4 and 48 bytes over IPv6.
      type: int
      version_added: 1.1.0
      sample: 8972
    jumbo:
      description: The result with the wanted MTU, V(passes), V(too_big), V(no_answer) or V(unknown).
      type: str
      sample: no_answer
    standard:
      description: The result with an MTU of 1500. It is only tested where the wanted MTU does not pass.
      type: str
      sample: passes
    verdict:
      description: The result for the path, V(passes), V(fails) or V(unknown).
      type: str
      sample: fails
    msg:
      description: The reason, with source and target. Empty if the path passes.
      type: str
unknown:
  description:
    - The paths that could not be tested, as C(what) and C(why). Their verdict is V(unknown). If no path could be
      tested, the task fails.
  returned: success
  type: list
  elements: dict
  version_added: 1.1.0
  sample: []
"""

import dataclasses
import functools
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import cluster, path
from ansible_collections.winha.cluster.plugins.module_utils._windows.unknown import Unknown, attempt
from ansible_collections.winha.cluster.plugins.module_utils.identity import node_key

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SPEC: dict[str, dict[str, t.Any]] = {
    "mtu": {"type": "int", "default": 9000},
    "targets": {"type": "list", "elements": "str"},
    "cluster_network": {"type": "str"},
    "nodes": {"type": "list", "elements": "str"},
    "timeout_ms": {"type": "int", "default": 2000},
}


def read(client: Client, options: task.Options) -> dict[str, t.Any]:
    """Test the path to each address. One that could not be tested is unknown with the reason."""
    if not 576 <= options["mtu"] <= 65535:
        raise task.TaskError(f"mtu {options['mtu']} is out of range: valid values are 576 to 65535.")
    paths: list[tuple[str, str, str, str | None]]
    if options["targets"]:
        paths = [(client.host, target, target, None) for target in options["targets"]]
    else:
        paths = _paths_to_nodes(client, options)
    rows = []
    reasons: list[Unknown] = []
    addresses = [address for _source, _target, address, _network in paths]
    replies = path.read_replies(client, addresses, mtu=options["mtu"], timeout_ms=options["timeout_ms"])
    for source, target, address, network in paths:
        read_path = functools.partial(
            path.read_path, client, address, mtu=options["mtu"], timeout_ms=options["timeout_ms"], replies=replies
        )
        before = len(reasons)
        found = attempt(f"the path from {source} to {target}", read_path, reasons)
        why = reasons[-1].why if len(reasons) > before else ""
        found = found or path.Path(jumbo="unknown", standard="unknown")
        rows.append(
            {
                "source": source,
                "target": target,
                "address": address,
                "network": network,
                "mtu": options["mtu"],
                "payload": found.payload,
                "jumbo": found.jumbo,
                "standard": found.standard,
                "verdict": found.verdict,
                "msg": why or found.reason(source, target, options["mtu"]),
            }
        )
    if paths and len(reasons) == len(paths):
        raise task.TaskError(" ".join(dict.fromkeys(one.why for one in reasons)))
    return {"paths": rows, "unknown": [dataclasses.asdict(one) for one in reasons]}


def _paths_to_nodes(client: Client, options: task.Options) -> list[tuple[str, str, str, str | None]]:
    """List source, target, address and network of each path to another node."""
    networks = cluster.read_networks(client)
    selected = cluster.read_selected_networks(client, networks, options["cluster_network"])
    own = cluster.read_own_node_name(client)
    interfaces = cluster.read_interfaces(client)
    known = {node_key(interface.node): interface.node for interface in interfaces}
    only = {node_key(name): name for name in options["nodes"] or []}
    unknown = [name for folded, name in only.items() if folded not in known]
    if unknown:
        names = ", ".join(sorted(known.values()))
        raise task.TaskError(f"The cluster of {client.host} has no node {', '.join(unknown)}; it has {names}.")
    return [
        (own.upper(), interface.node.upper(), interface.address, interface.network)
        for interface in interfaces
        if interface.network in selected
        and interface.address
        and node_key(interface.node) != node_key(own)
        and (options["nodes"] is None or node_key(interface.node) in only)
    ]


def report(state: dict[str, t.Any], outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the results of the paths."""
    return state


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
