# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(make torture): cells, messages, files and kills from a seed, in about ten minutes."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import random
import sys
import time

from . import cells

ROOT = pathlib.Path(__file__).resolve().parents[2]
WRONG = ROOT / ".cache" / "torture" / "wrong.jsonl"
PARTS = ("cells",)


def tell_cells(seed: int, seconds: float, jobs: int, only: list[str]) -> int:
    """Run cells, and print what is wrong."""
    begin = time.monotonic()
    everything = [cells.Cell.parse(text) for text in only] or cells.reachable()
    left = seconds - (time.monotonic() - begin)
    if only:
        tried, wrong = cells.try_cells(everything, float("inf"))
    else:
        tried, wrong = cells.try_in_parallel(cells.in_order(everything, seed), left, jobs)
    keep(seed, wrong)
    kinds = collections.defaultdict(list)
    for one in wrong:
        for problem in one.problems:
            kinds[one.cell.variant.partition("/")[0], problem[:60]].append((one, problem))
    for (module, _begin), found in sorted(kinds.items()):
        one, problem = found[0]
        print(f"\n{module}, {len(found)} cells: {problem[:400]}")
        print(f'    make torture ARGUMENTS="--only {one.cell}"')
        if only:
            print(f"    message: {one.message}", *one.requests, sep="\n    ")
    print(f"\n{len(everything):,} cells can be reached, {tried:,} were tried, {len(wrong)} are wrong.")
    return len(wrong)


def keep(seed: int, wrong: list[cells.Wrong]) -> None:
    """Write the wrong cells to a file."""
    WRONG.parent.mkdir(parents=True, exist_ok=True)
    rows = [dataclasses.asdict(one) | {"seed": seed, "cell": str(one.cell)} for one in wrong]
    WRONG.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="part", help=", ".join(PARTS))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--jobs", type=int, default=min(8, 2 * (os.cpu_count() or 1)))
    parser.add_argument("--only", action="append", default=[], metavar="CELL", help="run this cell")
    options = parser.parse_args()
    seconds = options.minutes * 60
    print(f"Seed {options.seed}. The same order again: --seed {options.seed}", flush=True)
    wrong = tell_cells(options.seed, seconds, options.jobs, options.only)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
