# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate of the cells: two clusters of Windows Server 2016 and 2022, one of 2008 R2, with short times."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import time
import typing as t

from lab.journal import Entry
from lab.running import running
from lab.windows.repository import Change, plain
from lab.wire.values import Embedded

if t.TYPE_CHECKING:
    import pathlib

    from lab.running import RunningEstate
    from lab.windows.repository import Instance

PASSWORD = "Lab-Passw0rd"
SETTLE_SECONDS = 5
Key = tuple[str, str, str, str]  # host or cluster, class, instance, property

_ESTATE = """
name: torture
credentials: {user: Administrator, password: %(password)s}
restart_seconds: 0.1
drain_seconds: 0.1
failback_seconds: 0.1
job_seconds: 0.05
hosts:
  - name: tn1
    address: %(network)s.11
    windows: 2022
    cluster: TC
    adapters: &adapters
      - {name: Management, driver: intel-1g, network: Management}
      - {name: LM, driver: intel-10g, network: LiveMigration}
      - {name: Heartbeat, driver: intel-1g, network: Cluster}
    events:
      - {event: 1677, days_ago: 4, data: {NodeName: tn1}}
      - event: 20415
        days_ago: 4
        log: Microsoft-Windows-Hyper-V-VMMS-Admin
        source: Microsoft-Windows-Hyper-V-VMMS
        user_data: VmlEventLog
        data: {Parameter0: VM1, Parameter1: 6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB, Parameter2: '0.5'}
  - {name: tn2, address: %(network)s.12, windows: 2022, cluster: TC, adapters: *adapters}
  - {name: te1, address: %(network)s.21, windows: 2016, cluster: TD}
  - name: to1
    address: %(network)s.31
    windows: 2008 R2
    cluster: TO
    adapters:
      - {name: Local Area Connection, driver: intel-1g, address: %(network)s.31}
      - {name: Local Area Connection 2, driver: intel-10g, address: 10.44.9.31}
  - name: ts1
    address: %(network)s.41
    windows: 2016
    virtual_machines:
      - {name: OFF1, enabled_state: 3, dynamic_memory: true}
      - {name: RUN1, enabled_state: 2, user_snapshot_type: 5}
  - name: ts2
    address: %(network)s.42
    windows: 2012 R2
    settings_answer: direct
    virtual_machines: [{name: OFF2, enabled_state: 3}]
clusters:
  - name: TC
    fqdn: tc.example.test
    networks:
      - {name: Management, subnet: %(network)s.0/24, role: 3, id: 5f1c7f0e-2f0b-4d3c-9a55-6f3f3f9f4a01}
      - {name: LiveMigration, subnet: 10.44.2.0/24, role: 1, id: 5f1c7f0e-2f0b-4d3c-9a55-6f3f3f9f4a02}
      - {name: Cluster, subnet: 10.44.1.0/24, role: 1, id: 5f1c7f0e-2f0b-4d3c-9a55-6f3f3f9f4a03}
    virtual_machine_type: {MigrationExcludeNetworks: 5f1c7f0e-2f0b-4d3c-9a55-6f3f3f9f4a01}
    virtual_machines:
      - {name: VM1, owner: tn1, private_properties: {OfflineAction: 1}}
      - {name: VM2, owner: tn1, private_properties: {OfflineAction: 0}}
      - {name: VM3, owner: tn2, private_properties: {OfflineAction: 2}}
      - {name: VM4, owner: tn2, private_properties: {OfflineAction: 1}}
    shared_volumes:
      - {name: Volume1, owner: tn2}
  - name: TD
    fqdn: td.example.test
    networks: [{name: Management, subnet: %(network)s.0/24, role: 3}]
    properties: {SameSubnetThreshold: 5, CrossSubnetThreshold: 20}
  - name: TO
    fqdn: to.example.test
    networks: [{name: Management, subnet: %(network)s.0/24, role: 3}]
    properties: {SameSubnetThreshold: 5, CrossSubnetThreshold: 5}
"""


@contextlib.contextmanager
def network() -> t.Iterator[str]:
    """A network prefix (three numbers) that no other process on this machine uses."""
    with socket.socket() as claim:
        for second, third in itertools.product(range(60, 64), range(1, 255)):
            try:
                claim.bind((f"127.{second}.{third}.1", 5984))
            except OSError:
                continue
            break
        else:
            raise RuntimeError("all addresses for the torture are taken")
        yield f"127.{second}.{third}"


@contextlib.contextmanager
def running_estate(folder: pathlib.Path) -> t.Iterator[RunningEstate]:
    """Start the estate in an empty folder, and stop it at the end."""
    with network() as prefix:
        source = folder / "estate.yml"
        source.write_text(_ESTATE % {"network": prefix, "password": PASSWORD}, "utf-8")
        with running(source, folder / "state") as lab:
            yield lab


class Picture:
    """What the lab stores at one moment. An instance of the lab never changes: a write replaces it."""

    def __init__(self, lab: RunningEstate) -> None:
        held = [(one.name, lab.cluster(one.name)) for one in lab.estate.clusters]
        held += [(one.name, lab.host(one.name)) for one in lab.estate.hosts]
        self._instances = {
            (owner, one.cls.name, ",".join(one.key)): one
            for owner, repository in held
            for one in repository.all_instances()
        }

    def instances(self, owner: str, class_name: str) -> dict[str, dict[str, t.Any]]:
        """The instances of a class by their name, with the members of embedded objects as values of their own."""
        return {one["Name"]: one for one in self.by_key(owner, class_name).values()}

    def by_key(self, owner: str, class_name: str) -> dict[str, dict[str, t.Any]]:
        """The instances of a class by their key."""
        return {
            key: dict(_values(one))
            for (holder, cls, key), one in self._instances.items()
            if (holder, cls) == (owner, class_name)
        }

    def differences(self, other: Picture) -> set[Key]:
        """The properties whose values differ."""
        found: set[Key] = set()
        for place in self._instances.keys() | other._instances.keys():
            mine, theirs = self._instances.get(place), other._instances.get(place)
            if mine is not theirs:
                old, new = (dict(_values(one)) if one else {} for one in (mine, theirs))
                found |= {(*place, name) for name in old | new if old.get(name) != new.get(name)}
        return found


def _values(instance: Instance) -> t.Iterator[tuple[str, t.Any]]:
    for name, value in instance.values.items():
        if isinstance(value, Embedded):
            yield from ((f"{name}.{member}", plain(inner)) for member, inner in value.members.items())
        else:
            yield name, plain(value)


def journal_size(lab: RunningEstate) -> int:
    """The length of the journal in bytes."""
    file = lab.state / "journal.jsonl"
    return file.stat().st_size if file.exists() else 0


def journal_since(lab: RunningEstate, size: int) -> tuple[Entry, ...]:
    """The entries after this length of the journal."""
    with (lab.state / "journal.jsonl").open(encoding="utf-8") as file:
        file.seek(size)
        lines = [json.loads(line) for line in file]
    return tuple(Entry(**{**line, "changes": tuple(Change(**one) for one in line["changes"])}) for line in lines)


def settle(lab: RunningEstate) -> None:
    """Wait until no adapter restarts and no clustered role moves any more."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        with lab.simulation.clock.lock:  # an action that runs may add others
            if not lab.simulation.clock._timers:
                return
        time.sleep(0.02)
