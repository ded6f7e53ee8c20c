# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role variables as JSON, as text from -e and as text from an AWX survey: each gives the same value of its type.

The variables are those of all argument specs, so a new variable is in these tests.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from stage import ROOT, Run, Stage, Variables, Vaulted

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
            if self.spec.get("options"):
                return [{name: Variable("", name, spec).value for name, spec in self.spec["options"].items()}]
            values: Variables = {"str": ["A", "b*"], "int": [7, 8], "float": [1.5], "dict": [{"a": {"b": ["c"]}}]}
            return self.spec.get("choices", [])[:2] or values[self.item]
        if self.kind == "str":
            return self.spec["choices"][0]
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


@pytest.mark.parametrize(
    ("playbook", "arguments", "sentence"),
    [
        (
            "winha.cluster.enforce",
            ["-e", "migration_network_drain=perhaps"],
            'migration_network_drain is "perhaps", and it must be true or false.',
        ),
        (
            "winha.cluster.validate",
            ["-e", "audit_gather=perhaps audit_event_days=many"],
            (
                'audit_gather is "perhaps", and it must be true or false. '
                'audit_event_days is "many", and it must be a whole number.'
            ),
        ),
    ],
    ids=["enforce", "validate"],
)
def test_a_playbook_stops_before_it_contacts_a_host(
    lab: Stage, playbook: str, arguments: list[str], sentence: str
) -> None:
    run = lab.play(playbook, *arguments)
    assert run.rc == 2
    assert {one.message for one in run.results if one.status == "failed"} == {sentence}
    assert len({one.task for one in run.results}) == 1
    assert lab.journal() == []


def test_the_check_goes_by_the_variables_of_each_host(lab: Stage) -> None:
    run = lab.play("winha.cluster.enforce", hosts={"hv02": {"hyperv_cluster_allow_no_match": "perhaps"}})
    (failed,) = [one for one in run.results if one.status == "failed"]
    assert (failed.host, failed.message) == (
        "hv02",
        'hyperv_cluster_allow_no_match is "perhaps", and it must be true or false.',
    )
    assert lab.journal() == []


def test_texts_of_ansible_are_read(lab: Stage, tmp_path: Path) -> None:
    """Encrypted texts, unsafe texts, templates, and texts that another task returned."""
    key = tmp_path / "key"
    key.write_text("key", "utf-8")
    sealed = {text: encrypted(lab, key, text) for text in ("9000", "hidden")}
    play = """
        - hosts: hv01
          gather_facts: false
          vars:
            number: "1500"
            audit_event_days: "{{ number }}"
            audit_gather: !unsafe "false"
            audit_formats: "{{ ['html'] }}"
            audit_title: !unsafe "{{ not a template }}"
            audit_migration_adapters: "{{ omit }}"
          tasks:
            - ansible.builtin.set_fact:
                audit_event_limit: "{{ '7' | string }}"
            - name: audit
              winha.cluster.role_options:
                role: audit
            - name: migration_network
              winha.cluster.role_options:
                role: winha.cluster.migration_network
              register: network
            # In the play, since ansible-core 2.22 hides what the vault held in what it shows.
            - ansible.builtin.assert:
                that: network.options.mtu == 9000
            - name: hyperv_cluster
              winha.cluster.role_options:
                role: hyperv_cluster
              ignore_errors: true
            - name: dag_heartbeat
              winha.cluster.role_options:
                role: dag_heartbeat
              vars:
                dag_heartbeat_max_seconds: "{{ nowhere }}"
              ignore_errors: true
            - name: none
              winha.cluster.role_options:
              ignore_errors: true
            - name: other
              winha.cluster.role_options:
                check: [audit, other]
              ignore_errors: true
    """
    hosts = {
        "hv01": DOWN
        | {
            "migration_network_mtu": Vaulted(sealed["9000"]),
            "hyperv_cluster_allow_no_match": Vaulted(sealed["hidden"]),
        }
    }
    run = lab.play(play, "--vault-password-file", str(key), "--check", hosts=hosts)
    assert run.rc == 0, run.output
    options = run.of("hv01", "audit").data["options"]
    assert {name: options[name] for name in ("event_days", "gather", "formats", "title", "event_limit")} == {
        "event_days": 1500,
        "gather": False,
        "formats": ["html"],
        "title": "{{ not a template }}",
        "event_limit": 7,
    }
    assert options["migration_adapters"] == []
    assert options["facts_file"] == ""
    assert run.of("hv01", "hyperv_cluster").message == (
        "hyperv_cluster_allow_no_match is a text that is not shown here, and it must be true or false."
    )
    assert re.fullmatch(
        "dag_heartbeat_max_seconds cannot be templated: .*'nowhere' is undefined.*",
        run.of("hv01", "dag_heartbeat").message,
    )
    assert run.of("hv01", "none").message == "The option role is missing: this task is in no role."
    assert run.of("hv01", "other").message.startswith("winha.cluster has no role other. Its roles are audit, ")
    assert "hidden" not in run.output
    assert lab.journal() == []


def encrypted(lab: Stage, key: Path, text: str) -> str:
    """A text as ansible-vault encrypts it."""
    program = [str(Path(sys.executable).parent / "ansible-vault"), "encrypt_string", "--vault-password-file", str(key)]
    environment = os.environ | {"ANSIBLE_HOME": str(lab.folder / "ansible")}
    done = subprocess.run([*program, text], env=environment, capture_output=True, text=True, check=True)
    return "\n".join(line.strip() for line in done.stdout.splitlines() if "!vault" not in line) + "\n"


ROLE = """
    - hosts: hyperv_hosts
      gather_facts: false
      roles:
        - winha.cluster.hyperv_cluster
"""


def test_a_role_takes_texts(lab: Stage) -> None:
    texts = {"hyperv_cluster_virtual_machines": '["EX01", "NONE"]', "hyperv_cluster_exclude": ""}
    refused = lab.play(ROLE, *as_json(texts), "-e", "hyperv_cluster_allow_no_match=false")
    assert refused.rc == 2
    assert "NONE" in refused.output
    assert lab.writes() == []
    run = lab.check(ROLE, *as_json(texts), "-e", "hyperv_cluster_allow_no_match=true")
    assert run.rc == 0, run.output
