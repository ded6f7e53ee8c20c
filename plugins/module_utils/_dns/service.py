# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options for DNS servers. Private to this collection."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible.module_utils.common.parameters import env_fallback

from .._directory.access import Server
from ..errors import TaskError, Unreachable
from ..session import Service
from .question import Lookup

if t.TYPE_CHECKING:
    from ..session import Options, SessionFactory

SPEC: dict[str, t.Any] = {
    "dns_servers": {"type": "list", "elements": "str", "fallback": (env_fallback, ["WINHA_DNS_SERVERS"])},
    "timeout": {"type": "int", "default": 5},
}


def _session_factory(options: Options) -> SessionFactory:
    if options["timeout"] < 1:
        raise TaskError(f"timeout {options['timeout']} is out of range: the minimum is 1 second.")
    servers = [_server(text) for text in options["dns_servers"] or ()]
    if len({server.host for server in servers}) < len(servers):
        raise TaskError(f"dns_servers contains an address twice: {', '.join(options['dns_servers'])}.")
    lookup = Lookup(servers, timeout=options["timeout"])

    def open_session(*, read_only: bool) -> Lookup:
        # A DNS lookup never writes.
        del read_only
        return lookup

    return open_session


def _server(text: str) -> Server:
    try:
        server = Server.parse(text)
        ipaddress.ip_address(server.host)
    except (Unreachable, ValueError) as exc:
        raise TaskError(f"{text!r} in dns_servers is not an IP address: {str(exc).rstrip('.')}.") from exc
    return server


DNS = Service(spec=SPEC, session_factory=_session_factory)
