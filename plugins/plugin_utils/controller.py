# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules of this collection in the process of the Ansible task. Private to this collection."""

from __future__ import annotations

import contextlib
import os
import pathlib
import time
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.winha.cluster.plugins.module_utils import connection
from ansible_collections.winha.cluster.plugins.module_utils import task as tasks
from ansible_collections.winha.cluster.plugins.module_utils.errors import ServerError, Unreachable, describe_unexpected
from ansible_collections.winha.cluster.plugins.module_utils.session import all_warnings, with_warnings

from . import proved, record, worker
from .endpoint import CONNECTIONS, session_factory_for

display = Display()
_PROGRESS_INTERVAL = 10
BUNDLE = "winha_cluster_bundle"  # the variable with the folder of a bundle


class ControllerAction(ActionBase):
    """Runs a module on the controller for a host with a winrm or psrp connection.

    On a host with another connection, the module of the same name runs on that host.
    """

    TRANSFERS_FILES = False
    _supports_async = False
    _supports_check_mode = True

    module: str
    task: tasks.Task[t.Any]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        del tmp
        if getattr(self._connection, "transport", "") in CONNECTIONS:
            return result | self._run_on_controller(task_vars or {})
        if getattr(self._connection._shell, "_IS_WINDOWS", False):
            set_host = " and set the option host" if "host" in self.task.argument_spec else ""
            return result | _failed(
                f"{self.module} needs ansible_connection winrm or psrp, or a host that does not run Windows; the "
                f"connection of this host is {self._connection.transport}. Set winrm or psrp, or delegate the "
                f"task{set_host}."
            )
        return result | self._run_on_host(task_vars or {})

    def _run_on_host(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if bundle := self._bundle(task_vars):
            self._task.environment = [*(self._task.environment or []), bundle]
        executed: dict[str, t.Any] = self._execute_module(
            module_name=self.module, module_args=dict(self._task.args), task_vars=task_vars
        )
        if not self._task.check_mode:
            self._recorder(task_vars, self._task.args)(executed.get("changes") or [])
        return executed

    def _recorder(
        self, task_vars: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any]
    ) -> t.Callable[[list[dict[str, t.Any]]], None]:
        path = self._templar.template(task_vars.get(record.FILE) or "")
        if not path:
            return lambda changes: None
        return record.recorder(
            str(pathlib.Path(str(path)).expanduser()),
            str(self._templar.template(task_vars.get(record.RUN) or "")),
            host=str(self._task.delegate_to or task_vars.get("inventory_hostname") or ""),
            module=self.module.rsplit(".", 1)[-1],
            options={name: options[name] for name in self.task.identified_by if options.get(name) is not None},
        )

    def _bundle(self, task_vars: t.Mapping[str, t.Any]) -> dict[str, str]:
        """The environment variable that keeps the messages of this task in a bundle."""
        path = self._templar.template(task_vars.get(BUNDLE) or "")
        return {connection.BUNDLE: str(pathlib.Path(str(path)).expanduser())} if path else {}

    def _run_on_controller(self, task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        if self._play_context.become:
            return _failed(
                f"{self.module} does not support become, because it starts no process on the Windows host. Set become: "
                "false for this task and connect with an account that has the permissions."
            )
        with self._environment(task_vars), worker.only_new_garbage():
            validated = ArgumentSpecValidator(self.task.argument_spec, **self.task.rules).validate(
                _plain(self._task.args)
            )
            if validated.error_messages:
                unsupported = "unsupported options: " if isinstance(validated.errors[0], UnsupportedError) else ""
                return _failed(f"{self.module}: {unsupported}{'; '.join(validated.error_messages)}")
            options = validated.validated_parameters
            warnings: list[t.Sequence[str]] = []
            name = str(self._task.delegate_to or task_vars.get("inventory_hostname") or "")
            try:
                warner = proved.Warner(
                    self._templar.template(task_vars.get(proved.VARIABLE)),
                    reads_windows="scheme" in self.task.argument_spec,
                    warn=display.warning,
                )
                session_factory = session_factory_for(self.task.service, options, self._connection, name)
                result = tasks.run(
                    self.task,
                    warner.watching(with_warnings(session_factory, warnings)),
                    options,
                    check_mode=self._task.check_mode,
                    progress=_progress(),
                    record=warner.before(self._recorder(task_vars, options)),
                )
                if self._task.check_mode and result["changed"]:
                    warner.planned()
            except Unreachable as exc:
                # A result, not AnsibleConnectionFailure, so that until: retries.
                result = {"unreachable": True, "changed": False, "msg": str(exc)}
            except (ServerError, tasks.TaskError) as exc:
                result = _failed(str(exc))
            except Exception as exc:  # for example a connection variable of the wrong type
                result = _failed(describe_unexpected(exc))
        if all_warnings(warnings):
            result["warnings"] = [*all_warnings(warnings), *result.get("warnings", ())]
        if not self._task.diff:
            result.pop("diff", None)
        # Values that contain each other: the longest first.
        secrets = sorted(filter(None, map(str, validated._no_log_values)), key=len, reverse=True)
        return t.cast("dict[str, t.Any]", _masked(result, secrets))

    @contextlib.contextmanager
    def _environment(self, task_vars: t.Mapping[str, t.Any]) -> t.Iterator[None]:
        """Set the C(environment:) of the task in this process."""
        wanted: dict[str, t.Any] = {}
        t.cast("t.Any", self)._compute_environment_string(wanted)
        wanted |= self._bundle(task_vars)
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update({str(name): str(value) for name, value in wanted.items()})
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _plain(value: t.Any) -> t.Any:
    """Convert Ansible's string types to plain strings, for messages and libraries."""
    if isinstance(value, t.Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _masked(value: t.Any, secrets: t.Sequence[str]) -> t.Any:
    """The value without the values of options that are no_log."""
    if isinstance(value, dict):
        return {name: _masked(inner, secrets) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(inner, secrets) for inner in value]
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "********")
    return value


def _failed(message: str) -> dict[str, t.Any]:
    return {"failed": True, "changed": False, "msg": message}


def _progress() -> t.Callable[[str], None]:
    """Return a function that shows progress at most every ten seconds."""
    last = time.monotonic()

    def show(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _PROGRESS_INTERVAL:
            last = time.monotonic()
            display.display(text)

    return show
