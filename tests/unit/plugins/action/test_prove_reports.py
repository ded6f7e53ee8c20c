# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that the action prove_reports writes."""

from __future__ import annotations

import json
import stat
import typing as t

from ansible_collections.winha.cluster.plugins.action import prove_reports

if t.TYPE_CHECKING:
    from pathlib import Path

NAME = "<b>hv01</b>"
ANSWERS = [
    {"point": "cluster.nodes", "answer": "confirmed", "came": "2 instances"},
    {"point": "cluster.node_name", "answer": "different", "came": "the name is <i>HV</i>"},
]


def report(folder: Path, bundle: Path | None = None) -> dict[str, t.Any]:
    hosts = {NAME: {"prove_host_info": {"release": "2022", "answers": ANSWERS}, "other": object()}}
    options = {"hosts": [NAME], "folder": str(folder), "formats": ["html"], "title": "", "virtual_machine": ""}
    return prove_reports._report(options | {"bundle": bundle and str(bundle)}, hosts, check_mode=False)


def test_the_page_escapes_what_came_from_servers(tmp_path: Path) -> None:
    found = report(tmp_path / "prove")
    page = (tmp_path / "prove" / "prove.html").read_text("utf-8")
    assert "the name is &lt;i&gt;HV&lt;/i&gt;" in page
    assert "<b>hv01" not in page
    assert found["passed"] is True
    assert [row["point"] for row in found["artifact"]["rows"]] == ["cluster.node_name"]
    assert json.loads((tmp_path / "prove" / "prove.json").read_text("utf-8"))["numbers"]["different"] == 1


def test_a_bundle_gets_releases_points_and_answers_and_no_names(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    report(tmp_path / "prove", bundle)
    assert not bundle.exists()  # it has no messages yet
    bundle.mkdir()
    (bundle / "messages.jsonl").touch()
    report(tmp_path / "prove", bundle)
    file = bundle / "proved.json"
    assert json.loads(file.read_text("utf-8")) == {
        "winha_proved": 1,
        "releases": {"2022": {"cluster.nodes": "confirmed", "cluster.node_name": "different"}},
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
