# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The domain of these tests, on addresses that no other test run uses, and its client programs."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from lab.directory import impediment

if TYPE_CHECKING:
    from pathlib import Path

    from lab.directory import DomainController

WEB = "http/mail.corp.example.test"
TWICE = "http/intranet.corp.example.test"
needs_samba = pytest.mark.skipif(
    impediment() is not None and not os.environ.get("WINHA_DIRECTORY_REQUIRED"), reason=impediment() or ""
)


def network() -> tuple[socket.socket, str]:
    """The first three numbers of addresses that no other test run uses while the socket is open."""
    for number in range(250):
        found = f"127.33.{1 + (os.getpid() + number) % 250}"
        reservation = socket.socket()
        with contextlib.suppress(OSError):
            reservation.bind((f"{found}.1", 15985))
            return reservation, found
        reservation.close()
    raise RuntimeError("all addresses for tests are taken")


def description(net: str, **more: Any) -> dict[str, Any]:
    """A small domain with an Exchange organization."""
    return {
        "domain": "corp.example.test",
        "address": f"{net}.5",
        "sites": [{"name": "One", "subnets": ["10.1.0.0/16"]}, {"name": "Two"}],
        "dns": [{"name": "mail", "addresses": ["10.1.0.5"], "ttl": 300}, {"name": "www", "alias": f"mail.{_DOMAIN}"}],
        "accounts": [
            {
                "name": "ASA",
                "kind": "computer",
                "password": "Asa-Passw0rd",
                "encryption_types": ["aes128", "aes256"],
                "spn_writers": ["desk"],
            },
            {"name": "desk", "password": "Desk-Passw0rd"},
            {"name": "holder", "password": "Old-Passw0rd", "spns": [WEB, TWICE], "container": "OU=Services,OU=IT"},
            {"name": "other", "password": "Other-Passw0rd", "spns": [TWICE.upper(), "HOST/fileserver"]},
            {"name": "by-alias", "spns": ["http/fileserver"]},
            {
                "name": "reader",
                "password": "Reader-Passw0rd",
                "upn": "reader@example.test",
                "description": "Reads, only",
            },
            {"name": "PC{number:03}", "kind": "computer", "count": 20, "spns": ["HOST/{name}"], "dns_name": "{name}.x"},
        ],
        "exchange": _EXCHANGE,
        **more,
    }


_DOMAIN = "corp.example.test"
_EXCHANGE: dict[str, Any] = {
    "organization": "Example, Corp",
    "version": "14.1.218.15",
    "servers": [
        {"name": "CAS1", "site": "One", "roles": ["client_access", "hub_transport"]},
        {"name": "CAS2", "site": "Two", "roles": ["client_access"], "version": "15.0.1497.2"},
        {"name": "MBX1", "site": "One", "roles": ["mailbox"]},
        {"name": "MBX2", "site": "Two", "roles": ["mailbox"]},
    ],
    "arrays": [{"name": "Array One", "fqdn": "outlook.corp.example.test", "site": "One"}],
    "dags": [
        {"name": "DAG1", "members": ["MBX1", "MBX2"], "witness": "cas1.corp.example.test", "cross_site_rpc": True}
    ],
    "databases": [
        {"name": "DB1", "copies": ["MBX2", "MBX1"], "rpc_client_access": "Array One"},
        {"name": "DB2", "copies": {"MBX1": 1}, "rpc_client_access": "CAS1"},
    ],
    "urls": [
        {"owa": {"internal": "https://mail.corp.example.test/owa", "external": "https://mail.example.test/owa"}},
        {"servers": ["CAS2"], "owa": "https://two.corp.example.test/owa", "ecp": {"internal": ""}},
    ],
    "autodiscover": [{"site": "One", "url": "https://autod.corp.example.test/x", "sites": ["One", "Two"]}],
    "accepted_domains": [{"name": "example.test", "default": True}, {"name": "b.test", "type": "internal_relay"}],
    "federation_trusts": [
        {"name": "Gateway", "certificate": {"days": 30}, "previous": {"days": -5, "key_identifier": False}},
    ],
}


def estate(net: str, **more: Any) -> dict[str, Any]:
    """The domain as an estate without hosts."""
    return {
        "name": "directory",
        "credentials": {"user": "Administrator", "password": "Lab-Passw0rd"},
        "hosts": [],
        "directory": description(net, **more),
    }


def run_client(
    controller: DomainController, program: str, *arguments: str, cache: Path | None = None, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a client program with the environment of the domain."""
    surroundings = {**os.environ, **controller.environment(cache), "LDAPTLS_CACERT": str(controller.ca_file)}
    return subprocess.run(
        [program, *arguments], input=given, capture_output=True, check=False, text=True, env=surroundings
    )


def modify(controller: DomainController, cache: Path, dn: str, *spns: str) -> subprocess.CompletedProcess[str]:
    """Add SPNs over an encrypted connection, one request each. ldapmodify stops at the first error."""
    ldif = "".join(
        f"dn: {dn}\nchangetype: modify\nadd: servicePrincipalName\nservicePrincipalName: {spn}\n\n" for spn in spns
    )
    return run_client(
        controller, "ldapmodify", "-Q", "-Y", "GSSAPI", "-H", f"ldap://{controller.fqdn}", cache=cache, given=ldif
    )
