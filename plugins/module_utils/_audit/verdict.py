# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of an audit: whether the run fails, its last line, and the artifact for the next job. Private to this
collection.
"""

from __future__ import annotations

import json
import typing as t

from ..name_list import folded
from .error import AuditError
from .rule import SEVERITIES

Row = dict[str, t.Any]
THRESHOLDS = (*SEVERITIES, "never")
MAX_ROWS, MAX_TEXT, MAX_LENGTH = 500, 300, 200_000  # findings, and characters of one text and of an artifact
_MAX_HOSTS, _MAX_OTHERS = 50, 100
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


def artifact(evaluation: Row, *, failed: bool, text: str, folder: str) -> Row:
    """The summary with the failed and the unknown findings, the worst first, short enough for an artifact of AWX.

    Where something does not fit, C(cut) says how much.
    """
    found = [finding for finding in evaluation["findings"] if finding["outcome"] in ("fail", "unknown")]
    found.sort(key=lambda finding: (finding["outcome"] != "fail", SEVERITIES.index(finding["severity"])))
    rows = [{key: _short(finding[key]) for key in _KEYS} for finding in found[:MAX_ROWS]]
    lists = {name: evaluation[name] for name in ("unread", "left_out", "unmatched", "notes")}
    result: Row = {
        **{name: _short(evaluation[name]) for name in ("title", "gathered", "evaluated")},
        "failed": failed,
        "message": text if len(text) <= 10 * MAX_TEXT else text[: 10 * MAX_TEXT - 1] + "…",
        "folder": folder,
        "summary": evaluation["summary"],
        **{name: [_short(each) for each in listed[:_MAX_OTHERS]] for name, listed in lists.items()},
    }
    room = MAX_LENGTH - len(json.dumps(result))
    kept = []
    for row in rows:
        room -= len(json.dumps(row)) + 2
        if room < 0:
            break
        kept.append(row)
    cut = {name: len(listed) - _MAX_OTHERS for name, listed in lists.items() if len(listed) > _MAX_OTHERS}
    if len(kept) < len(found):
        cut["findings"] = len(found) - len(kept)
    whole = f"{folder}/audit.json has all."
    return result | {
        "findings": kept,
        "cut": {"left_out": cut, "why": f"An artifact is bounded. {whole}"} if cut else {},
    }


def _short(value: t.Any) -> t.Any:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return value[: MAX_TEXT - 1] + "…"
    return {key: _short(each) for key, each in value.items()} if isinstance(value, dict) else value
