# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault rules: intended errors of the endpoints. Their file is read again when it changes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

ACTIONS = (
    "fault", "slow", "drop", "empty_400", "garbage", "truncate", "huge", "stored_5024", "invalid_property",
    "redirect", "wrong_relates_to", "dtd", "time_out", "refuse", "without",
)  # fmt: skip


class RuleError(ValueError):
    """A fault rule is not valid."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault and the requests that it is for: from the `nth` match on, `times` times or always."""

    action: str
    value: Any = None
    subcode: str = "w:InternalError"
    text: str = "This is a fault rule of the lab."
    hresult: int | None = None
    host: str = "*"
    operation: str = "*"
    cls: str = "*"
    method: str = "*"
    nth: int = 1
    times: int | None = None

    def matches(self, host: str, operation: str, cls: str, method: str) -> bool:
        """Whether a request matches the rule."""
        pairs = ((self.host, host), (self.operation, operation), (self.cls, cls), (self.method, method))
        return all(wanted in {"*", ""} or wanted.lower() == actual.lower() for wanted, actual in pairs)


def rule(data: Any) -> Rule:
    """Check a rule. `action` is a name, or a mapping with the name as a key."""
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
        raise RuleError(f"a fault rule is not valid: {problem}") from problem


def load(path: Path) -> tuple[Rule, ...]:
    """The rules of a file. Empty if there is no file."""
    if not path.exists():
        return ()
    rules = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return tuple(rule(item) for item in rules)


def add(path: Path, data: dict[str, Any]) -> None:
    """Append a rule to the file."""
    rule(data)
    rules = (yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None) or []
    save(path, [*rules, data])


def save(path: Path, rules: list[dict[str, Any]]) -> None:
    """Replace the file with these rules."""
    draft = path.with_suffix(".new")
    draft.write_text(yaml.safe_dump(rules, sort_keys=False) if rules else "", encoding="utf-8")
    draft.replace(path)


class Rules:
    """The current rules, with the number of requests that each has matched."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._rules: tuple[Rule, ...] = ()
        self._matched: list[int] = []

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        except FileNotFoundError:
            stamp = (0, 0, 0)
        if stamp == self._stamp:
            return
        fresh = load(self._path)
        old = list(zip(self._rules, self._matched, strict=True))
        # A rule at the same position keeps its count when another one is added.
        self._matched = [old[at][1] if at < len(old) and old[at][0] == item else 0 for at, item in enumerate(fresh)]
        self._rules, self._stamp = fresh, stamp

    def match(self, host: str, operation: str, cls: str, method: str) -> Rule | None:
        """The first rule that applies to this request."""
        with self._lock:
            self._refresh()
            chosen = None
            for at, item in enumerate(self._rules):
                if not item.matches(host, operation, cls, method):
                    continue
                self._matched[at] += 1
                started = self._matched[at] >= item.nth
                if chosen is None and started and (item.times is None or self._matched[at] < item.nth + item.times):
                    chosen = item
            return chosen
