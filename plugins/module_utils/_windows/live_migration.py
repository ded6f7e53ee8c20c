# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host live migrates: transport, limits, RDMA, and whether Network ATC sets it. Private to this collection.

Sources: Microsoft, Msvm_VirtualSystemMigrationServiceSettingData and MSFT_NetAdapterRdmaSettingData.
"""

from __future__ import annotations

import typing as t

from .._wsman.errors import NotFound
from . import adapter, orchestration, service
from .unknown import attempt
from .version import WINDOWS_2012, WindowsVersion

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client
    from .unknown import Unknown

_VIRTUALIZATION = "root/virtualization/v2"
_AUTHENTICATION = {0: "credssp", 1: "kerberos"}
# Azure Stack HCI 21H2, the first release with Network ATC, has the build of Windows Server 2022.
_FIRST_WITH_ATC = WindowsVersion(20348)


def read_live_migration(client: Client, windows: WindowsVersion, unknown: list[Unknown]) -> dict[str, t.Any] | None:
    """Read the settings with one request, and up to four more; C(None) without Hyper-V, and before Windows Server 2012.

    C(rdma_adapters) are read only if live migration uses SMB. C(transport) is C(None) on Windows Server 2012, which has
    only TCP.
    """
    if windows < WINDOWS_2012:
        return None
    wql = "SELECT * FROM Msvm_VirtualSystemMigrationServiceSettingData"
    try:
        found = client.query(_VIRTUALIZATION, wql, operation="reading the settings of live migration")
    except NotFound as exc:
        if service.is_absent(client, adapter.HYPER_V, exc):
            return None
        raise
    if not found:
        return None
    settings, transport = found[0], _transport(found[0])
    number = settings.integer("AuthenticationType")
    rdma: list[str] | None = None
    atc: bool | None = False
    if transport == "smb":
        rdma = attempt("live_migration.rdma_adapters", lambda: _read_rdma_adapters(client), unknown)
    if windows >= _FIRST_WITH_ATC:
        atc = attempt("live_migration.network_atc", lambda: orchestration.read_network_atc(client), unknown)
    return {
        "enabled": settings.boolean("EnableVirtualSystemMigration"),
        "transport": transport,
        "parallel": settings.integer("MaximumActiveVirtualSystemMigration"),
        "authentication": None if number is None else _AUTHENTICATION.get(number, f"unknown ({number})"),
        "rdma_adapters": rdma,
        "network_atc": atc,
    }


def _transport(settings: Instance) -> str | None:
    """Windows uses SMB if it is enabled, else compression, else plain TCP."""
    smb, compression = settings.boolean("EnableSmbTransport"), settings.boolean("EnableCompression")
    if smb is None or compression is None:
        return None
    return "smb" if smb else "compression" if compression else "tcp"


def _read_rdma_adapters(client: Client) -> list[str]:
    """The names of the adapters whose RDMA is enabled and, where Windows returns it, operational."""
    wql = "SELECT * FROM MSFT_NetAdapterRdmaSettingData"
    found = client.query(adapter.NAMESPACE, wql, operation="reading which adapters have RDMA")
    names = (item.text("Name") for item in found if item.boolean("Enabled") and _is_operational(item))
    return sorted(name for name in names if name)


def _is_operational(item: Instance) -> bool:
    return item.boolean("OperationalState") is not False
