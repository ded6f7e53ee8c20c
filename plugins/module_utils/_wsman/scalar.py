# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read numbers, booleans and dates from received text. Private to this collection; pure.

Python accepts more than CIM has: 1_000, digits of other scripts, week dates. Such text is not a value.
"""

from __future__ import annotations

import datetime
import re

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_LOWEST, _HIGHEST = -(1 << 63), (1 << 64) - 1  # sint64, uint64
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
# Times of Windows begin in 1601. A time zone cannot move these years out of the range of Python.
_FIRST_YEAR, _LAST_YEAR = 1601, 9998


def read_integer(text: str) -> int | None:
    """The whole number in a text with white space around it; C(None) if it is not one, or has more than 64 bits."""
    stripped = text.strip()
    if not _INTEGER.fullmatch(stripped):
        return None
    number = int(stripped)
    return number if _LOWEST <= number <= _HIGHEST else None


def read_boolean(text: str) -> bool | None:
    """The boolean in a text; C(None) if it is not one."""
    return {"true": True, "false": False}.get(text.strip().casefold())


def read_date_time(text: str) -> datetime.datetime | None:
    """The date and time in a text; C(None) if it is not one."""
    stripped = text.strip()
    if not _DATE_TIME.fullmatch(stripped):
        return None
    try:
        found = datetime.datetime.fromisoformat(stripped)
    except ValueError:
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None
