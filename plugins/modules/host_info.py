#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Read what an audit wants to know of a Windows host
description:
  - Reads the Windows release, the installed hotfixes, the network adapters, the virtual machines of Hyper-V and what
    the failover cluster wrote to the event log, in a few messages however much there is.
  - What could not be read is listed in RV(unknown) with its reason, and the rest is returned all the same. The task
    fails only if nothing at all could be read.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  gather:
    description:
      - Which parts to read.
      - V(windows) and V(hotfixes) cost one message each, V(adapters) two, V(events) three or, if there are many, more.
        V(virtual_machines) costs six, two more where disks of the host are passed through, and with some hundred
        virtual machines a few. With everything that is some fifteen messages for a host with 100 virtual machines.
      - On Windows Server 2008 R2 V(adapters) cost some twenty messages for each adapter, because their settings are
        only in the registry there.
    type: list
    elements: str
    choices: [windows, hotfixes, adapters, virtual_machines, events]
    default: [windows, hotfixes, adapters, virtual_machines, events]
  event_ids:
    description:
      - The ids of the events to look for in the System log.
      - By default 1135 (a node was removed from the active membership), 1177 (the quorum was lost) and 1069 (a cluster
        resource failed).
    type: list
    elements: int
    default: [1135, 1177, 1069]
  event_days:
    description: How many days to look back, 1 to 366. A long time in a large log may take Windows more than a minute,
      and then the events are unknown.
    type: int
    default: 30
  event_limit:
    description: How many events to return at most, the newest, 0 to 1000. RV(events_beyond) counts the others.
    type: int
    default: 50
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.attributes
  - winha.cluster.attributes.info
notes:
  - Only classic event logs can be read this way. The channels of Hyper-V, which tell how long a live migration held a
    virtual machine up, cannot.
  - A hotfix that is not listed may be in a rollup that replaced it.
  - Virtual machines are those on this host at the moment. In a cluster, run it on every node.
seealso:
  - module: winha.cluster.cluster_info
  - module: winha.cluster.net_adapter
"""

EXAMPLES = r"""
- name: See the whole host
  winha.cluster.host_info:
  register: hv

- name: Name the virtual machines that save their state when the host shuts down
  ansible.builtin.debug:
    msg: "{{ hv.virtual_machines | selectattr('automatic_stop_action', 'eq', 'save') | map(attribute='name') }}"

- name: Name the virtual machines with dynamic memory or checkpoints, which Exchange must not have
  ansible.builtin.debug:
    msg: "{{ hv.virtual_machines | selectattr('dynamic_memory') | map(attribute='name')
      | union(hv.virtual_machines | selectattr('checkpoints') | map(attribute='name')) }}"

- name: Look for nodes that dropped out within a year
  winha.cluster.host_info:
    gather: [events]
    event_ids: [1135]
    event_days: 365
  register: dropped

- name: Insist that nothing is unknown
  ansible.builtin.assert:
    that: dropped.unknown == []
    fail_msg: "{{ dropped.unknown | map(attribute='why') | join(' ') }}"
"""

RETURN = r"""
unknown:
  description:
    - What was asked for and could not be read; empty when all is known.
    - A part that is listed is not returned. A detail of a part, such as C(virtual_machines.disks), is null in all rows
      or in those that its reason names.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: The part or the detail.
      type: str
      sample: events
    why:
      description: What was tried and what was answered, as a sentence.
      type: str
      sample: 'Reading the System event log on hv01 failed: The operation timed out [0x80338029, TimedOut].'
windows:
  description: The release of Windows Server, from V(2008 R2) to V(2025), its build, the NetBIOS name of the computer,
    and when it was started, in UTC.
  returned: when gathered and read
  type: dict
  sample: {release: 2008 R2, build: 7601, computer_name: HV01, last_boot: '2026-02-03T04:05:06Z'}
hotfixes:
  description: The installed updates that have a number. The day of the installation is null where Windows wrote none
    that can be understood.
  returned: when gathered and read
  type: list
  elements: dict
  sample: [{id: KB2550886, installed_on: '2012-06-18'}]
adapters:
  description: The network adapters, by name.
  returned: when gathered and read
  type: list
  elements: dict
  contains:
    name:
      description: The name of its connection.
      type: str
      sample: LiveMigration
    description:
      description: What the driver calls it.
      type: str
      sample: Intel(R) Ethernet Converged Network Adapter X710
    status:
      description: V(up), V(down), V(disabled), V(not_present), V(lower_layer_down), V(dormant), V(testing).
      type: str
      sample: up
    speed:
      description: The speed of the link in bit/s; null without a link.
      type: int
      sample: 10000000000
    mtu:
      description: The IP MTU in effect, in octets; null on Windows Server 2008 R2.
      type: int
      sample: 9000
    jumbo:
      description: The IP MTU in octets that the driver is set to, some 1500 when jumbo packets are off; null where
        the driver does not know them. If it is larger than the MTU in effect, a restart of the adapter is missing.
      type: int
      sample: 9000
    receive_buffers:
      description: The number of receive buffers that the driver is set to; null where it does not know them.
      type: int
      sample: 4096
    driver:
      description: C(name), C(provider) and C(version) of the driver; on Windows Server 2008 R2 the name of its service.
      type: dict
      sample: {name: Intel(R) Ethernet Converged Network Adapter X710, provider: Intel, version: 4.1.219.0}
hyperv:
  description: Whether Hyper-V is installed.
  returned: when the virtual machines were gathered and read
  type: bool
  sample: true
virtual_machines:
  description: The virtual machines on this host, by name; empty without Hyper-V.
  returned: when gathered and read
  type: list
  elements: dict
  contains:
    name:
      description: Its name in Hyper-V.
      type: str
      sample: EX01
    id:
      description: Its id, as in the private property C(VmID) of its cluster resource.
      type: str
      sample: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB
    state:
      description: V(running), V(off), V(saved), V(paused), or what it is in the middle of.
      type: str
      sample: running
    automatic_stop_action:
      description: V(turn_off), V(save) or V(shut_down) when the host shuts down. What the cluster does when it takes
        the virtual machine offline is another setting, see M(winha.cluster.vm_offline_action).
      type: str
      sample: save
    dynamic_memory:
      description: Whether its memory is dynamic.
      type: bool
      sample: false
    checkpoint_type:
      description: What kind of checkpoints it may have, V(disabled), V(production), V(production_only) or
        V(standard); null before Windows Server 2016.
      type: str
      sample: production
    checkpoints:
      description: Its checkpoints with C(name) and C(kind), which is V(standard), V(recovery) (left by a backup),
        V(replica), V(planned) or V(missing).
      type: list
      elements: dict
      sample: [{name: Before CU14, kind: standard}]
    disks:
      description: Its hard disks with C(path) and C(kind). An image is on a V(shared_volume) of the cluster, on an
        V(smb) share, or is a V(file) of the host; a disk of the host is V(pass_through), or V(iscsi) if the host can
        tell; else V(unknown).
      type: list
      elements: dict
      sample: [{path: 'C:\ClusterStorage\Volume1\EX01\EX01.vhdx', kind: shared_volume}]
    shutdown_component:
      description: The integration component that shuts the guest down, V(ok), V(degraded), V(disabled), V(no_contact),
        V(lost_contact), V(error) or V(none). A virtual machine that does not run has no contact.
      type: str
      sample: ok
events:
  description: The newest events, the newest first. Times are in UTC; a message is one line of at most 500 characters,
    in the language of the host.
  returned: when gathered and read
  type: list
  elements: dict
  sample:
    - time: '2026-02-03T04:05:06Z'
      id: 1135
      source: Microsoft-Windows-FailoverClustering
      computer: hv01.corp.example.com
      message: Cluster node 'HV02' was removed from the active failover cluster membership.
events_beyond:
  description: How many older events there are within O(event_days) that were not returned.
  returned: when the events were gathered and read
  type: int
  sample: 0
events_reach_back:
  description:
    - Whether the System log reaches back over all of O(event_days), which an older entry in it shows. If not, it was
      cleared since, is too small for so many days, or Windows is newer, and there may have been events that it lost.
    - Null where each of O(event_ids) was found, which needs no such proof, or where it could not be read.
  returned: when the events were gathered and read
  type: bool
  sample: true
"""

import dataclasses
import datetime
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import computer, event, hotfix, hyperv, link
from ansible_collections.winha.cluster.plugins.module_utils._windows.unknown import Unknown, attempt

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

    Part = dict[str, t.Any]

PARTS = ["windows", "hotfixes", "adapters", "virtual_machines", "events"]
SPEC: dict[str, dict[str, t.Any]] = {
    "gather": {"type": "list", "elements": "str", "choices": PARTS, "default": PARTS},
    "event_ids": {"type": "list", "elements": "int", "default": [1135, 1177, 1069]},
    "event_days": {"type": "int", "default": 30},
    "event_limit": {"type": "int", "default": 50},
}


def read(client: Client, options: task.Options) -> dict[str, t.Any]:
    """The parts that were asked for, each as the results that it gives, and what is unknown."""
    _refuse_what_makes_no_sense(options)
    unknown: list[Unknown] = []
    readers: dict[str, t.Callable[[], Part]] = {
        "windows": lambda: _windows(client),
        "hotfixes": lambda: _hotfixes(client),
        "adapters": lambda: {"adapters": [dataclasses.asdict(one) for one in link.read_links(client, unknown)]},
        "virtual_machines": lambda: _virtual_machines(client, unknown),
        "events": lambda: _events(client, options, unknown),
    }
    wanted = [part for part in PARTS if part in options["gather"]]
    found = [part for name in wanted if (part := attempt(name, readers[name], unknown)) is not None]
    if wanted and not found:
        raise task.TaskError(" ".join(dict.fromkeys(one.why for one in unknown)))
    return {name: value for part in found for name, value in part.items()} | {"unknown": unknown}


def report(state: dict[str, t.Any], outcome: task.Outcome) -> dict[str, t.Any]:
    """What was read is what is returned."""
    return state | {"unknown": [dataclasses.asdict(one) for one in state["unknown"]]}


def _refuse_what_makes_no_sense(options: task.Options) -> None:
    for name, lowest, highest in (("event_days", 1, 366), ("event_limit", 0, 1000)):
        if not lowest <= options[name] <= highest:
            raise task.TaskError(f"{name} {options[name]} is out of range: {lowest} to {highest} can be asked for.")
    strange = [number for number in options["event_ids"] if not 0 <= number <= 0xFFFF]
    if strange or not options["event_ids"]:
        which = f"{strange[0]} is none" if strange else "none is given"
        raise task.TaskError(f"event_ids must be ids of events, which are numbers from 0 to 65535; {which}.")


def _windows(client: Client) -> Part:
    found = computer.read_computer(client)
    return {
        "windows": {
            "release": found.windows.name,
            "build": found.windows.build,
            "computer_name": found.name,
            "last_boot": computer.iso(found.last_boot),
        }
    }


def _hotfixes(client: Client) -> Part:
    rows = (
        {"id": one.id, "installed_on": one.installed_on.isoformat() if one.installed_on else None}
        for one in hotfix.read_hotfixes(client)
    )
    return {"hotfixes": list(rows)}


def _virtual_machines(client: Client, unknown: list[Unknown]) -> Part:
    try:
        machines = hyperv.read_virtual_machines(client, unknown)
    except hyperv.NoHyperV:
        return {"hyperv": False, "virtual_machines": []}
    return {"hyperv": True, "virtual_machines": [_virtual_machine(machine) for machine in machines]}


def _virtual_machine(machine: hyperv.VirtualMachine) -> dict[str, t.Any]:
    row = dataclasses.asdict(machine)
    settings = row.pop("settings") or dict.fromkeys(field.name for field in dataclasses.fields(hyperv.Settings))
    return row | settings


def _events(client: Client, options: task.Options, unknown: list[Unknown]) -> Part:
    since = datetime.datetime.now(tz=datetime.UTC) - datetime.timedelta(days=options["event_days"])
    found = event.read_events(client, options["event_ids"], since=since, limit=options["event_limit"])
    rows = [dataclasses.asdict(one) | {"time": computer.iso(one.time)} for one in found.newest]
    back = None
    if {one.id for one in found.newest} != set(options["event_ids"]):
        back = attempt("events_reach_back", lambda: event.reaches_back(client, since), unknown)
    return {"events": rows, "events_beyond": found.beyond, "events_reach_back": back}


TASK = task.Task(spec=SPEC, read=read, report=report)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
