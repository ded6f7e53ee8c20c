# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(make mutation): change one small thing in the code, from a seed, and see whether a test notices it.

The unit tests that run the changed line run first, then all that run its file. With C(--integration), the named
integration tests run for what the unit tests do not notice. Each change is made in a copy of the checkout.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import itertools
import os
import queue
import random
import shutil
import sys
import typing as t

from workbench.checkout import copy
from workbench.places import CACHE, COLLECTION, ROOT

from .changes import Change, changes
from .runner import Runner
from .unit_tests import TestsByLine, tests_by_line

if t.TYPE_CHECKING:
    import pathlib

FOLDER = CACHE / "mutation"
LIMIT = 900.0  # seconds for the tests of one change; what takes longer is noticed, since it hangs
MOST_NAMES = 400  # tests on one command line; of more, whole files run
# These compare the options of each plugin with its documentation. The code ran before, when it was imported.
OF_PLUGINS = ("plugins/action/", "plugins/filter/", "plugins/inventory/", "plugins/modules/")
TESTS_OF_PLUGINS = "tests/unit/test_collection.py"


def all_changes(root: pathlib.Path) -> list[Change]:
    files = sorted(file for file in (root / "plugins").rglob("*.py") if "doc_fragments" not in file.parts)
    return [one for file in files for one in changes(str(file.relative_to(root)), file.read_text("utf-8"))]


def tests_for(change: Change, lines: TestsByLine) -> list[list[str]]:
    """Which tests to run, the most likely to notice the change first."""
    of_file = lines.get(change.file, {})
    of_line = of_file.get(change.line, []) if change.in_function else []
    # Whole files: some tests run the code in another process, where coverage does not see it.
    files = {name.partition("::")[0] for names in of_file.values() for name in names}
    if not change.in_function or change.file.startswith(OF_PLUGINS):
        files.add(TESTS_OF_PLUGINS)
    first = of_line if len(of_line) <= MOST_NAMES else sorted({name.partition("::")[0] for name in of_line})
    return [names for names in (first, sorted(files)) if names]


class Checkouts:
    """Copies of the checkout, one for each job."""

    def __init__(self, number: int) -> None:
        self._free: queue.SimpleQueue[tuple[pathlib.Path, Runner]] = queue.SimpleQueue()
        self._changed = itertools.count(1)
        for index in range(number):
            place = FOLDER / f"checkout{index}"
            shutil.rmtree(place, ignore_errors=True)
            copy(place)
            link = place / ".cache" / COLLECTION
            link.parent.mkdir(parents=True)
            link.symlink_to(os.path.relpath(place, link.parent), target_is_directory=True)
            (place / ".cache" / "ansible.cfg").touch()
            self._free.put((place, Runner(place)))

    def noticed_by(self, change: Change, steps: t.Sequence[t.Sequence[str]]) -> str:
        """The first tests that notice the change; empty if none does."""
        place, runner = self._free.get()
        file = place / change.file
        text, times = file.read_text("utf-8"), file.stat()
        try:
            file.write_text(change.applied(text), "utf-8")
            # Python compiles a file anew if its time or its size differs, so each change has a time of its own.
            os.utime(file, (times.st_atime, times.st_mtime + 2 * next(self._changed)))
            for names in steps:
                if failed := runner.run(names, LIMIT):
                    return failed
            return ""
        finally:
            file.write_text(text, "utf-8")
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
            self._free.put((place, runner))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutation", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--number", type=int, default=200, help="how many changes are tried")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", type=int, nargs="+", metavar="NUMBER", help="only these of the list")
    parser.add_argument("--integration", nargs="+", default=[], metavar="TESTS", help="also run these tests")
    options = parser.parse_args()
    lines = tests_by_line(ROOT, FOLDER)
    candidates = all_changes(ROOT)
    chosen = random.Random(options.seed).sample(candidates, min(options.number, len(candidates)))
    numbers = [number - 1 for number in options.only] if options.only else range(len(chosen))
    print(f"Seed {options.seed}: {len(numbers)} of {len(candidates)} possible changes", flush=True)
    checkouts = Checkouts(options.jobs)
    further = [options.integration] if options.integration else []

    def tried(number: int) -> str:
        change = chosen[number]
        failed = checkouts.noticed_by(change, [*tests_for(change, lines), *further])
        print(f"{number + 1:4} {'noticed' if failed else 'MISSED '} {change}  {failed}", flush=True)
        return failed

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(tried, numbers))
    noticed = sum(bool(failed) for failed in results)
    print(f"{noticed} of {len(results)} noticed ({100 * noticed / len(results):.1f} %)")
    return 0 if noticed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
