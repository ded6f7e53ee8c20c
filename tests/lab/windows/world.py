# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens between the machines of an estate: links go down and come back, and the cluster notices."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ..clock import Clock
from ..journal import Entry, Journal
from . import links, registry
from .repository import Change

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ..estate import Cluster, Estate, Host
    from ..wire.values import Value
    from .cabling import Adapter
    from .repository import Instance, Repository

_CLUSTER = "root/mscluster"
_UNAVAILABLE, _FAILED, _UP = 0, 1, 3
_NETWORK_DOWN, _NETWORK_PARTITIONED = 1, 2
_NODE_UP, _NODE_DOWN = 0, 1


class Door(Protocol):
    """A listener that can be cut off from its network."""

    def suspend(self) -> None:
        """End every connection and refuse new ones."""

    def resume(self) -> None:
        """Listen again."""


class World:
    """The estate as its machines share it."""

    def __init__(
        self, estate: Estate, hosts: Mapping[str, Repository], clusters: Mapping[str, Repository], journal: Journal
    ) -> None:
        self.estate = estate
        self.hosts = hosts
        self.clusters = clusters
        self.clock = Clock()
        self.doors: dict[str, list[Door]] = {}
        self.moved: dict[str, list[tuple[str, str]]] = {}
        self._journal = journal
        self._turns = itertools.count(1)
        self._latest: dict[tuple[str, str], int] = {}
        self._away: set[str] = set()

    def cluster_of(self, host: Host) -> tuple[Cluster, Repository] | None:
        """The cluster of a host."""
        if host.cluster is None:
            return None
        return self.estate.cluster(host.cluster), self.clusters[host.cluster]

    def event(
        self, host: str, what: str, cls: str, name: str, *, detail: str = "", changes: Iterable[Change] = ()
    ) -> None:
        """Note what nobody asked for in so many words."""
        self._journal.add(
            Entry(
                time=datetime.now(tz=UTC).isoformat(timespec="milliseconds"),
                host=host,
                user=None,
                listener="",
                operation="Event",
                cls=cls,
                method=what,
                selectors={"Name": name},
                changes=tuple(changes),
                detail=detail,
            )
        )

    def connected(self, host: Host, adapter: Adapter, without: Collection[str] = ()) -> bool:
        """Whether packets go through an adapter: it is up, and so is one of those below it."""
        status, _mtu = links.state(self.hosts[host.name], adapter.name)
        if status != links.UP or adapter.name in without:
            return False
        below = [host.adapter(name) for name in adapter.members]
        return not below or any(self.connected(host, item, without) for item in below)

    def is_away(self, host: Host) -> bool:
        """Whether a machine is starting anew."""
        return host.name in self._away

    def cuts(self, host: Host, names: Collection[str]) -> bool:
        """Whether the endpoint cannot be reached while these adapters are down."""
        return host.listener is not None and not self.connected(host, host.listener, names)

    def restart(self, host: Host, names: Iterable[str], why: str) -> None:
        """Take adapters down; they come back with what their drivers find in the registry."""
        with self.clock.lock:
            chosen, turn = tuple(names), next(self._turns)
            if host.after_restart == "comes_back":
                self.clock.later(host.restart_seconds, partial(self._back, host, chosen, turn))
            self._take_down(host, chosen, turn, why)

    def _take_down(self, host: Host, names: Iterable[str], turn: int, why: str) -> None:
        for name in names:
            links.set_state(self.hosts[host.name], name, Status=links.RESTARTING)
            self._latest[host.name, name] = turn
            self.event(host.name, "AdapterRestart", "MSFT_NetAdapter", name, detail=why)
        self.refresh(host)

    def _back(self, host: Host, names: Iterable[str], turn: int) -> None:
        for name in names:
            if self._latest.get((host.name, name)) == turn:
                self._apply(host, name)
        self.refresh(host)

    def _apply(self, host: Host, name: str) -> None:
        repository, adapter = self.hosts[host.name], host.adapter(name)
        _status, before = links.state(repository, name)
        after = adapter.habits.mtu(registry.stored(repository, adapter))
        if adapter.kind == "team":
            after = before
        # First the sizes, then the link: who sees the adapter up sees what it carries.
        links.set_state(repository, name, MtuSize=after)
        self._size_teams(host)
        links.set_state(repository, name, Status=links.UP)
        changes = [Change("MSFT_NetAdapter", name, "MtuSize", before, after)] if before != after else []
        self.event(host.name, "AdapterUp", "MSFT_NetAdapter", name, changes=changes)

    def reboot(self, host: Host) -> None:
        """Start a machine anew: its node is down meanwhile, its adapters come back as the registry has them."""
        with self.clock.lock:
            self.event(host.name, "Reboot", "Win32_OperatingSystem", host.name)
            member = self.cluster_of(host)
            node = member[1].named("MSCluster_Node", host.name) if member else None
            before = node.values["State"] if node else None
            names, turn = [item.name for item in host.adapters], next(self._turns)
            self._away.add(host.name)
            self._take_down(host, names, turn, "the machine started anew")
            if member and node:
                member[1].write(node, {"State": _NODE_DOWN})
                self.refresh(host)
            if host.after_restart == "comes_back":
                self.clock.later(host.restart_seconds, partial(self._booted, host, before, turn))

    def _booted(self, host: Host, state: Value, turn: int) -> None:
        self._back(host, [item.name for item in host.adapters], turn)
        self._away.discard(host.name)
        member = self.cluster_of(host)
        node = member[1].named("MSCluster_Node", host.name) if member else None
        if member and node:
            member[1].write(node, {"State": state})
        for system in listed(self.hosts[host.name], "Win32_OperatingSystem", "root/cimv2"):
            booted = datetime.now(tz=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            self.hosts[host.name].write(system, {"LastBootUpTime": booted})
        self.event(host.name, "Booted", "Win32_OperatingSystem", host.name)
        self.refresh(host)

    def disable(self, host: Host, name: str) -> None:
        """Take an adapter down until it is enabled."""
        with self.clock.lock:
            self._latest[host.name, name] = next(self._turns)
            links.set_state(self.hosts[host.name], name, Status=links.DISABLED)
            self.event(host.name, "AdapterDisabled", "MSFT_NetAdapter", name)
            self.refresh(host)

    def enable(self, host: Host, name: str) -> None:
        """Start an adapter that is disabled."""
        with self.clock.lock:
            if links.state(self.hosts[host.name], name)[0] == links.DISABLED:
                self._apply(host, name)
                self.refresh(host)

    def refresh(self, host: Host) -> None:
        """Let everything that depends on a host's adapters follow them."""
        repository = self.hosts[host.name]
        self._size_teams(host)
        for adapter in host.adapters:
            links.show(repository, adapter, connected=self.connected(host, adapter))
        self._tell_cluster(host)
        reachable = host.listener is None or self.connected(host, host.listener)
        for door in self.doors.get(host.name, ()):
            door.resume() if reachable and host.name not in self._away else door.suspend()

    def _size_teams(self, host: Host) -> None:
        repository = self.hosts[host.name]
        for adapter in host.adapters:
            if adapter.kind == "team":
                below = min(links.state(repository, name)[1] for name in adapter.members)
                links.set_state(repository, adapter.name, MtuSize=below)

    def _tell_cluster(self, host: Host) -> None:
        member = self.cluster_of(host)
        if member is None:
            return
        _cluster, repository = member
        for adapter in host.adapters:
            interface = repository.named("MSCluster_NetworkInterface", f"{host.name} - {adapter.network}")
            if adapter.network and interface is not None:
                up = _UP if self.connected(host, adapter) else _FAILED
                repository.write(interface, {"State": _UNAVAILABLE if self._down(repository, host.name) else up})
                self._network_state(repository, adapter.network)

    def _network_state(self, repository: Repository, name: str) -> None:
        network = repository.named("MSCluster_Network", name)
        if network is None:
            return
        seen = [
            item.values["State"]
            for item in listed(repository, "MSCluster_NetworkInterface")
            if item.values["Network"] == name and not self._down(repository, str(item.values["Node"]))
        ]
        good = [state == _UP for state in seen]
        state = _UP if all(good) else _NETWORK_PARTITIONED if any(good) else _NETWORK_DOWN
        repository.write(network, {"State": state})

    def _down(self, repository: Repository, node: str) -> bool:
        found = repository.named("MSCluster_Node", node)
        return found is None or found.values["State"] == _NODE_DOWN

    def settle(self) -> None:
        """After a start: what was restarting when the lab stopped is up, and what is out of reach stays so."""
        with self.clock.lock:
            for host in self.estate.hosts:
                for adapter in host.adapters:
                    status, _mtu = links.state(self.hosts[host.name], adapter.name)
                    if status == links.RESTARTING and host.after_restart == "comes_back":
                        self._apply(host, adapter.name)
                member = self.cluster_of(host)
                node = member[1].named("MSCluster_Node", host.name) if member else None
                if member and node and node.values["State"] == _NODE_DOWN and host.after_restart == "comes_back":
                    member[1].write(node, {"State": _NODE_UP})
                if host.adapters:
                    self.refresh(host)

    def begin_again(self, estate: Estate) -> None:
        """Forget what was under way."""
        self.clock.cancel()
        self.estate = estate
        self.moved.clear()
        self._latest.clear()
        self._away.clear()
        for doors in self.doors.values():
            for door in doors:
                door.resume()


def listed(repository: Repository, name: str, namespace: str = _CLUSTER) -> list[Instance]:
    """All instances of a class by its name."""
    cls = repository.cls(namespace, name)
    return repository.instances(cls) if cls else []
