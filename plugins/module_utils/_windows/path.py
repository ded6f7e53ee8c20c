# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the MTU of a network path with unfragmented echo requests. Private to this collection."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import typing as t

from .._wsman.envelope import quoted
from .._wsman.errors import ServerError, Unreachable

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client

# Bytes of the IP and ICMP headers (RFC 791, 792, 8200 and 4443): the MTU includes them, the buffer size does not.
_HEADERS = {4: 20 + 8, 6: 40 + 8}
STANDARD_MTU = 1500
_SMALL = 32  # bytes: passes on every path
_TOGETHER = 30_000  # milliseconds that the echo requests of one query may wait, half of the longest operation

# Win32_PingStatus.StatusCode (IP_STATUS of iphlpapi)
_RESULTS = {0: "passes", 11009: "too_big", 11010: "no_answer"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The results of echo requests to one address, with the wanted and with the standard MTU.

    Each is C(passes), C(too_big) (reported by the sender's adapter or a router), C(no_answer), or C(unknown).
    C(payload) is the buffer size of the echo request with the wanted MTU.
    """

    jumbo: str
    standard: str
    payload: int = 0

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


Replies = t.Mapping[tuple[str, int], "Instance"]


def read_replies(client: Client, addresses: t.Iterable[str], *, mtu: int, timeout_ms: int) -> Replies:
    """Send the echo requests to several addresses with few queries. Return the replies by address and buffer size.

    The smaller size is sent only where the larger one does not pass. A reply that is missing, also because a query
    failed, has to be requested alone: it shows which address it is about.
    """
    replies: dict[tuple[str, int], Instance] = {}
    for headers, found, packet in _groups(addresses, mtu, most=max(_TOGETHER // max(timeout_ms, 1), 1)):
        size = packet - headers
        group = [each for each in found if not _proves(replies.get((each, mtu - headers)), mtu, packet)]
        if not group[1:]:
            continue  # one that is left can be asked alone
        condition = " OR ".join(f"Address={quoted(address)}" for address in group)
        operation = f"sending echo requests with {size} bytes to {', '.join(group)}"
        try:
            rows = client.query("root/cimv2", _wql(f"({condition})", size, timeout_ms), operation=operation)
        except Unreachable:
            raise
        except ServerError:
            continue
        by_address = {(row.text("Address") or ""): row for row in rows}
        replies |= {(address, size): by_address[address] for address in group if address in by_address}
    return replies


def _groups(addresses: t.Iterable[str], mtu: int, *, most: int) -> t.Iterator[tuple[int, list[str], int]]:
    """The size of the headers, the addresses and the size of the packets of each query.

    Names are in none: the version of IP to them is not known.
    """
    by_version: dict[int, list[str]] = {}
    for address in dict.fromkeys(addresses):
        with contextlib.suppress(ValueError):
            by_version.setdefault(ipaddress.ip_address(address).version, []).append(address)
    for version, found in by_version.items():
        for first in range(0, len(found), most):
            for size in (mtu, STANDARD_MTU):
                yield _HEADERS[version], found[first : first + most], size


def _proves(reply: Instance | None, mtu: int, packet: int) -> bool:
    """Whether the reply to a packet of C(mtu) bytes shows that a smaller packet passes, too."""
    return packet < mtu and reply is not None and _result(reply) == "passes"


def _result(reply: Instance | None) -> str:
    code = reply.integer("StatusCode") if reply else None
    return "unknown" if code is None else _RESULTS.get(code, "unknown")


def read_path(client: Client, address: str, *, mtu: int, timeout_ms: int, replies: Replies | None = None) -> Path:
    """Send echo requests from the host to an address, with the wanted and the standard MTU.

    C(replies) are those that are already there.
    """
    headers = _HEADERS[_version(client, address, timeout_ms)]

    def reply(size: int) -> Instance | None:
        return (replies or {}).get((address, size - headers)) or _echo(client, address, size - headers, timeout_ms)

    large = reply(mtu)
    shown = _proves(large, mtu, STANDARD_MTU)
    standard = "passes" if shown else _result(reply(STANDARD_MTU))
    return Path(jumbo=_result(large), standard=standard, payload=mtu - headers)


def _version(client: Client, address: str, timeout_ms: int) -> int:
    """The version of IP to an address. For a name, that of the address from which a reply comes, else 4."""
    try:
        return ipaddress.ip_address(address).version
    except ValueError:
        pass
    found = _echo(client, address, _SMALL, timeout_ms)
    return 6 if found and ":" in (found.text("ProtocolAddress") or "") else 4


def _echo(client: Client, address: str, size: int, timeout_ms: int) -> Instance | None:
    wql = _wql(f"Address={quoted(address)}", size, timeout_ms)
    found = client.query("root/cimv2", wql, operation=f"sending an echo request with {size} bytes to {address}")
    return next(iter(found), None)


def _wql(addresses: str, size: int, timeout_ms: int) -> str:
    return (
        f"SELECT * FROM Win32_PingStatus WHERE {addresses} AND BufferSize={size} "  # noqa: S608
        f"AND NoFragmentation=TRUE AND Timeout={timeout_ms}"
    )
