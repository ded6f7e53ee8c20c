# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs as administrators typed them. Private to this collection."""

from __future__ import annotations

import urllib.parse


def host_of(url: str | None) -> str | None:
    """The host of a URL in lower case, without the port; C(None) if there is none in it."""
    try:
        return urllib.parse.urlsplit(url).hostname if url else None
    except ValueError:
        return None
