# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CAS arrays of Exchange 2010. Private to this collection."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from .._directory.distinguished_name import name_of
from ..name_list import natural
from .objects import Query
from .servers import ARRAY_CLASSES, fqdn_of

if t.TYPE_CHECKING:
    from .objects import Objects
    from .servers import Servers

CLIENT_ACCESS_ARRAYS = Query(
    f"(|{''.join(f'(objectClass={name})' for name in ARRAY_CLASSES)})",
    ("legacyExchangeDN", "msExchServerSite", "networkAddress"),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClientAccessArray:
    """A CAS array; C(servers) are the Client Access servers of its site. A site has at most one array."""

    name: str
    fqdn: str | None
    site: str | None
    legacy_dn: str
    servers: tuple[str, ...]


def client_access_arrays_of(objects: Objects, servers: Servers) -> tuple[ClientAccessArray, ...]:
    """The CAS arrays, sorted by name."""
    members: dict[str, list[str]] = collections.defaultdict(list)
    for server in servers.all:
        if server.generation == "2010" and "client_access" in server.roles and server.site:
            members[server.site.casefold()].append(server.name)
    arrays = []
    for entry in {entry.dn: entry for name in ARRAY_CLASSES for entry in objects.of(name)}.values():
        site = name_of(entry.text("msExchServerSite"))
        arrays.append(
            ClientAccessArray(
                name=name_of(entry.dn),
                fqdn=fqdn_of(entry),
                site=site or None,
                legacy_dn=entry.text("legacyExchangeDN"),
                servers=tuple(members.get(site.casefold(), ())),
            )
        )
    return tuple(sorted(arrays, key=lambda array: natural(array.name)))
