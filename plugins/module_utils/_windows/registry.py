# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts in the registry of a host, read and written through StdRegProv. Private to this collection.

Source: Microsoft, C(StdRegProv) (win32, WmiSDK).
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._wsman.cim import CimClass
from .._wsman.errors import ServerError

if t.TYPE_CHECKING:
    from .._wsman.cim import Value
    from .._wsman.client import Client

_REGISTRY = CimClass(namespace="root/default", name="StdRegProv")
_LOCAL_MACHINE = 0x80000002
_KEY_NOT_FOUND = 2  # ERROR_FILE_NOT_FOUND


@dataclasses.dataclass(frozen=True, slots=True)
class RegistryValue:
    """A text in the registry of the local machine."""

    key: str
    name: str


def read_value(client: Client, value: RegistryValue) -> str | None:
    """The text; C(None) where there is none."""
    parameters: dict[str, Value] = {"hDefKey": _LOCAL_MACHINE, "sSubKeyName": value.key, "sValueName": value.name}
    operation = f"reading {value.name} in the registry"
    answer = client.invoke(_REGISTRY, "GetStringValue", parameters, query=True, operation=operation)
    return answer.text("sValue") if answer.integer("ReturnValue") == 0 else None


def write_value(client: Client, value: RegistryValue, text: str, *, operation: str) -> str:
    """Store the text, and give what was answered if that was not yes."""
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
    return "" if code == 0 else f"the registry provider gave error {code}"


def read_names(client: Client, method: str, key: str) -> tuple[str, ...]:
    """The names in a key: of its values with C(EnumValues), of its subkeys with C(EnumKey)."""
    parameters: dict[str, Value] = {"hDefKey": _LOCAL_MACHINE, "sSubKeyName": key}
    answer = client.invoke(_REGISTRY, method, parameters, query=True, operation="reading the drivers in the registry")
    return answer.array("sNames") or ()


def read_subkeys(client: Client, key: str, *, operation: str) -> tuple[str, ...]:
    """The names of the subkeys of a key; none if the key does not exist. Raises C(ServerError) if it cannot be read."""
    parameters: dict[str, Value] = {"hDefKey": _LOCAL_MACHINE, "sSubKeyName": key}
    answer = client.invoke(_REGISTRY, "EnumKey", parameters, query=True, operation=operation)
    code = answer.integer("ReturnValue")
    if code not in (0, _KEY_NOT_FOUND):
        raise ServerError(f"the registry provider returned error {code} for the key {key}")
    return answer.array("sNames") or ()
