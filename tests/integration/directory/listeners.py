# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may stand where a domain controller should: something with a bad certificate, something silent, a relay."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import typing as t
from dataclasses import dataclass, field

if t.TYPE_CHECKING:
    import ssl

# The answer to the extended request that begins TLS, to message 1 (RFC 4511, 4.14).
_GO_ON = bytes.fromhex("300c02010178070a010004000400")
_OCTETS = 65536


@contextlib.contextmanager
def listening(address: str, serve: t.Callable[[socket.socket], None]) -> t.Iterator[int]:
    """Serve each connection in a thread of its own, on a port that is given."""
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


def silent(connection: socket.socket) -> None:
    """Take everything and answer nothing."""
    while connection.recv(_OCTETS):
        pass


def ended(connection: socket.socket) -> None:
    """Hear the first question and hang up."""
    connection.recv(_OCTETS)


def tls(context: ssl.SSLContext, *, start: bool = False) -> t.Callable[[socket.socket], None]:
    """Shake hands, after the request to do so where C(start), and go no further."""

    def serve(connection: socket.socket) -> None:
        if start:
            connection.recv(_OCTETS)
            connection.sendall(_GO_ON)
        with context.wrap_socket(connection, server_side=True) as wrapped:
            silent(wrapped)

    return serve


@dataclass(slots=True)
class Relay:
    """Passes on what it hears, and remembers it.

    C(on_answer) is told of each answer of the server before it is passed on, with its number over all connections; to
    say no is to hang up instead.
    """

    port: int = 0
    on_answer: t.Callable[[int], bool] = lambda _number: True
    _heard: list[bytes] = field(default_factory=list)
    _numbers: t.Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def seen(self) -> bytes:
        """All that went through, in both directions."""
        return b"".join(self._heard)

    def pass_on(self, source: socket.socket, sink: socket.socket, *, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_OCTETS):
                self._heard.append(data)
                if answers and not self.on_answer(next(self._numbers)):
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def relay(address: str, port: int, on_answer: t.Callable[[int], bool] = lambda _number: True) -> t.Iterator[Relay]:
    """Something between a client and a port of the same address."""
    found = Relay(on_answer=on_answer)

    def serve(connection: socket.socket) -> None:
        with socket.create_connection((address, port)) as server:
            threading.Thread(
                target=found.pass_on, args=(connection, server), kwargs={"answers": False}, daemon=True
            ).start()
            found.pass_on(server, connection, answers=True)

    with contextlib.ExitStack() as stack:
        found.port = stack.enter_context(listening(address, serve))
        yield found
