# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_PingStatus: the result of an echo from a host to an address. It is calculated, no packet is sent."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..wire import wql
from ..wire.fault import Fault, FaultError
from . import adapter_state, network_layout
from .repository import Instance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..estate import Host
    from ..wire.enumeration import EnumerateOptions
    from ..wire.values import Value
    from .classes import Class
    from .network_layout import Adapter
    from .simulation import Simulation

_PASSED, _TOO_BIG, _TIMED_OUT, _GENERAL_FAILURE = 0, 11009, 11010, 11050
_HOST_NOT_FOUND = 11001
_HEADERS = {4: 20 + 8, 6: 40 + 8}
_DEFAULTS: dict[str, Value] = {
    "BufferSize": 32,
    "NoFragmentation": False,
    "Timeout": 1000,
    "TimeToLive": 80,
    "TypeofService": 0,
    "RecordRoute": 0,
    "ResolveAddressNames": False,
    "SourceRoute": "",
    "SourceRouteType": 0,
    "TimestampRoute": 0,
    "ProtocolAddress": "",
    "ProtocolAddressResolved": "",
}


def _missing_address(text: str) -> FaultError:
    return FaultError(
        Fault(
            "w:InternalError",
            1359,
            "Win32_PingStatus needs an Address in its WHERE clause. HRESULT = 0x80041008",
            provider=True,
            hresult=0x80041008,
            cim_status=4,
            operation="ExecQuery",
            parameter=text,
        )
    )


def _alternatives(condition: wql.Condition | None) -> list[dict[str, Value]]:
    """The values that a condition sets with `=`: one mapping for each alternative of an OR."""
    if condition is None:
        return [{}]
    if isinstance(condition, wql.Comparison):
        return [{condition.path[0].lower(): condition.literal}] if condition.operator == "=" else [{}]
    if condition.operator == "or":
        return [item for part in condition.parts for item in _alternatives(part)]
    found: list[dict[str, Value]] = [{}]
    if condition.operator == "and":
        for part in condition.parts:
            found = [{**one, **other} for one in found for other in _alternatives(part)]
    return found


@dataclass(frozen=True, slots=True)
class _Receiver:
    host: Host
    adapter: Adapter | None


def _receiver(simulation: Simulation, address: str) -> _Receiver | None:
    for host in simulation.estate.hosts:
        for adapter in host.adapters:
            if adapter.address == address:
                return _Receiver(host, adapter)
    found = next((host for host in simulation.estate.hosts if host.address == address), None)
    return _Receiver(found, None) if found else None


def _sender(host: Host, receiver: _Receiver) -> Adapter | None:
    """The adapter that sends: the one in the subnet of the receiver, else the one with the listener."""
    remote_adapter = receiver.adapter
    if remote_adapter is not None:
        target = ipaddress.ip_address(remote_adapter.address)
        for adapter in host.adapters:
            if adapter.address and target in ipaddress.ip_network(f"{adapter.address}/{adapter.prefix}", strict=False):
                return adapter
    return host.listener


def _mtu(simulation: Simulation, host: Host, adapter: Adapter | None) -> int:
    return adapter_state.state(simulation.hosts[host.name], adapter.name)[1] if adapter else 1500


def _lower_mtu(simulation: Simulation, host: Host, adapter: Adapter | None) -> int:
    """The smallest MTU of the adapters below a virtual adapter, in bytes."""
    members = [host.adapter(name) for name in adapter.members] if adapter else []
    return min(
        (min(_mtu(simulation, host, item), _lower_mtu(simulation, host, item)) for item in members), default=1 << 16
    )


def _status(simulation: Simulation, host: Host, receiver: _Receiver, size: int, *, no_fragmentation: bool) -> int:
    adapter = _sender(host, receiver)
    if adapter is not None and not simulation.connected(host, adapter):
        return _GENERAL_FAILURE
    remote_adapter, remote = receiver.adapter, receiver.host
    # Without "do not fragment" the sender splits the packet into fragments of its MTU.
    version = ipaddress.ip_address(remote_adapter.address if remote_adapter else remote.address).version
    packet, own_mtu = size + _HEADERS[version], _mtu(simulation, host, adapter)
    if packet > own_mtu:
        if no_fragmentation:
            return _TOO_BIG
        packet = own_mtu
    if simulation.is_rebooting(remote) or (
        remote_adapter is not None and not simulation.connected(remote, remote_adapter)
    ):
        return _TIMED_OUT
    if host.name == remote.name:
        return _PASSED
    path_mtu = min(
        _lower_mtu(simulation, host, adapter),
        _lower_mtu(simulation, remote, remote_adapter),
        _mtu(simulation, remote, remote_adapter),
    )
    member = simulation.cluster_of(host)
    if member is not None and adapter is not None and adapter.network and remote.cluster == host.cluster:
        path = network_layout.path(member[0].paths, adapter.network, host.name, remote.name)
        if path.echo == "filtered":
            return _TIMED_OUT
        path_mtu = min(path_mtu, path.mtu)
    return _PASSED if packet <= path_mtu else _TIMED_OUT


def _resolve(simulation: Simulation, name: str) -> str | None:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        short = name.partition(".")[0].lower()
        return next((host.address for host in simulation.estate.hosts if host.name.lower() == short), None)


def _reply(simulation: Simulation, host: Host, options: Mapping[str, Value]) -> dict[str, Value]:
    address = _resolve(simulation, str(options["Address"]))
    if address is None:
        return {"PrimaryAddressResolutionStatus": _HOST_NOT_FOUND}
    receiver = _Receiver(host, None) if address.startswith("127.0.0.") else _receiver(simulation, address)
    if receiver is None:
        return {"PrimaryAddressResolutionStatus": 0}
    size = options["BufferSize"]
    no_fragmentation = options["NoFragmentation"] in {True, "true", "TRUE"}
    status = _status(simulation, host, receiver, int(str(size)), no_fragmentation=no_fragmentation)
    values: dict[str, Value] = {"PrimaryAddressResolutionStatus": 0, "StatusCode": status}
    if status == _PASSED:
        values |= {
            "ProtocolAddress": address,
            "ReplySize": size,
            "ResponseTime": 1,
            "ResponseTimeToLive": 128,
            "ReplyInconsistency": False,
        }
    return values


def instances(simulation: Simulation, host: Host, cls: Class, options: EnumerateOptions) -> list[Instance]:
    """One instance for each address in the WHERE clause."""
    found = []
    for fixed in _alternatives(options.query.condition if options.query else None):
        if not isinstance(fixed.get("address"), str) or not fixed["address"]:
            raise _missing_address(options.text)
        keys = {key.name: fixed[key.name.lower()] for key in cls.keys if key.name.lower() in fixed}
        given = {**_DEFAULTS, **keys}
        values = {item.name: None for item in cls.properties.values()} | given | _reply(simulation, host, given)
        found.append(Instance(cls, values))
    return found
