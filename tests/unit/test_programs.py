# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each program that is started is in tests/debian_packages.py, and each that is there is started."""

from __future__ import annotations

import ast
import pathlib

import debian_packages
import pytest
from debian_packages import Use
from started_programs import in_makefile, in_python, in_shell

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Programs that come with ansible-core, which the workbench puts on the search path.
OF_THE_ENVIRONMENT = {"ansible-playbook"}
# Names of commands that are put together elsewhere. Whoever adds one says where.
MADE_ELSEWHERE = {
    "<arguments>": "what quietly, replace and _run are given",
    "<arguments[0]>": "what replace is given",
    "<candidate>": "each Python of the machine",
    "<command>": "what a new machine is to start, from Root.command",
    "<command.arguments>": "of a Command",
    "<name>": "what the lab's call and insist are given",
    "<prepare>": "ansible-playbook, from Stage.prepare",
    "<program>": "what ask is given",
    "<python>": "a Python of the machine",
    "<wrapper>": "nothing, or sys.executable",
}


def starts(*files: pathlib.Path) -> dict[str, list[str]]:
    """The programs that files start, each with the places where they do."""
    found: dict[str, list[str]] = {}
    for file in files:
        text = file.read_text("utf-8")
        if file.suffix == ".py":
            for line, name in in_python(ast.parse(text), file.stem):
                found.setdefault(name, []).append(f"{file.name}:{line}")
        else:
            for name in in_makefile(text) if file.name == "Makefile" else in_shell(text):
                found.setdefault(name, []).append(file.name)
    return found


def undeclared(found: dict[str, list[str]]) -> dict[str, list[str]]:
    declared = {name for need in debian_packages.NEEDS for name in (need.name, *need.other_names)}
    return {
        name: places
        for name, places in found.items()
        if name not in declared and name not in OF_THE_ENVIRONMENT and name not in MADE_ELSEWHERE
    }


@pytest.fixture(scope="module")
def everything() -> dict[str, list[str]]:
    return starts(
        *sorted((ROOT / "tests").rglob("*.py")),
        *sorted((ROOT / "plugins").rglob("*.py")),
        ROOT / "Makefile",
        ROOT / ".ci" / "run",
    )


def test_what_is_started_is_declared(everything: dict[str, list[str]]) -> None:
    assert undeclared(everything) == {}


def test_what_is_declared_is_started(everything: dict[str, list[str]]) -> None:
    declared = {need.name for need in debian_packages.NEEDS if need.is_program and not need.started_by}
    assert declared - set(everything) == set()
    assert set(MADE_ELSEWHERE) - set(everything) == set()


def test_each_need_is_installed_or_left_out() -> None:
    """What each machine has is of packages that cannot be removed; the workbench looks for everything else."""
    equipment = (ROOT / "tests" / "workbench" / "equipment.py").read_text("utf-8")
    looked_for = {use for use in Use if f"Use.{use.name}" in equipment}
    assert set(Use) - looked_for == {Use.SYSTEM, Use.MAKE, Use.OPTIONAL}


@pytest.mark.parametrize(
    "text",
    [
        'import subprocess\nsubprocess.run(["nosuch", "-x"], check=True)\n',
        'import subprocess\nsubprocess.run(("/usr/bin/nosuch", *given))\n',
        'import subprocess\ndef f(more):\n    command = ["nosuch"] + more\n    subprocess.Popen(command)\n',
        'import subprocess\ndef f():\n    return ["nosuch"]\nsubprocess.check_call([*(f() or []), "true"])\n',
        'import subprocess\nclass X:\n    name: str = "nosuch"\n    def f(self):\n     subprocess.run([self.name])\n',
        'import shutil\nfound = shutil.which("nosuch") or shutil.which("sh")\n',
        'from lab.directory.programs import insist\ninsist("nosuch", "-x")\n',
        'from .terminal import quietly\nquietly(["env", "A=1", "nosuch"])\n',
        'import subprocess\nTEXT = """\nset -e\nif nosuch -x; then true; fi\n"""\nsubprocess.run(["sh", "-c", TEXT])\n',
        'path.write_text(f"#!/bin/sh\\ntrue | nosuch {path}\\n")\n',
        'import os\nos.execv("nosuch", ["nosuch"])\n',
    ],
)
def test_a_start_that_is_not_declared_is_found(tmp_path: pathlib.Path, text: str) -> None:
    file = tmp_path / "planted.py"
    file.write_text(text, "utf-8")
    assert set(undeclared(starts(file))) == {"nosuch"}


def test_a_command_from_nowhere_is_found(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "planted.py"
    file.write_text("import subprocess\n\ndef start(what):\n    subprocess.run(what)\n", "utf-8")
    assert undeclared(starts(file)) == {"<what>": ["planted.py:4"]}


@pytest.mark.parametrize(
    "text",
    [
        "nosuch -x > /dev/null 2>&1",
        "A=1 nosuch",
        "# nosuch's comment\ncd / && exec nosuch",
        'test "$(nosuch | cat)" = x',
        "trap 'nosuch' EXIT",
        "f() { nosuch \"$@\"; }\nf 'a\nb'",
        "for each in a b; do\n    nosuch $each\ndone",
        "cat < x \\\n    | nosuch",
    ],
)
def test_a_program_of_a_script_is_found(text: str) -> None:
    assert in_shell(text) - {"cat"} == {"nosuch"}


def test_a_program_of_a_recipe_is_found() -> None:
    assert in_makefile("all: nothing ## nosense\n\t@$(PYTHON) -m x $(if $(A),--a $(A))\n\tnosuch -x\n") == {"nosuch"}
