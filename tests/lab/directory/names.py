# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Distinguished names."""

from __future__ import annotations


def escaped(name: str) -> str:
    """A value as a part of a distinguished name (RFC 4514)."""
    text = "".join(f"\\{sign}" if sign in ',+"\\<>;=' else sign for sign in name)
    return f"\\{text}" if text[:1] in ("#", " ") else text
