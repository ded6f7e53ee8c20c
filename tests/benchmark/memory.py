# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure the peak memory of a process and all its descendants together."""

from __future__ import annotations

import contextlib
import re
import threading
from pathlib import Path

_PROC = Path("/proc")
_PROPORTIONAL_SHARE = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


class MemoryMonitor:
    """Reads the memory at each interval. C(peak) is a sum of proportional shares, so shared pages count once."""

    def __init__(self, pid: int, interval: float = 0.5) -> None:
        self._pid = pid
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._measure, daemon=True)
        self.peak = 0

    def _measure(self) -> None:
        while not self._stopped.wait(self._interval):
            self.peak = max(self.peak, sum(map(_memory, _process_tree(self._pid))))

    def __enter__(self) -> MemoryMonitor:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopped.set()
        self._thread.join()


def _process_tree(pid: int) -> list[int]:
    pids = [pid]
    for each in pids:
        with contextlib.suppress(OSError):
            for task in (_PROC / str(each) / "task").iterdir():
                pids += map(int, (task / "children").read_text().split())
    return pids


def _memory(pid: int) -> int:
    with contextlib.suppress(OSError):
        if match := _PROPORTIONAL_SHARE.search((_PROC / str(pid) / "smaps_rollup").read_text()):
            return int(match[1]) * 1024
    return 0
