# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of a host's registry that describes its network adapters, and StdRegProv over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .classes import Class, Property
from .drivers import KINDS
from .repository import Instance, Repository
from .values import Embedded, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .cabling import Adapter
    from .drivers import Keyword
    from .providers import Store

LOCAL_MACHINE = 0x80000002
NETWORK_CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
_CLOSED = rf"{NETWORK_CLASS}\Properties"
_DONE, _NOT_FOUND, _DENIED, _WRONG_TYPE = 0, 2, 5, 0x80041005
_REG_SZ, _REG_DWORD = 1, 4
_KEY = Class(
    "Lab_RegistryKey",
    "lab",
    {
        "path": Property("Path", "string", key=True),
        "name": Property("Name", "string"),
        "values": Property("Values", ""),
    },
)


def key_of(adapter: Adapter) -> str:
    """The key of an adapter's driver instance."""
    return rf"{NETWORK_CLASS}\{adapter.index:04}"


def _add(repository: Repository, path: str, values: Mapping[str, Value]) -> None:
    repository.place(Instance(_KEY, {"Path": path.lower(), "Name": path, "Values": Embedded("", dict(values))}))


def _parameters(keyword: Keyword) -> dict[str, Value]:
    said: dict[str, Value] = {"ParamDesc": keyword.text, "default": keyword.default, "type": keyword.kind}
    if keyword.is_numeric:
        said |= {"min": str(keyword.low), "max": str(keyword.high), "step": str(keyword.step), "base": "10"}
    return {**said, "optional": "1" if keyword.optional else "0"}


def fill(repository: Repository, adapters: tuple[Adapter, ...]) -> None:
    """The keys of the adapters, and those beside them that belong to no card."""
    path = ""
    for part in NETWORK_CLASS.split("\\"):
        path = rf"{path}\{part}" if path else part
        _add(repository, path, {"Class": "Net"} if path == NETWORK_CLASS else {})
    _add(repository, _CLOSED, {})
    debugger: dict[str, Value] = {"DriverDesc": "Microsoft Kernel Debug Network Adapter", "ProviderName": "Microsoft"}
    _add(repository, rf"{NETWORK_CLASS}\0000", debugger)
    for adapter in adapters:
        habits = adapter.habits
        held: dict[str, Value] = {
            "DriverDesc": habits.description,
            "ProviderName": habits.provider,
            "NetCfgInstanceId": f"{{{adapter.guid}}}",
            "ComponentId": habits.component.lower(),
            "DriverVersion": "4.1.219.0",
            "NetLuidIndex": 32768 + adapter.index,
            "*IfType": 6,
        }
        for keyword in habits.keywords.values():
            if not keyword.optional or keyword.name in adapter.values:
                held[keyword.name] = adapter.values.get(keyword.name, keyword.default)
        _add(repository, key_of(adapter), held)
        _add(repository, rf"{key_of(adapter)}\Ndi", {"Service": habits.provider.lower()})
        _add(repository, rf"{key_of(adapter)}\Ndi\params", {})
        for keyword in habits.keywords.values():
            below = rf"{key_of(adapter)}\Ndi\params\{keyword.name}"
            _add(repository, below, _parameters(keyword))
            if keyword.kind == "enum":
                _add(repository, rf"{below}\enum", keyword.choices)


def _find(repository: Repository, path: str) -> Instance | None:
    return repository.find(_KEY, path.strip("\\").lower())


def _values(instance: Instance) -> dict[str, Value]:
    held = instance.values["Values"]
    return dict(held.members) if isinstance(held, Embedded) else {}


def stored(repository: Repository, adapter: Adapter) -> dict[str, str]:
    """What the registry holds for the driver of an adapter, by keyword."""
    found = _find(repository, key_of(adapter))
    lower = {name.lower(): value for name, value in (_values(found) if found else {}).items()}
    return {name: str(lower[name.lower()]) for name in adapter.habits.keywords if name.lower() in lower}


def keep(repository: Repository, adapter: Adapter, keyword: str, value: str) -> None:
    """Store what came in by another door."""
    found = _find(repository, key_of(adapter))
    if found is not None:
        repository.write(found, {"Values": Embedded("", {**_values(found), keyword: value})})


def _kinds(values: Mapping[str, Value]) -> list[int]:
    return [_REG_DWORD if isinstance(value, int) else _REG_SZ for value in values.values()]


def _below(repository: Repository, path: str) -> Iterator[str]:
    for instance in repository.instances(_KEY):
        parent, _mark, last = str(instance.values["Name"]).rpartition("\\")
        if parent.lower() == path:
            yield last


def _read(values: Mapping[str, Value], name: str, kind: type) -> tuple[int, Value]:
    found = next((value for key, value in values.items() if key.lower() == name.lower()), None)
    if found is None:
        return _NOT_FOUND, None
    return (_DONE, found) if isinstance(found, kind) else (_WRONG_TYPE, None)


def _write(store: Store, instance: Instance, name: str, value: Value) -> dict[str, Value]:
    if value is None:
        return {"ReturnValue": 0x80041008}
    held = _values(instance)
    spelt = next((key for key in held if key.lower() == name.lower()), name)
    store.write(instance, {"Values": Embedded("", {**held, spelt: value})})
    return {"ReturnValue": _DONE}


def invoke(store: Store, method: str, given: Mapping[str, Value]) -> dict[str, Value] | None:
    """A method of StdRegProv; None where the lab lacks it."""
    path = str(given.get("sSubKeyName") or "").strip("\\").lower()
    hive, name = given.get("hDefKey"), str(given.get("sValueName") or "")
    known = {"enumkey", "enumvalues", "getstringvalue", "getdwordvalue", "setstringvalue", "setdwordvalue"}
    if method.lower() not in known:
        return None
    found = _find(store.repository, path) if hive in {None, LOCAL_MACHINE} else None
    if found is None:
        return {"ReturnValue": _NOT_FOUND}
    if path == _CLOSED.lower():
        return {"ReturnValue": _DENIED}
    values = _values(found)
    if method.lower() == "enumkey":
        return {"sNames": sorted(_below(store.repository, path)) or None, "ReturnValue": _DONE}
    if method.lower() == "enumvalues":
        return {"sNames": list(values) or None, "Types": _kinds(values) or None, "ReturnValue": _DONE}
    if method.lower() == "getstringvalue":
        code, value = _read(values, name, str)
        return {"sValue": value, "ReturnValue": code}
    if method.lower() == "getdwordvalue":
        code, value = _read(values, name, int)
        return {"uValue": value, "ReturnValue": code}
    return _write(
        store, found, name, given.get("sValue") if method.lower() == "setstringvalue" else given.get("uValue")
    )


def kind_number(keyword: Keyword) -> int:
    """DisplayParameterType."""
    return KINDS[keyword.kind]
