# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # The argument spec is ZONES_SPEC in plugins/module_utils/_dns/service.py
    DOCUMENTATION = r"""
options:
  name_servers:
    description:
      - The DNS servers that are authoritative for the zones, as host names. A port can follow after a colon.
      - The account gets a Kerberos ticket for each host name, so IP addresses are refused.
      - By default all servers in the NS records of each zone. In a zone that Active Directory stores, these are all
        domain controllers that are DNS servers.
    type: list
    elements: str
  exclude_servers:
    description:
      - Authoritative DNS servers that are neither read nor changed, as host names. For example those of a datacenter
        that is down.
      - They have the old records when they come back, until they replicate.
    type: list
    elements: str
    default: []
  dns_servers:
    description:
      - IP addresses of the DNS servers for finding the zones and their servers. A port can follow after a colon.
      - The default is the value of the environment variable E(WINHA_DNS_SERVERS), separated by commas, otherwise
        O(name_servers), otherwise the DNS servers of the machine.
    type: list
    elements: str
  username:
    description:
      - The account to sign in with, in the form V(name@REALM).
      - The default is the value of the environment variable E(WINHA_DIRECTORY_USERNAME), otherwise the account of the
        host if it has a C(winrm) or C(psrp) connection and an C(ansible_user) of this form, otherwise the account of
        the existing Kerberos ticket.
    type: str
  password:
    description:
      - The password of the account. A Kerberos ticket is fetched with it. It is sent to no DNS server.
      - Without a password, the existing Kerberos ticket is used and O(username) is ignored.
      - The default is the value of the environment variable E(WINHA_DIRECTORY_PASSWORD).
    type: str
  timeout:
    description: Time limit for one message to one server, in seconds.
    type: int
    default: 5
requirements:
  - dnspython >= 2.4 and gssapi >= 1.8 on the machine that the task runs on
  - kinit, if O(password) is set
"""
