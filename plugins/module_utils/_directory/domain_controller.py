# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain controllers of a forest, from the sites in its configuration. Private to this collection.

Source: [MS-ADTS] 6.1.1.2.2.1. Each domain controller has an object C(nTDSDSA) below its object C(server) in its site. A
read-only one has the derived class C(nTDSDSARO).
"""

from __future__ import annotations

import dataclasses
import typing as t

from .distinguished_name import dn_key, domain_of, name_of

if t.TYPE_CHECKING:
    from .session import Directory

_ATTRIBUTES = ("dNSHostName", "objectClass", "options", "serverReference")
_IS_CATALOG = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DomainController:
    """A domain controller; C(fqdn), C(domain) and C(site) are C(None) if they may not be read."""

    name: str
    fqdn: str | None
    domain: str | None
    site: str | None
    global_catalog: bool
    read_only: bool


def read_domain_controllers(session: Directory) -> list[DomainController]:
    """Read the domain controllers of the forest with one search, sorted by name. Raises C(ServerError).

    The domain controller of the session is the first, and the others of its domain follow.
    """
    found = list(
        session.search(
            f"CN=Sites,{session.configuration_dn}",
            "(|(objectClass=nTDSDSA)(objectClass=server)(objectClass=site))",
            _ATTRIBUTES,
            operation="reading the domain controllers",
        )
    )
    entries = {dn_key(entry.dn): entry for entry in found}
    controllers = []
    for entry in found:
        classes = {name.casefold() for name in entry.texts("objectClass")}
        key = dn_key(entry.dn)
        server, site = entries.get(key[1:]), entries.get(key[3:])
        if "ntdsdsa" not in classes or server is None:
            continue
        controllers.append(
            DomainController(
                name=name_of(server.dn),
                fqdn=server.text("dNSHostName") or None,
                domain=domain_of(server.text("serverReference")) or None,
                site=name_of(site.dn) if site else None,
                global_catalog=bool((entry.number("options") or 0) & _IS_CATALOG),
                read_only="ntdsdsaro" in classes,
            )
        )
    own, domain = session.root.server.casefold(), domain_of(session.domain_dn)
    return sorted(
        controllers,
        key=lambda one: (
            (one.fqdn or "").casefold() != own,
            (one.domain or "").casefold() != domain,
            one.name.casefold(),
        ),
    )
