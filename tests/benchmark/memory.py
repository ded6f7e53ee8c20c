# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much memory a process and all of its descendants hold together, at most."""

from __future__ import annotations

import contextlib
import re
import threading
from pathlib import Path

_PROC = Path("/proc")
_SHARE = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


class Watch:
    """Looks every so many seconds. Pages that forks share count once: C(most) is the sum of proportional shares."""

    def __init__(self, pid: int, every: float = 0.5) -> None:
        self._pid = pid
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.most = 0

    def _look(self) -> None:
        while not self._over.wait(self._every):
            self.most = max(self.most, sum(map(_share, _family(self._pid))))

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        with contextlib.suppress(OSError):
            for task in (_PROC / str(each) / "task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def _share(pid: int) -> int:
    with contextlib.suppress(OSError):
        if told := _SHARE.search((_PROC / str(pid) / "smaps_rollup").read_text()):
            return int(told[1]) * 1024
    return 0
