# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from ansible_collections.winha.cluster.plugins.plugin_utils import role_specification, role_variables

Variables = t.Mapping[str, t.Any]

# ansible-runner sets it to the folder whose files it keeps, and returns from where it runs; AWX uses ansible-runner.
_ARTIFACTS = "AWX_ISOLATED_DATA_DIR"

role_specification.load()  # ansible-core loads an action before it forks its workers

SPEC = {"role": {"type": "str"}, "check": {"type": "list", "elements": "str"}}


class ActionModule(ActionBase):
    """Reads the variables of a role on the controller, and contacts no host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        del tmp
        _unused, own = t.cast("t.Any", self).validate_argument_spec(SPEC, mutually_exclusive=[["role", "check"]])
        variables = task_vars or {}
        try:
            if own["check"] is not None:
                self._check([_short(role) for role in own["check"]], variables)
                return result | {"changed": False}
            role = _short(own["role"] or str(variables.get("role_name") or ""))
            if not role:
                raise TaskError("The option role is missing: this task is in no role.")
            return result | {
                "changed": False,
                "options": role_variables.options(self._templar, role, variables),
                "check_mode": bool(self._task.check_mode),
                "strategy": self._strategy(),
                "directory": os.getcwd(),  # noqa: PTH109 - lookups work in the folder of the playbook
                "artifacts": os.environ.get(_ARTIFACTS, ""),
            }
        except TaskError as error:
            return result | {"failed": True, "changed": False, "msg": str(error)}

    def _strategy(self) -> str:
        """The strategy of the play. No variable has it."""
        parent: t.Any = self._task
        while parent is not None:
            play = getattr(parent, "_play", None)
            if play is not None:
                return str(play.strategy)
            parent = getattr(parent, "_parent", None)
        return "linear"

    def _check(self, roles: t.Sequence[str], variables: Variables) -> None:
        """Raises C(TaskError) with a sentence for each variable that cannot be read as its type."""
        refused = [sentence for role in roles for sentence in role_variables.read(self._templar, role, variables)[1]]
        if refused:
            raise TaskError(" ".join(refused))


def _short(role: str) -> str:
    return role.removeprefix("winha.cluster.")
