# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""To which servers a host name leads, from its addresses in DNS. Private to this collection; no I/O."""

from __future__ import annotations

import dataclasses
import typing as t

from ..name_list import folded, listed
from .published_names import ExchangeInputError, foreign

if t.TYPE_CHECKING:
    from .published_names import PublishedNames, Row, Server


@dataclasses.dataclass(frozen=True, slots=True)
class Lead:
    """C(family) is the one to whose servers a name leads, empty if that is not known; C(text) is the rest of "it"."""

    family: str
    text: str


class Leads:
    """The leads of all names that DNS was asked for, in the format of C(dns_name_info)."""

    def __init__(self, rows: object, published_names: PublishedNames) -> None:
        """Read the rows; C(None) if DNS was not asked. Raises C(ExchangeInputError)."""
        listed_rows = rows if rows is not None else []
        if not isinstance(listed_rows, t.Sequence) or not all(isinstance(row, t.Mapping) for row in listed_rows):
            raise ExchangeInputError(
                "dns is not a list of dictionaries, as winha.cluster.dns_name_info returns in names"
            )
        self._rows: dict[str, Row] = {str(row.get("name")).lower().removesuffix("."): row for row in listed_rows}
        self._published_names = published_names
        self._owners: dict[str, list[Server]] = {}
        for server in published_names.servers:
            for address in self._addresses(server.fqdn.lower()):
                self._owners.setdefault(address, []).append(server)

    def _addresses(self, host: str) -> list[str]:
        return [str(address) for address in self._rows.get(host, {}).get("addresses") or ()]

    def outside(self, host: str) -> str:
        """Why a host name leads off the organization, as the rest of "it"; empty if it may be of the organization."""
        return self.elsewhere(host) or self._published_names.outside(host)

    def elsewhere(self, host: str) -> str:
        """Why a host name certainly leads to no server of any organization, as the rest of "it"; else empty."""
        aliases = self._rows.get(host, {}).get("aliases") or ("",)
        target = str(aliases[-1]).lower().removesuffix(".")
        why = foreign(target)
        return foreign(host) or (f"is an alias of {target}, which {why}" if why else "")

    def of(self, host: str) -> Lead:
        """To which servers a host name leads."""
        if host not in self._rows:
            return Lead("", "was not looked up in DNS")
        if problem := self._rows[host].get("unknown"):
            return Lead("", f"could not be resolved: {str(problem).rstrip('.')}")
        addresses = self._addresses(host)
        if not addresses:
            return Lead("", "has no address in DNS")
        strange = [address for address in addresses if address not in self._owners]
        if strange:
            return Lead("", f"leads to {listed(strange)}, which is not the address of an Exchange server in DNS")
        servers = [server for address in addresses for server in self._owners[address]]
        families = {server.family for server in servers}
        text = f"leads to {folded(server.name for server in servers)}"
        return Lead(families.pop(), text) if len(families) == 1 else Lead("", f"{text}, of different generations")
