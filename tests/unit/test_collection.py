# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that the files of the collection are consistent with each other."""

from __future__ import annotations

import ast
import collections
import graphlib
import importlib
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "ansible_collections.winha.cluster.plugins"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("[!_]*.py"))
# These run on the controller only, and contact no host.
ON_CONTROLLER = {"audit_reports", "plan_reports", "prove_reports", "role_options"}
COMPOSED = {"audit_host_info"}  # runs other modules; only an action can
TASKS = [name for name in MODULES if name not in ON_CONTROLLER | COMPOSED]
INVENTORY = sorted(path.stem for path in (ROOT / "plugins" / "inventory").glob("*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
PLUGINS = sorted(path.relative_to(ROOT) for path in (ROOT / "plugins").rglob("*.py"))
MAX_LINES = 350
# REUSE-IgnoreStart
HEADER = (
    "# Copyright: (c) 2026, winha.cluster contributors\n"
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
    "# SPDX-License-Identifier: GPL-3.0-or-later\n"
)
# REUSE-IgnoreEnd
KEYWORDS = {
    "become", "check_mode", "delegate_to", "diff", "environment", "failed_when", "ignore_errors", "loop",
    "loop_control", "name", "notify", "register", "run_once", "tags", "throttle", "until", "retries", "vars", "when",
}  # fmt: skip

# The packages of plugins/ and the packages that they may import. A file directly in module_utils counts as a package.
# Each package is listed after those that it imports, so there are no circular imports.
ALLOWED_IMPORTS: t.Mapping[str, frozenset[str]] = {
    package: frozenset(imports.split())
    for package, imports in {
        "errors": "",
        "artifact": "",
        "identity": "",
        "powershell": "",
        "name_list": "",
        "name_pattern": "",
        "selection": "errors name_pattern",
        "typed_value": "errors",
        "plan": "",
        "ticket": "errors",
        "session": "errors",
        "_bundle": "errors",
        "_wsman": "errors ticket",
        "_directory": "errors ticket",
        "_dns": "_directory errors session ticket",
        "_psrp": "_wsman errors ticket",
        "_windows": "_wsman identity name_pattern",
        "_exchange": "_directory errors name_list powershell",
        "_audit": "_directory _exchange _windows artifact errors identity name_list name_pattern powershell",
        "_prove": "_directory _dns _exchange _exchange_settings _psrp _windows _wsman errors identity",
        "_report": "name_list",
        "_exchange_settings": "_directory _exchange _psrp errors name_list plan",
        "_change": "errors identity name_list name_pattern",
        "connection": "_bundle _wsman errors session ticket",
        "directory": "_directory errors session",
        "exchange_shell": "_psrp errors session",
        "task": "connection errors plan session",
        "wanted": "plan task",
        "modules": "_directory _dns _exchange _exchange_settings _prove _psrp _windows _wsman connection directory "
        "errors exchange_shell identity plan selection task wanted",
        "filter": "_audit _change _exchange _exchange_settings _report artifact directory errors plugin_utils "
        "typed_value",
        "plugin_utils": "_change _dns _prove _windows _wsman connection directory errors exchange_shell identity "
        "session task ticket typed_value",
        "action": "_audit _bundle _change _prove _report _windows artifact connection errors modules plugin_utils task "
        "typed_value",
        "inventory": "_directory _exchange _windows _wsman connection directory errors identity plugin_utils session",
        "doc_fragments": "",
    }.items()
}
MAX_SHARE = 0.20  # of the lines of plugins/ in one package

Mapping = dict[str, t.Any]


def load(*path: str) -> t.Any:
    return yaml.safe_load(ROOT.joinpath(*path).read_text("utf-8"))


def module(name: str) -> t.Any:
    return importlib.import_module(f"{PACKAGE}.modules.{name}")


def documentation(name: str, kind: str = "modules") -> Mapping:
    """The documentation of a module or another plugin, including the fragments of this collection."""
    own: Mapping = yaml.safe_load(importlib.import_module(f"{PACKAGE}.{kind}.{name}").DOCUMENTATION)
    parts = [own]
    for fragment in own.get("extends_documentation_fragment", []):
        if not fragment.startswith("winha.cluster."):
            continue
        names = fragment.removeprefix("winha.cluster.").split(".")
        found = importlib.import_module(f"{PACKAGE}.doc_fragments.{names[0]}").ModuleDocFragment
        parts.append(yaml.safe_load(getattr(found, names[1].upper() if names[1:] else "DOCUMENTATION")))
    merged = dict(own)
    for key in ("options", "attributes"):
        merged[key] = {}
        for part in parts:
            for entry, value in part.get(key, {}).items():
                merged[key][entry] = merged[key].get(entry, {}) | value
    return merged


def argument_spec(name: str) -> Mapping:
    """The options of a module in code."""
    if name in ON_CONTROLLER | COMPOSED:
        return t.cast("Mapping", importlib.import_module(f"{PACKAGE}.action.{name}").SPEC)
    return t.cast("Mapping", module(name).TASK.argument_spec)


def role_options(role: str) -> Mapping:
    """The options of a role, by the name of the variable."""
    entries = load("roles", role, "meta", "argument_specs.yml")["argument_specs"].values()
    return {name: option for entry in entries for name, option in entry["options"].items()}


def role_version(role: str) -> str:
    """The release in which a role was added."""
    entries = load("roles", role, "meta", "argument_specs.yml")["argument_specs"].values()
    return str(next(iter(entries))["version_added"])


def shape(options: t.Mapping[str, Mapping], inner: str) -> Mapping:
    """The properties of options that are both in the documentation and in the argument spec."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "choices": option.get("choices"),
            "default": option.get("default"),
            "required": option.get("required", False),
            "aliases": option.get("aliases", []),
            "options": shape(option.get(inner) or {}, inner),
        }
        for name, option in options.items()
    }


@pytest.mark.parametrize("name", TASKS)
def test_a_module_has_an_action_with_its_name(name: str) -> None:
    action = importlib.import_module(f"{PACKAGE}.action.{name}").ActionModule
    assert action.module == f"winha.cluster.{name}"
    assert action.task is module(name).TASK


def test_every_action_has_a_module() -> None:
    assert sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py")) == MODULES


def test_the_action_groups_contain_every_module() -> None:
    groups = load("meta", "runtime.yml")["action_groups"]
    assert sorted(groups["all"]) == sorted([*TASKS, *COMPOSED])


@pytest.mark.parametrize("name", [*TASKS, *COMPOSED])
def test_a_module_is_in_the_action_group_of_its_service(name: str) -> None:
    groups = load("meta", "runtime.yml")["action_groups"]
    options = argument_spec(name)
    assert (name in groups["windows"]) == ("scheme" in options)
    assert (name in groups["directory"]) == ("global_catalogs" in options)
    assert (name in groups["dns"]) == ("name_servers" in options)
    assert (name in groups["exchange"]) == ("server" in options)


@pytest.mark.parametrize("name", MODULES)
def test_the_documented_options_match_the_task(name: str) -> None:
    assert shape(documentation(name)["options"], "suboptions") == shape(argument_spec(name), "options")


def keys_of(options: t.Mapping[str, Mapping]) -> set[str]:
    """The keys of options and of the options in them."""
    inner = [keys_of(option.get("options") or {}) for option in options.values()]
    return set(itertools.chain.from_iterable(options.values())).union(*inner)


@pytest.mark.parametrize("name", MODULES)
def test_an_option_has_only_keys_that_ansible_reads(name: str) -> None:
    known = {"type", "elements", "choices", "default", "required", "aliases", "options", "no_log", "fallback"}
    assert keys_of(argument_spec(name)) <= known


@pytest.mark.parametrize("name", MODULES)
def test_every_option_is_described(name: str) -> None:
    assert all(option["description"] for option in documentation(name)["options"].values())


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("attribute", ["check_mode", "diff_mode", "idempotent"])
def test_a_module_documents_its_attributes(name: str, attribute: str) -> None:
    found = documentation(name)["attributes"][attribute]
    assert found["description"]
    if name.endswith("_reports"):  # a report is no setting of a server
        assert found["support"] == {"check_mode": "partial", "diff_mode": "none", "idempotent": "partial"}[attribute]
        return
    reads = name.endswith("_info") or name in ON_CONTROLLER
    assert found["support"] == ("N/A" if reads and attribute == "diff_mode" else "full")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_documents_its_name_and_version_added(name: str) -> None:
    own = documentation(name)
    assert own["module"] == name
    major, minor, _patch = version(load("galaxy.yml")["version"])
    assert version(own["version_added"]) <= (major, minor + 1, 0)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_tasks_with_full_names(name: str) -> None:
    tasks = yaml.safe_load(module(name).EXAMPLES)
    actions = [next(iter(set(task) - KEYWORDS)) for task in tasks]
    assert [sorted(set(task) - KEYWORDS) for task in tasks] == [[action] for action in actions]
    assert all(action.count(".") == 2 for action in actions)
    assert f"winha.cluster.{name}" in actions


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_use_existing_options(name: str) -> None:
    tasks = yaml.safe_load(module(name).EXAMPLES)
    used = [task.get(f"winha.cluster.{name}") or {} for task in tasks]
    assert set(itertools.chain.from_iterable(used)) <= set(argument_spec(name))


@pytest.mark.parametrize("name", MODULES)
def test_return_values_are_described(name: str) -> None:
    described = yaml.safe_load(module(name).RETURN)
    assert described
    assert all(value["description"] and value["type"] and value["returned"] for value in described.values())


@pytest.mark.parametrize("name", INVENTORY)
def test_the_documented_options_of_an_inventory_plugin_match_its_options(name: str) -> None:
    own = documentation(name, "inventory")
    plugin = importlib.import_module(f"{PACKAGE}.inventory.{name}").InventoryModule
    assert own["options"].pop("plugin")["choices"] == [plugin.NAME] == [f"winha.cluster.{name}"]
    assert shape(own["options"], "suboptions") == shape(plugin.spec, "options")
    assert all(option["description"] for option in own["options"].values())


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "plugins" / "filter").glob("*.py")))
def test_a_filter_has_the_name_of_its_file(name: str) -> None:
    assert list(importlib.import_module(f"{PACKAGE}.filter.{name}").FilterModule().filters()) == [name]
    assert documentation(name, "filter")["name"] == name


@pytest.mark.parametrize("name", INVENTORY)
def test_the_examples_of_an_inventory_plugin_use_existing_options(name: str) -> None:
    shared = {"plugin", "compose", "groups", "keyed_groups", "cache", "cache_plugin", "cache_connection"}
    plugin = importlib.import_module(f"{PACKAGE}.inventory.{name}")
    example = yaml.safe_load(plugin.EXAMPLES)
    assert example["plugin"] == plugin.InventoryModule.NAME
    assert set(example) <= shared | set(plugin.InventoryModule.spec)


def tasks_in(value: t.Any) -> t.Iterator[Mapping]:
    """The tasks and plays in a YAML document, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from tasks_in(item)
    elif isinstance(value, dict):
        yield value
        for item in value.values():
            yield from tasks_in(item)


@pytest.mark.parametrize(
    "path", sorted(path.relative_to(ROOT) for name in ("roles", "playbooks") for path in (ROOT / name).rglob("*.yml"))
)
def test_no_task_leaves_check_mode_for_a_server(path: pathlib.Path) -> None:
    for task in tasks_in(load(*path.parts)):
        if task.get("check_mode", True) is not True:
            assert task.get("delegate_to") == "localhost", task["name"]
            ours = {str(key) for inner in tasks_in(task) for key in inner if str(key).startswith("winha.cluster.")}
            assert ours <= {f"winha.cluster.{name}" for name in ON_CONTROLLER}


@pytest.mark.parametrize("role", ROLES)
def test_the_documented_defaults_of_a_role_match_its_defaults(role: str) -> None:
    options = role_options(role)
    path = ("roles", role, "defaults", "main.yml")
    defaults = load(*path) if ROOT.joinpath(*path).is_file() else {}
    assert {name: option["default"] for name, option in options.items() if "default" in option} == defaults


@pytest.mark.parametrize("role", ROLES)
def test_the_variables_of_a_role_start_with_its_name(role: str) -> None:
    options = role_options(role)
    assert [name for name in options if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_of_a_role_lists_its_variables(role: str) -> None:
    text = (ROOT / "roles" / role / "README.md").read_text("utf-8")
    options = role_options(role)
    assert [name for name in options if name not in text] == []


@pytest.mark.parametrize("path", PLUGINS, ids=str)
def test_no_plugin_is_too_long(path: pathlib.Path) -> None:
    assert len((ROOT / path).read_text("utf-8").splitlines()) < MAX_LINES


def package_of(names: t.Sequence[str]) -> str:
    """The package of a module, from its names below plugins/."""
    return names[1] if names[0] == "module_utils" else names[0]


def imported_by(path: pathlib.Path) -> t.Iterator[tuple[str, ...]]:
    """The modules of plugins/ that a plugin imports, each as its names below plugins/."""
    own = path.with_suffix("").parts
    for node in ast.walk(ast.parse((ROOT / "plugins" / path).read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = [*own[: len(own) - node.level], *(node.module or "").split(".")]
        elif (node.module or "").startswith(f"{PACKAGE}."):
            base = (node.module or "").removeprefix(f"{PACKAGE}.").split(".")
        else:
            continue
        for alias in node.names:
            names = tuple(name for name in [*base, alias.name] if name)
            is_module = (ROOT / "plugins").joinpath(*names).with_suffix(".py").is_file()
            yield names if is_module else names[:-1]


@pytest.mark.parametrize("path", PLUGINS, ids=str)
def test_only_allowed_packages_are_imported(path: pathlib.Path) -> None:
    own = path.relative_to("plugins")
    package = package_of(own.with_suffix("").parts)
    assert {package_of(names) for names in imported_by(own)} - {package} <= ALLOWED_IMPORTS[package]


def test_the_allowed_imports_have_no_circle() -> None:
    graphlib.TopologicalSorter(ALLOWED_IMPORTS).prepare()


def test_there_are_no_circular_imports() -> None:
    own = [path.relative_to("plugins") for path in PLUGINS]
    graph = {path.with_suffix("").parts: set(imported_by(path)) for path in own}
    graphlib.TopologicalSorter(graph).prepare()


def test_no_package_is_too_large() -> None:
    lines: collections.Counter[str] = collections.Counter()
    for path in (ROOT / "plugins").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            package = package_of(path.relative_to(ROOT / "plugins").with_suffix("").parts)
            lines[package] += len(path.read_text("utf-8").splitlines())
    assert {package: count for package, count in lines.items() if count > MAX_SHARE * lines.total()} == {}


@pytest.mark.parametrize("path", PLUGINS, ids=str)
def test_every_plugin_has_the_license_header(path: pathlib.Path) -> None:
    assert (ROOT / path).read_text("utf-8").removeprefix("#!/usr/bin/python\n").startswith(HEADER)


def test_the_newest_release_in_the_changelog_is_this_version() -> None:
    releases = load("changelogs", "changelog.yaml")["releases"]
    assert max(releases, key=version) == load("galaxy.yml")["version"]
    assert f"## v{load('galaxy.yml')['version']}" in (ROOT / "CHANGELOG.md").read_text("utf-8").replace("\\", "")


def test_the_changelog_names_every_module_and_role() -> None:
    releases = load("changelogs", "changelog.yaml")["releases"].values()
    modules = [entry["name"] for release in releases for entry in release.get("modules", [])]
    roles = [entry["name"] for release in releases for entry in release.get("objects", {}).get("role", [])]
    now = version(load("galaxy.yml")["version"])
    released = [name for name in MODULES if version(documentation(name)["version_added"]) <= now]
    assert (sorted(modules), sorted(roles)) == (
        released,
        [role for role in ROLES if version(role_version(role)) <= now],
    )


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The collection artifact."""
    place = tmp_path_factory.mktemp("artifact")
    ansible("galaxy", "collection", "build", "--output-path", str(place), str(ROOT), home=place)
    (built,) = place.glob("*.tar.gz")
    return built


def test_the_artifact_contains_no_generated_files(artifact: pathlib.Path) -> None:
    with tarfile.open(artifact) as archive:
        names = [pathlib.PurePosixPath(name) for name in archive.getnames()]
    made = {".cache", ".git", "__pycache__", "output", ".plugin-cache.yaml", ".pytest_cache", ".hypothesis", ".venv"}
    assert [name for name in names if made & set(name.parts)] == []
    assert pathlib.PurePosixPath("plugins/modules/heartbeat.py") in names


def test_the_collection_works_without_development_files(artifact: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with tarfile.open(artifact) as archive:
        for member in archive:
            if member.isfile() and member.name.startswith(("meta/", "plugins/", "roles/", "playbooks/")):
                place = tmp_path.joinpath("ansible_collections", "winha", "cluster", member.name)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(t.cast("t.Any", archive.extractfile(member)).read())
    names = [f"winha.cluster.{name}" for name in MODULES]
    documented = json.loads(ansible("doc", "--json", "--type", "module", *names, home=tmp_path))
    assert sorted(documented) == names
    options = {name: set(documented[f"winha.cluster.{name}"]["doc"]["options"]) for name in MODULES}
    assert options == {name: set(argument_spec(name)) for name in MODULES}
    sources = [f"winha.cluster.{name}" for name in INVENTORY]
    assert sorted(json.loads(ansible("doc", "--json", "--type", "inventory", *sources, home=tmp_path))) == sources
    ansible("playbook", "--syntax-check", "winha.cluster.enforce", home=tmp_path)


def ansible(program: str, *arguments: str, home: pathlib.Path) -> str:
    """Run an Ansible program with the collections below C(home), without this checkout, and return its output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    own = {"ANSIBLE_HOME": str(home / "home"), "ANSIBLE_COLLECTIONS_PATH": str(home)}
    command = [str(pathlib.Path(sys.executable).with_name(f"ansible-{program}")), *arguments]
    return subprocess.run(command, check=True, cwd=home, env=kept | own, capture_output=True, text=True).stdout


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in str(text).split("."))
