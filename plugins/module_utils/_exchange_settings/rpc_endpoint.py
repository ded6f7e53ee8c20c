# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CAS arrays, and RpcClientAccessServer of databases, over Exchange's endpoint. Private to this collection.

Both exist in Exchange 2010 only. Later versions show the property of databases, where it means nothing.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._exchange.build import Build, BuildError
from .._psrp.errors import NotGranted
from ..errors import TaskError
from ..name_list import listed, natural
from .writing import with_controller

if t.TYPE_CHECKING:
    from .._psrp.port import Shell
    from .._psrp.values import Parameters, PsObject

_ONLY_2010 = (
    "set server to a server of Exchange 2010, because later versions have no CAS arrays, or add the account to a "
    "management role that has the cmdlet"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClientAccessArray:
    """A CAS array. A site has at most one."""

    name: str
    fqdn: str
    site: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A mailbox database; C(generation) is empty if the cmdlet does not show it."""

    name: str
    endpoint: str
    generation: str
    recovery: bool


def read_arrays(shell: Shell, controller: str | None) -> list[ClientAccessArray]:
    """All CAS arrays, sorted by name. Raises C(ServerError)."""
    try:
        objects = shell.run("Get-ClientAccessArray", with_controller({}, controller))
    except NotGranted as exc:
        exc.advice = _ONLY_2010
        raise
    found = (
        ClientAccessArray(
            name=str(each.value("Name")),
            fqdn=str(each.value("Fqdn") or ""),
            site=_last_part(str(each.get("SiteName") or each.value("Site") or "")),
        )
        for each in objects
    )
    return sorted(found, key=lambda array: natural(array.name))


def create_array(shell: Shell, array: ClientAccessArray, controller: str | None) -> None:
    """Create a CAS array. Its members are all Client Access servers of the site."""
    parameters: Parameters = {"Name": array.name, "Fqdn": array.fqdn, "Site": array.site, "Confirm": False}
    shell.run("New-ClientAccessArray", with_controller(parameters, controller))


def set_array(shell: Shell, array: ClientAccessArray, controller: str | None) -> None:
    """Change the FQDN and the site of a CAS array."""
    parameters: Parameters = {"Identity": array.name, "Fqdn": array.fqdn, "Site": array.site, "Confirm": False}
    shell.run("Set-ClientAccessArray", with_controller(parameters, controller))


def remove_array(shell: Shell, name: str, controller: str | None) -> None:
    """Delete a CAS array."""
    shell.run("Remove-ClientAccessArray", with_controller({"Identity": name, "Confirm": False}, controller))


def read_databases(shell: Shell, controller: str | None) -> list[Database]:
    """All mailbox databases that the server shows, sorted by name. Raises C(ServerError)."""
    objects = shell.run("Get-MailboxDatabase", with_controller({}, controller))
    return sorted(map(_database, objects), key=lambda database: natural(database.name))


def chosen(databases: t.Sequence[Database], names: t.Sequence[str], host: str) -> list[Database]:
    """The databases with these names, each once. Raises C(TaskError) for those that must not be changed."""
    by_name = {one.name.casefold(): one for one in databases}
    unknown = [name for name in names if name.casefold() not in by_name]
    if unknown:
        known = listed([one.name for one in databases]) or "none"
        raise TaskError(
            f"{host} has no mailbox database {listed(unknown)}; it has {known}. Correct the names. Nothing was written."
        )
    found = list({name.casefold(): by_name[name.casefold()] for name in names}.values())
    later = [one.name for one in found if one.generation not in ("2010", "")]
    if later:
        raise TaskError(
            f"RpcClientAccessServer means nothing in Exchange 2013 and later, and {listed(later)} "
            f"{'are' if later[1:] else 'is'} of {listed(sorted({one.generation for one in found} - {'2010', ''}))}. "
            "Remove them from databases. Nothing was written."
        )
    recovery = [one.name for one in found if one.recovery]
    if recovery:
        raise TaskError(
            f"No client connects to the recovery database {listed(recovery)}. Remove it from databases. Nothing was "
            "written."
        )
    return found


def set_endpoint(shell: Shell, database: str, endpoint: str, controller: str | None) -> None:
    """Write RpcClientAccessServer of a database."""
    parameters: Parameters = {"Identity": database, "RpcClientAccessServer": endpoint, "Confirm": False}
    shell.run("Set-MailboxDatabase", with_controller(parameters, controller))


def _database(found: PsObject) -> Database:
    try:
        generation = Build.parse(str(found.get("AdminDisplayVersion") or "")).generation
    except BuildError:
        generation = ""
    return Database(
        name=str(found.value("Name")),
        endpoint=str(found.value("RpcClientAccessServer") or ""),
        generation=generation,
        recovery=found.get("Recovery") is True,
    )


def _last_part(identity: str) -> str:
    """The name in an identity such as C(corp.example.com/Configuration/Sites/Berlin)."""
    return identity.rpartition("/")[2]
