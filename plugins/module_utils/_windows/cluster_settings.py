# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster does by itself, from the properties of MSCluster_Cluster. Private to this collection.

A property that the Windows release does not have is C(None). Source: Microsoft, MSCluster_Cluster (cluswmi) and the
failover cluster API reference.
"""

from __future__ import annotations

import typing as t

from .cluster import name_of
from .unknown import attempt_value

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .unknown import Unknown

_BALANCER = {0: "off", 1: "node_join", 2: "always"}
_HUNDREDTHS = 100  # SMBBandwidthLimitFactor is in hundredths of a percent

Settings = dict[str, t.Any]


def settings_of(found: Instance, unknown: list[Unknown]) -> Settings:
    """The settings. A value that is not valid is C(None) and in C(unknown)."""

    def number(key: str, name: str) -> int | None:
        return attempt_value(f"cluster.settings.{key}", found.integer, name, unknown)

    def switch(key: str, name: str) -> bool | None:
        value = number(key, name)
        return None if value is None else value != 0

    balancer, factor = number("auto_balancer", "AutoBalancerMode"), number("smb_percent", "SMBBandwidthLimitFactor")
    return {
        "auto_balancer": None if balancer is None else name_of(_BALANCER, balancer),
        "resiliency_level": number("resiliency_level", "ResiliencyLevel"),
        "resiliency_seconds": number("resiliency_seconds", "ResiliencyDefaultPeriod"),
        "quarantine_threshold": number("quarantine_threshold", "QuarantineThreshold"),
        "quarantine_duration": number("quarantine_duration", "QuarantineDuration"),
        "drain_on_shutdown": switch("drain_on_shutdown", "DrainOnShutdown"),
        "enforced_anti_affinity": switch("enforced_anti_affinity", "ClusterEnforcedAntiAffinity"),
        # A class without the property is that of a release without Storage Spaces Direct.
        "storage_spaces_direct": bool(switch("storage_spaces_direct", "S2DEnabled")),
        "parallel_migrations": number("parallel_migrations", "MaximumParallelMigrations"),
        "smb_limit": switch("smb_limit", "SetSMBBandwidthLimit"),
        "smb_percent": None if factor is None else factor / _HUNDREDTHS,
    }
