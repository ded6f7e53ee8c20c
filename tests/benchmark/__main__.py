# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m benchmark): measure the cost of tasks, print a table, and write the numbers as JSON.

C(python -m benchmark audit) measures an audit, C(slices) an audit in slices, C(duplicates) a search in a large forest.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime
import importlib
import importlib.metadata
import json
import os
import platform
import sys
import sysconfig
import tempfile
import typing as t
from pathlib import Path

import yaml
from lab.daemon import DaemonError

from . import report
from .endpoint import Endpoint, UnexpectedError
from .estate import DRIFTED, HOSTS, PORT, Estate, Lab, estate
from .plays import (
    EMPTY,
    FORKS,
    MEASURED_TASKS,
    NOTHING,
    OURS,
    ROOT,
    MeasuredTask,
    PlayRunner,
    Run,
    RunError,
    TaskArguments,
)

TASKS = 5
_MAX_LOAD = 0.5  # load average of a quiet machine
_PEER_COLLECTIONS = ("ansible.windows", "microsoft.ad")

_OTHERS = ("audit", "duplicates", "slices")

Runs = dict[str, list[Run]]


def main() -> int:
    """Measure and report."""
    if sys.argv[1:2] and sys.argv[1] in _OTHERS:
        return int(importlib.import_module(f".{sys.argv.pop(1)}", __package__).main())
    options = _options()
    try:
        results = measure(options.rounds)
    except (RunError, UnexpectedError, DaemonError, OSError) as exc:
        print(f"The benchmark failed: {exc}", file=sys.stderr)
        return 2
    print(report.text(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    missed = [target["promise"] for target in results["targets"] if not target["met"]]
    return 1 if missed and options.strict else 0


def measure(rounds: int) -> dict[str, t.Any]:
    """All results, in the format of the JSON file."""
    description = estate()
    load = os.getloadavg()[0]
    if load > _MAX_LOAD:
        _log(f"This machine is busy (load {load:.1f}), so the measured times will be too long")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        directory = Path(name)
        for part in ("lab", "many", "large"):
            (directory / part).mkdir()
        routes = (*description.many, description.large)
        with (
            Lab(directory / "lab", description.compliant) as lab,
            Endpoint(routes, port=PORT, account=description.account) as endpoint,
        ):
            hosts = [route.address for route in description.many]
            many_hosts = PlayRunner(directory / "many", hosts, port=PORT, account=description.account)
            runs = _run_tasks(many_hosts, endpoint, rounds)
            large_cluster = PlayRunner(
                directory / "large", [description.large.address], port=PORT, account=description.account
            )
            large_runs = _run_virtual_machines(large_cluster, endpoint, lab, description, rounds)
    return {**_report(runs, large_runs, description, rounds), "load_before": load}


def _run_tasks(runner: PlayRunner, endpoint: Endpoint, rounds: int) -> Runs:
    """Run each task once in each round, each round in another order, after one run that is not counted."""
    runner.run(EMPTY.task, TASKS, endpoint)
    runs: Runs = collections.defaultdict(list)
    for number in range(rounds):
        first = number % len(MEASURED_TASKS)
        for measured in MEASURED_TASKS[first:] + MEASURED_TASKS[:first]:
            _log(f"round {number + 1} of {rounds}: {measured.name}")
            runs[measured.name].append(runner.run(measured.task, TASKS, endpoint))
    return runs


_COMPLIANT = "all compliant"
_CHECK = f"{DRIFTED} differ, check mode"
_APPLY = f"{DRIFTED} differ"
_AGAIN = "second run"


def _run_virtual_machines(runner: PlayRunner, endpoint: Endpoint, lab: Lab, description: Estate, rounds: int) -> Runs:
    runs: Runs = collections.defaultdict(list)
    # As the role does, which has the names of all nodes.
    measured: TaskArguments = {"winha.cluster.vm_offline_action": {"machine_names": description.names}}

    def run(name: str, *, check: bool = False, changed: int = 0) -> None:
        task = {EMPTY.name: EMPTY.task, NOTHING.name: NOTHING.task}.get(name, measured)
        runs[name].append(runner.run(task, 1, endpoint, check=check, changed=changed))

    runner.run(measured, 1, endpoint)
    for number in range(rounds):
        _log(f"round {number + 1} of {rounds}: {description.virtual_machines} virtual machines")
        run(EMPTY.name)
        run(NOTHING.name)
        lab.load(description.compliant)
        run(_COMPLIANT)
        lab.load(description.drifted)
        run(_CHECK, check=True, changed=1)
        run(_APPLY, changed=1)
        run(_AGAIN)
    return runs


def _report(runs: Runs, large_runs: Runs, description: Estate, rounds: int) -> dict[str, t.Any]:
    empty, baseline = runs[EMPTY.name], runs[NOTHING.name]
    tasks = [
        report.cost(measured, runs[measured.name], empty=empty, baseline=baseline, parts=HOSTS * TASKS)
        for measured in MEASURED_TASKS
        if measured != EMPTY
    ]
    empty, baseline = large_runs[EMPTY.name], large_runs[NOTHING.name]
    large = {
        name: report.cost(
            MeasuredTask(name=name, owner=OURS, task={}),
            large_runs[name],
            empty=empty,
            baseline=baseline,
            parts=1,
        )
        for name in (NOTHING.name, _COMPLIANT, _CHECK, _APPLY, _AGAIN)
    }
    ours = max(task.octets for task in tasks if task.owner == OURS)
    goals = report.targets(tasks, large[_COMPLIANT], large[_CHECK], large[_APPLY], drifted=DRIFTED)
    return {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "versions": _versions(),
        "conditions": {
            "cores": len(os.sched_getaffinity(0)),
            "machine": platform.machine(),
            "system": platform.system(),
            "hosts": HOSTS,
            "tasks": TASKS,
            "forks": FORKS,
            "rounds": rounds,
            "virtual_machines": description.virtual_machines,
            "drifted": DRIFTED,
        },
        "empty_play": {
            "cpu": dataclasses.asdict(report.Spread.of([run.cpu for run in runs[EMPTY.name]])),
            "wall": dataclasses.asdict(report.Spread.of([run.wall for run in runs[EMPTY.name]])),
        },
        "tasks": [{**dataclasses.asdict(task), "octets_to_ours": task.octets / ours} for task in tasks],
        "virtual_machines": [dataclasses.asdict(task) for task in large.values()],
        "targets": [{**dataclasses.asdict(goal), "met": goal.met} for goal in goals],
    }


def _versions() -> dict[str, str]:
    versions = {"Python": platform.python_version()}
    versions |= {name: importlib.metadata.version(name) for name in ("ansible-core", "pywinrm", "requests")}
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    versions["winha.cluster"] = str(galaxy["version"])
    collections_path = Path(sysconfig.get_path("purelib")) / "ansible_collections"
    for name in _PEER_COLLECTIONS:
        manifest = collections_path.joinpath(*name.split("."), "MANIFEST.json")
        versions[name] = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
    return versions


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmark", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to this file")
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds (default: 5)")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
