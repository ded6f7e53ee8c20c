# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage Spaces Direct: the storage jobs and the virtual disks of a cluster. Private to this collection.

Source: Microsoft, Storage Management API (MSFT_StorageJob, MSFT_VirtualDisk). On a node both classes return the objects
of the whole cluster.
"""

from __future__ import annotations

import typing as t

from .cluster import name_of
from .columns import read_columns

if t.TYPE_CHECKING:
    from .._wsman.client import Client

_NAMESPACE = "root/microsoft/windows/storage"
_JOB_STATES = {
    2: "new",
    3: "starting",
    4: "running",
    5: "suspended",
    6: "shutting_down",
    7: "completed",
    8: "terminated",
    9: "killed",
    10: "exception",
    11: "service",
    12: "query_pending",
}
_HEALTH = {0: "healthy", 1: "warning", 2: "unhealthy", 5: "unknown"}


def read_jobs(client: Client) -> list[dict[str, t.Any]]:
    """The storage jobs by name; completed jobs can stay in the list for a while."""
    found = read_columns(
        client, _NAMESPACE, "MSFT_StorageJob", "Name, JobState, PercentComplete", operation="reading the storage jobs"
    )
    jobs = (
        {
            "name": job.text("Name") or "",
            "state": name_of(_JOB_STATES, job.integer("JobState")),
            "percent": job.integer("PercentComplete"),
        }
        for job in found
    )
    return sorted(jobs, key=lambda job: str(job["name"]))


def read_virtual_disks(client: Client) -> list[dict[str, t.Any]]:
    """The virtual disks by name, with the numbers of C(OperationalStatus): 2 is OK."""
    found = read_columns(
        client,
        _NAMESPACE,
        "MSFT_VirtualDisk",
        "FriendlyName, HealthStatus, OperationalStatus",
        operation="reading the virtual disks",
    )
    disks = (
        {
            "name": disk.text("FriendlyName") or "",
            "health": name_of(_HEALTH, disk.integer("HealthStatus")),
            "operational": list(disk.integers("OperationalStatus") or ()),
        }
        for disk in found
    )
    return sorted(disks, key=lambda disk: str(disk["name"]))
