#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_info
short_description: Read an Exchange organization from Active Directory
description:
  - Reads the configuration of the Exchange organization from Active Directory with one paged search. It needs no
    Exchange server, no PowerShell and no special permissions.
  - Active Directory has the configuration, not the state of services. It has the service packs and cumulative updates
    of the servers, but not their update rollups.
version_added: 1.0.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  gather:
    description:
      - The parts to read. The organization and its servers are always read.
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
  - Active Directory does not return objects that the account may not read. An object that is missing but that other
    objects refer to is in RV(unknown). An empty list means that no object is known to be missing.
  - Domain members use the Autodiscover URL of the service connection points. No client uses the URLs of the virtual
    directory V(autodiscover).
seealso:
  - module: winha.cluster.spn
  - plugin: winha.cluster.exchange_principal_names
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Read the organization
  winha.cluster.exchange_info:
    servers: [dc1.corp.example.com]
  register: exchange
  delegate_to: localhost

- name: List the Autodiscover URLs that contain the name of a single server
  ansible.builtin.debug:
    msg: "{{ exchange.autodiscover | selectattr('host', 'in', exchange.servers | map(attribute='fqdn')) }}"

- name: List the databases of Exchange 2010 whose RpcClientAccessServer is a single server
  ansible.builtin.debug:
    msg: "{{ exchange.databases | selectattr('rpc_client_access_kind', 'eq', 'server') | map(attribute='name') }}"

- name: Read only the servers and their builds
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
  description: The Exchange servers. A value that does not exist or could not be read is null.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the server.
      type: str
      sample: CAS1
    fqdn:
      description: Its DNS name.
      type: str
      sample: cas1.corp.example.com
    dn:
      description: The distinguished name of its object in the configuration partition.
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
      description: The build of its service pack or cumulative update. Update rollups do not change it.
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
  description: The CAS arrays of Exchange 2010, with the Client Access servers of the same site.
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
      V(server), or null if there is no CAS array or server with this name. C(rpc_client_access_server) is also null if
      the FQDN of its CAS array or server could not be read.
    - C(copies) is sorted by activation preference, and C(preferred_site) is the site of the first copy. C(master) is a
      database availability group or a server. Clients do not connect to a C(recovery) database.
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
  description: The database availability groups and their members.
  returned: when gathered
  type: list
  elements: dict
  sample: [{name: DAG1, servers: [MBX1, MBX3], allow_cross_site_rpc_client_access: false}]
autodiscover:
  description:
    - The service connection points of Autodiscover.
    - The kind V(url) belongs to a server. C(sites) are the sites that use it; an empty list means all sites. If the
      internal Autodiscover URI of the server is not set, C(url) and C(host) are null.
    - The kind V(pointer) refers the users of C(domains) to another forest, and C(server) is null. The kind is
      V(unknown) if no keyword could be read.
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
    - The virtual directories for clients, without those of the web site C(Exchange Back End).
    - C(service) is V(owa), V(ecp), V(ews), V(oab), V(activesync), V(autodiscover), V(outlook_anywhere), V(mapi) or
      V(powershell).
    - C(authentication) lists the internal authentication methods. C(negotiate) is whether internal clients can use
      Kerberos, or null if that is not in Active Directory. It is true for Windows integrated authentication, because
      IIS then offers Negotiate, unless the providers were changed on the server.
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
      description: The identifier of the organization at the gateway.
      type: str
      sample: fydibohf25spdlt.example.com
    application_id:
      description: The application identifier that the gateway assigned.
      type: str
      sample: 00000000480A1B2C
    token_issuer_uri:
      description: The issuer of the tokens.
      type: str
      sample: urn:federation:MicrosoftOnline
    organization_thumbprints:
      description: The thumbprints of the configured certificates, by C(current), C(previous), C(next).
      type: dict
      sample: {current: 2B8A5C0E0C5F3D4E8A7B6C5D4E3F2A1B0C9D8E7F, previous: null, next: null}
    certificates:
      description:
        - The certificates. C(use) is V(current), V(previous) or V(next) for those of the organization, or
          V(token_issuer).
        - C(self_signed) is true if subject and issuer are equal. C(client_authentication) is true if it is one of the
          extended key usages. Times are in UTC.
        - C(unknown) is the reason if the certificate could not be read, otherwise null. If it is set, all other values
          except C(use) can be null.
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
  description: Objects and values that could not be read, with the reason.
  returned: success
  type: list
  elements: dict
  sample:
    - what: server MBX9
      why: it has copies of DB7, but it does not exist, or this account may not read it
"""

import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import directory, task
from ansible_collections.winha.cluster.plugins.module_utils._exchange import parts as exchange

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._exchange.objects import ForestSession

PARTS = list(exchange.PARTS)
SPEC = {"gather": {"type": "list", "elements": "str", "choices": PARTS, "default": PARTS}}


def read(session: ForestSession, options: task.Options) -> dict[str, t.Any]:
    """Read the organization and the requested parts."""
    return exchange.read_organization(session, options["gather"])


def report(state: dict[str, t.Any], outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the organization as read."""
    return state


TASK = task.Task(spec=SPEC, read=read, report=report, service=directory.DIRECTORY)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
