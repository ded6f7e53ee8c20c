# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the parts of an estate file."""

from __future__ import annotations

from typing import Any


class EstateError(ValueError):
    """The estate file is not valid. The text names the place."""


def check_keys(where: str, data: Any, allowed: set[str], required: set[str]) -> dict[str, Any]:
    """Return the data. Raises EstateError unless it is a mapping with the required keys and only allowed ones."""
    if not isinstance(data, dict):
        raise EstateError(f"{where} is not a mapping")
    wrong, missing = set(data) - allowed - required, required - set(data)
    if wrong:
        raise EstateError(f"{where} has an unknown key {sorted(map(str, wrong))[0]}")
    if missing:
        raise EstateError(f"{where} lacks {min(missing)}")
    return data


def check_choice(where: str, value: str, choices: tuple[str, ...]) -> str:
    """Return the value. Raises EstateError unless it is one of the choices."""
    if value not in choices:
        raise EstateError(f"{where} is {value}, not one of {', '.join(choices)}")
    return value
