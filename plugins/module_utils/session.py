# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session of a task with a server, for all protocols. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

Options = t.Mapping[str, t.Any]


class Session(t.Protocol):
    """A session with one server. A read-only session does not send any write."""

    host: str
    writes: int
    """The number of writes that were sent."""

    def close(self) -> None:
        """End the session and delete its credentials."""


class SessionFactory(t.Protocol):
    """Creates a session; the first request opens the connection."""

    def __call__(self, *, read_only: bool) -> Session:
        """Create a session; with C(read_only) it does not send writes."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A kind of server, with the options for its address and authentication.

    C(session_factory) makes a factory from such options. Raises C(TaskError) if they contain no address.
    """

    spec: t.Mapping[str, t.Any]
    session_factory: t.Callable[[Options], SessionFactory]
