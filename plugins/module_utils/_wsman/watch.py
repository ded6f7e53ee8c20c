# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A time limit for an exchange of messages, and whether a request can have been sent. Private to this collection."""

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t

with contextlib.suppress(ImportError):  # without it there is no transport, so nothing here is called
    import urllib3
    import urllib3.connection


class Watch:
    """Ends an exchange that takes too long: another thread shuts down its connection.

    The timeouts of sockets apply to each received part, so a server that sends one byte a second never reaches them.
    """

    def __init__(self) -> None:
        self.connected = False  # whether the connection, with TLS, was established, so that a request can be sent
        self.expired = False
        self._socket: socket.socket | None = None

    def connecting(self, connection: socket.socket) -> None:
        """Watch a new connection."""
        self.forget()
        if self.expired:
            raise TimeoutError("the time is up")
        # The copy stays valid when TLS takes over the connection.
        self._socket = connection.dup()

    def forget(self) -> None:
        """The connection is closed."""
        self.connected = False
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @contextlib.contextmanager
    def limit(self, seconds: float) -> t.Iterator[None]:
        """Shut down the connection if the block takes longer."""
        self.expired = False
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _expire(self) -> None:
        self.expired = True
        watched = self._socket
        if watched is not None:
            with contextlib.suppress(OSError):
                watched.shutdown(socket.SHUT_RDWR)


def watched_pools(watch: Watch) -> dict[str, t.Any]:
    """The connection pools of urllib3 with connections that the watch can end."""

    class Plain(urllib3.connection.HTTPConnection):
        def _new_conn(self) -> t.Any:
            opened = super()._new_conn()
            watch.connecting(opened)
            return opened

        def connect(self) -> None:
            super().connect()
            watch.connected = True

    class Secure(urllib3.connection.HTTPSConnection):
        def _new_conn(self) -> t.Any:
            opened = super()._new_conn()
            watch.connecting(opened)
            return opened

        def connect(self) -> None:
            super().connect()
            watch.connected = True

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
