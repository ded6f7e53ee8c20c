# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role variables with their types."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from ansible_collections.winha.cluster.plugins.module_utils.typed_value import plain, typed

BOOL = {"type": "bool"}
INT = {"type": "int"}
FLOAT = {"type": "float"}
TEXT = {"type": "str"}
CHOICE = {"type": "str", "choices": ["cap", "fail"]}
TEXTS = {"type": "list", "elements": "str"}
NUMBERS = {"type": "list", "elements": "int"}
CHOICES = {"type": "list", "elements": "str", "choices": ["html", "junit"]}
MAPPINGS = {"type": "list", "elements": "dict"}
MAPPING = {"type": "dict"}

READ: list[tuple[dict[str, t.Any], t.Any, t.Any]] = [
    ({}, "", ""),
    ({}, " text ", " text "),
    (BOOL, False, False),
    (BOOL, "false", False),
    (BOOL, " False ", False),
    (BOOL, "no", False),
    (BOOL, "off", False),
    (BOOL, "0", False),
    (BOOL, 0, False),
    (BOOL, "true", True),
    (BOOL, "yes", True),
    (BOOL, 1, True),
    (INT, 9000, 9000),
    (INT, "9000", 9000),
    (INT, " 9000\n", 9000),
    (INT, "-1", -1),
    (INT, "9000.0", 9000),
    (INT, 9000.0, 9000),
    (FLOAT, 2, 2.0),
    (FLOAT, "2.5", 2.5),
    (TEXT, "", ""),
    (TEXT, "x", "x"),
    (TEXT, 5, "5"),
    (TEXT, True, "true"),
    (CHOICE, "cap", "cap"),
    (TEXTS, ["a", "b"], ["a", "b"]),
    (TEXTS, "a,b", ["a", "b"]),
    (TEXTS, "a, b,", ["a", "b"]),
    (TEXTS, "a\nb\r\n", ["a", "b"]),
    (TEXTS, "a", ["a"]),
    (TEXTS, '["a", "b"]', ["a", "b"]),
    (TEXTS, "['a', 'b']", ["a", "b"]),
    (TEXTS, "[ab]*", ["[ab]*"]),
    (TEXTS, "[]", []),
    (TEXTS, [], []),
    (TEXTS, [2010], ["2010"]),
    (NUMBERS, [135, "443"], [135, 443]),
    (NUMBERS, "135,443", [135, 443]),
    (NUMBERS, "[135, 443]", [135, 443]),
    (NUMBERS, 135, [135]),
    (CHOICES, "html", ["html"]),
    (CHOICES, '["html","junit"]', ["html", "junit"]),
    (MAPPINGS, [{"a": 1}], [{"a": 1}]),
    (MAPPINGS, '[{"a": {"b": [1]}}]', [{"a": {"b": [1]}}]),
    (MAPPINGS, '{"a": 1}', [{"a": 1}]),
    (MAPPINGS, '{"a": 1}, {"b": 2}', [{"a": 1}, {"b": 2}]),
    (MAPPINGS, ['{"a": 1}'], [{"a": 1}]),
    (MAPPINGS, "a=1 b=2\na=3", [{"a": "1", "b": "2"}, {"a": "3"}]),
    (MAPPING, {"a": 1}, {"a": 1}),
    (MAPPING, {2010: "x"}, {"2010": "x"}),
    (MAPPING, '{"a": {"b": false}}', {"a": {"b": False}}),
    (MAPPING, "{'a': None}", {"a": None}),
    (MAPPING, "a=1,b=2", {"a": "1", "b": "2"}),
    (MAPPING, "a=1\nb=2", {"a": "1", "b": "2"}),
    (MAPPING, "{}", {}),
]

REFUSED: list[tuple[dict[str, t.Any], t.Any, str]] = [
    (BOOL, "maybe", 'x is "maybe", and it must be true or false.'),
    (BOOL, 2, "x is 2, and it must be true or false."),
    (BOOL, [True], "x is [true], and it must be true or false."),
    (INT, "ninety", 'x is "ninety", and it must be a whole number.'),
    (INT, "9000.5", 'x is "9000.5", and it must be a whole number.'),
    (INT, "9_000", 'x is "9_000", and it must be a whole number.'),
    (INT, 1.5, "x is 1.5, and it must be a whole number."),
    (INT, True, "x is true, and it must be a whole number."),
    (INT, [1], "x is [1], and it must be a whole number."),
    (INT, {}, "x is {}, and it must be a whole number."),
    (FLOAT, "x", 'x is "x", and it must be a number.'),
    (FLOAT, "nan", 'x is "nan", and it must be a number.'),
    (FLOAT, 10**400, f"x is 1{'0' * 76}..., and it must be a number."),
    (FLOAT, False, "x is false, and it must be a number."),
    (TEXT, ["a"], 'x is ["a"], and it must be a text.'),
    (CHOICE, "cup", 'x is "cup", and it must be one of cap, fail.'),
    (TEXTS, {"a": 1}, 'x is {"a": 1}, and it must be a list (JSON, or separated by commas).'),
    (TEXTS, True, "x is true, and it must be a list (JSON, or separated by commas)."),
    (TEXTS, "[a, b]", 'x is "[a, b]", and it must be a list (JSON, or separated by commas).'),
    (TEXTS, ["a", None], "x has null, and each of its items must be a text."),
    (TEXTS, ["a", ["b"]], 'x has ["b"], and each of its items must be a text.'),
    (NUMBERS, "135,http", 'x has "http", and each of its items must be a whole number.'),
    (NUMBERS, [True], "x has true, and each of its items must be a whole number."),
    (CHOICES, "html,pdf", 'x has "pdf", and each of its items must be one of html, junit.'),
    (MAPPINGS, ["a"], 'x has "a", and each of its items must be a mapping (JSON, or key=value).'),
    (MAPPINGS, [1], "x has 1, and each of its items must be a mapping (JSON, or key=value)."),
    (MAPPINGS, '[{"a"]', 'x is "[{"a"]", and it must be a list (JSON, or separated by commas).'),
    (MAPPING, "a", 'x is "a", and it must be a mapping (JSON, or key=value).'),
    (MAPPING, "a=1 b", 'x is "a=1 b", and it must be a mapping (JSON, or key=value).'),
    (MAPPING, '{"a": 1', 'x is "{"a": 1", and it must be a mapping (JSON, or key=value).'),
    (MAPPING, ["a"], 'x is ["a"], and it must be a mapping (JSON, or key=value).'),
    (MAPPING, "a\n" * 60, f'x is "{" ".join("a" * 39)[:77]}...", and it must be a mapping (JSON, or key=value).'),
]  # fmt: skip


@pytest.mark.parametrize(("option", "value", "wanted"), READ)
def test_a_value_is_read_as_its_type(option: dict[str, t.Any], value: t.Any, wanted: t.Any) -> None:
    found = typed("x", value, option)
    assert (found, type(found)) == (wanted, type(wanted))
    assert repr(found) == repr(wanted)


@pytest.mark.parametrize(("option", "value", "sentence"), REFUSED)
def test_a_value_of_another_type_is_refused_by_name(option: dict[str, t.Any], value: t.Any, sentence: str) -> None:
    with pytest.raises(TaskError) as caught:
        typed("x", value, option)
    assert str(caught.value) == sentence


def test_a_secret_value_is_not_in_the_sentence() -> None:
    with pytest.raises(TaskError) as caught:
        typed("x", "secret", MAPPING | {"no_log": True})
    assert str(caught.value) == ("x is a text that is not shown here, and it must be a mapping (JSON, or key=value).")
    with pytest.raises(TaskError) as caught:
        typed("x", ["1", "secret"], NUMBERS, secret=True)
    assert str(caught.value) == "x has a text that is not shown here, and each of its items must be a whole number."


@pytest.mark.parametrize("option", [BOOL, INT, FLOAT, CHOICE, TEXTS, NUMBERS, CHOICES, MAPPINGS, MAPPING], ids=str)
@pytest.mark.parametrize("value", [None, "", " \n"])
def test_null_and_an_empty_text_are_no_value(option: dict[str, t.Any], value: str | None) -> None:
    assert typed("x", value, option) is None


def test_an_empty_text_is_a_text() -> None:
    assert typed("x", "", TEXT) == ""
    assert typed("x", None, TEXT) is None


def test_texts_of_ansible_become_plain_texts() -> None:
    # A text as Ansible has it: str() gives its own type again.
    text_type = type("Text", (str,), {"__str__": lambda text: text})
    assert isinstance(str(text_type("a")), text_type)
    found = plain({text_type("a"): [text_type("b"), (text_type("c"),)]})
    assert found == {"a": ["b", ["c"]]}
    assert {type(text) for text in (*found, found["a"][0], found["a"][1][0])} == {str}


KEYS = {
    "type": "list",
    "elements": "dict",
    "options": {
        "names": {"type": "list", "elements": "str", "required": True},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "priority": {"type": "int"},
        "dynamic": {"type": "bool"},
    },
}


def test_the_keys_of_an_item_have_their_own_types() -> None:
    text = '{"names": "EX*, FILE01", "priority": "3000", "dynamic": "false"}'
    wanted = [{"names": ["EX*", "FILE01"], "exclude": [], "priority": 3000, "dynamic": False}]
    assert typed("x", text, KEYS) == typed("x", f"[{text}]", KEYS) == wanted
    assert typed("x", [{"names": ["EX*", "FILE01"], "priority": 3000, "dynamic": False}], KEYS) == wanted
    assert typed("x", {"names": "A"}, {**KEYS, "type": "dict"})["priority"] is None


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            [{"names": "A", "prio": 1}],
            "x has the key prio, and its keys must be some of names, exclude, priority, dynamic.",
        ),
        ([{"priority": 1}], 'x has {"priority": 1}, which has no names. Add it.'),
        ([{"names": "A", "priority": "high"}], 'priority in x is "high", and it must be a whole number.'),
        (["odd"], 'x has "odd", and each of its items must be a mapping (JSON, or key=value).'),
    ],
)
def test_an_item_with_wrong_keys_is_refused(value: t.Any, sentence: str) -> None:
    with pytest.raises(TaskError) as caught:
        typed("x", value, KEYS)
    assert str(caught.value) == sentence
