# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates all rules on all facts, for the reports. Private to this collection; pure."""

from __future__ import annotations

import collections
import datetime
import typing as t

from . import earlier
from . import measurements as pictures
from .acceptance import Acceptance
from .catalogue import catalogue
from .cause import Causes
from .completion import completed
from .error import AuditError
from .expression import Reader
from .facts import Subject, check_facts, cluster_name, clusters_of, forest_of, hosts_of, hosts_without_cluster, title_of
from .history import run_of
from .joint_remedy import joint_remedies
from .judgement import Finding, finding_without_cluster, judge
from .not_checked import left_out, unread
from .place import Places, places
from .placement import with_placement
from .rule import SEVERITIES, Rule
from .unmatched import machine_names, unmatched

OUTCOMES = ("pass", "fail", "unknown", "not_applicable", "accepted")


def evaluate(
    rules: t.Iterable[t.Any],
    facts: t.Mapping[str, t.Any],
    *,
    parameters: t.Mapping[str, t.Any] | None = None,
    overrides: t.Mapping[str, t.Any] | None = None,
    accepted: t.Iterable[t.Any] | None = None,
    before: t.Mapping[str, t.Any] | None = None,
    runs: t.Sequence[t.Mapping[str, t.Any]] = (),
    now: datetime.datetime,
) -> dict[str, t.Any]:
    """The evaluation as plain values; equal arguments give equal evaluations.

    C(now) is a time with a zone, C(before) an earlier evaluation, and C(runs) are the numbers of earlier runs. Raises
    C(AuditError).
    """
    check_facts(facts)
    facts = completed(facts)
    known = catalogue(rules, overrides, parameters)
    if not isinstance(accepted or [], (list, tuple)):
        raise AuditError(f"accepted (audit_accepted) must be a list of mappings, each with a dash. Found: {accepted}.")
    acceptances = [Acceptance.parse(entry, [rule.id for rule in known.rules]) for entry in accepted or ()]
    hosts = hosts_of(facts, known.parameters)
    clusters = with_placement(hosts, clusters_of(facts, known.parameters))
    forest = forest_of(facts, known.parameters)
    reader = Reader(now)
    findings: list[Finding] = []
    clusterless = hosts_without_cluster(hosts, clusters)
    for rule in known.rules:
        findings += _findings(rule, hosts, clusters, forest, reader, clusterless=clusterless)
    machines = machine_names(hosts, clusters)
    names = {*facts["hosts"], *(finding["host"] for finding in findings)}, {each["subject"] for each in findings}
    acceptances = [one.among(*names) for one in acceptances]
    for finding in findings:
        _accept(finding, acceptances, now.date())
    hosts_out = [_host(host, clusters) for host in hosts]
    rules_out = [rule.as_report() for rule in known.rules]
    not_read = unread(facts, findings, acceptances, now.date())
    compared = earlier.compare(findings, before, hosts=hosts_out, rules=rules_out)
    remedies = _remedies(known.rules, findings)
    where = places(hosts, clusters, forest)
    _complete(findings, not_read, where, Causes(facts["hosts"], (cluster.name for cluster in clusters)))
    found = {
        "version": 1,
        "title": title_of(facts),
        "gathered": facts.get("gathered"),
        "evaluated": now.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "hosts": hosts_out,
        "rules": rules_out,
        "findings": findings,
        "unread": not_read,
        "left_out": left_out(known, machines, hosts),
        "unmatched": unmatched(known, machines, facts, findings, acceptances),
        "notes": list(facts.get("notes") or ()),
        "summary": _summary(findings, known.rules, not_read),
        "comparison": compared,
        "remedies": remedies,
        "places": where.listed(),
        "pictures": {
            "paths": pictures.paths(hosts, clusters, known.parameters),
            "heartbeats": pictures.heartbeats(clusters, known.parameters),
            "certificates": pictures.certificates(forest, known.parameters, now),
        },
    }
    return {**found, "runs": [*runs, run_of(found)]}


def _remedies(rules: t.Iterable[Rule], findings: t.Iterable[Finding]) -> dict[str, list[dict[str, t.Any]]]:
    """The common remedies of the failed findings of each rule."""
    rows: dict[str, list[t.Any]] = {}
    for finding in findings:
        row = finding.pop("row", None)
        if finding["outcome"] == "fail":
            rows.setdefault(finding["rule"], []).append(row)
    return {rule.id: joint_remedies([(rule.remedy, row) for row in rows[rule.id]]) for rule in rules if rule.id in rows}


def _complete(
    findings: t.Iterable[Finding], not_read: t.Iterable[dict[str, t.Any]], where: Places, causes: Causes
) -> None:
    """Add to each finding where it belongs, and to what is unknown its cause."""
    for finding in findings:
        finding["place"] = where.of(finding)
        if finding["why_unknown"]:
            finding["cause"] = causes.of(finding["why_unknown"], finding["subject"])
    for row in not_read:
        row["cause"] = causes.of(row["why"])


def _findings(
    rule: Rule,
    hosts: t.Sequence[Subject],
    clusters: t.Sequence[Subject],
    forest: Subject | None,
    reader: Reader,
    *,
    clusterless: t.Sequence[Subject],
) -> t.Iterator[Finding]:
    if rule.scope == "forest":
        if forest is not None:
            yield from judge(rule, forest, reader)
        return
    kinds = set(rule.applies.kinds)
    if rule.scope == "host":
        for host in hosts:
            if kinds & set(host.kinds):
                yield from judge(rule, host, reader)
        return
    for cluster in clusters:
        if kinds & set(cluster.kinds):
            yield from judge(rule, cluster, reader)
    for host in clusterless:
        if kinds & set(host.kinds):
            why = host.missing("cluster_info.cluster") or f"The cluster of {host.name} is not known."
            yield finding_without_cluster(rule, host, why)


def _accept(finding: Finding, acceptances: t.Iterable[Acceptance], today: datetime.date) -> None:
    """Mark an accepted finding, or add to its text that the acceptance has ended."""
    if finding["outcome"] not in ("fail", "unknown"):
        return
    covering = [one for one in acceptances if one.covers(finding["rule"], finding["host"], finding["subject"])]
    if not covering:
        return
    last = max(covering, key=lambda one: one.until)
    if last.until >= today:
        finding["outcome"], finding["accepted"] = "accepted", last.as_report()
    else:
        finding["text"] += f" It was accepted until {last.until.isoformat()} ({last.reason})."


def _host(host: Subject, clusters: t.Sequence[Subject]) -> dict[str, t.Any]:
    return {
        "name": host.name,
        "kinds": list(host.kinds),
        "windows": host.windows,
        "cluster": cluster_name(host, clusters),
        "asked": bool(host.document.get("asked", True)),
        "reached": bool(host.document.get("reached", True)),
        "why": host.document.get("why"),
    }


def _summary(
    findings: t.Sequence[Finding], rules: t.Iterable[Rule], not_read: t.Iterable[t.Mapping[str, t.Any]]
) -> dict[str, t.Any]:
    counts = collections.Counter((finding["severity"], finding["outcome"]) for finding in findings)
    return {
        **{outcome: sum(counts[severity, outcome] for severity in SEVERITIES) for outcome in OUTCOMES},
        # Rules without a matching host in this run.
        "unasked": len({rule.id for rule in rules} - {finding["rule"] for finding in findings}),
        # Hosts that could not be read, or not completely, and that are not accepted.
        "unread": len({row["host"] for row in not_read if not row["accepted"]}),
        "by_severity": {
            severity: {outcome: counts[severity, outcome] for outcome in ("fail", "unknown")} for severity in SEVERITIES
        },
    }
