# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry keys of the network adapters of a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.values import Embedded, Value
from .classes import Class, Property
from .drivers import KINDS
from .repository import Instance, Repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..estate import VirtualMachine
    from .drivers import Keyword
    from .network_layout import Adapter

NETWORK_CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
PROTECTED_KEY = rf"{NETWORK_CLASS}\Properties"
KEY_CLASS = Class(
    "Lab_RegistryKey",
    "lab",
    {
        "path": Property("Path", "string", key=True),
        "name": Property("Name", "string"),
        "values": Property("Values", ""),
    },
)


def key_of(adapter: Adapter) -> str:
    """The registry key of an adapter."""
    return rf"{NETWORK_CLASS}\{adapter.index:04}"


def _add(repository: Repository, path: str, values: Mapping[str, Value]) -> None:
    repository.place(Instance(KEY_CLASS, {"Path": path.lower(), "Name": path, "Values": Embedded("", dict(values))}))


def _parameters(keyword: Keyword) -> dict[str, Value]:
    values: dict[str, Value] = {"ParamDesc": keyword.text, "default": keyword.default, "type": keyword.kind}
    if keyword.is_numeric:
        values |= {"min": str(keyword.low), "max": str(keyword.high), "step": str(keyword.step), "base": "10"}
    return {**values, "optional": "1" if keyword.optional else "0"}


def fill(repository: Repository, adapters: tuple[Adapter, ...]) -> None:
    """Add the registry keys of the adapters, and the neighboring keys that are not of an adapter."""
    path = ""
    for part in NETWORK_CLASS.split("\\"):
        path = rf"{path}\{part}" if path else part
        _add(repository, path, {"Class": "Net"} if path == NETWORK_CLASS else {})
    _add(repository, PROTECTED_KEY, {})
    debugger: dict[str, Value] = {"DriverDesc": "Microsoft Kernel Debug Network Adapter", "ProviderName": "Microsoft"}
    _add(repository, rf"{NETWORK_CLASS}\0000", debugger)
    for adapter in adapters:
        driver = adapter.driver
        values: dict[str, Value] = {
            "DriverDesc": driver.description,
            "ProviderName": driver.provider,
            "NetCfgInstanceId": f"{{{adapter.guid}}}",
            "ComponentId": driver.component.lower(),
            "DriverVersion": "4.1.219.0",
            "NetLuidIndex": 32768 + adapter.index,
            "*IfType": 6,
        }
        for keyword in driver.keywords.values():
            if not keyword.optional or keyword.name in adapter.values:
                values[keyword.name] = adapter.values.get(keyword.name, keyword.default)
        _add(repository, key_of(adapter), values)
        _add(repository, rf"{key_of(adapter)}\Ndi", {"Service": driver.provider.lower()})
        _add(repository, rf"{key_of(adapter)}\Ndi\params", {})
        for keyword in driver.keywords.values():
            path = rf"{key_of(adapter)}\Ndi\params\{keyword.name}"
            _add(repository, path, _parameters(keyword))
            if keyword.kind == "enum":
                _add(repository, rf"{path}\enum", keyword.choices)


def add_network_atc(repository: Repository, intents: tuple[str, ...]) -> None:
    """Add the registry keys of the service NetworkATC with its intents."""
    service = r"SYSTEM\CurrentControlSet\Services\NetworkATC"
    _add(repository, service, {"ImagePath": r"%SystemRoot%\system32\svchost.exe"})
    for intent in intents:
        _add(repository, rf"{service}\Intents\{intent}", {"IntentName": intent})
    _add(repository, rf"{service}\Intents", {})


def add_release(repository: Repository, build: str) -> None:
    """Add the key with the build of Windows."""
    key = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
    _add(repository, key, {"CurrentBuild": build, "CurrentBuildNumber": build, "InstallationType": "Server"})
    _add(repository, key.rpartition("\\")[0], {})


def add_guest(repository: Repository, machine: VirtualMachine) -> None:
    """Add what the integration service "Data Exchange" writes: the virtual machine, and its host at the beginning."""
    values: dict[str, Value] = {
        "VirtualMachineName": machine.name,
        "VirtualMachineId": machine.settings.id,
        "PhysicalHostName": machine.owner.upper(),
        "PhysicalHostNameFullyQualified": f"{machine.owner}.example.test",
        "HostName": f"{machine.owner}.example.test",
    }
    _add(repository, r"SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters", values)


def find(repository: Repository, path: str) -> Instance | None:
    """The key with this path. Case does not matter."""
    return repository.find(KEY_CLASS, path.strip("\\").lower())


def values_of(instance: Instance) -> dict[str, Value]:
    """The values of a key, by name."""
    values = instance.values["Values"]
    return dict(values.members) if isinstance(values, Embedded) else {}


def stored_values(repository: Repository, adapter: Adapter) -> dict[str, str]:
    """The stored values of the driver of an adapter, by keyword."""
    found = find(repository, key_of(adapter))
    lower = {name.lower(): value for name, value in (values_of(found) if found else {}).items()}
    return {name: str(lower[name.lower()]) for name in adapter.driver.keywords if name.lower() in lower}


def write_value(repository: Repository, adapter: Adapter, keyword: str, value: str) -> None:
    """Store a value that was written through another class."""
    found = find(repository, key_of(adapter))
    if found is not None:
        repository.write(found, {"Values": Embedded("", {**values_of(found), keyword: value})})


def display_type(keyword: Keyword) -> int:
    """The DisplayParameterType of a keyword."""
    return KINDS[keyword.kind]
