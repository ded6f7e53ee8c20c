# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m benchmark.slices): measure an audit in slices, each in a run of its own, and their common evaluation.

The lab's responses are recorded by the first run, that of all hosts, and replayed for the others. The slices run one
after another, so only CPU time, memory and requests are measured. Every evaluation must equal that of the first run.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import typing as t
from pathlib import Path

import yaml
from lab import daemon

from .audit import AuditRunner, Play, Run, audit
from .audit_estate import NODES, PORT, Description, estate
from .endpoint import Account, UnexpectedError
from .plays import RunError
from .recording import Recording

_STEP = 2 * NODES
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
Row = dict[str, t.Any]


def evaluation(folders: t.Sequence[Path]) -> list[Play]:
    """The playbook that evaluates the facts of several runs together."""
    variables = {"audit_facts_files": [str(folder / "facts.json") for folder in folders], "audit_fail_on": "never"}
    return [{"ansible.builtin.import_playbook": "winha.cluster.evaluate", "vars": variables}]


def measure(hosts: int, numbers: t.Sequence[int]) -> list[Row]:
    """A row for each number of slices, beginning with one run over all hosts."""
    description = estate(hosts)
    rows = []
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-") as name,
        Recording(lab=PORT, account=Account(**description["credentials"])) as endpoint,
    ):
        folder = Path(name)
        (folder / "estate.yml").write_text(yaml.safe_dump(description), encoding="utf-8")
        daemon.up(folder / "estate.yml", folder / "lab")
        try:
            whole = AuditRunner(folder / "whole", description, port=endpoint.port)
            rows.append(_row(1, [whole.run(audit(), endpoint)], None))
            endpoint.replay()
        finally:
            daemon.down(folder / "lab")
        wanted = _without_times(whole)
        for number in numbers:
            runners = [
                AuditRunner(folder / f"{number}-{part}", _slice(description, part, number), port=endpoint.port)
                for part in range(number)
            ]
            runs = [runner.run(audit(), endpoint) for runner in runners]
            together = AuditRunner(folder / f"{number}-together", description, port=endpoint.port)
            evaluated = together.run(evaluation([runner.reports for runner in runners]), endpoint)
            if _without_times(together) != wanted:
                raise RunError(f"The evaluation of {number} slices is not that of one run.")
            rows.append(_row(number, runs, evaluated))
    return rows


def _slice(description: Description, part: int, number: int) -> Description:
    """Each C(number)-th host, as AWX takes them, so that the nodes of a cluster lie in different slices."""
    return {**description, "hosts": description["hosts"][part::number]}


def _without_times(runner: AuditRunner) -> str:
    return _TIMES.sub("", (runner.reports / "audit.json").read_text(encoding="utf-8"))


def _row(number: int, runs: t.Sequence[Run], evaluated: Run | None) -> Row:
    row = {
        "slices": number,
        "cpu": sum(run.cpu for run in runs),
        "cpu_of_largest": max(run.cpu for run in runs),
        "cpu_of_evaluation": evaluated.cpu if evaluated else 0.0,
        "largest": max(run.largest for run in [*runs, *([evaluated] if evaluated else [])]),
        "requests": sum(run.requests for run in runs),
        "requests_of_evaluation": evaluated.requests if evaluated else 0,
    }
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def table(hosts: int, rows: t.Sequence[Row]) -> str:
    """The results as a Markdown table."""
    head = ["hosts", "slices", "CPU of all, s", "CPU of the largest slice, s", "CPU of the evaluation, s"]
    head += ["largest process, MB", "requests"]
    lines = [f"| {' | '.join(head)} |", "|" + "--:|" * len(head)]
    for row in rows:
        cells = [f"{hosts:,}", row["slices"], f"{row['cpu'] + row['cpu_of_evaluation']:.0f}"]
        cells += [f"{row['cpu_of_largest']:.0f}", f"{row['cpu_of_evaluation']:.1f}" if row["slices"] > 1 else "-"]
        cells += [f"{row['largest'] / 1e6:.0f}", f"{row['requests'] + row['requests_of_evaluation']:,}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmark.slices", description=__doc__)
    parser.add_argument("--hosts", type=int, default=1000, help=f"number of hosts, a multiple of {_STEP}")
    parser.add_argument("--slices", type=int, nargs="+", default=[2, 4], help="numbers of slices (default: 2 4)")
    options = parser.parse_args()
    if options.hosts < _STEP or options.hosts % _STEP or min(options.slices) < 2:
        parser.error(f"--hosts must be a multiple of {_STEP}, and --slices at least 2")
    try:
        rows = measure(options.hosts, options.slices)
    except (RunError, UnexpectedError, daemon.DaemonError, OSError) as exc:
        print(f"The benchmark failed: {exc}", file=sys.stderr)
        return 2
    print(table(options.hosts, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
