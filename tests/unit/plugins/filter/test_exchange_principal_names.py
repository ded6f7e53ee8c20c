# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter in a playbook, and the example in docs/kerberos.md."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.winha.cluster.plugins.filter import exchange_principal_names as plugin
from ansible_collections.winha.cluster.plugins.module_utils._exchange.spn_findings import findings
from ansible_collections.winha.cluster.tests.unit.plugins.filter import worked_example

FILTER: t.Callable[..., t.Any] = plugin.FilterModule().filters()["exchange_principal_names"]


def test_the_guide_contains_the_result_of_the_filter() -> None:
    assert FILTER(worked_example.published()) == worked_example.expected_plan()


def test_the_numbers_in_the_guide_are_correct() -> None:
    (generation,) = worked_example.expected_plan()["generations"]
    assert len(generation["principal_names"]) == 9
    assert len(generation["servers"]) == 12
    assert "Nine SPNs" in worked_example.guide()


def test_a_playbook_gets_the_same_plan(tmp_path: pathlib.Path) -> None:
    """Ansible templates pass their own string and list types."""
    text = "{{ published | winha.cluster.exchange_principal_names(generations=['2010'], extra={}, leave_out=[]) }}"
    copy: dict[str, t.Any] = {"content": text, "dest": str(tmp_path / "plan.json")}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"published": worked_example.published()},
        "tasks": [{"ansible.builtin.copy": copy}],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), "utf-8")
    # In an environment of ansible-test it is on the search path only.
    places = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    playbook = shutil.which("ansible-playbook", path=places)
    assert playbook
    local = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
    collections = pathlib.Path(plugin.__file__).absolute().parents[5]
    own = {"ANSIBLE_HOME": str(tmp_path / "home"), "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    subprocess.run([playbook, *local, "play.yml"], check=True, cwd=tmp_path, env=os.environ | own)
    assert json.loads((tmp_path / "plan.json").read_text("utf-8")) == worked_example.expected_plan()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"generations": ["2007"]}, "generations contains '2007'; valid values are 2010 and 2013"),
        ({"generations": "2010"}, "generations is not a list"),
        ({"services": ["smtp"]}, "services contains 'smtp'"),
        ({"extra": {"2010": ["mail.example.com"]}}, "extra: 'mail.example.com' has no slash"),
        ({"extra": {"2010": "http/mail.example.com"}}, "extra is not a list"),
        ({"extra": {"2007": []}}, "extra contains '2007'"),
        ({"extra": ["http/mail.example.com"]}, "extra is not a dictionary"),
        ({"accounts": {"2016": {"spns": []}}}, "accounts contains '2016'; valid values are 2010 and 2013"),
        (
            {"accounts": {"2010": "EXCHASA$"}},
            "accounts is not a dictionary of accounts, as winha.cluster.spn_info returns",
        ),
        ({"accounts": ["2010"]}, "accounts is not a dictionary"),
        ({"leave_out": ["https://mail.example.com"]}, "leave_out: 'https://mail.example.com' is a URL"),
        ({"extra": {"2010": ["http/a.b"]}, "leave_out": ["A.B"]}, "both in extra and in leave_out"),
        ({"extra": {"2010": ["http/a.b"], "2013": ["HTTP/A.B"]}}, "http/a.b is in extra for 2010 and for 2013"),
    ],
)
def test_an_invalid_override_is_refused(options: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(AnsibleFilterError, match=sentence):
        FILTER(worked_example.published(), **options)


@pytest.mark.parametrize(
    "given", [None, "servers", [], {}, {"exchange": {"servers": []}}, {"servers": "CAS1"}, {"servers": ["CAS1"]}]
)
def test_an_invalid_organization_is_refused(given: object) -> None:
    with pytest.raises(AnsibleFilterError, match=r"winha\.cluster\.exchange_info returns"):
        FILTER(given)


def test_the_documentation_has_the_options_of_the_filter() -> None:
    documented = yaml.safe_load(plugin.DOCUMENTATION)["options"]
    code = plugin.exchange_principal_names.__code__
    assert [*documented][1:] == [*code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]]


def test_the_guide_names_every_kind_of_finding() -> None:
    """The kinds are read from the source code."""
    place = pathlib.Path(findings.__code__.co_filename).parent
    sources = [path.read_text("utf-8") for path in place.glob("*.py") if "Finding(" in path.read_text("utf-8")]
    words = {line.partition('kind="')[2].partition('"')[0] for text in sources for line in text.splitlines()} - {""}
    assert len(words) > 10
    assert [word for word in sorted(words) if f"`{word}`" not in worked_example.guide()] == []
