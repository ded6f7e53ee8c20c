# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and write strings in the registry of a host through StdRegProv. Private to this collection.

Source: Microsoft, C(StdRegProv) (win32, WmiSDK).
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._wsman.cim import CimClass
from .._wsman.errors import ServerError

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance, Value
    from .._wsman.client import Client

_REGISTRY = CimClass(namespace="root/default", name="StdRegProv")
_LOCAL_MACHINE = 0x80000002
# ERROR_FILE_NOT_FOUND. A value that does not exist, or is not a string, gives 1 on older versions.
_NOT_FOUND = (1, 2)


@dataclasses.dataclass(frozen=True, slots=True)
class RegistryValue:
    """A string value in C(HKEY_LOCAL_MACHINE)."""

    key: str
    name: str


def read_value(client: Client, value: RegistryValue) -> str | None:
    """Read the string; C(None) if there is none. Raises C(ServerError) if it cannot be read."""
    parameters: dict[str, Value] = {"hDefKey": _LOCAL_MACHINE, "sSubKeyName": value.key, "sValueName": value.name}
    operation = f"reading {value.name} in the registry"
    result = client.invoke(_REGISTRY, "GetStringValue", parameters, query=True, operation=operation)
    return result.text("sValue") if _is_found(client, result, value.key, operation) else None


def write_value(client: Client, value: RegistryValue, text: str, *, operation: str) -> str:
    """Write the string. Return an empty string, or the error."""
    parameters: dict[str, Value] = {
        "hDefKey": _LOCAL_MACHINE,
        "sSubKeyName": value.key,
        "sValueName": value.name,
        "sValue": text,
    }
    try:
        code = client.invoke(_REGISTRY, "SetStringValue", parameters, operation=operation).integer("ReturnValue")
    except ServerError as exc:
        return exc.detail
    return "" if code == 0 else f"the registry provider returned error {code}"


def read_names(client: Client, method: str, key: str) -> tuple[str, ...]:
    """Read the names of the values (method C(EnumValues)) or subkeys (C(EnumKey)) of a key."""
    parameters: dict[str, Value] = {"hDefKey": _LOCAL_MACHINE, "sSubKeyName": key}
    operation = "reading the drivers in the registry"
    result = client.invoke(_REGISTRY, method, parameters, query=True, operation=operation)
    return (result.array("sNames") or ()) if _is_found(client, result, key, operation) else ()


def read_subkeys(client: Client, key: str, *, operation: str) -> tuple[str, ...]:
    """Read the names of the subkeys; none if the key does not exist. Raises C(ServerError) if it cannot be read."""
    parameters: dict[str, Value] = {"hDefKey": _LOCAL_MACHINE, "sSubKeyName": key}
    result = client.invoke(_REGISTRY, "EnumKey", parameters, query=True, operation=operation)
    return (result.array("sNames") or ()) if _is_found(client, result, key, operation) else ()


def _is_found(client: Client, result: Instance, key: str, operation: str) -> bool:
    """Whether the key or value exists. Raises C(ServerError) for every other error of the registry provider."""
    code = result.integer("ReturnValue")
    if code in (0, *_NOT_FOUND):
        return code == 0
    returned = "no return value" if code is None else f"error {code}"
    error = ServerError(f"the registry provider returned {returned} for the key {key}")
    error.operation, error.host = operation, client.host
    raise error
