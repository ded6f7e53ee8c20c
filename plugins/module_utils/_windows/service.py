# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Windows services of a host, and whether it has the role of a service. Private to this collection.

A role without its WMI classes is not a missing role: updates and repairs can remove the registration of a provider.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._wsman.envelope import quoted
from .._wsman.errors import Missing, NotFound, ServerError
from .columns import read_columns

if t.TYPE_CHECKING:
    from .._wsman.client import Client

_ALWAYS_INSTALLED = "Winmgmt"  # the service of WMI itself
_DISABLED = "disabled"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service with its start type, such as C(Auto) or C(Disabled), and its state, such as C(Running)."""

    name: str
    start_type: str
    state: str

    @property
    def is_disabled(self) -> bool:
        return self.start_type.casefold() == _DISABLED


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role of Windows Server: its name, its service, and the file that registers its WMI classes.

    With C(disabled_without_membership) the service is disabled as long as the role is installed and not in use.
    """

    name: str
    service: str
    registration: str
    disabled_without_membership: bool = False


class ProviderMissing(ServerError):
    """The role is installed, and its WMI classes are not there."""


def read_service(client: Client, name: str, *, operation: str) -> Service | None:
    """Read a service; C(None) if the host has no such service. Raises C(ServerError) if the account cannot see them."""
    where = f" WHERE Name={quoted(name)} OR Name={quoted(_ALWAYS_INSTALLED)}"
    found = read_columns(client, "root/cimv2", "Win32_Service", "Name, StartMode, State", where, operation=operation)
    services = {
        service.name.casefold(): service
        for item in found
        for service in [
            Service(
                name=item.text("Name") or "",
                start_type=item.text("StartMode") or "",
                state=item.text("State") or "",
            )
        ]
    }
    if _ALWAYS_INSTALLED.casefold() not in services:
        raise ServerError(
            f"{operation} of {client.host} returned no services", advice="use an account that may administer this host"
        )
    return services.get(name.casefold())


def is_absent(client: Client, role: Role, fault: NotFound) -> bool:
    """Whether the host does not have the role, after a fault that its class or namespace is not there.

    Raises the fault itself if it is about an instance, and C(ProviderMissing) if the service of the role is installed.
    """
    if fault.missing is Missing.INSTANCE:
        raise fault
    service = read_service(client, role.service, operation=f"reading whether the service {role.service} is installed")
    if service is None or (role.disabled_without_membership and service.is_disabled):
        return True
    raise ProviderMissing(
        f"{client.host} has the service {service.name} of {role.name} ({service.state.casefold()}), but not its WMI "
        f"classes: {fault.detail}",
        advice=f"run mofcomp {role.registration} on the host as an administrator, then run this task again",
    ) from fault
