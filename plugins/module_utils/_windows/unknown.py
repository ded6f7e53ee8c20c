# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What could not be read, as a value beside what could. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._wsman.errors import ServerError, Unreachable

_T = t.TypeVar("_T")


@dataclasses.dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not be read, by the name that results have for it, and why as a sentence."""

    what: str
    why: str


def attempt(what: str, ask: t.Callable[[], _T], unknown: list[Unknown]) -> _T | None:
    """What asking gives; if that fails C(None), with the reason added to C(unknown).

    Raises C(Unreachable): of a host that does not answer nothing is known, and the next question would wait in vain.
    """
    try:
        return ask()
    except Unreachable:
        raise
    except ServerError as exc:
        unknown.append(Unknown(what, str(exc)))
        return None
