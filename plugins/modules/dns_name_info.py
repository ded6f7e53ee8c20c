#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_name_info
short_description: Resolve the names of load-balanced services
description:
  - Resolves names with DNS. Returns the addresses, whether the name is an alias, the time to live (TTL), and whether
    TCP ports are open on the addresses.
  - Use it for CAS arrays and other load-balanced names. Such a name should have an address record with a virtual IP
    that accepts connections, and a TTL that is short enough for a datacenter switchover.
  - It only queries DNS servers. It ignores the hosts file and the DNS cache of the machine.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  names:
    description:
      - The fully qualified names. No DNS suffix is added, so V(outlook) is the top-level name C(outlook.).
      - A name with non-ASCII characters is converted with IDNA 2003. If that is wrong, for example for a sharp s, give
        the V(xn--) form.
      - A text that is not a host name is returned as unknown, with the reason.
    type: list
    elements: str
    required: true
  ports:
    description:
      - The TCP ports to check on each address. The task connects, sends nothing, and closes the connection, unless
        O(services) is V(true).
      - For a CAS array of Exchange 2010, use V(135) and the static ports of RPC Client Access and the Address Book, if
        there are any. For web names, use V(443).
    type: list
    elements: int
    default: []
  endpoints:
    description:
      - More addresses and TCP ports to check, as V(10.2.0.10:443) or V([2001:db8::10]:443), whatever the names resolve
        to. For example, the addresses that a name gets in a switchover.
      - V([]) for O(names) checks only these.
    type: list
    elements: str
    default: []
    version_added: 1.1.0
  services:
    description:
      - Whether to test the service behind a port too. On port 443 this is HTTPS, with a request for C(/) without
        credentials; the certificate is not verified. On port 135 it is the RPC endpoint mapper, with a binding without
        credentials. Other ports have no test.
      - A load balancer can accept connections although no server behind it responds.
    type: bool
    default: false
    version_added: 1.1.0
  service_names:
    description:
      - The name by which clients call the service of an endpoint, for O(services). Each key is one of O(endpoints).
      - It is sent as the server name in TLS and as the host in HTTP, because a load balancer can need it. The default
        is the address.
    type: dict
    default: {}
    version_added: 1.1.0
  dns_servers:
    description:
      - The IP addresses of the DNS servers. A port can follow after a colon, as in V(192.0.2.53:5353) or
        V([2001:db8::53]:5353).
      - If a server does not respond, the next one is used. If a server responds that the name does not exist, no other
        server is used.
      - The default is the value of the environment variable E(WINHA_DNS_SERVERS), separated by commas, otherwise the
        DNS servers of the machine.
    type: list
    elements: str
  timeout:
    description:
      - Time limit for one query to all its servers together, and for one connection, in seconds.
      - Up to 16 queries or connections run at the same time.
    type: int
    default: 5
extends_documentation_fragment:
  - winha.cluster.attributes
  - winha.cluster.attributes.info
attributes:
  connection:
    description:
      - The task connects to DNS servers and to the ports, never to its Windows host. For a host with a C(winrm) or
        C(psrp) connection, it runs on the control node.
      - With any other connection it runs on that host as an ordinary module. The results depend on the network
        location, so delegate the task to a machine in the network of the clients.
  delegation:
    description:
      - Can be used with C(delegate_to). If the delegate has no C(winrm) or C(psrp) connection, the task runs on it.
  become:
    description:
      - Supports C(become), but needs no privileges. On a C(winrm) or C(psrp) host, a task with C(become) fails.
  platform:
    description: The machine that runs the task. The DNS servers and the hosts with the ports can run any platform.
    platforms: posix
requirements:
  - dnspython >= 2.4 on the machine that the task runs on
notes:
  - One query is sent for each name and record type, by UDP, and by TCP if the response is too long. It is repeated only
    if it is lost.
  - The name of a CAS array should exist in the internal DNS only. Run the task again with O(dns_servers) set to
    external servers to check that the name is V(missing) there.
seealso:
  - module: winha.cluster.exchange_info
"""

EXAMPLES = r"""
- name: Resolve the CAS arrays of both datacenters from a client
  winha.cluster.dns_name_info:
    names: [outlook-east.corp.example.com, outlook-west.corp.example.com]
    ports: [135, 443]
  register: arrays
  delegate_to: client01.corp.example.com

- name: Check that the names are address records of the virtual IPs, and that the ports are open
  ansible.builtin.assert:
    that:
      - item.unknown is none
      - item.kind == 'address'
      - item.addresses is subset(['10.1.0.10', '10.2.0.10'])
      - item.answers | rejectattr('open', 'eq', true) | length == 0
  loop: "{{ arrays.names }}"
  loop_control:
    label: "{{ item.name }}"

- name: Read the time to live from a domain controller that has the zone
  winha.cluster.dns_name_info:
    names: [outlook-east.corp.example.com]
    dns_servers: [10.1.0.1]
  register: zone
  delegate_to: localhost
  failed_when: zone.names[0].ttl is none or zone.names[0].ttl > 300
"""

RETURN = r"""
names:
  description: One row for each of O(names), in the same order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name as given.
      type: str
      sample: outlook-east.corp.example.com
    kind:
      description:
        - V(address) if the name has address records, V(alias) if it is an alias (CNAME), V(missing) if it has neither.
        - Null if it could not be resolved; RV(names[].unknown) has the reason.
      type: str
      sample: address
    addresses:
      description: Its sorted addresses, IPv4 before IPv6. For an alias, the addresses of its last target.
      type: list
      elements: str
      sample: [10.1.0.10]
    aliases:
      description: The targets of the alias, in the order of the CNAME chain. Empty if it is not an alias.
      type: list
      elements: str
      sample: []
    ttl:
      description:
        - How long a client may cache the addresses, in seconds. It is the largest TTL of the records, including
          aliases. Null if there is no record.
        - A server that has the record in its cache returns the remaining time, which is less than the TTL in the zone.
      type: int
      sample: 300
    authoritative:
      description:
        - Whether the server has the zone, so that RV(names[].ttl) is the TTL in the zone. For an alias, this applies to
          the first record only.
        - Null if RV(names[].kind) is null.
      type: bool
    answers:
      description: One row for each of RV(names[].addresses) and O(ports).
      type: list
      elements: dict
      contains:
        address:
          description: The address.
          type: str
          sample: 10.1.0.10
        port:
          description: The TCP port.
          type: int
          sample: 443
        open:
          description:
            - Whether the port accepted a connection from the machine that ran the task.
            - Null if that machine could not try the connection, for example because it has no IPv6 route.
          type: bool
        responds:
          description:
            - Whether the service responded. Null if it was not tested, because O(services) is V(false), the port is not
              open, or the port has no test.
          type: bool
        why:
          description: Why the port is not open, or why the service does not respond. Null if there is no problem.
          type: str
          sample: Connection refused
    unknown:
      description:
        - What could not be resolved, in sentences. Null if everything was resolved.
        - It can be set together with addresses, if only the query for the other record type failed.
      type: str
      sample: >-
        DNS returned no usable response for the A and AAAA records of outlook-east.corp.example.com: 10.1.0.1 returned
        SERVFAIL. Check the DNS servers, and that they have this zone or allow recursion.
endpoints:
  description: One row for each of O(endpoints), in the same order.
  returned: success
  type: list
  elements: dict
  version_added: 1.1.0
  contains:
    address:
      description: The address.
      type: str
      sample: 10.2.0.10
    port:
      description: The TCP port.
      type: int
      sample: 443
    open:
      description: Whether the port accepted a connection, as RV(names[].answers[].open).
      type: bool
    responds:
      description: Whether the service responded, as RV(names[].answers[].responds).
      type: bool
    why:
      description: Why the port is not open, or why the service does not respond. Null if there is no problem.
      type: str
"""

import dataclasses
import ipaddress
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._directory.access import Server
from ansible_collections.winha.cluster.plugins.module_utils._dns import port, resolution
from ansible_collections.winha.cluster.plugins.module_utils._dns.service import DNS
from ansible_collections.winha.cluster.plugins.module_utils.errors import Unreachable

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._dns.question import Lookup

SPEC: dict[str, dict[str, t.Any]] = {
    "names": {"type": "list", "elements": "str", "required": True},
    "ports": {"type": "list", "elements": "int", "default": []},
    "endpoints": {"type": "list", "elements": "str", "default": []},
    "services": {"type": "bool", "default": False},
    "service_names": {"type": "dict", "default": {}},
}
Rows = list[dict[str, t.Any]]


def read(lookup: Lookup, options: task.Options) -> tuple[Rows, Rows]:
    """Return one row for each name, and one for each endpoint. Raises C(TaskError) for an invalid port or endpoint."""
    if wrong := [number for number in options["ports"] if not 0 < number < 65536]:
        raise task.TaskError(f"Port {wrong[0]} is out of range: valid TCP ports are 1 to 65535.")
    given = [_endpoint(text) for text in options["endpoints"]]
    called = {
        pair: str(options["service_names"].get(text) or pair[0])
        for text, pair in zip(options["endpoints"], given, strict=True)
    }
    names = resolution.resolve(lookup, options["names"])
    endpoints = [[(address, number) for address in name.addresses for number in options["ports"]] for name in names]
    every = [*(pair for pairs in endpoints for pair in pairs), *given]
    called |= {pair: name.name for name, pairs in zip(names, endpoints, strict=True) for pair in pairs}
    results = port.check_ports(every, timeout=lookup.timeout, services=called if options["services"] else None)
    rows = [
        dataclasses.asdict(name)
        | {"addresses": list(name.addresses), "aliases": list(name.aliases)}
        | {"answers": [dataclasses.asdict(results[pair]) for pair in pairs]}
        for name, pairs in zip(names, endpoints, strict=True)
    ]
    return rows, [dataclasses.asdict(results[pair]) for pair in given]


def _endpoint(text: str) -> tuple[str, int]:
    try:
        server = Server.parse(text)
        address = str(ipaddress.ip_address(server.host))
    except (Unreachable, ValueError) as exc:
        raise task.TaskError(f"{text!r} in endpoints is not an address with a port: {str(exc).rstrip('.')}.") from exc
    if server.port is None:
        raise task.TaskError(f"{text} in endpoints has no port. Write it as in 10.2.0.10:443 or [2001:db8::10]:443.")
    return address, server.port


def report(rows: tuple[Rows, Rows], outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the rows."""
    del outcome
    return {"names": rows[0], "endpoints": rows[1]}


TASK = task.Task(spec=SPEC, read=read, report=report, service=DNS)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
