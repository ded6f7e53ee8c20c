# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network path carries, found with echo requests that must not be fragmented. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._wsman.envelope import quoted

if t.TYPE_CHECKING:
    from .._wsman.client import Client

_HEADERS = 28  # octets of the IP and ICMP headers, which an MTU counts and an echo's payload does not
STANDARD_MTU = 1500

# Win32_PingStatus.StatusCode (IP_STATUS of iphlpapi)
_ANSWERS = {0: "passes", 11009: "too_big", 11010: "no_answer"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """What came of echo requests to one address, at the wanted MTU and at the standard one.

    Each is C(passes), C(too_big) (the sender's own adapter, or a router, says so), C(no_answer), or C(unknown).
    """

    jumbo: str
    standard: str

    @property
    def verdict(self) -> str:
        """C(passes), C(fails), or C(unknown): without an answer to a standard echo, silence proves nothing."""
        if self.jumbo == "passes":
            return "passes"
        if self.jumbo == "too_big" or (self.jumbo == "no_answer" and self.standard == "passes"):
            return "fails"
        return "unknown"

    def reason(self, source: str, target: str, mtu: int) -> str:
        """The verdict as a sentence, empty when the path passes."""
        if self.verdict == "passes":
            return ""
        if self.jumbo == "too_big":
            return f"{source} itself sends no packet of {mtu} octets there; look at its adapters"
        if self.verdict == "fails":
            return (
                f"the path from {source} to {target} carries {STANDARD_MTU} octets and not {mtu}; look at the switches "
                f"in between and at the adapters of {target}"
            )
        if self.standard == "passes":
            return f"{source} did not say what became of {mtu} octets to {target}, so nothing is known of them"
        return f"{target} does not answer {source} at all, so echo may be filtered and nothing is known"


def read_path(client: Client, address: str, *, mtu: int, timeout_ms: int) -> Path:
    """Ask the host to reach an address with packets of the wanted and of the standard size."""
    return Path(
        jumbo=_echo(client, address, mtu, timeout_ms), standard=_echo(client, address, STANDARD_MTU, timeout_ms)
    )


def _echo(client: Client, address: str, mtu: int, timeout_ms: int) -> str:
    wql = (
        f"SELECT * FROM Win32_PingStatus WHERE Address={quoted(address)} AND BufferSize={mtu - _HEADERS} "  # noqa: S608
        f"AND NoFragmentation=TRUE AND Timeout={timeout_ms}"
    )
    found = client.query("root/cimv2", wql, operation=f"sending an echo of {mtu} octets to {address}")
    code = found[0].integer("StatusCode") if found else None
    return "unknown" if code is None else _ANSWERS.get(code, "unknown")
