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


Endpoint = tuple[str, int]


def check_ports(
    pairs: t.Iterable[Endpoint], *, timeout: float, services: t.Mapping[Endpoint, str] | None = None
) -> dict[Endpoint, PortResult]:
    """Connect once to each address and port. C(timeout) is in seconds, for the connection and for the service.

    Sends nothing, except to the endpoints in C(services) that have one of the ports of C(client_service.SERVICES).
    C(services) has the names by which clients call them.
    """
    unique = list(dict.fromkeys(pairs))

    def check(pair: Endpoint) -> PortResult:
        return _check_port(*pair, timeout, (services or {}).get(pair))

    return dict(zip(unique, in_parallel(check, unique), strict=True))


def _check_port(address: str, port: int, timeout: float, name: str | None) -> PortResult:
    try:
        connection = socket.create_connection((address, port), timeout=timeout)
    except TimeoutError:
        return PortResult(address=address, port=port, open=False, why=f"No response within {timeout:g} s")
    except OSError as exc:
        refused = exc.errno in _CLOSED
        return PortResult(address=address, port=port, open=False if refused else None, why=exc.strerror or str(exc))
    service = client_service.SERVICES.get(port)
    with connection:
        if service is None or name is None:
            return PortResult(address=address, port=port, open=True)
        why = client_service.problem(service, connection, name)
    return PortResult(address=address, port=port, open=True, responds=why is None, why=why)
