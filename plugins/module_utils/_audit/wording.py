# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as text, and sentences with values filled in. Private to this collection; pure."""

from __future__ import annotations

import re
import typing as t

from ..powershell import quoted

_PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")


def as_text(value: t.Any, *, last: str = ", ") -> str:
    """A value as text: lists with commas, booleans as yes and no, an empty value as C(nothing)."""
    if value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        words = [as_text(each) for each in value]
        return last.join(filter(None, (", ".join(words[:-1]), words[-1])))
    if isinstance(value, dict):
        return ", ".join(f"{key} {as_text(each)}" for key, each in value.items())
    return str(value)


def fill(text: str, values: t.Mapping[str, t.Any]) -> str:
    """The text with each C({key}) replaced; C({key:ps}) becomes a quoted PowerShell string. Other braces stay."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in values or found[2] not in (None, "ps"):
            return found[0]
        words = as_text(values[found[1]])
        return quoted(words) if found[2] else words

    return _PLACEHOLDER.sub(value, text)


def placeholders(text: str) -> set[str]:
    """The keys of the placeholders in a text."""
    return {found[1] for found in _PLACEHOLDER.finditer(text)}


def sentence(text: str) -> str:
    """The text in one line, with a full stop at its end."""
    line = " ".join(text.split())
    return line if not line or line.endswith((".", "!", "?")) else f"{line}."
