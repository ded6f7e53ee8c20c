# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task needs of a session with a server, whatever it speaks. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

Options = t.Mapping[str, t.Any]


class Session(t.Protocol):
    """A session with one server. One that may only read refuses to send any write, whoever asks for it."""

    host: str
    writes: int
    """How many writes were sent."""

    def close(self) -> None:
        """End it, and forget the credentials that it was opened with."""


class SessionFactory(t.Protocol):
    """Opens a session; nothing is sent before the first question."""

    def __call__(self, *, read_only: bool) -> Session:
        """A new session; with C(read_only) it refuses to write."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A kind of server that tasks talk to: the options that say where it is and how to sign in.

    C(session_factory) makes an session_factory of such options. Raises C(TaskError) when they do not say where to.
    """

    spec: t.Mapping[str, t.Any]
    session_factory: t.Callable[[Options], SessionFactory]
