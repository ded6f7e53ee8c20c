# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about the names that an Exchange organization publishes. Private to this collection.

Each finding has a sentence about the problem and a remedy, usually a command for the Exchange Management Shell.
Findings do not change the plan.
"""

from __future__ import annotations

import collections
import typing as t

from ..name_list import folded, listed, natural
from ..powershell import quoted
from .finding import Finding
from .management_shell import BALANCED, autodiscover_url, for_each, has_service_cmdlet, set_address
from .published_names import SCP, SERVICES
from .rpc_findings import rpc_findings
from .scope import by_scope

if t.TYPE_CHECKING:
    from .lead import Leads
    from .published_names import PublishedAddress, PublishedNames, Server

# The command replaces the whole list, and a hybrid deployment needs OAuth.
_NEGOTIATE = {
    "mapi": "Get-MapiVirtualDirectory -Server {} | "
    "Set-MapiVirtualDirectory -IISAuthenticationMethods Ntlm,Negotiate,OAuth",
    "outlook_anywhere": "Get-OutlookAnywhere -Server {} | "
    "Set-OutlookAnywhere -InternalClientAuthenticationMethod Negotiate",
}
# OWA and ECP of Exchange 2010 have the name of the server where another site is their front end.
_BALANCED_SERVICES = ("ews", "oab", "mapi", "outlook_anywhere")


def findings(
    published_names: PublishedNames, counted: t.Mapping[str, t.Container[str]], leads: Leads
) -> t.Iterator[Finding]:
    """Yield all findings; C(counted) has the services that count for each family."""
    internal = [each for each in published_names.internal if each.service in counted.get(each.server.family, ())]
    yield from _unread_parts(published_names)
    yield from _unplanned_servers(published_names)
    yield from _addresses(internal)
    yield from _without_url(published_names, internal)
    yield from _outside(leads, internal)
    yield from _single_servers(published_names, internal)
    yield from _without_kerberos(internal)
    yield from _without_uri(published_names.without_uri)
    yield from _autodiscover(published_names)
    yield from rpc_findings(published_names, {each.host for each in internal if each.host})


def _unread_parts(published_names: PublishedNames) -> t.Iterator[Finding]:
    """Find parts that were not read. Their names may be missing from the plan."""
    for part in ("servers", "client_access_arrays", "autodiscover", "virtual_directories"):
        if part not in published_names.known:
            yield Finding(
                kind="not_given",
                about=(part,),
                text=f"{part} was not read, so names may be missing from the plan.",
                remedy=f"Add {part} to the option gather of winha.cluster.exchange_info",
                hides_names=True,
            )
    for what, why in published_names.unknown:
        yield Finding(
            kind="unknown",
            about=(what,),
            text=f"{what} could not be read: {why}. Names may be missing from the plan.",
            remedy="Run winha.cluster.exchange_info with an account that may read the Exchange configuration",
            hides_names=True,
        )


def _unplanned_servers(published_names: PublishedNames) -> t.Iterator[Finding]:
    for name in sorted(published_names.unlisted, key=natural):
        yield Finding(
            kind="unknown_server",
            about=(name,),
            text=f"{name or 'A server without a name'} publishes names but is not in the list of servers, so its names "
            "are not in the plan.",
            remedy=f"Run Get-ExchangeServer -Identity {quoted(name)} to check whether the server still exists",
            hides_names=True,
        )
    published = {each.server.name: each.server for each in (*published_names.internal, *published_names.external)}
    for server in sorted(published.values(), key=lambda server: natural(server.name)):
        if not server.family:
            version = f"Exchange {server.generation}" if server.generation else "an unknown version of Exchange"
            yield Finding(
                kind="unplanned_server",
                about=(server.name,),
                text=f"{server.name} runs {version}, which the plan does not support. Its names are not in the plan.",
                remedy=f"Run Get-ExchangeServer -Identity {quoted(server.name)} | Format-List AdminDisplayVersion",
                hides_names=True,
            )


def _addresses(internal: t.Iterable[PublishedAddress]) -> t.Iterator[Finding]:
    wrong: dict[tuple[str, str, str, str, bool], list[str]] = {}
    for each in internal:
        http = "starts with http://, so the connection is not encrypted" if each.address.is_http else ""
        problem = each.address.problem or http
        if problem:
            kind = "invalid_name" if each.address.problem else "plain_http"
            modern = has_service_cmdlet(each.server)
            wrong.setdefault((each.address.text, each.service, kind, problem, modern), []).append(each.server.name)
    for (text, service, kind, problem, modern), names in sorted(wrong.items()):
        balanced = autodiscover_url(BALANCED) if service == SCP else f"https://{BALANCED}/..."
        value = f"https://{text[7:]}" if kind == "plain_http" else balanced
        yield Finding(
            kind=kind,
            about=tuple(sorted(names, key=natural)),
            text=f"{text}, the {_setting_name(service)} of {folded(names)}, {problem}.",
            remedy=f"Run {set_address(service, names, value, modern=modern)}",
            hides_names=kind == "invalid_name",
        )


def _without_url(published_names: PublishedNames, internal: t.Iterable[PublishedAddress]) -> t.Iterator[Finding]:
    if not {"autodiscover", "virtual_directories"} <= published_names.known:
        return
    with_url = {each.server.name for each in internal}
    without = [
        each.name
        for each in published_names.servers
        if each.family and each.client_access and each.name not in with_url
    ]
    if without:
        yield Finding(
            kind="no_url",
            about=tuple(sorted(without, key=natural)),
            text=f"No internal URL of {folded(without)} is known, so their clients have no name to use.",
            remedy=f"Run {for_each(without, 'Get-WebServicesVirtualDirectory -Server {} | Format-List InternalUrl')}",
        )


def _without_kerberos(internal: t.Iterable[PublishedAddress]) -> t.Iterator[Finding]:
    """Only these services: OWA and ECP use forms, the others offer Negotiate with Windows authentication."""
    without_negotiate = [each for each in internal if each.negotiate is False]
    for service, command in _NEGOTIATE.items():
        names = sorted({each.server.name for each in without_negotiate if each.service == service}, key=natural)
        if names:
            yield Finding(
                kind="no_negotiate",
                about=tuple(names),
                text=f"{SERVICES[service]} of {folded(names)} offers no Negotiate, so Outlook cannot use Kerberos.",
                remedy=f"Run {for_each(names, command)}",
            )


def _outside(leads: Leads, internal: t.Iterable[PublishedAddress]) -> t.Iterator[Finding]:
    servers: dict[str, list[str]] = {}
    for each in internal:
        if each.host and leads.outside(each.host):
            servers.setdefault(each.host, []).append(each.server.name)
    for host, names in sorted(servers.items()):
        why = leads.outside(host)
        yield Finding(
            kind="outside_organization",
            about=(host,),
            text=f"{host}, in internal URLs of {folded(names)}, {why}, so it is not in the plan.",
            remedy=f"Replace it in these URLs, or list http/{host} in extra if it does lead to these servers",
            hides_names=not leads.elsewhere(host),
        )


def _single_servers(published_names: PublishedNames, internal: t.Iterable[PublishedAddress]) -> t.Iterator[Finding]:
    """Find services of which only the URL of one server is used, although its site has several servers."""
    found: dict[str, list[PublishedAddress]] = {}
    for each in internal:
        if each.service in _BALANCED_SERVICES and each.host and published_names.owner(each.host):
            found.setdefault(each.server.name, []).append(each)
    for name, addresses in sorted(found.items(), key=lambda item: natural(item[0])):
        server = addresses[0].server
        peers = [each for each in published_names.client_access(server.family) if each.site == server.site]
        if len(peers) > 1:
            services = [service for service in SERVICES if service in {each.service for each in addresses}]
            commands = [
                set_address(service, [name], f"https://{BALANCED}/...", modern=has_service_cmdlet(server))
                for service in services
            ]
            yield Finding(
                kind="own_name_url",
                about=(name,),
                text=f"The internal URL of {listed([SERVICES[service] for service in services])} of {name} contains "
                f"{listed(sorted({each.host for each in addresses}))}, which is a server and not a load-balanced name.",
                remedy=f"Run {'; '.join(commands)}",
            )


def _without_uri(servers: t.Collection[Server]) -> t.Iterator[Finding]:
    names = sorted({server.name for server in servers}, key=natural)
    if names:
        several = len(names) > 1
        modern = all(map(has_service_cmdlet, servers))
        yield Finding(
            kind="no_autodiscover_uri",
            about=tuple(names),
            text=f"The service connection point{'s' * several} of {folded(names)} ha{'ve' if several else 's'} no URL, "
            "so internal clients do not use it. In a hybrid organization this is often intended.",
            remedy=f"Unless it is intended, run {set_address(SCP, names, autodiscover_url(BALANCED), modern=modern)}",
        )


def _autodiscover(published_names: PublishedNames) -> t.Iterator[Finding]:
    points = [each for each in published_names.internal if each.service == SCP and each.host]
    points = [each for each in points if each.sites != ("",)]  # the site of the server is not known
    points.sort(key=lambda each: (natural(each.server.site), natural(each.server.name), each.host))
    for sites, peers in by_scope(points, lambda each: each.sites):
        balanced = collections.Counter(each.host for each in peers if not published_names.owner(each.host))
        leading = [host for host, count in balanced.items() if count == max(balanced.values())]
        names = [each.server.name for each in peers]
        modern = all(has_service_cmdlet(each.server) for each in peers)
        if not balanced:
            if len(set(names)) > 1:
                yield Finding(
                    kind="autodiscover_not_balanced",
                    about=tuple(names),
                    text=f"The internal Autodiscover URIs of {folded(names)} for clients in {sites} contain the names "
                    "of single servers, so Autodiscover is not load balanced there.",
                    remedy=f"Run {set_address(SCP, names, autodiscover_url(BALANCED), modern=modern)}",
                )
            continue
        if len(leading) > 1:
            hosts = listed(
                [f"{host} at {folded(_servers_with_host(peers, host))}" for host in sorted(balanced, key=natural)]
            )
            yield Finding(
                kind="mixed_autodiscover",
                about=tuple(names),
                text=f"The internal Autodiscover URIs for clients in {sites} contain different hosts: {hosts}. Clients "
                "get any of them.",
                remedy=f"Run {set_address(SCP, names, autodiscover_url(BALANCED), modern=modern)}",
            )
        others = sorted(leading, key=natural)
        for each in peers:
            if each.host not in balanced or (each.host not in leading and len(leading) == 1):
                yield _stale_autodiscover(published_names, each, others, sites)


def _stale_autodiscover(
    published_names: PublishedNames, each: PublishedAddress, others: list[str], sites: str
) -> Finding:
    owner, server = published_names.owner(each.host), each.server
    note = "" if not owner else " (its own name)" if owner == server.name else f" (the name of {owner})"
    url = autodiscover_url(others[0] if len(others) == 1 else BALANCED)
    return Finding(
        kind="stale_autodiscover",
        about=(server.name,),
        text=f"The internal Autodiscover URI of {server.name} contains {each.host}{note}. The other servers for "
        f"clients in {sites} have {listed(others)}, so clients get any of these names.",
        remedy=f"Run {set_address(SCP, [server.name], url, modern=has_service_cmdlet(server))}",
    )


def _setting_name(service: str) -> str:
    if service == SCP:
        return "internal Autodiscover URI"
    what = "host name" if service == "outlook_anywhere" else "URL"
    return f"internal {what} of {SERVICES.get(service, service)}"


def _servers_with_host(peers: t.Iterable[PublishedAddress], host: str) -> list[str]:
    return [each.server.name for each in peers if each.host == host]
