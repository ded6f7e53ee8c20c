# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # The options of plugins/module_utils/connection.py
    DOCUMENTATION = r"""
notes:
  - The variable C(winha_cluster_bundle) names a folder on the control node in which the messages of this task are kept,
    with stand-ins in the place of names and texts, for a bug report.
options:
  host:
    description:
      - Name or address of the Windows host. An IPv6 address may have brackets.
      - Only required if the connection of the task is not C(winrm) or C(psrp), for example if it is delegated to a
        bastion host or to C(localhost).
      - If it is set, the task uses its own connection options instead of those in the inventory.
    type: str
"""

    # All but the host, for plugins that have other options for it.
    LISTENER = r"""
options:
  port:
    description: Port of the WinRM listener.
    type: int
    default: 5986
  scheme:
    description: Whether the listener uses HTTPS or HTTP.
    type: str
    choices: [https, http]
    default: https
  path:
    description: Path of the WinRM listener.
    type: str
    default: /wsman
  username:
    description: The account for authentication. For Kerberos, the form is V(name@REALM).
    type: str
  password:
    description:
      - The password of the account.
      - With O(transport=kerberos) a ticket is requested with it. Without it, an existing ticket is used.
    type: str
  transport:
    description:
      - The authentication method.
      - V(basic) sends the password unencrypted over HTTP. Use it only with HTTPS.
    type: str
    choices: [kerberos, ntlm, credssp, certificate, basic]
    default: kerberos
  validate_certs:
    description: Whether to verify the certificate of the listener.
    type: bool
    default: true
  ca_path:
    description: File or directory with the CA certificates for the verification.
    type: path
  client_cert:
    description: File with the client certificate for O(transport=certificate).
    type: path
  client_key:
    description: File with the private key of O(client_cert).
    type: path
  message_encryption:
    description:
      - Whether messages are encrypted in addition to HTTPS.
      - V(auto) encrypts messages over HTTP with Kerberos, NTLM and CredSSP.
    type: str
    choices: [auto, always, never]
    default: auto
  proxy:
    description: URL of the HTTP proxy. The default is the proxy of the environment.
    type: str
  connect_timeout:
    description: Seconds to wait for the connection.
    type: int
    default: 30
  operation_timeout:
    description: Time limit in seconds for one operation. Windows allows at most 60.
    type: int
    default: 60
  read_timeout:
    description: Seconds to wait for a response. Must be more than O(operation_timeout).
    type: int
    default: 70
requirements:
  - pywinrm >= 0.5.0 on the machine that the task runs on
"""
