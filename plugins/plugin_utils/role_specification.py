# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specs of the roles of this collection. Private to this collection."""

from __future__ import annotations

import functools
import pathlib
import typing as t

from ansible.module_utils.common.yaml import yaml_load
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError

Options = t.Mapping[str, t.Mapping[str, t.Any]]

ROLES = pathlib.Path(__file__).parents[2] / "roles"


@functools.cache
def options_of(role: str) -> Options:
    """The options of all entry points of a role, by the name of the variable. Raises C(TaskError)."""
    file = ROLES / role / "meta" / "argument_specs.yml"
    roles = role_names()
    if role not in roles:
        raise TaskError(f"winha.cluster has no role {role}. Its roles are {', '.join(roles)}.")
    specs = yaml_load(file.read_text("utf-8"))["argument_specs"]
    return {name: option for entry in specs.values() for name, option in (entry.get("options") or {}).items()}


def role_of(variable: str) -> str:
    """The role that a variable belongs to. Raises C(TaskError)."""
    roles = [role for role in role_names() if variable.startswith(f"{role}_")]
    if not roles:
        raise TaskError(f"{variable} is no variable of a role of winha.cluster.")
    return max(roles, key=len)


def load() -> None:
    """Read the argument specs of all roles now, so that processes that are forked later need not read them."""
    for role in role_names():
        options_of(role)


def role_names() -> list[str]:
    """The roles of the collection."""
    return sorted(file.parents[1].name for file in ROLES.glob("*/meta/argument_specs.yml"))
