# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Twin of plugins/module_utils/connection.py
    DOCUMENTATION = r"""
options:
  host:
    description:
      - Name or address of the Windows host.
      - Only needed when the task runs on a machine that is not reached by C(winrm) or C(psrp), for example when it is
        delegated to a bastion host or to C(localhost).
      - When it is given, the connection options of this task count and those of the inventory do not.
    type: str
  port:
    description: Port of the WinRM listener.
    type: int
    default: 5986
  scheme:
    description: Whether the listener speaks HTTPS or HTTP.
    type: str
    choices: [https, http]
    default: https
  path:
    description: Path of the WinRM listener.
    type: str
    default: /wsman
  username:
    description: The account to sign in with. For Kerberos, write it as V(name@REALM).
    type: str
  password:
    description:
      - The account's password.
      - With O(transport=kerberos) a ticket is fetched with it; leave it out to use the ticket that is there.
    type: str
  transport:
    description:
      - How to prove who we are.
      - V(basic) sends the password readable over HTTP. Use it over HTTPS only.
    type: str
    choices: [kerberos, ntlm, credssp, certificate, basic]
    default: kerberos
  validate_certs:
    description: Whether the listener's certificate must verify.
    type: bool
    default: true
  ca_path:
    description: File or directory with the certificates that the listener's certificate is checked against.
    type: path
  client_cert:
    description: File with the certificate to sign in with, for O(transport=certificate).
    type: path
  client_key:
    description: File with the key of O(client_cert).
    type: path
  message_encryption:
    description:
      - Whether messages are encrypted beyond what the scheme does.
      - V(auto) does so over HTTP with Kerberos, NTLM and CredSSP.
    type: str
    choices: [auto, always, never]
    default: auto
  proxy:
    description: URL of the HTTP proxy to go through. By default what the environment says.
    type: str
  connect_timeout:
    description: Seconds to wait for the connection.
    type: int
    default: 30
  operation_timeout:
    description: Seconds that Windows may take for one operation. Windows itself cuts it to 60.
    type: int
    default: 60
  read_timeout:
    description: Seconds to wait for an answer. Must be more than O(operation_timeout).
    type: int
    default: 70
requirements:
  - pywinrm >= 0.5.0 on the machine that the task runs on
"""
