# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Storage Spaces Direct: the virtual disks and storage jobs that every node of the cluster shows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..identity import identity

if TYPE_CHECKING:
    from ..estate import Cluster, Host
    from .repository import Instance, Repository
    from .simulation import Simulation

_NAMESPACE = "root/microsoft/windows/storage"
_DISK, _JOB = "MSFT_VirtualDisk", "MSFT_StorageJob"
_HEALTHY, _WARNING = 0, 1
_OK, _DEGRADED = 2, 3
_RUNNING, _COMPLETED = 4, 7
_REPAIR = "Repair"


def add_storage(repository: Repository, host: Host) -> None:
    """Add the virtual disks and storage jobs of its cluster to the repository of a node."""
    pool, cluster = host.storage_spaces_direct, str(host.cluster)
    if pool is None:
        return
    for disk in pool.virtual_disks:
        repository.add(
            _NAMESPACE,
            _DISK,
            {
                "ObjectId": identity(cluster, "virtual disk", str(disk["name"])),
                "FriendlyName": disk["name"],
                "HealthStatus": disk.get("health", _HEALTHY),
                "OperationalStatus": disk.get("operational", [_OK]),
            },
        )
    # The repair job is there from the beginning, completed: finished jobs stay in the list for a while.
    for job in (*pool.jobs, {"name": _REPAIR, "state": _COMPLETED}):
        repository.add(
            _NAMESPACE,
            _JOB,
            {
                "UniqueId": identity(cluster, "storage job", str(job["name"])),
                "Name": job["name"],
                "JobState": job.get("state", _RUNNING),
                "PercentComplete": 100 if job.get("state") == _COMPLETED else 40,
                "IsBackgroundTask": True,
            },
        )


def is_degraded(simulation: Simulation, cluster: Cluster) -> bool:
    """Whether a virtual disk of the cluster is not healthy."""
    return any(
        disk.values["HealthStatus"] != _HEALTHY
        for repository in _repositories(simulation, cluster)
        for disk in _instances(repository, _DISK)
    )


def start_maintenance(simulation: Simulation, cluster: Cluster, node: str) -> None:
    """A drain sets the disks of the node to maintenance mode (from Windows Server 2022 on)."""
    if cluster.storage_spaces_direct is None:
        return
    _set(simulation, cluster, _DISK, HealthStatus=_WARNING, OperationalStatus=[_DEGRADED])
    simulation.record_event(node, "StorageMaintenance", _DISK, node)


def resync(simulation: Simulation, cluster: Cluster, node: str) -> None:
    """After a resume a repair job runs, and then the virtual disks are healthy again."""
    pool = cluster.storage_spaces_direct
    if pool is None or not is_degraded(simulation, cluster):
        return
    _set(simulation, cluster, _JOB, name=_REPAIR, JobState=_RUNNING, PercentComplete=10)
    simulation.record_event(node, "ResyncStarted", _JOB, _REPAIR)
    simulation.clock.call_later(pool.resync_seconds, partial(_end_resync, simulation, cluster, node))


def _end_resync(simulation: Simulation, cluster: Cluster, node: str) -> None:
    _set(simulation, cluster, _DISK, HealthStatus=_HEALTHY, OperationalStatus=[_OK])
    _set(simulation, cluster, _JOB, name=_REPAIR, JobState=_COMPLETED, PercentComplete=100)
    simulation.record_event(node, "ResyncCompleted", _JOB, _REPAIR)


def _repositories(simulation: Simulation, cluster: Cluster) -> list[Repository]:
    return [simulation.hosts[host.name] for host in simulation.estate.hosts if host.cluster == cluster.name]


def _instances(repository: Repository, class_name: str) -> list[Instance]:
    cls = repository.cls(_NAMESPACE, class_name)
    return repository.instances(cls) if cls else []


def _set(simulation: Simulation, cluster: Cluster, class_name: str, *, name: str = "", **values: Any) -> None:
    for repository in _repositories(simulation, cluster):
        for instance in _instances(repository, class_name):
            if not name or instance.values["Name"] == name:
                repository.write(instance, values)
