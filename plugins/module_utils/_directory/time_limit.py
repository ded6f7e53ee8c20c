# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time limits that OpenLDAP does not have. Private to this collection.

OpenLDAP waits without a limit in a TLS handshake, and for the rest of a message or an encrypted record that has begun.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import struct
import threading
import typing as t


@contextlib.contextmanager
def time_limit(seconds: float, descriptors: t.Callable[[], t.Iterable[int]]) -> t.Iterator[None]:
    """Shut down these sockets if the block takes longer, so that OpenLDAP ends with an error."""
    is_done = threading.Event()

    def watch() -> None:
        while not is_done.wait(seconds):
            for descriptor in descriptors():
                with contextlib.suppress(OSError), _shared(descriptor) as shared:  # it may be closed already
                    shared.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def sockets_to(port: int) -> set[int]:
    """The sockets of this process that are connected to a port. OpenLDAP returns its own only after the handshake."""
    return {int(file.name) for file in pathlib.Path("/dev/fd").iterdir() if _is_connected(int(file.name), port)}


def limit_reads(descriptor: int, seconds: float) -> None:
    """Set the time limits of a socket."""
    limit = struct.pack("ll", max(1, int(seconds)), 0)
    with _shared(descriptor) as shared:
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def _is_connected(descriptor: int, port: int) -> bool:
    try:
        with _shared(descriptor) as shared:
            return shared.family in (socket.AF_INET, socket.AF_INET6) and bool(shared.getpeername()[1] == port)
    except OSError:  # not open, not a socket, or not connected
        return False


def _shared(descriptor: int) -> socket.socket:
    own = os.dup(descriptor)
    try:
        return socket.socket(fileno=own)
    except OSError:  # not a socket
        os.close(own)
        raise
