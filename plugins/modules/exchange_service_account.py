#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_service_account
short_description: Deploy and roll the credential of the alternate service account on Exchange servers
description:
  - Adds the credential of the alternate service account to Client Access servers, with C(Set-ClientAccessServer), from
    Exchange 2016 on with C(Set-ClientAccessService). Exchange lets only a session with the server itself do that, so
    the task opens one session with each server. All servers are read before the first one is written.
  - Returns for each server which credentials it has and since when. Exchange does not return the password, so the task
    cannot tell whether it is the right one.
  - Deploy the credential on all servers before you register the service principal names.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  servers:
    description:
      - The Client Access servers, each by its own FQDN. A load-balanced name is refused by Kerberos.
      - An account has at most 18 sessions at a time by default.
    type: list
    elements: str
    required: true
  account:
    description: The alternate service account as V(DOMAIN\\name), for a computer with the dollar sign.
    type: str
    required: true
  credential_password:
    description:
      - The password of the account. Required if the credential is added with O(state=present). With O(state=rolled) it
        is the new password; by default a random one of 73 characters, which is in no file and no result.
    type: str
  password_last_set:
    description:
      - When the password of the account was set, as M(winha.cluster.spn_info) returns it. A credential that was added
        earlier by more than O(tolerance_minutes) is outdated, and O(state=present) adds the new one.
    type: str
  tolerance_minutes:
    description: How long before O(password_last_set) a credential may have been added. A roll adds it before.
    type: int
    default: 60
  state:
    description:
      - V(present) adds the credential to servers that have none of the account, or only an outdated one. It never adds
        a second one.
      - V(rolled) changes the password. It adds the new credential to all servers, which keep the old one, then sets the
        password in Active Directory, only if all servers have taken it. It always changes something. It is refused if a
        server that is not in O(servers) has a credential of the account.
      - V(absent) deletes the credential. It is refused on a server with credentials of other accounts, because Exchange
        deletes all. Delete the service principal names of the account before.
    type: str
    choices: [present, rolled, absent]
    default: present
  directory:
    description:
      - The connection to Active Directory, where O(state=rolled) sets the password. Kerberos is used. The account that
        signs in needs the permission to reset the password.
    type: dict
    suboptions:
      domain:
        description: DNS name of the domain. DNS returns its domain controllers if O(directory.servers) is not set.
        type: str
      servers:
        description: DNS names of the domain controllers, tried in this order.
        type: list
        elements: str
      username:
        description: The account to sign in with, as V(name@REALM). The default is that of the existing Kerberos ticket.
        type: str
      password:
        description: The password of O(directory.username).
        type: str
  domain_controller:
    description: The domain controller that Exchange reads from and writes to. By default Exchange chooses one.
    type: str
extends_documentation_fragment:
  - winha.cluster.exchange_shell
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
  - winha.cluster.attributes.exchange_shell
attributes:
  idempotent:
    support: full
    details: Apart from O(state=rolled), which changes the password each time.
seealso:
  - module: winha.cluster.spn
  - module: winha.cluster.spn_info
notes:
  - If a roll ends before the password is set in Active Directory, the servers have both credentials and the old one
    still works. Run it again. It first deletes credentials that cannot sign in.
"""

EXAMPLES = r"""
- name: Deploy the credential on all Client Access servers
  winha.cluster.exchange_service_account:
    server: ex1cas1.corp.example.com
    servers: [ex1cas1.corp.example.com, ex2cas1.corp.example.com]
    account: CORP\EXCHASA$
    credential_password: "{{ asa_password }}"

- name: Show which servers have the credential
  winha.cluster.exchange_service_account:
    server: ex1cas1.corp.example.com
    servers: [ex1cas1.corp.example.com, ex2cas1.corp.example.com]
    account: CORP\EXCHASA$
    credential_password: "{{ asa_password }}"
  check_mode: true

- name: Change the password
  winha.cluster.exchange_service_account:
    server: ex1cas1.corp.example.com
    servers: [ex1cas1.corp.example.com, ex2cas1.corp.example.com]
    account: CORP\EXCHASA$
    state: rolled
    directory:
      servers: [dc1.corp.example.com]
"""

RETURN = r"""
servers:
  description: Each server with its credentials.
  returned: success, or when some changes failed
  type: list
  elements: dict
  contains:
    name:
      description: The name of the server.
      type: str
      sample: EX1CAS1
    server:
      description: Its FQDN.
      type: str
      sample: ex1cas1.corp.example.com
    credentials:
      description:
        - The credentials that it had, the newest first, with C(account), C(added) (when, or empty) and C(valid)
          (whether Exchange can read it).
      type: list
      elements: dict
    before:
      description: V(present), V(missing) or V(outdated).
      type: str
      sample: missing
    now:
      description:
        - V(present), V(missing), V(outdated), or V(rolled) if a new one was added. In check mode the planned one. Null
          if it is unknown.
      type: str
      sample: present
    result:
      description: V(compliant), V(changed), V(would_change) in check mode, or V(failed).
      type: str
      sample: changed
    msg:
      description: The error message.
      returned: when it failed
      type: str
deployed:
  description: Whether all servers have the credential now, or would have it in check mode.
  returned: success, or when some changes failed
  type: bool
changes:
  description:
    - What was changed, or in check mode would be changed, with C(label), C(thing) (the server or the account), C(id),
      C(setting), C(before) and C(after). No password is in it.
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

import contextlib
import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._directory import account as accounts
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings import credential_plan
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings import service_account as credentials
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings.credential_plan import State
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings.writing import write_and_read
from ansible_collections.winha.cluster.plugins.module_utils.directory import DIRECTORY
from ansible_collections.winha.cluster.plugins.module_utils.errors import ServerError
from ansible_collections.winha.cluster.plugins.module_utils.exchange_shell import EXCHANGE
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._directory.session import Directory
    from ansible_collections.winha.cluster.plugins.module_utils._psrp.port import Shell
    from ansible_collections.winha.cluster.plugins.module_utils.plan import Plan, Step

_DIRECTORY_OPTIONS = ("domain", "servers", "username", "password")
SPEC = {
    "servers": {"type": "list", "elements": "str", "required": True},
    "account": {"type": "str", "required": True},
    "credential_password": {"type": "str", "no_log": True},
    "password_last_set": {"type": "str", "no_log": False},
    "tolerance_minutes": {"type": "int", "default": 60},
    "state": {"type": "str", "choices": ["present", "rolled", "absent"], "default": "present"},
    "directory": {"type": "dict", "options": {name: DIRECTORY.spec[name] for name in _DIRECTORY_OPTIONS}},
    "domain_controller": {"type": "str"},
}


def read(shell: Shell, options: task.Options) -> State:
    """Read all servers, and for a roll the account. Raises C(TaskError) for what must not be written."""
    account, controller = options["account"], options["domain_controller"]
    credentials.check_name(account)
    if options["expected"] and options["state"] == credentials.ROLLED:
        raise task.TaskError(
            "expected could leave a server without the new credential, so a roll refuses it. Remove it."
        )
    servers = list({name.casefold(): name for name in options["servers"]}.values())
    if not servers:
        raise task.TaskError("servers is empty. Name the Client Access servers.")
    state = State(
        wanted=options["state"],
        account=account,
        password=credential_plan.password_of(options["state"], options["credential_password"]),
        not_before=credential_plan.not_before(options["password_last_set"], options["tolerance_minutes"]),
        keepers=tuple(credentials.read_keeper(shell, name, controller) for name in servers),
        controller=controller,
    )
    if state.wanted != credentials.ROLLED:
        return state
    others = credentials.read_keepers(shell, servers[0], controller)
    credential_plan.check_roll(others, state.keepers, account)
    defaults = {name: option.get("default") for name, option in DIRECTORY.spec.items()}
    open_directory = DIRECTORY.session_factory({**defaults, **options["directory"]})
    with contextlib.closing(open_directory(read_only=True)) as session:
        found = accounts.find_account(t.cast("Directory", session), account)
    credential_plan.check_account(found, account)
    return dataclasses.replace(state, in_directory=found, open_directory=open_directory)


def plan(state: State, _options: task.Options) -> Plan:
    """Plan one cmdlet for each server, and for a roll the password in Active Directory at last."""
    return credential_plan.plan(state)


def apply(shell: Shell, state: State, step: Step) -> Applied:
    """Write one server in a session with it and read it back, or set the password in Active Directory."""
    (change,) = step.changes
    if change.details["setting"] == credential_plan.PASSWORD:
        return _set_password(state, change.label)
    before = state.keeper(change.details["id"])

    def write() -> None:
        if state.wanted == "absent":
            credentials.remove_credentials(shell, before, state.controller)
        elif state.password:
            clean_up = credential_plan.needs_clean_up(before, state)
            credentials.add_credential(
                shell, before, state.account, state.password, clean_up=clean_up, controller=state.controller
            )

    def read_back() -> dict[str, str]:
        now = credentials.read_keeper(shell, before.fqdn, state.controller)
        return {change.label: credential_plan.value_now(before, now, state)}

    return write_and_read(write, read_back)


def _set_password(state: State, label: str) -> Applied:
    """Set the password of the account; every server has it already."""
    found, password = state.in_directory, state.password
    if found is None or password is None or state.open_directory is None:
        raise TypeError("A roll needs the account, its new password and a session.")
    with contextlib.closing(t.cast("Directory", state.open_directory(read_only=False))) as session:

        def read_back() -> dict[str, str]:
            now = credential_plan.time_of(accounts.read_account(session, found.dn))
            return {label: credential_plan.NEW if now != credential_plan.time_of(found) else now}

        try:
            return write_and_read(lambda: session.set_password(found.dn, password.text), read_back)
        except ServerError as exc:
            if not session.writes:
                raise
            return Applied(values={label: None}, reason=str(exc).rstrip("."))


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the credentials of each server, the status before and now, and whether all have it."""
    rows = []
    for keeper in state.keepers:
        label = credential_plan.label_of(keeper)
        before = keeper.status(state.account, state.not_before)
        row = {
            "name": keeper.name,
            "server": keeper.fqdn,
            "credentials": [
                {"account": each.account, "added": each.stamp, "valid": each.valid} for each in keeper.entries
            ],
            "before": before,
            "now": outcome.now(label, before),
        }
        rows.append(row | outcome.result_of(label))
    deployed = all(row["now"] in (credentials.PRESENT, credentials.ROLLED) for row in rows)
    return {"servers": rows, "deployed": deployed}


TASK = task.Task(
    spec=SPEC,
    read=read,
    plan=plan,
    apply=apply,
    report=report,
    rules={"required_if": [["state", "rolled", ["directory"]]]},
    identified_by=("account",),
    service=EXCHANGE,
)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
