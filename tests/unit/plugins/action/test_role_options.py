# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action that reads the variables of a role: its whole result, and its errors."""

from __future__ import annotations

import os
import types
import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.winha.cluster.plugins.action.role_options import ActionModule
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from ansible_collections.winha.cluster.plugins.plugin_utils import role_variables

Variables = dict[str, t.Any]


def action(arguments: Variables, *, check_mode: bool = False, parent: t.Any = None) -> t.Any:
    task = types.SimpleNamespace(
        args=arguments, async_val=0, check_mode=check_mode, _parent=parent, environment=None, no_log=False,
        delegate_to=None,
        action="winha.cluster.role_options", resolved_action="winha.cluster.role_options", diff=False, collections=[],
        timeout=None,
    )  # fmt: skip
    loader = DataLoader()
    context = types.SimpleNamespace(check_mode=check_mode, remote_addr="", verbosity=0)
    connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir=None), transport="local")
    return ActionModule(
        t.cast("t.Any", task), t.cast("t.Any", connection), t.cast("t.Any", context), loader, Templar(loader), None
    )


def run(arguments: Variables, variables: Variables, **more: t.Any) -> Variables:
    found: Variables = action(arguments, **more).run(task_vars=variables)
    return {name: found[name] for name in ("failed", "changed", "msg") if name in found} | {
        name: found[name] for name in ("options", "check_mode", "strategy", "directory", "artifacts") if name in found
    }


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[t.Any]:
    """Each role that is read. The variable bad is refused."""
    found: list[t.Any] = []

    def options(_templar: t.Any, role: str, variables: Variables) -> Variables:
        found.append(role)
        return {"of": role, **variables}

    def read(_templar: t.Any, role: str, variables: Variables) -> tuple[Variables, list[str]]:
        found.append(role)
        return {}, [f"{role}_bad is refused."] if variables.get("bad") else []

    monkeypatch.setattr(role_variables, "options", options)
    monkeypatch.setattr(role_variables, "read", read)
    return found


@pytest.mark.parametrize(
    ("arguments", "variables", "role"),
    [
        ({"role": "audit"}, {}, "audit"),
        ({"role": "winha.cluster.audit"}, {}, "audit"),
        ({"role": "audit"}, {"role_name": "undo"}, "audit"),
        ({}, {"role_name": "winha.cluster.undo"}, "undo"),
    ],
)
def test_the_options_of_a_role(
    read: list[t.Any], monkeypatch: pytest.MonkeyPatch, arguments: Variables, variables: Variables, role: str
) -> None:
    monkeypatch.delenv("AWX_ISOLATED_DATA_DIR", raising=False)
    assert run(arguments, variables) == {
        "changed": False, "options": {"of": role, **variables}, "check_mode": False, "strategy": "linear",
        "directory": os.getcwd(), "artifacts": "",  # noqa: PTH109
    }  # fmt: skip
    assert read == [role]


def test_check_mode_and_where_a_job_of_awx_keeps_its_files(read: list[t.Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWX_ISOLATED_DATA_DIR", "/runner")
    found = run({"role": "audit"}, {}, check_mode=True)
    assert (found["check_mode"], found["artifacts"], read) == (True, "/runner", ["audit"])


def test_the_strategy_is_that_of_the_play(read: list[t.Any]) -> None:
    play = types.SimpleNamespace(strategy="free")
    inner = types.SimpleNamespace(_parent=types.SimpleNamespace(_play=play))
    assert run({"role": "audit"}, {}, parent=inner)["strategy"] == "free"
    assert read == ["audit"]


def test_a_task_outside_a_role_must_name_one(read: list[t.Any]) -> None:
    assert run({}, {}) == {
        "failed": True,
        "changed": False,
        "msg": "The option role is missing: this task is in no role.",
    }
    assert read == []


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({}, {"changed": False}),
     ({"bad": True}, {"failed": True, "changed": False, "msg": "audit_bad is refused. undo_bad is refused."})],
)  # fmt: skip
def test_the_variables_of_several_roles_are_checked(
    read: list[t.Any], variables: Variables, expected: Variables
) -> None:
    assert run({"check": ["winha.cluster.audit", "undo"]}, variables) == expected
    assert read == ["audit", "undo"]


def test_an_error_of_a_role_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def options(*_arguments: t.Any) -> Variables:
        raise TaskError("winha.cluster has no role x.")

    monkeypatch.setattr(role_variables, "options", options)
    assert run({"role": "x"}, {}) == {"failed": True, "changed": False, "msg": "winha.cluster has no role x."}
