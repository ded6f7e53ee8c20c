# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows features that change a host: Cluster-Aware Updating and Network ATC. Private to this collection.

Sources: Microsoft, CauWmiV2 (MSFT_CAURun, which exists while an updating run is in progress), and the documentation of
Network ATC. Network ATC has no WMI class: its service and its registry keys show that there is an intent.
"""

from __future__ import annotations

import typing as t

from . import registry, service

if t.TYPE_CHECKING:
    from .._wsman.client import Client

_UPDATING = "root/microsoft/windows/clusterupdate"
_ATC_SERVICE = r"SYSTEM\CurrentControlSet\Services\NetworkATC"
_CLUSTER_KEY = "Cluster"
# Subkeys that any service can have.
_OF_EVERY_SERVICE = {"parameters", "security", "triggerinfo", "enum"}


def read_updating(client: Client) -> bool:
    """Whether a Cluster-Aware Updating run is in progress, as far as this node shows. From Windows Server 2012 on.

    Raises C(ServerError) where that cannot be read; a missing namespace is no proof that there is no run.
    """
    wql = "SELECT * FROM MSFT_CAURun"
    return bool(client.query(_UPDATING, wql, operation="reading the run of Cluster-Aware Updating"))


def read_network_atc(client: Client) -> bool:
    """Whether Network ATC has an intent on this host or in its cluster."""
    operation = "reading whether Network ATC has an intent"
    if service.read_service(client, "NetworkATC", operation=operation) is None:
        return False
    own = registry.read_subkeys(client, _ATC_SERVICE, operation=operation)
    if any(name.casefold() not in _OF_EVERY_SERVICE for name in own):
        return True
    shared = registry.read_subkeys(client, _CLUSTER_KEY, operation=operation)
    return any(name.casefold().startswith("networkatc") for name in shared)
