# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WQL data queries: SELECT … FROM … WHERE …"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from .values import Embedded, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class WqlError(ValueError):
    """The query is not valid, or the lab does not support it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition: a property (or a path into an embedded object), an operator and a literal.

    `moment` is the literal as a date, for a property that is a date.
    """

    path: tuple[str, ...]
    operator: str
    literal: Value
    moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class Logic:
    """AND, OR or NOT of conditions."""

    operator: str
    parts: tuple[Condition, ...]


Condition = Comparison | Logic


@dataclass(frozen=True, slots=True)
class Query:
    """A query. Without columns it selects all properties."""

    columns: tuple[str, ...]
    class_name: str
    condition: Condition | None


_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?P<number>[+-]?\d+(?:\.\d+)?)"""
    r"""|(?P<word>[A-Za-z_][\w]*)|(?P<mark><=|>=|<>|!=|[=<>(),.*]))"""
)
_COMPARE: dict[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "<>": lambda order: order != 0,
    "!=": lambda order: order != 0,
    "<": lambda order: order < 0,
    ">": lambda order: order > 0,
    "<=": lambda order: order <= 0,
    ">=": lambda order: order >= 0,
}


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        matched = _TOKEN.match(text, at)
        if matched is None or matched.lastgroup is None:
            raise WqlError(f"unexpected text at {text[at : at + 20]!r}")
        found.append((matched.lastgroup, matched[matched.lastgroup]))
        at = matched.end()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._remaining = _tokens(text)

    def _peek(self) -> str:
        return self._remaining[0][1].lower() if self._remaining and self._remaining[0][0] != "string" else ""

    def _take(self, *words: str) -> bool:
        if self._peek() in words:
            self._remaining.pop(0)
            return True
        return False

    def _expect(self, expected: str) -> None:
        if not self._take(expected):
            raise WqlError(f"{expected} is missing")

    def _word(self) -> str:
        if not self._remaining or self._remaining[0][0] != "word":
            raise WqlError("a name is missing")
        return self._remaining.pop(0)[1]

    def query(self) -> Query:
        self._expect("select")
        columns = []
        if not self._take("*"):
            columns.append(".".join(self._path()))
            while self._take(","):
                columns.append(".".join(self._path()))
        self._expect("from")
        name = self._word()
        condition = self._disjunction() if self._take("where") else None
        if self._remaining:
            raise WqlError(f"unexpected {self._remaining[0][1]}")
        return Query(tuple(columns), name, condition)

    def _path(self) -> tuple[str, ...]:
        path = [self._word()]
        while self._take("."):
            path.append(self._word())
        return tuple(path)

    def _disjunction(self) -> Condition:
        parts = [self._conjunction()]
        while self._take("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Logic("or", tuple(parts))

    def _conjunction(self) -> Condition:
        parts = [self._comparison()]
        while self._take("and"):
            parts.append(self._comparison())
        return parts[0] if len(parts) == 1 else Logic("and", tuple(parts))

    def _comparison(self) -> Condition:
        if self._take("not"):
            return Logic("not", (self._comparison(),))
        if self._take("("):
            inner = self._disjunction()
            self._expect(")")
            return inner
        path = self._path()
        if self._take("is"):
            operator = "<>" if self._take("not") else "="
            self._expect("null")
            return Comparison(path, operator, None)
        operator = self._peek()
        if operator not in {*_COMPARE, "like"}:
            raise WqlError("an operator is missing")
        self._remaining.pop(0)
        return Comparison(path, operator, self._literal())

    def _literal(self) -> Value:
        if not self._remaining:
            raise WqlError("a value is missing")
        kind, token = self._remaining.pop(0)
        if kind == "string":
            return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)
        if kind == "number":
            return float(token) if "." in token else int(token)
        constants: dict[str, Value] = {"true": True, "false": False, "null": None}
        if token.lower() not in constants:
            raise WqlError(f"{token} is not a value")
        return constants[token.lower()]


def parse(text: str) -> Query:
    """Parse a query. Raises WqlError."""
    return _Parser(text).query()


def paths(condition: Condition | None) -> list[tuple[str, ...]]:
    """The properties in a condition."""
    if condition is None:
        return []
    if isinstance(condition, Comparison):
        return [condition.path]
    return [path for part in condition.parts for path in paths(part)]


def _value_at(values: Mapping[str, Value], path: tuple[str, ...]) -> Value:
    value = next((item for name, item in values.items() if name.lower() == path[0].lower()), None)
    if len(path) == 1:
        return value
    return _value_at(value.members, path[1:]) if isinstance(value, Embedded) else None


def _like(value: Value, pattern: Value) -> bool:
    expression = "".join(
        part if part.startswith("[") else {"%": ".*", "_": "."}.get(part, re.escape(part))
        for part in re.findall(r"\[[^\]]*\]|.", str(pattern), re.DOTALL)
    )
    return re.fullmatch(expression, str(value), re.IGNORECASE | re.DOTALL) is not None


def _order(value: Value, literal: Value) -> int | None:
    left: str | float
    right: str | float
    if isinstance(value, bool):
        if isinstance(literal, str) and literal.lower() in {"true", "false"}:
            literal = literal.lower() == "true"
        left, right = int(value), int(literal) if isinstance(literal, bool | int) else 2
    elif isinstance(value, int | float):
        try:
            left, right = value, float(str(literal)) if isinstance(literal, str) else float(literal)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return None
    elif isinstance(value, str):
        left, right = value.lower(), str(literal).lower()
    else:
        return None
    return (left > right) - (left < right)  # type: ignore[operator]


def matches(condition: Condition | None, values: Mapping[str, Value]) -> bool:
    """Whether the values match a condition."""
    if condition is None:
        return True
    if isinstance(condition, Logic):
        results = (matches(part, values) for part in condition.parts)
        if condition.operator == "not":
            return not next(results)
        return all(results) if condition.operator == "and" else any(results)
    value = _value_at(values, condition.path)
    if condition.literal is None or value is None:
        both_null = value is None and condition.literal is None
        return {"=": both_null, "<>": not both_null and condition.literal is None, "!=": not both_null}.get(
            condition.operator, False
        )
    if condition.operator == "like":
        return _like(value, condition.literal)
    if condition.moment is not None:
        stored = datetime.fromisoformat(str(value))
        return _COMPARE[condition.operator]((stored > condition.moment) - (stored < condition.moment))
    order = _order(value, condition.literal)
    return order is not None and _COMPARE[condition.operator](order)
