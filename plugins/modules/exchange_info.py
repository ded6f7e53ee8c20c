#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_info
short_description: Read an Exchange organization from Active Directory
description:
  - Reads what Active Directory says about the Exchange organization of a forest, by one paged search however much is
    gathered. It needs no Exchange server, no PowerShell and no special rights.
  - The directory knows what is configured, not what runs. It has service packs and cumulative updates of the servers,
    but no rollups.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  gather:
    description:
      - Which parts to read. The organization and its servers always come along.
    type: list
    elements: str
    choices:
      - client_access_arrays
      - databases
      - database_availability_groups
      - autodiscover
      - virtual_directories
      - accepted_domains
      - federation_trusts
    default:
      - client_access_arrays
      - databases
      - database_availability_groups
      - autodiscover
      - virtual_directories
      - accepted_domains
      - federation_trusts
extends_documentation_fragment:
  - winha.cluster.directory
  - winha.cluster.attributes
  - winha.cluster.attributes.info
  - winha.cluster.attributes.directory
requirements:
  - cryptography >= 42 on the machine that the task runs on, to read the certificates of federation trusts
notes:
  - A directory keeps silent about objects that an account may not read. What others name and the directory did not
    give is listed as RV(unknown); an empty list there means that nothing is known to be missing.
  - The name of Autodiscover in the service connection points is what computers of the domain use. The URLs of the
    virtual directory V(autodiscover) are used by nobody.
seealso:
  - module: winha.cluster.spn
  - plugin: winha.cluster.exchange_principal_names
    plugin_type: filter
"""

EXAMPLES = r"""
- name: See the whole organization
  winha.cluster.exchange_info:
    servers: [dc1.corp.example.com]
  register: exchange
  delegate_to: localhost

- name: Name the client access servers that Autodiscover still sends to themselves
  ansible.builtin.debug:
    msg: "{{ exchange.autodiscover | selectattr('host', 'in', exchange.servers | map(attribute='fqdn')) }}"

- name: Name the databases of Exchange 2010 that Outlook reaches by a single server
  ansible.builtin.debug:
    msg: "{{ exchange.databases | selectattr('rpc_client_access_kind', 'eq', 'server') | map(attribute='name') }}"

- name: Only the servers and their builds
  winha.cluster.exchange_info:
    servers: [dc1.corp.example.com]
    gather: []
  delegate_to: localhost
"""

RETURN = r"""
organization:
  description: The organization; C(forest) is the DNS name of the forest's root domain.
  returned: success
  type: dict
  sample:
    name: Example
    dn: CN=Example,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=corp,DC=example,DC=com
    forest: corp.example.com
servers:
  description: The Exchange servers. What is not there or could not be read is null.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the server.
      type: str
      sample: CAS1
    fqdn:
      description: Its name in DNS.
      type: str
      sample: cas1.corp.example.com
    dn:
      description: The distinguished name of its object in the configuration.
      type: str
      sample: CN=CAS1,CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,...
    site:
      description: Its Active Directory site.
      type: str
      sample: Primary
    roles:
      description: V(mailbox), V(client_access), V(unified_messaging), V(hub_transport), V(edge_transport).
      type: list
      elements: str
      sample: [client_access, hub_transport]
    build:
      description: The build of its service pack or cumulative update; rollups do not change it.
      type: str
      sample: 14.3.123.4
    generation:
      description: V(2007), V(2010), V(2013), V(2016), V(2019) or V(SE).
      type: str
      sample: '2010'
    dag:
      description: The database availability group that it is a member of.
      type: str
      sample: DAG1
    legacy_dn:
      description: Its legacy distinguished name.
      type: str
      sample: /o=Example/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Configuration/cn=Servers/cn=CAS1
client_access_arrays:
  description: The client access arrays of Exchange 2010, with the client access servers of the same site.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - name: outlook.corp.example.com
      fqdn: outlook.corp.example.com
      site: Primary
      legacy_dn: >-
        /o=Example/ou=Exchange Administrative Group
        (FYDIBOHF23SPDLT)/cn=Configuration/cn=Servers/cn=outlook.corp.example.com
      servers: [CAS1, CAS2]
databases:
  description:
    - The mailbox databases.
    - C(rpc_client_access_server) and C(rpc_client_access_kind) are null since Exchange 2013. The kind is V(array) or
      V(server); if neither of this name could be found, it is null.
    - C(copies) begins with the preferred one, and C(preferred_site) is the site of its server. C(master) is a database
      availability group or a server. Nobody connects to a C(recovery) database.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - name: DB1
      dn: CN=DB1,CN=Databases,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,...
      generation: '2010'
      rpc_client_access_server: outlook.corp.example.com
      rpc_client_access_kind: array
      copies: [{server: MBX1, activation_preference: 1}, {server: MBX3, activation_preference: 2}]
      preferred_site: Primary
      master: DAG1
      recovery: false
database_availability_groups:
  description: The database availability groups and the servers that are members.
  returned: when gathered
  type: list
  elements: dict
  sample: [{name: DAG1, servers: [MBX1, MBX3], allow_cross_site_rpc_client_access: false}]
autodiscover:
  description:
    - The service connection points of Autodiscover.
    - Of the kind V(url) they are those of the servers, C(sites) are the sites that each is for, none for all. Where the
      internal Autodiscover URI of a server was taken away, C(url) and C(host) are null.
    - Of the kind V(pointer) they send the users of C(domains) to another forest, and C(server) is null.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - server: CAS1
      name: CAS1
      kind: url
      url: https://autodiscover.corp.example.com/autodiscover/autodiscover.xml
      host: autodiscover.corp.example.com
      sites: [Primary]
      domains: []
virtual_directories:
  description:
    - The virtual directories that clients reach; those of the web site C(Exchange Back End) are left out.
    - C(service) is V(owa), V(ecp), V(ews), V(oab), V(activesync), V(autodiscover), V(outlook_anywhere), V(mapi) or
      V(powershell).
    - C(authentication) are the methods inside, and C(negotiate) whether Kerberos is among what clients inside can use;
      null if the directory does not tell. Windows integrated authentication counts, since IIS offers Negotiate with it
      unless its providers were changed on the server.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - server: CAS1
      service: ews
      name: EWS (Default Web Site)
      web_site: Default Web Site
      internal_url: https://mail.corp.example.com/EWS/Exchange.asmx
      internal_host: mail.corp.example.com
      external_url: https://mail.example.com/EWS/Exchange.asmx
      external_host: mail.example.com
      authentication: [ntlm, windows_integrated, ws_security]
      negotiate: true
accepted_domains:
  description: The mail domains; C(type) is V(authoritative), V(internal_relay) or V(external_relay).
  returned: when gathered
  type: list
  elements: dict
  sample: [{name: example.com, type: authoritative, default: true}]
federation_trusts:
  description: The federation trusts.
  returned: when gathered
  type: list
  elements: dict
  contains:
    name:
      description: Name of the trust.
      type: str
      sample: Microsoft Federation Gateway
    application_uri:
      description: What the gateway knows the organization by.
      type: str
      sample: fydibohf25spdlt.example.com
    application_id:
      description: The application identifier that the gateway gave.
      type: str
      sample: 00000000480A1B2C
    token_issuer_uri:
      description: Who issues the tokens.
      type: str
      sample: urn:federation:MicrosoftOnline
    organization_thumbprints:
      description: The thumbprints of the certificates that the servers shall use, by C(current), C(previous), C(next).
      type: dict
      sample: {current: 2B8A5C0E0C5F3D4E8A7B6C5D4E3F2A1B0C9D8E7F, previous: null, next: null}
    certificates:
      description:
        - The certificates. C(use) is V(current), V(previous) or V(next), the organization's own, or V(token_issuer).
        - C(self_signed) means that subject and issuer are the same, C(client_authentication) that the extended key
          usages name it. Times are in UTC.
        - C(unknown) is null, or why the certificate could not be read; everything else but C(use) may then be null.
      type: list
      elements: dict
      sample:
        - use: current
          thumbprint: 2B8A5C0E0C5F3D4E8A7B6C5D4E3F2A1B0C9D8E7F
          subject: CN=Federation
          issuer: CN=Federation
          not_before: '2026-01-31T12:00:00Z'
          not_after: '2031-01-31T12:00:00Z'
          self_signed: true
          subject_key_identifier: 3F9C0B6D5E7A48C19D2E
          key: RSA 2048
          client_authentication: false
          unknown: null
unknown:
  description: What the directory names or must have and did not give, and why that is known.
  returned: success
  type: list
  elements: dict
  sample:
    - what: server MBX9
      why: it holds copies of DB7, but it is not there, or this account may not read it
"""

import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import directory, task
from ansible_collections.winha.cluster.plugins.module_utils._exchange import parts as exchange

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._exchange.objects import ForestSession

PARTS = list(exchange.PARTS)
SPEC = {"gather": {"type": "list", "elements": "str", "choices": PARTS, "default": PARTS}}


def read(session: ForestSession, options: task.Options) -> dict[str, t.Any]:
    """The organization with the parts that were asked for."""
    return exchange.read_organization(session, options["gather"])


def report(state: dict[str, t.Any], outcome: task.Outcome) -> dict[str, t.Any]:
    """What was read is what is returned."""
    return state


TASK = task.Task(spec=SPEC, read=read, report=report, service=directory.DIRECTORY)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
