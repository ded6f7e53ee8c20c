# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay in front of the LDAP ports of the domain controller. It can close the connections."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import TYPE_CHECKING

from .programs import DirectoryError

if TYPE_CHECKING:
    from collections.abc import Callable

PORTS = (389, 636, 3268, 3269)
_CHUNK = 1 << 16


class Relay:
    """Passes bytes between clients and the domain controller.

    `decide` is called before each response: `pass` sends it, `lose` closes all connections without sending it,
    `give` sends it and then closes all connections. `on_end` is called before they are closed. With `final`, no new
    connections are accepted after that.
    """

    def __init__(
        self, address: str, target: str, decide: Callable[[], str], on_end: Callable[[], None], *, final: bool
    ) -> None:
        self.address = address
        self._target = target
        self._decide = decide
        self._on_end = on_end
        self._final = final
        self._listeners: list[socket.socket] = []
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Listen. Raises DirectoryError if an address is in use."""
        for port in PORTS:
            try:
                listener = socket.create_server((self.address, port))
            except OSError as problem:
                self.stop()
                raise DirectoryError(f"{self.address}:{port} of the relay: {problem.strerror}") from problem
            self._listeners.append(listener)
            self._run(self._accept, listener, port)

    def _run(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket, port: int) -> None:
        with contextlib.suppress(OSError):
            while not self._stopped.is_set():
                client, _peer = listener.accept()
                self._run(self._relay, client, port)

    def _relay(self, client: socket.socket, port: int) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.suppress(OSError))
            stack.enter_context(client)
            server = stack.enter_context(socket.create_connection((self._target, port), timeout=30))
            with self._lock:
                self._open |= {client, server}
            stack.callback(self._remove, client, server)
            while not self._stopped.is_set():
                ready, _writable, _failed = select.select([client, server], [], [], 30)
                for end in ready:
                    data = end.recv(_CHUNK)
                    if not data or not self._pass(data, client, server, to_client=end is server):
                        return

    def _remove(self, *ends: socket.socket) -> None:
        with self._lock:
            self._open -= set(ends)

    def _pass(self, data: bytes, client: socket.socket, server: socket.socket, *, to_client: bool) -> bool:
        if not to_client:
            server.sendall(data)
            return True
        with self._lock:
            decision = "lose" if self._stopped.is_set() else self._decide()
            if decision != "pass" and self._final:
                self._stopped.set()
        if decision == "lose":
            self._finish()
            return False
        client.sendall(data)
        if decision == "give":
            self._finish()
        return decision == "pass"

    def _finish(self) -> None:
        self._on_end()
        if self._final:
            self.stop(wait=False)
        else:
            self._close_connections()

    def _close_connections(self) -> None:
        with self._lock:
            ends = list(self._open)
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def stop(self, *, wait: bool = True) -> None:
        """Accept no more connections and close the open ones."""
        self._stopped.set()
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._close_connections()
        if wait:
            for thread in self._threads:
                if thread is not threading.current_thread():
                    thread.join(5)
