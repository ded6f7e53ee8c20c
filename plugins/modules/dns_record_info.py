#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_record_info
short_description: Read how Active Directory stores the DNS records of names
description:
  - Reads the objects of names in DNS zones that Active Directory stores. Returns whether their address records are
    static, whether the zone ages its records, and whether the account may change them.
  - A dynamic update gives a static record a time stamp. If aging is on, scavenging can delete the record later.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  names:
    description: The fully qualified names.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - winha.cluster.directory
  - winha.cluster.attributes
  - winha.cluster.attributes.info
  - winha.cluster.attributes.directory
attributes:
  action_group:
    membership: [winha.cluster.all, winha.cluster.directory]
seealso:
  - module: winha.cluster.dns_address
notes:
  - It reads one domain controller. The others get a change later, by replication.
"""

EXAMPLES = r"""
- name: Check before a switchover that the account may change the records
  winha.cluster.dns_record_info:
    servers: [dc1.corp.example.com]
    names: [outlook-east.corp.example.com, mail.corp.example.com]
  register: stored
  failed_when: stored.names | selectattr('writable', 'eq', false) | length > 0
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
    zone:
      description: Its zone. Null if no zone in Active Directory that the account may read has the name.
      type: str
      sample: corp.example.com
    dn:
      description: The distinguished name of its object. Null if there is none.
      type: str
      sample: DC=outlook-east,DC=corp.example.com,CN=MicrosoftDNS,DC=DomainDnsZones,DC=corp,DC=example,DC=com
    static:
      description: Whether any of its address records has no time stamp. Null without address records.
      type: bool
    time_stamp:
      description: The latest time stamp of its address records, in UTC. Null if all are static.
      type: str
      sample: '2026-11-30T16:00:00+00:00'
    writable:
      description:
        - Whether the account may write the records, by C(allowedAttributesEffective). Null without an object.
      type: bool
    aging:
      description: Whether aging is on for the zone. Scavenging also needs a server that scavenges. Null without a zone.
      type: bool
    no_refresh_hours:
      description: The no-refresh interval of the zone in hours.
      type: int
      sample: 168
    refresh_hours:
      description: The refresh interval of the zone in hours.
      type: int
      sample: 168
"""

import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._directory import dns_record
from ansible_collections.winha.cluster.plugins.module_utils.directory import DIRECTORY

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._directory.session import Directory

SPEC: dict[str, dict[str, t.Any]] = {"names": {"type": "list", "elements": "str", "required": True}}


def read(session: Directory, options: task.Options) -> list[dict[str, t.Any]]:
    """Return one row for each name."""
    zones = dns_record.read_zones(session)
    return [_row(name, dns_record.read_name(session, zones, name.rstrip("."))) for name in options["names"]]


def _row(name: str, found: dns_record.StoredName | None) -> dict[str, t.Any]:
    zone = found.zone if found else None
    return {
        "name": name,
        "zone": zone.name if zone else None,
        "dn": found.dn if found else None,
        "static": found.static if found else None,
        "time_stamp": found.time_stamp if found else None,
        "writable": found.writable if found else None,
        "aging": zone.aging if zone else None,
        "no_refresh_hours": zone.no_refresh_hours if zone else None,
        "refresh_hours": zone.refresh_hours if zone else None,
    }


def report(rows: list[dict[str, t.Any]], outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the rows."""
    del outcome
    return {"names": rows}


TASK = task.Task(spec=SPEC, read=read, report=report, service=DIRECTORY)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
