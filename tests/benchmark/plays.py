# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays: what each contender runs, and what a run of it costs."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import typing as t
from pathlib import Path

import yaml

if t.TYPE_CHECKING:
    from .endpoint import Account, Count, Endpoint

ROOT = Path(__file__).resolve().parents[2]
FORKS = 5

Module = t.Mapping[str, t.Any]


class RunError(Exception):
    """A play did not end as it should; the text has its output."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contender:
    """A task, and who it belongs to."""

    name: str
    owner: str
    task: Module


OURS, PEER, FLOOR = "ours", "peer", "floor"
EMPTY = Contender(name="no task at all", owner=FLOOR, task={})
NOTHING = Contender(name="an action that does nothing", owner=FLOOR, task={"nothing": {}})
CONTENDERS = (
    EMPTY,
    NOTHING,
    Contender(name="winha.cluster.cluster_info", owner=OURS, task={"winha.cluster.cluster_info": {"gather": []}}),
    Contender(name="winha.cluster.heartbeat", owner=OURS, task={"winha.cluster.heartbeat": {}}),
    Contender(name="winha.cluster.vm_offline_action", owner=OURS, task={"winha.cluster.vm_offline_action": {}}),
    Contender(
        name="ansible.windows.win_powershell",
        owner=PEER,
        task={"ansible.windows.win_powershell": {"script": "$Ansible.Changed = $false"}},
    ),
    Contender(
        name="ansible.windows.win_dsc",
        owner=PEER,
        task={"ansible.windows.win_dsc": {"resource_name": "File", "DestinationPath": "C:\\temp", "Type": "Directory"}},
    ),
    Contender(
        name="microsoft.ad.user",
        owner=PEER,
        task={"microsoft.ad.user": {"identity": "svc-exchange", "state": "present"}},
    ),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """What one run of a play cost."""

    wall: float
    cpu: float
    count: Count


class Stage:
    """A directory with an inventory and plays, and how ansible-playbook is run in it."""

    def __init__(self, directory: Path, hosts: t.Sequence[str], *, port: int, account: Account) -> None:
        self._directory = directory
        self.hosts = tuple(hosts)
        collections = directory / "collections" / "ansible_collections" / "winha"
        collections.mkdir(parents=True)
        (collections / "cluster").symlink_to(ROOT)
        self._inventory = directory / "inventory.yml"
        connection = {
            "ansible_connection": "winrm",
            "ansible_port": port,
            "ansible_winrm_scheme": "http",
            "ansible_winrm_transport": "basic",
            "ansible_user": account.user,
            "ansible_password": account.password,
        }
        named = {f"host{number:02}": {"ansible_host": host} for number, host in enumerate(hosts, start=1)}
        self._inventory.write_text(yaml.safe_dump({"all": {"vars": connection, "hosts": named}}), encoding="utf-8")
        home = directory / "home"
        home.mkdir()
        configuration = directory / "ansible.cfg"
        configuration.touch()
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "NO_PROXY": "*",
            "ANSIBLE_CONFIG": str(configuration),
            "ANSIBLE_HOME": str(home),
            "ANSIBLE_FORKS": str(FORKS),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_ACTION_PLUGINS": str(ROOT / "tests" / "benchmark" / "plugins" / "action"),
            "ANSIBLE_COLLECTIONS_PATH": f"{directory / 'collections'}:{sysconfig.get_path('purelib')}",
        }
        beside = Path(sys.executable).with_name("ansible-playbook")
        found = str(beside) if beside.exists() else shutil.which("ansible-playbook")
        if found is None:
            raise RunError("there is no ansible-playbook")
        self._command = found

    def run(self, task: Module, times: int, endpoint: Endpoint, *, check: bool = False, changed: int = 0) -> Run:
        """Run a play with this task so many times on each host.

        Raises C(RunError) unless all of them went well, and so many of each host's changed something.
        """
        tasks = [{"name": f"Task {number}", **task} for number in range(1, times + 1)] if task else []
        play = {"name": "Benchmark", "hosts": "all", "gather_facts": False, "tasks": tasks}
        path = self._directory / "play.yml"
        path.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
        command = [self._command, "-i", str(self._inventory), str(path), *(["--check"] if check else [])]
        endpoint.take()
        output = self._directory / "output.txt"
        with output.open("w", encoding="utf-8") as file:
            began = time.perf_counter()
            process = subprocess.Popen(command, env=self._environment, stdout=file, stderr=subprocess.STDOUT)
            _pid, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        text = output.read_text(encoding="utf-8")
        wanted = f"ok={len(tasks)} changed={changed} unreachable=0 failed=0"
        recap = [" ".join(line.split()) for line in text.partition("PLAY RECAP")[2].splitlines()]
        well = sum(wanted in line for line in recap)
        if process.returncode != 0 or (tasks and well != len(self.hosts)):
            raise RunError(
                f"ansible-playbook ended with {process.returncode}, "
                f"and {well} of {len(self.hosts)} hosts with {wanted}:\n{text[-3000:]}"
            )
        return Run(wall=wall, cpu=usage.ru_utime + usage.ru_stime, count=endpoint.take())
