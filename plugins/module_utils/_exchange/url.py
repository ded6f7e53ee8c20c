# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse URLs. Private to this collection."""

from __future__ import annotations

import urllib.parse


def host_of(url: str | None) -> str | None:
    """The host of a URL or of C(host:port), in lower case; C(None) if there is none."""
    if not url:
        return None
    try:
        return urllib.parse.urlsplit(url if "//" in url else f"//{url}").hostname
    except ValueError:
        return None
