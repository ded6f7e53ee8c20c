# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether TCP ports take connections. Private to this collection."""

from __future__ import annotations

import dataclasses
import errno
import socket
import typing as t

from .parallel import in_parallel

# The other end, or a router before it, refused or kept silent. What else fails, fails on this machine.
_CLOSED = {errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EHOSTUNREACH, errno.ETIMEDOUT}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PortResult:
    """A port of an address; C(open) is C(None) when this machine could not try. C(why) tells if it is not open."""

    address: str
    port: int
    open: bool | None
    why: str | None = None


def check_ports(pairs: t.Iterable[tuple[str, int]], *, timeout: float) -> dict[tuple[str, int], PortResult]:
    """Connect once with each address and port, and send nothing. C(timeout) is in seconds, for each."""
    once = list(dict.fromkeys(pairs))
    return dict(zip(once, in_parallel(lambda pair: _check_port(*pair, timeout), once), strict=True))


def _check_port(address: str, port: int, timeout: float) -> PortResult:
    try:
        socket.create_connection((address, port), timeout=timeout).close()
    except TimeoutError:
        return PortResult(address=address, port=port, open=False, why=f"No answer within {timeout:g} s")
    except OSError as exc:
        refused = exc.errno in _CLOSED
        return PortResult(address=address, port=port, open=False if refused else None, why=exc.strerror or str(exc))
    return PortResult(address=address, port=port, open=True)
