# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get- and Set-ClientAccessServer, from 2016 on also Get- and Set-ClientAccessService."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import refusals
from .catalogue import EXCHANGE_2016, OLDEST, Change, Cmdlet, Item
from .organization import AccountEntry, Point, Server, guid
from .parameters import CREDENTIALS, IDENTITY, SWITCH, TEXTS, URI, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .catalogue import Call, Release

_TYPE = "Deserialized.Microsoft.Exchange.Data.Directory.Management.ClientAccessServer"
_CONFIGURATION = "Deserialized.Microsoft.Exchange.Data.Directory.Management.AlternateServiceAccountConfiguration"
_CREDENTIAL = "Deserialized.Microsoft.Exchange.Data.Directory.Management.AlternateServiceAccountCredential"
_ACCOUNT = re.compile(r"[^\\@]+\\[^\\@]+")
_STATUS = "IncludeAlternateServiceAccountCredentialStatus"
_PASSWORD = "IncludeAlternateServiceAccountCredentialPassword"
_ADD = "AlternateServiceAccountCredential"
_CLEAN_UP = "CleanUpInvalidAlternateServiceAccountCredentials"
_REMOVE = "RemoveAlternateServiceAccountCredentials"
_SCP_KEYWORD = "77378F46-2C66-4aa9-A6A6-3E7A48B19596"


def is_client_access(server: Server) -> bool:
    """Whether the server has the role: of its own in 2010 and 2013, part of the Mailbox role later."""
    return "client_access" in server.roles or (server.release >= EXCHANGE_2016 and "mailbox" in server.roles)


def _get(call: Call) -> Iterator[Item]:
    organization = call.organization
    identity = call.value("Identity")
    if identity is None:
        servers = [one for one in organization.servers.values() if is_client_access(one)]
    else:
        servers = [_client_access(call, identity)]
    for server in servers:
        yield _item(call, server)


def _client_access(call: Call, identity: str) -> Server:
    server = call.organization.server(identity)
    if not is_client_access(server):
        raise refusals.not_found(identity, call.organization.controller)
    return server


def _item(call: Call, server: Server) -> Item:
    # With several service connection points below the server, or none, the properties are empty.
    point = server.points[0] if len(server.points) == 1 else None
    properties: dict[str, Any] = {
        "Name": server.name,
        "Fqdn": server.fqdn,
        "OutlookAnywhereEnabled": False,
        "AutoDiscoverServiceCN": server.name if point else "",
        "AutoDiscoverServiceClassName": "ms-Exchange-AutoDiscover-Service",
        "AutoDiscoverServiceInternalUri": point.url if point else None,
        "AutoDiscoverServiceGuid": _SCP_KEYWORD.lower(),
        "AutoDiscoverSiteScope": tuple(point.sites) if point else (),
        "AlternateServiceAccountConfiguration": _configuration(call, server),
        "Identity": server.name,
        "Guid": guid(server.dn),
        "DistinguishedName": server.dn,
        "ObjectClass": ("top", "server", "msExchExchangeServer"),
        "IsValid": True,
        "ExchangeVersion": "0.1 (8.0.535.0)",
        "OriginatingServer": call.organization.controller,
    }
    return Item((_TYPE, "Deserialized.Microsoft.Exchange.Data.Directory.ADPresentationObject"), properties, server.name)


def _configuration(call: Call, server: Server) -> Any:
    """The alternate service account, if its status was asked for. The registry of the server has it."""
    if not (call.value(_STATUS) or call.value(_PASSWORD)):
        return None
    if call.value(_PASSWORD) and server is not call.server:
        raise refusals.invalid(
            f"The alternate service account credential passwords of {server.name} can be read on this server only.",
            exception="Microsoft.Exchange.Configuration.Tasks.LocalServerRequiredException",
            category="InvalidOperation",
        )
    if server is not call.server and not server.remote_registry:
        raise refusals.invalid(
            f"The registry of {server.fqdn} couldn't be read: The network path was not found.",
            exception="System.IO.IOException",
            category="ReadError",
        )
    entries = sorted(server.credentials, key=lambda one: one.added, reverse=True)
    items = tuple(
        Item(
            (_CREDENTIAL,),
            {"QualifiedUserName": one.user, "WhenAddedUTC": datetime.fromisoformat(one.added), "IsValid": True,
             "WhenAdded": datetime.fromisoformat(one.added)},
            f"{one.added}, {one.user}",
        )
        for one in entries
    )  # fmt: skip
    lines = [f"{'Latest' if not at else 'Previous'}: {item.text}" for at, item in enumerate(items)]
    text = "\r\n".join(lines) if lines else "<Not set>"
    return Item((_CONFIGURATION,), {"EffectiveCredentials": items, "AllCredentials": items}, text)


def _set(call: Call) -> Iterator[Item]:
    server = _client_access(call, call.values["Identity"])
    if server.major != call.server.major:
        raise refusals.cross_version(server.name, _version(server), _version(call.server))
    if any(call.given(name) for name in (_ADD, _CLEAN_UP, _REMOVE)):
        _set_credentials(call, server)
    else:
        _set_point(call, server)
    yield from ()


def _version(server: Server) -> str:
    return ".".join(map(str, server.version))


def _set_point(call: Call, server: Server) -> None:
    url = call.value("AutoDiscoverServiceInternalUri")
    if url is not None and not _is_absolute(url):
        raise refusals.invalid(f"The value '{url}' isn't a valid absolute URI.")
    own = call.server.points[0] if call.server.points else Point("")
    # A missing one is made anew with the values of the server that runs the cmdlet.
    before = server.points[0] if server.points else Point(own.url, list(own.sites))
    if not call.given("AutoDiscoverServiceInternalUri"):
        url = before.url
    scope = call.value("AutoDiscoverSiteScope")
    sites = list(scope or ()) if call.given("AutoDiscoverSiteScope") else before.sites
    removes = call.given("AutoDiscoverServiceInternalUri") and call.given("AutoDiscoverSiteScope")
    container = f"CN=Autodiscover,CN=Protocols,{server.dn}"
    dn = f"CN={server.name},{container}"
    if removes and url is None and not sites:
        if server.points:
            call.written.append(Change(dn, {}, "delete"))
        server.points = []
        return
    keywords = [_SCP_KEYWORD, *(f"Site={site}" for site in sites)]
    values = {"serviceBindingInformation": url or None, "keywords": keywords}
    if server.points:
        call.written.append(Change(dn, values))
    else:
        new = {"objectClass": "serviceConnectionPoint", "serviceClassName": "ms-Exchange-AutoDiscover-Service"}
        call.written.append(Change(dn, {**new, "serviceDNSName": server.name, **values}, "add"))
    server.points = [Point(url or "", sites), *server.points[1:]]


def _is_absolute(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.scheme and parts.netloc) and " " not in url


def _set_credentials(call: Call, server: Server) -> None:
    if call.value(_REMOVE) and call.value(_CLEAN_UP):
        raise refusals.several_sets("Set-ClientAccessServer")
    if server is not call.server:
        raise refusals.invalid(
            f"The alternate service account credential of {server.name} can be changed on this server only.",
            exception="Microsoft.Exchange.Configuration.Tasks.LocalServerRequiredException",
            category="InvalidOperation",
        )
    given = call.value(_ADD) or ()
    for credential in given:
        if not _ACCOUNT.fullmatch(credential.user):
            raise refusals.invalid(
                f"The user name '{credential.user}' isn't in the format DOMAIN\\user name.",
                exception="Microsoft.Exchange.Data.DataValidationException",
                category="InvalidData",
            )
    if call.value(_REMOVE):
        server.credentials = []
    if call.value(_CLEAN_UP):
        _clean_up(call, server)
    for credential in given:
        sealed = call.organization.seal(credential.password)
        server.credentials.append(AccountEntry(credential.user, _now(server), sealed))


def _now(server: Server) -> str:
    """The time as the name of the registry value: to the millisecond, later than all others."""
    now = datetime.now(tz=UTC)
    text = now.isoformat(timespec="milliseconds")
    newest = max((one.added for one in server.credentials), default="")
    if text <= newest:
        text = (datetime.fromisoformat(newest) + timedelta(milliseconds=1)).isoformat(timespec="milliseconds")
    return text


def _clean_up(call: Call, server: Server) -> None:
    """Keep the newest entry of each account with which a logon succeeds. If none does, all stay."""
    kept: dict[str, AccountEntry] = {}
    for one in server.credentials:
        if call.organization.can_log_on(one):
            kept[one.user.lower()] = one
    if server.credentials and not kept:
        call.warnings.append(
            f"None of the alternate service account credentials of {server.name} is valid, so none was removed."
        )
        return
    server.credentials = list(kept.values())


_READ = (
    Parameter("Identity", IDENTITY),
    Parameter(_STATUS, SWITCH),
    Parameter(_PASSWORD, SWITCH),
)
_POINT, _ACCOUNTS = ("Identity",), ("AlternateServiceAccount",)
_WRITE = (
    Parameter("Identity", IDENTITY, mandatory=True),
    Parameter("AutoDiscoverServiceInternalUri", URI, sets=_POINT),
    Parameter("AutoDiscoverSiteScope", TEXTS, sets=_POINT),
    Parameter(_ADD, CREDENTIALS, sets=_ACCOUNTS),
    Parameter(_CLEAN_UP, SWITCH, sets=_ACCOUNTS),
    Parameter(_REMOVE, SWITCH, sets=_ACCOUNTS),
)
_TASKS = "Microsoft.Exchange.Management.SystemConfigurationTasks"


def _pair(noun: str, first: Release) -> tuple[Cmdlet, ...]:
    return (
        Cmdlet(f"Get-{noun}", f"{_TASKS}.Get{noun}", _READ, _get, first),
        Cmdlet(f"Set-{noun}", f"{_TASKS}.Set{noun}", _WRITE, _set, first),
    )


CMDLETS = (*_pair("ClientAccessServer", OLDEST), *_pair("ClientAccessService", EXCHANGE_2016))
