# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time in which changes that cost something are permitted. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..errors import TaskError

if t.TYPE_CHECKING:
    import datetime

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_WEEK = 7 * _DAY
_EDGE = r"(?:(mon|tue|wed|thu|fri|sat|sun)[a-z]*\s+)?(\d{1,2}):(\d\d)"
_WINDOW = re.compile(rf"\s*{_EDGE}\s*-\s*{_EDGE}\s*", re.IGNORECASE | re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """From C(begin) to C(end), in minutes of a period that is a day or a week; the end is not part of it."""

    begin: int
    end: int
    period: int

    def is_open(self, now: datetime.datetime) -> bool:
        minute = now.hour * 60 + now.minute + (now.weekday() * _DAY if self.period == _WEEK else 0)
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end


def read_windows(text: str) -> tuple[Window, ...]:
    """The windows in C(Sat 22:00-Sun 04:00) or C(22:00-04:00), several with commas. Raises C(TaskError)."""
    return tuple(_window(part) for part in text.split(",") if part.strip())


def is_open(text: str, now: datetime.datetime) -> bool:
    """Whether one of the windows is open at a local time; without a window it always is. Raises C(TaskError)."""
    windows = read_windows(text)
    return not windows or any(window.is_open(now) for window in windows)


def _window(text: str) -> Window:
    found = _WINDOW.fullmatch(text)
    if not found or (found[1] is None) != (found[4] is None):
        raise _unreadable(text)
    period = _DAY if found[1] is None else _WEEK
    begin, end = (_minute(text, *found.groups()[at : at + 3]) % period for at in (0, 3))
    if begin == end:
        raise _unreadable(text)
    return Window(begin, end, period)


def _minute(text: str, day: str | None, hour: str, minute: str) -> int:
    if int(minute) > 59 or int(hour) * 60 + int(minute) > _DAY:
        raise _unreadable(text)
    return (_DAYS.index(day.lower()) * _DAY if day else 0) + int(hour) * 60 + int(minute)


def _unreadable(text: str) -> TaskError:
    return TaskError(
        f'The maintenance window "{text.strip()}" cannot be read. Write it as "Sat 22:00-Sun 04:00" or "22:00-04:00", '
        "in the local time of the control node."
    )
