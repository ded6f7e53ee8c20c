# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # The argument spec is in plugins/module_utils/directory.py
    DOCUMENTATION = r"""
options:
  servers:
    description:
      - DNS names of the domain controllers, tried in this order. A port can follow after a colon.
      - Kerberos and certificates authenticate this name, so an IP address rarely works.
      - If neither this nor O(domain) is set and the host of the task has a C(winrm) or C(psrp) connection, the host is
        the domain controller. If its C(ansible_user) has the form V(name@REALM), that account signs in.
      - The default is the value of the environment variable E(WINHA_DIRECTORY_SERVERS), separated by commas.
    type: list
    elements: str
  domain:
    description:
      - DNS name of the domain. DNS returns its domain controllers if O(servers) is not set.
      - With O(authentication=simple), only servers whose names are below this domain are used, because the password is
        sent to them.
      - The default is the value of the environment variable E(WINHA_DIRECTORY_DOMAIN).
    type: str
  global_catalogs:
    description:
      - The global catalog servers for searches of the forest, in the format of O(servers).
      - The default is the domain controller itself if it is a global catalog, otherwise one that DNS returns. With
        O(authentication=simple), its name must be below the root domain of the forest.
    type: list
    elements: str
  dns_servers:
    description: IP addresses of the DNS servers for finding domain controllers. The default is those of the machine.
    type: list
    elements: str
  username:
    description:
      - The account to sign in with. For Kerberos, use the form V(name@REALM).
      - The default is the value of the environment variable E(WINHA_DIRECTORY_USERNAME), otherwise the account of the
        existing Kerberos ticket.
    type: str
  password:
    description:
      - The password of the account. For Kerberos, a ticket is fetched with it.
      - Without a password, the existing Kerberos ticket is used and O(username) is ignored.
      - The default is the value of the environment variable E(WINHA_DIRECTORY_PASSWORD).
    type: str
  authentication:
    description:
      - How to sign in.
      - V(kerberos) signs and encrypts everything. V(simple) sends the password and therefore needs O(tls).
    type: str
    choices: [kerberos, simple]
    default: kerberos
  tls:
    description:
      - Whether and how to use TLS. V(none) is for O(authentication=kerberos), which encrypts the connection itself.
    type: str
    choices: [none, start_tls, ldaps]
    default: none
  validate_certs:
    description: Whether to verify the certificate of the domain controller.
    type: bool
    default: true
  ca_path:
    description: File with the CA certificates for verifying the certificate of the domain controller.
    type: path
  connect_timeout:
    description: Time limit for the connection to one server, in seconds. The minimum is 1.
    type: int
    default: 10
  operation_timeout:
    description: Time limit for one response or for a Kerberos ticket, in seconds. The minimum is 1.
    type: int
    default: 60
requirements:
  - python-ldap >= 3.4, and for Kerberos the GSSAPI module of Cyrus SASL, on the machine that the task runs on
  - dnspython, if DNS is used to find domain controllers
"""
