# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An evaluation beside an earlier one: what is new, what is still open, what is mended. Private; pure."""

from __future__ import annotations

import typing as t

from .audit_error import AuditError

if t.TYPE_CHECKING:
    from .judgement import Finding

_Place = tuple[str, str, str]


def compare(findings: t.Iterable[Finding], before: t.Mapping[str, t.Any] | None) -> dict[str, t.Any] | None:
    """Mark each finding that fails as C(new) or C(open), and tell which are mended.

    Mended is what failed and now passes, or whose subject is gone while its rule was judged there. What became
    unknown, or was accepted, is neither. Raises C(AuditError) when C(before) is no evaluation.
    """
    if before is None:
        return None
    if before.get("version") != 1 or not isinstance(before.get("findings"), list):
        raise AuditError("What to compare with is no evaluation of an audit: it has no version 1 and no findings.")
    failed = {_place(finding): finding for finding in before["findings"] if finding.get("outcome") == "fail"}
    now: dict[_Place, str] = {}
    judged: dict[tuple[str, str], set[str]] = {}
    counts = {"new": 0, "open": 0}
    for finding in findings:
        now[_place(finding)] = finding["outcome"]
        judged.setdefault((finding["rule"], finding["host"]), set()).add(finding["outcome"])
        if finding["outcome"] == "fail":
            finding["status"] = "open" if _place(finding) in failed else "new"
            counts[finding["status"]] += 1
    fixed = [
        {**finding, "status": "fixed"}
        for place, finding in failed.items()
        if now.get(place) in ("pass", "not_applicable")
        or (place not in now and judged.get(place[:2], {"unknown"}).isdisjoint({"unknown", "accepted"}))
    ]
    return {"earlier": before.get("evaluated"), **counts, "fixed": fixed}


def _place(finding: t.Mapping[str, t.Any]) -> _Place:
    return str(finding.get("rule")), str(finding.get("host")), str(finding.get("subject") or "")
