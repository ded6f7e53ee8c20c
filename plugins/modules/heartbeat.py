#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: heartbeat
short_description: Set the heartbeat of a failover cluster
description:
  - Sets how often the nodes of a failover cluster send heartbeats, and after how many missed heartbeats the cluster
    removes a node. This applies to the cluster of the host.
  - The cluster of a DAG is inside the virtual machines, so the host is a DAG member, not a Hyper-V host.
  - The heartbeat timeout is delay times threshold. The blackout of a live migration must be shorter.
  - Options that are not set are not changed. Changes take effect at once, without a restart.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  same_subnet_delay:
    description: Milliseconds between heartbeats of nodes in the same subnet, 250 to 2000.
    type: int
  same_subnet_threshold:
    description:
      - Missed heartbeats before the cluster treats a node in the same subnet as down, 3 to 120. On 2008 and 2008 R2
        3 to 10.
    type: int
  cross_subnet_delay:
    description: Milliseconds between heartbeats of nodes in different subnets, 250 to 4000.
    type: int
  cross_subnet_threshold:
    description:
      - Missed heartbeats before the cluster treats a node in another subnet as down, 3 to 120. On 2008 and 2008 R2
        3 to 10.
    type: int
  cross_site_delay:
    description: Milliseconds between heartbeats of nodes in different sites, 250 to 4000. On 2016 and later.
    type: int
  cross_site_threshold:
    description:
      - Missed heartbeats before the cluster treats a node in another site as down, 3 to 120. On 2016 and later.
    type: int
  route_history_length:
    description:
      - The number of heartbeats of a route that the cluster log keeps, 0 to 40. Windows Server 2012 and later.
      - Usually twice the higher threshold. It does not change the heartbeat timeout.
    type: int
  max_seconds:
    description:
      - The maximum heartbeat timeout in seconds. The task fails before it writes a higher timeout.
      - The default is the maximum that the Exchange team recommends for a DAG whose members are live migrated. The
        default of Windows Server 2019 is higher.
      - V(0) means no limit.
    type: int
    default: 10
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
seealso:
  - module: winha.cluster.cluster_info
notes:
  - A same-subnet value must not be higher than the cross-subnet value. If both change, they are written in an order
    that keeps this condition.
  - The ranges for sites are those for subnets, because Microsoft does not publish ranges for sites.
"""

EXAMPLES = r"""
- name: Set the heartbeat timeout of a DAG to 10 seconds
  winha.cluster.heartbeat:
    same_subnet_delay: 1000
    same_subnet_threshold: 10
    cross_subnet_delay: 1000
    cross_subnet_threshold: 10

- name: Allow a timeout of 20 seconds across two datacenters
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
  description: Windows Server release of the host. It decides the valid ranges.
  returned: when a value is set
  type: str
  sample: '2016'
heartbeat:
  description: The settings now, or in check mode the planned settings. Null if the release does not have the setting.
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
  description: The heartbeat timeouts before, in seconds.
  returned: when the cluster could be read
  type: dict
  sample: {same_subnet: 5.0, cross_subnet: 20.0, cross_site: 20.0}
seconds_after:
  description: The heartbeat timeouts now, or in check mode the planned ones, in seconds.
  returned: when the cluster could be read
  type: dict
  sample: {same_subnet: 10.0, cross_subnet: 20.0, cross_site: 20.0}
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._windows import cluster, computer, properties
from ansible_collections.winha.cluster.plugins.module_utils._windows import heartbeat as settings
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Change, Plan, Step

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._windows.version import WindowsVersion
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client

SPEC: dict[str, dict[str, t.Any]] = {
    **{option: {"type": "int"} for option in settings.SETTINGS},
    "max_seconds": {"type": "int", "default": 10},
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The cluster, its settings, and the Windows version for the ranges, which is only read if a value is set."""

    cluster: Instance
    version: WindowsVersion | None
    values: t.Mapping[str, int | None]


def read(client: Client, options: task.Options) -> State:
    """Read the cluster and its heartbeat with one request, and the Windows version with another if a value is set."""
    found = cluster.read_cluster(client)
    has_values = any(options[option] is not None for option in settings.SETTINGS)
    return State(
        cluster=found,
        version=computer.read_computer(client).windows if has_values else None,
        values=settings.values_of(found),
    )


def plan(state: State, options: task.Options) -> Plan:
    """Plan at most two steps: first the changes that increase the distance of a pair, then the others.

    Raises C(TaskError) for a value out of range, a same-subnet value above its cross-subnet value, or a timeout that is
    too long.
    """
    wanted = {option: options[option] for option in settings.SETTINGS if options[option] is not None}
    planned = {**state.values, **wanted}
    if state.version is not None:
        _check_ranges(state, state.version, wanted)
        _check_order(wanted, planned)
        _check_seconds(state.version, wanted, planned, options["max_seconds"])
    changes = [
        Change(label=option, before=state.values[option], after=value)
        for option, value in wanted.items()
        if state.values[option] != value
    ]
    first = tuple(change for change in changes if _increases_distance(change))
    rest = tuple(change for change in changes if not _increases_distance(change))
    steps = tuple(Step(part) for part in (first, rest) if part)
    return Plan(title=f"Heartbeat of {state.cluster.text('Name')}", steps=steps, ordered=True)


def apply(client: Client, state: State, step: Step) -> Applied:
    """Write one step with one request and read it back."""
    stored = properties.store(
        client,
        _reference(state.cluster),
        {settings.SETTINGS[change.label].property: change.after for change in step.changes},
        properties.CLUSTER_COMMON,
        operation=f"setting {', '.join(change.label for change in step.changes)} of {state.cluster.text('Name')}",
    )
    now = settings.values_of(stored.instance)
    return Applied(values={change.label: now[change.label] for change in step.changes}, reason=stored.reason)


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the heartbeat settings and the timeouts before and now."""
    now = {option: outcome.now(option, value) for option, value in state.values.items()}
    return {
        "cluster": state.cluster.text("Name"),
        **({"windows": state.version.name} if state.version is not None else {}),
        "heartbeat": now,
        "seconds_before": settings.seconds_of(state.values),
        "seconds_after": settings.seconds_of(now),
    }


def _reference(found: Instance) -> t.Any:
    if found.reference is None:
        raise cluster.NotClustered(f"the response contains no reference of the cluster {found.text('Name')}")
    return found.reference


def _increases_distance(change: Change) -> bool:
    """Whether a same-subnet value becomes lower or another value higher; such changes never violate the order."""
    if change.label.startswith("same_subnet"):
        return bool(change.after < change.before)
    return bool(change.after > change.before)


def _check_ranges(state: State, release: WindowsVersion, wanted: t.Mapping[str, int]) -> None:
    for option, value in wanted.items():
        if state.values[option] is None:
            raise task.TaskError(
                f"The cluster {state.cluster.text('Name')} does not have the setting {option} "
                f"(Windows Server {release.name}). Remove the option for this cluster."
            )
        lowest, highest = settings.SETTINGS[option].range(release)
        if not lowest <= value <= highest:
            unit = " ms" if option.endswith("_delay") else ""
            raise task.TaskError(
                f"{option} {value}{unit} is out of range: Windows Server {release.name} allows "
                f"{lowest} to {highest}{unit}. Nothing was written."
            )


def _check_order(wanted: t.Mapping[str, int], planned: t.Mapping[str, int | None]) -> None:
    for part in ("delay", "threshold"):
        within, across = f"same_subnet_{part}", f"cross_subnet_{part}"
        low, high = planned[within], planned[across]
        if {within, across} & set(wanted) and low is not None and high is not None and low > high:
            raise task.TaskError(
                f"{within} {low} would be higher than {across} {high}. Set both, with {within} not higher than "
                f"{across}. Nothing was written."
            )


def _check_seconds(
    release: WindowsVersion, wanted: t.Mapping[str, int], planned: t.Mapping[str, int | None], max_seconds: int
) -> None:
    for timeout in settings.TIMEOUTS:
        seconds = timeout.seconds(planned)
        if (
            max_seconds
            and seconds is not None
            and seconds > max_seconds
            and {timeout.delay, timeout.threshold} & set(wanted)
        ):
            raise task.TaskError(
                f"{timeout.delay} {planned[timeout.delay]} ms x {timeout.threshold} {planned[timeout.threshold]} is "
                f"{seconds:g} s, more than max_seconds ({max_seconds}). The Exchange team recommends at most 10 s for "
                f"a DAG whose members are live migrated; the default of Windows Server {release.name} is "
                f"{settings.default_of(release)}. Set lower values, or increase max_seconds (0 means no limit). "
                "Nothing was written."
            )


TASK = task.Task(spec=SPEC, read=read, plan=plan, apply=apply, report=report)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
