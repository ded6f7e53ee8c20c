# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An evaluation beside an earlier one: what is new, what is still open, what is mended. Private; pure."""

from __future__ import annotations

import typing as t

from .error import AuditError

if t.TYPE_CHECKING:
    from .judgement import Finding

_Place = tuple[str, str, str]
_MENDED = ("pass", "not_applicable")
_HIDDEN = {"unknown", "accepted"}


def compare(
    findings: t.Sequence[Finding],
    before: t.Mapping[str, t.Any] | None,
    *,
    hosts: t.Iterable[t.Mapping[str, t.Any]],
    rules: t.Iterable[t.Mapping[str, t.Any]],
) -> dict[str, t.Any] | None:
    """Mark each finding that fails as C(new) or C(open), and tell which are mended.

    Mended is what failed and now passes, or whose subject is gone while its rule was judged there. What became
    unknown, or was accepted, is neither. A virtual machine is looked for on all hosts of its cluster, which C(hosts)
    tell. Raises C(AuditError) when C(before) is no evaluation.
    """
    if before is None:
        return None
    if before.get("version") != 1 or not isinstance(before.get("findings"), list):
        raise AuditError("What to compare with is no evaluation of an audit: it has no version 1 and no findings.")
    moving = {rule["id"] for rule in rules if rule["layer"] == "virtual_machine" and rule["scope"] == "host"}
    homes = {
        str(host.get("name")): host["cluster"]
        for host in (*(before.get("hosts") or ()), *hosts)
        if host.get("cluster") is not None
    }

    def roaming(place: _Place) -> _Place | None:
        """Where a subject may be that moves from node to node."""
        rule, host, subject = place
        return (rule, homes[host], subject) if rule in moving and host in homes else None

    known = {_place(finding) for finding in before["findings"]}
    failed = {_place(finding): finding for finding in before["findings"] if finding.get("outcome") == "fail"}
    now = {_place(finding): finding["outcome"] for finding in findings}
    left = {roaming(place) for place in failed if place not in now} - {None}
    arrived: dict[_Place | None, set[str]] = {}
    judged: dict[tuple[str, str], set[str]] = {}
    for place, outcome in now.items():
        judged.setdefault(place[:2], set()).add(outcome)
        if place not in known and roaming(place) in left:
            arrived.setdefault(roaming(place), set()).add(outcome)

    def is_mended(place: _Place) -> bool:
        if place in now:
            return now[place] in _MENDED
        if roaming(place) in arrived:
            return arrived[roaming(place)].issubset(_MENDED)
        rule, host, _subject = place
        among = [each for each, home in homes.items() if home == homes[host]] if roaming(place) else [host]
        return all(judged.get((rule, each), _HIDDEN).isdisjoint(_HIDDEN) for each in among)

    counts = {"new": 0, "open": 0}
    for finding in findings:
        if finding["outcome"] == "fail":
            place = _place(finding)
            is_open = place in failed or (place not in known and roaming(place) in arrived)
            finding["status"] = "open" if is_open else "new"
            counts[finding["status"]] += 1
    fixed = [{**finding, "status": "fixed"} for place, finding in failed.items() if is_mended(place)]
    return {"earlier": before.get("evaluated"), **counts, "fixed": fixed}


def _place(finding: t.Mapping[str, t.Any]) -> _Place:
    return str(finding.get("rule")), str(finding.get("host")), str(finding.get("subject") or "")
