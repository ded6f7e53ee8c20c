# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarts of adapters and hosts, and their effect on the listeners and on the cluster networks."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ..clock import Clock
from ..journal import Entry, Journal
from . import adapter_state, hyperv, registry
from .repository import Change

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ..estate import Cluster, Estate, Host
    from ..wire.values import Value
    from .network_layout import Adapter
    from .repository import Instance, Repository
    from .virtual_machines import MachineSettings

_CLUSTER = "root/mscluster"
_UNAVAILABLE, _FAILED, _UP = 0, 1, 3
_NETWORK_DOWN, _NETWORK_PARTITIONED = 1, 2
_NODE_UP, _NODE_DOWN = 0, 1


class Listener(Protocol):
    """A listener that can be disconnected from the network."""

    def suspend(self) -> None:
        """Close every connection and refuse new ones."""

    def resume(self) -> None:
        """Accept connections again."""


class Simulation:
    """The state that all hosts of an estate share."""

    def __init__(
        self, estate: Estate, hosts: Mapping[str, Repository], clusters: Mapping[str, Repository], journal: Journal
    ) -> None:
        self.estate = estate
        self.hosts = hosts
        self.clusters = clusters
        self.clock = Clock()
        self.listeners: dict[str, list[Listener]] = {}
        self.drained_roles: dict[str, list[tuple[str, str]]] = {}
        self.jobs: dict[str, list[dict[str, Value]]] = {}
        self._journal = journal
        self._restart_numbers = itertools.count(1)
        self._last_restart: dict[tuple[str, str], int] = {}
        self._rebooting: set[str] = set()

    def cluster_of(self, host: Host) -> tuple[Cluster, Repository] | None:
        """The cluster of a host with its repository."""
        if host.cluster is None:
            return None
        return self.estate.cluster(host.cluster), self.clusters[host.cluster]

    def machines_on(self, host: Host) -> list[tuple[MachineSettings, int]]:
        """The virtual machines that are on a host now, with their EnabledState."""
        cluster, repository = self.cluster_of(host) or (None, None)
        return hyperv.machines_on(host, self.hosts[host.name], cluster, repository)

    def record_event(
        self, host: str, kind: str, cls: str, name: str, *, detail: str = "", changes: Iterable[Change] = ()
    ) -> None:
        """Add an event to the journal: a change that no request made directly."""
        self._journal.add(
            Entry(
                time=datetime.now(tz=UTC).isoformat(timespec="milliseconds"),
                host=host,
                user=None,
                listener="",
                operation="Event",
                cls=cls,
                method=kind,
                selectors={"Name": name},
                changes=tuple(changes),
                detail=detail,
            )
        )

    def connected(self, host: Host, adapter: Adapter, without: Collection[str] = ()) -> bool:
        """Whether packets go through an adapter: it is up, and one of its members, if it has any, is up.

        The adapters in `without` count as down.
        """
        status, _mtu = adapter_state.state(self.hosts[host.name], adapter.name)
        if status != adapter_state.UP or not adapter.link or adapter.name in without:
            return False
        members = [host.adapter(name) for name in adapter.members]
        return not members or any(self.connected(host, item, without) for item in members)

    def is_rebooting(self, host: Host) -> bool:
        """Whether a host is restarting."""
        return host.name in self._rebooting

    def disconnects(self, host: Host, names: Collection[str]) -> bool:
        """Whether the endpoint is unreachable while these adapters are down."""
        return host.listener is not None and not self.connected(host, host.listener, names)

    def restart(self, host: Host, names: Iterable[str], why: str) -> None:
        """Restart adapters. They come up with the values in the registry."""
        with self.clock.lock:
            adapters, number = tuple(names), next(self._restart_numbers)
            if host.after_restart == "comes_back":
                self.clock.call_later(host.restart_seconds, partial(self._bring_up, host, adapters, number))
            self._take_down(host, adapters, number, why)

    def _take_down(self, host: Host, names: Iterable[str], number: int, why: str) -> None:
        for name in names:
            adapter_state.set_state(self.hosts[host.name], name, Status=adapter_state.RESTARTING)
            self._last_restart[host.name, name] = number
            self.record_event(host.name, "AdapterRestart", "MSFT_NetAdapter", name, detail=why)
        self.refresh(host)

    def _bring_up(self, host: Host, names: Iterable[str], number: int) -> None:
        for name in names:
            if self._last_restart.get((host.name, name)) == number:
                self._start_adapter(host, name)
        self.refresh(host)

    def _start_adapter(self, host: Host, name: str) -> None:
        repository, adapter = self.hosts[host.name], host.adapter(name)
        _status, before = adapter_state.state(repository, name)
        after = adapter.driver.mtu(registry.stored_values(repository, adapter))
        if adapter.kind == "team":
            after = before
        # The MTU comes first: a client that reads the adapter as up must read its new MTU.
        adapter_state.set_state(repository, name, MtuSize=after)
        self._update_team_mtu(host)
        adapter_state.set_state(repository, name, Status=adapter_state.UP)
        changes = [Change("MSFT_NetAdapter", name, "MtuSize", before, after)] if before != after else []
        self.record_event(host.name, "AdapterUp", "MSFT_NetAdapter", name, changes=changes)

    def reboot(self, host: Host) -> None:
        """Restart a host. Its node is down for that time. Its adapters come up with the values in the registry."""
        with self.clock.lock:
            self.record_event(host.name, "Reboot", "Win32_OperatingSystem", host.name)
            member = self.cluster_of(host)
            node = member[1].named("MSCluster_Node", host.name) if member else None
            before = node.values["State"] if node else None
            names, number = [item.name for item in host.adapters], next(self._restart_numbers)
            self._rebooting.add(host.name)
            self._take_down(host, names, number, "the host restarted")
            if member and node:
                member[1].write(node, {"State": _NODE_DOWN})
                self.refresh(host)
            if host.after_restart == "comes_back":
                self.clock.call_later(host.restart_seconds, partial(self._finish_reboot, host, before, number))

    def _finish_reboot(self, host: Host, state: Value, number: int) -> None:
        self._bring_up(host, [item.name for item in host.adapters], number)
        self._rebooting.discard(host.name)
        member = self.cluster_of(host)
        node = member[1].named("MSCluster_Node", host.name) if member else None
        if member and node:
            member[1].write(node, {"State": state})
        for system in instances_of(self.hosts[host.name], "Win32_OperatingSystem", "root/cimv2"):
            booted = datetime.now(tz=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            self.hosts[host.name].write(system, {"LastBootUpTime": booted})
        self.record_event(host.name, "Booted", "Win32_OperatingSystem", host.name)
        self.refresh(host)

    def disable(self, host: Host, name: str) -> None:
        """Take an adapter down until it is enabled."""
        with self.clock.lock:
            self._last_restart[host.name, name] = next(self._restart_numbers)
            adapter_state.set_state(self.hosts[host.name], name, Status=adapter_state.DISABLED)
            self.record_event(host.name, "AdapterDisabled", "MSFT_NetAdapter", name)
            self.refresh(host)

    def enable(self, host: Host, name: str) -> None:
        """Enable an adapter that is disabled."""
        with self.clock.lock:
            if adapter_state.state(self.hosts[host.name], name)[0] == adapter_state.DISABLED:
                self._start_adapter(host, name)
                self.refresh(host)

    def refresh(self, host: Host) -> None:
        """Update everything that depends on the adapters of a host."""
        repository = self.hosts[host.name]
        self._update_team_mtu(host)
        for adapter in host.adapters:
            adapter_state.update_instances(repository, adapter, connected=self.connected(host, adapter))
        self._update_cluster(host)
        reachable = host.listener is None or self.connected(host, host.listener)
        for listener in self.listeners.get(host.name, ()):
            listener.resume() if reachable and host.name not in self._rebooting else listener.suspend()

    def _update_team_mtu(self, host: Host) -> None:
        repository = self.hosts[host.name]
        for adapter in host.adapters:
            if adapter.kind == "team":
                mtu = min(adapter_state.state(repository, name)[1] for name in adapter.members)
                adapter_state.set_state(repository, adapter.name, MtuSize=mtu)

    def _update_cluster(self, host: Host) -> None:
        member = self.cluster_of(host)
        if member is None:
            return
        _cluster, repository = member
        for adapter in host.adapters:
            interface = repository.named("MSCluster_NetworkInterface", f"{host.name} - {adapter.network}")
            if adapter.network and interface is not None:
                state = _UP if self.connected(host, adapter) else _FAILED
                if self._is_node_down(repository, host.name):
                    state = _UNAVAILABLE
                repository.write(interface, {"State": state})
                self._update_network(repository, adapter.network)

    def _update_network(self, repository: Repository, name: str) -> None:
        network = repository.named("MSCluster_Network", name)
        if network is None:
            return
        is_up = [
            item.values["State"] == _UP
            for item in instances_of(repository, "MSCluster_NetworkInterface")
            if item.values["Network"] == name and not self._is_node_down(repository, str(item.values["Node"]))
        ]
        state = _UP if all(is_up) else _NETWORK_PARTITIONED if any(is_up) else _NETWORK_DOWN
        repository.write(network, {"State": state})

    def _is_node_down(self, repository: Repository, node: str) -> bool:
        instance = repository.named("MSCluster_Node", node)
        return instance is None or instance.values["State"] == _NODE_DOWN

    def finish_restarts(self) -> None:
        """Finish the restarts that were in progress when the lab stopped.

        A host or adapter with `after_restart: stays_down` stays down.
        """
        with self.clock.lock:
            for host in self.estate.hosts:
                for adapter in host.adapters:
                    status, _mtu = adapter_state.state(self.hosts[host.name], adapter.name)
                    if status == adapter_state.RESTARTING and host.after_restart == "comes_back":
                        self._start_adapter(host, adapter.name)
                member = self.cluster_of(host)
                node = member[1].named("MSCluster_Node", host.name) if member else None
                if member and node and node.values["State"] == _NODE_DOWN and host.after_restart == "comes_back":
                    member[1].write(node, {"State": _NODE_UP})
                if host.adapters:
                    self.refresh(host)

    def reset(self, estate: Estate) -> None:
        """Cancel everything that is in progress and start again with this estate."""
        self.clock.cancel()
        self.estate = estate
        self.drained_roles.clear()
        self.jobs.clear()
        self._last_restart.clear()
        self._rebooting.clear()
        for listeners in self.listeners.values():
            for listener in listeners:
                listener.resume()


def instances_of(repository: Repository, name: str, namespace: str = _CLUSTER) -> list[Instance]:
    """All instances of a class, by the name of the class."""
    cls = repository.cls(namespace, name)
    return repository.instances(cls) if cls else []
