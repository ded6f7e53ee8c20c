# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check whether TCP ports are open, and whether a service responds there. Private to this collection."""

from __future__ import annotations

import dataclasses
import errno
import socket
import typing as t

from . import client_service
from .parallel import in_parallel

# These errors come from the remote host or a router on the path. All others are errors of this machine.
_CLOSED = {errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EHOSTUNREACH, errno.ETIMEDOUT}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PortResult:
    """The result for one port; C(open) is C(None) if this machine could not try it.

    C(responds) is C(None) if the service was not tested. C(why) is the reason if the port is not open or the service
    does not respond.
    """

    address: str
    port: int
    open: bool | None
    responds: bool | None = None
    why: str | None = None


def check_ports(
    pairs: t.Iterable[tuple[str, int]], *, timeout: float, with_services: bool = False
) -> dict[tuple[str, int], PortResult]:
    """Connect once to each address and port. C(timeout) is in seconds for each connection.

    Sends nothing, except C(with_services) to the ports of C(client_service.SERVICES).
    """
    unique = list(dict.fromkeys(pairs))
    services = client_service.SERVICES if with_services else {}

    def check(pair: tuple[str, int]) -> PortResult:
        return _check_port(*pair, timeout, services.get(pair[1]))

    return dict(zip(unique, in_parallel(check, unique), strict=True))


def _check_port(address: str, port: int, timeout: float, service: client_service.Service | None) -> PortResult:
    try:
        connection = socket.create_connection((address, port), timeout=timeout)
    except TimeoutError:
        return PortResult(address=address, port=port, open=False, why=f"No response within {timeout:g} s")
    except OSError as exc:
        refused = exc.errno in _CLOSED
        return PortResult(address=address, port=port, open=False if refused else None, why=exc.strerror or str(exc))
    with connection:
        if service is None:
            return PortResult(address=address, port=port, open=True)
        why = client_service.problem(service, connection, address)
    return PortResult(address=address, port=port, open=True, responds=why is None, why=why)
