# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacements for a domain controller: bad certificates, no response, and a relay."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import typing as t
from dataclasses import dataclass, field

if t.TYPE_CHECKING:
    import ssl

# The response to the StartTLS extended request, message 1 (RFC 4511, 4.14).
_START_TLS_RESPONSE = bytes.fromhex("300c02010178070a010004000400")
_OCTETS = 65536


@contextlib.contextmanager
def listening(address: str, serve: t.Callable[[socket.socket], None]) -> t.Iterator[int]:
    """Serve each connection in its own thread, and yield the port."""
    with socket.create_server((address, 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _peer = server.accept()
                    threading.Thread(target=_served, args=(serve, connection), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _served(serve: t.Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        serve(connection)


def no_response(connection: socket.socket) -> None:
    """Read all data and send no response."""
    while connection.recv(_OCTETS):
        pass


def closed_connection(connection: socket.socket) -> None:
    """Read the first request and close the connection."""
    connection.recv(_OCTETS)


def tls(context: ssl.SSLContext, *, start: bool = False) -> t.Callable[[socket.socket], None]:
    """Do a TLS handshake, with C(start) after the StartTLS request, and send nothing more."""

    def serve(connection: socket.socket) -> None:
        if start:
            connection.recv(_OCTETS)
            connection.sendall(_START_TLS_RESPONSE)
        with context.wrap_socket(connection, server_side=True) as wrapped:
            no_response(wrapped)

    return serve


@dataclass(slots=True)
class Relay:
    """Forwards all data and records it.

    C(on_response) is called with the number of each response, over all connections, before it is forwarded. If it
    returns false, the connection is closed.
    """

    port: int = 0
    on_response: t.Callable[[int], bool] = lambda _number: True
    _data: list[bytes] = field(default_factory=list)
    _numbers: t.Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def seen(self) -> bytes:
        """All data in both directions."""
        return b"".join(self._data)

    def forward(self, source: socket.socket, sink: socket.socket, *, responses: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_OCTETS):
                self._data.append(data)
                if responses and not self.on_response(next(self._numbers)):
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def relay(address: str, port: int, on_response: t.Callable[[int], bool] = lambda _number: True) -> t.Iterator[Relay]:
    """A relay between a client and a port of the same address."""
    found = Relay(on_response=on_response)

    def serve(connection: socket.socket) -> None:
        with socket.create_connection((address, port)) as server:
            threading.Thread(
                target=found.forward, args=(connection, server), kwargs={"responses": False}, daemon=True
            ).start()
            found.forward(server, connection, responses=True)

    with contextlib.ExitStack() as stack:
        found.port = stack.enter_context(listening(address, serve))
        yield found
