# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which virtual machine of Hyper-V a Windows host is. Private to this collection.

The integration service "Data Exchange" writes it into the registry of the guest operating system, again after each live
migration. Sources: Microsoft, integration services (data exchange), Win32_ComputerSystem.
"""

from __future__ import annotations

import typing as t

from .._wsman.errors import ResponseLost
from . import registry
from .columns import read_columns

if t.TYPE_CHECKING:
    from .._wsman.client import Client

_KEY = r"SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters"
_MODEL = "virtual machine"  # of Win32_ComputerSystem in a virtual machine of Hyper-V


def read_guest(client: Client) -> dict[str, t.Any] | None:
    """Read C(machine_id), C(machine_name) and C(host) with four requests.

    C(None), after one request, for a host that is no virtual machine of Hyper-V. A value is C(None) where Data Exchange
    is disabled, and the id also where Hyper-V of the host is older than Windows Server 2012.
    """
    operation = "reading whether the host is a virtual machine"
    found = read_columns(client, "root/cimv2", "Win32_ComputerSystem", "Manufacturer, Model", operation=operation)
    model = found[0].text("Model") if found else None
    if model is None:
        raise ResponseLost(f"{operation} of {client.host} returned no model")
    if model.casefold() != _MODEL:
        return None
    number = _read(client, "VirtualMachineId")
    return {
        "machine_name": _read(client, "VirtualMachineName"),
        "machine_id": number.strip("{}").upper() if number else None,
        "host": _read(client, "PhysicalHostName"),
    }


def _read(client: Client, name: str) -> str | None:
    return registry.read_value(client, registry.RegistryValue(_KEY, name)) or None
