# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a task: read, plan, apply, read back, compare. Private to this collection.

Only this module handles check mode. There, no step is applied, and the session is read-only.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.module_utils.basic import AnsibleModule

from .connection import WINDOWS
from .errors import ServerError, TaskError, TimedOut, Unreachable
from .session import Options

if t.TYPE_CHECKING:
    from .plan import Applied, Plan, Step
    from .session import Service, Session, SessionFactory

__all__ = ["Options", "Outcome", "Task", "TaskError", "run", "run_as_module"]

State = t.TypeVar("State")


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
    * C(report): make the result from the state and the outcome
    * C(service): the kind of server; C(read) and C(apply) get a session with it
    """

    spec: t.Mapping[str, t.Any]
    read: t.Callable[[t.Any, Options], State]
    plan: t.Callable[[State, Options], Plan] | None = None
    apply: t.Callable[[t.Any, State, Step], Applied] | None = None
    report: t.Callable[[State, Outcome], dict[str, t.Any]]
    rules: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    service: Service = WINDOWS

    @property
    def argument_spec(self) -> dict[str, t.Any]:
        return {**self.service.spec, **self.spec}


def run(
    task: Task[State],
    session_factory: SessionFactory,
    options: Options,
    *,
    check_mode: bool,
    progress: t.Callable[[str], None] = lambda text: None,
) -> dict[str, t.Any]:
    """Run the task on a server and return its result. Raises C(ServerError) or C(TaskError) before any write."""
    session = session_factory(read_only=check_mode)
    try:
        state = task.read(session, options)
        if task.plan is None:
            return {"changed": False, **task.report(state, Outcome())}
        plan = task.plan(state, options)
        if check_mode:
            outcome = Outcome(values={change.label: change.after for change in plan.changes}, check_mode=True)
        else:
            outcome = _apply(task, session, state, plan, progress)
        return _result(plan, outcome, task.report(state, outcome), session.host)
    finally:
        session.close()


def _apply(task: Task[State], session: Session, state: State, plan: Plan, progress: t.Callable[[str], None]) -> Outcome:
    if task.apply is None:
        raise TypeError("A task with a plan function needs an apply function.")
    values: dict[str, t.Any] = {}
    failures: dict[str, str] = {}
    for number, step in enumerate(plan.steps, start=1):
        progress(f"{session.host}: {plan.title}, {number} of {len(plan.steps)}")
        unreachable, writes_before = False, session.writes
        try:
            applied = task.apply(session, state, step)
        except ServerError as exc:
            failures |= {change.label: str(exc) for change in step.changes}
            unreachable = isinstance(exc, (Unreachable, TimedOut))
            if session.writes == writes_before:
                values |= {change.label: change.before for change in step.changes}
        else:
            values |= applied.values
            failures |= _describe_differences(step, applied, session.host)
        if unreachable or (failures and plan.ordered):
            why = "the host no longer responds" if unreachable else "an earlier step failed"
            remaining = [change for later in plan.steps[number:] for change in later.changes]
            failures |= {change.label: f"{change.label} was not written, because {why}." for change in remaining}
            values |= {change.label: change.before for change in remaining}
            break
    return Outcome(values=values, failures=failures)


def _describe_differences(step: Step, applied: Applied, host: str) -> dict[str, str]:
    """An error sentence for each change that is not as planned; changes with equal values share one sentence."""
    groups: dict[tuple[str, str], list[str]] = {}
    for change in step.changes:
        now = applied.values[change.label]
        if now != change.after:
            groups.setdefault((str(change.after), str(now)), []).append(change.label)
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
    result = {"changed": bool(changed), **report}
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
    try:
        session_factory = task.service.session_factory(module.params)
        result = run(task, session_factory, module.params, check_mode=module.check_mode, progress=module.debug)
    except (ServerError, TaskError) as exc:
        module.fail_json(msg=str(exc))
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
