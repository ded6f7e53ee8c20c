# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-inventory with sources of the inventory plugins, and read what it printed."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml
from stage import DEFECTS, PASSWORD

if t.TYPE_CHECKING:
    from stage import Stage, Variables

Groups = dict[str, set[str]]


class Inventory(t.NamedTuple):
    """What ansible-inventory printed."""

    groups: Groups
    hosts: dict[str, Variables]
    messages: str


def read(stage: Stage, *sources: Variables, environment: t.Mapping[str, str] | None = None) -> Inventory:
    """Run ansible-inventory with the sources. Its output must contain no defect and no password."""
    _command, variables, folder = stage.prepare("none", environment=environment)
    arguments = []
    for number, one in enumerate(sources):
        file = stage.folder / f"source{number}.yml"
        file.write_text(yaml.safe_dump(one), "utf-8")
        arguments += ["-i", str(file)]
    program = str(Path(sys.executable).with_name("ansible-inventory"))
    done = subprocess.run(
        [program, *arguments, "--list"], env=variables, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for word in (*DEFECTS, PASSWORD):
        assert word not in done.stdout + done.stderr, done.stdout + done.stderr
    assert not (folder / "executed").exists()
    listed = json.loads(done.stdout)
    groups = {
        name: set(group["hosts"])
        for name, group in listed.items()
        if name != "_meta" and "hosts" in group and name != "ungrouped"
    }
    hosts = {name: plain(variables) for name, variables in listed["_meta"]["hostvars"].items()}
    return Inventory(groups, hosts, " ".join(done.stderr.split()))


def plain(value: t.Any) -> t.Any:
    """A value of ansible-inventory without the marks of values that are no templates."""
    if isinstance(value, dict):
        return plain(value["__ansible_unsafe"]) if "__ansible_unsafe" in value else {k: plain(value[k]) for k in value}
    return [plain(each) for each in value] if isinstance(value, list) else value
