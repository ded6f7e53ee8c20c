# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a run: one line of JSON for each module that wrote. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ..errors import TaskError
from .plain import plain

VERSION = 1
Mapping = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: what a module changed on a host. C(options) identify the thing."""

    run: str
    time: str
    host: str
    module: str
    cluster: str
    options: Mapping
    changes: tuple[Mapping, ...]


def line_of(entry: Entry) -> str:
    """The entry as one line of JSON, with its line feed."""
    values = {
        "winha_record": VERSION,
        **{field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)},
    }
    return json.dumps(plain(values), sort_keys=True, ensure_ascii=True) + "\n"


def read_record(value: object) -> tuple[Entry, ...]:
    """The entries of a record, given as its text, a list or a JSON list. Raises C(TaskError) for what is no record.

    A last line without a line feed that cannot be read was being written when the run ended, and is left out.
    """
    if isinstance(value, str):
        return tuple(_entry(row, number) for number, row in enumerate(_rows(value), 1))
    if isinstance(value, (list, tuple)):
        return tuple(_entry(plain(row), number) for number, row in enumerate(value, 1))
    raise TaskError("The record is neither text nor a list.")


def _rows(text: str) -> list[t.Any]:
    if text.lstrip().startswith("["):
        try:
            return list(json.loads(text))
        except ValueError:
            raise TaskError("The record is not a list in JSON. Take a copy that was not altered.") from None
    rows = []
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except ValueError:
            if number < len(lines):
                raise TaskError(f"Line {number} of the record is not JSON. Take a copy that was not altered.") from None
    return rows


def _entry(row: t.Any, number: int) -> Entry:
    if not isinstance(row, dict) or row.get("winha_record") != VERSION:
        raise TaskError(f"Line {number} is not a record of winha.cluster of version {VERSION}.")
    try:
        changes = tuple({"label": str(change["label"]), **change} for change in row["changes"])
        return Entry(
            run=str(row.get("run") or ""),
            time=str(row.get("time") or ""),
            host=str(row["host"]),
            module=str(row["module"]).rsplit(".", 1)[-1],
            cluster=str(row.get("cluster") or ""),
            options=row.get("options") or {},
            changes=changes,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise TaskError(f"Line {number} of the record is not complete: {error}.") from error
