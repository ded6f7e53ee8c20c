# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a report on the controller."""

from __future__ import annotations

import typing as t

from ansible_collections.winha.cluster.plugins.plugin_utils import report_file

if t.TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_as_a_whole_and_has_its_mode(tmp_path: Path) -> None:
    file = report_file.make_folder(str(tmp_path / "a" / "b")) / "facts.json"
    report_file.write(file, "old", report_file.FOR_GROUP)
    report_file.write(file, "new", report_file.FOR_OWNER)
    assert (file.read_text("utf-8"), file.stat().st_mode & 0o777) == ("new", 0o600)
    assert [one.name for one in file.parent.iterdir()] == ["facts.json"]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    def write() -> dict[str, t.Any]:
        report_file.write(tmp_path / "gone" / "audit.json", "text")
        return {}

    assert report_file.reported(write, source="The plan") == {
        "changed": False,
        "failed": True,
        "msg": f"The file {tmp_path}/gone/audit.json cannot be read or written: No such file or directory.",
    }


def test_an_input_of_another_form_is_one_sentence() -> None:
    found = report_file.reported(lambda: {"x": {}["missing"]}, source="The plan")
    assert found["failed"]
    assert found["msg"] == (
        "The plan does not have its form (KeyError: 'missing'). Make it again with the roles of this collection."
    )
