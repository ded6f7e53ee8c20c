# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the tests, and the demonstration, which is one of them."""

from __future__ import annotations

import dataclasses
import functools
import os
import shutil
import typing as t

from .ansible_test import prepare_home, pythons_directory
from .awx import add_awx_collection
from .checkout import mark_as_own, tree
from .equipment import BROWSER, DIRECTORY, GIT, SSH, Equipment
from .places import CACHE, COLLECTION, ROOT
from .pythons import search_path
from .terminal import quietly

if t.TYPE_CHECKING:
    import pathlib

    from .environments import Environment
# All unit tests run in the checkout. These, some of each kind that ansible-test tells apart, also run where it is
# installed.
SOME_UNITS = (
    "tests/unit/lab/test_get.py",
    "tests/unit/plugins/filter/",
    "tests/unit/plugins/module_utils/_audit/",
    "tests/unit/plugins/module_utils/test_ticket.py",
    "tests/unit/plugins/modules/",
)
# The others run with make molecule.
SOME_SCENARIOS = ("undo", "upgrade")
# Tests that need python-ldap.
WITH_LDAP = (
    "tests/integration/directory",
    "tests/unit/plugins/module_utils/_directory",
    "tests/unit/plugins/module_utils/_exchange",
    "tests/unit/plugins/modules/test_spn.py",
)
AWX_PROJECT = "extensions/awx"


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """A program with its arguments, and where it differs from others, its surroundings."""

    arguments: t.Sequence[str | pathlib.Path]
    directory: pathlib.Path = ROOT
    variables: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the tests: commands in one environment, which all run even if one fails.

    Parts of the same queue run one after another, because their labs have the same addresses.
    """

    name: str
    environment: Environment
    commands: t.Callable[[Environment], t.Sequence[Command]]
    queue: str = ""


def lint(environment: Environment) -> list[Command]:
    """Style, types, YAML, Ansible's own rules, documentation, changelog, and what is published."""
    add_awx_collection(environment)
    place = tree(CACHE / "lint")
    program = environment.program
    there = {"ANSIBLE_COLLECTIONS_PATH": str(CACHE / "lint"), "ANSIBLE_HOME": str(CACHE / "lint" / "ansible")}
    with_awx = there | {"ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(CACHE / "lint"), str(CACHE)])}
    return [
        Command([program("ruff"), "check", "."]),
        Command([program("ruff"), "format", "--check", "."]),
        Command([program("mypy")]),
        Command([program("yamllint"), "--strict", "."], place),
        Command([program("ansible-lint"), "--offline", "--strict", "--nocolor", "-q"], place, there),
        Command([program("antsibull-docs"), "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all",
                 "--disallow-unknown-collection-refs", "--skip-rstcheck", "."], place, there),
        Command([program("antsibull-changelog"), "lint"], place, there),
        Command([program("reuse"), "lint", "--lines"], place),
        # A project of its own, with its own configuration.
        Command([program("ansible-lint"), "--offline", "--strict", "--nocolor", "-q"], place / AWX_PROJECT, with_awx),
        Command([program("python"), "-m", "workbench.galaxy", "docsite"], variables=there),
        Command([program("python"), "-m", "workbench.galaxy", "check"]),
    ]  # fmt: skip


def sanity(environment: Environment, python: str, *places: str) -> list[Command]:
    """ansible-test's own rules, without a list of exceptions; C(python) is a version, or C(default) for all."""
    place = CACHE / "sanity" / environment.core
    home = place / "home"
    prepare_home(environment, home)
    path = os.pathsep.join([str(environment.directory / "bin"), str(pythons_directory()), *search_path()])
    arguments = [environment.program("ansible-test"), "sanity", "--python", python, "--color", "no", *places]
    return [Command(arguments, tree(place), {"HOME": str(home), "PATH": path})]


def installed(environment: Environment) -> list[Command]:
    """What users do with the installed collection: ansible-test with some tests, and the lab as a package.

    ansible-test makes environments of its own, with the requirements that the collection names.
    """
    place = CACHE / "installed" / environment.core
    home = place / "home"
    prepare_home(environment, home)
    shutil.rmtree(place / "ansible_collections", ignore_errors=True)
    galaxy = [environment.program("ansible-galaxy"), "collection"]
    quietly([*galaxy, "build", "--force", "--output-path", place, tree(place / "source")])
    (artifact,) = place.glob("*.tar.gz")
    quietly([*galaxy, "install", "--force", "--offline", "--collections-path", place, artifact])
    mark_as_own(place / COLLECTION)
    path = os.pathsep.join([str(environment.directory / "bin"), str(pythons_directory()), *search_path()])
    variables = {"HOME": str(home), "PATH": path}
    options = ["--venv", "--python", environment.python.minor, "--requirements", "--color", "no"]
    pip = [environment.program("python"), "-m", "pip", "install", "--no-deps", "--upgrade"]
    return [
        *(
            Command([environment.program("ansible-test"), *arguments, *options], place / COLLECTION, variables)
            for arguments in (["units", *SOME_UNITS], ["integration"])
        ),
        Command([*pip, "--target", place / "lab", place / COLLECTION / "tests" / "lab"], place),
        Command([environment.program("python"), "-m", "lab", "--help"], place, {"PYTHONPATH": str(place / "lab")}),
    ]


def molecule(environment: Environment) -> list[Command]:
    return [
        Command([environment.program("molecule"), "test", "--scenario-name", name], ROOT, molecule_variables())
        for name in SOME_SCENARIOS
    ]


def molecule_variables() -> dict[str, str]:
    """Its state is below its home."""
    return {"HOME": str(CACHE / "molecule"), "ANSIBLE_FORCE_COLOR": "0", "PY_COLORS": "0"}


def pytest(environment: Environment, *arguments: str) -> list[str]:
    cache = CACHE / "pytest" / environment.directory.name
    without = [] if DIRECTORY.fits(environment.python) else [f"--ignore={place}" for place in WITH_LDAP]
    return [environment.program("python"), "-m", "pytest", "-q", "-o", f"cache_dir={cache}", *arguments, *without]


def of_lint(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    return [Part(name="lint", environment=dataclasses.replace(first, purpose="lint"), commands=lint)]


def of_sanity(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    """All files on the newest ansible-core, with an import on every Python here; on the oldest one the plugins."""
    newest, oldest = environments[0], environments[-1]
    parts = [Part(name="sanity", environment=newest, commands=functools.partial(sanity, python="default"))]
    if oldest != newest:
        parts.append(
            Part(name="sanity", environment=oldest, commands=lambda one: sanity(one, one.python.minor, "plugins/"))
        )
    return parts


def of_installed(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    return [Part(name="installed", environment=environments[0], commands=installed)]


def of_molecule(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    return [Part(name="molecule", environment=dataclasses.replace(first, purpose="molecule"), commands=molecule)]


def of_units(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    """All on the newest Python and the oldest; those of the plugins on the others."""

    def commands(environment: Environment) -> list[Command]:
        ends = (environments[0], environments[-1])
        return [Command(pytest(environment, "tests/unit" if environment in ends else "tests/unit/plugins"))]

    return [Part(name="units", environment=one, commands=commands, queue="units") for one in environments]


def of_integration(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    def commands(environment: Environment) -> list[Command]:
        if environment != environments[0]:
            return [integration_tests(environment, "matrix and not long")]
        add_awx_collection(environment)
        return [integration_tests(environment, "not long", {"WINHA_AWX_REQUIRED": "1"})]

    # The unit tests run on every Python; here one for each ansible-core is enough.
    cores = {environment.core: environment for environment in reversed(environments)}
    chosen = [environment for environment in environments if environment in cores.values()]
    return [Part(name="integration", environment=one, commands=commands, queue="integration") for one in chosen]


def of_long(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    def commands(environment: Environment) -> list[Command]:
        return [integration_tests(environment, "long")]

    return [Part(name="long", environment=environments[0], commands=commands)]


def integration_tests(environment: Environment, marks: str, variables: t.Mapping[str, str] | None = None) -> Command:
    # With loadfile, what a file sets up for its tests is set up once.
    options = ["-n", "2", "--dist", "loadfile", "-m", marks]
    return Command(pytest(environment, *options, "tests/integration"), variables=variables or {})


def of_demo(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    """On the newest ansible-core with one connection, and on the oldest with the other."""

    def commands(environment: Environment, connection: str) -> list[Command]:
        reports = CACHE / "demo" / f"{environment.directory.name}-{connection}"
        return [Command([*demonstration(environment, connection, "https"), "--reports", str(reports)])]

    chosen = zip((environments[0], environments[-1]), CONNECTIONS, strict=True)
    return [
        Part(
            name=f"demo {connection}",
            environment=environment,
            commands=functools.partial(commands, connection=connection),
        )
        for environment, connection in chosen
    ]


def demonstration(environment: Environment, connection: str, listener: str) -> list[str]:
    options = ["--connection", connection, "--listener", listener]
    return [environment.program("python"), str(ROOT / "tests" / "demo.py"), *options]


CONNECTIONS = ("winrm", "psrp")
PARTS = {
    "integration": of_integration,
    # It has an environment of its own, which is made beside that of the integration tests.
    "lint": of_lint,
    "sanity": of_sanity,
    "units": of_units,
    "demo": of_demo,
    "installed": of_installed,
    "molecule": of_molecule,
    "long": of_long,
}
# Parts that run only if they are named, since they take too long for each run.
BY_NAME = ("long",)
# What takes too long for each run.
LONGER = (
    ("integration", "the execution environment, which takes about ten minutes: make ee"),
    ("integration", "the integration tests that are marked as long, which take about ten minutes: make long"),
    ("molecule", "the other scenarios of Molecule: make molecule"),
)
NEEDS: t.Mapping[str, t.Sequence[Equipment]] = {
    "integration": (DIRECTORY, BROWSER),
    "long": (DIRECTORY,),
    "units": (DIRECTORY,),
    "demo": (DIRECTORY,),
    "molecule": (DIRECTORY,),
}
# Parts that are left out as a whole where this is missing; in the others single tests are.
ESSENTIAL: t.Mapping[str, t.Sequence[Equipment]] = {"installed": (GIT, SSH), "sanity": (GIT,)}
