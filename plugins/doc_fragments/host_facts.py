# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # The options of host_info
    DOCUMENTATION = r"""
options:
  gather:
    description:
      - The parts to read.
      - V(windows) and V(hotfixes) need one request each, V(adapters) two, V(events) three or, with many events, more.
        V(virtual_machines) needs six, two more for pass-through disks, and some more with hundreds of virtual machines.
        These parts of a host with 100 virtual machines need about 15 requests.
      - V(processors) needs two requests, V(live_migration) one to five, and V(guest) one or, in a virtual machine of
        Hyper-V, four. The first two also need that of V(windows). They are not read by default.
      - V(channels) is not read by default. It needs three to five requests for each event channel, up to four more for
        a channel without events, and O(channel_wait) once or twice for each channel. Together with V(events) it needs
        mostly one request to WMI.
      - On Windows Server 2008 R2, V(adapters) needs about 20 requests for each adapter, because the settings are only
        in the registry.
    type: list
    elements: str
    choices: [windows, hotfixes, adapters, virtual_machines, events, processors, live_migration, guest, channels]
    default: [windows, hotfixes, adapters, virtual_machines, events]
  event_ids:
    description:
      - The ids of the events to read from the System log.
      - The default is 1135 (the cluster removed a node), 1177 (the quorum was lost) and 1069 (a cluster resource
        failed).
    type: list
    elements: int
    default: [1135, 1177, 1069]
  event_days:
    description: The number of days to read, 1 to 366. If Windows needs more than a minute for this, each day is read
      alone. If it needs more than a minute for one day, the events are unknown.
    type: int
    default: 30
  event_limit:
    description: The maximum number of events to return, 0 to 1000, for each event channel and for RV(events).
      RV(events_beyond) is the number of older events.
    type: int
    default: 50
  channels:
    description:
      - What to read for V(channels) in O(gather), within O(event_days).
      - V(cluster) are drains that failed, quarantined and isolated nodes, problems of the witness and of cluster shared
        volumes, from the channel C(System). It is also read with WMI, and the two are compared.
      - V(live_migrations) are finished live migrations with their blackout (events 20415 and 20417, Windows Server 2012
        and later), from C(Microsoft-Windows-Hyper-V-VMMS-Admin).
      - V(saved_states) are virtual machines that were saved (events 18510 and 18594), from
        C(Microsoft-Windows-Hyper-V-Worker-Admin).
      - V(databases) are moves of databases between DAG members and lost logs, from
        C(Microsoft-Exchange-HighAvailability/Operational) of an Exchange server.
      - V(kerberos) are names that more than one account has (event 11), from the channel C(System) of a domain
        controller. It is also read with WMI, and the two are compared.
    type: list
    elements: str
    choices: [cluster, live_migrations, saved_states, databases, kerberos]
    default: [cluster, live_migrations, saved_states]
  channel_wait:
    description:
      - The number of seconds, 1 to 60, after which the host answers that an event channel has no further event. A
        channel is read until one such response if this is enough for the System log, as WMI shows, else until two of
        them come in a row.
      - Windows does not promise that it has searched a large channel by then. With a longer time it is more probable.
    type: int
    default: 5
"""
