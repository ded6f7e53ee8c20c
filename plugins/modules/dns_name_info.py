#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_name_info
short_description: Read what the names of load-balanced services resolve to
description:
  - Asks DNS for the addresses of names, tells whether a name is an alias and how long clients may keep the answer, and
    tries TCP ports on the addresses.
  - It is for the name of a CAS array and other load-balanced names, which should be address records of a virtual IP
    that answers, with a time to live that is short enough for a datacenter switchover.
  - It asks DNS and nothing else. The hosts file and the DNS cache of the machine, which its other programs see, are
    left out.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  names:
    description:
      - The names, each a whole one. No domain is added, so V(outlook) means the top-level name C(outlook.), which will
        hardly be there.
      - A name beyond ASCII is asked for in its ASCII form after IDNA 2003. Where that is not what you mean, as with a
        sharp s, write the V(xn--) form.
      - What is no host name is listed as unknown, with the reason.
    type: list
    elements: str
    required: true
  ports:
    description:
      - The TCP ports to try on each address that is found. A connection is made and closed, and nothing is sent.
      - For the array of Exchange 2010, V(135) and the ports of RPC Client Access and of the Address Book where they are
        fixed; for web names V(443).
    type: list
    elements: int
    default: []
  dns_servers:
    description:
      - The addresses of the DNS servers to ask. A port may follow after a colon, as in V(192.0.2.53:5353) or
        V([2001:db8::53]:5353).
      - The next one is asked when one does not answer. One that answers that there is no such name is believed.
      - By default what the environment variable E(WINHA_DNS_SERVERS) says, separated by commas, and else those of the
        machine.
    type: list
    elements: str
  timeout:
    description:
      - Seconds to wait for the answer to one question, whichever servers are asked, and for one connection.
      - Up to 16 questions or connections are waited for at once.
    type: int
    default: 5
extends_documentation_fragment:
  - winha.cluster.attributes
  - winha.cluster.attributes.info
attributes:
  connection:
    description:
      - It talks to DNS servers and to the ports, never to the Windows host of the task. For a host with a C(winrm) or
        C(psrp) connection it does so from the controller, in the process of the task.
      - On any other connection it runs there as an ordinary module and sees what that machine sees. Whether a name
        resolves and a port answers depends on where one asks, so delegate the task to a machine that stands where the
        clients are.
  delegation:
    description:
      - Can be used with C(delegate_to). A delegate that is not reached by C(winrm) or C(psrp) is the machine that asks.
  become:
    description:
      - Supports C(become). No rights are needed, and for a C(winrm) or C(psrp) host a task with C(become) is refused.
  platform:
    description: The machine that asks. What DNS servers and ports it asks can be of any kind.
    platforms: posix
requirements:
  - dnspython >= 2.4 on the machine that the task runs on
notes:
  - One question goes out for each name and kind of address, by UDP, and by TCP when the answer is too long. It is asked
    again only when it got lost.
  - The name of a CAS array should be known in the internal DNS only. Run the task once more with O(dns_servers) outside
    to see that it is V(missing) there.
seealso:
  - module: winha.cluster.exchange_info
"""

EXAMPLES = r"""
- name: See what the CAS arrays of both datacenters resolve to, as a client does
  winha.cluster.dns_name_info:
    names: [outlook-east.corp.example.com, outlook-west.corp.example.com]
    ports: [135, 443]
  register: arrays
  delegate_to: client01.corp.example.com

- name: Insist on address records of the known virtual IPs that answer
  ansible.builtin.assert:
    that:
      - item.unknown is none
      - item.kind == 'address'
      - item.addresses is subset(['10.1.0.10', '10.2.0.10'])
      - item.answers | rejectattr('open', 'eq', true) | length == 0
  loop: "{{ arrays.names }}"
  loop_control:
    label: "{{ item.name }}"

- name: Ask a domain controller that has the zone, for the time to live as it is written there
  winha.cluster.dns_name_info:
    names: [outlook-east.corp.example.com]
    dns_servers: [10.1.0.1]
  register: written
  delegate_to: localhost
  failed_when: written.names[0].ttl is none or written.names[0].ttl > 300
"""

RETURN = r"""
names:
  description: One row for each of O(names), in that order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name as it was given.
      type: str
      sample: outlook-east.corp.example.com
    kind:
      description:
        - V(address) when the name has addresses itself, V(alias) when it stands for another name (CNAME), V(missing)
          when it has neither.
        - Null when that could not be found out; RV(names[].unknown) says why.
      type: str
      sample: address
    addresses:
      description: Its addresses, IPv4 before IPv6, sorted. Those of an alias are the addresses of the name at its end.
      type: list
      elements: str
      sample: [10.1.0.10]
    aliases:
      description: The names that it stands for, one leading to the next. Empty when it is no alias.
      type: list
      elements: str
      sample: []
    ttl:
      description:
        - Seconds that a client may keep the answer; the largest among its records, aliases included. Null when there
          is no record.
        - From a server that has it from another one, it is what is left of it, and less than what is written in the
          zone.
      type: int
      sample: 300
    authoritative:
      description:
        - Whether the server says that it has the zone, so that RV(names[].ttl) is what is written there. Of an alias,
          this speaks of the first record only.
        - Null when RV(names[].kind) is.
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
            - Whether it took a connection from the machine that the task ran on.
            - Null when that machine could not try, for example without a route to IPv6.
          type: bool
        why:
          description: Why it is not open. Null when it is.
          type: str
          sample: Connection refused
    unknown:
      description:
        - What could not be found out, in sentences. Null when everything was.
        - It can stand beside addresses, when only the question for the other kind was lost.
      type: str
      sample: >-
        DNS gave no answer about the A and AAAA records of outlook-east.corp.example.com: 10.1.0.1 answered SERVFAIL
        (check the DNS servers, and that they have this zone or may ask others).
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._dns import port, resolution
from ansible_collections.winha.cluster.plugins.module_utils._dns.service import DNS

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._dns.question import Lookup

SPEC: dict[str, dict[str, t.Any]] = {
    "names": {"type": "list", "elements": "str", "required": True},
    "ports": {"type": "list", "elements": "int", "default": []},
}


def read(lookup: Lookup, options: task.Options) -> list[dict[str, t.Any]]:
    """One row for each name. Raises C(TaskError) when a port is none."""
    if wrong := [number for number in options["ports"] if not 0 < number < 65536]:
        raise task.TaskError(f"Port {wrong[0]} is out of range: TCP has the ports 1 to 65535.")
    names = resolution.resolve(lookup, options["names"])
    ends = [[(address, number) for address in name.addresses for number in options["ports"]] for name in names]
    tried = port.check_ports((end for own in ends for end in own), timeout=lookup.timeout)
    return [
        dataclasses.asdict(name)
        | {"addresses": list(name.addresses), "aliases": list(name.aliases)}
        | {"answers": [dataclasses.asdict(tried[end]) for end in own]}
        for name, own in zip(names, ends, strict=True)
    ]


def report(rows: list[dict[str, t.Any]], outcome: task.Outcome) -> dict[str, t.Any]:
    """The rows."""
    del outcome
    return {"names": rows}


TASK = task.Task(spec=SPEC, read=read, report=report, service=DNS)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
