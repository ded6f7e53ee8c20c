#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_reports
short_description: Evaluate the rules of an audit and write its reports
description:
  - Evaluates rules on facts that this run has read, that other runs have read, or that are in a file, and writes the
    evaluation and the reports on the control node. The role P(winha.cluster.audit#role) uses it.
  - The reports are files of the control node and no setting of a server, so the result is never C(changed), and they
    are also written in check mode.
  - Contacts no host.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  hosts:
    description:
      - The hosts whose registered results are the facts. The names of the registered variables are those of the role
        P(winha.cluster.audit#role).
      - Not with O(facts). Without both, the facts are read from O(facts_file).
    type: list
    elements: str
  groups:
    description: The inventory group of each kind of host, for V(hyperv_host), V(dag_member) and V(domain_controller).
    type: dict
    default: {}
  title:
    description: The title of the report.
    type: str
    default: ''
  planned:
    description: C(extra), C(leave_out) and the other options of P(winha.cluster.exchange_principal_names#filter).
    type: dict
    default: {}
  facts:
    description: Facts, for example from P(winha.cluster.audit_facts_merged#filter), also as JSON text.
    type: raw
  facts_file:
    description: The file of the facts. It is written with O(hosts) or O(facts), only for its owner, and else read.
    type: path
    required: true
  rules:
    description: The rules. A later rule replaces an earlier one with the same id.
    type: list
    elements: dict
    required: true
  overrides:
    description: Keys of rules to replace, by rule id.
    type: dict
    default: {}
  parameters:
    description: Values for the parameters of rules, by name.
    type: dict
    default: {}
  accepted:
    description: Findings that do not count, as in P(winha.cluster.audit_evaluation#filter).
    type: list
    elements: dict
    default: []
  earlier_file:
    description:
      - The file of an earlier evaluation to compare with. Without it, the last kept run with the same title is used.
    type: path
  history_folder:
    description:
      - The folder in which the evaluations of runs are kept. It is made if it does not exist. Without it, no run is
        kept.
      - The name of a file is the time at which the facts were read, such as C(2026-11-23T221004Z.json). The same facts
        evaluated again replace their run. Files with other names are left alone.
    type: path
  history_keep:
    description: The number of runs to keep. Older files of runs are deleted. With V(0) no run is kept.
    type: int
    default: 30
  folder:
    description: The folder of the reports. It is made if it does not exist.
    type: path
    required: true
  formats:
    description: The reports to write beside the evaluation C(audit.json).
    type: list
    elements: str
    choices: [html, junit, markdown]
    default: []
  fail_on:
    description: The lowest severity at which a failed finding makes RV(passed) false. With V(never) it is always true.
    type: str
    choices: [error, warning, notice, never]
    default: error
  fail_on_unknown:
    description: Whether unknown findings from this severity on count, too.
    type: bool
    default: false
  fail_on_unread:
    description: Whether a host that could not be read, or not completely, counts.
    type: bool
    default: true
  pack_facts:
    description: Whether to return the facts as a short text, which an artifact of a job can hand on.
    type: bool
    default: false
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
requirements:
  - jmespath on the control node
seealso:
  - plugin: winha.cluster.audit_evaluation
    plugin_type: filter
  - plugin: winha.cluster.audit_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Evaluate saved facts by own rules
  winha.cluster.audit_reports:
    facts_file: /srv/audit/facts.json
    rules: "{{ lookup('ansible.builtin.file', 'rules.yml') | from_yaml }}"
    folder: /srv/audit
    formats: [html, junit]
  register: audited
  run_once: true

- name: Fail if a finding is an error
  ansible.builtin.assert:
    that: audited.passed
    fail_msg: "{{ audited.message }}"
"""

RETURN = r"""
passed:
  description: Whether no finding counts, as O(fail_on) and the other options say.
  returned: success
  type: bool
message:
  description: The last line of a run. It ends with the hosts that could not be read.
  returned: success
  type: str
artifact:
  description:
    - The summary, and the failed and unknown findings, for C(set_stats). At most 500 findings and 200,000 characters.
      C(cut) says what does not fit.
  returned: success
  type: dict
packed_facts:
  description: The facts as a text for P(winha.cluster.audit_facts_merged#filter).
  returned: with O(pack_facts)
  type: str
"""
