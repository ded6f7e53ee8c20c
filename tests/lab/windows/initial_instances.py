# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The initial instances of the clusters and hosts of an estate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..checks import EstateError
from ..identity import identity
from . import adapters, event_log, hyperv_settings, placement, registry, roles, storage, switches, topology
from .classes import namespaces
from .versions import VERSIONS

if TYPE_CHECKING:
    from datetime import datetime

    from ..estate import Cluster, Estate, Host
    from ..wire.values import Value
    from .repository import Repository

_SOCKETS = 2


def fill_cluster(repository: Repository, cluster: Cluster, estate: Estate) -> None:
    """Add the initial instances of a cluster."""
    hosts = {host.name: host for host in estate.hosts}
    topology.add_cluster(repository, cluster)
    topology.add_nodes(repository, cluster, hosts)
    topology.add_networks(repository, cluster, hosts)
    roles.add_resource_types(repository, cluster)
    roles.add_core_groups(repository, cluster)
    for machine in cluster.virtual_machines:
        roles.add_virtual_machine(repository, cluster, machine)
    for volume in cluster.shared_volumes:
        roles.add_shared_volume(repository, cluster, volume)
    for resource in cluster.resources:
        roles.add_resource(repository, cluster, resource)
    placement.fill(repository, cluster)


def fill_host(repository: Repository, host: Host, begun: datetime) -> None:
    """Add the initial instances of a host, and the instances of the estate file.

    `begun` is the time from which the ages of the events count.
    """
    version = VERSIONS[host.windows]
    repository.add(
        "root/cimv2",
        "Win32_OperatingSystem",
        {
            "Name": rf"Microsoft Windows Server {host.windows} Standard|C:\Windows|\Device\Harddisk0\Partition2",
            "Caption": f"Microsoft Windows Server {host.windows} Standard",
            "CreationClassName": "Win32_OperatingSystem",
            "CSCreationClassName": "Win32_ComputerSystem",
            "CSName": host.name.upper(),
            "Version": version.number,
            "BuildNumber": version.build,
            "OSArchitecture": "64-bit",
            "ProductType": 3,
            "OSType": 18,
            "Primary": True,
            "Status": "OK",
            "Manufacturer": "Microsoft Corporation",
            "MUILanguages": ["en-US"],
            "SystemDrive": "C:",
            "WindowsDirectory": r"C:\Windows",
            "CurrentTimeZone": 0,
            "ServicePackMajorVersion": 1 if host.windows == "2008 R2" else 0,
            "ServicePackMinorVersion": 0,
            "InstallDate": "2024-03-05T12:34:56Z",
            "LastBootUpTime": "2026-11-01T05:06:07.5Z",
            "LocalDateTime": "2026-11-23T10:00:00.25Z",
        },
    )
    repository.add(
        "root/cimv2",
        "Win32_ComputerSystem",
        {
            "Name": host.name.upper(),
            "DNSHostName": host.name,
            "Domain": "example.test",
            "PartOfDomain": True,
            "Manufacturer": "Microsoft Corporation" if host.guest_of else "Contoso",
            "Model": "Virtual Machine" if host.guest_of else "Server 2U",
            "NumberOfLogicalProcessors": 2 * host.cores,
            "NumberOfProcessors": _SOCKETS,
        },
    )
    for socket in range(_SOCKETS):
        repository.add(
            "root/cimv2",
            "Win32_Processor",
            {
                "DeviceID": f"CPU{socket}",
                "CreationClassName": "Win32_Processor",
                "NumberOfCores": host.cores // _SOCKETS,
                "NumberOfLogicalProcessors": 2 * host.cores // _SOCKETS,
                "Status": "OK",
            },
        )
    if host.guest_of:
        registry.add_guest(repository, host.guest_of)
    registry.add_release(repository, version.build)
    adapters.fill(repository, host)
    switches.fill(repository, host)
    event_log.fill(repository, host, begun)
    storage.add_storage(repository, host)
    for machine in host.virtual_machines:
        hyperv_settings.add(repository, machine)
    _add_service(repository, "Winmgmt")
    if host.cluster:
        _add_service(repository, "ClusSvc")
    if host.hyperv:
        _add_service(repository, "vmms")
    _add_orchestration(repository, host)
    for namespace, by_class in host.instances.items():
        if namespace not in namespaces():
            raise EstateError(f"host {host.name}: the lab has no namespace {namespace}")
        for name, instances in by_class.items():
            for values in instances:
                repository.add(namespace, name, values)


def _add_service(repository: Repository, name: str) -> None:
    values: dict[str, Value] = {"Name": name, "State": "Running", "Started": True, "StartMode": "Auto", "Status": "OK"}
    repository.add("root/cimv2", "Win32_Service", values)


def _add_orchestration(repository: Repository, host: Host) -> None:
    """Add an updating run of Cluster-Aware Updating and the intents of Network ATC, where the estate file has them."""
    if host.updating:
        guid = identity(host.name, "updating run")
        repository.add("root/microsoft/windows/clusterupdate", "MSFT_CAURun", {"OrchestratorGuid": guid})
    if host.network_atc:
        _add_service(repository, "NetworkATC")
        registry.add_network_atc(repository, host.network_atc)
