# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Supports C(check_mode). Returns the planned changes and writes nothing.
  diff_mode:
    description: Supports C(diff_mode). Returns the changes, or in check mode the planned changes.
  idempotent:
    description: A second run writes nothing and returns RV(ignore:changed=false), if nothing else changed in between.
  action_group:
    description:
      - Use C(group/winha.cluster.all) in C(module_defaults) to set options for all modules, and
        C(group/winha.cluster.windows), C(group/winha.cluster.directory), C(group/winha.cluster.dns) or
        C(group/winha.cluster.exchange) for the modules for Windows hosts, Active Directory, changes in DNS or the
        PowerShell endpoint of Exchange.
    support: full
    membership: [winha.cluster.all]
  connection:
    description:
      - Runs on the control node with the C(winrm) or C(psrp) connection options of the host. It copies no files to the
        Windows host and starts no PowerShell there.
      - With any other connection it runs on the target as an ordinary module, and its options contain the connection.
    support: full
  delegation:
    description: Supports C(delegate_to). For a Windows host, its own connection options are used.
    support: full
  async:
    description: Not supported. A task with C(async) fails.
    support: none
  become:
    description: Not supported. A task with C(become) fails. The module always uses the connection account.
    support: none
  platform:
    description: The platforms that the module is written for. Not tested on a real Windows host.
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
      - A setting whose current value is another one is not changed, and C(left_alone) in the result has it. Settings
        that are not named are changed as usual.
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
    details: It connects to domain controllers, and to the host of the task only if it is a domain controller.
"""

    EXCHANGE_SHELL = r"""
options: {}
attributes:
  connection:
    details: It connects to the PowerShell endpoint of Exchange servers, and not to the host of the task.
"""
