#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: role_options
short_description: Read the variables of a role of this collection with their types
description:
  - Reads the variables of a role as the types that the argument spec of the role declares. A value from JSON or YAML, a
    text from C(-e name=text) and a text from an AWX survey give the same result, with every ansible-core.
  - A list can be a text with commas, a text with one item in each line, or JSON. A mapping can be JSON or C(key=value).
  - Null is the same as no value. An empty text is the same as no value too, unless the variable is a text that may be
    empty. The default then applies.
  - A value that cannot be read fails with a sentence that names the variable, the value and the type. All such
    variables are named at once.
  - Runs on the control node, contacts no host and changes nothing.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  role:
    description: The role. By default the role that the task is in.
    type: str
  check:
    description:
      - The roles whose variables are checked, and not returned. Use it in the first play of a playbook.
      - Not with O(role).
    type: list
    elements: str
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would change without writing anything.
    support: full
    details: The module only reads.
  diff_mode:
    description: Returns what changed, or in check mode would change, in C(diff_mode).
    support: N/A
    details: The module only reads.
  idempotent:
    description: When run again without changes in between, nothing is written and RV(ignore:changed) is V(false).
    support: full
    details: The module only reads.
  connection:
    description: Runs on the control node and makes no connection, whatever the connection of the host is.
    support: full
  async:
    description: Supports C(async). A task with C(async) is refused.
    support: none
  platform:
    description: Hosts that the module can be used for.
    support: full
    platforms: all
seealso:
  - plugin: winha.cluster.role_option
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Read the variables of this role
  winha.cluster.role_options:
  register: hyperv_cluster_options

- name: Use them
  winha.cluster.vm_offline_action:
    action: "{{ hyperv_cluster_options.options.offline_action }}"
    exclude: "{{ hyperv_cluster_options.options.exclude }}"

- name: Check the variables of two roles before any host is contacted
  winha.cluster.role_options:
    check: [hyperv_cluster, migration_network]
"""

RETURN = r"""
options:
  description:
    - The variables with their types, by name without the prefix of the role.
    - A variable that has neither a value nor a default is absent, so that C(default(omit)) works.
    - Variables that may hold a password are absent. Read them with P(winha.cluster.role_option#filter).
  returned: success, without O(check)
  type: dict
  sample:
    allow_no_match: false
    exclude: [FILE*]
    offline_action: shut_down
    virtual_machines: ['*']
check_mode:
  description: >-
    Whether this task runs in check mode, by C(--check) or by the keyword C(check_mode). The variable
    C(ansible_check_mode) shows only C(--check).
  returned: success, without O(check)
  type: bool
  sample: false
directory:
  description: The folder in which the run was started, on the control node.
  returned: success, without O(check)
  type: str
  sample: /home/admin/exchange
artifacts:
  description:
    - The folder for files that ansible-runner keeps, and so AWX, from the environment variable
      E(AWX_ISOLATED_DATA_DIR). Empty in other runs.
  returned: success, without O(check)
  type: str
  sample: /runner/artifacts/42
strategy:
  description: The strategy of the play.
  returned: success, without O(check)
  type: str
  sample: linear
"""
