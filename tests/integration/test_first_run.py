# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of the README for the first run, by a user who is not root, in an empty folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
import yaml
from lab.inventory import inventory
from stage import ROOT, Stage
from workbench.equipment import DIRECTORY
from workbench.pip_settings import pip_settings, write_pip_settings
from workbench.pythons import pythons

NOBODY = 65534
# This user writes only to folders of its own. It reads what root may read, so that the Python of the tests is found.
AS_NOBODY = (
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search",
)
HOSTS = ("hv01", "hv02", "ex01")


@pytest.fixture
def home() -> t.Iterator[Path]:
    """The home of the user, with an empty folder in it. Other users cannot enter the folders of pytest."""
    with tempfile.TemporaryDirectory(prefix="winha-user-") as name:
        place = Path(name)
        (place / "empty").mkdir()
        write_pip_settings(place / ".config" / "pip" / "pip.conf", pip_settings(sys.executable))
        if os.geteuid() == 0:
            for folder in (place, *place.rglob("*")):
                os.chown(folder, NOBODY, NOBODY)
        yield place


def run_in(home: Path, *arguments: str | Path, path: str = "") -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANSIBLE_", "PYTHON", "PYTEST_", "XDG_")) and not name.lower().endswith("_proxy")
    }
    proxies = {name: value for name, value in os.environ.items() if name.lower() == "https_proxy"} if not path else {}
    search = os.pathsep.join(filter(None, (path, os.environ["PATH"])))
    # The user nobody has no home, so Ansible gets the folder that it would make in it.
    own = {"HOME": str(home), "ANSIBLE_REMOTE_TMP": str(home / ".ansible" / "tmp"), "PATH": search}
    own["PWD"] = str(home / "empty")
    return subprocess.run(
        [*(AS_NOBODY if os.geteuid() == 0 else ()), *arguments],
        cwd=home / "empty",
        env={**kept, **proxies, **own, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


@pytest.mark.slow
def test_the_first_audit_of_a_user(lab: Stage, home: Path) -> None:
    if missing := DIRECTORY.to_build(pythons()["{}.{}".format(*sys.version_info)]):
        pytest.skip(f"pip install of the README compiles python-ldap, which needs {', '.join(missing)}")

    def succeed(*arguments: str | Path, path: str = "") -> None:
        done = run_in(home, *arguments, path=path)
        assert done.returncode == 0, done.stdout + done.stderr

    (line,) = re.findall(r"^\$ pip install (.*)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    environment = home / "winha"
    succeed(sys.executable, "-m", "venv", environment)
    succeed(environment / "bin" / "python", "-m", "pip", "install", "--quiet", "--prefer-binary", *shlex.split(line))
    programs = str(environment / "bin")
    galaxy = environment / "bin" / "ansible-galaxy"
    succeed(galaxy, "collection", "build", "--output-path", home, ROOT, path=programs)
    (artifact,) = home.glob("winha-cluster-*.tar.gz")
    succeed(galaxy, "collection", "install", "--offline", artifact, path=programs)

    listed: dict[str, t.Any] = inventory(lab.estate.estate, lab.estate.state, "winrm", "https")["all"]
    hosts = {name: listed["hosts"][name] for name in HOSTS}
    groups = {"hyperv_hosts": HOSTS[:2], "dag_members": HOSTS[2:]}
    children = {group: {"hosts": {name: {} for name in members}} for group, members in groups.items()}
    file = home / "inventory.yml"
    file.write_text(yaml.safe_dump({"all": {"hosts": hosts, "children": children}}), "utf-8")

    playbook = environment / "bin" / "ansible-playbook"
    done = run_in(home, playbook, "-i", file, "winha.cluster.validate", path=programs)
    assert done.returncode == 2, done.stdout + done.stderr  # as the README has it: a rule failed
    assert "unreachable=1" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    folder = home / "empty" / "audit"
    assert {one.name for one in folder.iterdir()} >= {"audit.html", "audit.json", "audit.md", "audit.xml", "facts.json"}
    assert {one.stat().st_uid for one in folder.iterdir()} == {NOBODY if os.geteuid() == 0 else os.geteuid()}
    report = json.loads((folder / "audit.json").read_text("utf-8"))
    assert [one for one in report["findings"] if one["outcome"] == "fail" and one["rule"] == "dag-heartbeat-least"]
    assert {entry.host for entry in lab.journal()} == set(HOSTS)
    assert lab.writes() == []
