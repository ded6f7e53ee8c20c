# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quote names in PowerShell commands that messages show. Private to this collection; no command is run here."""

from __future__ import annotations

import re

# PowerShell treats typographic quotation marks as plain ones.
_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


def quoted(text: str) -> str:
    """Quote a text as a PowerShell string without variable expansion."""
    return "'" + _QUOTES.sub(r"\1\1", " ".join(text.split())) + "'"
