# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the MTU of a network path with unfragmented echo requests. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._wsman.envelope import quoted

if t.TYPE_CHECKING:
    from .._wsman.client import Client

_HEADERS = 28  # bytes of the IP and ICMP headers: the MTU includes them, the buffer size does not
STANDARD_MTU = 1500

# Win32_PingStatus.StatusCode (IP_STATUS of iphlpapi)
_RESULTS = {0: "passes", 11009: "too_big", 11010: "no_answer"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The results of echo requests to one address, with the wanted and with the standard MTU.

    Each is C(passes), C(too_big) (reported by the sender's adapter or a router), C(no_answer), or C(unknown).
    """

    jumbo: str
    standard: str

    @property
    def verdict(self) -> str:
        """C(passes), C(fails), or C(unknown) if the standard echo request got no reply either."""
        if self.jumbo == "passes":
            return "passes"
        if self.jumbo == "too_big" or (self.jumbo == "no_answer" and self.standard == "passes"):
            return "fails"
        return "unknown"

    def reason(self, source: str, target: str, mtu: int) -> str:
        """The reason for the verdict as a sentence; empty if the path passes."""
        if self.verdict == "passes":
            return ""
        if self.jumbo == "too_big":
            return f"{source} itself cannot send packets of {mtu} bytes; check its adapters"
        if self.verdict == "fails":
            return (
                f"the path from {source} to {target} supports packets of {STANDARD_MTU} bytes but not of {mtu}; check "
                f"the switches in between and the adapters of {target}"
            )
        if self.standard == "passes":
            return f"{source} returned no result for packets of {mtu} bytes to {target}, so the result is unknown"
        return (
            f"{source} got no reply from {target} at all; a firewall may block echo requests, so the result is unknown"
        )


def read_path(client: Client, address: str, *, mtu: int, timeout_ms: int) -> Path:
    """Send echo requests from the host to an address, with the wanted and the standard MTU."""
    return Path(
        jumbo=_echo(client, address, mtu, timeout_ms), standard=_echo(client, address, STANDARD_MTU, timeout_ms)
    )


def _echo(client: Client, address: str, mtu: int, timeout_ms: int) -> str:
    wql = (
        f"SELECT * FROM Win32_PingStatus WHERE Address={quoted(address)} AND BufferSize={mtu - _HEADERS} "  # noqa: S608
        f"AND NoFragmentation=TRUE AND Timeout={timeout_ms}"
    )
    found = client.query("root/cimv2", wql, operation=f"sending an echo request of {mtu} bytes to {address}")
    code = found[0].integer("StatusCode") if found else None
    return "unknown" if code is None else _RESULTS.get(code, "unknown")
