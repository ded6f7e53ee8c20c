# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m benchmark): measure, print the table, write the numbers."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime
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
from .plays import CONTENDERS, EMPTY, FORKS, NOTHING, OURS, ROOT, Contender, Module, Run, RunError, Stage

TASKS = 5
_QUIET = 0.5  # load average
_LARGE_TASK: Module = {"winha.cluster.vm_offline_action": {}}
_PEER_COLLECTIONS = ("ansible.windows", "microsoft.ad")

Runs = dict[str, list[Run]]


def main() -> int:
    """Measure and report."""
    options = _options()
    try:
        found = measure(options.rounds)
    except (RunError, UnexpectedError, DaemonError, OSError) as exc:
        print(f"The benchmark could not run: {exc}", file=sys.stderr)
        return 2
    print(report.text(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    missed = [target["promise"] for target in found["targets"] if not target["met"]]
    return 1 if missed and options.strict else 0


def measure(rounds: int) -> dict[str, t.Any]:
    """Everything, as the JSON file has it."""
    wanted = estate()
    load = os.getloadavg()[0]
    if load > _QUIET:
        _say(f"This machine is busy (load {load:.1f}), so times will be off")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        directory = Path(name)
        for part in ("lab", "many", "large"):
            (directory / part).mkdir()
        routes = (*wanted.many, wanted.large)
        with (
            Lab(directory / "lab", wanted.compliant) as lab,
            Endpoint(routes, port=PORT, account=wanted.account) as endpoint,
        ):
            hosts = [route.address for route in wanted.many]
            many = Stage(directory / "many", hosts, port=PORT, account=wanted.account)
            runs = _tasks(many, endpoint, rounds)
            large = Stage(directory / "large", [wanted.large.address], port=PORT, account=wanted.account)
            large_runs = _virtual_machines(large, endpoint, lab, wanted, rounds)
    return {**_report(runs, large_runs, wanted, rounds), "load_before": load}


def _tasks(stage: Stage, endpoint: Endpoint, rounds: int) -> Runs:
    """Each contender once a round, each round in another order, after one that is not counted."""
    stage.run(EMPTY.task, TASKS, endpoint)
    runs: Runs = collections.defaultdict(list)
    for number in range(rounds):
        turn = number % len(CONTENDERS)
        for contender in CONTENDERS[turn:] + CONTENDERS[:turn]:
            _say(f"round {number + 1} of {rounds}: {contender.name}")
            runs[contender.name].append(stage.run(contender.task, TASKS, endpoint))
    return runs


_COMPLIANT = "all as wanted"
_CHECK = f"{DRIFTED} drifted, check mode"
_APPLY = f"{DRIFTED} drifted"
_AGAIN = "once more"


def _virtual_machines(stage: Stage, endpoint: Endpoint, lab: Lab, wanted: Estate, rounds: int) -> Runs:
    runs: Runs = collections.defaultdict(list)

    def run(name: str, *, check: bool = False, changed: int = 0) -> None:
        task = {EMPTY.name: EMPTY.task, NOTHING.name: NOTHING.task}.get(name, _LARGE_TASK)
        runs[name].append(stage.run(task, 1, endpoint, check=check, changed=changed))

    stage.run(_LARGE_TASK, 1, endpoint)
    for number in range(rounds):
        _say(f"round {number + 1} of {rounds}: {wanted.virtual_machines} virtual machines")
        run(EMPTY.name)
        run(NOTHING.name)
        lab.become(wanted.compliant)
        run(_COMPLIANT)
        lab.become(wanted.drifted)
        run(_CHECK, check=True, changed=1)
        run(_APPLY, changed=1)
        run(_AGAIN)
    return runs


def _report(runs: Runs, large_runs: Runs, wanted: Estate, rounds: int) -> dict[str, t.Any]:
    empty, floor = runs[EMPTY.name], runs[NOTHING.name]
    tasks = [
        report.cost(contender, runs[contender.name], empty=empty, floor=floor, parts=HOSTS * TASKS)
        for contender in CONTENDERS
        if contender != EMPTY
    ]
    empty, floor = large_runs[EMPTY.name], large_runs[NOTHING.name]
    large = {
        name: report.cost(
            Contender(name=name, owner=OURS, task=_LARGE_TASK), large_runs[name], empty=empty, floor=floor, parts=1
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
            "virtual_machines": wanted.virtual_machines,
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
    found = {"Python": platform.python_version()}
    found |= {name: importlib.metadata.version(name) for name in ("ansible-core", "pywinrm", "requests")}
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    found["winha.cluster"] = str(galaxy["version"])
    collections_path = Path(sysconfig.get_path("purelib")) / "ansible_collections"
    for name in _PEER_COLLECTIONS:
        manifest = collections_path.joinpath(*name.split("."), "MANIFEST.json")
        found[name] = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
    return found


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmark", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is run (default: 5)")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("at least one round")
    return options


if __name__ == "__main__":
    sys.exit(main())
