# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network adapters of a host, what is bound together of them, and the switches between hosts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..checks import EstateError, check_choice, check_keys
from ..identity import hardware_address, identity
from . import drivers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A switch that takes frames of 9216 bytes: less the header and a VLAN tag.
_SWITCH_MTU = 9198


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter as Windows lists it. A team's or a switch's own adapter has others below it: its members."""

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

    @property
    def driver(self) -> drivers.Driver:
        """What its driver offers."""
        return drivers.driver(self.driver_name, self.maximum)


@dataclass(frozen=True, slots=True)
class Switch:
    """A virtual switch of Hyper-V: over one adapter or team, or with a team of its own (SET)."""

    name: str
    guid: str
    members: tuple[str, ...]
    vnics: tuple[str, ...]
    embedded: bool


@dataclass(frozen=True, slots=True)
class Path:
    """What the switches of a cluster network carry: between two nodes, or between any two of them."""

    network: str
    between: tuple[str, ...] = ()
    mtu: int = _SWITCH_MTU
    echo: str = "passes"


@dataclass(slots=True)
class _Row:
    """Adapters get their numbers in the order of the file."""

    host: str
    found: list[Adapter] = field(default_factory=list)

    def add(self, where: str, body: Mapping[str, Any], **more: Any) -> None:
        make = drivers.driver(check_choice(f"driver of {where}", str(body["driver"]), drivers.names()))
        twins = sum(item.driver_name == make.name for item in self.found)
        name, index = str(body["name"]), len(self.found) + 1
        if any(item.name.lower() == name.lower() for item in self.found):
            raise EstateError(f"host {self.host} has two adapters {name}")
        values = {str(key): str(value) for key, value in body.get("values", {}).items()}
        maximum = {str(key): int(value) for key, value in body.get("maximum", {}).items()}
        driver = drivers.driver(make.name, maximum)
        for key, value in values.items():
            known = driver.keywords.get(key)
            if known is None or not known.accepts(value):
                raise EstateError(f"{where}: its driver has no {key} {value}")
        self.found.append(
            Adapter(
                name=name,
                driver_name=make.name,
                guid=identity(self.host, name, "adapter").upper(),
                index=index,
                description=make.description + (f" #{twins + 1}" if twins else ""),
                address=str(body.get("address", "")),
                prefix=int(body.get("prefix", 24)),
                network=str(body.get("network", "")),
                mac=str(more.pop("mac", body.get("mac", hardware_address(self.host, name, prefix=make.address)))),
                speed=int(more.pop("speed", body.get("speed", make.speed))),
                values=values,
                maximum=maximum,
                **more,
            )
        )

    def named(self, where: str, names: Sequence[str]) -> list[Adapter]:
        members = [item for name in names for item in self.found if item.name == name]
        if len(members) < len(names) or not names:
            raise EstateError(f"{where} names members that are no adapters of the host")
        return members


_PLACE = {"network", "address", "prefix"}


def adapters(host: str, listed: Any, teams: Any, switches: Any) -> tuple[tuple[Adapter, ...], tuple[Switch, ...]]:
    """The adapters of a host: its own, those of its teams, and those of its virtual switches."""
    row = _Row(host)
    for data in listed:
        where = f"adapter {data.get('name', '?') if isinstance(data, dict) else '?'} of {host}"
        row.add(where, check_keys(where, data, _PLACE | {"values", "maximum", "speed", "mac"}, {"name", "driver"}))
    for data in teams:
        where = f"team {data.get('name', '?') if isinstance(data, dict) else '?'} of {host}"
        body = check_keys(where, data, _PLACE, {"name", "members"})
        members = row.named(where, body["members"])
        row.add(
            where,
            {**body, "driver": "multiplexor"},
            kind="team",
            members=tuple(item.name for item in members),
            speed=sum(item.speed for item in members),
            mac=members[0].mac,
        )
    made = []
    for data in switches:
        where = f"switch {data.get('name', '?') if isinstance(data, dict) else '?'} of {host}"
        body = check_keys(where, data, {"vnics", "embedded_teaming"}, {"name", "members"})
        members = row.named(where, body["members"])
        embedded = bool(body.get("embedded_teaming", len(members) > 1))
        if len(members) > 1 and not embedded:
            raise EstateError(f"{where} has several members and no team for them")
        below = tuple(item.name for item in members)
        for item in body.get("vnics", ()):
            vnic = check_keys(f"adapter of {where}", item, _PLACE | {"values", "mac"}, {"name"})
            named = {**vnic, "name": f"vEthernet ({vnic['name']})", "driver": "hyperv"}
            speed = sum(member.speed for member in members)
            row.add(f"adapter {vnic['name']} of {where}", named, kind="vnic", members=below, speed=speed)
        vnics = tuple(str(item["name"]) for item in body.get("vnics", ()))
        made.append(Switch(str(body["name"]), identity(host, body["name"], "switch").upper(), below, vnics, embedded))
    busy = [name for item in row.found if item.kind == "team" for name in item.members]
    busy += [name for item in made for name in item.members]
    for adapter in row.found:
        if busy.count(adapter.name) > 1 or (adapter.name in busy and (adapter.network or adapter.address)):
            raise EstateError(f"adapter {adapter.name} of {host} is bound twice, or is bound and has a network")
    return tuple(row.found), tuple(made)


def paths(cluster: str, listed: Any, networks: Sequence[str], nodes: Sequence[str]) -> tuple[Path, ...]:
    """The paths that are not as they should be; the first that fits counts, those between two nodes before others."""
    found = []
    for data in listed:
        where = f"a path of {cluster}"
        body = check_keys(where, data, {"between", "mtu", "echo"}, {"network"})
        between = tuple(str(name) for name in body.get("between", ()))
        if body["network"] not in networks or any(name not in nodes for name in between) or len(between) not in {0, 2}:
            raise EstateError(f"{where} needs a network of the cluster, and two of its nodes or none")
        echo = check_choice(f"echo of {where}", body.get("echo", "passes"), ("passes", "filtered"))
        found.append(Path(body["network"], between, int(body.get("mtu", _SWITCH_MTU)), echo))
    return tuple(sorted(found, key=lambda path: not path.between))


def path(known: Sequence[Path], network: str, one: str, other: str) -> Path:
    """What lies between two nodes on a network."""
    for item in known:
        if item.network == network and (not item.between or set(item.between) == {one, other}):
            return item
    return Path(network)
