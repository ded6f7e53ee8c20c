# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plays of the benchmark, and the cost of one run of a play."""

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

TaskArguments = t.Mapping[str, t.Any]


class RunError(Exception):
    """A play did not end as expected. The text contains its output."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MeasuredTask:
    """A task to measure, and its owner: this collection, a peer, or the baseline."""

    name: str
    owner: str
    task: TaskArguments


OURS, PEER, BASELINE = "ours", "peer", "floor"
EMPTY = MeasuredTask(name="no task at all", owner=BASELINE, task={})
NOTHING = MeasuredTask(name="an action that does nothing", owner=BASELINE, task={"nothing": {}})
MEASURED_TASKS = (
    EMPTY,
    NOTHING,
    MeasuredTask(name="winha.cluster.cluster_info", owner=OURS, task={"winha.cluster.cluster_info": {"gather": []}}),
    MeasuredTask(name="winha.cluster.heartbeat", owner=OURS, task={"winha.cluster.heartbeat": {}}),
    MeasuredTask(name="winha.cluster.vm_offline_action", owner=OURS, task={"winha.cluster.vm_offline_action": {}}),
    MeasuredTask(
        name="ansible.windows.win_powershell",
        owner=PEER,
        task={"ansible.windows.win_powershell": {"script": "$Ansible.Changed = $false"}},
    ),
    MeasuredTask(
        name="ansible.windows.win_dsc",
        owner=PEER,
        task={"ansible.windows.win_dsc": {"resource_name": "File", "DestinationPath": "C:\\temp", "Type": "Directory"}},
    ),
    MeasuredTask(
        name="microsoft.ad.user",
        owner=PEER,
        task={"microsoft.ad.user": {"identity": "svc-exchange", "state": "present"}},
    ),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """The cost of one run of a play, in seconds and HTTP traffic."""

    wall: float
    cpu: float
    count: Count


class PlayRunner:
    """Runs ansible-playbook in a directory that has an inventory."""

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
        same_environment = Path(sys.executable).with_name("ansible-playbook")
        program = str(same_environment) if same_environment.exists() else shutil.which("ansible-playbook")
        if program is None:
            raise RunError("ansible-playbook is not installed")
        self._command = program

    def run(self, task: TaskArguments, times: int, endpoint: Endpoint, *, check: bool = False, changed: int = 0) -> Run:
        """Run a play that has the task several times on each host.

        Raises C(RunError) unless all tasks succeed and C(changed) tasks of each host report a change.
        """
        tasks = [{"name": f"Task {number}", **task} for number in range(1, times + 1)] if task else []
        play = {"name": "Benchmark", "hosts": "all", "gather_facts": False, "tasks": tasks}
        path = self._directory / "play.yml"
        path.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
        command = [self._command, "-i", str(self._inventory), str(path), *(["--check"] if check else [])]
        endpoint.take()
        output = self._directory / "output.txt"
        with output.open("w", encoding="utf-8") as file:
            started = time.perf_counter()
            process = subprocess.Popen(command, env=self._environment, stdout=file, stderr=subprocess.STDOUT)
            _pid, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        text = output.read_text(encoding="utf-8")
        expected = f"ok={len(tasks)} changed={changed} unreachable=0 failed=0"
        recap = [" ".join(line.split()) for line in text.partition("PLAY RECAP")[2].splitlines()]
        succeeded = sum(expected in line for line in recap)
        if process.returncode != 0 or (tasks and succeeded != len(self.hosts)):
            raise RunError(
                f"ansible-playbook ended with status {process.returncode}, "
                f"and {succeeded} of {len(self.hosts)} hosts ended with {expected}:\n{text[-3000:]}"
            )
        return Run(wall=wall, cpu=usage.ru_utime + usage.ru_stime, count=endpoint.take())
