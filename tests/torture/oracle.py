# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judge of a cell. What happened is in the store and the journal of the lab; the result must agree with it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils.errors import (
    LONGEST_SENTENCE,
    ServerError,
    TaskError,
    WriteRefused,
)

from .estate import PASSWORD
from .rows import Row, rows_of

if t.TYPE_CHECKING:
    from lab.journal import Entry

    from .estate import Picture
    from .tap import Fault
    from .variants import Variant

DEADLINE = 15  # seconds; the tasks of the cells have time limits of at most three seconds
_DEFECTS = ("Traceback", "object at 0x", "defect", "unexpected error", "\n", PASSWORD)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a task returned, and what the lab shows of it.

    C(requests): whether each one reached the lab, and its response was lost.
    """

    variant: Variant
    fault: Fault | None
    check_mode: bool
    before: Picture
    after: Picture
    entries: tuple[Entry, ...]
    requests: tuple[tuple[bool, bool], ...]
    result: dict[str, t.Any] | None
    error: Exception | None
    seconds: float

    @property
    def failed(self) -> bool:
        return self.result is None or bool(self.result.get("failed"))

    @property
    def message(self) -> str:
        return str(self.error) if self.result is None else str(self.result.get("msg", ""))

    @property
    def may_lie(self) -> bool:
        """Whether a response had other values than the store."""
        return self.fault is not None and self.fault.lies


def judge(found: Evidence, usual: Evidence) -> list[str]:
    """What is wrong with the evidence of a cell; C(usual) is that of the same task without a fault."""
    wrong = [*message(found), *_writes(found), *_repeated(found), *_keys(found, usual)]
    if found.seconds > DEADLINE:
        wrong.append(f"the task took {found.seconds:.1f} s")
    if found.fault is not None and found.fault.harmless and found.failed:
        wrong.append("the task failed, although every response was valid")
    if found.variant.writes:
        wrong += changes(found)
    elif found.result is not None and not found.failed and not found.may_lie:
        wrong += _readings(found, usual)
    return wrong


def message(found: Evidence) -> t.Iterator[str]:
    """A failed task ends with sentences for an operator."""
    if found.error is not None and not isinstance(found.error, (ServerError, TaskError)):
        yield f"the task ended with {type(found.error).__name__}: {found.error}"
    elif isinstance(found.error, WriteRefused):
        yield "only the session stopped a write in check mode"
    elif found.failed:
        text = found.message
        if not text.endswith(".") or len(text) > LONGEST_SENTENCE:
            yield f"the message is not a sentence: {text[:300]!r}"
        if any(word in text for word in _DEFECTS):
            yield f"the message has a word that it must not have: {text[:300]!r}"
        if not isinstance(found.error, TaskError) and not any(name in text.casefold() for name in _places(found)):
            yield f"the message does not name the host: {text[:300]!r}"


def _places(found: Evidence) -> tuple[str, str]:
    """Where a request can fail: on the host, or before it in the DNS query of this machine."""
    return found.variant.host.casefold(), "looking up the servers on this machine"


def _writes(found: Evidence) -> t.Iterator[str]:
    """No write in check mode or by a module that reads. Each wanted value is written once, with effect."""
    writes = [entry for entry in found.entries if entry.write]
    if writes and (found.check_mode or not found.variant.writes):
        yield f"{len(writes)} writes were sent"
    seen: set[tuple[str, str, str, str]] = set()
    for entry in writes:
        for change in entry.changes:
            key = (change.cls, change.instance, change.property, str(change.after))
            if key in seen:
                yield f"{change.property} of {change.instance} was set to {change.after} twice"
            seen.add(key)


def _repeated(found: Evidence) -> t.Iterator[str]:
    """The same write is sent again only after a read whose response arrived."""
    lost = iter([is_lost for reached, is_lost in found.requests if reached])
    unread: set[tuple[str, ...]] = set()
    for entry in found.entries:
        if entry.operation == "Event":
            continue
        is_lost = next(lost, False)
        if not entry.write:
            if entry.status == 200 and not is_lost:
                unread.clear()
            continue
        target = (entry.operation, entry.cls, entry.method, *sorted(entry.selectors.values()))
        if target in unread:
            yield f"{entry.method or entry.operation} of {target[3:]} was sent twice without a read in between"
        unread.add(target)


def _keys(found: Evidence, usual: Evidence) -> t.Iterator[str]:
    """A task with a fault changes nothing that the same task does not change without one.

    A Put has all values of the Get before it, so it may write other values that the response to the Get had.
    """
    if found.may_lie:
        return
    foreign = found.before.differences(found.after) - usual.before.differences(usual.after)
    if foreign:
        yield f"other values were changed: {sorted(foreign)[:5]}"


def changes(found: Evidence) -> t.Iterator[str]:
    """The values before and now, what is reported as changed, and success agree with the store."""
    wanted = found.variant.wanted
    before, after = found.variant.state(found.before), found.variant.state(found.after)
    effective = {label for label in wanted if before[label] != after[label]}
    if found.failed and "tn1" in effective:
        effective -= {label for label in wanted if label.endswith(" owner")}  # the cluster moves them after the resume
    if found.result is None:
        if effective:
            yield f"the task ended with an error and does not report its changes of {sorted(effective)}"
        return
    reported = {str(row["label"]): row for row in found.result["changes"]}
    if not found.check_mode and not found.may_lie:
        if missing := effective - set(reported):
            yield f"the changes of {sorted(missing)} are not reported"
        if effective and not found.result["changed"]:
            yield "the task changed values and reports changed=false"
        if found.result["changed"] and not reported:
            yield "the task reports changed=true and no changes"
        if not found.failed:
            yield from (
                f"the task succeeded, and {label} is {after[label]}"
                for label, value in wanted.items()
                if after[label] != value
            )
    if not found.may_lie:
        yield from _reported(found, reported, before, after)
        for row in rows_of(found.variant.module, found.result):
            if row.label in before:
                yield from _row(found, row, before[row.label], after[row.label])
    yield from _restarts(found)


def _reported(
    found: Evidence, reported: t.Mapping[str, t.Any], before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]
) -> t.Iterator[str]:
    wanted = found.variant.wanted
    for label, row in reported.items():
        if label not in before:
            yield f"a change of {label} is reported, which is no setting of the task"
        elif row["before"] != before[label]:
            yield f"{label} was {before[label]} and is reported as {row['before']} before"
        elif found.check_mode:
            if row["after"] != wanted.get(label) or before[label] == wanted.get(label):
                yield f"check mode reports {label} as {row['after']}, wanted is {wanted.get(label)}"
        elif row["after"] is None:
            if not found.failed:
                yield f"{label} is reported as unknown, and the task did not fail"
        elif not _agrees(row["after"], after[label], found):
            yield f"{label} is {after[label]} and is reported as {row['after']}"
    if found.check_mode and not found.failed:
        missing = {label for label, value in wanted.items() if before[label] != value} - set(reported)
        if missing:
            yield f"check mode does not show the changes of {sorted(missing)}"


def _row(found: Evidence, row: Row, before: t.Any, after: t.Any) -> t.Iterator[str]:
    if row.before is not None and row.before != before:
        yield f"the row of {row.label} has {row.before} before, and it was {before}"
    if found.check_mode:
        if row.now not in (before, found.variant.wanted.get(row.label)):
            yield f"the row of {row.label} has {row.now} in check mode"
        return
    if row.now is not None and not _agrees(row.now, after, found):
        yield f"the row of {row.label} has {row.now} now, and it is {after}"
    if row.now is None and not found.failed:
        yield f"the row of {row.label} has no value, and the task did not fail"
    wanted = found.variant.wanted.get(row.label, after)
    if row.result in ("compliant", "capped") and not before == after == wanted:
        yield f"the row of {row.label} is {row.result}; it was {before}, is {after}, wanted is {wanted}"
    if row.result == "changed" and (after != wanted or before == after):
        yield f"the row of {row.label} is changed; it was {before}, is {after}, wanted is {wanted}"


def _agrees(reported: t.Any, stored: t.Any, found: Evidence) -> bool:
    """A drain that a failed task started goes on, so its state may be later in the store than in the result."""
    moving = found.variant.module == "cluster_node" and found.failed
    return bool(
        reported == stored or (moving and (reported, stored) in _LATER) or (moving and reported in ("tn1", "tn2"))
    )


_LATER = {("draining", "drained"), ("paused", "drained"), ("active", "draining"), ("active", "drained")}


def _restarts(found: Evidence) -> t.Iterator[str]:
    """An adapter that the task reports as restarted was restarted. One that was not is reported, if it is needed."""
    result = found.result or {}
    if found.variant.module != "net_adapter" or found.check_mode:
        return
    done = {entry.selectors["Name"] for entry in found.entries if entry.method == "AdapterRestart"}
    if claimed := set(result["restarts"]) - done:
        yield f"{sorted(claimed)} are reported as restarted, and were not"
    before, after = found.variant.state(found.before), found.variant.state(found.after)
    if before != after and not done and not result["restart_required"] and not found.may_lie:
        yield "the adapter was changed and not restarted, and restart_required is empty"


def _readings(found: Evidence, usual: Evidence) -> t.Iterator[str]:
    """A value that was read is that of the store, and the usual one. One that was not read is null, with a reason."""
    stored = found.variant.state(found.after)
    for row in rows_of(found.variant.module, found.result or {}):
        if row.label in stored and row.now not in (None, stored[row.label]):
            yield f"{row.label} is read as {row.now}, and it is {stored[row.label]}"
    unknown = [value for name, value in _leaves(found.result) if ("unknown" in name or name.endswith(".why")) and value]
    allowed = bool(unknown) or (found.fault is not None and found.fault.absent)
    now = dict(_leaves({name: value for name, value in (found.result or {}).items() if name != "unknown"}))
    then = dict(_leaves({name: value for name, value in (usual.result or {}).items() if name != "unknown"}))
    for name in sorted(now.keys() | then.keys()):
        # These say in the row itself that something was not read: name_known is false, or msg or why is the reason.
        if "unknown" in name or now.get(name) == then.get(name) or "name_known" in name:
            continue
        if name.endswith(".time") or (allowed and (".msg" in name or ".why" in name)):  # events are as old as the lab
            continue
        if now.get(name) not in (None, "", False, "unknown") or not allowed:
            yield f"{name} is {now.get(name)!r} and should be {then.get(name)!r}; unknown: {unknown}"
            return


def _leaves(value: t.Any, name: str = "") -> t.Iterator[tuple[str, t.Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}")
    elif isinstance(value, (list, tuple)) and value:
        for at, inner in enumerate(value):
            yield from _leaves(inner, f"{name}[{at}]")
    else:
        yield name, None if value in ({}, [], ()) else value
