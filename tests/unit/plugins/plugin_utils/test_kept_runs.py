# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of earlier runs of the audit."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.plugin_utils import kept_runs

if t.TYPE_CHECKING:
    import pathlib


def run(day: int, title: str = "lab", **more: t.Any) -> dict[str, t.Any]:
    rows = [
        {"rule": "r", "host": "hv01", "subject": "A", "outcome": "pass", "text": "long"},
        {"rule": "r", "host": "hv01", "subject": "B", "outcome": "fail", "text": "long"},
    ]
    return {
        "version": 1,
        "title": title,
        "gathered": f"2026-11-{day:02}T22:10:04Z",
        "evaluated": "",
        "findings": rows,
    } | more


def test_the_last_runs_are_kept_and_other_files_stay(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "history"
    for day in (3, 1, 2, 4):
        kept_runs.keep(str(folder), run(day), 3)
    (folder / "notes.json").write_text("mine", "utf-8")
    kept_runs.keep(str(folder), run(4, findings=[]), 3)  # the same facts, evaluated again
    names = [f"2026-11-0{day}T221004Z.json" for day in (2, 3, 4)]
    assert sorted(file.name for file in folder.iterdir()) == [*names, "notes.json"]
    assert json.loads((folder / names[-1]).read_text("utf-8"))["findings"] == []


def test_the_run_before_has_the_same_title_and_older_facts(tmp_path: pathlib.Path) -> None:
    for each in (run(1), run(2), run(3, title="other"), run(5)):
        kept_runs.keep(str(tmp_path), each, 9)
    found, problems = kept_runs.last_before(tmp_path, "lab", "2026-11-05T22:10:04Z")
    assert (found or {})["gathered"] == "2026-11-02T22:10:04Z"
    assert [sorted(row) for row in (found or {})["findings"]] == [
        ["host", "outcome", "rule", "subject"],
        ["host", "outcome", "rule", "subject", "text"],
    ]
    assert problems == []
    assert kept_runs.last_before(tmp_path, "lab", "2026-11-01T22:10:04Z") == (None, [])
    assert kept_runs.last_before(tmp_path / "gone", "lab", "2026-11-01T22:10:04Z") == (None, [])


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1}', '{"version": 1, "findings": [1]}'])
def test_a_damaged_run_is_told_and_the_one_before_is_used(tmp_path: pathlib.Path, text: str) -> None:
    kept_runs.keep(str(tmp_path), run(1), 9)
    (tmp_path / "2026-11-02T221004Z.json").write_text(text, "utf-8")
    found, problems = kept_runs.last_before(tmp_path, "lab", "2026-11-05T22:10:04Z")
    assert (found or {})["gathered"] == "2026-11-01T22:10:04Z"
    assert ["2026-11-02T221004Z.json" in problem for problem in problems] == [True]
