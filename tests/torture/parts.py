# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the torture: each one prints what is wrong, adds it to the file, and returns how many are wrong."""

from __future__ import annotations

import collections
import json
import pathlib
import time
import typing as t

from lab.directory import impediment

from . import cells
from .faults import FAULTS
from .variants import VARIANTS

WRONG = pathlib.Path(__file__).resolve().parents[2] / ".cache" / "torture" / "wrong.jsonl"


def run_cells(seed: int, deadline: float, jobs: int, only: t.Sequence[str]) -> int:
    """Run cells, and print what is wrong."""
    if only:
        chosen = [cells.Cell.parse(text, VARIANTS, FAULTS) for text in only]
        tried, wrong = cells.try_cells(chosen, float("inf"))
    else:
        chosen = cells.reachable()
        ordered = cells.in_order(chosen, seed, FAULTS)
        tried, wrong = cells.try_in_parallel(ordered, deadline - time.monotonic(), jobs)
    return _print_cells("Cells", seed, len(chosen), tried, wrong, show=bool(only))


def run_directory(seed: int, deadline: float, jobs: int, only: t.Sequence[str]) -> int:
    """Run the cells of LDAP, and print what is wrong. Without a domain controller, print why."""
    if problem := impediment():
        print(f"\nLeft out: the cells of LDAP: {problem}", flush=True)
        return 0
    from .directory import cells as ldap_cells

    stand = ldap_cells.Stand
    if only:
        chosen = [cells.Cell.parse(text, stand.variants, stand.faults) for text in only]
        tried, wrong = ldap_cells.try_in_parallel(chosen, float("inf"), 1)
    else:
        chosen = ldap_cells.all_reachable()
        ordered = cells.in_order(chosen, seed, stand.faults)
        tried, wrong = ldap_cells.try_in_parallel(ordered, deadline - time.monotonic(), jobs)
    return _print_cells("Cells of LDAP", seed, len(chosen), tried, wrong, show=bool(only))


def _print_cells(
    title: str, seed: int, reachable: int, tried: int, wrong: t.Sequence[cells.Wrong], *, show: bool
) -> int:
    kinds = collections.defaultdict(list)
    for one in wrong:
        for problem in one.problems:
            kinds[one.cell.variant.partition("/")[0], problem.partition(":")[0][:50]].append((one, problem))
    for (module, _problem), found in sorted(kinds.items()):
        one, problem = found[0]
        print(f"\n{module}, {len(found)} cells: {problem[:300]}")
        print(f'    make torture ARGUMENTS="--only {one.cell}"')
        if show:
            print(f"    {one.message}", *one.requests, sep="\n    ")
    print(f"\n{title}: {reachable:,} can be reached, {tried:,} were tried, {len(wrong)} are wrong.", flush=True)
    keep(seed, [one.row() for one in wrong])
    return len(wrong)


def keep(seed: int, rows: t.Iterable[t.Mapping[str, t.Any]]) -> None:
    """Add what is wrong to the file."""
    with WRONG.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps({"seed": seed, **row}) + "\n" for row in rows)


def read_inputs(part: str, number: int, seed: int) -> int:
    """Read changed messages or files, and print what is wrong."""
    from . import inputs

    found = {"messages": inputs.of_messages, "files": inputs.of_files}[part](number, seed)
    for kind, (count, shortest) in sorted(found.wrong.items()):
        print(f"\n{kind}, {count} {part}: {shortest[:600]}")
    wrong = sum(count for count, _shortest in found.wrong.values())
    print(f"\n{part.capitalize()}: {found.count:,} inputs were read, {wrong} are wrong.", flush=True)
    keep(seed, [{part: kind, "input": shortest} for kind, (_count, shortest) in found.wrong.items()])
    return wrong


def kill_runs(seed: int, number: int, deadline: float) -> int:
    """Kill runs, and print what is wrong."""
    from . import kills

    wrong, killed = 0, -1
    for one in kills.kill_runs(seed, number, deadline):
        killed += 1
        wrong += bool(one.problems)
        for problem in one.problems:
            print(f"\nKilled after request {one.request}: {problem}")
        keep(seed, [{"killed": one.request, "problems": one.problems}] if one.problems else [])
    print(f"\nKills: {killed} runs were killed, {wrong} were not finished by the next run.", flush=True)
    return wrong
