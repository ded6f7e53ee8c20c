# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about CAS arrays and RpcClientAccessServer of databases. Private to this collection."""

from __future__ import annotations

import typing as t

from ..name_list import folded, listed, natural
from ..powershell import quoted
from .finding import Finding
from .management_shell import BALANCED, for_each

if t.TYPE_CHECKING:
    from .published_names import Array, Database, PublishedNames, Server


def rpc_findings(published_names: PublishedNames, web: t.Container[str]) -> t.Iterator[Finding]:
    """Yield findings about CAS arrays and databases; C(web) has the hosts of the internal URLs that count."""
    yield from _arrays(published_names, web)
    yield from _databases(published_names)


def _arrays(published_names: PublishedNames, web: t.Container[str]) -> t.Iterator[Finding]:
    servers = published_names.client_access("2010")
    for array in published_names.arrays:
        yield from _array(array, servers, published_names, web)
    if "client_access_arrays" not in published_names.known:
        return
    served = {array.site.lower() for array in published_names.arrays}
    for site in sorted({server.site for server in servers if server.site.lower() not in {*served, ""}}, key=natural):
        names = [server.name for server in servers if server.site == site]
        yield Finding(
            kind="no_array",
            about=tuple(sorted(names, key=natural)),
            text=f"Site {site} has {folded(names)} but no CAS array, so Outlook connects to single servers there.",
            remedy=f"Run New-ClientAccessArray -Site {quoted(site)} -Fqdn {BALANCED}",
        )


def _array(
    array: Array, servers: t.Sequence[Server], published_names: PublishedNames, web: t.Container[str]
) -> t.Iterator[Finding]:
    address, identity = array.address, quoted(array.name)
    if not servers:
        yield Finding(
            kind="unused_array",
            about=(array.name,),
            text=f"{_array_name(array)} is left over: no Client Access server of Exchange 2010 is known. It is not in "
            "the plan.",
            remedy="Only Exchange 2010 has Remove-ClientAccessArray, so leave the array, or delete its object below "
            "CN=Arrays with ADSI Edit; delete the DNS record of its FQDN when no Outlook profile contains it",
        )
        return
    if address.problem:
        yield Finding(
            kind="invalid_name",
            about=(array.name,),
            text=f"The FQDN {address.text or '(empty)'} of {_array_name(array)} {address.problem}.",
            remedy=f"Run Set-ClientAccessArray -Identity {identity} -Fqdn {BALANCED}",
            hides_names=True,
        )
    elif owner := published_names.owner(address.host):
        yield Finding(
            kind="array_named_after_server",
            about=(array.name,),
            text=f"{_array_name(array)} has the name of the server {owner}. The computer account of the server has its "
            "service principal names.",
            remedy=f"Run Set-ClientAccessArray -Identity {identity} -Fqdn {BALANCED}",
        )
    elif address.host in web:
        yield Finding(
            kind="shared_name",
            about=(array.name,),
            text=f"{_array_name(array)} and internal URLs share {address.host}, which is not recommended: the name "
            "of a CAS array is for RPC only and must not resolve externally.",
            remedy=f"Run Set-ClientAccessArray -Identity {identity} -Fqdn with a name that nothing else uses",
        )
    sites_with_servers = {server.site.lower() for server in servers}
    if array.site and not {array.site.lower(), ""} & sites_with_servers:  # a server without a known site may be in it
        yield Finding(
            kind="array_without_servers",
            about=(array.name,),
            text=f"{_array_name(array)} has no Client Access server of Exchange 2010 in its site.",
            remedy=f"Run Get-ClientAccessArray -Identity {identity} | Format-List Site, Members",
        )


def _databases(published_names: PublishedNames) -> t.Iterator[Finding]:
    array_hosts = {array.site.lower(): array.address.host for array in published_names.arrays if array.address.host}
    sites: dict[str, list[str]] = {}
    for each in published_names.arrays:
        sites.setdefault(each.address.host, []).append(each.site)
    groups: dict[tuple[str, str], list[Database]] = {}
    for database in published_names.databases:
        groups.setdefault((database.endpoint, database.site), []).append(database)
    for (endpoint, site), databases in sorted(groups.items()):
        owner = published_names.owner(endpoint)
        if owner:
            kind, what = "database_of_single_server", f"the single server {owner}"
        elif endpoint not in sites:
            kind, what = "database_of_unknown_name", f"{endpoint}, which is not a CAS array or a server"
        elif site and not {site.lower(), ""} & {served.lower() for served in sites[endpoint]}:
            kind, what = "database_of_other_site", f"the CAS array {endpoint} of site {listed(sites[endpoint])}"
        else:
            continue
        names = [database.name for database in databases]
        array = array_hosts.get(site.lower(), "<FQDN of the CAS array>")
        site_note = f"; the site of the preferred copy is {site}" if site else ""
        yield Finding(
            kind=kind,
            about=tuple(sorted(names, key=natural)),
            text=f"Outlook connects to {folded(names)} through {what}{site_note}.",
            remedy=f"Run {for_each(names, f'Set-MailboxDatabase -Identity {{}} -RpcClientAccessServer {array}')}",
        )


def _array_name(array: Array) -> str:
    return f"CAS array {array.name}" + (f" of site {array.site}" if array.site else "")
