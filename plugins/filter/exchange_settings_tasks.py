# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: exchange_settings_tasks
short_description: Make the options of tasks for the settings of an Exchange organization
description:
  - Makes from the names of each site the options of M(winha.cluster.exchange_client_access_array),
    M(winha.cluster.exchange_database_endpoint) and M(winha.cluster.exchange_autodiscover), and lists what Active
    Directory does not have as wanted.
  - It only processes its input. The role C(exchange_settings) uses it.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The result of M(winha.cluster.exchange_info) with CAS arrays, databases and Autodiscover.
    type: dict
    required: true
  autodiscover:
    description: The load-balanced name or the whole URI for the Client Access servers of each site.
    type: dict
  arrays:
    description: The FQDN of the CAS array of each site, for Exchange 2010.
    type: dict
  databases:
    description: Whether databases of Exchange 2010 get the CAS array of the site of their preferred copy.
    type: bool
    default: false
  servers:
    description:
      - The FQDN of the server that runs the cmdlets, for the generations V(2010) and V(2013) (2013 to SE). By default
        the first Client Access server of the generation.
    type: dict
seealso:
  - module: winha.cluster.exchange_info
"""

EXAMPLES = r"""
- name: Show what differs
  ansible.builtin.debug:
    msg: "{{ (exchange | winha.cluster.exchange_settings_tasks(autodiscover=names)).differing }}"
  vars:
    names: {Datacenter-One: mail-one.corp.example.com}
"""

RETURN = r"""
_value:
  description: The tasks.
  type: dict
  contains:
    arrays:
      description: C(server), C(name), C(fqdn) and C(site) of each CAS array, and C(differs).
      type: list
      elements: dict
    databases:
      description: C(server), C(databases) and C(rpc_client_access_server) for each CAS array, and C(differing).
      type: list
      elements: dict
    autodiscover:
      description: C(server), C(servers) and C(internal_uri) for each site and generation, and C(differing).
      type: list
      elements: dict
    differing:
      description: What Active Directory does not have as wanted, as clauses.
      type: list
      elements: str
"""

import typing as t

from ..plugin_utils.filter_error import one_sentence

if t.TYPE_CHECKING:
    from ..module_utils._exchange_settings.organization import Mapping


def exchange_settings_tasks(
    exchange: Mapping,
    autodiscover: t.Mapping[str, str] | None = None,
    arrays: t.Mapping[str, str] | None = None,
    *,
    databases: bool = False,
    servers: t.Mapping[t.Any, str] | None = None,
) -> dict[str, t.Any]:
    """Return the tasks. Raises C(AnsibleFilterError)."""
    # A task that uses one filter loads the files of all, so what takes long to load waits until it is needed.
    from ..module_utils._exchange_settings.organization import plan
    from ..module_utils.errors import TaskError

    with one_sentence("exchange_settings_tasks", TaskError):
        return plan(exchange, autodiscover=autodiscover, arrays=arrays, databases=databases, servers=servers)


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by name."""
        return {"exchange_settings_tasks": exchange_settings_tasks}
