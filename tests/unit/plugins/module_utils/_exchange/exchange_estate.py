# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchange organizations in the format of C(exchange_info)."""

from __future__ import annotations

import typing as t

Row = dict[str, t.Any]
Part = tuple[str, Row]


def server(name: str, generation: str = "2010", site: str = "Hamburg") -> Row:
    """A Client Access server with an FQDN in corp.example.com."""
    fqdn = f"{name.lower()}.corp.example.com"
    return {
        "name": name,
        "fqdn": fqdn,
        "site": site,
        "generation": generation,
        "roles": ["client_access"],
        "build": None,
    }


def directory(of: Row, service: str, host: str) -> Part:
    """A virtual directory with an internal URL."""
    url = f"https://{host}/{service}"
    return "virtual_directories", {"server": of["name"], "service": service, "internal_url": url, "external_url": None}


def point(of: Row, host: str) -> Part:
    """The service connection point of a server."""
    url = f"https://{host}/autodiscover/autodiscover.xml"
    return "autodiscover", {"server": of["name"], "name": of["name"], "kind": "url", "url": url, "host": host}


def array(name: str, fqdn: str, site: str = "Hamburg") -> Part:
    """A CAS array."""
    return "client_access_arrays", {"name": name, "fqdn": fqdn, "site": site, "servers": []}


def estate(servers: t.Sequence[Row], parts: t.Iterable[Part], domains: t.Iterable[str] = ()) -> Row:
    """An organization with these servers and parts. Parts without rows are empty lists."""
    exchange: Row = {
        "servers": list(servers), "client_access_arrays": [], "databases": [], "autodiscover": [],
        "virtual_directories": [], "accepted_domains": [{"name": name, "type": "authoritative"} for name in domains],
    }  # fmt: skip
    for name, row in parts:
        exchange[name].append(row)
    return exchange


def resolved(name: str, *addresses: str, **more: t.Any) -> Row:
    """A name in the format of C(dns_name_info)."""
    return {"name": name, "addresses": list(addresses), "aliases": [], "unknown": None} | more
