# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in commands that people paste into PowerShell. Private to this collection; nothing here runs one."""

from __future__ import annotations

import re

# PowerShell takes the typographic quotation marks for the plain one.
_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


def quoted(text: str) -> str:
    """Text as one word of PowerShell, in which nothing is looked up."""
    return "'" + _QUOTES.sub(r"\1\1", " ".join(text.split())) + "'"
