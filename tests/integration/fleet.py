# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several small Hyper-V clusters in one estate, and what journal and store show of a rolling change."""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import dataclass

import yaml
from lab.running import members
from stage import PASSWORD, Stage, Variables

if t.TYPE_CHECKING:
    from lab.journal import Entry

GROUP = "fleet"
COMPLIANT = {"*JumboPacket": "9014", "*ReceiveBuffers": "4096"}
MARK = "ExecuteNodeControl"
VIRTUAL_MACHINE = 111
Described = tuple[Variables, list[Variables]]


def cluster(
    name: str,
    nodes: int,
    *,
    machines: t.Mapping[int, t.Sequence[Variables]] | None = None,
    differ: t.Container[int] | None = None,
    hosts: t.Mapping[int, Variables] | None = None,
    seconds: tuple[float, float] = (0.3, 0.3),
    windows: str = "2022",
    **keys: t.Any,
) -> Described:
    """A cluster whose nodes are its name in lower case with 1, 2, ... Each node has one virtual machine by default.

    C(differ) are the numbers of the nodes whose adapters are not as wanted; the default is all. C(seconds) are those of
    a drain and of a failback.
    """
    numbers = range(1, nodes + 1)
    described: list[Variables] = []
    for number in numbers:
        differs = differ is None or number in differ
        live_migration = {"name": "LM", "driver": "intel-10g", "network": "LiveMigration"}
        described.append(
            {
                "name": f"{name.lower()}{number}",
                "windows": windows,
                "groups": [GROUP],
                "cluster": name,
                "drain_seconds": seconds[0],
                "failback_seconds": seconds[1],
                "restart_seconds": 0.2,
                "adapters": [
                    {"name": "Management", "driver": "intel-1g", "network": "Management"},
                    live_migration | ({} if differs else {"values": COMPLIANT}),
                    {"name": "Heartbeat", "driver": "intel-1g", "network": "Cluster"},
                ],
                **(hosts or {}).get(number, {}),
            }
        )
    own = {number: [{"name": f"{name}-VM{number}"}] for number in numbers} | dict(machines or {})
    listed = [
        {"owner": f"{name.lower()}{number}", "private_properties": {"OfflineAction": 2}, **machine}
        for number in numbers
        for machine in own[number]
    ]
    return {"name": name, "fqdn": f"{name.lower()}.example.test", "virtual_machines": listed, **keys}, described


def estate(network: str, *described: Described) -> Variables:
    """An estate of these clusters."""
    found: Variables = {
        "name": "fleet",
        "credentials": {"user": "Administrator", "password": PASSWORD},
        "hosts": [],
        "clusters": [],
    }
    addresses = itertools.count(11)
    for third, (own, hosts) in enumerate(described, start=1):
        networks = [
            {"name": "Management", "subnet": f"{network}.0/24", "role": 3},
            {"name": "LiveMigration", "subnet": f"10.{third}.2.0/24", "role": 1},
            {"name": "Cluster", "subnet": f"10.{third}.1.0/24", "role": 1},
        ]
        found["clusters"].append({**own, "networks": networks})
        found["hosts"] += [{**host, "address": f"{network}.{next(addresses)}"} for host in hosts]
    return found


def reset(lab: Stage, description: Variables) -> Stage:
    """Take the estate back to a description with the same hosts."""
    (lab.folder / "estate.yml").write_text(yaml.safe_dump(description, sort_keys=False), "utf-8")
    lab.estate.reset()
    return lab


def owners(lab: Stage, *clusters: str) -> dict[str, str]:
    """The owner node of each clustered virtual machine."""
    names = clusters or tuple(one.name for one in lab.estate.estate.clusters)
    groups = [one for name in names for one in lab.estate.cluster(name).all_instances()]
    return {
        str(one.values["Name"]): str(one.values["OwnerNode"])
        for one in groups
        if one.cls.name == "MSCluster_ResourceGroup" and one.values["GroupType"] == VIRTUAL_MACHINE
    }


def marks(lab: Stage) -> dict[str, str]:
    """The marks that are left, by node."""
    found = {
        host.name: members(lab.estate.cluster(host.cluster), host.name, "MSCluster_Node").get("WinhaDrain", "")
        for host in lab.estate.estate.hosts
        if host.cluster
    }
    return {name: mark for name, mark in found.items() if mark}


def set_node(lab: Stage, owner: str, name: str, state: int, drain: int) -> None:
    """Set the state of a node outside of the run."""
    found = lab.estate.cluster(owner).named("MSCluster_Node", name)
    assert found is not None
    lab.estate.cluster(owner).write(found, {"State": state, "NodeDrainStatus": drain})


def states(lab: Stage, owner: str) -> dict[str, tuple[t.Any, t.Any]]:
    """State and progress of the drain of each node, in Windows' numbers."""
    return {
        str(one.values["Name"]): (one.values["State"], one.values["NodeDrainStatus"])
        for one in lab.estate.cluster(owner).all_instances()
        if one.cls.name == "MSCluster_Node"
    }


def large(lab: Stage) -> set[str]:
    """The hosts whose live-migration adapter runs with jumbo frames."""
    return {
        host.name
        for host in lab.estate.estate.hosts
        for one in lab.estate.host(host.name).all_instances()
        if one.cls.name == "MSFT_NetAdapter" and one.values["Name"] == "LM" and one.values["MtuSize"] == 9000
    }


@dataclass(frozen=True, slots=True)
class Trip:
    """A node is away: from the mark to its removal, as positions in the journal."""

    node: str
    cluster: str
    begin: int
    end: int

    def meets(self, other: Trip) -> bool:
        return self.begin < other.end and other.begin < self.end


def _is_done(entry: Entry, method: str) -> bool:
    return entry.write and entry.method == method and entry.status == 200


def trips(lab: Stage) -> list[Trip]:
    """How long each node was away, in the order in which they went."""
    clusters = {host.name: str(host.cluster) for host in lab.estate.estate.hosts}
    journal = lab.journal()
    open_ones: dict[str, int] = {}
    found = []
    for at, entry in enumerate(journal):
        if not _is_done(entry, MARK):
            continue
        node = entry.selectors["Name"]
        if node in open_ones:
            found.append(Trip(node, clusters[node], open_ones.pop(node), at))
        else:
            open_ones[node] = at
    found += [Trip(node, clusters[node], at, len(journal)) for node, at in open_ones.items()]
    return sorted(found, key=lambda trip: trip.begin)


def check_trips(lab: Stage) -> list[Trip]:
    """Assert what holds for every run; the trips.

    Two nodes of one cluster are never away together. Each change of an adapter, Pause and Resume is in a trip of its
    node. No clustered role is moved by a plain move, and none of the virtual machines is saved.
    """
    found = trips(lab)
    for one, other in itertools.combinations(found, 2):
        assert one.cluster != other.cluster or not one.meets(other), f"{one.node} and {other.node} are away together"
    for at, entry in enumerate(lab.journal()):
        assert entry.method != "MoveToNewNode"
        assert not entry.detail.startswith("plain move")
        node = entry.host if entry.operation == "Put" else entry.selectors.get("Name")
        if entry.write and (entry.operation == "Put" or entry.method in ("Pause", "Resume")):
            assert any(trip.node == node and trip.begin < at < trip.end for trip in found), f"{node} is not away"
    return found


def away(lab: Stage, machine: str) -> list[Trip]:
    """When a virtual machine was not on the node where it was first, as positions in the journal."""
    home = ""
    at_begin = 0
    found = []
    for at, entry in enumerate(lab.journal()):
        if entry.method != "RoleMoved" or entry.selectors.get("Name") != machine:
            continue
        target = next(str(change.after) for change in entry.changes if change.property == "OwnerNode")
        home = home or entry.host
        if entry.host == home:
            at_begin = at
        if target == home:
            found.append(Trip(machine, home, at_begin, at))
    return found


def events(lab: Stage, method: str, detail: str = "") -> list[str]:
    """The objects of these events."""
    return [
        entry.selectors["Name"]
        for entry in lab.estate.journal(events=True)
        if entry.method == method and entry.detail.startswith(detail)
    ]
