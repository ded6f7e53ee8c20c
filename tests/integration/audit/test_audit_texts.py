# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the audit as text, as they come from the command line and from an AWX survey."""

from __future__ import annotations

import json
import typing as t

import pytest
from audited import EVALUATE, LAST, VALIDATE

if t.TYPE_CHECKING:
    from pathlib import Path

    from stage import Stage

pytestmark = pytest.mark.matrix


def test_the_audit_takes_texts(lab: Stage, tmp_path: Path) -> None:
    accepted = json.dumps([{"rule": "*", "host": "*", "subject": "*", "reason": "A test", "until": "2999-01-01"}])
    texts = {"audit_accepted": accepted, "audit_formats": "html", "audit_event_days": "1", "audit_directory": ""}
    given = ["audit_formats=html", "audit_fail_on_unknown=false", "audit_show_markdown=yes", "audit_facts_files="]
    arguments = [word for each in (json.dumps(texts), *given) for word in ("-e", each)]
    # Without PWD, which a program that starts Ansible need not set.
    first = lab.play(VALIDATE, "--limit", "hv01,localhost", *arguments, wrapper=("env", "-u", "PWD"))
    assert first.rc == 0, first.output
    assert lab.journal()
    (folder,) = lab.folder.glob("run*/audit")
    assert {file.name for file in folder.iterdir()} == {"audit.html", "audit.json", "facts.json", "history"}
    assert f"Reports in {folder}: " in first.of("localhost", LAST).message
    assert "# Audit of " in first.output
    assert [result.task for result in first.results if result.changed] == []
    assert {result.host for result in first.results if result.task.startswith("winha.cluster.audit : Evaluate")} == {
        "localhost"
    }
    assert "Could not match supplied host pattern" not in first.output
    lab.estate.reset()
    # The facts are kept and evaluated again, now without what is accepted.
    given = [f"audit_facts_files={folder}/facts.json", f"audit_folder={tmp_path}", "audit_fail_on_unread=no"]
    arguments = [word for each in given for word in ("-e", each)]
    for threshold, rc in (("notice", 2), ("never", 0)):
        again = lab.play(EVALUATE, *arguments, "-e", f"audit_fail_on={threshold}")
        assert again.rc == rc, again.output
        assert "hosts could not be read" in again.of("localhost", LAST).message
    assert lab.journal() == []
