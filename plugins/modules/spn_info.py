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
  description: The names that match O(spns), with the accounts that have them.
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
    dn:
      description: Distinguished name.
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
    enabled:
      description: Whether the account may sign in.
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
  description: The names that more than one account has.
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
  description: How many accounts and names were searched for duplicates.
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
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._directory import account as accounts
from ansible_collections.winha.cluster.plugins.module_utils._directory import forest
from ansible_collections.winha.cluster.plugins.module_utils.directory import DIRECTORY

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._directory.account import Account
    from ansible_collections.winha.cluster.plugins.module_utils._directory.forest import Duplicates, Holder
    from ansible_collections.winha.cluster.plugins.module_utils._directory.session import Directory

SPEC = {
    "spns": {"type": "list", "elements": "str", "default": []},
    "accounts": {"type": "list", "elements": "str", "default": []},
    "duplicates": {"type": "bool", "default": False},
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The results of all requested searches."""

    holders: t.Sequence[Holder]
    accounts: t.Sequence[Account]
    duplicates: Duplicates | None


def read(session: Directory, options: task.Options) -> State:
    """Run the requested searches. Raises C(TaskError) if none is requested or an account does not exist."""
    if not (options["spns"] or options["accounts"] or options["duplicates"]):
        raise task.TaskError("No search is requested: set spns, accounts or duplicates.")
    return State(
        holders=forest.find_matching(session, options["spns"]) if options["spns"] else [],
        accounts=[accounts.find_account(session, identity) for identity in options["accounts"]],
        duplicates=forest.find_duplicates(session) if options["duplicates"] else None,
    )


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return names with their accounts, accounts with their names, and duplicates."""
    del outcome
    by_name: dict[str, dict[str, t.Any]] = {}
    for holder in state.holders:
        row = by_name.setdefault(holder.spn.lower(), {"spn": holder.spn, "accounts": []})
        row["accounts"].append(holder.dn)
    result: dict[str, t.Any] = {
        "spns": list(by_name.values()),
        "accounts": [_account_row(account) for account in state.accounts],
    }
    if state.duplicates is not None:
        found = state.duplicates
        result["duplicates"] = [{"spn": spn, "accounts": list(dns)} for spn, dns in found.found.items()]
        result["searched"] = {"accounts": found.accounts, "spns": found.names}
    return result


def _account_row(account: Account) -> dict[str, t.Any]:
    number = account.encryption_types
    types = {"value": number, "names": accounts.encryption_names(number), "aes": account.has_aes}
    return {
        "dn": account.dn,
        "name": account.name,
        "kind": account.kind,
        "enabled": account.enabled,
        "password_last_set": account.password_last_set,
        "encryption_types": types,
        "spns": sorted(account.principal_names, key=str.lower),
    }


TASK = task.Task(spec=SPEC, read=read, report=report, service=DIRECTORY)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
