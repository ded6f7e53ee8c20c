# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the installed updates. Private to this collection.

Win32_QuickFixEngineering lists updates of component-based servicing. A rollup replaces earlier updates, so a fix can be
installed although its number is missing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import re
import typing as t

from .columns import read_columns

if t.TYPE_CHECKING:
    from .._wsman.client import Client

_NUMBER = re.compile(r"KB[0-9]{1,10}", re.IGNORECASE)
_MONTH_FIRST = re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})")
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})")
_FILETIME = re.compile(r"[0-9A-Fa-f]{16}")
_EPOCH = datetime.datetime(1601, 1, 1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hotfix:
    """An update with its number, e.g. C(KB2550886), and its installation date if Windows returned a valid one."""

    id: str
    installed_on: datetime.date | None


def read_hotfixes(client: Client) -> list[Hotfix]:
    """Read the installed updates, sorted by number. Rows without a number (C(File 1)) are skipped."""
    columns, operation = "HotFixID, InstalledOn", "reading the installed hotfixes"
    found = read_columns(client, "root/cimv2", "Win32_QuickFixEngineering", columns, operation=operation)
    days: dict[str, datetime.date | None] = {}
    for item in found:
        number = (item.text("HotFixID") or "").strip().upper()
        if _NUMBER.fullmatch(number):
            days[number] = days.get(number) or day_of(item.text("InstalledOn") or "")
    return [Hotfix(id=number, installed_on=days[number]) for number in sorted(days, key=lambda name: int(name[2:]))]


def day_of(text: str) -> datetime.date | None:
    """Parse InstalledOn: C(10/14/2025) with the month first, C(20251014), or a FILETIME in hexadecimal digits.

    Returns C(None) for other formats, for example of other locales.
    """
    text = text.strip()
    # Not strptime: it loads the names of months of the locale, in each process again.
    for form in (_MONTH_FIRST, _YEAR_FIRST):
        if found := form.fullmatch(text):
            with contextlib.suppress(ValueError):
                return datetime.date(**{name: int(value) for name, value in found.groupdict().items()})
    if _FILETIME.fullmatch(text):
        with contextlib.suppress(OverflowError):
            return (_EPOCH + datetime.timedelta(microseconds=int(text, 16) // 10)).date()
    return None
