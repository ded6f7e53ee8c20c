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
  - A heartbeat timeout is not made shorter than it is now, unless O(allow_shorter) is set.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  same_subnet_delay:
    description: Milliseconds between heartbeats of nodes in the same subnet, 250 to 2000.
    type: int
  same_subnet_threshold:
    description: Missed heartbeats until a node in the same subnet counts as down, 3 to 120 (10 on 2008 and 2008 R2).
    type: int
  cross_subnet_delay:
    description: Milliseconds between heartbeats of nodes in different subnets, 250 to 4000.
    type: int
  cross_subnet_threshold:
    description: Missed heartbeats until a node in another subnet counts as down, 3 to 120 (10 on 2008 and 2008 R2).
    type: int
  cross_site_delay:
    description: Milliseconds between heartbeats of nodes in different sites, 250 to 4000. On 2016 and later.
    type: int
  cross_site_threshold:
    description: Missed heartbeats until a node in another site counts as down, 3 to 120. On 2016 and later.
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
  allow_shorter:
    description:
      - Whether a heartbeat timeout may become shorter than it is now. With a shorter timeout, a live migration can
        remove a node.
      - Without it, the delay and the threshold of such a timeout are not changed, and RV(left_alone) has them.
    type: bool
    default: false
    version_added: 1.1.0
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
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

- name: Shorten the heartbeat timeout again
  winha.cluster.heartbeat:
    cross_subnet_threshold: 10
    allow_shorter: true
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
changes:
  description:
    - What was changed, or in check mode would be changed, with C(label), C(thing) (the cluster), C(setting) (the
      option), C(before) and C(after).
    - C(after) is the value as read back, or in check mode the planned one. It is null if it is unknown.
  returned: when the cluster could be read
  type: list
  elements: dict
  version_added: 1.1.0
  sample:
    - {label: same_subnet_threshold, thing: DAG1, setting: same_subnet_threshold, before: 5, after: 10}
left_alone:
  description:
    - What was not changed, as C(label), C(current) and C(reason).
    - C(expected) is the value in O(expected), if that is not the current one. C(wanted) is the wanted value, if the
      timeout would become shorter.
  returned: when there are any
  type: list
  elements: dict
  version_added: 1.1.0
  sample:
    - {label: same_subnet_threshold, expected: 10, current: 20, reason: the current value is not the expected one}
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
    "allow_shorter": {"type": "bool", "default": False},
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
    """Plan at most three steps, in an order that keeps the condition of each pair.

    A timeout that would become shorter is left alone, unless this is allowed. Raises C(TaskError) for a value out of
    range, a same-subnet value above its cross-subnet value, or a timeout that is too long.
    """
    wanted = {option: options[option] for option in settings.SETTINGS if options[option] is not None}
    planned = {**state.values, **wanted}
    if state.version is not None:
        _check_ranges(state, state.version, wanted)
        _check_order(wanted, planned)
        _check_seconds(state.version, wanted, planned, options["max_seconds"])
    reasons = {} if options["allow_shorter"] else _left_alone(state.values, wanted)
    name, differing = state.cluster.text("Name"), {o: v for o, v in wanted.items() if state.values[o] != v}
    changes = [
        Change(label=option, before=state.values[option], after=value, details={"thing": name, "setting": option})
        for option, value in differing.items()
        if option not in reasons
    ]
    left_alone = tuple(
        {"label": option, "wanted": value, "current": state.values[option], "reason": reasons[option]}
        for option, value in differing.items()
        if option in reasons
    )
    steps = tuple(Step(part) for part in _parts(changes) if part)
    return Plan(title=f"Heartbeat of {name}", steps=steps, ordered=True, left_alone=left_alone)


def apply(client: Client, state: State, step: Step) -> Applied:
    """Write one step with one request and read it back."""
    stored = properties.send_and_store(
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


def _parts(changes: t.Sequence[Change]) -> tuple[tuple[Change, ...], ...]:
    """The changes in an order in which no pair and no timeout is worse in between than before and after.

    Values that become higher are written first, so that a run that ends in between leaves no shorter timeout. The
    same-subnet values go with the part that keeps them below the cross-subnet values. If one of them becomes higher and
    the other one lower, they are a part of their own.
    """
    same = [change for change in changes if change.label.startswith("same_subnet")]
    raised = [change for change in changes if change not in same and change.after > change.before]
    lowered = [change for change in changes if change not in same and change.after < change.before]
    directions = {change.after > change.before for change in same}
    if directions == {True, False}:
        return tuple(raised), tuple(same), tuple(lowered)
    if directions == {True}:
        return tuple(raised), (*same, *lowered)
    return (*raised, *same), tuple(lowered)


def _left_alone(values: t.Mapping[str, int | None], wanted: t.Mapping[str, int]) -> dict[str, str]:
    """The options that are not changed, with the reason.

    These are the options of a timeout that would become shorter, and then those that would violate the order of a pair.
    """
    reasons: dict[str, str] = {}
    for timeout in settings.TIMEOUTS:
        now, planned = timeout.seconds(values), timeout.seconds({**values, **wanted})
        if now is not None and planned is not None and planned < now:
            reasons |= dict.fromkeys(
                (timeout.delay, timeout.threshold),
                f"the {timeout.name} timeout would become shorter: {planned:g} s instead of {now:g} s. Set "
                "allow_shorter to permit this",
            )
    planned_values = {**values, **{option: value for option, value in wanted.items() if option not in reasons}}
    for part in ("delay", "threshold"):
        within, across = f"same_subnet_{part}", f"cross_subnet_{part}"
        low, high = planned_values[within], planned_values[across]
        if reasons and low is not None and high is not None and low > high:
            why = f"{within} {low} would be higher than {across} {high}, because one of them is not changed"
            timeout = settings.CROSS_SUBNET if within in reasons else settings.SAME_SUBNET
            reasons |= {option: why for option in (timeout.delay, timeout.threshold) if option not in reasons}
    return reasons


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
