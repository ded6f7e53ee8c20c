# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warning before the first write to a host of a release that no bundle has shown. Private to this collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._prove import seen
from ansible_collections.winha.cluster.plugins.module_utils._windows import computer
from ansible_collections.winha.cluster.plugins.module_utils.typed_value import plain, typed

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils.session import Session, SessionFactory

VARIABLE = "winha_cluster_warn_unproved"
Record = t.Callable[[list[dict[str, t.Any]]], None]


class Warner:
    """Warns once before the first write of a task, and in check mode if there is a change. Ansible shows a text once.

    C(value) is that of the variable. Raises C(TaskError) if it is no boolean.
    """

    def __init__(self, value: t.Any, *, reads_windows: bool, warn: t.Callable[[str], None]) -> None:
        wanted = typed(VARIABLE, plain(value), {"type": "bool"})
        self._pending = wanted is None or bool(wanted)
        self._reads_windows, self._warn = reads_windows, warn
        self._session: t.Any = None

    def watching(self, session_factory: SessionFactory) -> SessionFactory:
        """The factory; the session shows the release of the host."""

        def open_session(*, read_only: bool) -> Session:
            self._session = session_factory(read_only=read_only)
            return t.cast("Session", self._session)

        return open_session

    def before(self, record: Record) -> Record:
        """A record that warns before the first change is recorded, which is before it is written."""

        def warn_and_record(changes: list[dict[str, t.Any]]) -> None:
            if self._pending:
                self._say(self._release())
            record(changes)

        return warn_and_record

    def planned(self) -> None:
        """Changes are planned in check mode, and the session has ended. Only whether there is a bundle matters."""
        if self._pending and not seen.shown_releases():
            self._say("")

    def _release(self) -> str:
        """The release of the host, if it matters and can be read."""
        release = ""
        if self._reads_windows and seen.shown_releases():
            with contextlib.suppress(Exception):  # the write does not depend on it
                release = computer.read_computer(self._session).windows.name
        return release

    def _say(self, release: str) -> None:
        self._pending = False
        if release in seen.shown_releases():
            return
        windows = f"Windows Server {release}" if release else "a real host"
        self._warn(
            f"No bundle has shown how this collection works with {windows}. Before the first change, run the playbook "
            f"winha.cluster.prove, which only reads, and look at its table. Then set {VARIABLE} to false."
        )
