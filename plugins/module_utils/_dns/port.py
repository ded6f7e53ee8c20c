# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check whether TCP ports are open. Private to this collection."""

from __future__ import annotations

import dataclasses
import errno
import socket
import typing as t

from .parallel import in_parallel

# These errors come from the remote host or a router on the path. All others are errors of this machine.
_CLOSED = {errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EHOSTUNREACH, errno.ETIMEDOUT}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PortResult:
    """The result for one port; C(open) is C(None) if this machine could not try it, C(why) the reason if not open."""

    address: str
    port: int
    open: bool | None
    why: str | None = None


def check_ports(pairs: t.Iterable[tuple[str, int]], *, timeout: float) -> dict[tuple[str, int], PortResult]:
    """Connect once to each address and port, and send nothing. C(timeout) is in seconds for each connection."""
    unique = list(dict.fromkeys(pairs))
    return dict(zip(unique, in_parallel(lambda pair: _check_port(*pair, timeout), unique), strict=True))


def _check_port(address: str, port: int, timeout: float) -> PortResult:
    try:
        socket.create_connection((address, port), timeout=timeout).close()
    except TimeoutError:
        return PortResult(address=address, port=port, open=False, why=f"No response within {timeout:g} s")
    except OSError as exc:
        refused = exc.errno in _CLOSED
        return PortResult(address=address, port=port, open=False if refused else None, why=exc.strerror or str(exc))
    return PortResult(address=address, port=port, open=True)
