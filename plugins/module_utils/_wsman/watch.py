# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A time limit for an exchange of messages, and whether a request can have been sent. Private to this collection."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import typing as t

with contextlib.suppress(ImportError):  # without it there is no transport, so nothing here is called
    import urllib3
    import urllib3.connection


class Watch:
    """Ends an exchange that takes too long: another thread shuts down its connection.

    The timeouts of sockets apply to each received part, so a server that sends one byte a second never reaches them.
    The thread stays for the next exchange, because a new one for each costs more than the exchange.
    """

    def __init__(self) -> None:
        self.connected = False  # whether the connection, with TLS, was established, so that a request can be sent
        self.expired = False
        self._socket: socket.socket | None = None
        self._end: float | None = None  # of the exchange, None between exchanges
        self._thread: threading.Thread | None = None
        self._wake: float | None = None  # when the thread looks again, None if it has nothing to wait for
        self._change = threading.Condition()

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

    def stop(self) -> None:
        """End the thread, after the last exchange."""
        with self._change:
            self._thread = None
            self._change.notify()

    @contextlib.contextmanager
    def limit(self, seconds: float) -> t.Iterator[None]:
        """Shut down the connection if the block takes longer."""
        self.expired = False
        with self._change:
            self._end = time.monotonic() + seconds
            if self._thread is None:
                self._thread = threading.Thread(target=self._wait, daemon=True)
                self._thread.start()
            elif self._wake is None or self._end < self._wake:
                self._change.notify()
        try:
            yield
        finally:
            with self._change:
                self._end = None

    def _wait(self) -> None:
        """Sleep until the exchange should have ended. If a later one is under way by then, sleep again."""
        with self._change:
            while self._thread is threading.current_thread():
                if self._end is not None and self._end <= time.monotonic():
                    self._end = None
                    self._expire()
                self._wake = self._end
                self._change.wait(None if self._wake is None else max(self._wake - time.monotonic(), 0))

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
