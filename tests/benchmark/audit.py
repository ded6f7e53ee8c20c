# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m benchmark.audit): what the audit of many hosts costs, beside plays that do nothing.

The lab is asked once and its answers are kept, so that neither its CPU time nor its slowness is counted.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
import typing as t
from pathlib import Path

import yaml
from lab import daemon

from .audit_estate import NODES, PORT, estate
from .endpoint import Account, UnexpectedError
from .memory import Watch
from .plays import FORKS, ROOT, RunError
from .recording import Recording

if t.TYPE_CHECKING:
    from .endpoint import Count

SIZES = (8, 48, 96, 200)
AT_MOST = 3.0  # times of a play that does nothing
_STEP = 2 * NODES
_REPORTS = ("audit.html", "audit.json", "audit.xml", "audit.md", "facts.json")
_AUDIT, _ALL, _DONE = "audit", "nothing, for each task of the role", "nothing, for what is not skipped"
_PEER = "a PowerShell for each fact, nothing judged"
# What the audit reads: of all hosts Windows, hotfixes, events, the cluster and its nodes; of Hyper-V hosts adapters,
# virtual machines, their roles in the cluster, what adapters are set to, and paths.
_FACTS, _MORE_FACTS = 5, 5
Play = dict[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one play cost: seconds, octets."""

    wall: float
    cpu: float
    largest: int
    together: int
    requests: int
    sent: int
    received: int
    output: int


def audit() -> list[Play]:
    """The playbook, but for its exit status."""
    return [
        {
            "name": "Audit",
            "hosts": "hyperv_hosts:dag_members:domain_controllers",
            "gather_facts": False,
            "roles": [{"role": "winha.cluster.audit"}],
            "vars": {"audit_fail_on": "never"},
        }
    ]


def nothing(*, skipped: bool) -> list[Play]:
    """An action that does nothing, as often as the audit has a task on a host; C(skipped) counts those left out, too.

    Every host has each task of the role then. Without them all hosts have the first three, Hyper-V hosts two more.
    What runs once is the same in both: the options, a place, the facts, the judgement, three reports, the message.
    """
    files = [ROOT / "roles" / "audit" / "tasks" / f"gather_{part}.yml" for part in ("server", "hyperv", "forest")]
    gather = [task for file in files for task in yaml.safe_load(file.read_text(encoding="utf-8"))]
    names = ["Gather", *(task["name"] for each in gather for task in each.get("block", [each]))]
    tasks: list[Play] = [{"name": name, "nothing": {}} for name in names]
    once = [{"name": f"Once {number}", "nothing": {}, "run_once": True} for number in range(1, 9)]
    if skipped:
        return [_play("all", tasks + once)]
    return [_play("all", tasks[:3]), _play("hyperv_hosts", tasks[3:5]), _play("all", once)]


def peer() -> list[Play]:
    """As facts are read with the modules of others: a task and a PowerShell for each. What it answers is fixed."""
    task = {"ansible.windows.win_powershell": {"script": "$Ansible.Changed = $false"}}
    numbered = [{"name": f"Fact {number}", **task} for number in range(1, _FACTS + _MORE_FACTS + 1)]
    return [_play("all", numbered[:_FACTS]), _play("hyperv_hosts", numbered[_FACTS:])]


def _play(hosts: str, tasks: list[Play]) -> Play:
    return {"name": "Beside", "hosts": hosts, "gather_facts": False, "tasks": tasks}


class Stage:
    """A directory with an inventory of some of the hosts, and how ansible-playbook is run in it."""

    def __init__(self, directory: Path, described: t.Mapping[str, t.Any], *, port: int) -> None:
        directory.mkdir()
        self.reports = directory / "audit"
        self._directory = directory
        collections = directory / "collections" / "ansible_collections" / "winha"
        collections.mkdir(parents=True)
        (collections / "cluster").symlink_to(ROOT)
        account = described["credentials"]
        connection = {
            "ansible_connection": "winrm",
            "ansible_port": port,
            "ansible_winrm_scheme": "http",
            "ansible_winrm_transport": "basic",
            "ansible_user": account["user"],
            "ansible_password": account["password"],
        }
        groups: dict[str, t.Any] = {"domain_controllers": {}}
        for host in described["hosts"]:
            group = groups.setdefault(host["groups"][0], {"hosts": {}})
            group["hosts"][host["name"]] = {"ansible_host": host["address"]}
        inventory = {"all": {"vars": connection, "children": groups}}
        (directory / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        (directory / "ansible.cfg").touch()
        beside = str(Path(sys.executable).parent)
        self._environment = {
            "PATH": f"{beside}:{os.environ['PATH']}",
            "HOME": str(directory),
            "PWD": str(directory),
            "LC_ALL": "C.UTF-8",
            "NO_PROXY": "*",
            "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
            "ANSIBLE_HOME": str(directory / "home"),
            "ANSIBLE_FORKS": str(FORKS),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_ACTION_PLUGINS": str(ROOT / "tests" / "benchmark" / "plugins" / "action"),
            "ANSIBLE_COLLECTIONS_PATH": f"{directory / 'collections'}:{sysconfig.get_path('purelib')}",
        }

    def run(self, plays: t.Sequence[Play], endpoint: Recording, **more: str) -> Run:
        """Run plays. Raises C(RunError) unless they end well, C(UnexpectedError) for what was never asked before."""
        path = self._directory / "play.yml"
        path.write_text(yaml.safe_dump(list(plays), sort_keys=False), encoding="utf-8")
        command = ["ansible-playbook", "-i", str(self._directory / "inventory.yml"), str(path)]
        output = self._directory / "output.txt"
        endpoint.take()
        with output.open("w", encoding="utf-8") as file:
            began = time.perf_counter()
            process = subprocess.Popen(
                command, env={**self._environment, **more}, cwd=self._directory, stdout=file, stderr=subprocess.STDOUT
            )
            with Watch(process.pid) as watch:
                _pid, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        text = output.read_text(encoding="utf-8")
        if process.returncode or "failed=0" not in text or '"failed": true' in text:
            raise RunError(f"ansible-playbook ended with {process.returncode}:\n{text[-6000:]}")
        count: Count = endpoint.take()
        return Run(
            wall=wall,
            cpu=usage.ru_utime + usage.ru_stime,
            largest=usage.ru_maxrss * 1024,
            together=watch.most,
            requests=count.requests,
            sent=count.sent,
            received=count.received,
            output=len(text),
        )


def measure(sizes: t.Sequence[int], rounds: int) -> dict[str, t.Any]:
    """Everything, as the JSON file has it."""
    described = estate(max(sizes))
    account = Account(**described["credentials"])
    found: dict[str, t.Any] = {"load_before": os.getloadavg()[0], "forks": FORKS, "sizes": {}}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name, Recording(lab=PORT, account=account) as endpoint:
        folder = Path(name)
        (folder / "estate.yml").write_text(yaml.safe_dump(described), encoding="utf-8")
        daemon.up(folder / "estate.yml", folder / "lab")
        try:
            _say(f"{max(sizes)} hosts: asking the lab")
            stages = {size: Stage(folder / str(size), estate(size), port=endpoint.port) for size in sizes}
            stages[max(sizes)].run(audit(), endpoint)
            endpoint.repeat()
        finally:
            daemon.down(folder / "lab")
        for size, stage in stages.items():
            found["sizes"][size] = _measured(stage, endpoint, size, rounds)
    return found


def _measured(stage: Stage, endpoint: Recording, size: int, rounds: int) -> dict[str, t.Any]:
    """The median of the rounds by CPU time for each play, and what was written."""
    plays = {_AUDIT: audit(), _ALL: nothing(skipped=True), _DONE: nothing(skipped=False), _PEER: peer()}
    runs: dict[str, list[Run]] = {name: [] for name in plays}
    for number in range(rounds):
        for name, play in plays.items():
            run = stage.run(play, endpoint)
            runs[name].append(run)
            _say(f"{size} hosts, round {number + 1}, {name}: {json.dumps(dataclasses.asdict(run))}")
    median = {name: sorted(some, key=lambda run: run.cpu)[len(some) // 2] for name, some in runs.items()}
    return {
        **{name: dataclasses.asdict(run) for name, run in median.items()},
        "written": {file: (stage.reports / file).stat().st_size for file in _REPORTS},
    }


def table(found: t.Mapping[str, t.Any]) -> str:
    """The numbers as a table in Markdown."""
    head = ["hosts", "play", "CPU, s", "times nothing", "wall, s", "times nothing", "largest process, MB"]
    head += ["all together, MB", "requests", "sent, MB", "received, MB"]
    rows = [f"| {' | '.join(head)} |", "|--:|---|" + "--:|" * (len(head) - 2)]
    for size, plays in found["sizes"].items():
        floor = plays[_ALL]
        for name in (_AUDIT, _ALL, _DONE, _PEER):
            run = plays[name]
            times = [f"{run[key]:.1f} | {run[key] / floor[key]:.2f}" for key in ("cpu", "wall")]
            memory = [f"{run[key] / 1e6:.0f}" for key in ("largest", "together")]
            cells = [size, name, *times, *memory, f"{run['requests']:,}"]
            cells += [f"{run[key] / 1e6:.1f}" for key in ("sent", "received")]
            rows.append("| " + " | ".join(map(str, cells)) + " |")
    files = ", ".join(f"{name} {octets:,}" for name, octets in found["sizes"][max(found["sizes"])]["written"].items())
    return "\n".join([*rows, "", f"Octets written at {max(found['sizes'])} hosts: {files}"])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmark.audit", description=__doc__)
    parser.add_argument(
        "--hosts", type=int, nargs="+", default=SIZES, help=f"numbers of hosts, each a multiple of {_STEP}"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each play is run (default: 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    parser.add_argument("--strict", action="store_true", help=f"fail above {AT_MOST:g} times the CPU of nothing")
    options = parser.parse_args()
    if any(size < _STEP or size % _STEP for size in options.hosts) or options.rounds < 1:
        parser.error(f"numbers of hosts are multiples of {_STEP}, and there is at least one round")
    try:
        found = measure(options.hosts, options.rounds)
    except (RunError, UnexpectedError, daemon.DaemonError, OSError) as exc:
        print(f"The benchmark could not run: {exc}", file=sys.stderr)
        return 2
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    largest = found["sizes"][max(options.hosts)]
    return int(options.strict and largest[_AUDIT]["cpu"] > AT_MOST * largest[_ALL]["cpu"])


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
