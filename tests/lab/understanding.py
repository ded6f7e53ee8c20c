# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the parts of an estate file are held against what they may be."""

from __future__ import annotations

from typing import Any


class EstateError(ValueError):
    """The file does not describe an estate; the text says where."""


def take(where: str, data: Any, allowed: set[str], required: set[str]) -> dict[str, Any]:
    """A mapping that has the required keys and no unknown ones."""
    if not isinstance(data, dict):
        raise EstateError(f"{where} is no mapping")
    wrong, missing = set(data) - allowed - required, required - set(data)
    if wrong:
        raise EstateError(f"{where} has an unknown key {sorted(map(str, wrong))[0]}")
    if missing:
        raise EstateError(f"{where} lacks {min(missing)}")
    return data


def choice(where: str, value: str, known: tuple[str, ...]) -> str:
    """One of the known words."""
    if value not in known:
        raise EstateError(f"{where} is {value}, not one of {', '.join(known)}")
    return value
