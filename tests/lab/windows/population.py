# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instances with which the clusters and hosts of an estate begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..understanding import EstateError
from . import adapters, event_log, roles, switches, topology
from .classes import namespaces
from .release import VERSIONS

if TYPE_CHECKING:
    from datetime import datetime

    from ..estate import Cluster, Estate, Host
    from .repository import Repository


def fill_cluster(repository: Repository, cluster: Cluster, estate: Estate) -> None:
    """The objects of a cluster, as its Windows has them."""
    hosts = {host.name: host for host in estate.hosts}
    topology.cluster_object(repository, cluster)
    topology.nodes(repository, cluster, hosts)
    topology.networks(repository, cluster, hosts)
    roles.types(repository, cluster)
    roles.core(repository, cluster)
    for machine in cluster.virtual_machines:
        roles.machine_role(repository, cluster, machine)
    for described in cluster.shared_volumes:
        roles.volume(repository, cluster, described)
    for described in cluster.resources:
        roles.extra(repository, cluster, described)


def fill_host(repository: Repository, host: Host, begun: datetime) -> None:
    """What a host knows of itself, and the instances that the estate file adds."""
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
        {"Name": host.name.upper(), "DNSHostName": host.name, "Domain": "example.test", "PartOfDomain": True},
    )
    adapters.fill(repository, host)
    switches.fill(repository, host)
    event_log.fill(repository, host, begun)
    for namespace, by_class in host.instances.items():
        if namespace not in namespaces():
            raise EstateError(f"host {host.name}: the lab has no namespace {namespace}")
        for name, listed in by_class.items():
            for values in listed:
                repository.add(namespace, name, values)
