# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect parts that could not be read, with the reasons. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._wsman.errors import ServerError, Unreachable

_T = t.TypeVar("_T")


@dataclasses.dataclass(frozen=True, slots=True)
class Unknown:
    """A part of the result that could not be read, and the reason as a sentence."""

    what: str
    why: str


def attempt_value(what: str, read: t.Callable[[str], _T], name: str, unknown: list[Unknown]) -> _T | None:
    """Read a property of an object; one that is not valid is C(None), with the reason in C(unknown)."""
    return attempt(what, lambda: read(name), unknown)


def attempt(what: str, read: t.Callable[[], _T], unknown: list[Unknown]) -> _T | None:
    """Return the result of C(read). If it fails, return C(None) and add the reason to C(unknown).

    Raises C(Unreachable), because further requests to the host would fail too.
    """
    try:
        return read()
    except Unreachable:
        raise
    except ServerError as exc:
        unknown.append(Unknown(what, str(exc)))
        return None
