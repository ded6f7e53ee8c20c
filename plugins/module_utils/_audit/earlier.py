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
_FIXED = ("pass", "not_applicable")
_NOT_JUDGED = {"unknown", "accepted"}


def compare(
    findings: t.Sequence[Finding],
    before: t.Mapping[str, t.Any] | None,
    *,
    hosts: t.Iterable[t.Mapping[str, t.Any]],
    rules: t.Iterable[t.Mapping[str, t.Any]],
) -> dict[str, t.Any] | None:
    """Mark each failed finding as C(new) or C(open), and return the numbers and the fixed findings.

    A failed finding is fixed if it passes now, or if its subject does not exist any more and its rule was evaluated
    there. A finding that is unknown or accepted now is not fixed. A virtual machine is searched on all hosts of its
    cluster, by C(hosts). Raises C(AuditError) when C(before) is not an evaluation.
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

    def is_fixed(place: _Place) -> bool:
        if place in now:
            return now[place] in _FIXED
        if cluster_place(place) in moved_outcomes:
            return moved_outcomes[cluster_place(place)].issubset(_FIXED)
        rule, host, _subject = place
        nodes = [host]
        if cluster_place(place):
            nodes = [name for name, cluster in cluster_of_host.items() if cluster == cluster_of_host[host]]
        return all(judged.get((rule, name), _NOT_JUDGED).isdisjoint(_NOT_JUDGED) for name in nodes)

    counts = {"new": 0, "open": 0}
    for finding in findings:
        if finding["outcome"] == "fail":
            place = _place(finding)
            is_open = place in failed or (place not in known and cluster_place(place) in moved_outcomes)
            finding["status"] = "open" if is_open else "new"
            counts[finding["status"]] += 1
    fixed = [{**finding, "status": "fixed"} for place, finding in failed.items() if is_fixed(place)]
    return {"earlier": before.get("evaluated"), **counts, "fixed": fixed}


def _place(finding: t.Mapping[str, t.Any]) -> _Place:
    return str(finding.get("rule")), str(finding.get("host")), str(finding.get("subject") or "")
