# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: role_option
short_description: Read one variable of a role with its type
description:
  - Reads the value of a variable as the type that the argument spec of its role declares, as
    M(winha.cluster.role_options) does for all variables of a role.
  - Use it for a variable that may hold a password. M(winha.cluster.role_options) checks such a variable and does not
    return it, because results of tasks are shown and kept.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input, variable
options:
  _input:
    description: The value of the variable.
    type: raw
    required: true
  variable:
    description: The name of the variable.
    type: str
    required: true
seealso:
  - module: winha.cluster.role_options
"""

EXAMPLES = r"""
- name: Read the Exchange organization
  module_defaults:
    group/winha.cluster.directory: "{{ audit_directory | winha.cluster.role_option('audit_directory') }}"
  block:
    - name: Read it
      winha.cluster.exchange_info:
"""

RETURN = r"""
_value:
  description: The value with its type. The default of the variable if the value is null or an empty text.
  type: raw
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils.errors import TaskError
from ..module_utils.typed_value import plain, typed
from ..plugin_utils.role_specification import options_of, role_of


def role_option(value: t.Any, variable: str) -> t.Any:
    """The value with the type of the variable. Raises C(AnsibleFilterError)."""
    try:
        options = options_of(role_of(str(variable)))
        if variable not in options:
            raise TaskError(f"{variable} is no variable of a role of winha.cluster.")
        option = options[variable]
        found = typed(str(variable), plain(value), option)
    except TaskError as error:
        raise AnsibleFilterError(str(error)) from error
    return wrap_var(option.get("default") if found is None else found)


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"role_option": role_option}
