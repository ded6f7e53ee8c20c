# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge from an Ansible task to our code, in the process of the task. Private to this collection."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.winha.cluster.plugins.module_utils import task as life
from ansible_collections.winha.cluster.plugins.module_utils.errors import ServerError, Unreachable

from .endpoint import CONNECTIONS, opener_of

display = Display()
_SECONDS_BETWEEN_NEWS = 10


class ControllerAction(ActionBase):
    """Runs a task of ours for a Windows host right here, with the connection options of the host.

    On a machine that is not reached by winrm or psrp the task runs there, as the module of the same name.
    """

    TRANSFERS_FILES = False
    _supports_async = False
    _supports_check_mode = True

    module: str
    task: life.Task[t.Any]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        del tmp
        if getattr(self._connection, "transport", "") in CONNECTIONS:
            return result | self._run_here(task_vars or {})
        if getattr(self._connection._shell, "_IS_WINDOWS", False):
            name_it = " and give the option host" if "host" in self.task.argument_spec else ""
            return result | _failed(
                f"{self.module} needs ansible_connection winrm or psrp, or a machine that is not Windows; this "
                f"host has {self._connection.transport}. Set one of these, or delegate the task{name_it}."
            )
        executed: dict[str, t.Any] = self._execute_module(
            module_name=self.module, module_args=dict(self._task.args), task_vars=task_vars
        )
        return result | executed

    def _run_here(self, task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        if self._play_context.become:
            return _failed(
                f"{self.module} does not support become: it starts no process on the Windows host that could become "
                "someone else. Set become: false for this task and sign in as the account that may do this."
            )
        with self._environment():
            validated = ArgumentSpecValidator(self.task.argument_spec, **self.task.rules).validate(
                _plain(self._task.args)
            )
            if validated.error_messages:
                unsupported = "unsupported options: " if isinstance(validated.errors[0], UnsupportedError) else ""
                return _failed(f"{self.module}: {unsupported}{'; '.join(validated.error_messages)}")
            options = validated.validated_parameters
            name = str(self._task.delegate_to or task_vars.get("inventory_hostname") or "")
            try:
                result = life.run(
                    self.task,
                    opener_of(self.task.service, options, self._connection, name),
                    options,
                    check_mode=self._task.check_mode,
                    progress=_progress(),
                )
            except Unreachable as exc:
                # As a result and not as AnsibleConnectionFailure, so that until: asks again.
                result = {"unreachable": True, "changed": False, "msg": str(exc)}
            except (ServerError, life.TaskError) as exc:
                result = _failed(str(exc))
        if not self._task.diff:
            result.pop("diff", None)
        return t.cast("dict[str, t.Any]", remove_values(result, validated._no_log_values))

    @contextlib.contextmanager
    def _environment(self) -> t.Iterator[None]:
        """The task's C(environment:), which in-process code would otherwise not see."""
        wanted: dict[str, t.Any] = {}
        t.cast("t.Any", self)._compute_environment_string(wanted)
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
    """The value without Ansible's own kinds of text, which name themselves in messages and trouble libraries."""
    if isinstance(value, t.Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _failed(sentence: str) -> dict[str, t.Any]:
    return {"failed": True, "changed": False, "msg": sentence}


def _progress() -> t.Callable[[str], None]:
    """News of long work, at most every ten seconds."""
    last = time.monotonic()

    def tell(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _SECONDS_BETWEEN_NEWS:
            last = time.monotonic()
            display.display(text)

    return tell
