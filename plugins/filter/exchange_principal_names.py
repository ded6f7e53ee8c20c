# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: exchange_principal_names
short_description: Find the service principal names that an Exchange organization needs
description:
  - Finds from what the servers of an Exchange organization publish which service principal names its alternate service
    accounts need, with the reasons for each, and why the other names that are published need none.
  - Reads no directory and changes nothing.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description:
      - What M(winha.cluster.exchange_info) returns. Parts of it may be missing; nothing is then said about them.
    type: dict
    required: true
  generations:
    description:
      - Which generations to tell about. V(2013) stands for 2013, 2016, 2019 and SE, which share one account; 2010
        cannot share it.
      - A name that both publish belongs to the newer one, even when only the older is told about.
    type: list
    elements: str
    choices: ["2010", "2013"]
    default: ["2010", "2013"]
  services:
    description:
      - The services whose internal URLs count. V(autodiscover) is the internal Autodiscover URI.
      - Without it V(owa), V(ecp), V(ews), V(oab) and V(autodiscover) count, and since 2013 also V(mapi) and
        V(outlook_anywhere).
    type: list
    elements: str
    choices: [owa, ecp, ews, oab, mapi, outlook_anywhere, autodiscover, activesync, powershell]
  extra:
    description:
      - Lists of further service principal names, by generation. They win over the rule that a name belongs to the
        newer generation.
    type: dict
  leave_out:
    description:
      - Host names, or single service principal names, to leave out of the plan. A port of a host, a full stop at its
        end and case mean nothing.
      - One that no published name meets is a finding.
    type: list
    elements: str
  accounts:
    description:
      - The account of each generation, as M(winha.cluster.spn_info) returns it in
        RV(winha.cluster.spn_info#module:accounts).
      - With it, even if it is empty, each generation also has C(account), C(missing) and C(surplus).
    type: dict
seealso:
  - module: winha.cluster.exchange_info
  - module: winha.cluster.spn
  - module: winha.cluster.spn_info
"""

EXAMPLES = r"""
- name: Read the organization
  winha.cluster.exchange_info:
  register: exchange

- name: Show the names that the account of Exchange 2010 needs
  ansible.builtin.debug:
    msg: "{{ (exchange | winha.cluster.exchange_principal_names(generations=['2010'])).generations }}"

- name: Fail while a server announces another name than its peers
  ansible.builtin.assert:
    that: plan.findings | selectattr('kind', 'eq', 'stale_autodiscover') | length == 0
    fail_msg: "{{ plan.findings | map(attribute='text') | join(' ') }}"
  vars:
    plan: "{{ exchange | winha.cluster.exchange_principal_names }}"

- name: Add a name that the directory does not know of, and leave one out
  ansible.builtin.set_fact:
    plan: >-
      {{ exchange | winha.cluster.exchange_principal_names(
           extra={'2013': ['http/webmail.corp.example.com']}, leave_out=['test.corp.example.com']) }}
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    generations:
      description: One entry for each generation that has servers which clients meet.
      type: list
      elements: dict
      contains:
        generation:
          description: V(2010), or V(2013) for 2013 to SE.
          type: str
        title:
          description: The generation as people say it.
          type: str
          sample: Exchange 2016 and 2019
        servers:
          description: The servers that need the credential of the account, before any name is registered.
          type: list
          elements: str
        principal_names:
          description: The service principal names with the reasons for each, those for http first.
          type: list
          elements: dict
          sample:
            - name: http/mail.corp.example.com
              reasons: ["internal URL of OWA, ECP, EWS and OAB of CAS1 to CAS6"]
        left_out:
          description: Names that are published and need no service principal name, with the reason.
          type: list
          elements: dict
          sample:
            - name: mail.example.com
              reason: "external only: external URL of OWA and ECP of CAS1 to CAS6"
        account:
          description: The account of the generation as it was given. Null if there is none.
          type: dict
        missing:
          description: The names that are planned and that the account does not have.
          type: list
          elements: str
        surplus:
          description:
            - The names that the account has and that no generation needs.
            - A name that is planned for another generation, or stands for one, is not among them. It is that
              generation's to move.
          type: list
          elements: str
    findings:
      description: What to look at. None of it takes a name from the plan.
      type: list
      elements: dict
      contains:
        kind:
          description: A word for each kind of finding, to select by.
          type: str
          sample: stale_autodiscover
        about:
          description: The servers, databases, arrays or names concerned.
          type: list
          elements: str
        text:
          description: What is, in one sentence.
          type: str
        remedy:
          description: What to run in the Exchange Management Shell, in one sentence.
          type: str
        hides_names:
          description:
            - Whether clients may use names for this reason that are not in the plan. What an account has beside the
              plan may then be needed.
          type: bool
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._exchange.published_names import ExchangeInputError
from ..module_utils._exchange.spn_overrides import PlanError
from ..module_utils._exchange.spn_plan import plan


def exchange_principal_names(
    exchange: object,
    generations: t.Iterable[str] | None = None,
    services: t.Iterable[str] | None = None,
    extra: t.Mapping[str, t.Iterable[str]] | None = None,
    leave_out: t.Iterable[str] | None = None,
    *,
    accounts: t.Mapping[t.Any, t.Any] | None = None,
) -> dict[str, t.Any]:
    """The plan as plain values. Raises C(AnsibleFilterError)."""
    try:
        return plan(
            exchange, generations=generations, services=services, extra=extra, leave_out=leave_out, accounts=accounts
        )
    except (PlanError, ExchangeInputError) as error:
        # Ansible shows the texts of causes too, and this is the cause's.
        raise AnsibleFilterError(f"exchange_principal_names: {error}") from None


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"exchange_principal_names": exchange_principal_names}
