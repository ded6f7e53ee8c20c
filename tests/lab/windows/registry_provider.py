# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""StdRegProv: the WMI provider of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.values import Embedded, Value
from . import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .repository import Instance, Repository
    from .request_context import RequestContext

_LOCAL_MACHINE = 0x80000002
_DONE, _NOT_FOUND, _DENIED, _WRONG_TYPE = 0, 2, 5, 0x80041005
_REG_SZ, _REG_DWORD = 1, 4


def _kinds(values: Mapping[str, Value]) -> list[int]:
    return [_REG_DWORD if isinstance(value, int) else _REG_SZ for value in values.values()]


def _subkeys(repository: Repository, path: str) -> Iterator[str]:
    for instance in repository.instances(registry.KEY_CLASS):
        parent, _mark, last = str(instance.values["Name"]).rpartition("\\")
        if parent.lower() == path:
            yield last


def _read(values: Mapping[str, Value], name: str, kind: type) -> tuple[int, Value]:
    found = next((value for key, value in values.items() if key.lower() == name.lower()), None)
    if found is None:
        return _NOT_FOUND, None
    return (_DONE, found) if isinstance(found, kind) else (_WRONG_TYPE, None)


def _write(context: RequestContext, instance: Instance, name: str, value: Value) -> dict[str, Value]:
    if value is None:
        return {"ReturnValue": 0x80041008}
    values = registry.values_of(instance)
    stored_name = next((key for key in values if key.lower() == name.lower()), name)
    context.write(instance, {"Values": Embedded("", {**values, stored_name: value})})
    return {"ReturnValue": _DONE}


def invoke(context: RequestContext, method: str, given: Mapping[str, Value]) -> dict[str, Value] | None:
    """Run a method of StdRegProv. Returns None if the lab does not have it."""
    path = str(given.get("sSubKeyName") or "").strip("\\").lower()
    hive, name = given.get("hDefKey"), str(given.get("sValueName") or "")
    methods = {"enumkey", "enumvalues", "getstringvalue", "getdwordvalue", "setstringvalue", "setdwordvalue"}
    if method.lower() not in methods:
        return None
    found = registry.find(context.repository, path) if hive in {None, _LOCAL_MACHINE} else None
    if found is None:
        return {"ReturnValue": _NOT_FOUND}
    if path == registry.PROTECTED_KEY.lower():
        return {"ReturnValue": _DENIED}
    values = registry.values_of(found)
    if method.lower() == "enumkey":
        return {"sNames": sorted(_subkeys(context.repository, path)) or None, "ReturnValue": _DONE}
    if method.lower() == "enumvalues":
        return {"sNames": list(values) or None, "Types": _kinds(values) or None, "ReturnValue": _DONE}
    if method.lower() == "getstringvalue":
        code, value = _read(values, name, str)
        return {"sValue": value, "ReturnValue": code}
    if method.lower() == "getdwordvalue":
        code, value = _read(values, name, int)
        return {"uValue": value, "ReturnValue": code}
    return _write(
        context, found, name, given.get("sValue") if method.lower() == "setstringvalue" else given.get("uValue")
    )
