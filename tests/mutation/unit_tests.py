# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which unit tests run a line, from one run of them all under C(coverage)."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t

if t.TYPE_CHECKING:
    import pathlib

_SETTINGS = """
[run]
source = {source}
dynamic_context = test_function
data_file = {data}
"""

# By file and line: the names of tests, as "file::test".
TestsByLine = dict[str, dict[int, list[str]]]


def tests_by_line(root: pathlib.Path, folder: pathlib.Path) -> TestsByLine:
    """Run the unit tests of a checkout once, and keep the result in the folder for other runs."""
    kept = folder / "lines.json"
    if kept.is_file():
        held = json.loads(kept.read_text("utf-8"))
        return {file: {int(line): names for line, names in lines.items()} for file, lines in held.items()}
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "coverage.ini"
    data = folder / "coverage.data"
    settings.write_text(_SETTINGS.format(source=root / "plugins", data=data), "utf-8")
    arguments = ["-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    subprocess.run([sys.executable, *arguments, "tests/unit"], cwd=root, check=True)
    import coverage  # only this needs it

    measured = coverage.CoverageData(str(data))
    measured.read()
    places = {path.stem: str(path.relative_to(root)) for path in (root / "tests" / "unit").rglob("test_*.py")}
    found: TestsByLine = {}
    for file in measured.measured_files():
        name = "plugins/" + file.partition("/plugins/")[2]
        lines = {
            line: sorted({_node(context, places) for context in contexts} - {""})
            for line, contexts in measured.contexts_by_lineno(file).items()
        }
        found[name] = {line: names for line, names in lines.items() if names}
    kept.write_text(json.dumps(found), "utf-8")
    return found


def _node(context: str, places: t.Mapping[str, str]) -> str:
    """C(package.test_file.test_name) as pytest names it; empty if it is no test."""
    parts = context.split(".")
    for number, part in enumerate(parts):
        if part in places:
            return "::".join([places[part], *parts[number + 1 :]])
    return ""
