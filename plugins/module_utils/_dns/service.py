# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options for DNS servers. Private to this collection; those of C(ZONES) are documented in
C(doc_fragments/dns.py).
"""

from __future__ import annotations

import ipaddress
import os
import typing as t

from ansible.module_utils.common.parameters import env_fallback
from ansible.module_utils.errors import AnsibleFallbackNotFound

from .._directory.access import Server
from ..errors import TaskError, Unreachable
from ..session import Service
from .question import Lookup
from .session import DnsAccess, DnsServers

if t.TYPE_CHECKING:
    from ..session import Options, SessionFactory

SPEC: dict[str, t.Any] = {
    "dns_servers": {"type": "list", "elements": "str", "fallback": (env_fallback, ["WINHA_DNS_SERVERS"])},
    "timeout": {"type": "int", "default": 5},
}


def _not_empty(name: str) -> str:
    """An environment variable. A credential of AWX sets those without a value to an empty text."""
    if value := os.environ.get(name):
        return value
    raise AnsibleFallbackNotFound


ZONES_SPEC: dict[str, t.Any] = {
    **SPEC,
    "name_servers": {"type": "list", "elements": "str"},
    "exclude_servers": {"type": "list", "elements": "str", "default": []},
    "username": {"type": "str", "fallback": (_not_empty, ["WINHA_DIRECTORY_USERNAME"])},
    "password": {"type": "str", "no_log": True, "fallback": (_not_empty, ["WINHA_DIRECTORY_PASSWORD"])},
}


def _session_factory(options: Options) -> SessionFactory:
    servers = _resolvers(options)
    lookup = Lookup(servers, timeout=options["timeout"])

    def open_session(*, read_only: bool) -> Lookup:
        # A DNS lookup never writes.
        del read_only
        return lookup

    return open_session


def _resolvers(options: Options) -> list[Server]:
    if options["timeout"] < 1:
        raise TaskError(f"timeout {options['timeout']} is out of range: the minimum is 1 second.")
    servers = [_server(text) for text in options["dns_servers"] or ()]
    if len({server.host for server in servers}) < len(servers):
        raise TaskError(f"dns_servers contains an address twice: {', '.join(options['dns_servers'])}.")
    return servers


def _zones_factory(options: Options) -> SessionFactory:
    if options["password"] and "@" not in (options["username"] or ""):
        raise TaskError(
            f"username is {options['username'] or 'not set'} and password is set: write username as name@REALM."
        )
    access = DnsAccess(
        resolvers=tuple(_resolvers(options)),
        name_servers=tuple(_name_server(text) for text in options["name_servers"] or ()),
        excluded=frozenset(name.lower().rstrip(".") for name in options["exclude_servers"]),
        username=options["username"],
        password=options["password"],
        timeout=options["timeout"],
    )
    if not access.name_servers:
        Lookup(access.resolvers, timeout=access.timeout)  # raises if there is no library or no DNS server

    def open_session(*, read_only: bool) -> DnsServers:
        return DnsServers(access, read_only=read_only)

    return open_session


def _name_server(text: str) -> Server:
    try:
        server = Server.parse(text)
    except Unreachable as exc:
        raise TaskError(f"{text!r} in name_servers is not a host name: {str(exc).rstrip('.')}.") from exc
    try:
        ipaddress.ip_address(server.host)
    except ValueError:
        return server
    raise TaskError(f"{text} in name_servers is an IP address. Write the host name: Kerberos tickets are for names.")


def _server(text: str) -> Server:
    try:
        server = Server.parse(text)
        ipaddress.ip_address(server.host)
    except (Unreachable, ValueError) as exc:
        raise TaskError(f"{text!r} in dns_servers is not an IP address: {str(exc).rstrip('.')}.") from exc
    return server


DNS = Service(spec=SPEC, session_factory=_session_factory)
ZONES = Service(spec=ZONES_SPEC, session_factory=_zones_factory)
