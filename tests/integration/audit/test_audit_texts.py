# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the audit as text, as they come from the command line and from an AWX survey."""

from __future__ import annotations

import json
import typing as t

import pytest

if t.TYPE_CHECKING:
    from pathlib import Path

    from stage import Stage

pytestmark = pytest.mark.matrix
VALIDATE = "winha.cluster.validate"


def test_the_audit_takes_texts(lab: Stage, tmp_path: Path) -> None:
    accepted = json.dumps([{"rule": "*", "host": "*", "subject": "*", "reason": "A test", "until": "2999-01-01"}])
    texts = {"audit_accepted": accepted, "audit_formats": "html", "audit_event_days": "1", "audit_directory": ""}
    common = ["-e", f"audit_folder={tmp_path}", "-e", "audit_formats=html"]
    first = lab.play(VALIDATE, "--limit", "hv01", *common, "-e", json.dumps(texts), "-e", "audit_fail_on_unknown=false")
    assert first.rc == 0, first.output
    assert {file.name for file in tmp_path.iterdir()} == {"audit.html", "audit.json", "facts.json"}
    assert lab.journal()
    lab.estate.reset()
    # The facts are kept and judged again, now without what is accepted.
    again = lab.play(VALIDATE, "--limit", "hv01", *common, "-e", "audit_gather=false", "-e", "audit_fail_on=notice")
    assert again.rc == 2
    assert lab.journal() == []
