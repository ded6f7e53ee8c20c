# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, write and read back the requested settings of network adapters. Private to this collection."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .._wsman.errors import Fault, NotReady, ResponseLost, ServerError
from . import adapter as adapters
from . import advanced_property as driver
from . import computer, registry, registry_adapter
from .adapter_options import AdapterOptionsError, RequestedSetting, requested_settings, verbatim_settings
from .adapter_selection import select

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client

_NO_RESTART = ("wmi:NoRestart", "xs:boolean", "true")
_MTU_TOLERANCE = 20  # bytes: drivers count an MTU differently, so a smaller difference needs no restart


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSetting:
    """One setting of one adapter, with the wanted, the stored and the planned value as the module shows them."""

    adapter: adapters.Adapter
    name: str
    wanted: t.Any
    driver_property: adapters.AdapterProperty
    target: driver.Target
    before: t.Any
    after: t.Any

    @property
    def label(self) -> str:
        return f"{self.adapter.name} {self.name}"

    def shown_value(self, stored: str) -> t.Any:
        """The stored registry value as the module shows it."""
        definition = dataclasses.replace(self.driver_property.definition, value=stored)
        if self.name == "mtu":
            return driver.mtu_of(definition)
        return driver.buffers_of(definition) if self.name == "receive_buffers" else stored

    @property
    def record(self) -> dict[str, t.Any]:
        """What identifies the setting in the record of a run, with the registry values before and after."""
        definition = self.driver_property.definition
        return {
            "thing": self.adapter.name,
            "setting": self.name,
            "keyword": self.target.keyword,
            "before_raw": definition.value or None,
            "after_raw": self.target.value,
        }

    @property
    def differs(self) -> bool:
        return self.driver_property.definition.value != self.target.value and self.before != self.after

    @property
    def in_effect(self) -> bool | None:
        """Whether the stored MTU is in effect, or needs a restart; C(None) if Windows does not report it."""
        running = self.adapter.mtu
        if self.name != "mtu" or running is None or self.before is None or not self.adapter.enabled:
            return None
        return bool(running >= self.before - _MTU_TOLERANCE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The adapters in the order of the changes, and their settings.

    C(pending) has the names of adapters whose stored MTU is not in effect before a restart, C(connection) those that
    carry the connection of Ansible.
    """

    adapters: tuple[adapters.Adapter, ...]
    settings: tuple[AdapterSetting, ...]
    unsupported: tuple[t.Mapping[str, t.Any], ...]
    pending: frozenset[str]
    connection: frozenset[str]
    restart_now: bool
    reconnect_timeout: float


def read(client: Client, options: t.Mapping[str, t.Any]) -> State:
    """Read the selected adapters and their settings. Raises C(AdapterOptionsError) before any write."""
    own = {str(name).casefold(): verbatim_settings(values) for name, values in options["adapter_properties"].items()}
    requested = [one for values in own.values() for one in values] if own else requested_settings(options)
    keywords = list(dict.fromkeys(keyword for request in requested for keyword in request.keywords))
    connection: set[str] = set()
    try:
        all_adapters = adapters.read_adapters(client)
    except Fault as exc:
        if not computer.is_before_2012(client, exc):
            raise
        order = tuple(select(client, options, registry_adapter.read_adapters(client)))
        properties = registry_adapter.read_properties(client, order, keywords)
        restart_now = False
    else:
        selected = select(client, options, all_adapters)
        if options["underlying"] and not own:
            selected = adapters.with_underlying(client, selected, all_adapters)
        properties = adapters.read_properties(client, keywords)
        connection = adapters.read_connection_adapters(client, all_adapters)
        order = tuple(sorted(selected, key=lambda adapter: adapter.name in connection))
        restart_now = options["restart"] == "now"
        unknown = [adapter.name for adapter in order if restart_now and adapter.reference is None]
        if unknown:
            raise ServerError(
                f"{client.host} returned {', '.join(unknown)} without a reference, so a restart could not be checked; "
                "nothing was written"
            )
    settings, unsupported = [], []
    for adapter in order:
        for request in own[adapter.name.casefold()] if own else requested:
            setting = _plan(adapter, properties.get(adapter.key, {}), request, options["on_unsupported"])
            if isinstance(setting, AdapterSetting):
                settings.append(setting)
            elif setting is not None:
                unsupported.append(setting)
    _check(settings, unsupported, requested, options["on_unsupported"])
    return State(
        adapters=order,
        settings=tuple(settings),
        unsupported=tuple(unsupported),
        pending=frozenset(one.adapter.name for one in settings if one.in_effect is False and not one.differs),
        connection=frozenset(connection),
        restart_now=restart_now,
        reconnect_timeout=float(options["reconnect_timeout"]),
    )


def write(client: Client, state: State, settings: t.Sequence[AdapterSetting]) -> tuple[dict[str, t.Any], str]:
    """Write settings of one adapter. Return the values as read back and, if a write failed, the reason.

    All writes except the last carry the NoRestart option. The last write restarts the adapter in the same request, so
    a run that is killed in between leaves a setting unwritten, but never a missing restart.
    """
    values: dict[str, t.Any] = {}
    errors = []
    # The restart of a disabled adapter would enable it. It reads its values when somebody enables it.
    restarts = state.restart_now and settings[-1].adapter.enabled
    for setting in settings:
        stored, error = _store(client, state, setting, restart=restarts and setting is settings[-1])
        values[setting.label] = setting.after if stored == setting.target.value else setting.shown_value(stored)
        errors += [error] if stored != setting.target.value and error else []
    if restarts and not errors:
        adapter = settings[-1].adapter
        up, error = _wait_until_up(client, state, adapter)
        if not up:
            # The values are stored, but it is not known whether they are in effect.
            lost = ResponseLost(error, advice="check the adapter on the host; the values are stored")
            lost.operation, lost.host = f"restarting {adapter.name}", client.host
            raise lost
    return values, "; ".join(errors)


def _store(client: Client, state: State, setting: AdapterSetting, *, restart: bool) -> tuple[str, str]:
    """Write one value. Return the stored value and, if the write failed, the reason."""
    operation = f"setting {setting.name} of {setting.adapter.name} to {setting.after}"
    location = setting.driver_property.location
    if isinstance(location, registry.RegistryValue):
        error = registry.write_value(client, location, setting.target.value, operation=operation)
        return registry.read_value(client, location) or "", error
    written = client.put(
        location,
        functools.partial(_with_value, value=setting.target.value),
        ["RegistryValue"],
        operation=operation,
        options=() if restart else (_NO_RESTART,),
        reconnect_timeout=state.reconnect_timeout,
    )
    return _value_in(written.instance), written.problem.detail if written.problem else ""


def restart(client: Client, state: State, name: str) -> tuple[bool, str]:
    """Restart an adapter. Return whether the stored values are in effect and, if not, the reason."""
    adapter = next(one for one in state.adapters if one.name == name)
    mtu = next(one.target.number for one in state.settings if one.adapter is adapter and one.name == "mtu")
    try:
        client.invoke(t.cast("t.Any", adapter.reference), "Restart", {}, operation=f"restarting {name}")
    except ResponseLost:
        pass  # expected when the adapter carries this connection
    except ServerError as exc:
        return False, exc.detail
    up, error = _wait_until_up(client, state, adapter, mtu=None if adapter.up else mtu)
    if not up:
        return False, error
    running = client.get(t.cast("t.Any", adapter.reference), operation=f"reading {name} after its restart")
    mtu_now = running.integer("MtuSize")
    if mtu_now is not None and mtu_now < mtu - _MTU_TOLERANCE:
        return False, f"the MTU of the adapter is {mtu_now} after its restart"
    return True, ""


def _wait_until_up(
    client: Client, state: State, adapter: adapters.Adapter, *, mtu: int | None = None
) -> tuple[bool, str]:
    """Wait until an adapter is up after its restart. Return whether it is and, if not, the reason.

    An adapter that had no link before needs none after. It must be enabled, and have C(mtu) in effect if that is given.
    """

    def check() -> None:
        found = client.get(t.cast("t.Any", adapter.reference), operation=f"reading {adapter.name} after its restart")
        if adapter.up and found.integer("InterfaceOperationalStatus") not in (adapters.UP, None):
            raise ResponseLost(f"{adapter.name} is not up after its restart")
        if found.integer("InterfaceAdminStatus") == adapters.DISABLED:
            raise ResponseLost(f"{adapter.name} is not enabled after its restart")
        running = found.integer("MtuSize")
        if mtu is not None and running is not None and running < mtu - _MTU_TOLERANCE:
            raise ResponseLost(f"the MTU of {adapter.name} is {running} after its restart")

    try:
        client.retry_until_reachable(check, state.reconnect_timeout)
    except (ResponseLost, NotReady) as exc:
        return False, f"{exc.detail}; waited {state.reconnect_timeout:g} s"
    return True, ""


def _plan(
    adapter: adapters.Adapter,
    properties: t.Mapping[str, adapters.AdapterProperty],
    request: RequestedSetting,
    on_unsupported: str,
) -> AdapterSetting | dict[str, t.Any] | None:
    """The setting, or its result row if unsupported; C(None) if it does not apply to a virtual adapter."""
    keyword = next((keyword for keyword in request.keywords if keyword in properties), None)
    if keyword is None and not adapter.hardware:
        return None
    problem = f"its driver does not support {request.keywords[0]}"
    if keyword is not None:
        definition = properties[keyword].definition
        try:
            target = request.choose_target(definition)
        except driver.UnsupportedValueError as exc:
            problem = str(exc)
        else:
            if not target.capped or on_unsupported in ("cap", "report"):
                return AdapterSetting(
                    adapter=adapter,
                    name=request.name,
                    wanted=request.value,
                    driver_property=properties[keyword],
                    target=target,
                    before=request.current_value(definition),
                    after=request.target_value(target),
                )
            problem = f"its driver supports at most {target.number}"
    if on_unsupported in ("ignore", "report"):
        row = {"adapter": adapter.name, "setting": request.name, "wanted": request.value}
        return {**row, "result": "unsupported", "msg": problem}
    raise AdapterOptionsError(
        f"{request.name} cannot be set on {adapter.name} ({adapter.description}): {problem}. Nothing was written. "
        "Do not select this adapter, or set on_unsupported to report or ignore."
    )


def _check(
    settings: t.Sequence[AdapterSetting],
    unsupported: t.Sequence[t.Mapping[str, t.Any]],
    requested: t.Sequence[RequestedSetting],
    on_unsupported: str,
) -> None:
    """Raise C(AdapterOptionsError) for two settings of one property, or a setting that no selected adapter has."""
    by_property: dict[tuple[str, str], AdapterSetting] = {}
    for setting in settings:
        other = by_property.setdefault((setting.adapter.name, setting.target.keyword), setting)
        if other is not setting:
            raise AdapterOptionsError(
                f"{other.name} and {setting.name} are the same property of {setting.adapter.name}. "
                "Set only one of them. Nothing was written."
            )
    applicable = {"receive_buffers"} | {setting.name for setting in settings} | {row["setting"] for row in unsupported}
    unused = [request.name for request in requested if request.name not in applicable]
    if unused and on_unsupported not in ("ignore", "report"):
        raise AdapterOptionsError(f"None of the selected adapters has {', '.join(unused)}. Nothing was written.")


def _with_value(instance: Instance, value: str) -> Instance:
    return instance if _value_in(instance) == value else instance.with_property("RegistryValue", [value])


def _value_in(instance: Instance) -> str:
    return next(iter(instance.array("RegistryValue") or ()), "")
