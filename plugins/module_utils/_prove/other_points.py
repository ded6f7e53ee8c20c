# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection assumes and what only a write, or a human, can show. Private to this collection; data."""

from __future__ import annotations

from .point import ASSUMED, FIRST, Point

_CHANGES = "it would change the server"
_VIRTUAL_MACHINE = "set prove_virtual_machine to look at it by writes that change nothing"
_CMRP = "MS-CMRP"


def _written(name: str, assumes: str, source: str, why: str, *, part: str = "cluster", since: str = FIRST) -> Point:
    return Point(id=name, assumes=assumes, source=source, basis=ASSUMED, part=part, since=since, why=why)


WRITES = (
    _written(
        "write.validate",
        "The control code to validate a property list accepts the offline action as a DWORD",
        f"{_CMRP} 2.2.3.10",
        _VIRTUAL_MACHINE,
        part="virtual_machine",
    ),
    _written(
        "write.control",
        "The control code to store a property list stores the offline action",
        _CMRP,
        _VIRTUAL_MACHINE,
        part="virtual_machine",
    ),
    _written(
        "write.put",
        "A Put of a resource with its private properties as they were read is accepted and changes nothing",
        "MS-WSMV 3.1.4.1",
        _VIRTUAL_MACHINE,
        part="virtual_machine",
    ),
    _written(
        "write.change",
        "A new offline action takes effect, and is read back",
        "virtual-machines-offlineaction",
        "set prove_virtual_machine and prove_change to change it once and set it back",
        part="virtual_machine",
    ),
    _written(
        "write.undo",
        "The offline action before is set back",
        "virtual-machines-offlineaction",
        "set prove_virtual_machine and prove_change to change it once and set it back",
        part="virtual_machine",
    ),
)
BY_HAND = (
    _written("write.cluster_put", "A Put to MSCluster_Cluster accepts all properties as read", "MS-WSMV", _CHANGES),
    _written(
        "write.group", "The control code for groups stores priority and anti-affinity class names", _CMRP, _CHANGES
    ),
    _written(
        "write.possible_owners",
        "AddPossibleOwner and RemovePossibleOwner change one node",
        "MSCluster_Resource",
        _CHANGES,
    ),
    _written("write.node_mark", "ExecuteNodeControl stores a private property of a node", _CMRP, _CHANGES),
    _written(
        "write.drain", "Pause drains a node, Resume fails the roles back", "MSCluster_Node", _CHANGES, since="2012"
    ),
    _written("write.move", "MoveToNewNodeParams live migrates a virtual machine", _CMRP, _CHANGES, since="2012"),
    _written(
        "write.vm_settings",
        "ModifySystemSettings and ModifyResourceSettings change the settings by a job",
        "Msvm_VirtualSystemManagementService",
        _CHANGES,
        part="hyperv",
        since="2012",
    ),
    _written(
        "write.vm_running",
        "Only the checkpoint type is changed while a virtual machine runs",
        "samples of Microsoft",
        _CHANGES,
        part="hyperv",
        since="2012",
    ),
    _written(
        "write.vm_copy",
        "The cluster's copy of the configuration needs no refresh after a change of the settings",
        "Update-ClusterVirtualMachineConfiguration",
        _CHANGES,
        since="2012",
    ),
    _written(
        "write.adapter",
        "A Put of an advanced property with NoRestart stores it, and a Put without restarts the adapter",
        "Set-NetAdapterAdvancedProperty",
        _CHANGES,
        part="windows",
        since="2012",
    ),
    _written(
        "write.adapter_restart",
        "Restart of MSFT_NetAdapter restarts an adapter",
        "MSFT_NetAdapter",
        _CHANGES,
        part="windows",
        since="2012",
    ),
    _written(
        "write.registry", "SetStringValue of StdRegProv stores a driver setting", "StdRegProv", _CHANGES, part="windows"
    ),
    _written(
        "network.echo_ipv6",
        "An echo request over IPv6 that must not be fragmented is not fragmented by its sender",
        "Win32_PingStatus",
        "it needs a path over IPv6 with a smaller MTU",
        part="windows",
    ),
    _written(
        "network.dropped",
        "Win32_PingStatus has no reply, and not a wrong one, for a packet that a switch drops",
        "Win32_PingStatus",
        "it needs a path that drops packets",
        part="windows",
    ),
    _written(
        "cluster.failback",
        "A clustered role shows in StatusInformation that it waits for its failback",
        "MSCluster_ResourceGroup",
        "it shows only after a drain",
        since="2012",
    ),
    _written(
        "cluster.resiliency",
        "ResiliencyPeriod 0 moves a clustered role at once",
        "cluster common properties",
        "it shows only when a node is isolated",
        since="2016",
    ),
    _written(
        "windows.delegation",
        "CredSSP and delegated Kerberos tickets sign in",
        "pywinrm",
        "it depends on how this run signs in",
        part="windows",
    ),
    _written(
        "report.powershell",
        "The PowerShell scripts in the report of the audit run",
        "the commands of the rules",
        "it needs PowerShell on the host",
        part="windows",
    ),
    _written(
        "directory.refusals",
        "The codes of refused writes are those of the documentation",
        "MS-ADTS",
        _CHANGES,
        part="domain_controller",
    ),
    _written(
        "directory.domains",
        "A forest of several domains, a late global catalog and a read-only domain controller are read as a whole",
        "MS-ADTS",
        "it needs such a forest",
        part="domain_controller",
    ),
    _written(
        "directory.ranges",
        "Values that come in ranges of 1,500 are read as a whole",
        "MS-ADTS 3.1.1.3.1.3.3",
        "it needs an account with more than 1,500 values",
        part="domain_controller",
    ),
    _written(
        "directory.channel_binding",
        "A simple bind over TLS is accepted where channel binding is required",
        "KB4520412",
        "it depends on how this run signs in",
        part="domain_controller",
    ),
)
