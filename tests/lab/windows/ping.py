# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_PingStatus: an echo from one host of the estate to an address, worked out and not sent."""

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
_HEADERS = 28
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
    """What a condition fixes by `=`, once for each of its ways to be true."""
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
class _End:
    host: Host
    adapter: Adapter | None


def _receiver(simulation: Simulation, address: str) -> _End | None:
    for host in simulation.estate.hosts:
        for adapter in host.adapters:
            if adapter.address == address:
                return _End(host, adapter)
    found = next((host for host in simulation.estate.hosts if host.address == address), None)
    return _End(found, None) if found else None


def _sender(host: Host, receiver: _End) -> Adapter | None:
    """The adapter that routing chooses: the one on the same network, else the one with the listener."""
    there = receiver.adapter
    if there is not None:
        target = ipaddress.ip_address(there.address)
        for adapter in host.adapters:
            if adapter.address and target in ipaddress.ip_network(f"{adapter.address}/{adapter.prefix}", strict=False):
                return adapter
    return host.listener


def _mtu(simulation: Simulation, host: Host, adapter: Adapter | None) -> int:
    return adapter_state.state(simulation.hosts[host.name], adapter.name)[1] if adapter else 1500


def _below(simulation: Simulation, host: Host, adapter: Adapter | None) -> int:
    """What the cards under a virtual adapter carry."""
    members = [host.adapter(name) for name in adapter.members] if adapter else []
    return min((min(_mtu(simulation, host, item), _below(simulation, host, item)) for item in members), default=1 << 16)


def _status(simulation: Simulation, host: Host, receiver: _End, size: int, *, whole: bool) -> int:
    adapter = _sender(host, receiver)
    if adapter is not None and not simulation.connected(host, adapter):
        return _GENERAL_FAILURE
    there, other = receiver.adapter, receiver.host
    # What is not marked as whole travels in pieces that fit the sender.
    packet, own = size + _HEADERS, _mtu(simulation, host, adapter)
    if packet > own:
        if whole:
            return _TOO_BIG
        packet = own
    if simulation.is_rebooting(other) or (there is not None and not simulation.connected(other, there)):
        return _TIMED_OUT
    if host.name == other.name:
        return _PASSED
    carried = min(_below(simulation, host, adapter), _below(simulation, other, there), _mtu(simulation, other, there))
    member = simulation.cluster_of(host)
    if member is not None and adapter is not None and adapter.network and other.cluster == host.cluster:
        between = network_layout.path(member[0].paths, adapter.network, host.name, other.name)
        if between.echo == "filtered":
            return _TIMED_OUT
        carried = min(carried, between.mtu)
    return _PASSED if packet <= carried else _TIMED_OUT


def _resolved(simulation: Simulation, said: str) -> str | None:
    try:
        return str(ipaddress.ip_address(said))
    except ValueError:
        short = said.partition(".")[0].lower()
        return next((host.address for host in simulation.estate.hosts if host.name.lower() == short), None)


def _answer(simulation: Simulation, host: Host, options: Mapping[str, Value]) -> dict[str, Value]:
    address = _resolved(simulation, str(options["Address"]))
    if address is None:
        return {"PrimaryAddressResolutionStatus": _HOST_NOT_FOUND}
    receiver = _receiver(simulation, address)
    if receiver is None:
        return {"PrimaryAddressResolutionStatus": 0}
    size = options["BufferSize"]
    whole = options["NoFragmentation"] in {True, "true", "TRUE"}
    status = _status(simulation, host, receiver, int(str(size)), whole=whole)
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


def answers(simulation: Simulation, host: Host, cls: Class, options: EnumerateOptions) -> list[Instance]:
    """One instance for each address of the query."""
    found = []
    for fixed in _alternatives(options.query.condition if options.query else None):
        if not isinstance(fixed.get("address"), str) or not fixed["address"]:
            raise _missing_address(options.text)
        keys = {key.name: fixed[key.name.lower()] for key in cls.keys if key.name.lower() in fixed}
        given = {**_DEFAULTS, **keys}
        values = {item.name: None for item in cls.properties.values()} | given | _answer(simulation, host, given)
        found.append(Instance(cls, values))
    return found
