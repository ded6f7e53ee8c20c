# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster
short_description: The nodes and virtual machines of failover clusters as hosts
description:
  - Reads failover clusters with three to seven requests each, and makes their nodes hosts. It only reads.
  - The name of a node is its FQDN in lower case, and C(ansible_host) is the same FQDN. It is made from the name of the
    node and the domain of the cluster. If the FQDN of the cluster has no domain, the domain of the seed is used. If
    that has none either, the name is the name of the node, and C(ansible_host) is not set.
  - It sets no other variables for connections. Set them for a group, for example in C(group_vars).
  - 'Groups of nodes: C(cluster_nodes), C(cluster_NAME), C(node_STATE), C(site_NAME) if the fault domain of the node has
    a site, and C(hyperv_hosts) if the cluster has virtual machines.'
  - 'Groups of virtual machines: C(virtual_machines), C(cluster_NAME_virtual_machines), C(virtual_machine_STATE), and
    C(owner_NODE) for the owner node.'
  - Names of groups are in lower case, and other characters than letters, digits and C(_) become C(_).
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  plugin:
    description: Must be V(winha.cluster.cluster).
    type: str
    required: true
    choices: [winha.cluster.cluster]
  seeds:
    description:
      - Names or addresses of nodes of one cluster. They are tried in this order until one returns the cluster. A
        warning tells which ones did not.
      - Wrong credentials are tried once, so that the account is not locked. Then nothing more is read.
    type: list
    elements: str
  clusters:
    description:
      - The seeds of several clusters. A cluster that could not be read is a warning, if another one was read.
    type: list
    elements: dict
    suboptions:
      seeds:
        description: As O(seeds).
        type: list
        elements: str
        required: true
  virtual_machines:
    description:
      - Whether to make clustered virtual machines hosts, too. Their name is the name of the virtual machine, in which
        other characters than letters, digits, C(.), C(-) and C(_) become C(_). If another host has the same name, the
        name of the cluster is added.
      - A node returns only the names of the virtual machines that it runs. Others have the name of their cluster
        resource or clustered role. Their DNS names are not known, so C(ansible_host) is not set.
    type: bool
    default: false
extends_documentation_fragment:
  - winha.cluster.connection.listener
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
notes:
  - Texts can be templates, such as a lookup for O(password), or encrypted by Ansible Vault.
  - Clusters that need other connection options belong in another inventory source.
  - Only a complete result is cached. After a change of the options of the source the clusters are read again.
  - The variable C(winha_cluster) has C(name), C(fqdn) and C(id). C(winha_node) has C(name), C(state), C(site),
    C(windows) and C(vote). C(winha_virtual_machine) has C(name), C(name_known), C(id), C(resource), C(group),
    C(owner_node) and C(state). M(winha.cluster.cluster_info) describes them.
seealso:
  - module: winha.cluster.cluster_info
  - plugin: winha.cluster.exchange
    plugin_type: inventory
"""

EXAMPLES = r"""
# Two clusters with their virtual machines, read at most once an hour. The nodes of DAG1 are DAG members. The second
# node of a cluster is asked if the first one does not respond. For one cluster, set seeds instead of clusters.
plugin: winha.cluster.cluster
username: svc-ansible@CORP.EXAMPLE.COM
password: "{{ lookup('ansible.builtin.env', 'SVC_ANSIBLE_PASSWORD') }}"
clusters:
  - seeds: [hv01.corp.example.com, hv02.corp.example.com]
  - seeds: [ex01.corp.example.com, ex02.corp.example.com]
virtual_machines: true
groups:
  dag_members: winha_node is defined and winha_cluster.name == 'DAG1'
keyed_groups:
  - key: winha_node.windows
    prefix: windows
compose:
  ansible_host: winha_virtual_machine.name ~ '.corp.example.com'
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/winha.cluster/inventory
"""

import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._windows import cluster, computer, virtual_machine
from ansible_collections.winha.cluster.plugins.module_utils.connection import WINDOWS
from ansible_collections.winha.cluster.plugins.module_utils.errors import CredentialsRefused, ServerError, TaskError
from ansible_collections.winha.cluster.plugins.module_utils.identity import cluster_key
from ansible_collections.winha.cluster.plugins.plugin_utils.cluster_hosts import hosts_of
from ansible_collections.winha.cluster.plugins.plugin_utils.inventory import Reading, SourcePlugin

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client
    from ansible_collections.winha.cluster.plugins.module_utils.session import Options

_SEEDS = {"type": "list", "elements": "str"}
Mapping = dict[str, t.Any]


class InventoryModule(SourcePlugin):
    """The inventory plugin."""

    NAME = "winha.cluster.cluster"
    service = WINDOWS
    spec: t.Mapping[str, t.Any] = {
        "seeds": _SEEDS,
        "clusters": {"type": "list", "elements": "dict", "options": {"seeds": {**_SEEDS, "required": True}}},
        "virtual_machines": {"type": "bool", "default": False},
        **{name: option for name, option in WINDOWS.spec.items() if name != "host"},
    }
    rules: t.Mapping[str, t.Any] = {"required_one_of": [["seeds", "clusters"]]}

    def read(self, options: Options) -> Reading:
        """Read each cluster from its first seed that returns it."""
        seed_lists = [options["seeds"] or [], *(each["seeds"] for each in options["clusters"] or [])]
        found: dict[str, Mapping] = {}
        problems: list[str] = []
        for seeds in filter(None, seed_lists):
            try:
                one = self._read_from_first(seeds, options)
            except CredentialsRefused as error:
                problems.append(f"{error} Nothing more was read, so that the account is not locked.")
                break
            except (ServerError, TaskError) as error:
                problems.append(str(error))
            else:
                found.setdefault(cluster_key(one), one)
        if not found:
            raise TaskError(" ".join(problems) or "The lists of seeds are empty. Set seeds to nodes of the cluster.")
        return Reading(hosts_of(list(found.values())), problems)

    def _read_from_first(self, seeds: t.Sequence[str], options: Options) -> Mapping:
        failures: dict[str, ServerError] = {}
        for seed in seeds:
            try:
                with self.session(self.service, {**options, "host": seed}) as client:
                    found = read_cluster(client, machine_names=options["virtual_machines"])
            except CredentialsRefused:
                self._warn(failures, "The next seed was tried.")
                raise
            except ServerError as error:
                failures[seed] = error
            else:
                self._warn(failures, f"{found['name']} was read from {seed}.")
                return found
        if len(failures) == 1:
            raise failures[seeds[0]]
        details = "; ".join(f"{seed}: {error.detail}" for seed, error in failures.items())
        combined = ServerError(details, advice=failures[seeds[-1]].advice)
        combined.operation, combined.host = "reading the cluster", "each of its seeds"
        raise combined

    def _warn(self, failures: t.Mapping[str, ServerError], outcome: str) -> None:
        for error in failures.values():
            self.display.warning(f"{error} {outcome}")


def read_cluster(client: Client, *, machine_names: bool) -> Mapping:
    """Read a cluster with its nodes and virtual machines."""
    found = cluster.read_cluster(client)
    fqdn = (found.text("Fqdn") or "").rstrip(".")
    domain = fqdn.partition(".")[2]
    read_machines = virtual_machine.read_virtual_machines if machine_names else virtual_machine.read_resources
    return {
        "name": found.text("Name"),
        "fqdn": fqdn,
        "id": None if domain else cluster.read_id(client),
        "domain": domain or computer.read_domain(client) or "",
        "nodes": cluster.read_nodes(client),
        "virtual_machines": read_machines(client),
        "machines_are_hosts": machine_names,
    }
