#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_host_info
short_description: Read what an audit needs of a host in one session
description:
  - Runs several modules of this collection that read a host, in one session. The role P(winha.cluster.audit#role) uses
    it. The result of each module is kept apart, also when it fails.
  - A query that several of the modules need is sent once. Queries whose order does not matter are sent at the same
    time, over up to four connections, if the host takes its time. The first one is sent alone, so that a host that
    refuses the account is asked once.
  - Nothing is written. The module M(winha.cluster.net_adapter) runs in check mode.
  - The task fails if one of the modules fails, and the results of the others are returned.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  modules:
    description:
      - The modules to run, each with its options, of M(winha.cluster.host_info), M(winha.cluster.cluster_info),
        M(winha.cluster.net_adapter) and M(winha.cluster.jumbo_path_info). The last two are skipped if
        M(winha.cluster.cluster_info) fails, unless C(adapters) names the adapters of M(winha.cluster.net_adapter).
      - By default what the rules of the audit need of the host. The groups of the host and the variables of the role
        P(winha.cluster.audit#role) decide. A host in none of the groups is skipped.
    type: dict
extends_documentation_fragment:
  - winha.cluster.connection
  - winha.cluster.connection.listener
  - winha.cluster.attributes
  - winha.cluster.attributes.info
notes:
  - If the connection of the host is not winrm or psrp, the modules run on the host one after another, each in a session
    of its own.
seealso:
  - module: winha.cluster.host_info
  - module: winha.cluster.cluster_info
  - module: winha.cluster.net_adapter
  - module: winha.cluster.jumbo_path_info
"""

EXAMPLES = r"""
- name: Read a host and its cluster in one session
  winha.cluster.audit_host_info:
    modules:
      host_info: {gather: [windows, hotfixes]}
      cluster_info: {gather: [nodes]}
  register: visit

- name: Show the release of Windows
  ansible.builtin.debug:
    msg: "{{ (visit.results | from_json).host_info.windows.release }}"
"""

RETURN = r"""
results:
  description:
    - The result of each module by its name, as JSON text.
    - A module that failed has C(failed) or C(unreachable) and C(msg), one that was not run has C(skipped).
  returned: when a module was run
  type: str
  sample: '{"host_info": {"windows": {"release": "2022"}, "unknown": []}}'
"""
