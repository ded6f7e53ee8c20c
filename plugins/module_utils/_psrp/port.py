# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running cmdlets on Exchange servers, for any transport. Private to this collection."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .values import Parameters, PsObject

READING_VERBS = ("get", "test")


def is_reading(cmdlet: str) -> bool:
    """Whether the cmdlet only reads, by its verb."""
    return cmdlet.partition("-")[0].lower() in READING_VERBS


class Shell(t.Protocol):
    """The PowerShell sessions of one task, one for each server.

    C(host) is the server that runs a cmdlet if none is named. A read-only shell sends only the verbs Get and Test.
    """

    host: str
    writes: int
    """The number of cmdlets that were sent and may have written."""
    cmdlet_warnings: list[str]
    """The warnings of all cmdlets that ran, as Exchange wrote them."""

    def run(self, cmdlet: str, parameters: Parameters | None = None, *, server: str | None = None) -> list[PsObject]:
        """Run one cmdlet and return its objects. C(server) is an FQDN; its session stays open until C(close).

        Raises the errors of C(.errors) and C(..errors). After C(ResponseLost), read before the cmdlet is run again.
        """

    def close(self) -> None:
        """End all sessions. An open session counts against the account until Exchange ends it."""
