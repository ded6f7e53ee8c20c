# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the variables of a role with their types. Private to this collection."""

from __future__ import annotations

import collections.abc
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.test.core import vault_encrypted
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from ansible_collections.winha.cluster.plugins.module_utils.typed_value import plain, typed

from .role_specification import options_of

try:
    from ansible.template import trust_as_template
except ImportError:

    def trust_as_template(value: str) -> str:  # type: ignore[misc]
        """Before ansible-core 2.19 every text may be a template."""
        return value


if t.TYPE_CHECKING:
    from ansible.template import Templar

Variables = t.Mapping[str, t.Any]


def options(
    templar: Templar, role: str, variables: Variables, only: t.Collection[str] | None = None
) -> dict[str, t.Any]:
    """The variables of a role, or some of them, with their types or their defaults, without the prefix of the role.

    Raises C(TaskError) with a sentence for each variable that cannot be read as its type.
    """
    names = None if only is None else {f"{role}_{name}" for name in only}
    given, refused = read(templar, role, variables, names)
    if refused:
        raise TaskError(" ".join(refused))
    specification = options_of(role)
    defaults = {name: _trusted(option["default"]) for name, option in specification.items() if "default" in option}
    # A default may name another variable of the role, which is not there when another role is running.
    templar = templar.copy_with_new_env(available_variables={**defaults, **variables})
    found: dict[str, t.Any] = {}
    for name, option in specification.items():
        if option.get("no_log") or (names is not None and name not in names):
            continue
        value = given.get(name)
        if value is None and name in defaults:
            value = typed(name, plain(_templated(templar, name, defaults[name])), option)
        if value is not None:
            found[name.removeprefix(f"{role}_")] = value
    return found


def read(
    templar: Templar, role: str, variables: Variables, only: t.Collection[str] | None = None
) -> tuple[dict[str, t.Any], list[str]]:
    """The variables of a role that are given, with their types, and a sentence for each that is refused."""
    given: dict[str, t.Any] = {}
    refused = []
    omitted = variables.get("omit")
    for name, option in options_of(role).items():
        if only is not None and name not in only:
            continue
        raw = variables.get(name)
        try:
            value = None if raw is None else _templated(templar, name, raw)
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
    if isinstance(value, (bool, int)) or (isinstance(value, str) and "{" not in value):
        return value  # most values are no template, and a template costs each host time
    try:
        # A mapping loses what is omitted.
        return templar.template({name: value}).get(name)
    except AnsibleError as error:
        raise TaskError(f"{name} cannot be templated: {_sentence(error)}.") from error


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
