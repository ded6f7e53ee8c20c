# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data classes of an evaluation, and how they are read from its dictionary. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .entry import Entry
from .error import ReportError
from .measurement import Certificate, Heartbeat, Path, certificate_of, heartbeat_of, path_of

SEVERITIES = ("error", "warning", "notice")
OUTCOMES = ("fail", "unknown", "accepted", "pass", "not_applicable")
LAYERS = (
    "cluster", "virtual_machine", "network", "dag", "exchange", "directory", "dns", "federation",
)  # fmt: skip
REMEDIES = ("task", "role", "script", "manual")
PLACES = ("cluster", "dag", "site", "server")
STATUSES = ("new", "open", "fixed", "unseen")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host of the run; C(why) is the reason if it was not C(reached). Some domain controllers are not C(asked)."""

    name: str
    kinds: tuple[str, ...]
    windows: str
    cluster: str
    asked: bool
    reached: bool
    why: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A host that could not be read, or with C(what), a part of it that could not be read."""

    host: str
    what: str
    why: str
    cause: str
    accepted: Acceptance | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """How to fix a finding: C(kind) is one of C(REMEDIES), C(text) is ready to paste."""

    kind: str
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JointRemedy:
    """How to fix several findings of a rule, on C(hosts)."""

    remedy: Remedy
    findings: int
    hosts: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A cluster, DAG, site or Exchange server; C(kind) is one of C(PLACES)."""

    kind: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The numbers of an audit."""

    gathered: str
    hosts: int
    unread: int
    counts: t.Mapping[str, int]  # failed findings by severity, and the other outcomes


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule."""

    id: str
    title: str
    severity: str
    layer: str
    question: str
    why: str
    source: tuple[str, ...]
    applies: str
    remedy: Remedy | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Why a finding is accepted, and its end date."""

    reason: str
    until: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one rule for one host and one subject, such as a virtual machine.

    C(cause) is the reason of an unknown finding without the names of its host. C(places) are where it belongs.
    """

    rule: Rule
    host: str
    scope: str  # host, cluster or forest: what the name in C(host) is
    subject: str
    outcome: str
    severity: str
    expected: str
    found: str
    text: str
    why_unknown: str
    cause: str
    places: tuple[Place, ...]
    accepted: Acceptance | None
    remedy: Remedy | None
    status: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The comparison with an earlier run: the numbers of new and open findings, and those that do not fail now.

    C(fixed) pass now. Whether C(unseen) are right was not seen, for the reason in C(why_unknown).
    """

    earlier: str
    new: int
    open: int
    fixed: tuple[Finding, ...]
    unseen: tuple[Finding, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The content of a report."""

    title: str
    gathered: str
    evaluated: str
    hosts: tuple[Host, ...]
    rules: tuple[Rule, ...]
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...]
    left_out: tuple[str, ...]  # sentences about what settings leave out
    remarks: tuple[str, ...]  # sentences about settings that match nothing, and about hosts in several runs
    comparison: Comparison | None
    remedies: t.Mapping[str, tuple[JointRemedy, ...]]  # of failed findings, by the id of the rule
    places: tuple[Place, ...]
    runs: tuple[Run, ...]  # this one is the last
    paths: tuple[Path, ...]
    heartbeats: tuple[Heartbeat, ...]
    certificates: tuple[Certificate, ...]


def read_values(values: object) -> Evaluation:
    """Read an evaluation of plain values. Raises C(ReportError)."""
    if not isinstance(values, dict):
        raise ReportError("the evaluation must be a dictionary.")
    top = Entry(values, "the evaluation")
    if values.get("version") != 1:
        raise ReportError(f"the evaluation must have version 1, not {values.get('version')!r}.")
    rules = {rule.id: rule for rule in map(_rule, top.entries("rules"))}
    pictures = top.entry("pictures") or Entry({}, "the pictures")
    compared = top.entry("comparison")
    return Evaluation(
        title=top.text("title", None),
        gathered=top.text("gathered"),
        evaluated=top.text("evaluated"),
        hosts=tuple(map(_host, top.entries("hosts"))),
        rules=tuple(rules.values()),
        findings=tuple(_finding(each, _rule_of(each, rules)) for each in top.entries("findings")),
        unread=tuple(map(_unread, top.entries("unread"))),
        left_out=top.texts("left_out"),
        remarks=(*top.texts("unmatched"), *top.texts("notes")),
        comparison=_comparison(compared, rules) if compared else None,
        remedies=_remedies(top),
        places=tuple(Place(each.choice("kind", PLACES), each.text("name", None)) for each in top.entries("places")),
        runs=tuple(map(_run, top.entries("runs"))),
        paths=tuple(map(path_of, pictures.entries("paths"))),
        heartbeats=tuple(map(heartbeat_of, pictures.entries("heartbeats"))),
        certificates=tuple(map(certificate_of, pictures.entries("certificates"))),
    )


def _host(entry: Entry) -> Host:
    return Host(
        name=entry.text("name", None),
        kinds=entry.texts("kinds"),
        windows=entry.text("windows"),
        cluster=entry.text("cluster"),
        asked=entry.boolean("asked") is not False,
        reached=entry.boolean("reached") is not False,
        why=entry.text("why"),
    )


def _unread(entry: Entry) -> Unread:
    return Unread(
        host=entry.text("host", None),
        what=entry.text("what"),
        why=entry.text("why"),
        cause=entry.text("cause") or entry.text("why"),
        accepted=_acceptance(entry.entry("accepted")),
    )


def _rule(entry: Entry) -> Rule:
    return Rule(
        id=entry.text("id", None),
        title=entry.text("title", None),
        severity=entry.choice("severity", SEVERITIES),
        layer=entry.choice("layer", LAYERS),
        question=entry.text("question"),
        why=entry.text("why"),
        source=entry.texts("source"),
        applies=entry.text("applies"),
        remedy=_remedy(entry.entry("remedy")),
    )


def _remedy(entry: Entry | None) -> Remedy | None:
    if entry is None or not entry.text("text").strip():
        return None
    return Remedy(kind=entry.choice("kind", REMEDIES, "manual"), text=entry.text("text"))


def _remedies(top: Entry) -> dict[str, tuple[JointRemedy, ...]]:
    by_rule = top.entry("remedies") or Entry({}, "the remedies")
    found = {}
    for rule in by_rule.values:
        joint = [(each, _remedy(each)) for each in by_rule.entries(rule)]
        found[rule] = tuple(
            JointRemedy(remedy=remedy, findings=int(each.number("findings") or 0), hosts=each.texts("hosts"))
            for each, remedy in joint
            if remedy
        )
    return found


def _places(entry: Entry | None) -> tuple[Place, ...]:
    names = [(kind, entry.text(kind)) for kind in PLACES] if entry else []
    return tuple(Place(kind, name) for kind, name in names if name)


def _run(entry: Entry) -> Run:
    counted = (*SEVERITIES, "unknown", "accepted", "pass")
    return Run(
        gathered=entry.text("gathered"),
        hosts=int(entry.number("hosts") or 0),
        unread=int(entry.number("unread") or 0),
        counts={name: int(entry.number(name) or 0) for name in counted},
    )


def _rule_of(entry: Entry, rules: dict[str, Rule]) -> Rule:
    rule = rules.get(entry.text("rule", None))
    if rule is None:
        raise ReportError(f"{entry.place}: the rule {entry.text('rule')!r} is not in the evaluation.")
    return rule


def _rule_of_earlier(entry: Entry, rules: dict[str, Rule]) -> Rule:
    """The rule of a finding of the earlier run, which may have had other rules."""
    name = entry.text("rule", None)
    placeholder = Entry(
        {"id": name, "title": name, "severity": entry.text("severity", "notice"), "layer": LAYERS[0]}, ""
    )
    return rules.get(name) or _rule(placeholder)


def _finding(entry: Entry, rule: Rule) -> Finding:
    return Finding(
        rule=rule,
        host=entry.text("host", None),
        scope=entry.text("scope", "host"),
        subject=entry.text("subject"),
        outcome=entry.choice("outcome", OUTCOMES),
        severity=entry.choice("severity", SEVERITIES, rule.severity),
        expected=entry.text("expected"),
        found=entry.text("found"),
        text=entry.text("text"),
        why_unknown=entry.text("why_unknown"),
        cause=entry.text("cause") or entry.text("why_unknown"),
        places=_places(entry.entry("place")),
        accepted=_acceptance(entry.entry("accepted")),
        remedy=_remedy(entry.entry("remedy")),
        status=entry.choice("status", STATUSES, ""),
    )


def _acceptance(entry: Entry | None) -> Acceptance | None:
    return Acceptance(reason=entry.text("reason"), until=entry.text("until")) if entry else None


def _comparison(entry: Entry, rules: dict[str, Rule]) -> Comparison:
    return Comparison(
        earlier=entry.text("earlier"),
        new=int(entry.number("new") or 0),
        open=int(entry.number("open") or 0),
        fixed=tuple(_finding(each, _rule_of_earlier(each, rules)) for each in entry.entries("fixed")),
        unseen=tuple(_finding(each, _rule_of_earlier(each, rules)) for each in entry.entries("unseen")),
    )
