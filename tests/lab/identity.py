# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identifiers that are random in Windows. An estate has the same ones each time it is built."""

from __future__ import annotations

import uuid


def identity(*names: str) -> str:
    """A GUID that depends only on the names."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, "/".join(names)))


def hardware_address(*names: str, prefix: str) -> str:
    """A MAC address without separators that begins with the three bytes of the vendor."""
    return prefix + identity(*names, "mac").replace("-", "")[:6].upper()
