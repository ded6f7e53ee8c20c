# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys `adapters`, `teams`, `switches` and `paths` of the estate file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..checks import EstateError, check_choice, check_keys
from ..identity import hardware_address, identity
from . import drivers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A physical switch with frames of 9216 bytes, without the Ethernet header and a VLAN tag.
_SWITCH_MTU = 9198


@dataclass(frozen=True, slots=True)
class Adapter:
    """A network adapter. The adapter of a team or a virtual switch has members. Without C(link) no cable is in it.

    C(rdma) is whether RDMA is enabled, and C(None) for an adapter without RDMA.
    """

    name: str
    driver_name: str
    guid: str
    index: int
    description: str
    address: str
    prefix: int
    network: str
    mac: str
    speed: int
    kind: str = "physical"
    members: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    maximum: Mapping[str, int] = field(default_factory=dict)
    link: bool = True
    rdma: bool | None = None

    @property
    def driver(self) -> drivers.Driver:
        """The driver with its keywords."""
        return drivers.driver(self.driver_name, self.maximum)


@dataclass(frozen=True, slots=True)
class Switch:
    """A virtual switch on one adapter or team, or with Switch Embedded Teaming (SET)."""

    name: str
    guid: str
    members: tuple[str, ...]
    vnics: tuple[str, ...]
    embedded: bool


@dataclass(frozen=True, slots=True)
class Path:
    """The path between two nodes on a cluster network, or between all nodes. `mtu` is in bytes."""

    network: str
    between: tuple[str, ...] = ()
    mtu: int = _SWITCH_MTU
    echo: str = "passes"


@dataclass(slots=True)
class _AdapterList:
    """The adapters of a host, numbered in the order of the file."""

    host: str
    found: list[Adapter] = field(default_factory=list)

    def add(self, where: str, body: Mapping[str, Any], **more: Any) -> None:
        base = drivers.driver(check_choice(f"driver of {where}", str(body["driver"]), drivers.names()))
        same_driver = sum(item.driver_name == base.name for item in self.found)
        name, index = str(body["name"]), len(self.found) + 1
        if any(item.name.lower() == name.lower() for item in self.found):
            raise EstateError(f"host {self.host} has two adapters with the name {name}")
        values = {str(key): str(value) for key, value in body.get("values", {}).items()}
        maximum = {str(key): int(value) for key, value in body.get("maximum", {}).items()}
        driver = drivers.driver(base.name, maximum)
        for key, value in values.items():
            keyword = driver.keywords.get(key)
            if keyword is None or not keyword.accepts(value):
                raise EstateError(f"{where}: the driver has no value {value} of {key}")
        self.found.append(
            Adapter(
                name=name,
                driver_name=base.name,
                guid=identity(self.host, name, "adapter").upper(),
                index=index,
                description=base.description + (f" #{same_driver + 1}" if same_driver else ""),
                address=str(body.get("address", "")),
                prefix=int(body.get("prefix", 24)),
                network=str(body.get("network", "")),
                mac=str(more.pop("mac", body.get("mac", hardware_address(self.host, name, prefix=base.address)))),
                speed=int(more.pop("speed", body.get("speed", base.speed))),
                values=values,
                maximum=maximum,
                link=bool(body.get("link", True)),
                rdma=body.get("rdma"),
                **more,
            )
        )

    def named(self, where: str, names: Sequence[str]) -> list[Adapter]:
        members = [item for name in names for item in self.found if item.name == name]
        if len(members) < len(names) or not names:
            raise EstateError(f"{where} has members that are not adapters of the host")
        return members


_ADDRESS_KEYS = {"network", "address", "prefix"}


def adapters(host: str, items: Any, teams: Any, switches: Any) -> tuple[tuple[Adapter, ...], tuple[Switch, ...]]:
    """The adapters of a host with those of its teams and virtual switches, and the virtual switches."""
    adapters = _AdapterList(host)
    for data in items:
        where = f"adapter {data.get('name', '?') if isinstance(data, dict) else '?'} of {host}"
        adapters.add(
            where,
            check_keys(
                where, data, _ADDRESS_KEYS | {"values", "maximum", "speed", "mac", "link", "rdma"}, {"name", "driver"}
            ),
        )
    for data in teams:
        where = f"team {data.get('name', '?') if isinstance(data, dict) else '?'} of {host}"
        body = check_keys(where, data, _ADDRESS_KEYS, {"name", "members"})
        members = adapters.named(where, body["members"])
        adapters.add(
            where,
            {**body, "driver": "multiplexor"},
            kind="team",
            members=tuple(item.name for item in members),
            speed=sum(item.speed for item in members),
            mac=members[0].mac,
        )
    virtual_switches = []
    for data in switches:
        where = f"switch {data.get('name', '?') if isinstance(data, dict) else '?'} of {host}"
        body = check_keys(where, data, {"vnics", "embedded_teaming"}, {"name", "members"})
        members = adapters.named(where, body["members"])
        embedded = bool(body.get("embedded_teaming", len(members) > 1))
        if len(members) > 1 and not embedded:
            raise EstateError(f"{where} has several members but no team")
        member_names = tuple(item.name for item in members)
        for item in body.get("vnics", ()):
            vnic = check_keys(f"adapter of {where}", item, _ADDRESS_KEYS | {"values", "mac"}, {"name"})
            values = {**vnic, "name": f"vEthernet ({vnic['name']})", "driver": "hyperv"}
            speed = sum(member.speed for member in members)
            adapters.add(f"adapter {vnic['name']} of {where}", values, kind="vnic", members=member_names, speed=speed)
        vnics = tuple(str(item["name"]) for item in body.get("vnics", ()))
        virtual_switches.append(
            Switch(str(body["name"]), identity(host, body["name"], "switch").upper(), member_names, vnics, embedded)
        )
    bound = [name for item in adapters.found if item.kind == "team" for name in item.members]
    bound += [name for item in virtual_switches for name in item.members]
    for adapter in adapters.found:
        if bound.count(adapter.name) > 1 or (adapter.name in bound and (adapter.network or adapter.address)):
            raise EstateError(f"adapter {adapter.name} of {host} has two bindings, or a binding and a network")
    return tuple(adapters.found), tuple(virtual_switches)


def paths(cluster: str, items: Any, networks: Sequence[str], nodes: Sequence[str]) -> tuple[Path, ...]:
    """The paths of a cluster that differ from the default. Those between two nodes come first."""
    found = []
    for data in items:
        where = f"a path of {cluster}"
        body = check_keys(where, data, {"between", "mtu", "echo"}, {"network"})
        between = tuple(str(name) for name in body.get("between", ()))
        if body["network"] not in networks or any(name not in nodes for name in between) or len(between) not in {0, 2}:
            raise EstateError(f"{where} needs a network of the cluster, and two of its nodes or none")
        echo = check_choice(f"echo of {where}", body.get("echo", "passes"), ("passes", "filtered"))
        found.append(Path(body["network"], between, int(body.get("mtu", _SWITCH_MTU)), echo))
    return tuple(sorted(found, key=lambda path: not path.between))


def path(paths: Sequence[Path], network: str, one: str, other: str) -> Path:
    """The path between two nodes on a network: the first match."""
    for item in paths:
        if item.network == network and (not item.between or set(item.between) == {one, other}):
            return item
    return Path(network)
