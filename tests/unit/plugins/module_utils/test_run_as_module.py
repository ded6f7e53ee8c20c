# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task as an ordinary module, on a machine that is not Windows."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from ansible_collections.winha.cluster.plugins.module_utils.session import Service

Row = dict[str, t.Any]


class End(BaseException):
    """How the module ended, as in Ansible, where it ends the process."""

    def __init__(self, how: str, result: Row) -> None:
        super().__init__(how)
        self.how, self.result = how, result


class Module:
    """What a task uses of Ansible's module class."""

    params: t.ClassVar[Row] = {"name": "hv01"}
    check_mode = True
    arguments: t.ClassVar[Row] = {}

    def __init__(self, **arguments: t.Any) -> None:
        Module.arguments = arguments

    def debug(self, text: str) -> None:
        raise AssertionError(text)

    def exit_json(self, **result: t.Any) -> None:
        raise End("exit", result)

    def fail_json(self, **result: t.Any) -> None:
        raise End("fail", result)


class Session:
    host = "hv01"
    warnings = ("not encrypted",)
    writes = 0

    def close(self) -> None:
        pass


def ended(monkeypatch: pytest.MonkeyPatch, report: t.Callable[[], Row]) -> End:
    """Run a task as a module that returns this report."""
    asked: list[bool] = []

    def session(*, read_only: bool) -> Session:
        asked.append(read_only)
        return Session()

    monkeypatch.setattr(task, "AnsibleModule", Module)
    service = Service(spec={"host": {"type": "str"}}, session_factory=lambda _options: session)
    tested: t.Any = task.Task(
        spec={"name": {"type": "str"}},
        read=lambda _session, options: options["name"],
        report=lambda state, _outcome: {"name": state, **report()},
        rules={"required_one_of": [["name"]]},
        service=service,
    )
    with pytest.raises(End) as caught:
        task.run_as_module(tested)
    assert asked == [True]
    assert Module.arguments == {
        "argument_spec": {"host": {"type": "str"}, "name": {"type": "str"}},
        "supports_check_mode": True,
        "required_one_of": [["name"]],
    }
    return caught.value


def test_a_result_ends_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    end = ended(monkeypatch, lambda: {"value": 1})
    assert end.how == "exit"
    assert end.result == {"changed": False, "name": "hv01", "value": 1, "warnings": ["not encrypted"]}


def test_a_failed_result_fails_the_module_with_all_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    end = ended(monkeypatch, lambda: {"failed": True, "msg": "One of two."})
    assert end.how == "fail"
    assert end.result == {"changed": False, "name": "hv01", "msg": "One of two.", "warnings": ["not encrypted"]}


def test_an_error_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def report() -> Row:
        raise TaskError("The name is wrong.")

    end = ended(monkeypatch, report)
    assert (end.how, end.result) == ("fail", {"msg": "The name is wrong.", "warnings": ["not encrypted"]})
