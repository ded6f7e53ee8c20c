# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Client Access servers and their service connection points, over Exchange's endpoint. Private to this collection.

Since 2016 the cmdlets are C(*-ClientAccessService). Those of before, C(*-ClientAccessServer), are the only ones of 2010
and 2013.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._psrp.errors import NotGranted
from ..errors import TaskError
from ..name_list import listed, natural
from .writing import with_controller

if t.TYPE_CHECKING:
    from .._psrp.port import Shell
    from .._psrp.values import Parameters, PsObject

_NOUN, _NOUN_BEFORE_2016 = "ClientAccessService", "ClientAccessServer"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClientAccessServer:
    """A Client Access server; C(noun) is that of the cmdlets with which it was read.

    C(uri) is C(None) if the server has no service connection point, several, or one without a URI: the cmdlet shows no
    difference.
    """

    name: str
    fqdn: str
    noun: str
    uri: str | None
    sites: tuple[str, ...]


def read_objects(
    shell: Shell, parameters: Parameters | None = None, *, server: str | None = None
) -> tuple[str, list[PsObject]]:
    """The Client Access servers as a server shows them, with the noun of its cmdlets. Raises C(ServerError)."""
    try:
        return _NOUN, shell.run(f"Get-{_NOUN}", parameters, server=server)
    except NotGranted as exc:
        if exc.parameter:
            raise
        return _NOUN_BEFORE_2016, shell.run(f"Get-{_NOUN_BEFORE_2016}", parameters, server=server)


def read_servers(shell: Shell, controller: str | None) -> list[ClientAccessServer]:
    """All Client Access servers of the organization, sorted by name. Raises C(ServerError)."""
    noun, objects = read_objects(shell, with_controller({}, controller))
    return sorted((_server(each, noun) for each in objects), key=lambda server: natural(server.name))


def chosen(servers: t.Sequence[ClientAccessServer], names: t.Sequence[str], host: str) -> list[ClientAccessServer]:
    """The servers with these names or FQDNs, each once. Raises C(TaskError) for a name that none has."""
    found: dict[str, ClientAccessServer] = {}
    unknown = []
    for name in names:
        same = [one for one in servers if name.casefold() in (one.name.casefold(), one.fqdn.casefold())]
        found |= {one.name: one for one in same}
        unknown += [] if same else [name]
    if unknown:
        raise TaskError(
            f"{host} has no Client Access server {listed(unknown)}; it has "
            f"{listed([one.name for one in servers]) or 'none'}. Correct the names. Nothing was written."
        )
    return list(found.values())


def set_connection_point(
    shell: Shell, server: ClientAccessServer, uri: str | None, sites: t.Sequence[str], controller: str | None
) -> None:
    """Write the URI and the site scope together: what is not given would come from the server that runs the cmdlet.

    Both empty would delete the service connection point. Raises C(TaskError) for that, and C(ServerError).
    """
    if not uri and not sites:
        raise TaskError(f"The service connection point of {server.name} would be deleted. Nothing was written.")
    parameters: Parameters = {
        "Identity": server.name,
        "AutoDiscoverServiceInternalUri": uri,
        "AutoDiscoverSiteScope": list(sites) or None,
        "Confirm": False,
    }
    shell.run(f"Set-{server.noun}", with_controller(parameters, controller))


def scope_of(names: t.Iterable[str]) -> tuple[str, ...]:
    """A site scope: each name once, sorted, because Exchange keeps no order."""
    return tuple(sorted({name.casefold(): name for name in names}.values(), key=natural))


def texts(value: t.Any) -> tuple[str, ...]:
    """A list of texts; one text alone is a list with one."""
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else (str(value),)


def _server(found: PsObject, noun: str) -> ClientAccessServer:
    name = str(found.value("Name"))
    uri = found.value("AutoDiscoverServiceInternalUri")
    return ClientAccessServer(
        name=name,
        fqdn=str(found.get("Fqdn") or name),
        noun=noun,
        uri=str(uri) if uri else None,
        sites=scope_of(texts(found.value("AutoDiscoverSiteScope"))),
    )
