# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as people read them, and sentences with values filled in. Private to this collection; pure."""

from __future__ import annotations

import re
import typing as t

from ..powershell import quoted

_BLANK = re.compile(r"\{(\w+)(?::(\w+))?\}")


def shown(value: t.Any, *, last: str = ", ") -> str:
    """A value in a sentence: lists with commas, truth as yes and no, nothing as C(nothing)."""
    if value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        words = [shown(each) for each in value]
        return last.join(filter(None, (", ".join(words[:-1]), words[-1])))
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(each)}" for key, each in value.items())
    return str(value)


def filled(text: str, values: t.Mapping[str, t.Any]) -> str:
    """The text with each C({key}) replaced; C({key:ps}) gives one word of PowerShell. Other braces stay."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in values or found[2] not in (None, "ps"):
            return found[0]
        words = shown(values[found[1]])
        return quoted(words) if found[2] else words

    return _BLANK.sub(value, text)


def blanks(text: str) -> set[str]:
    """The keys that a text asks for."""
    return {found[1] for found in _BLANK.finditer(text)}


def sentence(text: str) -> str:
    """One line that begins with a capital, unless a name, and ends with a full stop."""
    line = " ".join(text.split())
    return line if not line or line.endswith((".", "!", "?")) else f"{line}."
