# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the cmdlets write reaches the domain controller after a delay, as with a controller of another site."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ..directory.ldif import addition, change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..directory import DomainController
    from .catalogue import Change


def ldif(item: Change) -> str:
    """A change as LDIF."""
    if item.kind == "add":
        return addition(item.dn, item.attributes)
    if item.kind == "rename":
        return f"dn: {item.dn}\nchangetype: modrdn\nnewrdn: {item.attributes['newrdn']}\ndeleteoldrdn: 1\n\n"
    if item.kind == "delete":
        return f"dn: {item.dn}\nchangetype: delete\n\n"
    return change(item.dn, "replace", item.attributes)


class Replication:
    """Applies changes in their order. Without a domain controller they are only kept."""

    def __init__(self, controller: DomainController | None, seconds: float) -> None:
        self._controller = controller
        self._seconds = seconds
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, Change]] = []
        self._busy = False
        self._stopped = False
        self.applied: list[Change] = []
        self.problems: list[str] = []
        self._worker: threading.Thread | None = None

    def take(self, changes: Sequence[Change]) -> None:
        """Replicate these changes. Without a delay they are applied when this returns."""
        if not changes:
            return
        if not self._seconds:
            self._apply(list(changes))
            return
        due = time.monotonic() + self._seconds
        with self._changed:
            self._waiting += [(due, item) for item in changes]
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, daemon=True)
                self._worker.start()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._stopped)
                if self._stopped:
                    return
                due, _item = self._waiting[0]
                if self._changed.wait_for(lambda: self._stopped, max(due - time.monotonic(), 0)):
                    return
                now = time.monotonic()
                ready = [item for when, item in self._waiting if when <= now]
                del self._waiting[: len(ready)]
                self._busy = True
            self._apply(ready)

    def _apply(self, changes: list[Change]) -> None:
        if self._controller is not None:
            try:
                self._controller.modify("".join(map(ldif, changes)))
            except Exception as problem:
                self.problems.append(str(problem))
                raise
        self.applied += changes

    def wait(self, timeout: float = 30) -> bool:
        """Wait until everything is replicated. Returns false after the timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout)

    def forget(self) -> None:
        """Forget what was applied and what waits."""
        with self._changed:
            self._waiting.clear()
            self.applied = []

    def stop(self) -> None:
        """Stop. Changes that wait are lost, as with a controller that is gone."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
