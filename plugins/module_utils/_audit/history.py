# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The earlier runs of an audit, for its trend. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from .rule import SEVERITIES

Row = dict[str, t.Any]
# What a comparison reads of a finding that did not fail.
_PLACE = ("rule", "host", "subject", "outcome")


def run_of(evaluation: t.Mapping[str, t.Any]) -> Row:
    """The numbers of a run."""
    summary = evaluation["summary"]
    return {
        "gathered": evaluation["gathered"],
        "hosts": len(evaluation["hosts"]),
        "unread": summary["unread"],
        **{severity: summary["by_severity"][severity]["fail"] for severity in SEVERITIES},
        **{outcome: summary[outcome] for outcome in ("unknown", "accepted", "pass")},
    }


def runs_before(last: t.Mapping[str, t.Any] | None, number: int) -> list[Row]:
    """The numbers of the last C(number) runs, from the C(last) of them, which is also the last row."""
    rows = (last or {}).get("runs")
    known = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return known[-number:] if number > 0 else []


def slim(row: Row) -> Row:
    """A row of a kept evaluation without what a comparison does not read, for C(object_hook) of C(json)."""
    if "outcome" in row and row["outcome"] != "fail":
        return {key: row.get(key) for key in _PLACE}
    return row
