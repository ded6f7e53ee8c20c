# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Twin of plugins/module_utils/directory.py
    DOCUMENTATION = r"""
options:
  servers:
    description:
      - The domain controllers to ask, by DNS name, tried in this order. A port may follow after a colon.
      - Kerberos and certificates prove the name that is written here, so an address will rarely do.
      - When neither this nor O(domain) is given and the host of the task has a C(winrm) or C(psrp) connection, the host
        is the domain controller; if its C(ansible_user) is written V(name@REALM), that account signs in.
      - By default what the environment variable E(WINHA_DIRECTORY_SERVERS) says, separated by commas.
    type: list
    elements: str
  domain:
    description:
      - DNS name of the domain whose controllers are found in DNS, when O(servers) names none.
      - By default what the environment variable E(WINHA_DIRECTORY_DOMAIN) says.
    type: str
  global_catalogs:
    description:
      - The servers that are asked about the whole forest, written as in O(servers).
      - By default the domain controller itself if it is a global catalog, and else one that DNS names.
    type: list
    elements: str
  dns_servers:
    description: Addresses of the DNS servers that find domain controllers. By default those of the machine.
    type: list
    elements: str
  username:
    description:
      - The account to sign in with. For Kerberos, write it as V(name@REALM).
      - By default what the environment variable E(WINHA_DIRECTORY_USERNAME) says, and else whose Kerberos ticket is
        there.
    type: str
  password:
    description:
      - The account's password. For Kerberos a ticket is fetched with it; leave it out to use the ticket that is there,
        which signs in whoever it belongs to, whatever O(username) says.
      - By default what the environment variable E(WINHA_DIRECTORY_PASSWORD) says.
    type: str
  authentication:
    description:
      - How to prove who we are.
      - V(kerberos) signs and seals everything. V(simple) sends the password and therefore needs O(tls).
    type: str
    choices: [kerberos, simple]
    default: kerberos
  tls:
    description:
      - Whether the connection is wrapped in TLS, and how. V(none) is for O(authentication=kerberos), which has
        encryption of its own.
    type: str
    choices: [none, start_tls, ldaps]
    default: none
  validate_certs:
    description: Whether the domain controller's certificate must verify.
    type: bool
    default: true
  ca_path:
    description: File with the certificates that the domain controller's certificate is checked against.
    type: path
  connect_timeout:
    description: Seconds to wait for the connection with one server, at least 1.
    type: int
    default: 10
  operation_timeout:
    description: Seconds to wait for one answer, or for a Kerberos ticket, at least 1.
    type: int
    default: 60
requirements:
  - python-ldap >= 3.4, and for Kerberos the GSSAPI module of Cyrus SASL, on the machine that the task runs on
  - dnspython when domain controllers are found in DNS
"""
