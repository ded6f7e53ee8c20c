# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: exchange
short_description: The Exchange servers and domain controllers of a forest as hosts
description:
  - Reads the Exchange servers and the domain controllers of a forest from Active Directory with two paged searches, and
    makes them hosts. It only reads, and needs no special permissions.
  - The name of a host is its FQDN in lower case, and C(ansible_host) is the same FQDN. It sets no other variables for
    connections. Set them for a group, for example in C(group_vars).
  - 'Groups of Exchange servers: C(exchange_servers), C(dag_members), C(dag_NAME), and for each role
    C(mailbox_servers), C(client_access_servers), C(hub_transport_servers), C(unified_messaging_servers) and
    C(edge_transport_servers).'
  - 'Groups of domain controllers: C(domain_controllers) for those that can be written to,
    C(read_only_domain_controllers), and C(global_catalogs). The domain controller that was read is the first of its
    groups, and the others of its domain follow.'
  - All are in the group C(site_NAME) of their Active Directory site. Names of groups are in lower case, and other
    characters than letters, digits and C(_) become C(_).
  - Active Directory does not have the Hyper-V hosts. P(winha.cluster.cluster#inventory) reads those.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  plugin:
    description: Must be V(winha.cluster.exchange).
    type: str
    required: true
    choices: [winha.cluster.exchange]
extends_documentation_fragment:
  - winha.cluster.directory
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
notes:
  - O(servers) or O(domain) is required, or one of their environment variables.
  - Texts can be templates, such as a lookup for O(password), or encrypted by Ansible Vault.
  - Active Directory does not return objects that the account may not read. A warning tells what is known to be missing.
    Only a complete result is cached. After a change of the options of the source it is read again.
  - The variable C(winha_exchange_server) has C(name), C(fqdn), C(site), C(roles), C(build), C(generation) and C(dag).
    M(winha.cluster.exchange_info) describes them. The variable C(winha_domain_controller) has C(name), C(fqdn),
    C(domain), C(site), C(global_catalog) and C(read_only).
seealso:
  - module: winha.cluster.exchange_info
  - plugin: winha.cluster.cluster
    plugin_type: inventory
"""

EXAMPLES = r"""
# With a password, a group for each generation of Exchange, and read at most once an hour. Without username and
# password, the Kerberos ticket of kinit is used.
plugin: winha.cluster.exchange
domain: corp.example.com
username: svc-ansible@CORP.EXAMPLE.COM
password: "{{ lookup('ansible.builtin.env', 'SVC_ANSIBLE_PASSWORD') }}"
keyed_groups:
  - key: winha_exchange_server.generation
    prefix: exchange
groups:
  old_builds: winha_exchange_server.build is version('15.1.2507', '<')
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/winha.cluster/inventory
"""

import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._directory.domain_controller import read_domain_controllers
from ansible_collections.winha.cluster.plugins.module_utils._exchange.parts import read_organization
from ansible_collections.winha.cluster.plugins.module_utils.directory import DIRECTORY, has_servers_or_domain
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from ansible_collections.winha.cluster.plugins.plugin_utils.inventory import InventoryHost, Reading, SourcePlugin

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._directory.domain_controller import DomainController
    from ansible_collections.winha.cluster.plugins.module_utils.session import Options

_SERVER = ("name", "fqdn", "site", "roles", "build", "generation", "dag")
Mapping = dict[str, t.Any]


class InventoryModule(SourcePlugin):
    """The inventory plugin."""

    NAME = "winha.cluster.exchange"
    service = DIRECTORY
    spec = DIRECTORY.spec

    def read(self, options: Options) -> Reading:
        """Read the servers of the organization and the domain controllers of the forest."""
        if not has_servers_or_domain(options):
            raise TaskError("Neither servers nor domain is set. Set servers to the domain controllers, or set domain.")
        with self.session(self.service, options) as session:
            organization = read_organization(session, ())
            controllers = read_domain_controllers(session)
        hosts = [*map(_server, organization["servers"]), *map(_controller, controllers)]
        problems = [f"{row['what'][:1].upper()}{row['what'][1:]}: {row['why']}." for row in organization["unknown"]]
        return Reading(_merged(hosts), problems)


def _server(server: Mapping) -> InventoryHost:
    groups = ["exchange_servers", *(f"{role}_servers" for role in server["roles"])]
    groups += ["dag_members", f"dag_{server['dag']}"] if server["dag"] else []
    return _host(server, groups, {"winha_exchange_server": {name: server[name] for name in _SERVER}})


def _controller(controller: DomainController) -> InventoryHost:
    row = dataclasses.asdict(controller)
    groups = ["read_only_domain_controllers" if controller.read_only else "domain_controllers"]
    groups += ["global_catalogs"] if controller.global_catalog else []
    return _host(row, groups, {"winha_domain_controller": row})


def _host(row: Mapping, groups: t.Sequence[str], variables: Mapping) -> InventoryHost:
    site = [f"site_{row['site']}"] if row["site"] else []
    fqdn = row["fqdn"].lower() if row["fqdn"] else None
    return InventoryHost(name=fqdn or row["name"].lower(), address=fqdn, groups=(*groups, *site), variables=variables)


def _merged(hosts: t.Iterable[InventoryHost]) -> list[InventoryHost]:
    """The hosts, one for each name: a server can be both, an Exchange server and a domain controller."""
    found: dict[str, InventoryHost] = {}
    for host in hosts:
        one = found.get(host.name, host)
        found[host.name] = dataclasses.replace(
            one,
            groups=tuple(dict.fromkeys((*one.groups, *host.groups))),
            variables={**one.variables, **host.variables},
        )
    return list(found.values())
