# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of the cells: the modules for Active Directory with options, and how the directory shows what they did."""

from __future__ import annotations

import dataclasses
import typing as t

from ..estate import PASSWORD
from ..variants import State, Variant
from .domain import ASA, DOMAIN, FQDN, OLD, OTHER

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .domain import Picture

_CONNECTIONS: Mapping[str, Mapping[str, t.Any]] = {
    "": {"authentication": "simple", "tls": "ldaps", "username": f"Administrator@{DOMAIN}", "password": PASSWORD},
    "start_tls": {
        "authentication": "simple", "tls": "start_tls", "username": f"Administrator@{DOMAIN}", "password": PASSWORD,
    },
    "sealed": {"authentication": "kerberos", "tls": "none"},
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryVariant(Variant):
    """A task on the domain controller. C(refused): the task must fail and write nothing."""

    host: str = FQDN
    connection: str = ""
    refused: bool = False

    @property
    def all_options(self) -> dict[str, t.Any]:
        """The options, with those of the connection."""
        return {**_CONNECTIONS[self.connection], "servers": [FQDN], "connect_timeout": 1, "operation_timeout": 1,
                **self.options}  # fmt: skip


def _holders(*names: str) -> Callable[[t.Any], State]:
    def state(picture: Picture) -> State:
        return {name: picture.holders(name) for name in names}

    return state


def _name(*parts: str) -> list[str]:
    return [f"{part}.{DOMAIN}" for part in parts]


def _spn(
    kind: str, account: str, names: t.Sequence[str], wanted: Mapping[str, list[str]], *, connection: str = "",
    **options: t.Any,
) -> DirectoryVariant:  # fmt: skip
    return DirectoryVariant(
        name=f"spn/{kind}{f'_{connection}' if connection else ''}",
        connection=connection,
        options={"account": account, "spns": list(names), **options},
        wanted=wanted,
        state=_holders(*wanted),
        refused=kind == "conflict",
    )


_NEW = _name("http/new-1", "exchangeMDB/new-2")
_MOVE = _name("http/move-1", "http/move-2", "exchangeMDB/move-3")
_STALE = _name("http/stale", "http/stale-2")
_EXACT = [*_name("http/keep", "http/new-3")]
_ADD = ("add", "ASA", _NEW, {name: [ASA] for name in _NEW})
_MOVED = ("move", "CORP\\ASA$", _MOVE, {name: [ASA] for name in _MOVE})
_SEVERAL = {"accounts": ["ASA$", f"old@{DOMAIN}", OTHER], "spns": ["*/keep.*", "http/move-*"]}
_ALL_OF_THEM = {"accounts": ["CORP\\svc-other", "nobody"], "spns": ["x/*"], "duplicates": True}
_LISTED = (
    _spn(*_ADD),
    _spn(*_ADD, connection="sealed"),
    _spn(*_ADD, connection="start_tls"),
    _spn("absent", f"ASA$@{DOMAIN}", _STALE, {name: [] for name in _STALE}, state="absent"),
    _spn("exact", ASA, _EXACT, {_EXACT[1]: [ASA], **{name: [] for name in _STALE}}, state="exact"),
    _spn(*_MOVED, on_conflict="move"),
    _spn(*_MOVED, on_conflict="move", connection="sealed"),
    _spn("conflict", OLD, _name("exchangeMDB/move-3"), {name: [OTHER] for name in _name("exchangeMDB/move-3")}),
    DirectoryVariant(name="spn_info/some", options=_SEVERAL),
    DirectoryVariant(name="spn_info/all", options=_ALL_OF_THEM),
    DirectoryVariant(name="spn_info/sealed", options=_SEVERAL, connection="sealed"),
    DirectoryVariant(name="exchange_info/all"),
    DirectoryVariant(name="exchange_info/servers", options={"gather": []}),
    DirectoryVariant(name="exchange_info/sealed", connection="sealed"),
)
VARIANTS = {one.name: one for one in _LISTED}
