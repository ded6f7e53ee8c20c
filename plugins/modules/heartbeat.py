#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: heartbeat
short_description: Set the heartbeat of a failover cluster
description:
  - Sets how often the nodes of a failover cluster send heartbeats and how many may be missed before a node is removed
    from the active membership, on the cluster that the host belongs to.
  - For a DAG this is the cluster inside the guests, so the host is a mailbox server, not a Hyper-V host.
  - A node counts as down after delay times threshold. A live migration must be shorter than that.
  - What is not given is left as it is. Changes take effect at once; nothing is restarted.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  same_subnet_delay:
    description: Milliseconds between heartbeats of nodes in the same subnet, 250 to 2000.
    type: int
  same_subnet_threshold:
    description: Missed heartbeats until a node in the same subnet is down, 3 to 120, on 2008 and 2008 R2 3 to 10.
    type: int
  cross_subnet_delay:
    description: Milliseconds between heartbeats of nodes in different subnets, 250 to 4000.
    type: int
  cross_subnet_threshold:
    description: Missed heartbeats until a node in another subnet is down, 3 to 120, on 2008 and 2008 R2 3 to 10.
    type: int
  cross_site_delay:
    description: Milliseconds between heartbeats of nodes in different sites, 250 to 4000, from Windows Server 2016 on.
    type: int
  cross_site_threshold:
    description: Missed heartbeats until a node in another site is down, 3 to 120, from Windows Server 2016 on.
    type: int
  route_history_length:
    description:
      - How many heartbeats the cluster log remembers for a route, 0 to 40. Windows Server 2012 and later.
      - Usually twice the higher threshold. This is a depth of the log, not a time.
    type: int
  max_seconds:
    description:
      - The most seconds that a delay times its threshold may come to; more is refused before anything is written.
      - The default is what the Exchange team advises at most for a DAG whose members are live migrated.
        The default of Windows Server 2019 is more.
      - V(0) lifts the limit.
    type: int
    default: 10
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
seealso:
  - module: winha.cluster.cluster_info
notes:
  - A value for the same subnet must not be above the one across subnets. When both change, they are written in an order
    that keeps this true in between.
  - The ranges for sites are those across subnets; Microsoft publishes none.
"""

EXAMPLES = r"""
- name: Give the members of a DAG ten seconds
  winha.cluster.heartbeat:
    same_subnet_delay: 1000
    same_subnet_threshold: 10
    cross_subnet_delay: 1000
    cross_subnet_threshold: 10

- name: Twenty seconds across two datacenters, on purpose
  winha.cluster.heartbeat:
    cross_subnet_threshold: 20
    max_seconds: 20
"""

RETURN = r"""
cluster:
  description: Name of the cluster; for a DAG the name of the DAG.
  returned: when the cluster could be read
  type: str
  sample: DAG1
windows:
  description: Windows Server release of the host that was asked, whose ranges count.
  returned: when a value was given
  type: str
  sample: '2016'
heartbeat:
  description: The settings as they are now, or in check mode as they would be. Those that the release lacks are null.
  returned: when the cluster could be read
  type: dict
  sample:
    same_subnet_delay: 1000
    same_subnet_threshold: 10
    cross_subnet_delay: 1000
    cross_subnet_threshold: 20
    cross_site_delay: 1000
    cross_site_threshold: 20
    route_history_length: 20
seconds_before:
  description: Seconds until a silent node is down, for each reach, as it was.
  returned: when the cluster could be read
  type: dict
  sample: {same_subnet: 5.0, cross_subnet: 20.0, cross_site: 20.0}
seconds_after:
  description: The same as it is now, or in check mode as it would be.
  returned: when the cluster could be read
  type: dict
  sample: {same_subnet: 10.0, cross_subnet: 20.0, cross_site: 20.0}
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import cluster, computer, properties
from ansible_collections.winha.cluster.plugins.module_utils._windows import heartbeat as meaning
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Change, Plan, Step

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._windows.version import WindowsVersion
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SPEC: dict[str, dict[str, t.Any]] = {
    **{option: {"type": "int"} for option in meaning.SETTINGS},
    "max_seconds": {"type": "int", "default": 10},
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The cluster as it is, and the Windows release whose ranges count; it is only read when there is a value."""

    cluster: Instance
    version: WindowsVersion | None
    values: t.Mapping[str, int | None]


def read(client: Client, options: task.Options) -> State:
    """The cluster of the host and its heartbeat: one message, and one for the Windows version if that matters."""
    found = cluster.read_cluster(client)
    given = any(options[option] is not None for option in meaning.SETTINGS)
    return State(
        cluster=found,
        version=computer.read_computer(client).windows if given else None,
        values=meaning.values_of(found),
    )


def plan(state: State, options: task.Options) -> Plan:
    """What to write, in at most two steps: first what widens a pair, then the rest.

    Raises C(TaskError) for a value out of range, a pair that would be out of order, or more than the seconds allowed.
    """
    wanted = {option: options[option] for option in meaning.SETTINGS if options[option] is not None}
    final = {**state.values, **wanted}
    if state.version is not None:
        _check_ranges(state, state.version, wanted)
        _check_order(wanted, final)
        _check_seconds(state.version, wanted, final, options["max_seconds"])
    changes = [
        Change(label=option, before=state.values[option], after=value)
        for option, value in wanted.items()
        if state.values[option] != value
    ]
    first = tuple(change for change in changes if _widens(change))
    rest = tuple(change for change in changes if not _widens(change))
    steps = tuple(Step(part) for part in (first, rest) if part)
    return Plan(title=f"Heartbeat of {state.cluster.text('Name')}", steps=steps, ordered=True)


def apply(client: Client, state: State, step: Step) -> Applied:
    """Write one step in one message and read it back."""
    stored = properties.store(
        client,
        _reference(state.cluster),
        {meaning.SETTINGS[change.label].property: change.after for change in step.changes},
        properties.CLUSTER_COMMON,
        operation=f"setting {', '.join(change.label for change in step.changes)} of {state.cluster.text('Name')}",
    )
    now = meaning.values_of(stored.instance)
    return Applied(values={change.label: now[change.label] for change in step.changes}, reason=stored.reason)


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """The heartbeat and its seconds, before and now."""
    now = {option: outcome.now(option, value) for option, value in state.values.items()}
    return {
        "cluster": state.cluster.text("Name"),
        **({"windows": state.version.name} if state.version is not None else {}),
        "heartbeat": now,
        "seconds_before": meaning.seconds_of(state.values),
        "seconds_after": meaning.seconds_of(now),
    }


def _reference(found: Instance) -> t.Any:
    if found.reference is None:
        raise cluster.NotClustered(f"the cluster {found.text('Name')} came without a reference to address it by")
    return found.reference


def _widens(change: Change) -> bool:
    """Raising what is across, or lowering what is within, can never bring a pair out of order."""
    if change.label.startswith("same_subnet"):
        return bool(change.after < change.before)
    return bool(change.after > change.before)


def _check_ranges(state: State, release: WindowsVersion, wanted: t.Mapping[str, int]) -> None:
    for option, value in wanted.items():
        if state.values[option] is None:
            raise task.TaskError(
                f"{option} is not known to the cluster {state.cluster.text('Name')} "
                f"(Windows Server {release.name}); leave it out for this cluster."
            )
        lowest, highest = meaning.SETTINGS[option].range(release)
        if not lowest <= value <= highest:
            unit = " ms" if option.endswith("_delay") else ""
            raise task.TaskError(
                f"{option} {value}{unit} is out of range: Windows Server {release.name} takes "
                f"{lowest} to {highest}{unit}. Nothing was written."
            )


def _check_order(wanted: t.Mapping[str, int], final: t.Mapping[str, int | None]) -> None:
    for part in ("delay", "threshold"):
        within, across = f"same_subnet_{part}", f"cross_subnet_{part}"
        low, high = final[within], final[across]
        if {within, across} & set(wanted) and low is not None and high is not None and low > high:
            raise task.TaskError(
                f"{within} {low} would be above {across} {high}; give both, the one for the same subnet not above the "
                "other. Nothing was written."
            )


def _check_seconds(
    release: WindowsVersion, wanted: t.Mapping[str, int], final: t.Mapping[str, int | None], most: int
) -> None:
    for reach in meaning.REACHES:
        seconds = reach.seconds(final)
        if most and seconds is not None and seconds > most and {reach.delay, reach.threshold} & set(wanted):
            raise task.TaskError(
                f"{reach.delay} {final[reach.delay]} ms x {reach.threshold} {final[reach.threshold]} is {seconds:g} s, "
                f"more than max_seconds ({most}). The Exchange team advises 10 s at most for a DAG whose members are "
                f"live migrated; the default of Windows Server {release.name} is "
                f"{meaning.default_of(release)}. Lower the values, or raise max_seconds (0 lifts it) if you mean "
                "it. Nothing was written."
            )


TASK = task.Task(spec=SPEC, read=read, plan=plan, apply=apply, report=report)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
