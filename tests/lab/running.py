# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running estate in this process, with its state folder."""

from __future__ import annotations

import contextlib
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import bundle, faults, journal
from . import estate as estate_file
from .bundle import Replay
from .checks import EstateError
from .directory import DirectoryError, DomainController
from .endpoint import Listener
from .journal import Entry, Journal
from .service import Service
from .windows import drain, initial_instances
from .windows.machine import Machine
from .windows.repository import Repository
from .windows.simulation import Simulation
from .wire.certificates import server_context
from .wire.values import Embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .estate import Cluster, Estate, Host
    from .exchange.endpoints import ExchangeEndpoints


def load_into(source: Path | None, state: Path) -> Estate:
    """Copy the estate file to the state folder. Raises EstateError if the folder has another version of it."""
    state.mkdir(parents=True, exist_ok=True)
    estate_copy = state / "estate.yml"
    if source is None and not estate_copy.exists():
        raise EstateError(f"{state} has no estate")
    if source is not None:
        estate_file.load(source)
        if not estate_copy.exists():
            shutil.copyfile(source, estate_copy)
            (state / "source").write_text(str(source.resolve()), encoding="utf-8")
        elif estate_copy.read_bytes() != source.read_bytes():
            raise EstateError(f"{state} has the state of another version of {source}: reset it or use another folder")
    return estate_file.load(estate_copy)


def _repository(state: Path, kind: str, name: str, windows: str) -> Repository:
    return Repository(name, windows, state / f"{kind}-{name}.jsonl")


def cluster_repository(state: Path, estate: Estate, cluster: Cluster, *, repair: bool = False) -> Repository:
    """The repository of a cluster: the estate file and every write since then."""
    repository = _repository(state, "cluster", cluster.name, cluster.windows)
    initial_instances.fill_cluster(repository, cluster, estate)
    repository.replay(repair=repair)
    return repository


def start_time(state: Path) -> datetime:
    """The time of the first start or the last reset. The ages in the estate file count from it."""
    return datetime.fromtimestamp((state / "estate.yml").stat().st_mtime, tz=UTC)


def host_repository(state: Path, host: Host, *, repair: bool = False) -> Repository:
    """The repository of a host: the estate file and every write since then."""
    repository = _repository(state, "host", host.name, host.windows)
    initial_instances.fill_host(repository, host, start_time(state))
    repository.replay(repair=repair)
    return repository


def reset_folder(state: Path) -> None:
    """Reset the state folder of an estate that is not running to the current estate file."""
    origin = state / "source"
    if not origin.exists():
        raise EstateError(f"{state} has no estate")
    source = Path(origin.read_text(encoding="utf-8"))
    if source.exists():
        estate_file.load(source)
        shutil.copyfile(source, state / "estate.yml")
    for log in (*state.glob("cluster-*.jsonl"), *state.glob("host-*.jsonl")):
        log.unlink()
    shutil.rmtree(state / "directory", ignore_errors=True)
    for name in ("journal.jsonl", "faults.yml", "exchange.json", "exchange.jsonl"):
        (state / name).unlink(missing_ok=True)


def _domain_identity(estate: Estate) -> tuple[str, ...]:
    found = estate.directory
    return (found.domain, found.netbios, found.server, found.address, found.password) if found else ()


class PortTakenError(OSError):
    """An address and port of the estate is already in use."""


class RunningEstate:
    """The hosts of an estate with their listeners, and its domain controller."""

    def __init__(self, source: Path | None, state: Path) -> None:
        self.state = state
        self.estate = load_into(source, state)
        self._journal = Journal(state / "journal.jsonl")
        self._rules = faults.Rules(state / "faults.yml")
        self._clusters: dict[str, Repository] = {}
        self._hosts: dict[str, Repository] = {}
        self._machines: list[Machine] = []
        self._listeners: list[Listener] = []
        description = self.estate.directory
        self._directory = DomainController(description, state) if description and not description.simulated else None
        self._exchange = self._exchange_endpoints()
        self._build()
        self.simulation = Simulation(self.estate, self._hosts, self._clusters, self._journal)

    def _exchange_endpoints(self) -> ExchangeEndpoints | None:
        found = self.estate.directory
        if found is None or found.exchange is None or not any(one.address for one in found.exchange.servers):
            return None
        # Only these endpoints need psrpcore.
        from .exchange.endpoints import ExchangeEndpoints

        return ExchangeEndpoints(found, self.state, self._directory)

    def _build(self) -> None:
        for cluster in self.estate.clusters:
            self._clusters[cluster.name] = cluster_repository(self.state, self.estate, cluster, repair=True)
        for host in self.estate.hosts:
            self._hosts[host.name] = host_repository(self.state, host, repair=True)

    def start(self) -> None:
        """Open every listener and start the domain controller."""
        if self._directory:
            try:
                self._directory.start()
            except DirectoryError:
                self.close()
                raise
        for host in self.estate.hosts:
            cluster = self.estate.cluster(host.cluster) if host.cluster else None
            shared = self._clusters[cluster.name] if cluster else None
            machine = Machine(
                host,
                self._hosts[host.name],
                cluster,
                shared,
                simulation=self.simulation,
                begun=lambda: start_time(self.state),
            )
            self._machines.append(machine)
            replay = Replay(bundle.load(Path(host.bundle)).of(host.bundle_host)) if host.bundle else None
            service = Service(machine, self._journal, self._rules, replay)
            for scheme, port in (("http", self.estate.http), ("https", self.estate.https)):
                tls = server_context(self.state, host) if scheme == "https" else None
                try:
                    self._listeners.append(Listener(service, scheme, port, tls))
                    self.simulation.listeners.setdefault(host.name, []).append(self._listeners[-1])
                except OSError as problem:
                    self.stop()
                    raise PortTakenError(f"{host.address}:{port} of {host.name}: {problem.strerror}") from problem
        if self._exchange:
            try:
                self._exchange.start()
            except OSError as problem:
                self.stop()
                raise PortTakenError(f"an endpoint of Exchange: {problem}") from problem
        for listener in self._listeners:
            listener.start()
        self.simulation.finish_restarts()
        drain.continue_drains(self.simulation)

    def stop(self) -> None:
        """Stop every listener and the domain controller. The state is kept."""
        self.simulation.clock.cancel()
        for listener in self._listeners:
            listener.stop()
        self._listeners.clear()
        if self._exchange:
            self._exchange.stop()
        if self._directory:
            self._directory.stop()
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._journal.close()

    def reset(self) -> None:
        """Reset everything to the estate file. The journal and the fault rules become empty."""
        source = Path((self.state / "source").read_text(encoding="utf-8"))
        new_estate = estate_file.load(source if source.exists() else self.state / "estate.yml")
        if [(host.name, host.address) for host in new_estate.hosts] != [
            (host.name, host.address) for host in self.estate.hosts
        ]:
            raise EstateError("the hosts of the estate file have changed: stop the estate first")
        if _domain_identity(new_estate) != _domain_identity(self.estate):
            raise EstateError("the names or address of the domain have changed: stop the estate first")
        if source.exists():
            shutil.copyfile(source, self.state / "estate.yml")
        with self.simulation.clock.lock:
            self._rebuild(new_estate)
        self.estate = new_estate
        if self._directory and new_estate.directory:
            self._directory.reset(new_estate.directory)
        if self._exchange and new_estate.directory:
            self._exchange.reset(new_estate.directory)
        self.clear_faults()
        self._journal.reset()

    def _rebuild(self, new_estate: Estate) -> None:
        for cluster in new_estate.clusters:
            rebuilt = Repository(cluster.name, cluster.windows)
            initial_instances.fill_cluster(rebuilt, cluster, new_estate)
            self._clusters[cluster.name].reset(rebuilt.all_instances())
        for host in new_estate.hosts:
            own = Repository(host.name, host.windows)
            initial_instances.fill_host(own, host, start_time(self.state))
            self._hosts[host.name].reset(own.all_instances())
        for machine in self._machines:
            machine.cursors.clear()
            machine.events.subscriptions.clear()
            machine.host = new_estate.host(machine.host.name)
            machine.cluster = new_estate.cluster(machine.cluster.name) if machine.cluster else None
        self.simulation.reset(new_estate)

    def journal(self, *, writes: bool = False, events: bool = False) -> list[Entry]:
        """The entries of the journal."""
        return journal.read(self.state / "journal.jsonl", writes=writes, events=events)

    def cluster(self, name: str) -> Repository:
        """The repository of a cluster."""
        return self._clusters[name]

    def host(self, name: str) -> Repository:
        """The repository of a host."""
        return self._hosts[name]

    @property
    def directory(self) -> DomainController:
        """The domain controller. Raises EstateError where the estate file describes none."""
        if self._directory is None:
            raise EstateError(f"the estate {self.estate.name} has no directory")
        return self._directory

    @property
    def exchange(self) -> ExchangeEndpoints:
        """The endpoints of Exchange. Raises EstateError where the estate file describes none."""
        if self._exchange is None:
            raise EstateError(f"no Exchange server of the estate {self.estate.name} has an address")
        return self._exchange

    def add_fault(self, **rule: Any) -> None:
        """Add a fault rule. The keys are those of the file with the rules."""
        faults.add(self.state / "faults.yml", rule)

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        faults.save(self.state / "faults.yml", [])

    def private_properties(self, cluster: str, resource: str) -> dict[str, Any]:
        """The stored private properties of a resource."""
        return members(self._clusters[cluster], resource)


def members(repository: Repository, resource: str, class_name: str = "MSCluster_Resource") -> dict[str, Any]:
    """The stored private properties of a cluster object."""
    found = repository.named(class_name, resource)
    if found is None:
        raise KeyError(resource)
    held = found.values.get("PrivateProperties")
    return dict(held.members) if isinstance(held, Embedded) else {}


@contextlib.contextmanager
def running(source: Path | None, state: Path) -> Iterator[RunningEstate]:
    """A running estate, for a with block."""
    estate = RunningEstate(source, state)
    estate.start()
    try:
        yield estate
    finally:
        estate.stop()
