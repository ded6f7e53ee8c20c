# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Distinguished names."""

from __future__ import annotations


def escaped(name: str) -> str:
    """A value, escaped for a distinguished name (RFC 4514)."""
    text = "".join(f"\\{character}" if character in ',+"\\<>;=' else character for character in name)
    return f"\\{text}" if text[:1] in ("#", " ") else text
