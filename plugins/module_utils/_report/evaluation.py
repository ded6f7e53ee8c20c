# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data classes of an evaluation, and how they are read from its dictionary. Private to this collection."""

from __future__ import annotations

import dataclasses

from .entry import Entry
from .error import ReportError
from .text import plain

SEVERITIES = ("error", "warning", "notice")
OUTCOMES = ("fail", "unknown", "accepted", "pass", "not_applicable")
LAYERS = (
    "cluster", "virtual_machine", "network", "dag", "exchange", "directory", "dns", "federation",
)  # fmt: skip
REMEDIES = ("task", "role", "manual")
STATUSES = ("new", "open", "fixed", "unseen")
_DEFAULT_MTU = 9000
_DEFAULT_LIMIT_DAYS = 30


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
    accepted: Acceptance | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """How to fix a finding: C(kind) is one of C(REMEDIES), C(text) is ready to paste."""

    kind: str
    text: str


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
    """The result of one rule for one host and one subject, such as a virtual machine."""

    rule: Rule
    host: str
    subject: str
    outcome: str
    severity: str
    expected: str
    found: str
    text: str
    why_unknown: str
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
class Path:
    """A path between two hosts on one cluster network.

    C(proved) is whether C(wanted) bytes pass, or C(None) if that is unknown.
    """

    cluster: str
    network: str
    sender: str
    receiver: str
    mtu: int | None
    wanted: int
    proved: bool | None
    why: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """The heartbeat timeouts of a cluster with their limits, and the live-migration blackout, in seconds."""

    cluster: str
    dag: bool
    windows: str
    same_subnet: float | None
    cross_subnet: float | None
    same_subnet_limit: float | None
    cross_subnet_limit: float | None
    offline: float | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate and the days until it expires. It should be renewed at C(limit_days)."""

    name: str
    use: str
    not_after: str
    days_left: int | None
    limit_days: int


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
    paths: tuple[Path, ...]
    heartbeats: tuple[Heartbeat, ...]
    certificates: tuple[Certificate, ...]


def read_evaluation(evaluation: object) -> Evaluation:
    """Read C(evaluation). Raises C(ReportError)."""
    values = plain(evaluation)
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
        paths=tuple(map(_path, pictures.entries("paths"))),
        heartbeats=tuple(map(_heartbeat, pictures.entries("heartbeats"))),
        certificates=tuple(map(_certificate, pictures.entries("certificates"))),
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
        subject=entry.text("subject"),
        outcome=entry.choice("outcome", OUTCOMES),
        severity=entry.choice("severity", SEVERITIES, rule.severity),
        expected=entry.text("expected"),
        found=entry.text("found"),
        text=entry.text("text"),
        why_unknown=entry.text("why_unknown"),
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


def _path(entry: Entry) -> Path:
    mtu = entry.number("mtu")
    return Path(
        cluster=entry.text("cluster"),
        network=entry.text("network"),
        sender=entry.text("from", None),
        receiver=entry.text("to", None),
        mtu=None if mtu is None else int(mtu),
        wanted=int(entry.number("wanted") or _DEFAULT_MTU),
        proved=entry.boolean("proved"),
        why=entry.text("why"),
    )


def _heartbeat(entry: Entry) -> Heartbeat:
    return Heartbeat(
        cluster=entry.text("cluster", None),
        dag=entry.boolean("dag") is True,
        windows=entry.text("windows"),
        same_subnet=entry.number("same_subnet_seconds"),
        cross_subnet=entry.number("cross_subnet_seconds"),
        same_subnet_limit=entry.number("same_subnet_limit_seconds"),
        cross_subnet_limit=entry.number("cross_subnet_limit_seconds"),
        offline=entry.number("offline_seconds"),
    )


def _certificate(entry: Entry) -> Certificate:
    days, limit = entry.number("days_left"), entry.number("limit_days")
    return Certificate(
        name=entry.text("name", None),
        use=entry.text("use"),
        not_after=entry.text("not_after"),
        days_left=None if days is None else int(days),
        limit_days=_DEFAULT_LIMIT_DAYS if limit is None else int(limit),
    )
