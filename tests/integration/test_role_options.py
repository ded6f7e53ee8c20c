# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role variables as JSON, as text from -e and as text from an AWX survey: each gives the same value of its type.

The variables are those of all argument specs, so a new variable is in these tests.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

import pytest
import yaml
from stage import ROOT, Run, Stage, Variables

if t.TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.matrix

DOWN = {"ansible_port": 1}
BAD: Variables = {
    "bool": ("perhaps", "true or false"),
    "int": ("ninety", "a whole number"),
    "float": ("much", "a number"),
    "dict": ("all", "a mapping (JSON, or key=value)"),
}


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a role, as its argument spec describes it."""

    role: str
    name: str
    spec: Variables

    @property
    def option(self) -> str:
        return self.name.removeprefix(f"{self.role}_")

    @property
    def kind(self) -> str:
        return str(self.spec.get("type", "str"))

    @property
    def item(self) -> str:
        return str(self.spec.get("elements", ""))

    @property
    def value(self) -> t.Any:
        """A value that is not the default."""
        if self.kind == "list":
            values: Variables = {"str": ["A", "b*"], "int": [7, 8], "float": [1.5], "dict": [{"a": {"b": ["c"]}}]}
            return self.spec.get("choices", [])[:2] or values[self.item]
        return {"bool": not self.spec.get("default"), "int": 77, "float": 1.5, "dict": {"2016": {"a": 1}}}[self.kind]

    @property
    def text(self) -> str:
        """The value as somebody writes it."""
        if self.kind == "list" and self.item != "dict":
            return ",".join(str(item) for item in self.value)
        return json.dumps(self.value)

    @property
    def bad(self) -> tuple[t.Any, str]:
        """A value that is not of its type, and the sentence about it."""
        if self.kind != "list":
            value, wanted = BAD[self.kind]
            shown = "a text that is not shown here" if self.spec.get("no_log") else f'"{value}"'
            return value, f"{self.name} is {shown}, and it must be {wanted}."
        if self.spec.get("choices"):
            return [
                "odd"
            ], f'{self.name} has "odd", and each of its items must be one of {", ".join(self.spec["choices"])}.'
        if self.item == "str":
            return "[odd]", f'{self.name} is "[odd]", and it must be a list (JSON, or separated by commas).'
        return ["odd"], f'{self.name} has "odd", and each of its items must be {BAD[self.item][1]}.'


def variables() -> t.Iterator[Variable]:
    """The variables of all roles that are not a text."""
    for file in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        for entry in yaml.safe_load(file.read_text("utf-8"))["argument_specs"].values():
            for name, spec in entry["options"].items():
                if spec.get("type", "str") != "str":
                    yield Variable(file.parents[1].name, name, spec)


TYPED = list(variables())
ROLES = sorted({one.role for one in TYPED})
SECRET = [one for one in TYPED if one.spec.get("no_log")]
READ = yaml.safe_dump(
    [
        {
            "hosts": "hv01",
            "gather_facts": False,
            "tasks": [
                *({"name": role, "winha.cluster.role_options": {"role": role}} for role in ROLES),
                *(
                    {
                        "name": one.name,
                        "ansible.builtin.debug": {
                            "msg": f"{{{{ {one.name} | default('') | winha.cluster.role_option('{one.name}') }}}}"
                        },
                    }
                    for one in SECRET
                ),
            ],
        }
    ],
    sort_keys=False,
)
CHECK = yaml.safe_dump(
    [{"hosts": "hv01", "gather_facts": False, "tasks": [{"winha.cluster.role_options": {"check": ROLES}}]}]
)


def as_json(values: t.Mapping[str, t.Any]) -> list[str]:
    return ["-e", json.dumps(values)]


def as_text(values: t.Mapping[str, t.Any]) -> list[str]:
    """Each in an option C(-e name=text) of its own, quoted as in a shell."""
    texts = survey(values)
    return [word for name, text in texts.items() for word in ("-e", f"{name}='{text}'")]


def survey(values: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The values as AWX has them: texts in JSON."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def read(lab: Stage, *arguments: str) -> Run:
    """The variables of all roles, on a host to which there is no way."""
    run = lab.play(READ, *arguments, hosts={"hv01": DOWN})
    assert run.rc == 0, run.output
    return run


def found(run: Run, one: Variable) -> t.Any:
    if one in SECRET:
        return run.of("hv01", one.name).data["msg"]
    return run.of("hv01", one.role).data["options"].get(one.option, "absent")


@pytest.fixture(scope="module")
def runs(demo: Stage) -> dict[str, Run]:
    """Every variable in every form."""
    demo.estate.reset()
    values = {one.name: one.value for one in TYPED}
    texts = {one.name: one.text for one in TYPED}
    done = {
        "default": read(demo),
        "json": read(demo, *as_json(values)),
        "-e name=text": read(demo, *as_text(texts)),
        "-e name=JSON": read(demo, *as_text(values)),
        "survey": read(demo, *as_json(texts)),
        "survey, JSON": read(demo, *as_json(survey(values))),
        "survey, left empty": read(demo, *as_json(dict.fromkeys(values, ""))),
    }
    assert demo.journal() == []
    return done


@pytest.mark.parametrize("one", TYPED, ids=lambda one: one.name)
def test_every_form_gives_the_same_value(runs: dict[str, Run], one: Variable) -> None:
    values = {form: found(run, one) for form, run in runs.items()}
    default = values.pop("default")
    assert default == one.spec.get("default", "absent")
    assert values.pop("survey, left empty") == default
    assert values == dict.fromkeys(values, one.value)
    assert {type(value) for value in values.values()} == {type(one.value)}


@pytest.mark.parametrize(
    "form", [as_json, as_text, lambda values: as_json(survey(values))], ids=["json", "-e", "survey"]
)
def test_a_value_of_another_type_is_refused_by_name(
    lab: Stage, form: Callable[[t.Mapping[str, t.Any]], list[str]]
) -> None:
    run = lab.play(CHECK, *form({one.name: one.bad[0] for one in TYPED}), hosts={"hv01": DOWN})
    assert run.rc == 2
    (result,) = run.results
    assert result.message == " ".join(one.bad[1] for one in TYPED)
    assert lab.journal() == []
