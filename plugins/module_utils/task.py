# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a task: read, plan, apply, read back, compare. Private to this collection.

Only this module handles check mode. There, no step is applied, and the session is read-only.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible.module_utils.basic import AnsibleModule

from .connection import WINDOWS
from .errors import ResponseLost, ServerError, TaskError, TimedOut, Unreachable, describe_unexpected, one_line, shorten
from .plan import shown
from .session import Options, all_warnings, with_warnings

if t.TYPE_CHECKING:
    from .plan import Applied, Change, Plan, Step
    from .session import Service, Session, SessionFactory

__all__ = ["Options", "Outcome", "Task", "TaskError", "run", "run_as_module"]

State = t.TypeVar("State")
Progress = t.Callable[[str], None]
# Of every module that writes.
EXPECTED: t.Mapping[str, t.Any] = {"expected": {"type": "dict"}}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a plan: the values now, and an error sentence for each failed change, by label.

    In check mode C(values) are the planned values. A failed change has no value if it could not be read back.
    """

    values: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    failures: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    check_mode: bool = False

    def now(self, label: str, before: t.Any) -> t.Any:
        """The value now; C(None) if a write failed and the value is unknown."""
        return self.values.get(label, None if label in self.failures else before)

    def result_of(self, label: str) -> dict[str, str]:
        """The result of a change for a row: C(result), and C(msg) if it failed."""
        if label in self.failures:
            return {"result": "failed", "msg": self.failures[label]}
        if label in self.values:
            return {"result": "would_change" if self.check_mode else "changed"}
        return {"result": "compliant"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task(t.Generic[State]):
    """The functions of a module.

    * C(read): read the current state from the host
    * C(plan): plan the changes; pure. Raises C(TaskError) for a change that must not be made
    * C(apply): apply one step and return the values as read back. Raises C(ServerError) if they could not be read
    * C(apply_together): write all steps, then read all values back at once. A step whose values are not as planned then
      is applied by C(apply), unless a reason is returned. Raises C(ServerError) if the values could not be read
    * C(identified_by): the options that identify in a record what was changed
    * C(report): make the result from the state and the outcome
    * C(service): the kind of server; C(read) and C(apply) get a session with it
    """

    spec: t.Mapping[str, t.Any]
    read: t.Callable[[t.Any, Options], State]
    plan: t.Callable[[State, Options], Plan] | None = None
    apply: t.Callable[[t.Any, State, Step], Applied] | None = None
    apply_together: t.Callable[[t.Any, State, t.Sequence[Step], Progress], Applied] | None = None
    report: t.Callable[[State, Outcome], dict[str, t.Any]]
    rules: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    identified_by: tuple[str, ...] = ()
    service: Service = WINDOWS

    @property
    def argument_spec(self) -> dict[str, t.Any]:
        return {**self.service.spec, **self.spec, **({} if self.plan is None else EXPECTED)}


def _ignore(_value: t.Any) -> None:
    """Take a value and do nothing."""


def run(
    task: Task[State],
    session_factory: SessionFactory,
    options: Options,
    *,
    check_mode: bool,
    progress: Progress = _ignore,
    record: t.Callable[[list[dict[str, t.Any]]], None] = _ignore,
) -> dict[str, t.Any]:
    """Run the task on a server and return its result. Raises C(ServerError) or C(TaskError) before any write.

    C(record) gets the changes of each step twice: before the step as planned, with C(confirmed) false, so that a run
    that is killed leaves what it may have written; and right after the step as they were read back.
    """
    with _errors_as_sentences():
        session = session_factory(read_only=check_mode)
    try:
        return run_in(task, session, options, check_mode=check_mode, progress=progress, record=record)
    finally:
        with contextlib.suppress(Exception):  # the result matters more
            session.close()


def run_in(
    task: Task[State],
    session: Session,
    options: Options,
    *,
    check_mode: bool,
    progress: Progress = _ignore,
    record: t.Callable[[list[dict[str, t.Any]]], None] = _ignore,
) -> dict[str, t.Any]:
    """Run the task as C(run) does, in a session that stays open."""
    with _errors_as_sentences(session.host):
        state = task.read(session, options)
        if task.plan is None:
            return {"changed": False, **task.report(state, Outcome())}
        plan = task.plan(state, options).expecting(options.get("expected") or {})
    if check_mode:
        outcome = Outcome(values={change.label: change.after for change in plan.changes}, check_mode=True)
    else:
        outcome = _apply(task, session, state, plan, progress=progress, record=record)
    outcome = dataclasses.replace(outcome, failures={**plan.unread, **outcome.failures})
    report, outcome = _report(task, state, outcome)
    result = _result(plan, outcome, report, session.host)
    return result | ({"left_alone": [dict(row) for row in plan.left_alone]} if plan.left_alone else {})


@contextlib.contextmanager
def _errors_as_sentences(host: str = "") -> t.Iterator[None]:
    """Nothing was written yet, so any error ends the task with a sentence."""
    try:
        yield
    except ResponseLost as exc:
        exc.locate(host)
        raise
    except (ServerError, TaskError):
        raise
    except Exception as exc:
        raise TaskError(describe_unexpected(exc)) from exc


def _report(task: Task[State], state: State, outcome: Outcome) -> tuple[dict[str, t.Any], Outcome]:
    """The report. If it fails, what was written is returned without it."""
    try:
        return task.report(state, outcome), outcome
    except Exception as exc:
        failures = {**outcome.failures, "the report": _describe_error(exc)}
        return {}, dataclasses.replace(outcome, failures=failures)


def _apply(
    task: Task[State],
    session: Session,
    state: State,
    plan: Plan,
    *,
    progress: Progress,
    record: t.Callable[[list[dict[str, t.Any]]], None],
) -> Outcome:
    if task.apply is None:
        raise TypeError("A task with a plan function needs an apply function.")
    values: dict[str, t.Any] = {}
    failures: dict[str, str] = {}
    steps = plan.steps
    if task.apply_together is not None and steps:
        unrecorded = _record(record, _planned_rows(plan.changes))
        if unrecorded:
            return _not_written(plan.changes, unrecorded)
        together = _apply_together(task.apply_together, session, state, steps, progress)
        unrecorded = _record(record, _rows(plan.changes, together))
        values |= together.values
        failures |= together.failures
        steps = tuple(
            step
            for step in steps
            if not together.failures and any(values.get(change.label) != change.after for change in step.changes)
        )
        if unrecorded:
            rest = [change for step in steps for change in step.changes]
            failures |= {"the record": unrecorded, **{change.label: unrecorded for change in rest}}
            steps = ()
    for number, step in enumerate(steps, start=1):
        unreachable, writes_before = False, session.writes
        unrecorded = _record(record, _planned_rows(step.changes))
        if unrecorded:
            left = _not_written([change for later in steps[number - 1 :] for change in later.changes], unrecorded)
            return Outcome(values={**left.values, **values}, failures={**failures, **left.failures})
        try:
            progress(f"{session.host}: {plan.title}, {number} of {len(steps)}")
            applied = task.apply(session, state, step)
            differences = _describe_differences(step, applied, session.host)
        except Exception as exc:  # whatever it is, the earlier steps have written and are reported
            failures |= {change.label: _describe_error(exc, session.host) for change in step.changes}
            unreachable = isinstance(exc, (Unreachable, TimedOut))
            if session.writes == writes_before:
                values |= {change.label: values.get(change.label, change.before) for change in step.changes}
            else:
                values = {label: value for label, value in values.items() if label not in failures}
        else:
            values |= applied.values
            failures |= differences
        unrecorded = _record(record, _rows(step.changes, Outcome(values=values, failures=failures)))
        failures |= {"the record": unrecorded} if unrecorded else {}
        if unreachable or unrecorded or (failures and plan.ordered):
            why = "the host no longer responds" if unreachable else "an earlier step failed"
            why = "the record could not be written" if unrecorded else why
            remaining = [change for later in steps[number:] for change in later.changes]
            failures |= {change.label: f"{change.label} was not written, because {why}." for change in remaining}
            values |= {change.label: values.get(change.label, change.before) for change in remaining}
            break
    return Outcome(values=values, failures=failures)


def _record(record: t.Callable[[list[dict[str, t.Any]]], None], rows: list[dict[str, t.Any]]) -> str:
    """Record rows. Return a sentence if that failed."""
    try:
        record(rows)
    except Exception as exc:
        return f"The record of the run could not be written: {shorten(exc, 200)}."
    return ""


def _not_written(changes: t.Iterable[Change], why: str) -> Outcome:
    rows = list(changes)
    return Outcome(
        values={change.label: change.before for change in rows},
        failures={change.label: f"{why} Nothing more was written." for change in rows},
    )


def _apply_together(
    apply_together: t.Callable[[t.Any, State, t.Sequence[Step], Progress], Applied],
    session: Session,
    state: State,
    steps: t.Sequence[Step],
    progress: Progress,
) -> Outcome:
    """The values after all steps were written; none for changes that may have been sent and could not be read back."""
    writes_before = session.writes
    try:
        applied = apply_together(session, state, steps, progress)
        failures: dict[str, str] = {}
        for step in steps:
            failures |= _describe_differences(step, applied, session.host)
    except Exception as exc:  # whatever it is, some steps may have written and are reported
        changes = [change for step in steps for change in step.changes]
        failures = {change.label: _describe_error(exc, session.host) for change in changes}
        if session.writes == writes_before:
            return Outcome(values={change.label: change.before for change in changes}, failures=failures)
        return Outcome(failures=failures)
    return Outcome(values=applied.values, failures=failures if applied.reason else {})


def _describe_error(exc: Exception, host: str = "") -> str:
    if isinstance(exc, ResponseLost) and host:
        exc.locate(host)
    return str(exc) if isinstance(exc, (ServerError, TaskError)) else describe_unexpected(exc)


def _planned_rows(changes: t.Iterable[Change]) -> list[dict[str, t.Any]]:
    return [change.row() | {"confirmed": False} for change in changes]


def _rows(changes: t.Iterable[Change], outcome: Outcome) -> list[dict[str, t.Any]]:
    """A row for each change with its value now, which is null if it is not known."""
    return [dataclasses.replace(change, after=outcome.now(change.label, change.before)).row() for change in changes]


def _changed_rows(changes: t.Iterable[Change], outcome: Outcome) -> list[dict[str, t.Any]]:
    """A row for each change that took effect, or may have: then its value after is null."""
    return _rows([change for change in changes if outcome.now(change.label, change.before) != change.before], outcome)


def _describe_differences(step: Step, applied: Applied, host: str) -> dict[str, str]:
    """An error sentence for each change that is not as planned; changes with equal values share one sentence."""
    groups: dict[tuple[str, str], list[str]] = {}
    for change in step.changes:
        now = applied.values[change.label]
        if now != change.after:
            found = "unknown" if now is None else one_line(shown(now))
            groups.setdefault((shown(change.after), found), []).append(change.label)
    reason = applied.reason or "the host returned no reason"
    return {
        label: f"{', '.join(labels)} on {host} should be {after} and {'are' if labels[1:] else 'is'} {now}: {reason}."
        for (after, now), labels in groups.items()
        for label in labels
    }


def _result(plan: Plan, outcome: Outcome, report: dict[str, t.Any], host: str) -> dict[str, t.Any]:
    now = {change.label: outcome.now(change.label, change.before) for change in plan.changes}
    done = [change for change in plan.changes if now[change.label] == change.after]
    unknown = [change for change in plan.changes if change.label in set(outcome.failures) - set(outcome.values)]
    # A value that may have been written, or that is neither the old nor the planned one, counts as changed.
    changed = [
        change if change in unknown else dataclasses.replace(change, after=now[change.label])
        for change in plan.changes
        if change in unknown or now[change.label] != change.before
    ]
    rows = [change.row() for change in plan.changes] if outcome.check_mode else _changed_rows(plan.changes, outcome)
    result = {"changed": bool(changed), "changes": rows, **report}
    if changed:
        result["diff"] = plan.diff(changed)
    if outcome.failures:
        most = len(done) + len(unknown)
        effect = f"{len(done)} to {most}" if unknown else f"{len(done)}"
        sentences = " ".join(dict.fromkeys(outcome.failures.values()))
        result |= {
            "failed": True,
            "msg": f"{plan.title} on {host}: {effect} of {len(plan.changes)} changes are in effect, "
            f"{len(outcome.failures)} failed. {sentences}",
        }
    return result


def run_as_module(task: Task[t.Any]) -> None:
    """Run the task as an Ansible module on a host that is not Windows; the options contain the connection."""
    module = t.cast("t.Any", AnsibleModule)(argument_spec=task.argument_spec, supports_check_mode=True, **task.rules)
    warnings: list[t.Sequence[str]] = []
    try:
        session_factory = with_warnings(task.service.session_factory(module.params), warnings)
        result = run(task, session_factory, module.params, check_mode=module.check_mode, progress=module.debug)
    except Exception as exc:  # the operator gets one sentence, whatever it is
        module.fail_json(msg=_describe_error(exc), warnings=all_warnings(warnings))
    if result.pop("failed", False):
        module.fail_json(**result, warnings=all_warnings(warnings))
    module.exit_json(**result, warnings=all_warnings(warnings))
