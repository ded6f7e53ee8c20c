# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule of the collection in each of its outcomes, and its remedies."""

from __future__ import annotations

import copy
import importlib
import re
import typing as t

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.winha.cluster.plugins.module_utils._audit.rule import Rule
from audit_cases import OUTCOMES, ROOT, Mapping, cases, judged, rule, rules

IDS = [each["id"] for each in rules()]
BLANK = re.compile(r"\{\w+(:\w+)?\}")
PLAY = {"hosts", "gather_facts", "tasks", "roles"}


def test_every_rule_has_facts_for_every_outcome() -> None:
    assert {name: sorted(found) for name, found in cases().items()} == {name: sorted(OUTCOMES) for name in IDS}


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("name", IDS)
def test_a_rule_has_the_outcome_of_its_facts(name: str, outcome: str) -> None:
    found = judged(name, cases()[name][outcome])
    assert {finding["outcome"] for finding in found} == {outcome}, found
    assert all(finding["text"].endswith(".") and not BLANK.search(finding["text"]) for finding in found), found
    assert all((finding["why_unknown"] is not None) is (outcome == "unknown") for finding in found)


def _leaves(value: t.Any, path: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from _leaves(each, (*path, key))


def _without(case: Mapping, path: tuple[t.Any, ...], *, null: bool) -> Mapping:
    found = copy.deepcopy(case)
    place: t.Any = found
    for key in path[:-1]:
        place = place[key]
    if null:
        place[path[-1]] = None
    else:
        del place[path[-1]]
    return found


@pytest.mark.parametrize("name", IDS)
def test_failing_facts_never_pass_when_a_fact_is_missing(name: str) -> None:
    """No finding passes, whichever mapping key is removed."""
    case = {key: value for key, value in cases()[name]["fail"].items() if key not in ("parameters", "override")}
    rest = {key: value for key, value in cases()[name]["fail"].items() if key in ("parameters", "override")}
    for path in _leaves(case):
        if isinstance(path[-1], int):
            continue
        for null in (True, False):
            found = judged(name, {**_without(case, path, null=null), **rest})
            assert "pass" not in {finding["outcome"] for finding in found}, (path, found)


def remedies() -> list[tuple[str, Mapping]]:
    """The remedies of failed findings that are tasks or roles."""
    return [
        (name, finding["remedy"])
        for name in IDS
        for finding in judged(name, cases()[name]["fail"])
        if finding["remedy"] and finding["remedy"]["kind"] != "manual"
    ]


@pytest.mark.parametrize(("name", "remedy"), remedies(), ids=str)
def test_a_remedy_is_a_play_with_valid_options(name: str, remedy: Mapping) -> None:
    (play,) = yaml.safe_load(remedy["text"])
    assert set(play) < PLAY
    assert play["hosts"] in ("H", "dc1", "hv01", "hyperv_hosts")
    for task in play.get("tasks", []):
        ((module, options),) = ((key, value) for key, value in task.items() if key != "name")
        found = importlib.import_module(f"ansible_collections.winha.cluster.plugins.modules.{module.split('.')[-1]}")
        assert ArgumentSpecValidator(found.TASK.argument_spec).validate(options).error_messages == []
    for role in play.get("roles", []):
        path = ROOT / "roles" / role["role"].split(".")[-1] / "meta" / "argument_specs.yml"
        entries = yaml.safe_load(path.read_text("utf-8"))["argument_specs"].values()
        known = {name: option for entry in entries for name, option in entry["options"].items()}
        assert ArgumentSpecValidator(known).validate(role.get("vars", {})).error_messages == []


@pytest.mark.parametrize("name", IDS)
def test_a_manual_remedy_is_filled_in(name: str) -> None:
    for finding in judged(name, cases()[name]["fail"]):
        assert finding["remedy"]["text"]
        assert not BLANK.search(finding["remedy"]["text"])


OF_EXCHANGE = ("exchange", "federation", "directory")


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in IDS
        if rule(name)["severity"] == "error"
        or (rule(name)["severity"] == "warning" and rule(name)["layer"] in OF_EXCHANGE)
    ],
)
def test_every_error_has_a_task_or_says_why_only_a_person_can_fix_it(name: str) -> None:
    first = rule(name)["remedy"]
    for remedy in (first, *first.get("instead", ())):
        assert "manual" not in remedy or remedy["because"].startswith("No task "), remedy
    shown = Rule.parse(rule(name)).as_report()["remedy"]["text"]
    assert ("because" in first) == shown.startswith("No task ")


def test_every_rule_has_a_reason_a_source_and_a_question() -> None:
    assert [name for name in IDS if not (rule(name)["why"] and rule(name)["source"] and rule(name)["question"])] == []
