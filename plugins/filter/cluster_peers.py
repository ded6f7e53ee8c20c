# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_peers
short_description: Find which hosts of a play are nodes of the same cluster
description:
  - Groups hosts by the cluster that each of them returned. Two domains can have clusters of the same name with nodes of
    the same names, so a cluster is its FQDN, or its id if the FQDN has no domain.
  - It reads only the values that it is given, and changes nothing.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The variables of each host, as V(hostvars) has them.
    type: list
    elements: dict
    required: true
  read:
    description: The name of the variable with the registered result of M(winha.cluster.cluster_info).
    type: str
    required: true
seealso:
  - module: winha.cluster.cluster_info
"""

EXAMPLES = r"""
- name: Do something once for each cluster
  ansible.builtin.debug:
    msg: "{{ cluster_read.cluster.name }}"
  when: inventory_hostname == peers[inventory_hostname].peers | first | default('')
  vars:
    peers: "{{ ansible_play_hosts | map('extract', hostvars) | winha.cluster.cluster_peers('cluster_read') }}"
"""

RETURN = r"""
_value:
  description:
    - A mapping for each host, by inventory name.
    - C(peers) are the hosts of its cluster that were read, in the order of the input. It is empty if the host was not
      read.
    - C(listed) says whether a cluster that was read has the host as a node. For a host that was not read, this node
      must not have been read as another host.
    - C(machine_names) has the names of the virtual machines of the cluster by id, as its nodes returned them.
  type: dict
"""

import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._change.peers import peers_of
from ..module_utils._change.plain import plain
from ..plugin_utils.filter_error import one_sentence

Mapping = t.Mapping[str, t.Any]


def cluster_peers(hosts: t.Iterable[Mapping], read: str) -> t.Any:
    """The peers of each host as plain values. Raises C(AnsibleFilterError)."""
    with one_sentence("cluster_peers"):
        # Only the variables that are used: reading one templates it.
        return wrap_var(peers_of({str(host["inventory_hostname"]): plain(host.get(read)) for host in hosts}))


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"cluster_peers": cluster_peers}
