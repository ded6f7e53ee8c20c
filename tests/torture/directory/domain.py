# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The domain of the cells: a real domain controller with accounts and a small Exchange organization."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import socket
import typing as t

import ldap
import yaml
from lab.directory import DomainController, parse

from ..estate import PASSWORD

DOMAIN = "corp.example.test"
BASE = "DC=corp,DC=example,DC=test"
FQDN = f"dc01.{DOMAIN}"
ASA = f"CN=ASA,CN=Computers,{BASE}"
OLD = f"CN=svc-old,CN=Users,{BASE}"
OTHER = f"CN=svc-other,CN=Users,{BASE}"
NAMES = "servicePrincipalName"
_PRELOAD, _HOSTS = "libnss_wrapper.so", "NSS_WRAPPER_HOSTS"

_DESCRIPTION = f"""
domain: {DOMAIN}
sites: [{{name: One, subnets: [10.1.0.0/16]}}]
accounts:
  - name: ASA
    kind: computer
    encryption_types: [aes128, aes256]
    spns: [http/keep.{DOMAIN}, http/stale.{DOMAIN}, http/stale-2.{DOMAIN}, exchangeMDB/keep.{DOMAIN}]
  - name: svc-old
    upn: old@{DOMAIN}
    spns: [http/move-1.{DOMAIN}, HTTP/Move-2.{DOMAIN}, http/stays.{DOMAIN}]
  - {{name: svc-other, disabled: true, encryption_types: [rc4], spns: [exchangeMDB/move-3.{DOMAIN}, x/one, x/two]}}
  - {{name: svc-double, spns: [http/double.{DOMAIN}]}}
  - {{name: svc-double-2, spns: [http/double.{DOMAIN}]}}
exchange:
  organization: Example Corp
  version: 14.1.218.15
  servers:
    - {{name: CAS1, site: One, roles: [client_access, hub_transport]}}
    - {{name: MBX1, site: One, roles: [mailbox]}}
    - {{name: MBX2, site: One, roles: [mailbox]}}
  arrays: [{{name: Outlook, fqdn: outlook.{DOMAIN}, site: One}}]
  dags:
    - {{name: DAG1, members: [MBX1, MBX2], witness: cas1.{DOMAIN}, witness_directory: 'C:\\D', addresses: [10.1.0.80]}}
  databases:
    - {{name: DB1, copies: [MBX1, MBX2], rpc_client_access: Outlook}}
    - {{name: DB2, copies: [MBX2], rpc_client_access: CAS1}}
  urls:
    - site: One
      owa: {{internal: 'https://mail.{DOMAIN}/owa', external: 'https://mail.example.test/owa'}}
      ews: {{internal: 'https://mail.{DOMAIN}/EWS/Exchange.asmx', external: 'https://mail.example.test/EWS/Exchange.asmx'}}
  autodiscover: [{{site: One, url: 'https://autod.{DOMAIN}/autodiscover/autodiscover.xml'}}]
  accepted_domains: [{{name: example.test, default: true}}, {{name: partner.test, type: internal_relay}}]
  federation_trusts:
    - name: Microsoft Federation Gateway
      application: FYDIBOHF25SPDLT.example.test
      certificate: {{days: 900}}
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """The stored service principal names of each account."""

    names: t.Mapping[str, frozenset[str]]

    def holders(self, spn: str) -> list[str]:
        """The accounts that have a name."""
        return sorted((dn for dn, held in self.names.items() if spn.lower() in map(str.lower, held)), key=str.lower)

    def differences(self, other: Picture) -> set[tuple[str, str]]:
        """The names that only one of the two has."""
        return {
            (dn, spn)
            for dn in self.names.keys() | other.names.keys()
            for spn in self.names.get(dn, frozenset()) ^ other.names.get(dn, frozenset())
        }


class Domain:
    """A running domain controller, with a connection of its own that no fault meets."""

    def __init__(self, controller: DomainController) -> None:
        self.controller = controller
        self._connection: t.Any = ldap.initialize(f"ldaps://{controller.address}")
        self._connection.set_option(ldap.OPT_X_TLS_CACERTFILE, str(controller.ca_file))
        self._connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        self._connection.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
        self._connection.simple_bind_s(f"Administrator@{controller.realm}", PASSWORD)
        self._first = self.picture()

    def picture(self) -> Picture:
        """What the domain controller stores now."""
        found = self._connection.search_s(BASE, ldap.SCOPE_SUBTREE, f"({NAMES}=*)", [NAMES])
        return Picture({dn: frozenset(one.decode() for one in values[NAMES]) for dn, values in found if dn})

    def reset(self) -> None:
        """Give the accounts their first names again."""
        for dn in sorted({dn for dn, _spn in self._first.differences(self.picture())}):
            self._connection.modify_s(dn, [(ldap.MOD_REPLACE, NAMES, None)])
        for dn in sorted({dn for dn, _spn in self._first.differences(self.picture())}):
            values = [spn.encode() for spn in sorted(self._first.names.get(dn, ()))]
            if values:
                self._connection.modify_s(dn, [(ldap.MOD_ADD, NAMES, values)])

    def log_size(self) -> int:
        """The length of the log in bytes."""
        return self.controller.log.stat().st_size


@contextlib.contextmanager
def _address() -> t.Iterator[str]:
    """An address for a domain controller that no other process on this machine uses."""
    with socket.socket() as claim:
        for number in range(1, 255):
            with contextlib.suppress(OSError):
                claim.bind((f"127.59.{number}.1", 5984))
                break
        else:
            raise RuntimeError("all addresses for domain controllers are taken")
        yield f"127.59.{number}.5"


@contextlib.contextmanager
def preloaded(hosts: pathlib.Path) -> t.Iterator[None]:
    """Processes that start inside look up names in this file, which C(running_domain) writes."""
    before = os.environ.get("LD_PRELOAD", "")
    hosts.touch()
    os.environ |= {"LD_PRELOAD": " ".join(filter(None, (_PRELOAD, before))), _HOSTS: str(hosts)}
    try:
        yield
    finally:
        os.environ["LD_PRELOAD"] = before
        del os.environ[_HOSTS]


@contextlib.contextmanager
def running_domain(folder: pathlib.Path) -> t.Iterator[Domain]:
    """Start the domain in an empty folder, and stop it at the end. This process must be C(preloaded)."""
    with _address() as address:
        description = yaml.safe_load(_DESCRIPTION) | {"address": address}
        controller = DomainController(parse(description, {"password": PASSWORD}), folder)
        os.environ.pop("LD_PRELOAD", None)  # is loaded already; the domain controller does not need it
        controller.start()
        try:
            cache = folder / "cache"
            controller.kinit(f"Administrator@{controller.realm}", cache, password=PASSWORD)
            pathlib.Path(os.environ[_HOSTS]).write_text(f"{controller.description.relay} {FQDN}\n", "utf-8")
            os.environ |= {"KRB5_CONFIG": str(controller.krb5_conf), "KRB5CCNAME": f"FILE:{cache}"}
            yield Domain(controller)
        finally:
            controller.stop()
