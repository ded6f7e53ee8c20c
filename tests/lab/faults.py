# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that make endpoints misbehave on purpose, from a file that is read again whenever it changes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

ACTIONS = (
    "fault", "slow", "drop", "empty_400", "garbage", "truncate", "huge", "stored_5024", "invalid_property",
    "redirect", "wrong_relates_to", "dtd", "time_out",
)  # fmt: skip


class RuleError(ValueError):
    """A rule that cannot be followed; the text says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When to misbehave, and how. `nth` counts the matching requests from 1; without `times` it never ends."""

    action: str
    value: Any = None
    subcode: str = "w:InternalError"
    text: str = "A fault rule of the lab answered this request."
    hresult: int | None = None
    host: str = "*"
    operation: str = "*"
    cls: str = "*"
    method: str = "*"
    nth: int = 1
    times: int | None = None

    def fits(self, host: str, operation: str, cls: str, method: str) -> bool:
        """Whether a request is one that the rule is about."""
        pairs = ((self.host, host), (self.operation, operation), (self.cls, cls), (self.method, method))
        return all(wanted in {"*", ""} or wanted.lower() == actual.lower() for wanted, actual in pairs)


def rule(data: Any) -> Rule:
    """Understand one rule of the file: `action` is a name, or a mapping with the name as its first key."""
    if not isinstance(data, dict) or "action" not in data:
        raise RuleError("a fault rule has no action")
    body = dict(data)
    action = body.pop("action")
    if "class" in body:
        body["cls"] = body.pop("class")
    if isinstance(action, dict):
        name = next((key for key in action if key in ACTIONS), "")
        body.update({key: value for key, value in action.items() if key != name}, value=action.get(name))
    else:
        name = str(action)
    if name not in ACTIONS:
        raise RuleError(f"the fault action {action} is not one of {', '.join(ACTIONS)}")
    try:
        return Rule(action=name, **body)
    except TypeError as problem:
        raise RuleError(f"a fault rule is not understood: {problem}") from problem


def load(path: Path) -> tuple[Rule, ...]:
    """The rules of a file; none when it is missing."""
    if not path.exists():
        return ()
    listed = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return tuple(rule(item) for item in listed)


def add(path: Path, data: dict[str, Any]) -> None:
    """Append one rule to the file."""
    rule(data)
    listed = (yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None) or []
    save(path, [*listed, data])


def save(path: Path, listed: list[dict[str, Any]]) -> None:
    """Replace the file as a whole."""
    draft = path.with_suffix(".new")
    draft.write_text(yaml.safe_dump(listed, sort_keys=False) if listed else "", encoding="utf-8")
    draft.replace(path)


class Rules:
    """The rules in force, with the count of requests that each has met."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._rules: tuple[Rule, ...] = ()
        self._met: list[int] = []

    def _refresh(self) -> None:
        try:
            seen = self._path.stat()
            stamp = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
        except FileNotFoundError:
            stamp = (0, 0, 0)
        if stamp == self._stamp:
            return
        fresh = load(self._path)
        old = list(zip(self._rules, self._met, strict=True))
        # A rule that stays at its place keeps its count, so that adding another does not start it anew.
        self._met = [old[at][1] if at < len(old) and old[at][0] == item else 0 for at, item in enumerate(fresh)]
        self._rules, self._stamp = fresh, stamp

    def match(self, host: str, operation: str, cls: str, method: str) -> Rule | None:
        """The first rule whose turn it is."""
        with self._lock:
            self._refresh()
            chosen = None
            for at, item in enumerate(self._rules):
                if not item.fits(host, operation, cls, method):
                    continue
                self._met[at] += 1
                started = self._met[at] >= item.nth
                if chosen is None and started and (item.times is None or self._met[at] < item.nth + item.times):
                    chosen = item
            return chosen
