#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: net_adapter
short_description: Set jumbo frames, receive buffers and other advanced properties of network adapters
description:
  - Sets advanced properties of network adapters. The adapters are selected by name or by cluster network. The members
    of a team and the adapters below a virtual switch are included.
  - Checks all values against the values that the driver supports before it writes. This includes drivers that list
    indices, and drivers whose frame size does not include the Ethernet header.
  - Restarts a changed adapter once. An unchanged adapter is not restarted. Adapters that carry the connection of this
    task are changed last. The task then reconnects and reads the values back.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  adapters:
    description:
      - Names or wildcards of the adapters. Case is ignored. A name that is there is not a wildcard.
      - Wildcards do not select hidden adapters, such as cards that were removed.
    type: list
    elements: str
  cluster_network:
    description: Name of the cluster network whose adapters are selected.
    type: str
  live_migration:
    description: Whether the adapters of the live-migration networks are selected.
    type: bool
    default: false
  underlying:
    description: Whether the members of a selected team, and the adapters below a virtual switch, are selected too.
    type: bool
    default: true
  mtu:
    description:
      - The MTU in bytes, for example V(9000) for jumbo frames and V(1500) for standard frames.
      - This sets C(*JumboPacket), or the vendor's keyword for it.
    type: int
  receive_buffers:
    description:
      - The number of receive buffers. This sets C(*ReceiveBuffers), or the vendor's keyword for it.
      - Virtual adapters have no receive buffers and are skipped.
    type: int
  properties:
    description: Other advanced properties, as registry keywords with the driver's registry values.
    type: dict
    default: {}
  adapter_properties:
    description:
      - Registry values by the name of the adapter, as registry keywords with the driver's registry values.
      - Only these adapters are selected. This is how the undo of a run writes the values back.
    type: dict
    default: {}
    version_added: 1.1.0
  on_unsupported:
    description:
      - What to do if a driver supports less than O(mtu) or O(receive_buffers), or does not support the keyword.
      - V(cap) sets the highest supported value up to the requested one and returns C(capped=true). It fails if the
        keyword is not supported.
      - V(report) also sets the highest supported value up to the requested one. If the keyword is not supported, it
        skips the setting and returns V(unsupported).
      - V(fail) fails before anything is written. V(ignore) skips the setting.
    type: str
    choices: [cap, report, fail, ignore]
    default: cap
  restart:
    description:
      - When changed adapters are restarted. V(now) disconnects them from the network for some seconds.
      - V(defer) only stores the values. The result then shows that a restart is required.
    type: str
    choices: [now, defer]
    default: now
  reconnect_timeout:
    description: Seconds to wait until the host can be reached after the restart of an adapter.
    type: int
    default: 120
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
notes:
  - On Windows Server 2008 R2 the values are stored in the registry, no adapter is restarted, and team members are not
    detected. The result shows that a restart is required.
  - Drain a cluster node first, as the role P(winha.cluster.migration_network#role) does.
seealso:
  - module: winha.cluster.cluster_node
"""

EXAMPLES = r"""
- name: Set jumbo frames and receive buffers on the live-migration network
  winha.cluster.net_adapter:
    live_migration: true
    mtu: 9000
    receive_buffers: 8192

- name: Store the values now, restart in the maintenance window
  winha.cluster.net_adapter:
    adapters: ['LM*']
    mtu: 9000
    properties:
      '*FlowControl': '3'
    restart: defer
"""

RETURN = r"""
settings:
  description: Each setting of each selected adapter.
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
      description: The wanted value.
      type: str
      sample: 8192
    before:
      description: The value that was stored before.
      type: str
      sample: 512
    now:
      description: The value that is stored now, or in check mode the planned value. Null if it is unknown.
      type: str
      sample: 2048
    result:
      description: V(compliant), V(capped) (nothing to write; the driver supports no more), V(changed), V(would_change),
        V(unsupported) or V(failed).
      type: str
      sample: changed
    msg:
      description: Why the setting is V(unsupported) or V(failed). An unsupported setting has no value except C(wanted).
      returned: when unsupported or failed
      type: str
      sample: its driver does not support *ReceiveBuffers
    capped:
      description: Whether the driver supports less than the wanted value.
      type: bool
      sample: true
    in_effect:
      description:
        - Whether the value C(before) was in effect when the task began. If not, the adapter had not restarted since.
        - Null for all settings except the MTU, because Windows does not report it.
      type: bool
      sample: true
restart_required:
  description: Names of the adapters that need a restart before their stored values take effect.
  returned: when the adapters could be read
  type: list
  elements: str
  sample: []
restarts:
  description: Names of the adapters that were restarted, or in check mode that would be restarted.
  returned: when the adapters could be read
  type: list
  elements: str
  sample: [LM1]
without_link:
  description:
    - Names of the selected adapters that had no link when the task began. After their restart the task does not wait
      for a link.
    - An adapter that was disabled is one of them. It is not restarted, because a restart would enable it.
  returned: when there are any
  type: list
  elements: str
  version_added: 1.1.0
  sample: [LM2]
connection_adapters:
  description: Names of the selected adapters that carry the connection of Ansible.
  returned: when the adapters could be read
  type: list
  elements: str
  version_added: 1.1.0
  sample: []
changes:
  description:
    - What was changed, or in check mode would be changed, with C(label), C(thing) (the adapter), C(setting) (as in
      RV(settings), or V(restart)), C(before) and C(after).
    - C(after) is the value as read back, or in check mode the planned one. It is null if it is unknown.
    - A setting also has its registry C(keyword), and its registry values C(before_raw) and C(after_raw).
  returned: when the adapters could be read
  type: list
  elements: dict
  version_added: 1.1.0
  sample:
    - {label: LM1 mtu, thing: LM1, setting: mtu, before: 1500, after: 9000}
left_alone:
  description:
    - What was not changed, because C(current), the current value, is not the one in O(expected), as C(label),
      C(expected), C(current) and C(reason).
  returned: when there are any
  type: list
  elements: dict
  version_added: 1.1.0
  sample:
    - {label: LM1 mtu, expected: 9000, current: 4000, reason: the current value is not the expected one}
"""

import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import adapter_settings
from ansible_collections.winha.cluster.plugins.module_utils._windows.adapter_options import AdapterOptionsError
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
    "adapter_properties": {"type": "dict", "default": {}},
    "on_unsupported": {"type": "str", "choices": ["cap", "report", "fail", "ignore"], "default": "cap"},
    "restart": {"type": "str", "choices": ["now", "defer"], "default": "now"},
    "reconnect_timeout": {"type": "int", "default": 120},
}


def read(client: Client, options: task.Options) -> adapter_settings.State:
    """Read the selected adapters and the values that their drivers support."""
    if not any(options[name] for name in ("adapters", "cluster_network", "live_migration", "adapter_properties")):
        raise task.TaskError("No adapters are selected. Set adapters, cluster_network, or live_migration.")
    try:
        return adapter_settings.read(client, options)
    except AdapterOptionsError as exc:
        raise task.TaskError(str(exc)) from exc


def plan(state: adapter_settings.State, options: task.Options) -> Plan:
    """Plan one step for each adapter with changes; adapters that carry this connection are last."""
    steps = []
    for adapter in state.adapters:
        changes = [
            Change(label=setting.label, before=setting.before, after=setting.after, details=setting.record)
            for setting in state.settings
            if setting.adapter is adapter and setting.differs
        ]
        if not changes and options["restart"] == "now" and adapter.name in state.pending:
            details = {"thing": adapter.name, "setting": "restart"}
            changes = [Change(label=f"{adapter.name} restart", before="pending", after="done", details=details)]
        if changes:
            steps.append(Step(tuple(changes)))
    return Plan(title="Network adapters", steps=tuple(steps), ordered=True)


def apply(client: Client, state: adapter_settings.State, step: Step) -> Applied:
    """Write the changes of one adapter, with at most one restart, and read them back."""
    labels = {change.label for change in step.changes}
    settings = [setting for setting in state.settings if setting.label in labels]
    if not settings:
        (change,) = step.changes
        done, reason = adapter_settings.restart(client, state, change.label.removesuffix(" restart"))
        return Applied(values={change.label: "done" if done else "pending"}, reason=reason)
    values, reason = adapter_settings.write(client, state, settings)
    return Applied(values=values, reason=reason)


def report(state: adapter_settings.State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return each setting before and now, and the adapters that were restarted or need a restart."""
    restarts, required = _restarts(state, outcome)
    without_link = sorted(adapter.name for adapter in state.adapters if not adapter.up or not adapter.enabled)
    return {
        "settings": [_row(setting, outcome) for setting in state.settings] + list(state.unsupported),
        "restarts": sorted(restarts),
        "restart_required": sorted(required),
        "connection_adapters": sorted(state.connection & {adapter.name for adapter in state.adapters}),
        **({"without_link": without_link} if without_link else {}),
    }


def _restarts(state: adapter_settings.State, outcome: task.Outcome) -> tuple[set[str], set[str]]:
    """The adapters that were restarted, and those that need a restart. The last write of an adapter restarts it."""
    restarts, required = set(), set(state.pending)
    for adapter in state.adapters:
        changes = [one for one in state.settings if one.adapter is adapter and one.differs]
        written = [one for one in changes if outcome.now(one.label, one.before) != one.before]
        labels = [one.label for one in changes] or [f"{adapter.name} restart"]
        complete = all(label in outcome.values and label not in outcome.failures for label in labels)
        if not adapter.enabled:
            continue  # it reads its values when somebody enables it
        if state.restart_now and complete and (changes or adapter.name in state.pending):
            restarts.add(adapter.name)
            required.discard(adapter.name)
        elif written:
            required.add(adapter.name)
    return restarts, required


def _row(setting: adapter_settings.AdapterSetting, outcome: task.Outcome) -> dict[str, t.Any]:
    result = outcome.result_of(setting.label)
    if result["result"] == "compliant" and setting.target.capped:
        result["result"] = "capped"
    return {
        "adapter": setting.adapter.name,
        "setting": setting.name,
        "wanted": setting.wanted,
        "before": setting.before,
        "now": outcome.now(setting.label, setting.before),
        "capped": setting.target.capped,
        "in_effect": setting.in_effect,
        **result,
    }


TASK = task.Task(
    spec=SPEC,
    read=read,
    plan=plan,
    apply=apply,
    report=report,
    rules={
        "mutually_exclusive": [
            ["adapters", "cluster_network"],
            ["adapters", "live_migration"],
            ["adapter_properties", "adapters"],
            ["adapter_properties", "cluster_network"],
            ["adapter_properties", "mtu"],
            ["adapter_properties", "receive_buffers"],
        ]
    },
)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
