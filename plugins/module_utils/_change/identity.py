# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster and which node a name means. Private to this collection; pure."""

from __future__ import annotations

import typing as t

_COMPUTER_NAME = 15  # characters of a NetBIOS name; Windows cuts off what follows


def cluster_key(cluster: t.Mapping[str, t.Any]) -> str:
    """The FQDN, else the id, else the name: two domains can have clusters of one name."""
    return next((str(cluster[part]).casefold() for part in ("fqdn", "id", "name") if cluster.get(part)), "")


def node_key(name: str) -> str:
    """The computer name of a host or node: without domain, 15 characters, lower case."""
    return name.split(".", 1)[0][:_COMPUTER_NAME].casefold()
