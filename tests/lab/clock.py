# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timers for what happens later: adapters that come up again, roles that move."""

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Runs actions later, one at a time."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._timers: set[threading.Timer] = set()

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run an action after this many seconds, unless it is canceled before."""

        def run() -> None:
            with self.lock:
                if timer not in self._timers:
                    return
                self._timers.discard(timer)
                try:
                    action()
                except Exception:
                    traceback.print_exc()

        timer = threading.Timer(seconds, run)
        timer.daemon = True
        with self.lock:
            self._timers.add(timer)
        timer.start()

    def cancel(self) -> None:
        """Cancel every action that has not run yet."""
        with self.lock:
            for timer in self._timers:
                timer.cancel()
            self._timers.clear()
