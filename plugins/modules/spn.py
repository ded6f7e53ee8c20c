#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: spn
short_description: Set the service principal names (SPNs) of an account
description:
  - Sets which service principal names a user or computer account of Active Directory has, so that clients get Kerberos
    tickets for it.
  - Before anything is written, the whole forest is searched for the same names on other accounts, and for names that
    mean the same by the aliases of C(HOST). A name on two accounts gives no tickets at all, so the task fails and names
    the holder, unless O(on_conflict) says to move it. After the write the forest is searched once more.
  - Single values are added and deleted; the attribute is never replaced, so that what others set on the same domain
    controller meanwhile stays.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  account:
    description:
      - The account, as distinguished name, as V(name@domain), as V(DOMAIN\\name) or by its C(sAMAccountName). The
        dollar sign of a computer may be left out.
    type: str
    required: true
  spns:
    description:
      - The names, V(class/host), V(class/host:port) or V(class/host/service), without regard to case. Characters beyond
        ASCII are refused, since the invisible ones would look like another name.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(present), the account has these names, whatever else it has.
      - V(absent), the account does not have these names. Other accounts are left alone.
      - V(exact), the account has these names, at least one, and no others. Note that Windows gives computer accounts
        names of their own.
    type: str
    choices: [present, absent, exact]
    default: present
  on_conflict:
    description:
      - When another account has one of the names, V(fail) writes nothing at all; V(move) takes the name away from it
        first, and both show in the diff.
      - An account of another domain is not written to; run the task with O(state=absent) there.
      - An alias on another account, as C(HOST/mail.example.com) is of C(http/mail.example.com), is never moved.
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
  - Domain controllers replicate the attribute as a whole, and the last write wins. Where two write to an account before
    they have replicated, the values of one are lost. Name one of them in O(servers) for all runs.
  - A move writes to two accounts. If the domain controller dies in between, nobody has the name until the next run.
  - Writing needs WriteProperty on C(servicePrincipalName). The validated write only serves names of a computer's host.
"""

EXAMPLES = r"""
- name: The names of a CAS array on the alternate service account
  winha.cluster.spn:
    domain: corp.example.com
    account: EXCHASA$
    spns:
      - http/mail.corp.example.com
      - exchangeMDB/outlook.corp.example.com
      - exchangeRFR/outlook.corp.example.com
      - exchangeAB/outlook.corp.example.com

- name: Take a name over from the account that had it
  winha.cluster.spn:
    servers: [dc1.corp.example.com, dc2.corp.example.com]
    account: EXCHASA$
    spns: [http/mail.corp.example.com]
    on_conflict: move

- name: Over TLS, where there is no Kerberos
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
  description: The account that was meant.
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
      description: V(user), V(computer), V(managed_service_account) or V(group_managed_service_account).
      type: str
      sample: computer
spns:
  description: The names that were asked for, and with O(state=exact) those that are too many.
  returned: when the forest could be read
  type: list
  elements: dict
  contains:
    spn:
      description: The service principal name.
      type: str
      sample: http/mail.corp.example.com
    before:
      description: The distinguished names of the accounts that had it.
      type: list
      elements: str
    holders:
      description: The accounts that have it now, or in check mode would have it. Null if that is unknown.
      type: list
      elements: str
    result:
      description: V(compliant) when nothing was to do, V(changed), V(would_change) in check mode, or V(failed).
      type: str
      sample: changed
    msg:
      description: What went wrong.
      returned: when it failed
      type: str
"""

import contextlib
import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._directory import account as accounts
from ansible_collections.winha.cluster.plugins.module_utils._directory import forest
from ansible_collections.winha.cluster.plugins.module_utils._directory.forest import Accounts
from ansible_collections.winha.cluster.plugins.module_utils._directory.ldap_errors import Refused
from ansible_collections.winha.cluster.plugins.module_utils._directory.session import dns_name
from ansible_collections.winha.cluster.plugins.module_utils._directory.spn import (
    PrincipalNameError,
    ServicePrincipalName,
)
from ansible_collections.winha.cluster.plugins.module_utils.directory import DIRECTORY
from ansible_collections.winha.cluster.plugins.module_utils.errors import ServerError
from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Change, Plan, Step

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._directory.account import Account
    from ansible_collections.winha.cluster.plugins.module_utils._directory.forest import Holder
    from ansible_collections.winha.cluster.plugins.module_utils._directory.session import Directory

SPEC = {
    "account": {"type": "str", "required": True},
    "spns": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent", "exact"], "default": "present"},
    "on_conflict": {"type": "str", "choices": ["fail", "move"], "default": "fail"},
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The account, the names in question by their keys, and who in the forest has them or a name that collides."""

    account: Account
    names: t.Mapping[str, ServicePrincipalName]
    holders: t.Mapping[str, tuple[Holder, ...]]
    collisions: t.Mapping[str, tuple[Holder, ...]]

    def others(self, key: str) -> list[Holder]:
        return [one for one in self.holders.get(key, ()) if one.dn.lower() != self.account.dn.lower()]

    def before(self, key: str) -> Accounts:
        """The accounts that have a name; of the own account its domain controller knows best."""
        has = any(spn.lower() == key for spn in self.account.principal_names)
        dns = {one.dn for one in self.others(key)} | ({self.account.dn} if has else set())
        return Accounts(tuple(sorted(dns, key=str.lower)))


def read(session: Directory, options: task.Options) -> State:
    """The account, and what the forest has of the names. Raises C(TaskError) for names that are none."""
    if options["state"] == "exact" and not options["spns"]:
        raise task.TaskError(
            "spns is empty and state is exact, which would delete every service principal name of "
            f"{options['account']}. Give the names that it keeps; to delete all of them, list them with state absent."
        )
    names = _parse_names(options["spns"])
    account = accounts.find_account(session, options["account"])
    has = {spn.lower() for spn in account.principal_names}
    missing = [name for key, name in names.items() if key not in has and options["state"] != "absent"]
    colliding_names = forest.colliding_names(missing, forest.read_host_aliases(session)) if missing else {}
    touched = {*names, *(spn.lower() for spn in _names_to_delete(account, names, options["state"]))}
    found = forest.find_holders(
        session, {*touched, *(name.key for those in colliding_names.values() for name in those)}
    )
    return State(
        account=account,
        names=names,
        holders={key: found[key] for key in touched},
        collisions={
            key: tuple(one for name in those for one in found[name.key]) for key, those in colliding_names.items()
        },
    )


def _names_to_delete(account: Account, names: t.Container[str], state: str) -> list[str]:
    """What the account has and is to lose."""
    if state == "present":
        return []
    listed = state == "absent"
    return sorted((spn for spn in account.principal_names if (spn.lower() in names) == listed), key=str.lower)


def _parse_names(texts: t.Sequence[str]) -> dict[str, ServicePrincipalName]:
    names: dict[str, ServicePrincipalName] = {}
    problems = []
    for text in texts:
        try:
            name = ServicePrincipalName.parse(text)
            names.setdefault(name.key, name)
        except PrincipalNameError as exc:
            problems.append(str(exc))
    if problems:
        raise task.TaskError(f"Not every one of spns is a service principal name: {'; '.join(problems)}.")
    return names


def plan(state: State, options: task.Options) -> Plan:
    """What to add, delete and move. Raises C(TaskError) when another account stands in the way."""
    own = Accounts((state.account.dn,))
    changes = []
    if options["state"] != "absent":
        _refuse_conflicts(state, options["on_conflict"])
        listed = [Change(label=str(name), before=state.before(key), after=own) for key, name in state.names.items()]
        changes += [change for change in listed if change.before != own]
    for spn in _names_to_delete(state.account, state.names, options["state"]):
        before = state.before(spn.lower())
        changes.append(Change(label=spn, before=before, after=before.without(state.account.dn)))
    return Plan(title="Service principal names", steps=(Step(tuple(changes)),) if changes else ())


def _refuse_conflicts(state: State, on_conflict: str) -> None:
    own, sentences, movable = state.account, [], False
    for key, name in state.names.items():
        others = [one.dn for one in state.others(key)]
        away = [dn for dn in others if dns_name(dn) != dns_name(own.dn)]
        if others and on_conflict == "fail":
            too = " as well as on the account itself" if own.dn in state.before(key).dns else ""
            sentences.append(f"{name} is on {' and on '.join(others)}{too}")
            movable = movable or len(away) < len(others)
        else:
            only = "which only a domain controller of"
            sentences += [f"{name} is on {dn}, {only} {dns_name(dn)} can change" for dn in away]
        aliases = [one for one in state.collisions.get(key, ()) if one.dn.lower() != own.dn.lower()]
        sentences += [f"{name} means the same as {alias.spn}, which is on {alias.dn}" for alias in aliases]
    if sentences:
        move = ", or set on_conflict to move, which moves names of the domain but no aliases" if movable else ""
        raise task.TaskError(
            f"Nothing was written for {own.name} ({own.dn}): {'; '.join(sentences)}. A name on two accounts gives no "
            f"tickets. Take it away there{move}."
        )


def apply(session: Directory, state: State, step: Step) -> Applied:
    """Take names from others, then add and delete on the account; give who has them afterwards."""
    own = state.account.dn
    wanted = {one.label.lower(): one.label for one in step.changes if own in one.after.dns}
    unwanted = {one.label.lower() for one in step.changes} - set(wanted)
    problem: ServerError | None = None
    taken: dict[str, list[str]] = {}
    try:
        for dn, spns in _other_holders(state, wanted).items():
            keys = {spn.lower() for spn in spns}
            accounts.update_names(session, dn, unwanted=keys, doing=f"taking {', '.join(spns)} away from {dn}")
            taken[dn] = spns
        accounts.update_names(session, own, wanted=wanted.values(), unwanted=unwanted)
    except ServerError as exc:
        problem = exc
        if isinstance(exc, Refused):
            _restore(session, taken)
    try:
        account = accounts.read_account(session, own)
        found = forest.find_holders(session, {*wanted, *unwanted})
    except ServerError as exc:
        error = problem or exc
        before = " and ".join(f"{', '.join(spns)} was taken away from {dn}" for dn, spns in taken.items())
        error.args = (f"{error.detail}; before that, {before}" if before else error.detail,)
        raise error from exc
    now = dataclasses.replace(state, account=account, holders={**state.holders, **found})
    return Applied(
        values={change.label: now.before(change.label.lower()) for change in step.changes},
        reason=str(problem).rstrip(".") if problem else "another account got the name meanwhile",
    )


def _other_holders(state: State, keys: t.Iterable[str]) -> dict[str, list[str]]:
    """The other accounts that have any of the names, with these names as they have them written."""
    found: dict[str, list[str]] = {}
    for holder in sorted((one for key in keys for one in state.others(key)), key=lambda one: (one.dn, one.spn)):
        found.setdefault(holder.dn, []).append(holder.spn)
    return found


def _restore(session: Directory, taken: t.Mapping[str, list[str]]) -> None:
    """What the account must not have is better where it was than nowhere."""
    for dn, spns in taken.items():
        with contextlib.suppress(ServerError):  # why it was refused is told, and who has it is read
            accounts.update_names(session, dn, wanted=spns)


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Each name with who had it, who has it, and what became of it."""
    touched = {label.lower(): label for label in (*outcome.values, *outcome.failures)}
    rows = []
    for key in dict.fromkeys([*state.names, *touched]):
        label, before = touched.get(key, str(state.names.get(key, ""))), state.before(key)
        now = outcome.now(label, before)
        row: dict[str, t.Any] = {"spn": label, "before": list(before.dns), "holders": now and list(now.dns)}
        rows.append(row | outcome.verdict(label))
    return {"account": {name: getattr(state.account, name) for name in ("dn", "name", "kind")}, "spns": rows}


TASK = task.Task(spec=SPEC, read=read, plan=plan, apply=apply, report=report, service=DIRECTORY)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
