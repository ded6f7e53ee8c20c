# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of the endpoints: shells and cmdlets, one line each. Passwords are not in it."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .parameters import Credential

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MASK = "********"


@dataclass(frozen=True, slots=True)
class Entry:
    """A shell that was created or deleted, a cmdlet, or a request that was refused before."""

    time: str
    server: str
    user: str
    operation: str
    cmdlet: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    write: bool = False
    changes: tuple[str, ...] = ()
    rule: str = ""


def shown(value: Any) -> Any:
    """A value of a parameter for the journal."""
    if isinstance(value, Credential):
        return {"UserName": value.user, "Password": MASK}
    if isinstance(value, tuple | list):
        return [shown(item) for item in value]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value


class Journal:
    """Appends entries to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Write an entry."""
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(entry)) + "\n")

    def reset(self) -> None:
        """Empty the journal."""
        with self._lock:
            self._path.unlink(missing_ok=True)


def read(path: Path, *, writes: bool = False, operation: str = "") -> list[Entry]:
    """The entries of a journal; with `writes` only the cmdlets that may write, with `operation` only these."""
    if not path.exists():
        return []
    found = [Entry(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    return [one for one in found if (one.write or not writes) and (not operation or one.operation == operation)]
