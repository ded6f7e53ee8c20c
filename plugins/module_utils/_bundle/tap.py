# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A transport that keeps what goes through another one. Private to this collection."""

from __future__ import annotations

import time
import typing as t

from .exchange import Exchange
from .folder import BundleError, add


class Sending(t.Protocol):
    """The transport of a session."""

    host: str
    url: str

    def send(self, message: str) -> bytes:
        """Send a message and return the response."""

    def addresses(self) -> frozenset[str]:
        """The IP addresses of the host."""

    def close(self) -> None:
        """Close the connection."""


class Tap:
    """Keeps the messages of a session, and adds them to the bundle when the session ends.

    If they cannot be added, C(warnings) gets a sentence: the result of the task matters more.
    """

    def __init__(self, transport: Sending, path: str, warnings: list[str]) -> None:
        self.host = transport.host
        self.url = transport.url
        self._transport = transport
        self._path = path
        self._warnings = warnings
        self._kept: list[Exchange] = []

    def send(self, message: str) -> bytes:
        """Send a message and return the response."""
        begin = time.monotonic()
        try:
            response = self._transport.send(message)
        except Exception as exc:
            self._keep(message, None, type(exc).__name__, begin)
            raise
        self._keep(message, response.decode("utf-8", "replace"), "", begin)
        return response

    def addresses(self) -> frozenset[str]:
        """The IP addresses of the host."""
        return self._transport.addresses()

    def close(self) -> None:
        """Close the connection, and add the messages to the bundle."""
        try:
            self._transport.close()
        finally:
            kept, self._kept = self._kept, []
            self._add(kept)

    def _keep(self, request: str, response: str | None, error: str, begin: float) -> None:
        seconds = time.monotonic() - begin
        self._kept.append(Exchange(request=request, response=response, error=error, seconds=seconds))

    def _add(self, kept: list[Exchange]) -> None:
        if not kept:
            return
        try:
            add(self._path, self.host, kept)
        except BundleError as exc:
            self._warnings.append(str(exc))
        except Exception as exc:  # the result of the task matters more
            self._warnings.append(f"The messages of this task were not added to the bundle ({type(exc).__name__}).")
