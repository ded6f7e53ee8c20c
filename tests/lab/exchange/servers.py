# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-ExchangeServer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..directory.exchange import ROLES
from .catalogue import Cmdlet, Item
from .organization import guid
from .parameters import IDENTITY, SWITCH, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .catalogue import Call
    from .organization import Server

_TYPE = "Deserialized.Microsoft.Exchange.Data.Directory.Management.ExchangeServer"
_NAMES = {
    "mailbox": "Mailbox",
    "client_access": "ClientAccess",
    "unified_messaging": "UnifiedMessaging",
    "hub_transport": "HubTransport",
    "edge_transport": "Edge",
}


def version(server: Server) -> str:
    """AdminDisplayVersion as text."""
    major, minor, build, revision = server.version
    return f"Version {major}.{minor} (Build {build}.{revision})"


def _get(call: Call) -> Iterator[Item]:
    identity = call.value("Identity")
    organization = call.organization
    found = list(organization.servers.values()) if identity is None else [organization.server(identity)]
    for server in found:
        yield Item(
            (_TYPE, "Deserialized.Microsoft.Exchange.Data.Directory.ADPresentationObject"),
            {
                "Name": server.name,
                "Fqdn": server.fqdn,
                "Domain": organization.directory.domain,
                "Site": f"{organization.directory.domain}/Configuration/Sites/{server.site}",
                "ServerRole": ", ".join(_NAMES[role] for role in ROLES if role in server.roles),
                "AdminDisplayVersion": version(server),
                "IsClientAccessServer": "client_access" in server.roles,
                "IsMailboxServer": "mailbox" in server.roles,
                "IsHubTransportServer": "hub_transport" in server.roles,
                "IsE14OrLater": True,
                "IsE15OrLater": server.major >= 15,
                "Edition": "Enterprise",
                "Identity": server.name,
                "Guid": guid(server.dn),
                "DistinguishedName": server.dn,
                "ExchangeVersion": "0.1 (8.0.535.0)",
                "OriginatingServer": organization.controller,
            },
            server.name,
        )


CMDLETS = (
    Cmdlet(
        "Get-ExchangeServer",
        "Microsoft.Exchange.Management.SystemConfigurationTasks.GetExchangeServer",
        (Parameter("Identity", IDENTITY), Parameter("Status", SWITCH)),
        _get,
    ),
)
