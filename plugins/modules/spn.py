#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: spn
short_description: Set the service principal names (SPNs) of an account
description:
  - Sets the service principal names of a user or computer account in Active Directory, so that clients get Kerberos
    tickets for it.
  - Before a write, the forest is searched for the same SPNs and for equivalent SPNs on other accounts, such as
    C(HOST/x) for C(http/x). Kerberos issues no tickets for an SPN on two accounts, so the task fails and returns the
    other account, unless O(on_conflict) is V(move). After the write, the forest is searched again.
  - Single values are added and deleted. The attribute is never replaced, so concurrent changes on the same domain
    controller are kept.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  account:
    description:
      - The account, as distinguished name, V(name@domain), V(DOMAIN\\name) or C(sAMAccountName). The dollar sign of a
        computer is optional.
    type: str
    required: true
  spns:
    description:
      - The SPNs, as V(class/host), V(class/host:port) or V(class/host/service), case-insensitive. A service class can
        contain spaces, as in V(Hyper-V Replica Service/hv01.corp.example.com).
      - Non-ASCII characters are refused, because an SPN with an invisible character looks like another SPN. A realm, as
        in V(http/mail.example.com@EXAMPLE.COM), is refused, because no client requests such an SPN. With
        O(state=absent) any SPN that the account has can be deleted.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(present) adds these SPNs. Other SPNs of the account stay.
      - V(absent) deletes these SPNs from the account. Other accounts are not changed.
      - V(exact) adds these SPNs, at least one, and deletes the other SPNs with one of the O(service_classes). SPNs with
        other service classes stay, such as those that Windows registers on a computer account (C(HOST/...),
        C(Hyper-V Replica Service/...)).
    type: str
    choices: [present, absent, exact]
    default: present
  service_classes:
    description:
      - The service classes whose other SPNs O(state=exact) deletes, case-insensitive. The default is the service
        classes of O(spns).
      - With V(*) it deletes all SPNs that are not in O(spns), including those that Windows registered.
    type: list
    elements: str
    version_added: 1.1.0
  on_conflict:
    description:
      - What to do if another account has one of the SPNs. V(fail) writes nothing. V(move) first deletes the SPN from
        the other account; the diff shows both accounts.
      - An account of another domain is not changed. Run the task with O(state=absent) in that domain.
      - An equivalent SPN on another account is never moved, for example C(HOST/mail.example.com) for
        C(http/mail.example.com).
    type: str
    choices: [fail, move]
    default: fail
extends_documentation_fragment:
  - winha.cluster.directory
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
  - winha.cluster.attributes.directory
seealso:
  - module: winha.cluster.spn_info
  - plugin: winha.cluster.exchange_principal_names
    plugin_type: filter
notes:
  - Domain controllers replicate the whole attribute, and the last write wins. If an account is changed on two domain
    controllers before replication, one of the changes is lost. Use the same domain controller in O(servers) for all
    runs.
  - A move writes to two accounts. If the domain controller fails between the writes, no account has the SPN until the
    next run.
  - Writes need WriteProperty on C(servicePrincipalName). "Validated write to SPN" is not enough, because it only allows
    SPNs of the computer's own host name.
"""

EXAMPLES = r"""
- name: Register the SPNs of a CAS array on the alternate service account
  winha.cluster.spn:
    domain: corp.example.com
    account: EXCHASA$
    spns:
      - http/mail.corp.example.com
      - exchangeMDB/outlook.corp.example.com
      - exchangeRFR/outlook.corp.example.com
      - exchangeAB/outlook.corp.example.com

- name: Move an SPN from another account
  winha.cluster.spn:
    servers: [dc1.corp.example.com, dc2.corp.example.com]
    account: EXCHASA$
    spns: [http/mail.corp.example.com]
    on_conflict: move

- name: Delete an SPN over TLS without Kerberos
  winha.cluster.spn:
    servers: [dc1.corp.example.com]
    authentication: simple
    tls: ldaps
    username: svc-ansible@corp.example.com
    password: "{{ directory_password }}"
    account: svc-old
    spns: [http/old.corp.example.com]
    state: absent
"""

RETURN = r"""
account:
  description: The account.
  returned: when it was found
  type: dict
  contains:
    dn:
      description: Its distinguished name.
      type: str
      sample: CN=EXCHASA,OU=Exchange,DC=corp,DC=example,DC=com
    name:
      description: Its C(sAMAccountName).
      type: str
      sample: EXCHASA$
    kind:
      description:
        - V(user), V(computer), V(managed_service_account), V(group_managed_service_account) or
          V(delegated_managed_service_account).
      type: str
      sample: computer
spns:
  description: The requested SPNs, and with O(state=exact) the SPNs that it deletes.
  returned: when the forest could be read
  type: list
  elements: dict
  contains:
    spn:
      description: The service principal name.
      type: str
      sample: http/mail.corp.example.com
    before:
      description: The distinguished names of the accounts that had it before.
      type: list
      elements: str
    holders:
      description: The accounts that have it now, or would have it in check mode. Null if unknown.
      type: list
      elements: str
    result:
      description: V(compliant) if no change was needed, V(changed), V(would_change) in check mode, or V(failed).
      type: str
      sample: changed
    msg:
      description: The error message.
      returned: when it failed
      type: str
changes:
  description:
    - What was changed, or in check mode would be changed, with C(label), C(thing) (the name), C(setting) (V(accounts)),
      C(before) and C(after).
    - C(after) is the value as read back, or in check mode the planned one. It is null if it is unknown.
  returned: when the forest could be read
  type: list
  elements: dict
  version_added: 1.1.0
left_alone:
  description:
    - What was not changed, because C(current), the current value, is not the one in O(expected), as C(label),
      C(expected), C(current) and C(reason).
  returned: when there are any
  type: list
  elements: dict
  version_added: 1.1.0
"""

import contextlib
import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._directory import account as accounts
from ansible_collections.winha.cluster.plugins.module_utils._directory import assignment, forest
from ansible_collections.winha.cluster.plugins.module_utils._directory.assignment import State
from ansible_collections.winha.cluster.plugins.module_utils._directory.forest import Accounts
from ansible_collections.winha.cluster.plugins.module_utils._directory.ldap_errors import Refused
from ansible_collections.winha.cluster.plugins.module_utils._directory.spn import ServicePrincipalName
from ansible_collections.winha.cluster.plugins.module_utils.directory import DIRECTORY
from ansible_collections.winha.cluster.plugins.module_utils.errors import ServerError
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Change, Plan, Step

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._directory.session import Directory

SPEC = {
    "account": {"type": "str", "required": True},
    "spns": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent", "exact"], "default": "present"},
    "service_classes": {"type": "list", "elements": "str"},
    "on_conflict": {"type": "str", "choices": ["fail", "move"], "default": "fail"},
}


def read(session: Directory, options: task.Options) -> State:
    """Read the account and search the forest for the names. Raises C(TaskError) for invalid names."""
    if options["state"] == "exact" and not options["spns"]:
        raise task.TaskError(
            "spns is empty and state is exact, which would delete every service principal name of "
            f"{options['account']}. Set spns to the names to keep. To delete all names, list them with state absent."
        )
    if options["service_classes"] is not None and options["state"] != "exact":
        raise task.TaskError(f"service_classes is only for state exact, and state is {options['state']}. Remove it.")
    names, problems = assignment.parse_names(options["spns"])
    if options["state"] != "absent":
        assignment.refuse_invalid(problems)
    account = accounts.find_account(session, options["account"])
    has = {spn.lower() for spn in account.principal_names}
    assignment.refuse_invalid({text: problem for text, problem in problems.items() if text.lower() not in has})
    names |= {text.lower(): ServicePrincipalName.stored(text) for text in problems}
    missing = [name for key, name in names.items() if key not in has and options["state"] != "absent"]
    colliding = forest.colliding_names(missing, forest.read_host_aliases(session)) if missing else {}
    affected = {*names, *(spn.lower() for spn in assignment.names_to_delete(account, names, options))}
    found = forest.find_holders(session, {*affected, *(one.key for others in colliding.values() for one in others)})
    return State(
        account=account,
        names=names,
        holders={key: found[key] for key in affected},
        collisions={key: tuple(one for name in names for one in found[name.key]) for key, names in colliding.items()},
    )


def plan(state: State, options: task.Options) -> Plan:
    """Plan the names to add, delete and move. Raises C(TaskError) if another account conflicts."""
    own = Accounts((state.account.dn,))
    changes = []
    if options["state"] != "absent":
        assignment.refuse_conflicts(state, options["on_conflict"])
        listed = [_change(str(name), state.before(key), own) for key, name in state.names.items()]
        changes += [change for change in listed if change.before != own]
    for spn in assignment.names_to_delete(state.account, state.names, options):
        before = state.before(spn.lower())
        changes.append(_change(spn, before, before.without(state.account.dn)))
    return Plan(title="Service principal names", steps=(Step(tuple(changes)),) if changes else ())


def _change(spn: str, before: Accounts, after: Accounts) -> Change:
    return Change(label=spn, before=before, after=after, details={"thing": spn, "setting": "accounts"})


def apply(session: Directory, state: State, step: Step) -> Applied:
    """Delete the names from other accounts, change the account, and read back the accounts that have them."""
    own = state.account.dn
    wanted = {one.label.lower(): one.label for one in step.changes if own in one.after}
    unwanted = {one.label.lower() for one in step.changes} - set(wanted)
    problem: ServerError | None = None
    deleted: dict[str, list[str]] = {}
    try:
        for dn, spns in _other_holders(state, wanted).items():
            keys = {spn.lower() for spn in spns}
            accounts.update_names(session, dn, unwanted=keys, operation=f"deleting {', '.join(spns)} from {dn}")
            deleted[dn] = spns
        accounts.update_names(session, own, wanted=wanted.values(), unwanted=unwanted)
    except ServerError as exc:
        problem = exc
        if isinstance(exc, Refused):
            _restore(session, deleted)
    try:
        account = accounts.read_account(session, own)
        found = forest.find_holders(session, {*wanted, *unwanted})
    except ServerError as exc:
        error = problem or exc
        before = " and ".join(f"{', '.join(spns)} was deleted from {dn}" for dn, spns in deleted.items())
        error.args = (f"{error.detail}; before that, {before}" if before else error.detail,)
        raise error from exc
    now = dataclasses.replace(state, account=account, holders={**state.holders, **found})
    return Applied(
        values={change.label: now.before(change.label.lower()) for change in step.changes},
        reason=str(problem).rstrip(".") if problem else "another account got the SPN at the same time",
    )


def _other_holders(state: State, keys: t.Iterable[str]) -> dict[str, list[str]]:
    """The other accounts that have any of the names, with the spelling that is stored on them."""
    found: dict[str, list[str]] = {}
    for holder in sorted((one for key in keys for one in state.others(key)), key=lambda one: (one.dn, one.spn)):
        found.setdefault(holder.dn, []).append(holder.spn)
    return found


def _restore(session: Directory, deleted: t.Mapping[str, list[str]]) -> None:
    """Add the names to the previous accounts again, because the account may not have them."""
    for dn, spns in deleted.items():
        with contextlib.suppress(ServerError):  # the first error is reported, and the accounts are read back
            accounts.update_names(session, dn, wanted=spns)


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return each name with the accounts that had and have it, and the result."""
    touched = {label.lower(): label for label in (*outcome.values, *outcome.failures)}
    rows = []
    for key in dict.fromkeys([*state.names, *touched]):
        label, before = touched.get(key, str(state.names.get(key, ""))), state.before(key)
        now = outcome.now(label, before)
        row: dict[str, t.Any] = {"spn": label, "before": list(before), "holders": None if now is None else list(now)}
        rows.append(row | outcome.result_of(label))
    return {"account": {name: getattr(state.account, name) for name in ("dn", "name", "kind")}, "spns": rows}


TASK = task.Task(
    spec=SPEC,
    read=read,
    plan=plan,
    apply=apply,
    report=report,
    identified_by=("account",),
    service=DIRECTORY,
)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
