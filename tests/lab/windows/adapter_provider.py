# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The providers of the network adapters: writes to advanced properties, restarts, and reboots."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..wire.fault import invalid_parameter, provider_failed
from . import adapter_state, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..estate import Host
    from ..wire.values import Value
    from .drivers import Keyword
    from .network_layout import Adapter
    from .repository import Instance
    from .request_context import RequestContext
    from .simulation import Simulation

_REBOOT = 2
# The host sends its response before it restarts.
_REBOOT_DELAY = 0.2
_CLASSES = {"MSFT_NetAdapter", "Win32_NetworkAdapter", adapter_state.ADVANCED}


def handles(class_name: str) -> bool:
    """Whether this module has the methods of a class."""
    return class_name in _CLASSES


def _simulation_and_host(context: RequestContext) -> tuple[Simulation, Host]:
    if context.simulation is None or context.host is None:
        raise provider_failed(0x80041001, "The host has no network.")
    return context.simulation, context.host


def _adapter(host: Host, instance: Instance) -> Adapter:
    if instance.cls.name == "Win32_NetworkAdapter":
        return next(item for item in host.adapters if item.index == instance.values["Index"])
    return host.adapter(str(instance.values["Name"]))


def _restart(context: RequestContext, simulation: Simulation, host: Host, adapter: Adapter, why: str) -> None:
    context.run_afterwards(
        partial(simulation.restart, host, (adapter.name,), why),
        cuts_connection=simulation.disconnects(host, {adapter.name}),
    )


def _new_value(keyword: Keyword, instance: Instance, sent: Mapping[str, Value]) -> str:
    """The new registry value of a Put. A client may send both values back and change only one of them."""
    new = {name: sent[name] for name in ("RegistryValue", "DisplayValue") if sent.get(name) is not None}
    current = instance.values
    if "RegistryValue" in new and (new["RegistryValue"] != current["RegistryValue"] or "DisplayValue" not in new):
        values = new["RegistryValue"]
        if not isinstance(values, list) or len(values) != 1:
            raise invalid_parameter("RegistryValue takes one value.", parameter="RegistryValue")
        if new.get("DisplayValue", current["DisplayValue"]) not in {
            current["DisplayValue"],
            keyword.display_value(str(values[0])),
        }:
            raise invalid_parameter("RegistryValue and DisplayValue are different values.", parameter="DisplayValue")
        return str(values[0])
    if "DisplayValue" in new:
        value = keyword.registry_value(str(new["DisplayValue"]))
        if value is None:
            raise invalid_parameter(f"{keyword.name} has no value {new['DisplayValue']}.", parameter="DisplayValue")
        return value
    unchanged: list[str] = current["RegistryValue"]  # type: ignore[assignment]
    return unchanged[0]


def modify(context: RequestContext, instance: Instance, sent: Mapping[str, Value]) -> Instance:
    """A Put of an advanced property. Restarts the adapter, unless the option `wmi:NoRestart` is set."""
    _simulation, host = _simulation_and_host(context)
    adapter = _adapter(host, instance)
    for name in ("RegistryKeyword", "RegistryDataType"):
        if sent.get(name) not in {None, instance.values[name]}:
            raise invalid_parameter(f"{name} of an existing property cannot be changed.", parameter=name)
    keyword = adapter.driver.keywords[str(instance.values["RegistryKeyword"])]
    value = _new_value(keyword, instance, sent)
    if not keyword.accepts(value):
        raise invalid_parameter(
            f"The driver does not offer the value {value} of {keyword.name}.", parameter="RegistryValue"
        )
    return _store_value(context, instance, adapter, keyword, value)


def _store_value(
    context: RequestContext, instance: Instance, adapter: Adapter, keyword: Keyword, value: str
) -> Instance:
    simulation, host = _simulation_and_host(context)
    written = context.write(instance, {"RegistryValue": [value], "DisplayValue": keyword.display_value(value)})
    registry.write_value(context.repository, adapter, keyword.name, value)
    no_restart = any(value.lower() == "true" for value in context.options.get("wmi:norestart", ()))
    if not no_restart or host.no_restart == "ignored":
        _restart(context, simulation, host, adapter, f"{keyword.name} was written")
    return written


def _reset(context: RequestContext, instance: Instance) -> None:
    _simulation, host = _simulation_and_host(context)
    adapter = _adapter(host, instance)
    keyword = adapter.driver.keywords[str(instance.values["RegistryKeyword"])]
    _store_value(context, instance, adapter, keyword, keyword.default)


def invoke(context: RequestContext, instance: Instance, method: str) -> dict[str, Value] | None:
    """Run Restart, Enable, Disable or Reset. Returns None if the lab does not have the method."""
    name = method.lower()
    if instance.cls.name == adapter_state.ADVANCED:
        if name != "reset":
            return None
        _reset(context, instance)
        return {"ReturnValue": 0}
    simulation, host = _simulation_and_host(context)
    adapter = _adapter(host, instance)
    if name == "restart":
        _restart(context, simulation, host, adapter, "Restart was called")
        return {"ReturnValue": 0}
    actions: dict[str, Callable[[Host, str], None]] = {"enable": simulation.enable, "disable": simulation.disable}
    if name not in actions:
        return None
    cuts_connection = name == "disable" and simulation.disconnects(host, {adapter.name})
    context.run_afterwards(partial(actions[name], host, adapter.name), cuts_connection=cuts_connection)
    return {"ReturnValue": 0}


def boot(context: RequestContext, method: str, values: Mapping[str, Value]) -> dict[str, Value] | None:
    """Run Reboot, or Win32Shutdown with the flag for a reboot. Returns None if the lab does not have the method."""
    flags = values.get("Flags")
    if method != "reboot" and not (method == "win32shutdown" and isinstance(flags, int) and flags & 3 == _REBOOT):
        return None
    simulation, host = _simulation_and_host(context)
    context.run_afterwards(partial(simulation.clock.call_later, _REBOOT_DELAY, partial(simulation.reboot, host)))
    return {"ReturnValue": 0}


def follow_registry(context: RequestContext) -> None:
    """Copy the values of the registry to the advanced properties of all adapters."""
    _simulation, host = _simulation_and_host(context)
    for adapter in host.adapters:
        adapter_state.update_advanced_properties(context.repository, adapter)
