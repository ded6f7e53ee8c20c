# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of requests and events: one line each, on disk before the response is sent."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from .windows.repository import Change

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """A request with its result, or an event (operation `Event`): a change that no request made directly."""

    time: str
    host: str
    user: str | None
    listener: str
    operation: str
    namespace: str = ""
    cls: str = ""
    method: str = ""
    selectors: Mapping[str, str] = field(default_factory=dict)
    wql: str = ""
    write: bool = False
    changes: tuple[Change, ...] = ()
    status: int = 0
    fault_code: int | None = None
    fault_subcode: str = ""
    fault_text: str = ""
    rule: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    detail: str = ""


class Journal:
    """Appends entries to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def add(self, entry: Entry) -> None:
        """Write an entry."""
        line = json.dumps(asdict(entry)) + "\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()

    def reset(self) -> None:
        """Empty the journal."""
        with self._lock:
            self._file.seek(0)
            self._file.truncate()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read(path: Path, *, writes: bool = False, events: bool = False) -> list[Entry]:
    """The entries of a journal: all, or with `writes` the writes, with `events` the events."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        data = json.loads(line)
        changes = tuple(Change(**change) for change in data.pop("changes"))
        entry = Entry(**data, changes=changes)
        if (entry.write and writes) or (entry.operation == "Event" and events) or not (writes or events):
            found.append(entry)
    return found
