# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate file: which hosts and clusters there are, in Windows' own raw values."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from .windows import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PUT_MODES = ("works", "stored_but_faults", "ignored", "refused")
_CERTIFICATES = ("good", "other_ca", "wrong_name", "expired")


class EstateError(ValueError):
    """The file does not describe an estate; the text says where."""


@dataclass(frozen=True, slots=True)
class Host:
    """One Windows machine and the switches of its endpoint."""

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


@dataclass(frozen=True, slots=True)
class VirtualMachine:
    """A clustered virtual machine. What private_properties leaves out is absent from the embedded object."""

    name: str
    owner: str
    state: int = 2
    priority: int = 2000
    resource: str = ""
    group: str = ""
    private_properties: Mapping[str, Any] = field(default_factory=dict)


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
    """A failover cluster; nodes that are no hosts of the estate are down."""

    name: str
    fqdn: str
    nodes: tuple[str, ...]
    windows: str
    networks: tuple[Network, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    virtual_machines: tuple[VirtualMachine, ...] = ()
    virtual_machine_type: Mapping[str, Any] = field(default_factory=dict)
    shared_volumes: tuple[Mapping[str, Any], ...] = ()
    resources: tuple[Mapping[str, Any], ...] = ()
    put_private_properties: str = "works"
    put_missing_members: str = "dropped"


@dataclass(frozen=True, slots=True)
class Estate:
    """Everything that one file describes."""

    name: str
    http: int
    https: int
    hosts: tuple[Host, ...]
    clusters: tuple[Cluster, ...]

    def host(self, name: str) -> Host:
        """The host of this name."""
        return next(host for host in self.hosts if host.name.lower() == name.lower())

    def cluster(self, name: str) -> Cluster:
        """The cluster of this name."""
        return next(cluster for cluster in self.clusters if cluster.name.lower() == name.lower())


def _take(where: str, data: Any, allowed: set[str], required: set[str]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise EstateError(f"{where} is no mapping")
    wrong, missing = set(data) - allowed - required, required - set(data)
    if wrong:
        raise EstateError(f"{where} has an unknown key {sorted(map(str, wrong))[0]}")
    if missing:
        raise EstateError(f"{where} lacks {min(missing)}")
    return data


def _choice(where: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise EstateError(f"{where} is {value}, not one of {', '.join(known)}")
    return value


def _host(data: Any, credentials: Mapping[str, str]) -> Host:
    named = data.get("name", "?") if isinstance(data, dict) else "?"
    where = f"host {named}"
    optional = {"groups", "cluster", "instances", "http_401", "first_page"}
    switches = {"user", "password", "fault_detail", "projection", "certificate"}
    body = _take(where, data, optional | switches, {"name", "address", "windows"})
    windows = _choice(f"windows of {where}", str(body["windows"]), tuple(VERSIONS))
    if not ipaddress.ip_address(body["address"]).is_loopback:
        raise EstateError(f"{where} has the address {body['address']}, which is not a loopback address")
    detail = "wmi_error" if VERSIONS[windows].has("2012") else "wsman_fault"
    return Host(
        body["name"],
        body["address"],
        windows,
        tuple(body.get("groups", ())),
        body.get("cluster"),
        body.get("user", credentials["user"]),
        body.get("password", credentials["password"]),
        _choice(f"fault_detail of {where}", body.get("fault_detail", detail), ("wmi_error", "wsman_fault")),
        _choice(f"projection of {where}", body.get("projection", "fragment"), ("fragment", "refuse", "no_embedded")),
        _choice(f"first_page of {where}", body.get("first_page", "full"), ("full", "one_item")),
        _choice(f"certificate of {where}", body.get("certificate", "good"), _CERTIFICATES),
        bool(body.get("http_401", False)),
        body.get("instances", {}),
    )


def _machines(cluster: str, listed: Any, nodes: tuple[str, ...]) -> Iterator[VirtualMachine]:
    for position, data in enumerate(listed):
        where = f"virtual machine {position + 1} of {cluster}"
        optional = {"owner", "state", "priority", "resource", "group", "private_properties", "count"}
        body = _take(where, data, optional, {"name"})
        for number in range(1, int(body.get("count", 1)) + 1):
            name = body["name"].format(number=number) if "count" in body else body["name"]
            yield VirtualMachine(
                name,
                body.get("owner", nodes[(number - 1) % len(nodes)]),
                int(body.get("state", 2)),
                int(body.get("priority", 2000)),
                body.get("resource", "Virtual Machine {name}").format(name=name, number=number),
                body.get("group", "{name}").format(name=name, number=number),
                body.get("private_properties", {}),
            )


def _cluster(data: Any, hosts: tuple[Host, ...]) -> Cluster:
    named = data.get("name", "?") if isinstance(data, dict) else "?"
    where = f"cluster {named}"
    optional = {"nodes", "networks", "properties", "virtual_machines", "virtual_machine_type", "shared_volumes"}
    switches = {"resources", "put_private_properties", "put_missing_members"}
    body = _take(where, data, optional | switches, {"name", "fqdn"})
    members = [host for host in hosts if host.cluster == body["name"]]
    if not members:
        raise EstateError(f"{where} has no host")
    if len({host.windows for host in members}) > 1:
        raise EstateError(f"{where} mixes Windows versions")
    nodes = tuple(body.get("nodes", [host.name for host in members]))
    return Cluster(
        body["name"],
        body["fqdn"],
        nodes,
        members[0].windows,
        tuple(Network(**network) for network in body.get("networks", ())),
        body.get("properties", {}),
        tuple(_machines(body["name"], body.get("virtual_machines", ()), nodes)),
        body.get("virtual_machine_type", {}),
        tuple(body.get("shared_volumes", ())),
        tuple(body.get("resources", ())),
        _choice(f"put_private_properties of {where}", body.get("put_private_properties", "works"), _PUT_MODES),
        _choice(f"put_missing_members of {where}", body.get("put_missing_members", "dropped"), ("dropped", "kept")),
    )


def parse(data: Any) -> Estate:
    """Understand an estate, or say in one sentence what is wrong with it."""
    body = _take("the estate", data, {"listeners", "clusters"}, {"name", "credentials", "hosts"})
    credentials = _take("credentials", body["credentials"], set(), {"user", "password"})
    listeners = _take("listeners", body.get("listeners", {}), {"http", "https"}, set())
    hosts = tuple(_host(item, credentials) for item in body["hosts"])
    for attribute in ("name", "address"):
        seen = [getattr(host, attribute) for host in hosts]
        double = next((item for item in seen if seen.count(item) > 1), None)
        if double:
            raise EstateError(f"two hosts have the {attribute} {double}")
    clusters = tuple(_cluster(item, hosts) for item in body.get("clusters", ()))
    known = {cluster.name for cluster in clusters}
    stray = next((host for host in hosts if host.cluster and host.cluster not in known), None)
    if stray:
        raise EstateError(f"host {stray.name} is in cluster {stray.cluster}, which is not described")
    return Estate(body["name"], int(listeners.get("http", 5985)), int(listeners.get("https", 5986)), hosts, clusters)


def load(path: Path) -> Estate:
    """Read an estate file."""
    try:
        return parse(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValueError, TypeError) as problem:
        raise EstateError(f"{path}: {problem}") from problem
