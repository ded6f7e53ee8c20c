# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import json
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.winha.cluster.plugins.module_utils import task as tasks
from ansible_collections.winha.cluster.plugins.module_utils._audit import visit
from ansible_collections.winha.cluster.plugins.module_utils._windows import cluster, computer
from ansible_collections.winha.cluster.plugins.module_utils._windows.unknown import at_the_same_time
from ansible_collections.winha.cluster.plugins.module_utils.connection import WINDOWS_VISIT
from ansible_collections.winha.cluster.plugins.module_utils.errors import (
    ServerError,
    TaskError,
    Unreachable,
    describe_unexpected,
)
from ansible_collections.winha.cluster.plugins.modules import cluster_info, host_info, jumbo_path_info, net_adapter
from ansible_collections.winha.cluster.plugins.plugin_utils import role_specification, role_variables
from ansible_collections.winha.cluster.plugins.plugin_utils.controller import ControllerAction

role_specification.load()  # ansible-core loads an action before it forks its workers

MODULES: t.Mapping[str, tasks.Task[t.Any]] = {
    "host_info": host_info.TASK,
    "cluster_info": cluster_info.TASK,
    "net_adapter": net_adapter.TASK,
    "jumbo_path_info": jumbo_path_info.TASK,
}
# Those of a line need results of the lines before it.
ORDER = (("host_info", "cluster_info"), ("net_adapter", "jumbo_path_info"))
_SKIPPED: visit.Result = {"skipped": True}
_KINDS = {"hyperv_host": "hyperv_hosts", "dag_member": "dag_members"}  # the option of the role with the group
_OPTIONS = (*_KINDS.values(), *visit.OPTIONS)

Results = dict[str, visit.Result]


def read(client: t.Any, options: tasks.Options) -> Results:
    """Run the modules, those of a line at the same time. The result of each is kept apart."""
    wanted: t.Mapping[str, tasks.Options] = options["modules"]
    names = [name for line in ORDER for name in line if name in wanted]
    if len(names) < len(wanted):
        raise TaskError(f"modules has {', '.join(sorted(set(wanted) - set(names)))}; valid are {', '.join(MODULES)}.")
    results: Results = {}
    try:
        # Alone, so that a host that does not answer or refuses the account is asked once. The result is kept.
        computer.read_computer(client)
    except Unreachable as exc:
        return dict.fromkeys(names, _SKIPPED) | dict.fromkeys(names[:1], _unreachable(exc))
    except ServerError:
        pass  # the module that needs it says so
    for line in ORDER:
        names = [name for name in line if name in wanted and visit.can_follow(name, wanted[name], results)]
        found = at_the_same_time(client, [functools.partial(_run, client, name, wanted[name]) for name in names])
        for name, result in zip(names, found, strict=True):
            if visit.can_follow(name, wanted[name], results):
                results[name] = result
    return {name: results.get(name, _SKIPPED) for name in wanted}


def _run(client: t.Any, name: str, options: tasks.Options) -> visit.Result:
    """The result of a module as Ansible would register it."""
    task = MODULES[name]
    validated = ArgumentSpecValidator(task.spec, **task.rules).validate(dict(options))
    if validated.error_messages:
        return _failed(f"winha.cluster.{name}: {'; '.join(validated.error_messages)}")
    parameters = validated.validated_parameters
    try:
        result = tasks.run_in(task, client, parameters, check_mode=True)
    except Unreachable as exc:
        return _unreachable(exc)
    except (ServerError, TaskError) as exc:
        return _failed(str(exc))
    except Exception as exc:  # the other modules have results
        return _failed(describe_unexpected(exc))
    return {key: value for key, value in result.items() if key not in ("changed", "diff")}


def report(state: Results, outcome: tasks.Outcome) -> visit.Result:
    """The results. Errors of some modules are warnings, since the audit goes on and names what it could not read."""
    errors = list(dict.fromkeys(str(result["msg"]) for result in state.values() if "msg" in result))
    unreachable = any(result.get("unreachable") for result in state.values())
    failed = not any(visit.is_success(result) for result in state.values())
    # One text, because Ansible copies and marks each value of a result in each process that it passes.
    results = {"results": json.dumps(state)}
    if unreachable or failed:
        return results | {"unreachable" if unreachable else "failed": True, "msg": " ".join(errors)}
    return results | {"warnings": [error for error in errors if cluster.NOT_CLUSTERED not in error]}


TASK = tasks.Task(spec={"modules": {"type": "dict", "required": True}}, read=read, report=report, service=WINDOWS_VISIT)
SPEC = {**TASK.argument_spec, "modules": {"type": "dict"}}


class ActionModule(ControllerAction):
    """Runs several modules in one session. Without the option modules, the variables of the role audit say which."""

    module = "winha.cluster.audit_host_info"
    task = TASK

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        variables = task_vars or {}
        if self._task.args.get("modules") is None:
            try:
                options = role_variables.options(self._templar, "audit", variables, _OPTIONS)
            except TaskError as exc:
                return _failed(str(exc))
            own = variables.get("group_names") or ()
            modules = visit.modules_for((kind for kind, group in _KINDS.items() if options[group] in own), options)
            if not modules:
                return {"changed": False, "skipped": True, "skip_reason": "The audit reads nothing of this host."}
            self._task.args = {**self._task.args, "modules": modules}
        return super().run(tmp, task_vars)

    def _run_on_host(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run the modules one after another on the host of the connection, which does not run Windows."""
        self._task.check_mode = True
        options = dict(self._task.args)
        wanted: t.Mapping[str, tasks.Options] = options.pop("modules")
        results: Results = {}
        for name in (name for line in ORDER for name in line if name in wanted):
            if visit.can_follow(name, wanted[name], results):
                results[name] = self._execute_module(
                    module_name=f"winha.cluster.{name}",
                    module_args={**options, **wanted[name]},
                    task_vars=task_vars,
                )
        found = {name: results.get(name, _SKIPPED) for name in wanted}
        return {"changed": False, **report(found, tasks.Outcome())}


def _unreachable(error: Unreachable) -> visit.Result:
    return {"unreachable": True, "msg": str(error)}


def _failed(message: str) -> visit.Result:
    return {"failed": True, "msg": message}
