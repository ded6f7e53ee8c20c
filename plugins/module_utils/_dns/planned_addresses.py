# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wanted addresses of names compared with those on each DNS server. Private to this collection; no I/O."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..errors import ServerError, TaskError
from .records import AddressRecords, address_list
from .update import Update

if t.TYPE_CHECKING:
    from .zone import NameServer

_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+", re.IGNORECASE)
_NEW_TTL = 300  # seconds
_LARGEST_TTL = 2**31 - 1  # RFC 2181, 8


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The wanted addresses of each name, and what its servers have, in the order in which they are written.

    C(found) has the records or the error by the name and the name of the server. C(ttl) is C(None) if that of existing
    records stays. C(patience) is how long to wait for replication, in seconds.
    """

    wanted: t.Mapping[str, tuple[str, ...]]
    ttl: int | None
    zones: t.Mapping[str, str]
    servers: t.Mapping[str, t.Sequence[NameServer]]
    found: t.Mapping[tuple[str, str], AddressRecords | ServerError]
    patience: float = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A setting of a name that a server has otherwise than wanted."""

    label: str
    before: t.Any
    after: t.Any
    details: t.Mapping[str, str]


def wanted_addresses(names: t.Mapping[str, t.Any], ttl: int | None) -> dict[str, tuple[str, ...]]:
    """The wanted addresses by name, in lower case. Raises C(TaskError)."""
    if ttl is not None and not 1 <= ttl <= _LARGEST_TTL:
        raise TaskError(f"ttl {ttl} is out of range: valid values are 1 to {_LARGEST_TTL} seconds.")
    if not names:
        raise TaskError("names is empty. Set it to the names with their addresses.")
    found: dict[str, tuple[str, ...]] = {}
    for text, given in names.items():
        name = str(text).lower().rstrip(".")
        if not _NAME.fullmatch(name):
            raise TaskError(
                f"{text!r} in names is not a fully qualified host name. Write it in ASCII, with its domain."
            )
        if name in found:
            raise TaskError(f"{name} is in names twice.")
        addresses = [given] if isinstance(given, str) else given
        if not isinstance(addresses, (list, tuple)) or not addresses:
            raise TaskError(f"{name} in names has no list of addresses. This module does not delete names.")
        try:
            found[name] = address_list(str(one).strip() for one in addresses)
        except ValueError as exc:
            raise TaskError(f"An address of {name} in names is not valid: {exc}.") from exc
    return found


def in_order(servers: t.Sequence[NameServer], first: str | None) -> tuple[NameServer, ...]:
    """The servers with the one that is written first. Raises C(TaskError) if it is none of them."""
    if not first:
        return tuple(servers)
    wanted = first.lower().rstrip(".")
    if wanted not in {server.name for server in servers}:
        raise TaskError(f"write_first is {first}, which is none of the DNS servers: {', '.join(map(str, servers))}.")
    return tuple(sorted(servers, key=lambda server: server.name != wanted))


def refuse_aliases(state: State) -> None:
    """Raise C(TaskError) for a name that is an alias: DNS servers ignore address records beside an alias."""
    for (name, server), found in state.found.items():
        if isinstance(found, AddressRecords) and found.alias:
            raise TaskError(
                f"{name} is an alias of {found.alias} on {server}, so its addresses cannot be set. Set those of "
                f"{found.alias}, or delete the alias. Nothing was written."
            )


def label(name: str, server: NameServer) -> str:
    """How the addresses of a name on a server are called in results."""
    return f"{name} on {server}"


def ttl_label(name: str, server: NameServer) -> str:
    """How the TTL of a name on a server is called in results."""
    return f"TTL of {label(name, server)}"


def differences(state: State, name: str) -> t.Iterator[Difference]:
    """What has to be changed of a name, in the order of its servers. A server that was not read has no difference."""
    wanted = state.wanted[name]
    for server in state.servers[name]:
        found = state.found[name, server.name]
        if isinstance(found, ServerError):
            continue
        common = {"thing": name, "server": server.name}
        if found.addresses != wanted:
            details = common | {"setting": "addresses", "id": name}
            yield Difference(label=label(name, server), before=found.addresses, after=wanted, details=details)
        ttl = _wanted_ttl(state, found)
        if found.ttl != ttl:
            details = common | {"setting": "ttl"}
            yield Difference(label=ttl_label(name, server), before=found.ttl, after=ttl, details=details)


def servers_to_write(state: State) -> list[NameServer]:
    """The servers on which a name has to be changed, each once."""
    changed = {row.details["server"] for name in state.wanted for row in differences(state, name)}
    every = {server.name: server for servers in state.servers.values() for server in servers}
    return [server for name, server in every.items() if name in changed]


def update(state: State, name: str, server: NameServer, values: t.Mapping[str, t.Any]) -> Update:
    """The update of a name on one server, with the records that were read as its condition.

    C(values) has the addresses and the TTL to write. What is missing there stays.
    """
    before = t.cast("AddressRecords", state.found[name, server.name])
    return Update(
        zone=state.zones[name],
        name=name,
        before=before,
        after=values.get("addresses", before.addresses),
        ttl=values.get("ttl", _wanted_ttl(dataclasses.replace(state, ttl=None), before)),
    )


def shown(addresses: t.Sequence[str]) -> str:
    """Addresses in a sentence."""
    return ", ".join(addresses) or "no address"


def _wanted_ttl(state: State, found: AddressRecords) -> int:
    return state.ttl or found.ttl or _NEW_TTL
