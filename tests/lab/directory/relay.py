# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay before the LDAP ports of the controller: it understands nothing, and can end what goes through it."""

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
    """Passes bytes between clients and the controller.

    Before an answer is passed on, `verdict` is asked: `pass`, `lose` (end every connection without passing the answer
    on) or `give` (pass the answer on, then end every connection). `ended` is called before that. No new connection is
    taken afterwards if the end is `final`.
    """

    def __init__(
        self, address: str, target: str, verdict: Callable[[], str], ended: Callable[[], None], *, final: bool
    ) -> None:
        self.address = address
        self._target = target
        self._verdict = verdict
        self._ended = ended
        self._final = final
        self._doors: list[socket.socket] = []
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._over = threading.Event()

    def start(self) -> None:
        """Listen. Raises DirectoryError when an address is taken."""
        for port in PORTS:
            try:
                door = socket.create_server((self.address, port))
            except OSError as problem:
                self.stop()
                raise DirectoryError(f"{self.address}:{port} of the relay: {problem.strerror}") from problem
            self._doors.append(door)
            self._run(self._accept, door, port)

    def _run(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, door: socket.socket, port: int) -> None:
        with contextlib.suppress(OSError):
            while not self._over.is_set():
                client, _peer = door.accept()
                self._run(self._carry, client, port)

    def _carry(self, client: socket.socket, port: int) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.suppress(OSError))
            stack.enter_context(client)
            server = stack.enter_context(socket.create_connection((self._target, port), timeout=30))
            with self._lock:
                self._open |= {client, server}
            stack.callback(self._forget, client, server)
            while not self._over.is_set():
                ready, _writable, _failed = select.select([client, server], [], [], 30)
                for end in ready:
                    data = end.recv(_CHUNK)
                    if not data or not self._pass(data, client, server, to_client=end is server):
                        return

    def _forget(self, *ends: socket.socket) -> None:
        with self._lock:
            self._open -= set(ends)

    def _pass(self, data: bytes, client: socket.socket, server: socket.socket, *, to_client: bool) -> bool:
        if not to_client:
            server.sendall(data)
            return True
        with self._lock:
            verdict = "lose" if self._over.is_set() else self._verdict()
            if verdict != "pass" and self._final:
                self._over.set()
        if verdict == "lose":
            self._end()
            return False
        client.sendall(data)
        if verdict == "give":
            self._end()
        return verdict == "pass"

    def _end(self) -> None:
        self._ended()
        if self._final:
            self.stop(wait=False)
        else:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            ends = list(self._open)
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def stop(self, *, wait: bool = True) -> None:
        """Take no more connections and end those that there are."""
        self._over.set()
        for door in self._doors:
            with contextlib.suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)
            door.close()
        self._cut()
        if wait:
            for thread in self._threads:
                if thread is not threading.current_thread():
                    thread.join(5)
