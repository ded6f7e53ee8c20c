# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files with requirements name what the code imports and starts, and what Debian needs for it."""

from __future__ import annotations

import ast
import pathlib
import re
import sys
import typing as t

import debian_packages
import yaml
from debian_packages import Use
from started_programs import in_python

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The distribution of a module with another name.
DISTRIBUTIONS = {
    "dns": "dnspython",
    "ldap": "python-ldap",
    "markdown_it": "markdown-it-py",
    "requests_ntlm": "pywinrm",
    "spnego": "pywinrm",
    "urllib3": "requests",
    "winrm": "pywinrm",
    "yaml": "PyYAML",
}
WITH_ANSIBLE_CORE = {"ansible", "jinja2", "markupsafe", "PyYAML"}
OURS = {"ansible_collections", "conftest", "lab", "torture", "workbench"}
# The packages with the libraries that a program built with another package loads.
LOADED = {
    "libc6-dev": set(),
    "gcc": set(),
    "libkrb5-dev": {"libgssapi-krb5-2", "libkrb5-3"},
    "libldap-dev": {"libldap-2.5-0", "libldap2"},
    "libsasl2-dev": {"libsasl2-2"},
}
RPM = {
    "cyrus-sasl-devel": {"cyrus-sasl-lib"},
    "gcc": set(),
    "krb5-devel": {"krb5-libs"},
    "openldap-devel": {"openldap"},
    "python3-devel": set(),
}


def imported(*folders: str) -> set[str]:
    """The distributions that the code in these folders imports."""
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    names = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module or "")
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip":
                names.add(ast.literal_eval(node.args[0]))
    found = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - OURS
    shared = {file.stem for file in (ROOT / "tests").rglob("*.py")}
    return {DISTRIBUTIONS.get(name, name) for name in found - shared}


def required(file: str) -> set[str]:
    lines = (ROOT / file).read_text("utf-8").splitlines()
    return {t.cast("re.Match[str]", re.match(r"[\w-]+", line))[0] for line in lines if not line.startswith("#")}


def system_packages(platform: str, *, compile_time: bool) -> set[str]:
    """The packages of meta/ee-bindep.txt for dpkg or rpm."""
    found = set()
    for line in (ROOT / "meta" / "ee-bindep.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, conditions = t.cast("re.Match[str]", re.fullmatch(r"(\S+) \[([^]]+)\]", line)).groups()
            words = conditions.split()
            releases = {"dpkg"} if re.search(r"platform:(debian|ubuntu)", conditions) else set()
            platforms = releases | {word.removeprefix("platform:") for word in words}
            if platform in platforms and compile_time == ("compile" in words):
                found.add(name)
    return found


def test_the_execution_environment_gets_each_library_that_the_plugins_import() -> None:
    assert imported("plugins") - WITH_ANSIBLE_CORE == required("meta/ee-requirements.txt")


def test_the_execution_environment_gets_each_program_that_the_plugins_start() -> None:
    started = {
        name
        for file in (ROOT / "plugins").rglob("*.py")
        for _line, name in in_python(ast.parse(file.read_text("utf-8")), file.stem)
    }
    packages = {need.package for need in debian_packages.NEEDS if need.name in started}
    assert "krb5-user" in packages
    assert packages <= system_packages("dpkg", compile_time=False)


def test_bindep_names_what_debian_needs_to_build_and_to_load_the_libraries() -> None:
    build, run = (system_packages("dpkg", compile_time=when) for when in (True, False))
    assert build == {need.package for need in debian_packages.NEEDS if need.use is Use.BUILD} | {"python3-dev"}
    loaded: set[str] = set().union(*(LOADED[name] for name in build - {"python3-dev"}))
    assert loaded <= run
    assert not [name for name in run if name.endswith("-dev")]
    # Cyrus SASL loads it when somebody signs in.
    assert {need.package for need in debian_packages.NEEDS if "libgssapiv2" in need.name} <= run


def test_bindep_names_the_same_for_red_hat() -> None:
    assert system_packages("rpm", compile_time=True) == set(RPM)
    loaded: set[str] = set().union(*RPM.values())
    assert system_packages("rpm", compile_time=False) == loaded | {"krb5-workstation", "cyrus-sasl-gssapi"}


def test_ansible_test_installs_what_the_tests_import() -> None:
    """Tests that need python-ldap or gssapi, which have to be built, are left out where they are missing."""
    by_tests = imported("tests/unit", "tests/lab", "tests/torture", "plugins")
    built = {"gssapi", "python-ldap"}
    assert required("tests/unit/requirements.txt") | {"PyYAML", "pytest"} >= by_tests - WITH_ANSIBLE_CORE - built


def test_the_targets_of_ansible_test_get_the_lab_and_winrm() -> None:
    # The listener with Kerberos is a program for the Python of Debian, which has gssapi.
    assert required("tests/integration/requirements.txt") == (imported("tests/lab") | {"pywinrm"}) - {"gssapi"}


def test_the_definition_of_the_execution_environment_is_what_ansible_builder_takes() -> None:
    """It gives these words to a shell, which would take a space for the end of a requirement."""
    file = ROOT / "extensions" / "execution_environment" / "execution-environment.yml"
    definition = yaml.safe_load(file.read_text("utf-8"))
    assert definition["version"] == 3
    dependencies = definition["dependencies"]
    for name in ("ansible_core", "ansible_runner"):
        assert re.fullmatch(r"[\w.>=-]+", dependencies[name]["package_pip"])
    sources = [one["src"] for one in definition["additional_build_files"]]
    assert [one["name"] for one in dependencies["galaxy"]["collections"]] == sources
