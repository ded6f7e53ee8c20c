# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a role use its variables with their types: those that winha.cluster.role_options returned."""

from __future__ import annotations

import pathlib
import typing as t

import jinja2
import pytest
import yaml
from jinja2 import nodes

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
# Keywords whose text is an expression without braces.
EXPRESSIONS = {"when", "that", "until", "failed_when", "changed_when"}
FOLDERS = ("tasks", "vars", "handlers", "templates")
# For one variable that role_options does not return, because it may hold a password.
FILTER = "winha.cluster.role_option"


def options(role: str) -> dict[str, dict[str, t.Any]]:
    entries = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text("utf-8"))["argument_specs"]
    return {name: option for entry in entries.values() for name, option in entry["options"].items()}


def expressions(value: t.Any, key: str = "") -> t.Iterator[str]:
    """The templates in YAML, each with its braces."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from expressions(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner, key)
    elif isinstance(value, str):
        yield f"{{{{ {value} }}}}" if key in EXPRESSIONS and "{{" not in value else value


def raw_uses(template: str, names: t.Collection[str]) -> set[str]:
    """Which of the variables a template uses: by name, as an attribute, or as the text of one in map(attribute=...)."""
    tree = jinja2.Environment(autoescape=True, extensions=["jinja2.ext.do"]).parse(template)
    typed = [each for each in tree.find_all(nodes.Filter) if each.name == FILTER]
    found = [each.name for each in tree.find_all(nodes.Name)]
    found += [each.attr for each in tree.find_all(nodes.Getattr)]
    texts = [str(each.value) for each in tree.find_all(nodes.Const) if isinstance(each.value, str)]
    found += [part for text in texts if " " not in text for part in text.split(".")]
    for each in typed:
        node = each.node.node if isinstance(each.node, nodes.Filter) and each.node.name == "default" else each.node
        assert isinstance(node, nodes.Name)
        assert [argument.as_const() for argument in each.args] == [node.name]
        found.remove(node.name)
        found.remove(node.name)
    return set(found) & set(names)


def files(role: str) -> list[pathlib.Path]:
    return sorted(path for folder in FOLDERS for path in (ROLES / role / folder).rglob("*") if path.is_file())


PATHS = [path.relative_to(ROLES) for role in sorted(path.name for path in ROLES.iterdir()) for path in files(role)]


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_no_file_of_a_role_uses_a_variable_without_its_type(path: pathlib.Path) -> None:
    # An empty text is no value of a variable with choices either.
    names = {
        name
        for name, option in options(path.parts[0]).items()
        if option.get("type", "str") != "str" or "choices" in option
    }
    text = (ROLES / path).read_text("utf-8")
    templates = [text] if path.suffix == ".j2" else list(expressions(yaml.safe_load(text)))
    assert set().union(*(raw_uses(template, names) for template in templates)) == set()


@pytest.mark.parametrize("role", sorted(path.name for path in ROLES.iterdir()))
def test_a_role_begins_by_reading_its_variables(role: str) -> None:
    first = yaml.safe_load((ROLES / role / "tasks" / "main.yml").read_text("utf-8"))[0]
    assert "winha.cluster.role_options" in first
    assert first["register"] == f"{role}_options"


@pytest.mark.parametrize("role", sorted(path.name for path in ROLES.iterdir()))
def test_ansible_core_does_not_check_the_variables_before_us(role: str) -> None:
    # It would, for an entry point of the name of a file of tasks, and it refuses lists in JSON and empty texts.
    entries = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text("utf-8"))["argument_specs"]
    assert list(entries) == ["variables"]


@pytest.mark.parametrize("role", sorted(path.name for path in ROLES.iterdir()))
def test_every_variable_has_a_type_that_role_options_reads(role: str) -> None:
    kinds = {option.get("type", "str") for option in options(role).values()}
    assert kinds <= {"bool", "int", "float", "str", "list", "dict"}
    assert [
        name for name, option in options(role).items() if option["type"] == "list" and "elements" not in option
    ] == []


USES = {
    "{{ a_flag }}": {"a_flag"},
    "{{ x if a_flag else y }}": {"a_flag"},
    "{% if not a_flag %}{% endif %}": {"a_flag"},
    "{{ hostvars[x].a_flag }}": {"a_flag"},
    "{{ hosts | map(attribute='a_flag') }}": {"a_flag"},
    "{{ hosts | selectattr('a_flag.x', 'defined') }}": {"a_flag"},
    "{{ a_options.options.flag }}": set(),
    "Set a_flag to false.": set(),
    "{{ 'Set a_flag to false.' }}": set(),
    "{{ a_flag | winha.cluster.role_option('a_flag') }}": set(),
    "{{ a_flag | default({}) | winha.cluster.role_option('a_flag') }}": set(),
    "{{ a_flag | winha.cluster.role_option('a_flag') and a_flag }}": {"a_flag"},
}


@pytest.mark.parametrize(("template", "wanted"), USES.items())
def test_a_use_of_a_variable_is_found(template: str, wanted: set[str]) -> None:
    assert raw_uses(template, {"a_flag"}) == wanted
