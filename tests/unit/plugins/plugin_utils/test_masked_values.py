# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords are not in results, and the values of options have Python's own types."""

from __future__ import annotations

import typing as t

from ansible_collections.winha.cluster.plugins.plugin_utils import controller


def test_a_password_is_masked_wherever_a_text_contains_it() -> None:
    result = {"msg": "cannot sign in with Secret-12", "rows": [{"why": "Secret-1"}, 3, None, True], "count": 12}
    masked = controller._masked(result, ["Secret-12", "Secret-1"])
    assert masked == {
        "msg": "cannot sign in with ********",
        "rows": [{"why": "********"}, 3, None, True],
        "count": 12,
    }


def test_rows_in_lists_and_tuples_are_masked() -> None:
    assert controller._masked(["a Secret-1", ("Secret-1", 1)], ["Secret-1"]) == ["a ********", ["********", 1]]


class Tagged(str):
    """A text with a type of Ansible."""

    __slots__ = ()


def test_the_texts_of_options_are_plain() -> None:
    text = Tagged("x")
    found = controller._plain({text: [text, (text, 1, 2.5, True, None)], "other": {text: text}})
    assert found == {"x": ["x", ["x", 1, 2.5, True, None]], "other": {"x": "x"}}

    def kinds(value: t.Any) -> set[type]:
        inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
        return {type(value)}.union(*map(kinds, inner))

    assert kinds(found) == {dict, list, str, int, float, bool, type(None)}
