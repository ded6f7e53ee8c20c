# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A shell in memory: cmdlets are functions of the test."""

from __future__ import annotations

import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._psrp.errors import NotGranted
from ansible_collections.winha.cluster.plugins.module_utils._psrp.port import is_reading
from ansible_collections.winha.cluster.plugins.module_utils._psrp.values import PsObject
from ansible_collections.winha.cluster.plugins.module_utils.errors import WriteRefused

Cmdlet = t.Callable[..., t.Any]


def ps_object(type_name: str = "", /, text: str = "", **properties: t.Any) -> PsObject:
    """An object as a cmdlet returns it."""
    return PsObject(type_names=(type_name,) if type_name else (), properties=properties, text=text)


class FakeShell:
    """Runs the functions in C(cmdlets), by the name of the cmdlet; each gets C(server) and the parameters by name.

    A function returns objects, or raises an error of the port. C(calls) are what was run: server, cmdlet, parameters.
    """

    def __init__(self, cmdlets: t.Mapping[str, Cmdlet], *, host: str = "ex1.lab.test", read_only: bool = False) -> None:
        self.host = host
        self.writes = 0
        self.closed = False
        self.cmdlet_warnings: list[str] = []
        self.calls: list[tuple[str, str, dict[str, t.Any]]] = []
        self._cmdlets = {name.lower(): function for name, function in cmdlets.items()}
        self._read_only = read_only

    def run(
        self, cmdlet: str, parameters: t.Mapping[str, t.Any] | None = None, *, server: str | None = None
    ) -> list[PsObject]:
        if not is_reading(cmdlet):
            if self._read_only:
                raise WriteRefused("a read-only session tried to send a write")
            self.writes += 1
        self.calls.append((server or self.host, cmdlet, dict(parameters or {})))
        if cmdlet.lower() not in self._cmdlets:
            raise NotGranted(f"the term '{cmdlet}' is not recognized", cmdlet=cmdlet)
        return list(self._cmdlets[cmdlet.lower()](server or self.host, **(parameters or {})) or ())

    def close(self) -> None:
        self.closed = True
