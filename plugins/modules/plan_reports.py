#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan_reports
short_description: Write a plan and its page
description:
  - Writes a plan of P(winha.cluster.change_plan#filter) as C(plan.json) and as a page on the control node, and returns
    its text. The role P(winha.cluster.plan#role) uses it.
  - The reports are files of the control node and no setting of a server, so the result is never C(changed), and they
    are also written in check mode.
  - Contacts no host.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  plan:
    description: The plan, also as JSON text.
    type: raw
    required: true
  folder:
    description: The folder of the files. It is made if it does not exist.
    type: path
    required: true
  formats:
    description: What to write beside C(plan.json). V(html) is a page.
    type: list
    elements: str
    choices: [html]
    default: []
  title:
    description: The title of the page.
    type: str
    default: Plan
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would change without writing anything.
    support: partial
    details: No server is contacted. The reports are written also in check mode.
  diff_mode:
    description: Returns what changed, or in check mode would change, in C(diff_mode).
    support: none
    details: A report is not a change.
  idempotent:
    description: When run again without changes in between, nothing is written and RV(ignore:changed) is V(false).
    support: partial
    details: The reports are written again.
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
  - plugin: winha.cluster.change_plan
    plugin_type: filter
  - plugin: winha.cluster.change_page
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the page of a plan again
  winha.cluster.plan_reports:
    plan: "{{ lookup('ansible.builtin.file', 'changes/plan.json') }}"
    folder: changes
    formats: [html]
    title: Production
  run_once: true
"""

RETURN = r"""
text:
  description: The plan as lines for a terminal, as P(winha.cluster.change_text#filter) returns them.
  returned: success
  type: list
  elements: str
artifact:
  description:
    - The summary, and the hosts and changes, for C(set_stats). At most 500 rows of each and 200,000 characters. C(cut)
      says what does not fit.
  returned: success
  type: dict
"""
