#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_client_access_array
short_description: Set the CAS array of a site of Exchange 2010
description:
  - Creates, changes or deletes a CAS array, with C(New-), C(Set-) and C(Remove-ClientAccessArray). Its members are all
    Client Access servers of the site, without any task.
  - For Exchange 2010 only. Later versions have no CAS arrays.
  - Existing databases are not changed. Set theirs with M(winha.cluster.exchange_database_endpoint). The name must lead
    to the load balancer of the site, in the internal DNS only.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  name:
    description: The name of the CAS array.
    type: str
    required: true
  fqdn:
    description: The name that Outlook connects to. Required with O(state=present).
    type: str
  site:
    description: The Active Directory site. Required with O(state=present). A site has at most one CAS array.
    type: str
  state:
    description:
      - V(present) creates the CAS array, or sets its FQDN and site. A CAS array whose FQDN is that of databases is not
        changed.
      - V(absent) deletes it. That is refused while a database has its FQDN, because Outlook would not find it.
    type: str
    choices: [present, absent]
    default: present
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
  - module: winha.cluster.exchange_database_endpoint
"""

EXAMPLES = r"""
- name: Give the Client Access servers of a site a common name
  winha.cluster.exchange_client_access_array:
    server: ex1cas1.corp.example.com
    name: Outlook-One
    fqdn: outlook-one.corp.example.com
    site: Datacenter-One

- name: Delete the CAS array that is left over after the last database was moved
  winha.cluster.exchange_client_access_array:
    server: ex1cas1.corp.example.com
    name: Outlook-One
    state: absent
"""

RETURN = r"""
settings:
  description: The CAS array with its values.
  returned: success, or when some changes failed
  type: list
  elements: dict
  contains:
    name:
      description: The name of the CAS array.
      type: str
      sample: Outlook-One
    id:
      description: Empty.
      type: str
      sample: ""
    setting:
      description: Always V(fqdn_and_site).
      type: str
      sample: fqdn_and_site
    wanted:
      description: The wanted FQDN and site. Null with O(state=absent).
      type: list
      elements: str
      sample: [outlook-one.corp.example.com, Datacenter-One]
    before:
      description: The values before. Null if the CAS array did not exist.
      type: list
      elements: str
    now:
      description: The values as read back, or in check mode the planned ones.
      type: list
      elements: str
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
    - What was changed, or in check mode would be changed, with C(label), C(thing) (the CAS array), C(id), C(setting),
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
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings import rpc_endpoint
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings.rpc_endpoint import ClientAccessArray
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings.writing import write_and_read
from ansible_collections.winha.cluster.plugins.module_utils.exchange_shell import EXCHANGE
from ansible_collections.winha.cluster.plugins.module_utils.wanted import Wanted

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._psrp.port import Shell
    from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Plan, Step

SPEC = {
    "name": {"type": "str", "required": True},
    "fqdn": {"type": "str"},
    "site": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "domain_controller": {"type": "str"},
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The CAS array with its current and wanted values, each C(None) if it does not exist."""

    name: str
    before: ClientAccessArray | None
    after: ClientAccessArray | None
    rows: tuple[Wanted[str], ...]
    controller: str | None


def read(shell: Shell, options: task.Options) -> State:
    """Read the CAS arrays. Raises C(TaskError) if a change would take a name from databases or conflict."""
    name, controller = options["name"], options["domain_controller"]
    arrays = rpc_endpoint.read_arrays(shell, controller)
    before = _find(arrays, name)
    name = before.name if before else name
    after = None
    if options["state"] == "present":
        after = ClientAccessArray(name=name, fqdn=options["fqdn"], site=options["site"])
        for other in arrays:
            if other is not before and other.site.casefold() == after.site.casefold():
                raise task.TaskError(
                    f"Site {after.site} has the CAS array {other.name} with the FQDN {other.fqdn}, and a site has at "
                    f"most one. Set name to {other.name} to change it, or delete it first. Nothing was written."
                )
    if before and (after is None or after.fqdn.casefold() != before.fqdn.casefold()):
        _check_databases(shell, before, controller)
    old, new = _values(before), _values(after)
    row = Wanted(
        thing=name,
        name=name,
        id="",
        setting="fqdn_and_site",
        before=old,
        after=old if _is_same(old, new) else new,
        request=name,
    )
    return State(name=name, before=before, after=after, rows=(row,), controller=controller)


def _values(array: ClientAccessArray | None) -> tuple[str, str] | None:
    return (array.fqdn, array.site) if array else None


def _is_same(one: tuple[str, str] | None, other: tuple[str, str] | None) -> bool:
    return str(one).casefold() == str(other).casefold()


def _find(arrays: t.Sequence[ClientAccessArray], name: str) -> ClientAccessArray | None:
    return next((one for one in arrays if one.name.casefold() == name.casefold()), None)


def _check_databases(shell: Shell, array: ClientAccessArray, controller: str | None) -> None:
    users = [
        one.name
        for one in rpc_endpoint.read_databases(shell, controller)
        if one.endpoint.casefold() == array.fqdn.casefold()
    ]
    if users:
        raise task.TaskError(
            f"RpcClientAccessServer of {', '.join(users)} is {array.fqdn}, the FQDN of the CAS array {array.name}. "
            "Outlook would not find these databases. Set another one first, with "
            "winha.cluster.exchange_database_endpoint. Nothing was written."
        )


def plan(state: State, _options: task.Options) -> Plan:
    """Plan one cmdlet, if a value differs."""
    return wanted.plan("CAS array", state.rows)


def apply(shell: Shell, state: State, step: Step) -> Applied:
    """Create, change or delete the CAS array, and read it back."""

    def write() -> None:
        if state.after is None:
            rpc_endpoint.remove_array(shell, state.name, state.controller)
        elif state.before is None:
            rpc_endpoint.create_array(shell, state.after, state.controller)
        else:
            rpc_endpoint.set_array(shell, state.after, state.controller)

    def read_back() -> dict[str, t.Any]:
        now = _values(_find(rpc_endpoint.read_arrays(shell, state.controller), state.name))
        return {change.label: change.after if _is_same(now, change.after) else now for change in step.changes}

    return write_and_read(write, read_back)


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the FQDN and the site before and now, and the result."""
    return {"settings": wanted.report(state.rows, outcome)}


TASK = task.Task(
    spec=SPEC,
    read=read,
    plan=plan,
    apply=apply,
    report=report,
    rules={"required_if": [["state", "present", ["fqdn", "site"]]]},
    identified_by=("server",),
    service=EXCHANGE,
)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
