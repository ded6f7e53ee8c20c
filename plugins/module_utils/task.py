# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a task: read, plan, and in earnest apply, read again and compare. Private to this collection.

This is the only place that knows check mode. Two things stand behind each other there: no step is applied, and the
session refuses to send a write.
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
    from .session import SessionFactory, Service, Session

__all__ = ["Options", "Outcome", "Task", "TaskError", "run", "run_as_module"]

State = t.TypeVar("State")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a plan: the values as they are now by label, and the sentence for each label that failed.

    In check mode C(values) are the planned ones. A label that failed has no value if what is true could not be read.
    """

    values: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    failures: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    pretended: bool = False

    def now(self, label: str, before: t.Any) -> t.Any:
        """The value as it is now; C(None) when a write failed in a way that leaves it unknown."""
        return self.values.get(label, None if label in self.failures else before)

    def verdict(self, label: str) -> dict[str, str]:
        """What became of a label, as rows of results say it: C(result), and for one that failed C(msg)."""
        if label in self.failures:
            return {"result": "failed", "msg": self.failures[label]}
        if label in self.values:
            return {"result": "would_change" if self.pretended else "changed"}
        return {"result": "compliant"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task(t.Generic[State]):
    """One thing that a user can ask for, as the functions that do it.

    * C(read): what is, from the host
    * C(plan): what to change; pure. Raises C(TaskError) for what must not be written
    * C(apply): do one step and give what was read back. Raises C(ServerError) when that could not be read
    * C(report): what the task returns, from what was read and what became of the plan
    * C(service): the kind of server that it talks to; C(read) and C(apply) get a session with it
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
    """Do the task on a server and give its result. Raises C(ServerError) or C(TaskError) if it ended before a write."""
    session = session_factory(read_only=check_mode)
    try:
        state = task.read(session, options)
        if task.plan is None:
            return {"changed": False, **task.report(state, Outcome())}
        plan = task.plan(state, options)
        if check_mode:
            outcome = Outcome(values={change.label: change.after for change in plan.changes}, pretended=True)
        else:
            outcome = _apply(task, session, state, plan, progress)
        return _result(plan, outcome, task.report(state, outcome), session.host)
    finally:
        session.close()


def _apply(task: Task[State], session: Session, state: State, plan: Plan, progress: t.Callable[[str], None]) -> Outcome:
    if task.apply is None:
        raise TypeError("A task that plans must be able to apply.")
    values: dict[str, t.Any] = {}
    failures: dict[str, str] = {}
    for number, step in enumerate(plan.steps, start=1):
        progress(f"{session.host}: {plan.title}, {number} of {len(plan.steps)}")
        gone, sent = False, session.writes
        try:
            applied = task.apply(session, state, step)
        except ServerError as exc:
            failures |= {change.label: str(exc) for change in step.changes}
            gone = isinstance(exc, (Unreachable, TimedOut))
            if session.writes == sent:
                values |= {change.label: change.before for change in step.changes}
        else:
            values |= applied.values
            failures |= _did_not_stick(step, applied, session.host)
        if gone or (failures and plan.ordered):
            why = "the host does not answer any more" if gone else "an earlier step failed"
            left = [change for later in plan.steps[number:] for change in later.changes]
            failures |= {change.label: f"{change.label} was not written, because {why}." for change in left}
            values |= {change.label: change.before for change in left}
            break
    return Outcome(values=values, failures=failures)


def _did_not_stick(step: Step, applied: Applied, host: str) -> dict[str, str]:
    """The sentence for each change that is not as planned: one for all that should be the same and are the same."""
    groups: dict[tuple[str, str], list[str]] = {}
    for change in step.changes:
        now = applied.values[change.label]
        if now != change.after:
            groups.setdefault((str(change.after), str(now)), []).append(change.label)
    answer = applied.reason or "no reason was given"
    return {
        label: f"{', '.join(labels)} on {host} should be {after} and {'are' if labels[1:] else 'is'} {now}: {answer}."
        for (after, now), labels in groups.items()
        for label in labels
    }


def _result(plan: Plan, outcome: Outcome, report: dict[str, t.Any], host: str) -> dict[str, t.Any]:
    now = {change.label: outcome.now(change.label, change.before) for change in plan.changes}
    done = [change for change in plan.changes if now[change.label] == change.after]
    unknown = [change for change in plan.changes if change.label in set(outcome.failures) - set(outcome.values)]
    # What may have been written counts as changed, and so does what became a third value: who acts on changes must not
    # miss one.
    touched = [
        change if change in unknown else dataclasses.replace(change, after=now[change.label])
        for change in plan.changes
        if change in unknown or now[change.label] != change.before
    ]
    result = {"changed": bool(touched), **report}
    if touched:
        result["diff"] = plan.diff(touched)
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
    """The task as an ordinary Ansible module, on a machine that is not Windows: the connection comes as options."""
    module = t.cast("t.Any", AnsibleModule)(argument_spec=task.argument_spec, supports_check_mode=True, **task.rules)
    try:
        session_factory = task.service.session_factory(module.params)
        result = run(task, session_factory, module.params, check_mode=module.check_mode, progress=module.debug)
    except (ServerError, TaskError) as exc:
        module.fail_json(msg=str(exc))
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
