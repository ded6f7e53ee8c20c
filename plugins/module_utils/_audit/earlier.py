# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison with an earlier evaluation: new, open and fixed findings. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from .error import AuditError

if t.TYPE_CHECKING:
    from .judgement import Finding

_Place = tuple[str, str, str]
_GONE = "It was not evaluated: it does not exist any more, it was left out, or it is on a host that was not read."


def compare(
    findings: t.Sequence[Finding],
    before: t.Mapping[str, t.Any] | None,
    *,
    hosts: t.Iterable[t.Mapping[str, t.Any]],
    rules: t.Iterable[t.Mapping[str, t.Any]],
) -> dict[str, t.Any] | None:
    """Mark each failed finding as C(new) or C(open), and return the numbers, the fixed and the unseen findings.

    A failed finding is fixed only if it passes now. Where it is unknown, does not apply or was not evaluated, it is
    unseen, with the reason. An accepted finding is neither. A virtual machine is searched on all hosts of its cluster,
    by C(hosts). Raises C(AuditError) when C(before) is not an evaluation.
    """
    if before is None:
        return None
    lists = [before.get("findings"), before.get("hosts") or []] if isinstance(before, dict) else [None]
    known_format = isinstance(before, dict) and before.get("version") == 1
    if not known_format or not all(
        isinstance(one, list) and all(isinstance(row, dict) for row in one) for one in lists
    ):
        raise AuditError(
            "The earlier file (audit_compare_with) is not an evaluation of an audit: it needs version 1 and findings."
        )
    movable_rules = {rule["id"] for rule in rules if rule["layer"] == "virtual_machine" and rule["scope"] == "host"}
    cluster_of_host = {
        str(host.get("name")): host["cluster"]
        for host in (*(before.get("hosts") or ()), *hosts)
        if host.get("cluster") is not None
    }

    def cluster_place(place: _Place) -> _Place | None:
        """The cluster as the place of a subject that can move from node to node."""
        rule, host, subject = place
        return (rule, cluster_of_host[host], subject) if rule in movable_rules and host in cluster_of_host else None

    known = {_place(finding) for finding in before["findings"]}
    failed = {_place(finding): finding for finding in before["findings"] if finding.get("outcome") == "fail"}
    now = {_place(finding): finding["outcome"] for finding in findings}
    missing_places = {cluster_place(place) for place in failed if place not in now} - {None}
    moved_outcomes: dict[_Place | None, set[str]] = {}
    judged: dict[tuple[str, str], set[str]] = {}
    for place, outcome in now.items():
        judged.setdefault(place[:2], set()).add(outcome)
        if place not in known and cluster_place(place) in missing_places:
            moved_outcomes.setdefault(cluster_place(place), set()).add(outcome)

    def outcomes_now(place: _Place) -> set[str]:
        if place in now:
            return {now[place]}
        return moved_outcomes.get(cluster_place(place), set())

    def why_unseen(place: _Place) -> str:
        rule, host, _subject = place
        outcomes = outcomes_now(place) or judged.get((rule, host), set())
        if "unknown" in outcomes:
            return "It is unknown now."
        if outcomes == {"not_applicable"}:
            return "The rule does not apply any more."
        return _GONE if outcomes else f"The rule was not evaluated on {host}."

    counts = {"new": 0, "open": 0}
    for finding in findings:
        if finding["outcome"] == "fail":
            place = _place(finding)
            is_open = place in failed or (place not in known and cluster_place(place) in moved_outcomes)
            finding["status"] = "open" if is_open else "new"
            counts[finding["status"]] += 1
    fixed = [{**one, "status": "fixed"} for place, one in failed.items() if outcomes_now(place) == {"pass"}]
    unseen = [
        {**one, "status": "unseen", "why_unknown": why_unseen(place)}
        for place, one in failed.items()
        if outcomes_now(place).isdisjoint({"fail", "accepted"}) and outcomes_now(place) != {"pass"}
    ]
    return {"earlier": before.get("evaluated"), **counts, "fixed": fixed, "unseen": unseen}


def _place(finding: t.Mapping[str, t.Any]) -> _Place:
    return str(finding.get("rule")), str(finding.get("host")), str(finding.get("subject") or "")
