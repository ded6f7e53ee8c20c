# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m benchmark audit): measure the cost of an audit of many hosts, compared with a task that does nothing.

The lab's responses are recorded once and replayed, so that its CPU time and its delays are not counted. With a delay,
each response comes later, as from hosts in a network.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
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
from .memory import MemoryMonitor
from .plays import FORKS, ROOT, RunError
from .recording import Recording

if t.TYPE_CHECKING:
    from .endpoint import Count

SIZES = (48, 200)
_STEP = 2 * NODES
_REPORTS = ("audit.html", "audit.json", "audit.xml", "audit.md", "facts.json")
_AUDIT, _NOTHING, _EMPTY = "audit", "one task that does nothing", "no task at all"
_PEER = "PowerShell for each fact, no evaluation"
# From all hosts the audit reads Windows, hotfixes, events, the cluster and its nodes. From Hyper-V hosts it also reads
# adapters, virtual machines, their clustered roles, the settings of adapters, and paths.
_FACTS, _HYPERV_FACTS = 5, 5
# The targets: CPU time of a host as a multiple of the task that does nothing, requests of a host, bytes, and seconds.
_MOST_CPU, _MOST_REQUESTS, _MOST_MEMORY, _LONGEST = 5.0, 12.0, 120e6, 60.0
_MANY = 496  # hosts from which on the last two apply
_FAILED = re.compile(r"(failed|unreachable|rescued|ignored)=[1-9]|\"failed\": true")
Play = dict[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The cost of one play, in seconds and bytes."""

    wall: float
    cpu: float
    largest: int
    together: int
    requests: int
    sent: int
    received: int
    output: int


def audit() -> list[Play]:
    """The playbook winha.cluster.validate, but with exit status 0 when rules fail."""
    return [{"ansible.builtin.import_playbook": "winha.cluster.validate", "vars": {"audit_fail_on": "never"}}]


def nothing(tasks: int) -> list[Play]:
    """A play with tasks that do nothing, on all hosts."""
    return [_play("all", [{"name": f"Task {number}", "nothing": {}} for number in range(tasks)])]


def peer() -> list[Play]:
    """Plays that read the facts with other modules: one task with PowerShell for each fact, with a fixed result."""
    task = {"ansible.windows.win_powershell": {"script": "$Ansible.Changed = $false"}}
    numbered = [{"name": f"Fact {number}", **task} for number in range(1, _FACTS + _HYPERV_FACTS + 1)]
    return [_play("all", numbered[:_FACTS]), _play("hyperv_hosts", numbered[_FACTS:])]


def _play(hosts: str, tasks: list[Play]) -> Play:
    return {"name": "Comparison", "hosts": hosts, "gather_facts": False, "tasks": tasks}


class AuditRunner:
    """Runs ansible-playbook in a directory that has an inventory of some of the hosts."""

    def __init__(self, directory: Path, description: t.Mapping[str, t.Any], *, port: int, forks: int = FORKS) -> None:
        directory.mkdir()
        self.reports = directory / "audit"
        self._directory = directory
        collections = directory / "collections" / "ansible_collections" / "winha"
        collections.mkdir(parents=True)
        (collections / "cluster").symlink_to(ROOT)
        account = description["credentials"]
        connection = {
            "ansible_connection": "winrm",
            "ansible_port": port,
            "ansible_winrm_scheme": "http",
            "ansible_winrm_transport": "basic",
            "ansible_user": account["user"],
            "ansible_password": account["password"],
        }
        groups: dict[str, t.Any] = {"domain_controllers": {}}
        for host in description["hosts"]:
            group = groups.setdefault(host["groups"][0], {"hosts": {}})
            group["hosts"][host["name"]] = {"ansible_host": host["address"]}
        inventory = {"all": {"vars": connection, "children": groups}}
        (directory / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        (directory / "ansible.cfg").touch()
        programs = str(Path(sys.executable).parent)
        self._environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(directory),
            "PWD": str(directory),
            "LC_ALL": "C.UTF-8",
            "NO_PROXY": "*",
            "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
            "ANSIBLE_HOME": str(directory / "home"),
            "ANSIBLE_FORKS": str(forks),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_ACTION_PLUGINS": str(ROOT / "tests" / "benchmark" / "plugins" / "action"),
            "ANSIBLE_COLLECTIONS_PATH": f"{directory / 'collections'}:{sysconfig.get_path('purelib')}",
        }

    def run(self, plays: t.Sequence[Play], endpoint: Recording, **more: str) -> Run:
        """Run plays. Raises C(RunError) if one fails, C(UnexpectedError) if a request has no recorded response."""
        path = self._directory / "play.yml"
        path.write_text(yaml.safe_dump(list(plays), sort_keys=False), encoding="utf-8")
        command = ["ansible-playbook", "-i", str(self._directory / "inventory.yml"), str(path)]
        output = self._directory / "output.txt"
        endpoint.take()
        with output.open("w", encoding="utf-8") as file:
            started = time.perf_counter()
            process = subprocess.Popen(
                command, env={**self._environment, **more}, cwd=self._directory, stdout=file, stderr=subprocess.STDOUT
            )
            with MemoryMonitor(process.pid) as monitor:
                _pid, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        text = output.read_text(encoding="utf-8")
        if process.returncode or _FAILED.search(text):
            raise RunError(f"ansible-playbook ended with status {process.returncode}:\n{text[-6000:]}")
        count: Count = endpoint.take()
        return Run(
            wall=wall,
            cpu=usage.ru_utime + usage.ru_stime,
            largest=usage.ru_maxrss * 1024,
            together=monitor.peak,
            requests=count.requests,
            sent=count.sent,
            received=count.received,
            output=len(text),
        )


def measure(sizes: t.Sequence[int], rounds: int, *, delay: float = 0, forks: int = FORKS) -> dict[str, t.Any]:
    """All results, in the format of the JSON file."""
    description = estate(max(sizes))
    account = Account(**description["credentials"])
    results: dict[str, t.Any] = {"load_before": os.getloadavg()[0], "forks": forks, "delay": delay, "sizes": {}}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name, Recording(lab=PORT, account=account) as endpoint:
        folder = Path(name)
        (folder / "estate.yml").write_text(yaml.safe_dump(description), encoding="utf-8")
        daemon.up(folder / "estate.yml", folder / "lab")
        try:
            _log(f"{max(sizes)} hosts: recording the responses of the lab")
            runners = {
                size: AuditRunner(folder / str(size), estate(size), port=endpoint.port, forks=forks) for size in sizes
            }
            runners[max(sizes)].run(audit(), endpoint)
            endpoint.replay(delay)
        finally:
            daemon.down(folder / "lab")
        for size, runner in runners.items():
            results["sizes"][size] = _measure_size(runner, endpoint, size, rounds)
    return results


def _measure_size(runner: AuditRunner, endpoint: Recording, size: int, rounds: int) -> dict[str, t.Any]:
    """For each play the round with the median CPU time, and the sizes of the written files."""
    plays = {_AUDIT: audit(), _NOTHING: nothing(1), _EMPTY: nothing(0), _PEER: peer()}
    runs: dict[str, list[Run]] = {name: [] for name in plays}
    for number in range(rounds):
        for name, play in plays.items():
            run = runner.run(play, endpoint)
            runs[name].append(run)
            _log(f"{size} hosts, round {number + 1}, {name}: {json.dumps(dataclasses.asdict(run))}")
    ratios = [
        (found.cpu - empty.cpu) / (nothing.cpu - empty.cpu)
        for found, nothing, empty in zip(runs[_AUDIT], runs[_NOTHING], runs[_EMPTY], strict=True)
    ]
    median = {name: sorted(group, key=lambda run: run.cpu)[len(group) // 2] for name, group in runs.items()}
    return {
        **{name: dataclasses.asdict(run) for name, run in median.items()},
        "ratio": sorted(ratios)[len(ratios) // 2],
        "written": {file: (runner.reports / file).stat().st_size for file in _REPORTS},
    }


def table(results: t.Mapping[str, t.Any]) -> str:
    """The results as Markdown tables."""
    head = ["hosts", "play", "CPU, s", "CPU of a host, ms", ": task that does nothing", "wall, s"]
    head += ["largest process, MB", "all processes, MB", "requests of a host", "sent, MB", "received, MB"]
    rows = [f"| {' | '.join(head)} |", "|--:|---|" + "--:|" * (len(head) - 2)]
    for size, plays in results["sizes"].items():
        empty = plays[_EMPTY]["cpu"]
        for name in (_AUDIT, _NOTHING, _EMPTY, _PEER):
            run = plays[name]
            own = (run["cpu"] - empty) / size * 1000
            ratio = plays["ratio"] if name == _AUDIT else (run["cpu"] - empty) / (plays[_NOTHING]["cpu"] - empty)
            memory = [f"{run[key] / 1e6:.0f}" for key in ("largest", "together")]
            cells = [size, name, f"{run['cpu']:.1f}", f"{own:.1f}", f"{ratio:.2f}", f"{run['wall']:.1f}", *memory]
            cells += [f"{run['requests'] / size:.1f}", f"{run['sent'] / 1e6:.1f}", f"{run['received'] / 1e6:.1f}"]
            rows.append("| " + " | ".join(map(str, cells)) + " |")
    largest = max(results["sizes"])
    files = ", ".join(f"{name} {size:,}" for name, size in results["sizes"][largest]["written"].items())
    rows += [
        "",
        f"Bytes written for {largest} hosts: {files}",
        "",
        "| target | at most | measured | |",
        "|---|--:|--:|---|",
    ]
    for name, most, measured in targets(results):
        rows.append(f"| {name} | {most:g} | {measured:.1f} | {'met' if measured <= most else 'MISSED'} |")
    return "\n".join(rows)


def targets(results: t.Mapping[str, t.Any]) -> list[tuple[str, float, float]]:
    """What is promised for the largest number of hosts, the limit, and what was measured."""
    size = max(results["sizes"])
    found = results["sizes"][size]
    if results["delay"]:
        return []
    return [
        ("control node CPU of a host, as a multiple of a task that does nothing", _MOST_CPU, found["ratio"]),
        ("requests of a host", _MOST_REQUESTS, found[_AUDIT]["requests"] / size),
        *(
            [
                ("seconds", _LONGEST, found[_AUDIT]["wall"]),
                ("largest process, MB", _MOST_MEMORY / 1e6, found[_AUDIT]["largest"] / 1e6),
            ]
            if size >= _MANY
            else []
        ),
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmark audit", description=__doc__)
    parser.add_argument(
        "--hosts", type=int, nargs="+", default=SIZES, help=f"numbers of hosts, each a multiple of {_STEP}"
    )
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds (default: 3)")
    parser.add_argument("--delay", type=int, default=0, help="milliseconds before each response (default: 0)")
    parser.add_argument("--forks", type=int, default=FORKS, help=f"forks of ansible-playbook (default: {FORKS})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to this file")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    if any(size < _STEP or size % _STEP for size in options.hosts) or options.rounds < 1:
        parser.error(f"--hosts must be multiples of {_STEP}, and --rounds must be at least 1")
    try:
        results = measure(options.hosts, options.rounds, delay=options.delay / 1000, forks=options.forks)
    except (RunError, UnexpectedError, daemon.DaemonError, OSError) as exc:
        print(f"The benchmark failed: {exc}", file=sys.stderr)
        return 2
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    missed = [name for name, most, measured in targets(results) if measured > most]
    return int(options.strict and bool(missed))


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
