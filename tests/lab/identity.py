# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that Windows would draw by lot and that an estate has the same each time."""

from __future__ import annotations

import uuid


def identity(*names: str) -> str:
    """A GUID that stays the same each time an estate is built."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, "/".join(names)))


def hardware_address(*names: str, prefix: str) -> str:
    """A MAC address without separators that begins with the maker's three bytes."""
    return prefix + identity(*names, "mac").replace("-", "")[:6].upper()
