# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of an audit: whether the run fails, its last line, and the artifact for the next job. Private to this
collection.
"""

from __future__ import annotations

import typing as t

from ..artifact import artifact
from ..name_list import folded
from .error import AuditError
from .rule import SEVERITIES

Row = dict[str, t.Any]
THRESHOLDS = (*SEVERITIES, "never")
_MAX_HOSTS = 50
_MAX_MESSAGE = 10_000  # characters
_KEYS = ("rule", "host", "subject", "outcome", "severity", "found", "expected", "text", "status")


def has_failed(evaluation: Row, *, fail_on: str, unknown: bool, unread: bool) -> bool:
    """Whether the run fails. C(unknown) and C(unread) are whether unknown findings and hosts without facts count."""
    if fail_on not in THRESHOLDS:
        raise AuditError(f"fail_on is {fail_on!r}. Allowed values: {', '.join(THRESHOLDS)}.")
    if fail_on == "never":
        return False
    summary = evaluation["summary"]
    counted = [summary["by_severity"][severity] for severity in SEVERITIES[: SEVERITIES.index(fail_on) + 1]]
    return bool(
        sum(each["fail"] for each in counted)
        or (unknown and sum(each["unknown"] for each in counted))
        or (unread and summary["unread"])
    )


def message(evaluation: Row, *, folder: str, files: t.Sequence[str]) -> str:
    """The last line: the numbers, the reports, what was left out, and at the end the hosts that were not read."""
    summary = evaluation["summary"]
    rules = {finding["rule"] for finding in evaluation["findings"] if finding["outcome"] == "fail"}
    severities = ", ".join(f"{severity}: {summary['by_severity'][severity]['fail']}" for severity in SEVERITIES)
    sentences = [
        f"{summary['fail']} failed findings from {len(rules)} rules.",
        f"Severity {severities}.",
        f"Unknown: {summary['unknown']}.",
        f"Accepted: {summary['accepted']}.",
    ]
    if summary["unasked"]:
        sentences.append(f"{summary['unasked']} rules skipped: no matching hosts in this run.")
    sentences.append(f"Reports in {folder}: {', '.join(files)}.")
    sentences += [*evaluation["left_out"], *evaluation["unmatched"], *evaluation["notes"]]
    return " ".join([*sentences, *unread_sentences(evaluation)])


def unread_sentences(evaluation: Row) -> list[str]:
    """The hosts that could not be read, and those that could not be read completely, by name."""
    away = {row["host"] for row in evaluation["unread"] if not row["what"] and not row["accepted"]}
    partly = {row["host"] for row in evaluation["unread"] if not row["accepted"]} - away
    return [
        f"{len(hosts)} {'host' if len(hosts) == 1 else 'hosts'} could not be read{how}: {_names(hosts)}."
        for hosts, how in ((partly, " completely"), (away, ""))
        if hosts
    ]


def _names(hosts: t.Collection[str]) -> str:
    shown = sorted(hosts)[:_MAX_HOSTS] if len(hosts) > _MAX_HOSTS else hosts
    more = f" and {len(hosts) - len(shown)} more, which audit.json has" if len(hosts) > len(shown) else ""
    return folded(shown) + more


def summary(evaluation: Row, *, failed: bool, text: str, folder: str) -> Row:
    """The numbers, and the failed and the unknown findings, the worst first, short enough for an artifact of AWX."""
    found = [finding for finding in evaluation["findings"] if finding["outcome"] in ("fail", "unknown")]
    found.sort(key=lambda finding: (finding["outcome"] != "fail", SEVERITIES.index(finding["severity"])))
    known = {
        **{name: evaluation[name] for name in ("title", "gathered", "evaluated", "summary")},
        "failed": failed,
        "message": text,
        "folder": folder,
    }
    lists = {name: evaluation[name] for name in ("unread", "left_out", "unmatched", "notes")}
    lists["findings"] = [{key: finding[key] for key in _KEYS} for finding in found]
    return artifact(known, lists, f"{folder}/audit.json") | {"message": text[:_MAX_MESSAGE]}
