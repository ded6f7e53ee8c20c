# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens by itself after a while: adapters that come back, roles that move."""

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Does things later, one at a time, until it is stopped."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._waiting: set[threading.Timer] = set()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after a while, unless everything is cancelled before."""

        def due() -> None:
            with self.lock:
                if timer not in self._waiting:
                    return
                self._waiting.discard(timer)
                try:
                    action()
                except Exception:
                    traceback.print_exc()

        timer = threading.Timer(seconds, due)
        timer.daemon = True
        with self.lock:
            self._waiting.add(timer)
        timer.start()

    def cancel(self) -> None:
        """Forget everything that has not happened yet."""
        with self.lock:
            for timer in self._waiting:
                timer.cancel()
            self._waiting.clear()
