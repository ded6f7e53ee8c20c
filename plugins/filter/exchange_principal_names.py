# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: exchange_principal_names
short_description: Plan the service principal names of an Exchange organization
description:
  - Plans the service principal names of the alternate service accounts from the names that the Exchange servers
    publish. Returns the reasons for each name, and why the other host names in the Exchange URLs need no SPN.
  - It only processes its input. It does not connect to Active Directory.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description:
      - The result of M(winha.cluster.exchange_info). Parts of it may be missing.
    type: dict
    required: true
  generations:
    description:
      - The generations to return. V(2013) stands for 2013, 2016, 2019 and SE, which share one account. 2010 needs its
        own account.
      - A name is on the account of the generation to whose servers it leads, see O(dns), even if only the other one is
        returned.
    type: list
    elements: str
    choices: ["2010", "2013"]
    default: ["2010", "2013"]
  services:
    description:
      - The services whose internal URLs count. V(autodiscover) is the internal Autodiscover URI.
      - The default is V(owa), V(ecp), V(ews), V(oab) and V(autodiscover), since 2013 also V(mapi) and
        V(outlook_anywhere).
    type: list
    elements: str
    choices: [owa, ecp, ews, oab, mapi, outlook_anywhere, autodiscover, activesync, powershell]
  extra:
    description:
      - Lists of additional service principal names, by generation. A name that two generations publish is on the
        account of the generation that lists it here, wherever it leads.
    type: dict
  leave_out:
    description:
      - Host names or single service principal names to leave out of the plan. The port of a host, a trailing dot and
        case are ignored.
      - An entry that matches no host name in the Exchange URLs is a finding.
    type: list
    elements: str
  accounts:
    description:
      - The account of each generation, as M(winha.cluster.spn_info) returns it in
        RV(winha.cluster.spn_info#module:accounts).
      - If it is set, even to an empty dictionary, each generation also has C(account), C(missing) and C(surplus).
    type: dict
  dns:
    description:
      - The names that M(winha.cluster.dns_name_info) returns in RV(winha.cluster.dns_name_info#module:names) for
        C(hosts_to_resolve).
      - While servers of two generations exist, the addresses decide which account has a name. A name that leads to no
        known server, for example to a load balancer, or that was not looked up, stays where it is and is in
        C(undecided). List it in O(extra).
      - A name that is an alias of a name outside the organization is left out.
    type: list
    elements: dict
    version_added: 1.1.0
seealso:
  - module: winha.cluster.dns_name_info
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

- name: Fail if the Autodiscover URI of a server differs from the others of its site
  ansible.builtin.assert:
    that: plan.findings | selectattr('kind', 'eq', 'stale_autodiscover') | length == 0
    fail_msg: "{{ plan.findings | map(attribute='text') | join(' ') }}"
  vars:
    plan: "{{ exchange | winha.cluster.exchange_principal_names }}"

- name: Add a name that is not in Active Directory, and leave one out
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
      description: One entry for each generation that has Client Access servers.
      type: list
      elements: dict
      contains:
        generation:
          description: V(2010), or V(2013) for 2013 to SE.
          type: str
        title:
          description: The product names of the generation.
          type: str
          sample: Exchange 2016 and 2019
        servers:
          description: The servers that need the credential of the account before any SPN is registered.
          type: list
          elements: str
        principal_names:
          description:
            - The service principal names with the reasons for each, http first.
            - While two generations exist, C(lead) has the generation to whose servers the name leads, empty if that is
              not known, and C(text).
          type: list
          elements: dict
          sample:
            - name: http/mail.corp.example.com
              reasons: ["internal URL of OWA, ECP, EWS and OAB of CAS1 to CAS6"]
        left_out:
          description: The host names in the Exchange URLs that need no SPN, with the reason.
          type: list
          elements: dict
          sample:
            - name: mail.example.com
              reason: "external only: external URL of OWA and ECP of CAS1 to CAS6"
        account:
          description: The account of the generation as given. Null if there is none.
          type: dict
        missing:
          description: The planned names that the account does not have.
          type: list
          elements: str
        surplus:
          description:
            - The names of the account that no generation needs.
            - A name that is planned for another generation, or is equivalent to one, is not included. It is moved when
              it is registered for that generation.
            - Names with a service class that is in no plan, such as C(HOST), are not included.
          type: list
          elements: str
    undecided:
      description:
        - The names of two generations for which it is not known to which servers they lead, with C(name), C(reasons)
          and C(why). They are in no plan and not surplus.
      type: list
      elements: dict
    hosts_to_resolve:
      description: The host names to look up in DNS for O(dns), with two generations also those of the servers.
      type: list
      elements: str
    findings:
      description: Problems with the host names in the Exchange URLs. They do not change the plan.
      type: list
      elements: dict
      contains:
        kind:
          description: The kind of the finding, for filters.
          type: str
          sample: stale_autodiscover
        about:
          description: The affected servers, databases, CAS arrays or names.
          type: list
          elements: str
        text:
          description: The problem in one or two sentences.
          type: str
        remedy:
          description: The remedy, usually a command for the Exchange Management Shell.
          type: str
        hides_names:
          description:
            - Whether names may be missing from the plan because of this finding. Clients may then use names that look
              surplus.
          type: bool
"""

import typing as t

from ..plugin_utils.filter_error import one_sentence


def exchange_principal_names(
    exchange: object,
    generations: t.Iterable[str] | None = None,
    services: t.Iterable[str] | None = None,
    extra: t.Mapping[str, t.Iterable[str]] | None = None,
    leave_out: t.Iterable[str] | None = None,
    *,
    accounts: t.Mapping[t.Any, t.Any] | None = None,
    dns: object = None,
) -> dict[str, t.Any]:
    """Return the plan. Raises C(AnsibleFilterError)."""
    # A task that uses one filter loads the files of all, so what takes long to load waits until it is needed.
    from ..module_utils._exchange.published_names import ExchangeInputError
    from ..module_utils._exchange.spn_overrides import PlanError
    from ..module_utils._exchange.spn_plan import plan

    with one_sentence("exchange_principal_names", PlanError, ExchangeInputError):
        return plan(
            exchange,
            generations=generations,
            services=services,
            extra=extra,
            leave_out=leave_out,
            accounts=accounts,
            dns=dns,
        )


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by name."""
        return {"exchange_principal_names": exchange_principal_names}
