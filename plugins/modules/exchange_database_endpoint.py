#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_database_endpoint
short_description: Set RpcClientAccessServer of Exchange 2010 databases
description:
  - Sets the name that Outlook connects to for the mailboxes of a database, with C(Set-MailboxDatabase). It should be
    the CAS array of the site of the preferred copy.
  - For Exchange 2010 only. In later versions the value means nothing, and their databases are refused.
  - Before Exchange 2010 SP2 RU3, existing Outlook profiles keep the old name until they are repaired.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  databases:
    description: The names of the mailbox databases.
    type: list
    elements: str
    required: true
  rpc_client_access_server:
    description:
      - The FQDN of a CAS array or of a Client Access server.
      - Any other name is refused.
    type: str
    required: true
  domain_controller:
    description: The domain controller that Exchange reads from and writes to. By default Exchange chooses one.
    type: str
extends_documentation_fragment:
  - winha.cluster.exchange_shell
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
  - winha.cluster.attributes.exchange_shell
seealso:
  - module: winha.cluster.exchange_info
  - module: winha.cluster.exchange_client_access_array
"""

EXAMPLES = r"""
- name: Outlook connects to the databases of a site through its CAS array
  winha.cluster.exchange_database_endpoint:
    server: ex1cas1.corp.example.com
    databases: [DB1, DB2]
    rpc_client_access_server: outlook-one.corp.example.com
"""

RETURN = r"""
settings:
  description: Each database with its values.
  returned: success, or when some changes failed
  type: list
  elements: dict
  contains:
    name:
      description: The name of the database.
      type: str
      sample: DB1
    id:
      description: Empty.
      type: str
      sample: ""
    setting:
      description: Always V(rpc_client_access_server).
      type: str
      sample: rpc_client_access_server
    wanted:
      description: The wanted value.
      type: str
    before:
      description: The value before.
      type: str
    now:
      description: The value as read back, or in check mode the planned one. Null if it is unknown.
      type: str
    result:
      description: V(compliant), V(changed), V(would_change) in check mode, V(left_alone) or V(failed).
      type: str
      sample: changed
    msg:
      description: The error message.
      returned: when it failed
      type: str
changes:
  description:
    - What was changed, or in check mode would be changed, with C(label), C(thing) (the database), C(id), C(setting),
      C(before) and C(after).
  returned: success, or when some changes failed
  type: list
  elements: dict
left_alone:
  description:
    - What was not changed, because C(current), the current value, is not the one in O(expected), as C(label),
      C(expected), C(current) and C(reason).
  returned: when there are any
  type: list
  elements: dict
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task, wanted
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings import client_access, rpc_endpoint
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings.writing import write_and_read
from ansible_collections.winha.cluster.plugins.module_utils.exchange_shell import EXCHANGE
from ansible_collections.winha.cluster.plugins.module_utils.wanted import Wanted

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings.rpc_endpoint import Database
    from ansible_collections.winha.cluster.plugins.module_utils._psrp.port import Shell
    from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Plan, Step

SPEC = {
    "databases": {"type": "list", "elements": "str", "required": True},
    "rpc_client_access_server": {"type": "str", "required": True},
    "domain_controller": {"type": "str"},
}
ENDPOINT = "rpc_client_access_server"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The databases, and the domain controller."""

    rows: tuple[Wanted[Database], ...]
    controller: str | None


def read(shell: Shell, options: task.Options) -> State:
    """Read the databases. Raises C(TaskError) for those that must not be changed, and for an unknown name."""
    controller, endpoint = options["domain_controller"], options[ENDPOINT]
    databases = rpc_endpoint.chosen(rpc_endpoint.read_databases(shell, controller), options["databases"], shell.host)
    if any(not _is_same(one.endpoint, endpoint) for one in databases):
        _check_endpoint(shell, endpoint, controller)
    rows = (
        Wanted(
            thing=one,
            name=one.name,
            id="",
            setting=ENDPOINT,
            before=one.endpoint,
            after=one.endpoint if _is_same(one.endpoint, endpoint) else endpoint,
            request=one.name,
        )
        for one in databases
    )
    return State(rows=tuple(rows), controller=controller)


def _check_endpoint(shell: Shell, endpoint: str, controller: str | None) -> None:
    arrays = [one.fqdn for one in rpc_endpoint.read_arrays(shell, controller)]
    if any(_is_same(endpoint, fqdn) for fqdn in arrays):
        return
    servers = [one.fqdn for one in client_access.read_servers(shell, controller)]
    if not any(_is_same(endpoint, fqdn) for fqdn in servers):
        raise task.TaskError(
            f"{endpoint} is no CAS array and no Client Access server of {shell.host}; its CAS arrays are "
            f"{', '.join(arrays) or 'none'}. Correct {ENDPOINT}, or create the CAS array with "
            "winha.cluster.exchange_client_access_array. Nothing was written."
        )


def _is_same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def plan(state: State, _options: task.Options) -> Plan:
    """Plan one cmdlet for each database that differs."""
    return wanted.plan("RpcClientAccessServer of databases", state.rows)


def apply(shell: Shell, state: State, step: Step) -> Applied:
    """Write the value of one database and read it back."""
    database, values, labels = wanted.of_step(state.rows, step)
    value = values[ENDPOINT]

    def read_back() -> dict[str, t.Any]:
        found = rpc_endpoint.read_databases(shell, state.controller)
        (now,) = rpc_endpoint.chosen(found, [database.name], shell.host)
        return {labels[ENDPOINT]: value if _is_same(now.endpoint, value) else now.endpoint}

    return write_and_read(lambda: rpc_endpoint.set_endpoint(shell, database.name, value, state.controller), read_back)


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the value of each database before and now, and the result."""
    return {"settings": wanted.report(state.rows, outcome)}


TASK = task.Task(
    spec=SPEC,
    read=read,
    plan=plan,
    apply=apply,
    report=report,
    identified_by=("server",),
    service=EXCHANGE,
)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
