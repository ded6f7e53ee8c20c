# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proxy in a process of its own: python-ldap lets no other thread run while it signs in with Kerberos."""

from __future__ import annotations

import contextlib
import multiprocessing
import typing as t

from . import entries  # registers its faults
from .faults import FAULTS
from .proxy import Proxy

if t.TYPE_CHECKING:
    import pathlib
    from multiprocessing.connection import Connection

    from .proxy import Fault, Request

__all__ = ["RemoteProxy", "entries"]


class RemoteProxy:
    """A running proxy."""

    def __init__(self, address: str, target: str, certificate: pathlib.Path) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipe, other = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(other, address, target, certificate), daemon=True)
        self._process.start()
        other.close()
        self._pipe.recv()
        self.requests: list[Request] = []
        self.hits = 0
        self.elsewhere = 0

    def begin(self, fault: Fault | None, position: int, *, lasting: bool) -> None:
        """Begin a cell."""
        self._ask((fault.name if fault else "", position, lasting))

    def end(self) -> None:
        """End the cell, when nothing is on the way to the domain controller any more."""
        self.requests, self.hits, self.elsewhere = self._ask(None)

    def _ask(self, order: t.Any) -> t.Any:
        self._pipe.send(order)
        return self._pipe.recv()

    def stop(self) -> None:
        self._pipe.close()
        self._process.join(10)


def _serve(pipe: Connection, address: str, target: str, certificate: pathlib.Path) -> None:
    proxy = Proxy(address, target, certificate)
    pipe.send(None)
    with contextlib.suppress(EOFError):
        while True:
            order = pipe.recv()
            if order is None:
                proxy.end()
                pipe.send((proxy.requests, proxy.hits, proxy.elsewhere))
            else:
                name, position, lasting = order
                proxy.begin(FAULTS.get(name), position, lasting=lasting)
                pipe.send(None)
    proxy.stop()
