# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project for AWX: each object refers to objects that are created before, and to files that are there."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml
from ansible_collections.winha.cluster.plugins.filter.awx_survey import awx_survey
from ansible_collections.winha.cluster.plugins.plugin_utils.role_specification import options_of, role_of

PROJECT = pathlib.Path(__file__).resolve().parents[2] / "extensions" / "awx"
COLLECTION = PROJECT.parents[1]
VARIABLE = re.compile(r"\bawx_\w+")
# By option: the modules that create what the option names.
REFERS = {
    "organization": {"organization"},
    "project": {"project"},
    "source_project": {"project"},
    "inventory": {"inventory"},
    "execution_environment": {"execution_environment"},
    "credentials": {"credential"},
    "credential_type": {"credential_type"},
    "labels": {"label"},
    "notification_templates_error": {"notification_template"},
    "notification_templates_approvals": {"notification_template"},
    "workflow_job_template": {"workflow_job_template"},
    "unified_job_template": {"job_template", "workflow_job_template"},
    "job_templates": {"job_template"},
    "workflows": {"workflow_job_template"},
}
Mapping = dict[str, t.Any]


class Loader(yaml.SafeLoader):
    """Reads !unsafe as a text."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(t.cast("yaml.ScalarNode", node)))


def load(name: str) -> t.Any:
    return yaml.load((PROJECT / name).read_text("utf-8"), Loader)


(PLAY,) = load("setup.yml")
NAMES: Mapping = load("names.yml")
TASKS = [
    (key.removeprefix("awx.awx."), PLAY["module_defaults"].get(key, {}) | task[key], task)
    for task in PLAY["tasks"]
    for key in task
    if key.startswith("awx.awx.")
]


def variables(value: t.Any) -> set[str]:
    """The variables in a value, with those of the play resolved."""
    found = set(VARIABLE.findall(str(value)))
    own = {name: PLAY["vars"][name] for name in found if name in PLAY["vars"]}
    return (found - set(own)) | {each for inner in own.values() for each in VARIABLE.findall(inner)}


def names_of(module: str, task: Mapping, options: Mapping) -> set[str]:
    """The variables that an object has its name from."""
    return variables([task.get("loop"), options["name"]] if module == "label" else options.get("name"))


def test_each_object_refers_to_what_was_created_before() -> None:
    created: dict[str, set[str]] = {}
    checked = set()
    for module, options, task in TASKS:
        for option in set(REFERS) & set(options):
            known = {name for kind in REFERS[option] for name in created.get(kind, set())}
            # The condition of a name is a variable too; what is left out with it was created with it.
            used = variables(options[option]) - {"awx_directory_username", "awx_notification_type", "awx_audit_slices"}
            literal = {"Machine"} if option == "credential_type" and options[option] == "Machine" else set()
            assert (used and used <= known) or literal, (task["name"], option, used - known)
            checked.add(option)
        created.setdefault(module, set()).update(names_of(module, task, options))
    assert checked == set(REFERS)


def test_each_node_of_the_workflow_leads_to_a_node_that_is_there() -> None:
    nodes: list[str] = []
    for module, options, task in TASKS:
        if module == "workflow_job_template_node":
            following = {*options.get("success_nodes", []), *options.get("always_nodes", [])}
            assert following <= set(nodes), task["name"]
            nodes.append(options["identifier"])
    assert nodes == ["audit", "apply", "approval", "plan", "evaluation", "slices"]


def test_each_job_template_has_a_playbook_of_the_project_that_runs_one_of_the_collection() -> None:
    playbooks = [options["playbook"] for module, options, _task in TASKS if module == "job_template"]
    assert sorted(playbooks) == [
        "apply.yml", "audit.yml", "audit.yml", "enforce.yml", "evaluate.yml", "plan.yml", "undo.yml",
    ]  # fmt: skip
    for name in playbooks:
        (imported,) = load(name)
        playbook = imported["ansible.builtin.import_playbook"].removeprefix("winha.cluster.")
        assert (COLLECTION / "playbooks" / f"{playbook}.yml").is_file()


def test_only_check_mode_and_the_workflow_change_hosts_without_a_person() -> None:
    kinds = {options["playbook"]: options["job_type"] for module, options, _task in TASKS if module == "job_template"}
    assert kinds == {
        "audit.yml": "run",
        "evaluate.yml": "run",
        "plan.yml": "run",
        "apply.yml": "run",
        "enforce.yml": "check",
        "undo.yml": "check",
    }


def test_each_name_is_used_and_each_variable_has_a_name() -> None:
    used = set(VARIABLE.findall((PROJECT / "setup.yml").read_text("utf-8"))) - set(PLAY["vars"])
    inside = {name for value in NAMES.values() for name in VARIABLE.findall(str(value))}
    assert (used | inside) - {"awx_survey"} == set(NAMES)


def test_the_sources_of_the_inventory_are_files_of_the_project() -> None:
    assert [one["path"] for one in NAMES["awx_inventory_sources"] if not (PROJECT / one["path"]).is_file()] == []


def surveys() -> dict[str, list[str]]:
    """The variables of each survey."""
    permissions = NAMES["awx_permissions"]
    texts = {
        "{{ awx_permissions }}": permissions,
        "{{ ['undo_record'] + awx_permissions }}": ["undo_record", *permissions],
    }
    return {name: texts.get(str(asked), asked) for name, asked in NAMES["awx_surveys"].items()}


@pytest.mark.parametrize("name", surveys())
def test_an_answer_left_empty_does_not_replace_a_value_of_the_inventory_by_an_empty_text(name: str) -> None:
    asked = surveys()[name]
    for one in awx_survey(asked, changes=NAMES["awx_survey_changes"])["spec"]:
        option = options_of(role_of(one["variable"]))[one["variable"]]
        assert one["required"] or option["type"] in ("list", "dict"), one["variable"]


def test_the_schedule_answers_the_questions_of_the_audit() -> None:
    asked = {one["variable"]: one for one in awx_survey(surveys()["audit"])["spec"]}
    answers = NAMES["awx_audit_schedule_answers"]
    assert {name for name, one in asked.items() if one["required"]} <= set(answers) <= set(asked)
    assert all(value in asked[name]["choices"] for name, value in answers.items())


def test_an_approval_ends_before_the_plan_is_too_old() -> None:
    assert NAMES["awx_approval_timeout"] < options_of("plan")["plan_max_age_hours"]["default"] * 3600


def test_the_inventory_does_not_override_the_credential() -> None:
    text = "".join(file.read_text("utf-8") for file in (PROJECT / "inventory").rglob("*.yml"))
    assert [name for name in ("ansible_user", "ansible_password", "ansible_winrm_user") if name in text] == []


def test_the_project_requires_a_release_with_these_playbooks() -> None:
    (required,) = load("collections/requirements.yml")["collections"]
    assert required == {"name": "winha.cluster", "version": ">=1.1.0"}
