# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # The options are defined in module_utils/exchange_shell.py.
    DOCUMENTATION = r"""
options:
  server:
    description:
      - The Exchange server that runs the cmdlets, as its own FQDN such as C(ex1.corp.example.com), not a
        load-balanced name. Use a server of the version whose objects are read or changed.
      - "If it is empty, a host with a C(winrm) or C(psrp) connection is the server itself, and with
        O(authentication=kerberos) its domain account is used. If it is empty on a host with another connection, the
        task fails."
      - If it is not set, the environment variable E(WINHA_EXCHANGE_SERVER) is used.
    type: str
  port:
    description:
      - The port of the virtual directory C(PowerShell). The default is V(80), with O(tls=https) V(443).
    type: int
  username:
    description:
      - The account to sign in with, with O(authentication=kerberos) as C(name@REALM).
      - If it is not set, Kerberos uses the ticket in the credential cache, or the environment variable
        E(WINHA_EXCHANGE_USERNAME) is used.
    type: str
  password:
    description:
      - The password of O(username). Kerberos uses it to request a ticket for the task with C(kinit), and deletes the
        ticket when the task ends. Without it, the ticket in the credential cache is used.
      - If it is not set, the environment variable E(WINHA_EXCHANGE_PASSWORD) is used.
    type: str
  authentication:
    description:
      - V(kerberos) encrypts all messages also with O(tls=none).
      - V(basic) sends the user name and the password. It needs O(tls=https), and Exchange does not allow it until the
        virtual directory C(PowerShell) of the server is changed.
      - No other authentication is used, and a redirection to another server is refused.
    type: str
    choices: [kerberos, basic]
    default: kerberos
  tls:
    description:
      - V(none) connects over HTTP, and V(https) over HTTPS.
    type: str
    choices: [none, https]
    default: none
  validate_certs:
    description:
      - Verify the certificate of the Exchange server. If it is not verified, a wrong host can get the password.
    type: bool
    default: true
  ca_path:
    description:
      - A file with the CA certificates in PEM format. The default is those of the operating system.
    type: path
  connect_timeout:
    description:
      - The time for one connection, in seconds.
    type: int
    default: 30
  operation_timeout:
    description:
      - The time for one cmdlet in seconds, with the wait if Exchange throttles the account.
    type: int
    default: 300
notes:
  - The Python library C(pypsrp) must be installed on the machine that runs the task, for Kerberos with
    C(pypsrp[kerberos]).
  - Each server gets one session for the whole task, and it is always ended. Only single cmdlets with typed parameters
    are sent, and no script.
  - The account needs a management role of Exchange with the cmdlets of the task. A cmdlet or a parameter that the role
    does not have is reported as such.
"""
