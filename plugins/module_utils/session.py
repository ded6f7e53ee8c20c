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


def with_warnings(session_factory: SessionFactory, warnings: list[t.Sequence[str]]) -> SessionFactory:
    """The factory; it adds the warnings of a session to C(warnings). They can become more until it is closed."""

    def open_session(*, read_only: bool) -> Session:
        session = session_factory(read_only=read_only)
        warnings.append(getattr(session, "warnings", ()))
        return session

    return open_session


def all_warnings(warnings: t.Iterable[t.Sequence[str]]) -> list[str]:
    """The warnings of all sessions."""
    return [text for found in warnings for text in found]
