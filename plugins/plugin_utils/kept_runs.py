# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of the kept runs of an audit, on the controller. Private to this collection.

A run is a file with its evaluation. Its name is the time at which the facts were read, so the same facts evaluated
again replace it. Files with other names are left alone.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.winha.cluster.plugins.plugin_utils import report_file

if t.TYPE_CHECKING:
    import pathlib

Evaluation = dict[str, t.Any]
# What a comparison reads of a finding that did not fail.
_PLACE = ("rule", "host", "subject", "outcome")
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z\.json")
_GATHERED = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)Z")


def last_before(folder: pathlib.Path, title: str, gathered: object) -> tuple[Evaluation | None, list[str]]:
    """The last run of an audit with this title whose facts are older, and a sentence for each file that is no run."""
    problems: list[str] = []
    own = _name(gathered)
    for file in reversed(_files(folder)):
        if own is not None and file.name >= own:
            continue
        try:
            found = json.loads(file.read_text("utf-8"), object_hook=_slim)
        except (OSError, ValueError) as error:
            problems.append(f"The kept run {file} could not be read, so it is left out: {error}.")
            continue
        if not _is_evaluation(found):
            problems.append(f"The kept run {file} is not an evaluation of an audit, so it is left out.")
        elif found.get("title") == title:
            return found, problems
    return None, problems


def keep(folder: str, evaluation: Evaluation, number: int) -> None:
    """Keep this run and the C(number) - 1 runs before it. Raises C(OSError)."""
    name = _name(evaluation["gathered"]) or _name(evaluation["evaluated"])
    if name is None:
        return
    place = report_file.make_folder(folder)
    report_file.write(place / name, json.dumps(evaluation, ensure_ascii=True, separators=(",", ":")))
    for file in _files(place)[:-number]:
        file.unlink(missing_ok=True)


def _files(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(file for file in folder.glob("*.json") if _NAME.fullmatch(file.name)) if folder.is_dir() else []


def _name(moment: object) -> str | None:
    found = _GATHERED.fullmatch(str(moment))
    return f"{found[1]}T{found[2]}{found[3]}{found[4]}Z.json" if found else None


def _is_evaluation(value: t.Any) -> bool:
    if not isinstance(value, dict) or value.get("version") != 1:
        return False
    lists = (value.get("findings"), value.get("hosts", []))
    return all(isinstance(rows, list) and all(isinstance(row, dict) for row in rows) for rows in lists)


def _slim(row: dict[str, t.Any]) -> dict[str, t.Any]:
    """A row of a kept evaluation without what a comparison does not read, so that it takes less memory."""
    if "outcome" in row and row["outcome"] != "fail":
        return {key: row.get(key) for key in _PLACE}
    return row
