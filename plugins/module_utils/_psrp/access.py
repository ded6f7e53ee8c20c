# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the endpoint of an Exchange server is and how to sign in. Private to this collection."""

from __future__ import annotations

import dataclasses
import ipaddress

from ..errors import CredentialsRefused, Unreachable

_PATH = "PowerShell/"
_PORTS = {"none": 80, "https": 443}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to connect to Exchange servers. Times are in seconds.

    C(server) runs the cmdlets for which no server is named. C(operation_timeout) is the time for one cmdlet, with the
    wait if Exchange throttles.
    """

    server: str
    username: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    authentication: str = "kerberos"
    tls: str = "none"
    port: int | None = None
    validate_certs: bool = True
    ca_path: str | None = None
    connect_timeout: float = 30
    operation_timeout: float = 300

    @property
    def path(self) -> str:
        """The path of the virtual directory."""
        return _PATH

    @property
    def actual_port(self) -> int:
        """The given port, or the default one."""
        return self.port or _PORTS[self.tls]

    def name_of(self, server: str | None) -> str:
        """The name of a server in requests. Raises C(Unreachable) if Kerberos has no ticket for it."""
        name = (server or self.server).strip().rstrip(".")
        if "/" in name or not name:
            raise Unreachable(f"'{name}' is not a server name", advice="write the FQDN of an Exchange server")
        if self.authentication == "kerberos" and (_is_address(name) or "." not in name):
            raise Unreachable(
                f"{name} is not an FQDN, and Kerberos needs the FQDN of the server itself",
                advice="write the FQDN of the Exchange server, not an address and not a load-balanced name",
            )
        return name

    def principal(self) -> str:
        """The Kerberos principal, with the realm in capitals. Raises C(CredentialsRefused)."""
        name, mark, realm = (self.username or "").partition("@")
        if not mark or not realm or "\\" in name:
            raise CredentialsRefused(f"{self.username} has no realm", advice="write username as name@REALM")
        return f"{name}@{realm.upper()}"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
