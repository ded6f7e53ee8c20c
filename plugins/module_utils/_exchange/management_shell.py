# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build commands for the Exchange Management Shell. Private to this collection."""

from __future__ import annotations

import typing as t

from ..name_list import natural
from ..powershell import quoted
from .published_names import SCP

if t.TYPE_CHECKING:
    from .published_names import Server

_CMDLETS = {
    "owa": ("OwaVirtualDirectory", "InternalUrl"),
    "ecp": ("EcpVirtualDirectory", "InternalUrl"),
    "ews": ("WebServicesVirtualDirectory", "InternalUrl"),
    "oab": ("OabVirtualDirectory", "InternalUrl"),
    "mapi": ("MapiVirtualDirectory", "InternalUrl"),
    "outlook_anywhere": ("OutlookAnywhere", "InternalHostname"),
    "activesync": ("ActiveSyncVirtualDirectory", "InternalUrl"),
    "powershell": ("PowerShellVirtualDirectory", "InternalUrl"),
}
BALANCED = "<load-balanced name>"


def autodiscover_url(host: str) -> str:
    """The AutoDiscoverServiceInternalUri for a host."""
    return f"https://{host}/autodiscover/autodiscover.xml"


def has_service_cmdlet(server: Server) -> bool:
    """Whether the cmdlet is Set-ClientAccessService, which replaces Set-ClientAccessServer since 2016."""
    return server.generation in {"2016", "2019", "SE"}


def set_address(service: str, names: t.Sequence[str], value: str, *, modern: bool) -> str:
    """Build the command that sets the URL of a service on servers; C(modern) if all are 2016 or later."""
    if service == SCP:
        cmdlet = "Set-ClientAccessService" if modern else "Set-ClientAccessServer"
        return for_each(names, f"{cmdlet} -Identity {{}} -AutoDiscoverServiceInternalUri {value}")
    noun, parameter = _CMDLETS.get(service, ("WebServicesVirtualDirectory", "InternalUrl"))
    argument = value
    if parameter == "InternalHostname":  # InternalHostname also needs InternalClientsRequireSsl
        argument = f"{value.removeprefix('https://').partition('/')[0]} -InternalClientsRequireSsl $true"
    return for_each(names, f"Get-{noun} -Server {{}} | Set-{noun} -{parameter} {argument}")


def for_each(names: t.Iterable[str], command: str) -> str:
    """Build a command for one or several names; C({}) is the placeholder for the name."""
    identities = [quoted(name) for name in sorted(set(names), key=natural)]
    if len(identities) == 1:
        return command.replace("{}", identities[0])
    return f"{', '.join(identities)} | ForEach-Object {{ {command.replace('{}', '$_')} }}"
