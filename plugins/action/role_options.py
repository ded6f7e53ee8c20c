# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections.abc
import os
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.test.core import vault_encrypted
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from ansible_collections.winha.cluster.plugins.module_utils.typed_value import plain, typed
from ansible_collections.winha.cluster.plugins.plugin_utils.role_specification import options_of

try:
    from ansible.template import trust_as_template
except ImportError:

    def trust_as_template(value: str) -> str:  # type: ignore[misc]
        """Before ansible-core 2.19 every text may be a template."""
        return value


if t.TYPE_CHECKING:
    from ansible.template import Templar

Variables = t.Mapping[str, t.Any]

# ansible-runner sets it to the folder whose files it keeps, and returns from where it runs; AWX uses ansible-runner.
_ARTIFACTS = "AWX_ISOLATED_DATA_DIR"

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
                "options": self._options(role, variables),
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
        refused = [sentence for role in roles for sentence in self._read(role, variables)[1]]
        if refused:
            raise TaskError(" ".join(refused))

    def _options(self, role: str, variables: Variables) -> dict[str, t.Any]:
        """The variables of a role with their types or their defaults, without the prefix of the role."""
        given, refused = self._read(role, variables)
        if refused:
            raise TaskError(" ".join(refused))
        options = options_of(role)
        defaults = {name: _trusted(option["default"]) for name, option in options.items() if "default" in option}
        # A default may name another variable of the role, which is not there when another role is running.
        templar = self._templar.copy_with_new_env(available_variables={**defaults, **variables})
        found: dict[str, t.Any] = {}
        for name, option in options.items():
            if option.get("no_log"):
                continue
            value = given.get(name)
            if value is None and name in defaults:
                value = typed(name, plain(_templated(templar, name, defaults[name])), option)
            if value is not None:
                found[name.removeprefix(f"{role}_")] = value
        return found

    def _read(self, role: str, variables: Variables) -> tuple[dict[str, t.Any], list[str]]:
        """The variables of a role that are given, with their types, and a sentence for each that is refused."""
        given: dict[str, t.Any] = {}
        refused = []
        omitted = variables.get("omit")
        for name, option in options_of(role).items():
            raw = variables.get(name)
            try:
                value = None if raw is None else _templated(self._templar, name, raw)
                secret = _is_encrypted(raw) or _is_encrypted(value)
                if value is not None and (value is omitted or value == omitted):
                    value = None
                given[name] = typed(name, _decrypted(name, value), option, secret=secret)
                if given[name] is None and option.get("required"):
                    raise TaskError(f"{name} is required and not given.")
            except TaskError as error:
                refused.append(str(error))
        return given, refused


def _templated(templar: Templar, name: str, value: t.Any) -> t.Any:
    try:
        # A mapping loses what is omitted.
        return templar.template({name: value}).get(name)
    except AnsibleError as error:
        raise TaskError(f"{name} cannot be templated: {_sentence(error)}.") from error


def _short(role: str) -> str:
    return role.removeprefix("winha.cluster.")


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _decrypted(name: str, value: t.Any) -> t.Any:
    """The value in Python's own types; before ansible-core 2.19 a template leaves it encrypted."""
    try:
        return plain(value)
    except AnsibleError as error:
        raise TaskError(f"{name} cannot be decrypted: {_sentence(error)}.") from error


def _is_encrypted(value: t.Any) -> bool:
    if isinstance(value, collections.abc.Mapping):
        return any(_is_encrypted(inner) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return any(_is_encrypted(inner) for inner in value)
    return bool(vault_encrypted(value))


def _trusted(value: t.Any) -> t.Any:
    """A default of an argument spec, which may be a template."""
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, dict):
        return {key: _trusted(inner) for key, inner in value.items()}
    return [_trusted(inner) for inner in value] if isinstance(value, list) else value
