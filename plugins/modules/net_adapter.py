#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: net_adapter
short_description: Set jumbo frames, receive buffers and other advanced properties of network adapters
description:
  - Sets advanced properties of the network adapters of a host, by name or by the cluster network that they are on, with
    those behind a team or a virtual switch included.
  - Values are checked against what the driver offers before anything is written. Drivers that list indices, or leave
    the Ethernet header out of a frame size, are understood.
  - All changes to an adapter cost one restart of it, and no change costs none. Adapters that carry the connection of
    this task come last; that the connection breaks there is expected, and what is read afterwards decides.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  adapters:
    description: The adapters, by name or wildcard, without regard to case.
    type: list
    elements: str
  cluster_network:
    description: The cluster network whose adapters are meant.
    type: str
  live_migration:
    description: Whether the adapters of the networks are meant that live migration may use.
    type: bool
    default: false
  underlying:
    description: Whether the members of a team, and the adapters under a virtual switch, are meant along with it.
    type: bool
    default: true
  mtu:
    description:
      - The size of an IP packet that goes in one frame, in octets, e.g. V(9000) for jumbo frames and V(1500) for none.
      - Set through C(*JumboPacket), or the vendor's keyword for it.
    type: int
  receive_buffers:
    description:
      - The number of receive descriptors. Set through C(*ReceiveBuffers), or the vendor's keyword for it.
      - Virtual adapters have none and are left out.
    type: int
  properties:
    description: Further advanced properties, by registry keyword, with the registry value as the driver writes it.
    type: dict
    default: {}
  on_unsupported:
    description:
      - What to do when a driver offers less than O(mtu) or O(receive_buffers), or does not know the keyword.
      - V(cap) takes the nearest value below and says so, and fails for an unknown keyword.
      - V(report) takes the nearest value below too, but leaves the setting alone where the keyword is unknown, and says
        so with the result V(unsupported).
      - V(fail) fails, V(ignore) leaves the setting alone; both before anything is written.
    type: str
    choices: [cap, report, fail, ignore]
    default: cap
  restart:
    description:
      - Whether changed adapters are restarted V(now), which takes them off the network for some seconds.
      - With V(defer) the values are stored, and the result says that a restart is required.
    type: str
    choices: [now, defer]
    default: now
  reconnect_timeout:
    description: Seconds to wait for a host to come back after the restart of an adapter.
    type: int
    default: 120
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
notes:
  - On Windows Server 2008 R2 the values are stored in the registry, nothing is restarted, and adapters behind teams are
    not found. The result says that a restart is required.
  - On a cluster node, drain it first, as the role
    P(winha.cluster.migration_network#role) does.
seealso:
  - module: winha.cluster.cluster_node
"""

EXAMPLES = r"""
- name: Jumbo frames and large buffers on the live-migration network
  winha.cluster.net_adapter:
    live_migration: true
    mtu: 9000
    receive_buffers: 8192

- name: Store now, restart in the maintenance window
  winha.cluster.net_adapter:
    adapters: ['LM*']
    mtu: 9000
    properties:
      '*FlowControl': '3'
    restart: defer
"""

RETURN = r"""
settings:
  description: Each setting of each adapter that was meant.
  returned: when the adapters could be read
  type: list
  elements: dict
  contains:
    adapter:
      description: Name of the adapter.
      type: str
      sample: LM1
    setting:
      description: C(mtu), C(receive_buffers), or a registry keyword.
      type: str
      sample: receive_buffers
    wanted:
      description: The value that was asked for.
      type: str
      sample: 8192
    before:
      description: The value that was stored.
      type: str
      sample: 512
    now:
      description: The value that is stored now, or in check mode would be; null if that is unknown.
      type: str
      sample: 2048
    result:
      description: V(compliant), V(capped) (the driver offers no more), V(changed), V(would_change), V(unsupported) or
        V(failed).
      type: str
      sample: changed
    msg:
      description: Why it is V(unsupported) or V(failed). What is unsupported has no values but C(wanted).
      returned: when unsupported or failed
      type: str
      sample: its driver does not know *ReceiveBuffers
    capped:
      description: Whether the driver offers less than was asked for.
      type: bool
      sample: true
    in_effect:
      description:
        - Whether the adapter ran with the value C(before) when the task began, or still waited for a restart.
        - Null where Windows does not tell, which is so for all but the MTU.
      type: bool
      sample: true
restart_required:
  description: Names of the adapters whose stored values are not in effect before a restart.
  returned: when the adapters could be read
  type: list
  elements: str
  sample: []
restarts:
  description: Names of the adapters that were restarted, or in check mode would be.
  returned: when the adapters could be read
  type: list
  elements: str
  sample: [LM1]
"""

import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import adapter_settings as settings
from ansible_collections.winha.cluster.plugins.module_utils._windows.adapter_wish import RefusedError
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Change, Plan, Step

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SPEC = {
    "adapters": {"type": "list", "elements": "str"},
    "cluster_network": {"type": "str"},
    "live_migration": {"type": "bool", "default": False},
    "underlying": {"type": "bool", "default": True},
    "mtu": {"type": "int"},
    "receive_buffers": {"type": "int"},
    "properties": {"type": "dict", "default": {}},
    "on_unsupported": {"type": "str", "choices": ["cap", "report", "fail", "ignore"], "default": "cap"},
    "restart": {"type": "str", "choices": ["now", "defer"], "default": "now"},
    "reconnect_timeout": {"type": "int", "default": 120},
}


def read(client: Client, options: task.Options) -> settings.State:
    """The adapters that are meant, with what their drivers offer."""
    if not (options["adapters"] or options["cluster_network"] or options["live_migration"]):
        raise task.TaskError("Say which adapters are meant: adapters, cluster_network, or live_migration.")
    try:
        return settings.read(client, options)
    except RefusedError as exc:
        raise task.TaskError(str(exc)) from exc


def plan(state: settings.State, options: task.Options) -> Plan:
    """One step for each adapter that differs, those that carry our connection last."""
    steps = []
    for adapter in state.adapters:
        mine = [wanted for wanted in state.wanted if wanted.adapter is adapter]
        changes = [
            Change(label=wanted.label, before=wanted.before, after=wanted.after) for wanted in mine if wanted.differs
        ]
        if not changes and options["restart"] == "now" and adapter.name in state.pending:
            changes = [Change(label=f"{adapter.name} restart", before="pending", after="done")]
        if changes:
            steps.append(Step(tuple(changes)))
    return Plan(title="Network adapters", steps=tuple(steps), ordered=True)


def apply(client: Client, state: settings.State, step: Step) -> Applied:
    """Write the changes of one adapter, with one restart at most, and read them back."""
    labels = {change.label for change in step.changes}
    mine = [wanted for wanted in state.wanted if wanted.label in labels]
    if not mine:
        (change,) = step.changes
        done, answer = settings.restart(client, state, change.label.removesuffix(" restart"))
        return Applied(values={change.label: "done" if done else "pending"}, reason=answer)
    values, answer = settings.write(client, state, mine)
    return Applied(values=values, reason=answer)


def report(state: settings.State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Each setting before and now, and which adapters need a restart or had one."""
    touched = {wanted.adapter.name for wanted in state.wanted if wanted.differs and wanted.label in outcome.values}
    if state.restart_now:
        touched |= {name for name in state.pending if f"{name} restart" in outcome.values}
        restarts, required = touched, state.pending - touched
    else:
        restarts, required = set(), state.pending | touched
    return {
        "settings": [_row(wanted, outcome) for wanted in state.wanted] + list(state.unsupported),
        "restarts": sorted(restarts),
        "restart_required": sorted(required),
    }


def _row(wanted: settings.Wanted, outcome: task.Outcome) -> dict[str, t.Any]:
    verdict = outcome.verdict(wanted.label)
    if verdict["result"] == "compliant" and wanted.target.capped:
        verdict["result"] = "capped"
    return {
        "adapter": wanted.adapter.name,
        "setting": wanted.setting,
        "wanted": wanted.wished,
        "before": wanted.before,
        "now": outcome.now(wanted.label, wanted.before),
        "capped": wanted.target.capped,
        "in_effect": wanted.in_effect,
        **verdict,
    }


TASK = task.Task(
    spec=SPEC,
    read=read,
    plan=plan,
    apply=apply,
    report=report,
    rules={"mutually_exclusive": [["adapters", "cluster_network"], ["adapters", "live_migration"]]},
)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
