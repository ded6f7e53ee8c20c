#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Read the facts of a Windows host for an audit
description:
  - Reads the Windows release, the installed hotfixes, the network adapters, the virtual machines of Hyper-V, and the
    events of the failover cluster in the event log, with a few requests. It also reads event channels.
  - RV(unknown) lists each part that could not be read, with the reason. The other parts are returned. The task fails
    only if no part could be read.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
  - winha.cluster.host_facts
  - winha.cluster.attributes
  - winha.cluster.attributes.info
notes:
  - RV(channels) needs a subscription to the event plug-in of WinRM, which ends with the task. It changes no setting.
    The host may note the subscription in its log C(Microsoft-Windows-Forwarding/Operational).
  - A hotfix that is not listed can be part of a rollup that replaced it.
  - The virtual machines are those on this host now. For a cluster, run the module on every node.
seealso:
  - module: winha.cluster.cluster_info
  - module: winha.cluster.net_adapter
"""

EXAMPLES = r"""
- name: Read the whole host
  winha.cluster.host_info:
  register: hv

- name: List the virtual machines that are saved when the host shuts down
  ansible.builtin.debug:
    msg: "{{ hv.virtual_machines | selectattr('automatic_stop_action', 'eq', 'save') | map(attribute='name') }}"

- name: List the virtual machines with dynamic memory or checkpoints, which Exchange does not support
  ansible.builtin.debug:
    msg: "{{ hv.virtual_machines | selectattr('dynamic_memory') | map(attribute='name')
      | union(hv.virtual_machines | selectattr('checkpoints') | map(attribute='name')) }}"

- name: Read the events of the last year about removed nodes
  winha.cluster.host_info:
    gather: [events]
    event_ids: [1135]
    event_days: 365
  register: removed

- name: Read the blackout of each live migration of the last week
  winha.cluster.host_info:
    gather: [channels]
    channels: [live_migrations]
    event_days: 7
  register: migrations

- name: Fail if the events are unknown
  ansible.builtin.assert:
    that: removed.unknown == []
    fail_msg: "{{ removed.unknown | map(attribute='why') | join(' ') }}"
"""

RETURN = r"""
unknown:
  description:
    - The requested parts that could not be read; empty if all parts are known.
    - A part in this list is not returned. A detail of a part, such as C(virtual_machines.disks), is null in all rows or
      in the rows that the reason names.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: The part or the detail.
      type: str
      sample: events
    why:
      description: The failed operation and the error, as a sentence.
      type: str
      sample: 'Reading the System event log on hv01 failed: The operation timed out [0x80338029, TimedOut].'
windows:
  description: The release of Windows Server, from V(2008 R2) to V(2025), the build, the NetBIOS name of the computer,
    and the time of the last start in UTC.
  returned: when gathered and read
  type: dict
  sample: {release: 2008 R2, build: 7601, computer_name: HV01, last_boot: '2026-02-03T04:05:06Z'}
hotfixes:
  description: The installed updates that have a number. The installation date is null if Windows returns no valid date.
  returned: when gathered and read
  type: list
  elements: dict
  sample: [{id: KB2550886, installed_on: '2012-06-18'}]
adapters:
  description: The network adapters, by name. Hidden adapters, such as cards that were removed, are left out.
  returned: when gathered and read
  type: list
  elements: dict
  contains:
    name:
      description: Name of the network connection.
      type: str
      sample: LiveMigration
    description:
      description: Name of the adapter in its driver.
      type: str
      sample: Intel(R) Ethernet Converged Network Adapter X710
    status:
      description: V(up), V(down), V(disabled), V(lower_layer_down), V(dormant), V(testing).
      type: str
      sample: up
    speed:
      description: The link speed in bit/s. Null without a link.
      type: int
      sample: 10000000000
    mtu:
      description: The MTU in effect, in bytes. Null on Windows Server 2008 R2.
      type: int
      sample: 9000
    jumbo:
      description: The MTU in bytes that is set in the driver, about 1500 without jumbo frames. Null if the driver does
        not support it. If it is larger than the MTU in effect, a restart of the adapter is missing.
      type: int
      sample: 9000
    receive_buffers:
      description: The number of receive buffers that is set in the driver. Null if the driver does not support it.
      type: int
      sample: 4096
    driver:
      description: C(name), C(provider) and C(version) of the driver. On Windows Server 2008 R2, only the service name.
      type: dict
      sample: {name: Intel(R) Ethernet Converged Network Adapter X710, provider: Intel, version: 4.1.219.0}
hyperv:
  description: Whether Hyper-V is installed.
  returned: when the virtual machines were gathered and read
  type: bool
  sample: true
virtual_machines:
  description: The virtual machines on this host, sorted by name. Empty without Hyper-V.
  returned: when gathered and read
  type: list
  elements: dict
  contains:
    name:
      description: Name of the virtual machine in Hyper-V.
      type: str
      sample: EX01
    id:
      description: Id of the virtual machine, as in the private property C(VmID) of its cluster resource.
      type: str
      sample: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB
    state:
      description: V(running), V(off), V(saved), V(paused), or a state in between.
      type: str
      sample: running
    automatic_stop_action:
      description: V(turn_off), V(save) or V(shut_down) when the host shuts down. The cluster-controlled offline action
        is a different setting, see M(winha.cluster.vm_offline_action).
      type: str
      sample: save
    critical_error_action:
      description: V(none) or V(pause) when the storage of the virtual machine is lost. Null before Windows Server
        2016.
      type: str
      version_added: 1.1.0
      sample: pause
    dynamic_memory:
      description: Whether the virtual machine has dynamic memory.
      type: bool
      sample: false
    checkpoint_type:
      description: V(disabled), V(production), V(production_only) or V(standard). Null before Windows Server 2016.
      type: str
      sample: production
    checkpoints:
      description: The checkpoints with C(name) and C(kind), which is V(standard), V(recovery) (left by a backup),
        V(replica), V(planned) or V(missing).
      type: list
      elements: dict
      sample: [{name: Before CU14, kind: standard}]
    disks:
      description: The hard disks with C(path) and C(kind). An image is on a cluster V(shared_volume), on an V(smb)
        share, or is a V(file) on the host. A disk of the host is V(pass_through), or V(iscsi) if the host reports it.
        Otherwise the kind is V(unknown).
      type: list
      elements: dict
      sample: [{path: 'C:\ClusterStorage\Volume1\EX01\EX01.vhdx', kind: shared_volume}]
    shutdown_component:
      description: The integration service "Operating system shutdown", V(ok), V(degraded), V(disabled), V(no_contact),
        V(lost_contact), V(error) or V(none). A virtual machine that is off has no contact.
      type: str
      sample: ok
processors:
  description: The C(cores) and C(logical) processors of the host, and the C(virtual) processors by the id of the
    virtual machine. Null without Hyper-V, and before Windows Server 2012.
  returned: when gathered and read
  type: dict
  version_added: 1.1.0
  sample: {cores: 16, logical: 32, virtual: {6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB: 8}}
live_migration:
  description:
    - The settings of live migration; null without Hyper-V, and before Windows Server 2012.
    - C(transport) is V(tcp), V(compression) or V(smb), and null on Windows Server 2012. C(parallel) is the number of
      live migrations at the same time. C(rdma_adapters) are those with RDMA; null unless the transport is V(smb).
      C(network_atc) is whether Network ATC has an intent.
  returned: when gathered and read
  type: dict
  version_added: 1.1.0
  sample:
    enabled: true
    transport: smb
    parallel: 2
    authentication: kerberos
    rdma_adapters: [LiveMigration]
    network_atc: false
guest:
  description: The virtual machine of Hyper-V that the host is, with the C(host) that runs it; null if it is none.
    Values are null where the integration service "Data Exchange" is disabled.
  returned: when gathered and read
  type: dict
  version_added: 1.1.0
  sample: {machine_name: EX01, machine_id: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB, host: HV01}
events:
  description: The newest events, the newest first. Times are in UTC. A message is one line of at most 500 characters in
    the language of the host.
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
  description: The number of other events within O(event_days), older or without a valid time or id.
  returned: when the events were gathered and read
  type: int
  sample: 0
channels:
  description: What O(channels) asks for, by its name. What could not be read is in RV(unknown).
  returned: when gathered and read
  type: dict
  sample:
    live_migrations:
      channel: Microsoft-Windows-Hyper-V-VMMS-Admin
      events: [{time: '2026-02-03T04:05:06Z', id: 20415, topic: blackout, virtual_machine: EX01, blackout_seconds: 0.5}]
      events_beyond: 0  # the number of older events
      complete: true  # whether these are all events; null if nothing shows that
      reaches_back: null  # whether the channel has an event older than event_days; null if that was not read
      compared: null  # for System, the number of events from channel and wmi, whether they are the same, and why not
events_reach_back:
  description: Whether the System log contains an entry older than O(event_days). If not, the log was cleared, is too
    small, or Windows was installed later, so events can be missing. Null if events of all O(event_ids) were
    returned, or if this could not be read.
  returned: when the events were gathered and read
  type: bool
  sample: true
"""

import dataclasses
import functools
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import computer, host_parts
from ansible_collections.winha.cluster.plugins.module_utils._windows.channel import CHANNELS
from ansible_collections.winha.cluster.plugins.module_utils._windows.unknown import Unknown, attempt_each

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

DEFAULT_PARTS = ["windows", "hotfixes", "adapters", "virtual_machines", "events"]
PARTS = [*DEFAULT_PARTS, "processors", "live_migration", "guest", "channels"]
SPEC: dict[str, dict[str, t.Any]] = {
    "gather": {"type": "list", "elements": "str", "choices": PARTS, "default": DEFAULT_PARTS},
    "event_ids": {"type": "list", "elements": "int", "default": [1135, 1177, 1069]},
    "event_days": {"type": "int", "default": 30},
    "event_limit": {"type": "int", "default": 50},
    "channels": {
        "type": "list",
        "elements": "str",
        "choices": list(CHANNELS),
        "default": ["cluster", "live_migrations", "saved_states"],
    },
    "channel_wait": {"type": "int", "default": 5},
}


def read(client: Client, options: task.Options) -> dict[str, t.Any]:
    """Read the requested parts, and list those that are unknown."""
    _check_options(options)
    unknown: list[Unknown] = []
    own = functools.cache(lambda: computer.read_computer(client))
    log = functools.cache(lambda: host_parts.system_log(client, options))
    readers: dict[str, t.Callable[[list[Unknown]], host_parts.Part]] = {
        "windows": lambda _unknown: host_parts.windows(own()),
        "hotfixes": lambda _unknown: host_parts.hotfixes(client),
        "adapters": lambda unknown: host_parts.adapters(client, unknown),
        "virtual_machines": lambda unknown: host_parts.virtual_machines(client, unknown),
        "events": lambda unknown: host_parts.events(client, options, unknown, log),
        "processors": lambda _unknown: host_parts.processors(client, own()),
        "live_migration": lambda unknown: host_parts.migration(client, own(), unknown),
        "guest": lambda _unknown: host_parts.own_machine(client),
        "channels": lambda unknown: host_parts.channels(client, options, unknown, log),
    }
    requested = [part for part in PARTS if part in options["gather"]]
    # A host closes a subscription whose Pull waits too long for a free connection, so channels are read last.
    others = [part for part in requested if part != "channels"]
    found = attempt_each(client, {part: readers[part] for part in others}, unknown)
    found += attempt_each(client, {part: readers[part] for part in requested if part not in others}, unknown)
    if requested and not found:
        raise task.TaskError(" ".join(dict.fromkeys(one.why for one in unknown)))
    return {name: value for part in found for name, value in part.items()} | {"unknown": unknown}


def report(state: dict[str, t.Any], outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the values that were read."""
    return state | {"unknown": [dataclasses.asdict(one) for one in state["unknown"]]}


def _check_options(options: task.Options) -> None:
    for name, lowest, highest in (("event_days", 1, 366), ("event_limit", 0, 1000), ("channel_wait", 1, 60)):
        if not lowest <= options[name] <= highest:
            raise task.TaskError(f"{name} {options[name]} is out of range: valid values are {lowest} to {highest}.")
    invalid = [number for number in options["event_ids"] if not 0 <= number <= 0xFFFF]
    if invalid or not options["event_ids"]:
        value = str(invalid[0]) if invalid else "empty"
        raise task.TaskError(f"event_ids must contain event ids, which are numbers from 0 to 65535, but is {value}.")


TASK = task.Task(spec=SPEC, read=read, report=report)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
