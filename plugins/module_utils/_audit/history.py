# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The earlier runs of an audit, for its trend. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from .rule import SEVERITIES

Row = dict[str, t.Any]
_OUTCOMES = ("unknown", "accepted", "pass")
_NUMBERS = ("hosts", "unread", *SEVERITIES, *_OUTCOMES)


def run_of(evaluation: t.Mapping[str, t.Any]) -> Row:
    """The numbers of a run."""
    summary = evaluation["summary"]
    return {
        "gathered": evaluation["gathered"],
        "hosts": len(evaluation["hosts"]),
        "unread": summary["unread"],
        **{severity: summary["by_severity"][severity]["fail"] for severity in SEVERITIES},
        **{outcome: summary[outcome] for outcome in _OUTCOMES},
    }


def runs_before(last: t.Mapping[str, t.Any] | None, number: int) -> list[Row]:
    """The numbers of the last C(number) runs, from the C(last) of them, which is also the last row."""
    rows = (last or {}).get("runs")
    known = [row for row in rows if _is_run(row)] if isinstance(rows, list) else []
    return known[-number:] if number > 0 else []


def _is_run(row: t.Any) -> bool:
    return isinstance(row, dict) and all(isinstance(row.get(key), int) for key in _NUMBERS)
