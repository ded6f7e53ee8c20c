# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would change without writing anything.
  diff_mode:
    description: Returns what changed, or in check mode would change, in C(diff_mode).
  idempotent:
    description: When run again without changes in between, nothing is written and RV(ignore:changed) is V(false).
  action_group:
    description:
      - Use C(group/winha.cluster.all) in C(module_defaults) to set options for all modules, and
        C(group/winha.cluster.windows) or C(group/winha.cluster.directory) for those that talk to Windows hosts or to
        Active Directory.
    support: full
    membership: [winha.cluster.all]
  connection:
    description:
      - Runs on the controller, in the process of the task, with the host's C(winrm) or C(psrp) connection options.
        Nothing is copied to the Windows host and no PowerShell starts there.
      - On any other connection it runs there as an ordinary module and takes the connection as options.
    support: full
  delegation:
    description: Can be used with C(delegate_to); a Windows delegate brings its own connection options.
    support: full
  async:
    description: Supports C(async). A task with C(async) is refused.
    support: none
  become:
    description: Supports C(become). A task with C(become) is refused; the account of the connection is used.
    support: none
  platform:
    description: Windows releases that the module is written for. What was seen on a real host is said in the guides.
    support: full
    platforms: windows
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details: The module only reads.
  diff_mode:
    support: N/A
    details: The module only reads.
  idempotent:
    support: full
    details: The module only reads.
"""

    WRITES = r"""
options:
  expected:
    description:
      - Values that settings must have now, by the label that the setting has in C(changes).
      - A setting whose current value is another one is not changed, and C(skipped) in the result has it. Settings that
        are not named are changed as usual.
    type: dict
    version_added: 1.1.0
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

    DIRECTORY = r"""
options: {}
attributes:
  connection:
    details: It talks to domain controllers, and to the host of the task only if that is one.
"""
