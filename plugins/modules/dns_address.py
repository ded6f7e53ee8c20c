#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_address
short_description: Set the addresses of names in DNS by secure dynamic update
description:
  - Sets the address records (A and AAAA) of names on all DNS servers that are authoritative for their zone, by secure
    dynamic update. The account signs in with Kerberos (GSS-TSIG) to each server that is written to, before the first
    write.
  - The update is sent to one server first. The others get it by replication. A server that does not have the new
    addresses after O(replication_timeout) gets the same update itself. At the end all servers are read again.
  - Each update has all records of the name, as they were read on that server, as a condition. If somebody else changed
    them in the meantime, the server refuses the update, nothing is overwritten, and the task fails for this name.
  - If the response to an update is lost, or its signature cannot be verified, the task reads the records and does not
    send the update again. What was read decides.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  names:
    description:
      - The fully qualified names, each with the list of all addresses that it must have, IPv4 or IPv6. Other addresses
        of the name are deleted.
      - A name that is an alias (CNAME) is refused. A name that does not exist is created.
    type: dict
    required: true
  ttl:
    description:
      - The time to live (TTL) of the records in seconds. By default the TTL of existing records stays, and new names
        get V(300).
    type: int
  write_first:
    description:
      - The DNS server to which the updates are sent first, for example one in the datacenter that stays. By default the
        first one that has to be changed, in the order of O(name_servers) or of their names.
    type: str
  replication_timeout:
    description:
      - How long to wait for the other servers before they get the update themselves, in seconds. Between sites of
        Active Directory, replication takes up to three hours by default. The same update on two servers does no harm.
    type: int
    default: 15
extends_documentation_fragment:
  - winha.cluster.dns
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
attributes:
  action_group:
    membership: [winha.cluster.all, winha.cluster.dns]
  connection:
    description:
      - The task connects to DNS servers, never to its Windows host. For a host with a C(winrm) or C(psrp) connection,
        it runs on the control node.
      - With any other connection it runs on that host as an ordinary module.
  platform:
    description: The DNS servers. Tested with Samba and BIND, not with the DNS server of Windows.
seealso:
  - module: winha.cluster.dns_name_info
  - module: winha.cluster.dns_record_info
notes:
  - In a secure zone, the account that creates a name owns it. Other accounts need the permission to write the object of
    the name in Active Directory, or membership in DnsAdmins. So always use the same account.
  - A dynamic update gives a static record a time stamp. If aging is on for the zone and the server, scavenging deletes
    the record when nobody updates it. M(winha.cluster.dns_record_info) reads both.
  - An update that only changes the TTL rewrites the records, too.
"""

EXAMPLES = r"""
- name: Point the CAS array to the second datacenter
  winha.cluster.dns_address:
    names:
      outlook-east.corp.example.com: [10.2.0.10]
    write_first: dc2.corp.example.com
    username: svc-dns@CORP.EXAMPLE.COM
    password: "{{ dns_password }}"
  delegate_to: localhost

- name: Lower the TTL days before a planned switchover, if the addresses are those of the first datacenter
  winha.cluster.dns_address:
    names:
      outlook-east.corp.example.com: [10.1.0.10]
      mail.corp.example.com: [10.1.0.10]
    ttl: 300
    expected:
      outlook-east.corp.example.com: [10.1.0.10]
      mail.corp.example.com: [10.1.0.10]
  delegate_to: localhost

- name: Change a name while the DNS server of the failed datacenter is down
  winha.cluster.dns_address:
    names:
      mail.corp.example.com: [10.2.0.10]
    exclude_servers: [dc1.corp.example.com]
  delegate_to: localhost
"""

RETURN = r"""
records:
  description: One row for each of O(names) and each DNS server of its zone, in the order of the names.
  returned: when the zones were found
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: outlook-east.corp.example.com
    zone:
      description: Its zone.
      type: str
      sample: corp.example.com
    server:
      description: The host name of the DNS server.
      type: str
      sample: dc1.corp.example.com
    server_address:
      description: The address of the DNS server.
      type: str
      sample: 10.1.0.1
    before:
      description: The sorted addresses before. Null if the server could not be read.
      type: list
      elements: str
      sample: [10.1.0.10]
    addresses:
      description: The sorted addresses now, in check mode those that it would have. Null if they are not known.
      type: list
      elements: str
      sample: [10.2.0.10]
    ttl_before:
      description: The largest TTL of its records before, in seconds. Null without records.
      type: int
      sample: 3600
    ttl:
      description: The largest TTL of its records now, in check mode the one that they would have.
      type: int
      sample: 300
    result:
      description: V(compliant), V(changed), V(would_change) in check mode, or V(failed).
      type: str
      sample: changed
    msg:
      description: Why it failed.
      returned: if it failed
      type: str
"""

import time
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._dns import planned_addresses as planned
from ansible_collections.winha.cluster.plugins.module_utils._dns.records import AddressRecords
from ansible_collections.winha.cluster.plugins.module_utils._dns.service import ZONES
from ansible_collections.winha.cluster.plugins.module_utils.errors import ServerError
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Change, Plan, Step

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._dns.session import DnsServers
    from ansible_collections.winha.cluster.plugins.module_utils._dns.zone import NameServer

SPEC: dict[str, dict[str, t.Any]] = {
    "names": {"type": "dict", "required": True},
    "ttl": {"type": "int"},
    "write_first": {"type": "str"},
    "replication_timeout": {"type": "int", "default": 15},
}
_POLL = 0.5  # seconds between two readings while servers replicate


def read(session: DnsServers, options: task.Options) -> planned.State:
    """Read each name on each DNS server of its zone, and sign in to the servers that have to be changed."""
    if options["replication_timeout"] < 0:
        raise task.TaskError(f"replication_timeout {options['replication_timeout']} is out of range: the minimum is 0.")
    wanted = planned.wanted_addresses(options["names"], options["ttl"])
    zones = session.zones_of(list(wanted))
    servers = {name: planned.in_order(zone.servers, options["write_first"]) for name, zone in zones.items()}
    found = session.read([(name, server) for name in wanted for server in servers[name]])
    state = planned.State(
        wanted=wanted,
        ttl=options["ttl"],
        zones={name: zone.name for name, zone in zones.items()},
        servers=servers,
        found=found,
        patience=options["replication_timeout"],
    )
    planned.refuse_aliases(state)
    for server in planned.servers_to_write(state):
        session.sign_in(server)
    return state


def plan(state: planned.State, options: task.Options) -> Plan:
    """Plan one step for each name. Servers that could not be read are reported as failed after the others."""
    del options
    steps = []
    for name in state.wanted:
        changes = [
            Change(label=row.label, before=row.before, after=row.after, details=row.details)
            for row in planned.differences(state, name)
        ]
        steps += [Step(tuple(changes))] if changes else []
    unread = {
        planned.label(name, server): str(found)
        for name, servers in state.servers.items()
        for server in servers
        if isinstance(found := state.found[name, server.name], ServerError)
    }
    return Plan(title="Addresses in DNS", steps=tuple(steps), unread=unread)


def apply_together(
    session: DnsServers, state: planned.State, steps: t.Sequence[Step], progress: t.Callable[[str], None]
) -> Applied:
    """Update each name on its first server, and wait until the others have it by replication."""
    written = False
    for step in steps:
        name, servers = _targets(state, step)
        try:
            session.write(servers[0], _update(state, step, name, servers[0]))
            written = True
        except ServerError:
            written = written or session.writes > 0  # the name is read, and tried once more or reported, by apply
    deadline = time.monotonic() + state.patience
    pairs = [(name, server) for step in steps for name, servers in [_targets(state, step)] for server in servers]
    while True:
        found = session.read(pairs)
        values = {label: value for step in steps for label, value in _values(state, step, found).items()}
        is_done = all(values[change.label] == change.after for step in steps for change in step.changes)
        if is_done or not written or time.monotonic() >= deadline:
            return Applied(values=values)
        progress(f"{session.host}: waiting until the DNS servers have replicated")
        time.sleep(_POLL)


def apply(session: DnsServers, state: planned.State, step: Step) -> Applied:
    """Update a name on each server that does not have the new addresses, if it still has the old ones."""
    name, servers = _targets(state, step)
    problems = []
    for server in servers:
        now = session.read([(name, server)])[name, server.name]
        update = _update(state, step, name, server)
        if isinstance(now, ServerError) or (now.addresses == update.after and now.ttl == update.ttl):
            continue
        if now.addresses != update.before.addresses:
            problems.append(
                f"{name} on {server} had {planned.shown(update.before.addresses)} when this task read it and has "
                f"{planned.shown(now.addresses)} now, so it was not overwritten. Find out who changed it, and run this "
                "task again"
            )
            continue
        try:
            session.write(server, update)
        except ServerError as exc:
            problems.append(str(exc).rstrip("."))
    found = session.read([(name, server) for server in servers])
    unread = [str(answer).rstrip(".") for answer in found.values() if isinstance(answer, ServerError)]
    return Applied(
        values=_values(state, step, found),
        reason=". ".join(dict.fromkeys([*problems, *unread])) or "another update overwrote it at the same time",
    )


def _targets(state: planned.State, step: Step) -> tuple[str, list[NameServer]]:
    """The name of a step, and the servers that it changes, in the order in which they are written."""
    name = str(step.changes[0].details["thing"])
    changed = {change.details["server"] for change in step.changes}
    return name, [server for server in state.servers[name] if server.name in changed]


def _update(state: planned.State, step: Step, name: str, server: NameServer) -> t.Any:
    values = {
        change.details["setting"]: change.after for change in step.changes if change.details["server"] == server.name
    }
    return planned.update(state, name, server, values)


def _values(state: planned.State, step: Step, found: t.Mapping[tuple[str, str], t.Any]) -> dict[str, t.Any]:
    """The values of the changes of a step; C(None) for a server that could not be read."""
    values: dict[str, t.Any] = {}
    for change in step.changes:
        answer = found[change.details["thing"], change.details["server"]]
        is_read = isinstance(answer, AddressRecords)
        values[change.label] = getattr(answer, change.details["setting"]) if is_read else None
    return values


def report(state: planned.State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return each name on each server with its addresses before and now."""
    rows = []
    for name, servers in state.servers.items():
        for server in servers:
            found = state.found[name, server.name]
            is_read = isinstance(found, AddressRecords)
            before = found if isinstance(found, AddressRecords) else AddressRecords()
            labels = (planned.label(name, server), planned.ttl_label(name, server))
            results = [outcome.result_of(label) for label in labels]
            addresses = outcome.now(labels[0], before.addresses)
            row: dict[str, t.Any] = {
                "name": name,
                "zone": state.zones[name],
                "server": server.name,
                "server_address": server.addresses[0],
                "before": list(before.addresses) if is_read else None,
                "addresses": None if addresses is None else list(addresses),
                "ttl_before": before.ttl,
                "ttl": outcome.now(labels[1], before.ttl),
            }
            rows.append(row | next((one for one in results if one["result"] != "compliant"), results[0]))
    return {"records": rows}


TASK = task.Task(
    spec=SPEC,
    read=read,
    plan=plan,
    apply=apply,
    apply_together=apply_together,
    report=report,
    service=ZONES,
)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
