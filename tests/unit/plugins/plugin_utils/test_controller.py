# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the action of all modules: no passwords in results, plain options, and whom a record is about."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.plugin_utils import controller, record


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


@pytest.mark.parametrize(("delegated", "host"), [(None, "hv01"), ("dc01", "dc01")])
def test_a_record_has_the_host_the_module_and_what_identifies_its_changes(
    monkeypatch: pytest.MonkeyPatch, delegated: str | None, host: str
) -> None:
    given: list[t.Any] = []
    monkeypatch.setattr(record, "recorder", lambda *arguments, **options: given.append((arguments, options)))
    action = types.SimpleNamespace(
        _templar=types.SimpleNamespace(template=lambda value: value),
        _task=types.SimpleNamespace(delegate_to=delegated),
        module="winha.cluster.spn",
        task=types.SimpleNamespace(identified_by=("account", "other")),
    )
    variables = {"inventory_hostname": "hv01", record.FILE: "/records/r.jsonl", record.RUN: "r1"}
    options = {"account": "ASA$", "spns": ["http/x"], "other": None}
    recorder = controller.ControllerAction._recorder
    recorder(t.cast("t.Any", action), variables, options)
    identity = {"host": host, "module": "spn", "options": {"account": "ASA$"}}
    assert given == [(("/records/r.jsonl", "r1"), identity)]
    assert recorder(t.cast("t.Any", action), {**variables, record.FILE: ""}, options)([]) is None
    assert len(given) == 1
