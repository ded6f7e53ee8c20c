# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a whole organization as options of tasks. Private to this collection; no I/O.

The input is the result of M(winha.cluster.exchange_info), so what differs is what Active Directory has.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._exchange.management_shell import autodiscover_url
from .._exchange.published_names import FAMILIES
from ..errors import TaskError
from ..name_list import listed, natural

Row = dict[str, t.Any]
Mapping = t.Mapping[str, t.Any]
_OLD = "2010"


@dataclasses.dataclass(frozen=True, slots=True)
class _Organization:
    """The parts that were read; C(hosts) is the server that runs the cmdlets of each generation."""

    servers: t.Sequence[Mapping]
    arrays: t.Sequence[Mapping]
    databases: t.Sequence[Mapping]
    points: t.Sequence[Mapping]
    hosts: t.Mapping[str, str]

    def host(self, family: str, why: str) -> str:
        """The server that runs the cmdlets of a generation. Raises C(TaskError) if there is none."""
        if self.hosts.get(family):
            return self.hosts[family]
        found = sorted((str(one["fqdn"]) for one in self.client_access(family) if one.get("fqdn")), key=natural)
        if not found:
            title = "2010" if family == _OLD else "2013 to SE"
            raise TaskError(f"No Client Access server of Exchange {title} is known, so {why} cannot be set.")
        return found[0]

    def client_access(self, family: str, site: str | None = None) -> list[Mapping]:
        """The Client Access servers of a generation, of one site or of all."""
        return [
            one
            for one in self.servers
            if one.get("generation") in FAMILIES[family]
            and "client_access" in (one.get("roles") or ())
            and (site is None or _same(one.get("site"), site))
        ]


def plan(
    exchange: Mapping,
    *,
    autodiscover: t.Mapping[str, str] | None = None,
    arrays: t.Mapping[str, str] | None = None,
    databases: bool = False,
    servers: t.Mapping[t.Any, str] | None = None,
) -> Row:
    """The options of each task, and what Active Directory does not have as wanted. Raises C(TaskError)."""
    unread = [name for name in ("servers", "client_access_arrays", "databases", "autodiscover") if name not in exchange]
    if unread:
        raise TaskError(f"{listed(unread)} was not read. Add it to the option gather of winha.cluster.exchange_info.")
    hosts = {str(family): str(fqdn) for family, fqdn in (servers or {}).items()}
    if strange := sorted(set(hosts) - set(FAMILIES)):
        raise TaskError(f'servers has {listed(strange)}; the generations are "2010" and "2013" (2013 to SE).')
    organization = _Organization(
        exchange["servers"] or (),
        exchange["client_access_arrays"] or (),
        exchange["databases"] or (),
        exchange["autodiscover"] or (),
        hosts,
    )
    array_rows = [_array(organization, site, str(fqdn)) for site, fqdn in sorted((arrays or {}).items())]
    database_rows = _databases(organization, array_rows) if databases else []
    autodiscover_rows = [
        row for site, name in sorted((autodiscover or {}).items()) for row in _autodiscover(organization, site, name)
    ]
    differing = [
        *(f"the CAS array of site {row['site']}" for row in array_rows if row["differs"]),
        *(f"RpcClientAccessServer of {name}" for row in database_rows for name in row["differing"]),
        *(f"the internal Autodiscover URI of {name}" for row in autodiscover_rows for name in row["differing"]),
    ]
    return {
        "arrays": array_rows,
        "databases": database_rows,
        "autodiscover": autodiscover_rows,
        "differing": differing,
    }


def _same(one: object, other: object) -> bool:
    return str(one or "").casefold() == str(other or "").casefold()


def _array(organization: _Organization, site: str, fqdn: str) -> Row:
    if not organization.client_access(_OLD, site):
        raise TaskError(f"Site {site} has no Client Access server of Exchange 2010, so it needs no CAS array.")
    found = next((one for one in organization.arrays if _same(one.get("site"), site)), None)
    return {
        "server": organization.host(_OLD, "CAS arrays"),
        "name": str(found["name"]) if found else fqdn.partition(".")[0],
        "fqdn": fqdn,
        "site": str(found["site"]) if found else site,
        "differs": not found or not _same(found.get("fqdn"), fqdn),
    }


def _databases(organization: _Organization, wanted: t.Sequence[Row]) -> list[Row]:
    """The databases of each CAS array: those whose preferred copy is in its site."""
    fqdns = {str(one["site"]).casefold(): str(one["fqdn"]) for one in organization.arrays if one.get("fqdn")}
    fqdns |= {str(row["site"]).casefold(): str(row["fqdn"]) for row in wanted}
    groups: dict[str, list[Mapping]] = {}
    for one in organization.databases:
        fqdn = fqdns.get(str(one.get("preferred_site") or "").casefold())
        if one.get("generation") == _OLD and not one.get("recovery") and fqdn:
            groups.setdefault(fqdn, []).append(one)
    return [
        {
            "server": organization.host(_OLD, "RpcClientAccessServer"),
            "databases": [str(one["name"]) for one in group],
            "rpc_client_access_server": fqdn,
            "differing": [str(one["name"]) for one in group if not _same(one.get("rpc_client_access_server"), fqdn)],
        }
        for fqdn, group in sorted(groups.items())
    ]


def _autodiscover(organization: _Organization, site: str, name: str) -> t.Iterator[Row]:
    """A row for each generation in the site: Exchange refuses to write servers of another one."""
    uri = name if "/" in name else autodiscover_url(name)
    found = False
    for family in FAMILIES:
        names = [str(one["name"]) for one in organization.client_access(family, site)]
        if names:
            found = True
            urls = {str(one.get("server")): one.get("url") for one in organization.points if one.get("kind") == "url"}
            yield {
                "server": organization.host(family, "Autodiscover"),
                "servers": names,
                "internal_uri": uri,
                "site": site,
                "differing": [one for one in names if not _same(urls.get(one), uri)],
            }
    if not found:
        raise TaskError(f"Site {site} has no Client Access server, so Autodiscover cannot be set there.")
