# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An estate with a cluster of each release, and a host of it that is looked at in this process, without a socket."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._prove import looking
from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client
from lab.service import Caller
from lab.windows.differences import differences
from stage import PASSWORD

if t.TYPE_CHECKING:
    from lab.running import RunningEstate
    from stage import Variables

Opened = t.Iterator[Client]
RELEASES = ("2008 R2", "2012 R2", "2016", "2019", "2022", "2025")
CHANNELS = ("Microsoft-Exchange-HighAvailability/Operational",)


def estate(network: str) -> Variables:
    """For each release a Hyper-V cluster of one node, and a DAG of one; for 2022 with Storage Spaces Direct."""
    hosts: list[Variables] = []
    clusters: list[Variables] = []
    for number, release in enumerate(RELEASES, start=1):
        is_newest = release in ("2022", "2025")
        short = release.replace(" ", "").lower()
        networks = [
            {"name": "Management", "subnet": f"{network}.0/24", "role": 3},
            {"name": "LiveMigration", "subnet": f"10.{number}.2.0/24", "role": 1},
        ]
        adapters: list[Variables] = [
            {"name": "Management", "driver": "intel-1g", "network": "Management"},
            {"name": "LM", "driver": "intel-10g", "network": "LiveMigration"},
        ]
        hyperv: Variables = {"hyperv": True, "adapters": adapters}
        if release not in ("2008 R2", "2012 R2"):
            adapters += [{"name": "P3", "driver": "intel-10g"}, {"name": "P4", "driver": "intel-10g"}]
            switch = {"name": "SET", "members": ["P3", "P4"], "embedded_teaming": True, "vnics": [{"name": "VM"}]}
            hyperv["switches"] = [switch]
        machines = [
            {"name": f"T-{short}", "private_properties": {"OfflineAction": 1, "DefaultMoveType": 4}},
            {"name": f"U-{short}", "private_properties": {"OfflineAction": 2}},
        ]
        for kind, group, more, own in (
            ("hv", "hyperv_hosts", hyperv, {"virtual_machines": machines}),
            ("ex", "dag_members", {"adapters": adapters[:2], "channels": list(CHANNELS)}, {}),
        ):
            name, cluster = f"{kind}{short}", f"{kind}c{short}".upper()
            address = f"{network}.{len(hosts) + 11}"
            described = {"name": name, "address": address, "windows": release, "groups": [group], "cluster": cluster}
            more_of = dict(own)
            if release not in ("2008 R2", "2012 R2"):
                more_of["fault_domains"] = {name: ["Site:Redmond", "Rack:"]}
            if is_newest:
                rule = {"name": "apart", "type": "different_node", "groups": []}
                more_of["affinity_rules"] = [rule]
            if (kind, release) == ("hv", "2022"):
                more_of["storage_spaces_direct"] = {"virtual_disks": [{"name": "V1"}]}
                described |= {"hotfixes": [{"HotFixID": "KB2550886", "InstalledOn": "6/18/2012"}]}
                described["adapters"] = [
                    *adapters,
                    {"name": "P5", "driver": "plain"},
                    {"name": "P6", "driver": "plain"},
                ]
                described["teams"] = [{"name": "Team", "members": ["P5", "P6"]}]
            elif (kind, release) == ("ex", "2022"):
                described["virtual_machine"] = machines[0]["name"]
            hosts.append(more | described)
            clusters.append({"name": cluster, "fqdn": f"{cluster}.example.test", "networks": networks, **more_of})
    credentials = {"user": "Administrator", "password": PASSWORD}
    return {"name": "prove", "credentials": credentials, "hosts": hosts, "clusters": clusters}


@dataclasses.dataclass(slots=True)
class Wire:
    """Hands messages to the service of a host of the lab."""

    lab: RunningEstate
    host: str
    url: str = "http://host:5985/wsman"
    messages: int = 0

    def send(self, message: str) -> bytes:
        self.messages += 1
        machine = next(one for one in self.lab._listeners if one.service.machine.host.name == self.host)
        return machine.service.handle(Caller("Administrator", "http"), message.encode()).body

    def addresses(self) -> frozenset[str]:
        return frozenset()

    def close(self) -> None:
        """There is no connection."""


@contextlib.contextmanager
def differing(lab: RunningEstate, host: str, differs: Variables, keys: Variables, faults: t.Iterable[str]) -> Opened:
    """A client of a host whose answers differ so; C(faults) are classes whose Get fails."""
    machine = {one.host.name: one for one in lab._machines}[host]
    usual = machine.host
    machine.host = dataclasses.replace(usual, differs=differences(host, differs), **keys)
    for name in faults:
        lab.add_fault(**{"class": name}, host=host, operation="Get", action={"fault": 1359})
    try:
        yield Client(Wire(lab, host), read_only=True, pause=lambda _seconds: None)
    finally:
        machine.host = usual
        lab.clear_faults()


def look(client: Client, *, dag_member: bool) -> dict[str, str]:
    """The answers of a host by point."""
    _release, answers = looking.look_at_host(client, dag_member=dag_member)
    return {one.point: one.answer for one in answers}
