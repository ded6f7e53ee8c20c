#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: prove_reports
short_description: Write the table of what was confirmed on real hosts
description:
  - Puts the results together that the role P(winha.cluster.prove#role) has read, and writes them as C(prove.json) and
    as a page on the control node.
  - The files are no setting of a server, so the result is never C(changed), and they are also written in check mode.
  - Contacts no host.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  hosts:
    description: The hosts with results of the role P(winha.cluster.prove#role).
    type: list
    elements: str
    required: true
  folder:
    description: The folder of the files. It is made if it does not exist.
    type: path
    required: true
  formats:
    description: What to write beside C(prove.json). V(html) is a page.
    type: list
    elements: str
    choices: [html]
    default: []
  title:
    description: The title of the page.
    type: str
    default: ''
  virtual_machine:
    description: The virtual machine that was to be written to. The result is not C(passed) unless one host has it.
    type: str
    default: ''
  bundle:
    description: The folder of the bundle of this run. If it has messages, it gets C(proved.json), which has only
      releases, points and answers.
    type: path
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would change without writing anything.
    support: partial
    details: No server is contacted. The files are written also in check mode.
  diff_mode:
    description: Returns what changed, or in check mode would change, in C(diff_mode).
    support: none
    details: A report is not a change.
  idempotent:
    description: When run again without changes in between, nothing is written and RV(ignore:changed) is V(false).
    support: partial
    details: The files are written again.
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
  - module: winha.cluster.prove_host_info
  - module: winha.cluster.prove_directory_info
  - module: winha.cluster.prove_writes
"""

EXAMPLES = r"""
- name: Write the table
  winha.cluster.prove_reports:
    hosts: "{{ ansible_play_hosts_all }}"
    folder: prove
    formats: [html]
  run_once: true
"""

RETURN = r"""
text:
  description: The table as lines for a terminal, what is different first.
  returned: success
  type: list
  elements: str
passed:
  description: Whether all hosts were read, and nothing that was written is different now.
  returned: success
  type: bool
message:
  description: The number of points with each answer, where the files are, and what did not work.
  returned: success
  type: str
artifact:
  description: The numbers, the problems, and the points that are different, for C(set_stats).
  returned: success
  type: dict
"""
