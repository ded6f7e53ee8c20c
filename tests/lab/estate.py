# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate file: its hosts, clusters and directory, with the raw values of Windows."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import yaml

from .checks import EstateError, check_choice, check_keys
from .directory import description
from .identity import identity
from .windows import differences, hotfixes_and_events, network_layout, storage_pool, virtual_machines
from .windows.versions import VERSIONS

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator, Mapping, Sequence

    from .windows.hotfixes_and_events import Event
    from .windows.network_layout import Adapter, Path, Switch
    from .windows.storage_pool import StoragePool
    from .windows.virtual_machines import MachineSettings

_PUT_MODES = ("works", "stored_but_faults", "ignored", "refused")
_DURATIONS = ("restart_seconds", "drain_seconds", "failback_seconds", "job_seconds")
_CERTIFICATES = ("good", "other_ca", "wrong_name", "expired")


@dataclass(frozen=True, slots=True)
class Host:
    """A Windows host and the options of its endpoint."""

    name: str
    address: str
    windows: str
    groups: tuple[str, ...] = ()
    cluster: str | None = None
    user: str = "Administrator"
    password: str = ""
    fault_detail: str = "wmi_error"
    projection: str = "fragment"
    first_page: str = "full"
    certificate: str = "good"
    http_401: bool = False
    instances: Mapping[str, Any] = field(default_factory=dict)
    adapters: tuple[Adapter, ...] = ()
    switches: tuple[Switch, ...] = ()
    no_restart: str = "honoured"
    after_restart: str = "comes_back"
    drain: str = "works"
    restart_seconds: float = 1.5
    drain_seconds: float = 1.0
    hyperv: bool | None = None
    virtual_machines: tuple[MachineSettings, ...] = ()
    hotfixes: tuple[Mapping[str, Any], ...] = ()
    events: tuple[Event, ...] = ()
    log_days: float = 400.0
    channels: tuple[str, ...] = ()
    unreadable_channels: tuple[str, ...] = ()
    event_plugin: str = "works"
    event_search: str = "at_once"
    quiet_seconds: float = 0.05
    failback_seconds: float = 1.0
    updating: bool = False
    network_atc: tuple[str, ...] = ()
    missing_namespaces: tuple[str, ...] = ()
    storage_spaces_direct: StoragePool | None = None
    live_migration: Mapping[str, Any] = field(default_factory=dict)
    cores: int = 32
    virtual_machine: str = ""
    guest_of: VirtualMachine | None = None
    job_seconds: float = 0.1
    settings_answer: str = "job"
    differs: differences.Differences = field(default_factory=differences.Differences)
    bundle: str = ""
    bundle_host: str = ""

    def adapter(self, name: str) -> Adapter:
        """The adapter of this name."""
        return next(item for item in self.adapters if item.name == name)

    @property
    def listener(self) -> Adapter | None:
        """The adapter with the address of the endpoint."""
        return next((item for item in self.adapters if item.address == self.address), None)


@dataclass(frozen=True, slots=True)
class VirtualMachine:
    """A clustered virtual machine. The embedded object has only the private properties that are given here."""

    name: str
    owner: str
    state: int = 2
    priority: int = 2000
    resource: str = ""
    group: str = ""
    private_properties: Mapping[str, Any] = field(default_factory=dict)
    anti_affinity: tuple[str, ...] = ()
    possible_owners: tuple[str, ...] = ()
    resiliency_period: int | None = None
    settings: MachineSettings = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Network:
    """A cluster network."""

    name: str
    subnet: str
    role: int = 3
    metric: int = 30000
    auto_metric: bool = True
    id: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A failover cluster. Nodes that are not hosts of the estate are down.

    C(instance) makes its ids: clusters of the same name in two estates have different ones.
    """

    name: str
    fqdn: str
    nodes: tuple[str, ...]
    windows: str
    instance: str
    networks: tuple[Network, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    virtual_machines: tuple[VirtualMachine, ...] = ()
    virtual_machine_type: Mapping[str, Any] = field(default_factory=dict)
    shared_volumes: tuple[Mapping[str, Any], ...] = ()
    resources: tuple[Mapping[str, Any], ...] = ()
    put_private_properties: str = "works"
    put_missing_members: str = "dropped"
    paths: tuple[Path, ...] = ()
    witness: str = "file_share"
    storage_spaces_direct: StoragePool | None = None
    fault_domains: Mapping[str, Sequence[str]] = field(default_factory=dict)
    affinity_rules: tuple[Mapping[str, Any], ...] = ()
    witness_share: str = ""


@dataclass(frozen=True, slots=True)
class Estate:
    """The contents of an estate file."""

    name: str
    http: int
    https: int
    hosts: tuple[Host, ...]
    clusters: tuple[Cluster, ...]
    directory: description.Directory | None = None

    def host(self, name: str) -> Host:
        """The host of this name."""
        return next(host for host in self.hosts if host.name.lower() == name.lower())

    def cluster(self, name: str) -> Cluster:
        """The cluster of this name."""
        return next(cluster for cluster in self.clusters if cluster.name.lower() == name.lower())


def _host(data: Any, credentials: Mapping[str, str], durations: Mapping[str, Any]) -> Host:
    where = f"host {data.get('name', '?') if isinstance(data, dict) else '?'}"
    optional = {"groups", "cluster", "instances", "http_401", "first_page", "missing_namespaces"}
    switches = {"user", "password", "fault_detail", "projection", "certificate", "no_restart", "after_restart", "drain"}
    optional |= {"adapters", "teams", "switches", "hyperv", "virtual_machines", "hotfixes", "events", "log_days"}
    optional |= {"updating", "network_atc", *_DURATIONS, "live_migration", "cores", "virtual_machine"}
    optional |= {"channels", "unreadable_channels", "event_plugin", "event_search", "quiet_seconds", "settings_answer"}
    optional |= {"bundle", "bundle_host", "differs"}
    body = check_keys(where, data, optional | switches, {"name", "address", "windows"})
    windows = check_choice(f"windows of {where}", str(body["windows"]), tuple(VERSIONS))
    if not ipaddress.ip_address(body["address"]).is_loopback:
        raise EstateError(f"{where} has the address {body['address']}, which is not a loopback address")
    adapters, virtual_switches = network_layout.adapters(
        body["name"], body.get("adapters", ()), body.get("teams", ()), body.get("switches", ())
    )
    detail = "wmi_error" if VERSIONS[windows].has("2012") else "wsman_fault"
    first_page = "full" if VERSIONS[windows].has("2012 R2") else "one_item"
    machines = virtual_machines.standalone(body["name"], body.get("virtual_machines", ()), _disk_extension(windows))
    return Host(
        body["name"],
        body["address"],
        windows,
        tuple(body.get("groups", ())),
        body.get("cluster"),
        body.get("user", credentials["user"]),
        body.get("password", credentials["password"]),
        check_choice(f"fault_detail of {where}", body.get("fault_detail", detail), ("wmi_error", "wsman_fault")),
        check_choice(
            f"projection of {where}", body.get("projection", "fragment"), ("fragment", "refuse", "no_embedded")
        ),
        check_choice(f"first_page of {where}", body.get("first_page", first_page), ("full", "one_item")),
        check_choice(f"certificate of {where}", body.get("certificate", "good"), _CERTIFICATES),
        bool(body.get("http_401", False)),
        body.get("instances", {}),
        adapters,
        virtual_switches,
        check_choice(f"no_restart of {where}", body.get("no_restart", "honoured"), ("honoured", "ignored")),
        check_choice(
            f"after_restart of {where}", body.get("after_restart", "comes_back"), ("comes_back", "stays_down")
        ),
        check_choice(f"drain of {where}", body.get("drain", "works"), ("works", "hangs", "fails")),
        float(body.get("restart_seconds", durations.get("restart_seconds", 1.5))),
        float(body.get("drain_seconds", durations.get("drain_seconds", 1.0))),
        bool(body["hyperv"]) if "hyperv" in body else True if machines or virtual_switches else None,
        machines,
        hotfixes_and_events.hotfixes(body["name"], body.get("hotfixes", ())),
        hotfixes_and_events.events(body["name"], windows, body.get("events", ())),
        float(body.get("log_days", 400)),
        tuple(str(name) for name in body.get("channels", ())),
        tuple(str(name) for name in body.get("unreadable_channels", ())),
        check_choice(f"event_plugin of {where}", body.get("event_plugin", "works"), ("works", "denied", "missing")),
        check_choice(f"event_search of {where}", body.get("event_search", "at_once"), ("at_once", "slow")),
        float(body.get("quiet_seconds", 0.05)),
        float(body.get("failback_seconds", durations.get("failback_seconds", 1.0))),
        bool(body.get("updating", False)),
        tuple(str(name) for name in body.get("network_atc", ())),
        tuple(str(name).lower() for name in body.get("missing_namespaces", ())),
        live_migration=body.get("live_migration", {}),
        cores=int(body.get("cores", 32)),
        virtual_machine=str(body.get("virtual_machine", "")),
        job_seconds=float(body.get("job_seconds", durations.get("job_seconds", 0.1))),
        settings_answer=check_choice(
            f"settings_answer of {where}", body.get("settings_answer", "job"), ("job", "direct")
        ),
        differs=differences.differences(where, body.get("differs", {})),
        bundle=str(body.get("bundle", "")),
        bundle_host=str(body.get("bundle_host", "")) or str(body["name"]),
    )


def _disk_extension(windows: str) -> str:
    """The file name extension of virtual hard disks: vhdx since 2012."""
    return "vhdx" if VERSIONS[windows].has("2012") else "vhd"


def _machines(
    cluster: str, instance: str, items: Any, nodes: tuple[str, ...], windows: str
) -> Iterator[VirtualMachine]:
    for position, data in enumerate(items):
        where = f"virtual machine {position + 1} of {cluster}"
        optional = {
            "owner",
            "state",
            "priority",
            "resource",
            "group",
            "private_properties",
            "anti_affinity",
            "possible_owners",
            "resiliency_period",
            "count",
            *virtual_machines.KEYS,
        }
        body = check_keys(where, data, optional, {"name"})
        for number in range(1, int(body.get("count", 1)) + 1):
            name = body["name"].format(number=number) if "count" in body else body["name"]
            resource = body.get("resource", "Virtual Machine {name}").format(name=name, number=number)
            vm_id = str(body.get("private_properties", {}).get("VmID", identity(instance, "vm", resource)))
            path = rf"C:\ClusterStorage\Volume1\{name}\{name}.{_disk_extension(windows)}"
            yield VirtualMachine(
                name,
                body.get("owner", nodes[(number - 1) % len(nodes)]),
                int(body.get("state", 2)),
                int(body.get("priority", 2000)),
                resource,
                body.get("group", "{name}").format(name=name, number=number),
                body.get("private_properties", {}),
                tuple(str(name) for name in body.get("anti_affinity", ())),
                tuple(str(name) for name in body.get("possible_owners", ())),
                body.get("resiliency_period"),
                settings=virtual_machines.machine_settings(where, name, vm_id, body, default_disk=path),
            )


def _cluster_version(where: str, members: Sequence[Host]) -> str:
    """The Windows version of a cluster: the oldest of its nodes. From 2016 on, two successive versions may be mixed."""
    versions = sorted({host.windows for host in members}, key=lambda name: VERSIONS[name].age)
    oldest, newest = VERSIONS[versions[0]], VERSIONS[versions[-1]]
    if oldest is not newest and (not oldest.has("2016") or newest.age > oldest.age + 1):
        raise EstateError(f"{where} mixes Windows versions that cannot be in one cluster")
    return oldest.name


def _cluster(data: Any, hosts: tuple[Host, ...]) -> Cluster:
    where = f"cluster {data.get('name', '?') if isinstance(data, dict) else '?'}"
    optional = {"nodes", "networks", "properties", "virtual_machines", "virtual_machine_type", "shared_volumes"}
    switches = {
        "resources",
        "put_private_properties",
        "put_missing_members",
        "paths",
        "witness",
        "storage_spaces_direct",
        "fault_domains",
        "affinity_rules",
        "witness_share",
    }
    body = check_keys(where, data, optional | switches, {"name", "fqdn"})
    members = [host for host in hosts if host.cluster == body["name"]]
    if not members:
        raise EstateError(f"{where} has no host")
    windows = _cluster_version(where, members)
    nodes = tuple(body.get("nodes", [host.name for host in members]))
    if "fault_domains" in body and not VERSIONS[windows].has("2016"):
        raise EstateError(f"{where}: Windows Server {windows} has no fault domains")
    networks = tuple(Network(**network) for network in body.get("networks", ()))
    instance = identity(body["name"], body["fqdn"], members[0].address)
    return Cluster(
        body["name"],
        body["fqdn"],
        nodes,
        windows,
        instance,
        networks,
        body.get("properties", {}),
        tuple(_machines(body["name"], instance, body.get("virtual_machines", ()), nodes, windows)),
        body.get("virtual_machine_type", {}),
        tuple(body.get("shared_volumes", ())),
        tuple(body.get("resources", ())),
        check_choice(f"put_private_properties of {where}", body.get("put_private_properties", "works"), _PUT_MODES),
        check_choice(
            f"put_missing_members of {where}", body.get("put_missing_members", "dropped"), ("dropped", "kept")
        ),
        network_layout.paths(body["name"], body.get("paths", ()), [network.name for network in networks], nodes),
        check_choice(f"witness of {where}", body.get("witness", "file_share"), ("file_share", "cloud", "none")),
        storage_pool.storage_pool(where, body["storage_spaces_direct"]) if "storage_spaces_direct" in body else None,
        check_keys(f"fault_domains of {where}", body.get("fault_domains", {}), set(nodes), set()),
        tuple(body.get("affinity_rules", ())),
        str(body.get("witness_share", rf"\\fs01\witness-{body['name'].lower()}")),
    )


def _with_addresses(host: Host, clusters: Sequence[Cluster]) -> Host:
    """A host with the addresses of its adapters on the cluster networks."""
    cluster = next((item for item in clusters if item.name == host.cluster), None)
    networks = {network.name: network for network in cluster.networks} if cluster else {}
    adapters = []
    for adapter in host.adapters:
        if not adapter.network:
            adapters.append(adapter)
            continue
        network = networks.get(adapter.network)
        if cluster is None or network is None or host.name not in cluster.nodes:
            raise EstateError(f"adapter {adapter.name} of {host.name}: its cluster has no network {adapter.network}")
        if any(item.network == adapter.network for item in adapters):
            raise EstateError(f"host {host.name} has two adapters on {adapter.network}")
        subnet = ipaddress.ip_network(network.subnet)
        in_subnet = ipaddress.ip_address(host.address) in subnet
        default = host.address if in_subnet else str(subnet[10 + cluster.nodes.index(host.name)])
        adapters.append(replace(adapter, address=adapter.address or default, prefix=subnet.prefixlen))
    hyperv = bool(cluster and cluster.virtual_machines) if host.hyperv is None else host.hyperv
    pool = cluster.storage_spaces_direct if cluster else None
    return replace(host, adapters=tuple(adapters), hyperv=hyperv, storage_spaces_direct=pool)


def parse(data: Any) -> Estate:
    """Check an estate. Raises EstateError with one sentence."""
    body = check_keys(
        "the estate", data, {"listeners", "clusters", "directory", *_DURATIONS}, {"name", "credentials", "hosts"}
    )
    credentials = check_keys("credentials", body["credentials"], set(), {"user", "password"})
    listeners = check_keys("listeners", body.get("listeners", {}), {"http", "https"}, set())
    hosts = tuple(_host(item, credentials, body) for item in body["hosts"])
    for attribute in ("name", "address"):
        values = [getattr(host, attribute) for host in hosts]
        duplicate = next((item for item in values if values.count(item) > 1), None)
        if duplicate:
            raise EstateError(f"two hosts have the {attribute} {duplicate}")
    clusters = tuple(_cluster(item, hosts) for item in body.get("clusters", ()))
    hosts = tuple(_with_addresses(host, clusters) for host in hosts)
    machines = {machine.name: machine for cluster in clusters for machine in cluster.virtual_machines}
    unknown = next((host for host in hosts if host.virtual_machine and host.virtual_machine not in machines), None)
    if unknown:
        raise EstateError(f"host {unknown.name} is the virtual machine {unknown.virtual_machine}, which no cluster has")
    hosts = tuple(replace(host, guest_of=machines.get(host.virtual_machine)) for host in hosts)
    names = {cluster.name for cluster in clusters}
    misplaced = next((host for host in hosts if host.cluster and host.cluster not in names), None)
    if misplaced:
        raise EstateError(
            f"host {misplaced.name} is in cluster {misplaced.cluster}, which the estate file does not have"
        )
    directory = description.parse(body["directory"], credentials) if "directory" in body else None
    ports = int(listeners.get("http", 5985)), int(listeners.get("https", 5986))
    return Estate(body["name"], *ports, hosts, clusters, directory)


def load(path: pathlib.Path) -> Estate:
    """Read an estate file."""
    try:
        return parse(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValueError, TypeError) as problem:
        raise EstateError(f"{path}: {problem}") from problem
