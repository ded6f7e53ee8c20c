# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each condition of rules, with values of each type."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._audit.condition import (
    KINDS,
    Condition,
    IncomparableError,
)

CASES: list[tuple[str, t.Any, t.Any, bool]] = [
    ("equals", "Save", "save", True), ("equals", "save", "saved", False), ("equals", 1, "1", True),
    ("equals", 1, "2", False), ("equals", 1.0, 1, True), ("equals", "1", 1, False), ("equals", True, True, True),
    ("equals", True, 1, False), ("equals", 1, True, False), ("equals", True, "true", False),
    ("equals", 0, False, False),
    ("equals", None, None, True), ("equals", None, "", False), ("equals", 1, None, False), ("equals", 1, "x", False),
    ("equals", 1, "-1", False), ("equals", 1, "٣", False), ("equals", ["A", "b"], ["B", "a"], True),
    ("equals", ["a"], ["a", "b"], False), ("equals", ["a", "c"], ["a", "b"], False), ("equals", [], [], True),
    ("equals", {"a": 1}, {"a": 1}, True), ("equals", {"a": 1}, {"a": 2}, False), ("equals", ["a"], "a", False),
    ("one_of", "A", ["a", "b"], True), ("one_of", "c", ["a", "b"], False), ("one_of", "a", "A", True),
    ("none_of", "A", ["a", "b"], False), ("none_of", "c", ["a", "b"], True),
    ("within", ["A", "b"], ["a", "b", "c"], True), ("within", ["a", "d"], ["a", "b"], False),
    ("within", "a", ["a"], True), ("within", [], ["a"], True),
    ("at_least", 2, 2, True), ("at_least", 1, 2, False), ("at_least", "10", "9", True),
    ("at_least", "1.9", "1.10", False),
    ("at_least", "1.10", "1.10", True), ("at_least", 2.5, "2", True),
    ("at_most", 2, 2, True), ("at_most", 3, 2, False), ("at_most", "1.9", "1.10", True),
    ("matches", "EX01", "ex*", True), ("matches", "ex01", ["a*", "EX0?"], True), ("matches", "ex01", "ex", False),
    ("empty", "", True, True), ("empty", "x", True, False), ("empty", [], False, False),
    ("empty", {"a": 1}, False, True),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "found", "wanted", "expected"), CASES)
def test_a_condition_holds(kind: str, found: t.Any, wanted: t.Any, expected: bool) -> None:
    assert Condition(kind, wanted).holds(found, wanted) is expected


def test_every_condition_has_such_values() -> None:
    assert {kind for kind, _found, _wanted, _expected in CASES} == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "found", "wanted", "sentence"),
    [
        ("at_least", "many", 2, "many and 2 are not two numbers or two versions"),
        ("at_most", True, 2, "are not two numbers or two versions"),
        ("at_most", 2, False, "are not two numbers or two versions"),
        ("at_least", "1.2", "newer", "1.2 and newer are not two numbers or two versions"),
        ("empty", 7, True, "7 is not text, a list or a mapping"),
        ("matches", 7, "7", "7 is not text"),
    ],
)
def test_values_that_cannot_be_compared(kind: str, found: t.Any, wanted: t.Any, sentence: str) -> None:
    with pytest.raises(IncomparableError, match=sentence):
        Condition(kind, wanted).holds(found, wanted)


@pytest.mark.parametrize(
    ("operand", "expected"),
    [({"parameter": "mtu"}, 9000), ({"row": "wanted"}, 4000), ({"parameter": "x"}, None), ({"row": "x"}, None), (7, 7)],
)
def test_where_the_wanted_value_comes_from(operand: t.Any, expected: t.Any) -> None:
    assert Condition("equals", operand).wanted_value({"wanted": 4000}, {"mtu": 9000}) == expected


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("equals", "a or b"), ("one_of", "a or b"), ("none_of", "anything but a or b"), ("within", "only a or b"),
        ("at_least", "at least a or b"), ("at_most", "at most a or b"), ("matches", "a name like a or b"),
        ("empty", "nothing"),
    ],
)  # fmt: skip
def test_what_is_expected_in_words(kind: str, words: str) -> None:
    assert Condition(kind, None).expected(["a", "b"]) == words
