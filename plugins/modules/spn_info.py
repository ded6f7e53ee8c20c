#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: spn_info
short_description: Find the accounts that have service principal names (SPNs)
description:
  - Finds the accounts of the forest that have given service principal names, reads the SPNs of accounts, and finds the
    duplicate SPNs of the forest like C(setspn -X -F).
  - The search for duplicate SPNs reads the forest once. Its memory use does not grow with the forest.
  - Each account and each search is a question of its own. If one has no answer, the others are returned, and
    RV(unknown) has the reason. The task fails only if no question has an answer.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  spns:
    description:
      - The SPNs to search for in the forest, case-insensitive. An asterisk matches any text, as in
        V(*/outlook.corp.example.com).
    type: list
    elements: str
    default: []
  accounts:
    description:
      - The accounts to read, as distinguished name, V(name@domain), V(DOMAIN\\name) or C(sAMAccountName). They must be
        in the domain of the domain controller.
    type: list
    elements: str
    default: []
  duplicates:
    description:
      - Whether to search for SPNs that more than one account of the forest has.
      - C(kadmin/changepw) is not a duplicate SPN. Each domain has it by design.
    type: bool
    default: false
extends_documentation_fragment:
  - winha.cluster.directory
  - winha.cluster.attributes
  - winha.cluster.attributes.info
  - winha.cluster.attributes.directory
seealso:
  - module: winha.cluster.spn
"""

EXAMPLES = r"""
- name: Find the accounts that have the SPNs of the CAS array
  winha.cluster.spn_info:
    domain: corp.example.com
    spns: ['*/outlook.corp.example.com']

- name: Read the SPNs and the encryption types of the alternate service account
  winha.cluster.spn_info:
    domain: corp.example.com
    accounts: [EXCHASA$]
  register: asa

- name: Find all duplicate SPNs of the forest
  winha.cluster.spn_info:
    domain: corp.example.com
    duplicates: true
  register: forest
  failed_when: forest.duplicates | length > 0
"""

RETURN = r"""
spns:
  description: The names that match O(spns), with the accounts that have them. Null if the forest could not be searched.
  returned: success
  type: list
  elements: dict
  contains:
    spn:
      description: The service principal name.
      type: str
      sample: http/mail.corp.example.com
    accounts:
      description: The distinguished names of the accounts that have it.
      type: list
      elements: str
accounts:
  description: The accounts of O(accounts), in the same order.
  returned: success
  type: list
  elements: dict
  contains:
    identity:
      description: The account as given in O(accounts).
      type: str
      sample: CORP\EXCHASA$
      version_added: 1.1.0
    unknown:
      description: Why the account could not be read. All other values are then null. Null if it was read.
      type: str
      version_added: 1.1.0
    dn:
      description: Distinguished name.
      type: str
      sample: CN=EXCHASA,OU=Exchange,DC=corp,DC=example,DC=com
    name:
      description: Its C(sAMAccountName).
      type: str
      sample: EXCHASA$
    user_principal_name:
      description: Its C(userPrincipalName). Empty if it has none.
      type: str
      version_added: 1.1.0
    kind:
      description:
        - V(user), V(computer), V(managed_service_account), V(group_managed_service_account) or
          V(delegated_managed_service_account), from the most specific class of the object.
      type: str
      sample: computer
    enabled:
      description: Whether the account may sign in. Null if it could not be read.
      type: bool
    password_last_set:
      description: When its password was last set, in UTC. Null if it was never set.
      type: str
      sample: '2026-11-02T10:15:00Z'
    encryption_types:
      description: Its C(msDS-SupportedEncryptionTypes).
      type: dict
      contains:
        value:
          description: The raw value. Null if it was never set.
          type: int
          sample: 24
        names:
          description: The names of the encryption types.
          type: list
          elements: str
          sample: [AES128, AES256]
        aes:
          description: Whether an AES type is among them.
          type: bool
    spns:
      description: The service principal names that it has.
      type: list
      elements: str
duplicates:
  description: The names that more than one account has. Null if the forest could not be searched.
  returned: when O(duplicates) is true
  type: list
  elements: dict
  contains:
    spn:
      description: The service principal name, in lower case.
      type: str
      sample: mssqlsvc/sql01.corp.example.com:1433
    accounts:
      description: The distinguished names of the accounts that have it.
      type: list
      elements: str
searched:
  description: How many accounts and names were searched for duplicates. Null if the forest could not be searched.
  returned: when O(duplicates) is true
  type: dict
  contains:
    accounts:
      description: Number of accounts of the forest that have a service principal name.
      type: int
      sample: 1204
    spns:
      description: Number of their names.
      type: int
      sample: 5310
unknown:
  description: What could not be read, in C(what), and the reason in C(why). Empty if everything was read.
  returned: success
  type: list
  elements: dict
  version_added: 1.1.0
  sample:
    - what: account FAR-ASA$
      why: >-
        The account FAR-ASA$ is not in corp.example.com, the domain of dc1.corp.example.com. The forest has
        CN=FAR-ASA,OU=Exchange,DC=west,DC=example,DC=com. Set servers to a domain controller of west.example.com.
"""

import dataclasses
import functools
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._directory import account as accounts
from ansible_collections.winha.cluster.plugins.module_utils._directory import forest
from ansible_collections.winha.cluster.plugins.module_utils.directory import DIRECTORY
from ansible_collections.winha.cluster.plugins.module_utils.errors import CredentialsRefused, ServerError, Unreachable

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._directory.account import Account
    from ansible_collections.winha.cluster.plugins.module_utils._directory.forest import Duplicates, Holder
    from ansible_collections.winha.cluster.plugins.module_utils._directory.session import Directory

SPEC = {
    "spns": {"type": "list", "elements": "str", "default": []},
    "accounts": {"type": "list", "elements": "str", "default": []},
    "duplicates": {"type": "bool", "default": False},
}

_ACCOUNT_KEYS = (
    "dn", "name", "user_principal_name", "kind", "enabled", "password_last_set", "encryption_types", "spns",
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The answer of each question, by its name; C(unknown) has the reason for each question without an answer."""

    identities: t.Sequence[str]
    answers: t.Mapping[str, t.Any]
    unknown: t.Mapping[str, str]


def read(session: Directory, options: task.Options) -> State:
    """Ask each question. Raises C(TaskError) if there is none, and the first error if none has an answer."""
    questions: dict[str, t.Callable[[], t.Any]] = {
        _question(identity): functools.partial(accounts.find_account, session, identity)
        for identity in options["accounts"]
    }
    if options["spns"]:
        questions["spns"] = functools.partial(forest.find_matching, session, options["spns"])
    if options["duplicates"]:
        questions["duplicates"] = functools.partial(forest.find_duplicates, session)
    if not questions:
        raise task.TaskError("No search is requested: set spns, accounts or duplicates.")
    answers: dict[str, t.Any] = {}
    problems: dict[str, ServerError | task.TaskError] = {}
    for name, ask in questions.items():
        try:
            answers[name] = ask()
        except (ServerError, task.TaskError) as exc:
            problems[name] = exc
            refused = isinstance(exc, CredentialsRefused)  # more attempts would lock the account
            if refused or (isinstance(exc, Unreachable) and not session.is_connected):
                problems |= {left: exc for left in questions if left not in answers and left not in problems}
                break
    if not answers:
        raise next(iter(problems.values()))
    return State(
        identities=options["accounts"], answers=answers, unknown={name: str(exc) for name, exc in problems.items()}
    )


def _question(identity: str) -> str:
    return f"account {identity}"


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return names with their accounts, accounts with their names, and duplicates."""
    del outcome
    result: dict[str, t.Any] = {
        "spns": None if "spns" in state.unknown else _name_rows(state.answers.get("spns", ())),
        "accounts": [_account_row(state, identity) for identity in state.identities],
        "unknown": [{"what": what, "why": why} for what, why in state.unknown.items()],
    }
    if "duplicates" in {*state.answers, *state.unknown}:
        found: Duplicates | None = state.answers.get("duplicates")
        result["duplicates"] = found and [{"spn": spn, "accounts": list(dns)} for spn, dns in found.found.items()]
        result["searched"] = found and {"accounts": found.accounts, "spns": found.names}
    return result


def _name_rows(holders: t.Iterable[Holder]) -> list[dict[str, t.Any]]:
    by_name: dict[str, dict[str, t.Any]] = {}
    for holder in holders:
        row = by_name.setdefault(holder.spn.lower(), {"spn": holder.spn, "accounts": []})
        row["accounts"].append(holder.dn)
    return list(by_name.values())


def _account_row(state: State, identity: str) -> dict[str, t.Any]:
    question = _question(identity)
    row: dict[str, t.Any] = {"identity": identity, "unknown": state.unknown.get(question)}
    account: Account | None = state.answers.get(question)
    if account is None:
        return dict.fromkeys(_ACCOUNT_KEYS) | row
    number = account.encryption_types
    types = {"value": number, "names": accounts.encryption_names(number), "aes": account.has_aes}
    values = {name: getattr(account, name) for name in _ACCOUNT_KEYS if hasattr(account, name)}
    return row | values | {"encryption_types": types, "spns": sorted(account.principal_names, key=str.lower)}


TASK = task.Task(spec=SPEC, read=read, report=report, service=DIRECTORY)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
