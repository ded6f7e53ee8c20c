# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(make torture): cells, messages, files, kills and the directory from a seed, in about ten minutes."""

from __future__ import annotations

import argparse
import concurrent.futures
import multiprocessing
import os
import random
import sys
import time
import warnings

from .parts import WRONG, kill_runs, read_inputs, run_cells, run_directory

PARTS = ("cells", "messages", "files", "kills", "directory")
DIRECTORY_MODULES = ("spn", "spn_info", "exchange_info")
INPUTS_EACH_MINUTE = 1500
PREPARATION = 60  # seconds: the last cells begin this long before the end, when others need the processors


def run(options: argparse.Namespace) -> int:
    """Run the parts side by side; how many things are wrong."""
    seed, seconds = options.seed, options.minutes * 60
    end = time.monotonic() + seconds
    parts = options.parts or PARTS
    number = max(100, int(INPUTS_EACH_MINUTE * options.minutes))
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(len(PARTS), mp_context=spawn) as pool:
        others = [pool.submit(read_inputs, part, number, seed) for part in ("messages", "files") if part in parts]
        if "kills" in parts:
            others.append(pool.submit(kill_runs, seed, options.kills, end - 2 * PREPARATION))
        if "directory" in parts:
            others.append(pool.submit(run_directory, seed, end - PREPARATION, options.directory_jobs, ()))
        wrong = run_cells(seed, end - PREPARATION / 2, options.jobs, ()) if "cells" in parts else 0
        return wrong + sum(one.result() for one in others)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="part", help=", ".join(PARTS))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--kills", type=int, default=3, help="how many runs are killed at most")
    parser.add_argument("--jobs", type=int, default=min(8, 2 * (os.cpu_count() or 1)), help="estates with cells")
    parser.add_argument("--directory-jobs", type=int, default=1, help="domains with cells of LDAP")
    parser.add_argument("--only", action="append", default=[], metavar="CELL", help="run this cell and show it")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    WRONG.parent.mkdir(parents=True, exist_ok=True)
    WRONG.write_text("", "utf-8")
    if options.only:
        ldap = [text for text in options.only if text.partition("/")[0] in DIRECTORY_MODULES]
        others = [text for text in options.only if text not in ldap]
        found = [part(options.seed, 0, 1, only) for part, only in ((run_cells, others), (run_directory, ldap)) if only]
        return 1 if sum(found) else 0
    print(f'Seed {options.seed}. The same order again: make torture ARGUMENTS="--seed {options.seed}"', flush=True)
    wrong = run(options)
    print(f"\n{wrong} wrong in all. {'They are in ' + str(WRONG) if wrong else ''}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
