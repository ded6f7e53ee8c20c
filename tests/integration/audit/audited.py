# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit of the lab, and its findings."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from pathlib import Path

    import stage as staging

VALIDATE = "winha.cluster.validate"
EVALUATE = "winha.cluster.evaluate"
LAST = (
    "winha.cluster.audit : Show the summary, and fail if a finding has the severity audit_fail_on or higher, or a host "
    "was not read"
)
Finding = dict[str, t.Any]


@dataclass(frozen=True, slots=True)
class Audited:
    """One run of the audit, with the folder of its reports."""

    run: staging.Run
    folder: Path

    @property
    def evaluation(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads((self.folder / "audit.json").read_text("utf-8")))

    def of(self, rule: str, **wanted: str) -> list[Finding]:
        """The findings of one rule, with these values."""
        return [
            each
            for each in self.evaluation["findings"]
            if each["rule"] == rule and all(each[key] == value for key, value in wanted.items())
        ]

    def outcomes(self, rule: str) -> dict[tuple[str, str], str]:
        """The outcome by host and subject."""
        return {(each["host"], each["subject"]): each["outcome"] for each in self.of(rule)}


def audit(lab: staging.Stage, folder: Path, *arguments: str, playbook: str = VALIDATE, **more: t.Any) -> Audited:
    """Run the audit, by default without failing on findings."""
    variables = {
        "audit_folder": str(folder),
        "audit_title": "lab",
        "audit_fail_on": "never",
        **more.pop("variables", {}),
    }
    return Audited(lab.play(playbook, *arguments, variables=variables, **more), folder)
