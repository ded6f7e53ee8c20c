# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The XPath of event queries: the subset of Windows (MS-EVEN6 2.2.15), evaluated on an event."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from .soap import local

_MOST_EXPRESSIONS = 20
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'[^']*'|"[^"]*")|(?P<number>\d+)|(?P<name>[A-Za-z_][\w.-]*)|(?P<mark><=|>=|!=|[=<>()\[\]/@*,]))"""
)
_ORDER: dict[str, Callable[[object, object], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,  # type: ignore[operator]
    "<=": lambda left, right: left <= right,  # type: ignore[operator]
    ">": lambda left, right: left > right,  # type: ignore[operator]
    ">=": lambda left, right: left >= right,  # type: ignore[operator]
}
Test = Callable[[ET.Element], bool]
Values = Callable[[ET.Element], Iterable[str]]


class EventQueryError(ValueError):
    """The XPath is not valid, or Windows does not support it in event queries."""


def parse(text: str) -> Test:
    """Compile a Select. Raises EventQueryError."""
    return _Parser(text).select()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise EventQueryError(f"unexpected text at {text[at : at + 20]!r}")
            self._tokens.append((str(found.lastgroup), found[found.lastgroup or 0]))
            at = found.end()
        self._comparisons = 0

    def select(self) -> Test:
        kind, value = self._next()
        if value != "*" and (kind, value) != ("name", "Event"):
            raise EventQueryError("it begins neither with * nor with Event")
        tests = self._predicates()
        if self._tokens:
            raise EventQueryError(f"unexpected {self._tokens[0][1]!r}")
        return lambda event: all(test(event) for test in tests)

    def _peek(self) -> str:
        return self._tokens[0][1] if self._tokens else ""

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise EventQueryError("it ends too early")
        return self._tokens.pop(0)

    def _expect(self, mark: str) -> None:
        if self._next()[1] != mark:
            raise EventQueryError(f"{mark!r} is missing")

    def _predicates(self) -> list[Test]:
        tests = []
        while self._peek() == "[":
            self._next()
            tests.append(self._any())
            self._expect("]")
        return tests

    def _any(self) -> Test:
        tests = [self._all()]
        while self._peek() == "or":
            self._next()
            tests.append(self._all())
        return lambda node: any(test(node) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._peek() == "and":
            self._next()
            tests.append(self._one())
        return lambda node: all(test(node) for test in tests)

    def _one(self) -> Test:
        if self._peek() == "(":
            self._next()
            test = self._any()
            self._expect(")")
            return test
        self._comparisons += 1
        if self._comparisons > _MOST_EXPRESSIONS:
            raise EventQueryError(f"it has more than {_MOST_EXPRESSIONS} expressions")
        values = self._values()
        if self._peek() not in _ORDER:
            return lambda node: any(True for _value in values(node))
        compare = _ORDER[self._next()[1]]
        kind, literal = self._next()
        if kind not in {"string", "number"}:
            raise EventQueryError(f"{literal!r} is not a literal")
        wanted = _typed(literal.strip("'\""), number=kind == "number")
        return lambda node: any(_holds(compare, value, wanted) for value in values(node))

    def _values(self) -> Values:
        if self._peek() == "@":
            self._next()
            name = self._next()[1]
            return lambda node: [node.attrib[name]] if name in node.attrib else []
        kind, name = self._next()
        if self._peek() == "(":
            return self._function(name)
        if kind != "name" and name != "*":
            raise EventQueryError(f"{name!r} is not the name of an element")
        tests = self._predicates()

        def children(node: ET.Element) -> list[ET.Element]:
            named = (child for child in node if name in {"*", local(child.tag)})
            return [child for child in named if all(test(child) for test in tests)]

        if self._peek() != "/":
            return lambda node: [child.text or "" for child in children(node)]
        self._next()
        inner = self._values()
        return lambda node: [value for child in children(node) for value in inner(child)]

    def _function(self, name: str) -> Values:
        if name != "timediff":
            raise EventQueryError(f"the function {name} is not supported")
        self._expect("(")
        inner = self._values()
        self._expect(")")
        return lambda node: [
            str(int((datetime.now(tz=UTC) - datetime.fromisoformat(value)).total_seconds() * 1000))
            for value in inner(node)
        ]


def _typed(text: str, *, number: bool) -> int | datetime | str:
    if number:
        return int(text)
    try:
        return datetime.fromisoformat(text) if re.match(r"\d{4}-\d\d-\d\dT.*Z$", text) else text
    except ValueError as problem:
        raise EventQueryError(f"{text!r} is not a time") from problem


def _holds(compare: Callable[[object, object], bool], value: str, wanted: int | datetime | str) -> bool:
    if isinstance(wanted, str):
        return compare(value, wanted)
    try:
        return compare(int(value) if isinstance(wanted, int) else datetime.fromisoformat(value), wanted)
    except ValueError:
        return False
