# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dates in queries: conditions use the DMTF format, responses use ISO 8601."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from . import wql

if TYPE_CHECKING:
    from ..windows.classes import Class

_DMTF = re.compile(r"(\d{14})\.(\d{6})([+-])(\d{3})")


def _moment(text: str) -> datetime:
    matched = _DMTF.fullmatch(text)
    if matched is None:
        raise wql.WqlError(
            f"{text!r} is not a date: the format is yyyymmddHHMMSS.mmmmmm+UUU, with the offset from UTC in minutes"
        )
    digits, micro, sign, minutes = matched.groups()
    offset = timedelta(minutes=int(f"{sign}{minutes}"))
    try:
        zone = timezone(offset)
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(microsecond=int(micro), tzinfo=zone)
    except ValueError as problem:
        raise wql.WqlError(f"{text!r} is not a date: {problem}") from problem


def parse_dates(condition: wql.Condition | None, cls: Class) -> wql.Condition | None:
    """The condition with its dates parsed. Raises WqlError for a value that is not a date."""
    if condition is None:
        return None
    if isinstance(condition, wql.Logic):
        parts = tuple(part for item in condition.parts if (part := parse_dates(item, cls)) is not None)
        return replace(condition, parts=parts)
    member = cls.property(condition.path[0])
    if len(condition.path) > 1 or member is None or member.type != "datetime" or condition.literal is None:
        return condition
    if condition.operator == "like":
        raise wql.WqlError("LIKE cannot compare dates")
    return replace(condition, moment=_moment(str(condition.literal)))
