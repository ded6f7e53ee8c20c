# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an approved plan covers what a run is about to do. Private to this collection; pure."""

from __future__ import annotations

import datetime
import typing as t

from ..errors import TaskError
from .plain import moment
from .plan import identity_of, read_plan

_SKEW = datetime.timedelta(minutes=5)  # of the clocks of the control nodes that plan and apply
Mapping = t.Mapping[str, t.Any]


def objections(approved: object, current: Mapping, *, now: str, max_age: float) -> list[str]:
    """The reasons as sentences why the approved plan does not cover the current one; C(max_age) is in hours."""
    try:
        known = read_plan(approved)
    except TaskError as error:
        return [f"The approved plan cannot be used. {error}"]
    found = list(_age(known, now, max_age))
    # A change that waited for the shutdown of a virtual machine is approved: the shutdown was all that it needed.
    waiting = [change for change in known["left"] if change["cost"] == "vm_shutdown"]
    listed = {identity_of(change): change for change in (*waiting, *known["changes"])}
    refused = {identity_of(change) for change in known["left"]}
    for change in current["changes"]:
        found += _of_change(change, listed.get(identity_of(change)), identity_of(change) in refused)
    for cluster in current["clusters"]:
        if cluster["order"]:
            found += _of_cluster(cluster, known)
    return found


def obsolete(approved: object, current: Mapping) -> list[str]:
    """The approved changes that are no longer needed, as sentences; they do not stop a run."""
    needed = {identity_of(change) for change in (*current["changes"], *current["left"])}
    try:
        changes = read_plan(approved)["changes"]
    except TaskError:
        return []
    return [
        f"{_title(change)} is approved and no longer needed." for change in changes if identity_of(change) not in needed
    ]


def _age(plan: Mapping, now: str, max_age: float) -> t.Iterator[str]:
    try:
        age = moment(now) - moment(plan["created"])
    except (KeyError, TypeError, ValueError):
        yield f"The approved plan has no date of creation that can be read: {plan.get('created')}. Make a new plan."
        return
    if age > datetime.timedelta(hours=max_age):
        hours = age.total_seconds() / 3600
        yield f"The approved plan is {hours:.1f} hours old, and at most {max_age:g} hours are allowed. Make a new plan."
    elif age < -_SKEW:
        yield f"The approved plan was made at {plan['created']}, in the future. Correct the clock."


def _of_change(change: Mapping, approved: Mapping | None, refused: bool) -> t.Iterator[str]:
    if approved is None:
        why = "was not permitted in the approved plan" if refused else "is not in the approved plan"
        yield f"{_title(change)} {why}: {change['before']} -> {change['after']}."
        return
    for part, word in (("before", "now"), ("after", "to be set")):
        if change[part] != approved[part]:
            yield f"{_title(change)} is {word} {change[part]}, and the approved plan has {approved[part]}."
    if change["cost"] != approved["cost"] and approved["cost"] != "vm_shutdown":
        yield f"{_title(change)} costs {_words(change['cost'])}, and the approved plan has {_words(approved['cost'])}."
    elif change["management"] and not approved["management"]:
        yield f"{_title(change)} is on the adapter of Ansible's own connection, and in the approved plan it is not."


def _of_cluster(cluster: Mapping, approved: Mapping) -> t.Iterator[str]:
    before = [row for row in approved["clusters"] if row["key"] == cluster["key"]]
    allowed = {gate["gate"] for row in before for gate in row["gates"] if gate["allowed"]}
    for gate in cluster["gates"]:
        if gate["outcome"] != "pass" and not gate["allowed"]:
            yield f"{cluster['name']}: the gate {gate['gate']} does not pass. {gate['reason']}"
        elif gate["outcome"] != "pass" and before and gate["gate"] not in allowed:
            yield f"{cluster['name']}: the gate {gate['gate']} is allowed now, but not in the approved plan."
    going = {host for each_round in cluster["order"] for host in each_round}
    hurt = {(move["role"], move["how"]) for row in before for move in row["moves"]}
    for move in cluster["moves"]:
        how = move["how"]
        if move["host"] in going and how not in ("live", "offline") and (move["role"], how) not in hurt:
            yield (
                f"{cluster['name']}: a drain of {move['node']} has another effect on {move['machine']} than approved: "
                f"{_words(how)}."
            )


def _title(change: Mapping) -> str:
    return (
        f"{change['cluster'] or change['host']}: {change['label']}"
        if change["module"] != "net_adapter"
        else (f"{change['host']}: {change['label']}")
    )


def _words(value: str) -> str:
    return value.replace("_", " ")
