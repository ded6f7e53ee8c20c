# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get- and Set-MailboxDatabase, and the CAS arrays of Exchange 2010."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..directory import exchange_objects
from . import refusals
from .catalogue import EXCHANGE_2010, EXCHANGE_2013, OLDEST, Change, Cmdlet, Item
from .client_access import is_client_access
from .organization import Array, guid
from .parameters import IDENTITY, SWITCH, TEXT, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .catalogue import Call
    from .organization import Database, Organization

_DATABASE = "Deserialized.Microsoft.Exchange.Data.Directory.SystemConfiguration.MailboxDatabase"
_ARRAY = "Deserialized.Microsoft.Exchange.Data.Directory.SystemConfiguration.ClientAccessArray"
_TASKS = "Microsoft.Exchange.Management.SystemConfigurationTasks"


def _endpoint(organization: Organization, database: Database) -> str | None:
    """The FQDN that the legacy DN leads to: a CAS array has its FQDN there, a server its name."""
    wanted = database.endpoint.lower()
    for array in organization.arrays.values():
        if array.fqdn.lower() == wanted:
            return array.fqdn
    return next((one.fqdn for one in organization.servers.values() if one.name.lower() == wanted), None)


def _get(call: Call) -> Iterator[Item]:
    organization = call.organization
    if (identity := call.value("Identity")) is not None:
        found = [organization.database(identity)]
    elif (name := call.value("Server")) is not None:
        server = organization.server(name)
        found = [one for one in organization.databases.values() if one.server == server.name]
    else:
        found = list(organization.databases.values())
    for database in found:
        yield Item(
            (_DATABASE, "Deserialized.Microsoft.Exchange.Data.Directory.SystemConfiguration.Database"),
            {
                "Name": database.name,
                "Server": database.server,
                "ServerName": database.server,
                "RpcClientAccessServer": _endpoint(organization, database),
                "Recovery": False,
                "Mounted": True if call.value("Status") else None,
                "AdminDisplayVersion": None,
                "Identity": database.name,
                "Guid": guid(database.dn),
                "DistinguishedName": database.dn,
                "OriginatingServer": organization.controller,
            },
            database.name,
        )


def _set(call: Call) -> Iterator[Item]:
    organization = call.organization
    database = organization.database(call.values["Identity"])
    owner = organization.servers[database.server]
    if owner.major != call.server.major:
        raise refusals.cross_version(database.name, str(owner.version), str(call.server.version))
    if call.given("RpcClientAccessServer"):
        legacy_name = _resolved(organization, call.value("RpcClientAccessServer"))
        if legacy_name.lower() == database.endpoint.lower():
            call.warnings.append(
                f"The command completed successfully but no settings of '{database.name}' have been modified."
            )
            return
        database.endpoint = legacy_name
        call.written.append(Change(database.dn, {"legacyExchangeDN": _legacy(organization, legacy_name)}))
    else:
        call.warnings.append(
            f"The command completed successfully but no settings of '{database.name}' have been modified."
        )
    yield from ()


def _resolved(organization: Organization, identity: str | None) -> str:
    """The name in the legacy DN for a CAS array or a Client Access server. Raises Refusal."""
    if identity is None:
        raise refusals.invalid("RpcClientAccessServer can't be empty.")
    try:
        array: Array = organization.array(identity)
    except refusals.Refusal:
        server = organization.server(identity)
        if not is_client_access(server):
            raise refusals.invalid(f"The server {server.name} isn't a Client Access server.") from None
        return server.name
    return array.fqdn


def _legacy(organization: Organization, name: str) -> str:
    places = _places(organization)
    return f"{places.legacy}/cn=Configuration/cn=Servers/cn={name}/cn=Microsoft Private MDB"


def _places(organization: Organization) -> exchange_objects.Places:
    exchange = organization.directory.exchange
    if exchange is None:
        raise refusals.invalid("There is no Exchange organization.")
    return exchange_objects.Places(organization.directory, exchange)


def _get_array(call: Call) -> Iterator[Item]:
    organization = call.organization
    if (identity := call.value("Identity")) is not None:
        found = [organization.array(identity)]
    else:
        site = _site(call.value("Site"))
        found = [one for one in organization.arrays.values() if not site or one.site.lower() == site.lower()]
    for array in found:
        yield _array_item(organization, array)


def _site(identity: str | None) -> str:
    """The name of a site, from its name or its path."""
    return (identity or "").rpartition("/")[2]


def _array_item(organization: Organization, array: Array) -> Item:
    members = tuple(
        one.name for one in organization.servers.values() if one.site == array.site and is_client_access(one)
    )
    return Item(
        (_ARRAY,),
        {
            "Name": array.name,
            "Fqdn": array.fqdn,
            "Site": f"{organization.directory.domain}/Configuration/Sites/{array.site}",
            "SiteName": array.site,
            "Members": members,
            "ExchangeLegacyDN": f"{_places(organization).legacy}/cn=Configuration/cn=Servers/cn={array.fqdn}",
            "Identity": array.name,
            "Guid": guid(array.dn),
            "DistinguishedName": array.dn,
            "OriginatingServer": organization.controller,
        },
        array.name,
    )


def _known_site(organization: Organization, identity: str) -> str:
    name = _site(identity)
    sites = ("Default-First-Site-Name", *(one.name for one in organization.directory.sites))
    found = next((one for one in sites if one.lower() == name.lower()), None)
    if found is None:
        raise refusals.not_found(identity, organization.controller)
    return found


def _check_free(organization: Organization, array: Array | None, *, name: str, fqdn: str, site: str) -> None:
    """One array for each site, and no array or server of the same name or FQDN. Raises Refusal."""
    others = [one for one in organization.arrays.values() if one is not array]
    if site and (taken := next((one for one in others if one.site == site), None)):
        raise refusals.exists(f"The site '{site}' already has the client access array '{taken.name}'.")
    used = {text.lower() for one in others for text in (one.name, one.fqdn)}
    used |= {text.lower() for one in organization.servers.values() for text in (one.name, one.fqdn)}
    for text in (name, fqdn):
        if text and text.lower() in used:
            raise refusals.exists(f"'{text}' already exists.")


def _new_array(call: Call) -> Iterator[Item]:
    organization = call.organization
    name, fqdn = call.values["Name"], call.values["Fqdn"]
    site = _known_site(organization, call.values["Site"])
    if "." not in fqdn or " " in fqdn:
        raise refusals.invalid(f"'{fqdn}' isn't a valid FQDN.")
    _check_free(organization, None, name=name, fqdn=fqdn, site=site)
    places = _places(organization)
    array = Array(name, fqdn, site, places.array(name))
    organization.arrays[name] = array
    values = {"objectClass": "msExchClientAccessArray", "adminDisplayName": name, "msExchVersion": places.version}
    call.written.append(Change(array.dn, {**values, **_attributes(organization, array)}, "add"))
    yield _array_item(organization, array)


def _attributes(organization: Organization, array: Array) -> dict[str, str]:
    places = _places(organization)
    return {
        "networkAddress": f"ncacn_ip_tcp:{array.fqdn}",
        "legacyExchangeDN": f"{places.legacy}/cn=Configuration/cn=Servers/cn={array.fqdn}",
        "msExchServerSite": places.site(array.site),
    }


def _set_array(call: Call) -> Iterator[Item]:
    organization = call.organization
    array = organization.array(call.values["Identity"])
    fqdn, name = call.value("Fqdn") or array.fqdn, call.value("Name") or array.name
    site = _known_site(organization, call.values["Site"]) if call.value("Site") else array.site
    if (fqdn, name, site) == (array.fqdn, array.name, array.site):
        call.warnings.append(
            f"The command completed successfully but no settings of '{array.name}' have been modified."
        )
        return
    _check_free(organization, array, name=name, fqdn=fqdn, site=site)
    if name != array.name:
        call.written.append(Change(array.dn, {"newrdn": f"CN={name}"}, "rename"))
        del organization.arrays[array.name]
        array.name, array.dn = name, _places(organization).array(name)
        organization.arrays[name] = array
    array.fqdn, array.site = fqdn, site
    call.written.append(Change(array.dn, _attributes(organization, array)))
    yield from ()


def _remove_array(call: Call) -> Iterator[Item]:
    organization = call.organization
    array = organization.array(call.values["Identity"])
    users = [one.name for one in organization.databases.values() if one.endpoint.lower() == array.fqdn.lower()]
    if users:
        raise refusals.invalid(
            f"The client access array '{array.name}' can't be removed because these databases use it: "
            f"{', '.join(users)}.",
            exception="System.InvalidOperationException",
            category="InvalidOperation",
        )
    del organization.arrays[array.name]
    call.written.append(Change(array.dn, {}, "delete"))
    yield from ()


_IDENTITY = Parameter("Identity", IDENTITY, mandatory=True)
_READ = (
    Parameter("Identity", IDENTITY, sets=("Identity",)),
    Parameter("Server", IDENTITY, sets=("Server",)),
    Parameter("Status", SWITCH),
)
_FILTER = (Parameter("Identity", IDENTITY), Parameter("Site", IDENTITY))
_NEW = tuple(Parameter(name, TEXT, mandatory=True) for name in ("Name", "Fqdn", "Site"))
_CHANGE = (_IDENTITY, Parameter("Fqdn", TEXT), Parameter("Name", TEXT), Parameter("Site", IDENTITY))
CMDLETS = (
    Cmdlet("Get-MailboxDatabase", f"{_TASKS}.GetMailboxDatabase", _READ, _get),
    Cmdlet(
        "Set-MailboxDatabase",
        f"{_TASKS}.SetMailboxDatabase",
        (_IDENTITY, Parameter("RpcClientAccessServer", IDENTITY)),
        _set,
        last=EXCHANGE_2010,
    ),
    Cmdlet("Set-MailboxDatabase", f"{_TASKS}.SetMailboxDatabase", (_IDENTITY,), _set, EXCHANGE_2013),
    Cmdlet("Get-ClientAccessArray", f"{_TASKS}.GetClientAccessArray", _FILTER, _get_array, OLDEST, EXCHANGE_2010),
    Cmdlet("New-ClientAccessArray", f"{_TASKS}.NewClientAccessArray", _NEW, _new_array, OLDEST, EXCHANGE_2010),
    Cmdlet("Set-ClientAccessArray", f"{_TASKS}.SetClientAccessArray", _CHANGE, _set_array, OLDEST, EXCHANGE_2010),
    Cmdlet(
        "Remove-ClientAccessArray",
        f"{_TASKS}.RemoveClientAccessArray",
        (_IDENTITY,),
        _remove_array,
        OLDEST,
        EXCHANGE_2010,
        asks=True,
    ),
)
