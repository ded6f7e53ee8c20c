# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual directories of the Exchange servers. Private to this collection."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._directory.distinguished_name import name_of
from ..name_list import natural
from .objects import Query
from .url import host_of

if t.TYPE_CHECKING:
    from .._directory.entry import Entry
    from .objects import Objects
    from .servers import Server, Servers

_SERVICES = {
    "msExchOWAVirtualDirectory": "owa",
    "msExchECPVirtualDirectory": "ecp",
    "msExchWebServicesVirtualDirectory": "ews",
    "msExchOABVirtualDirectory": "oab",
    "msExchMobileVirtualDirectory": "activesync",
    "msExchAutoDiscoverVirtualDirectory": "autodiscover",
    "msExchRpcHttpVirtualDirectory": "outlook_anywhere",
    "msExchMapiVirtualDirectory": "mapi",
    "msExchPowerShellVirtualDirectory": "powershell",
}
VIRTUAL_DIRECTORIES = Query(
    f"(|{''.join(f'(objectClass={name})' for name in _SERVICES)})",
    (
        "msExchExternalHostName",
        "msExchInternalAuthenticationMethods",
        "msExchInternalHostName",
        "msExchManagementSettings",
    ),
)

# The bits of AuthenticationMethodFlags, in order.
_METHODS = (
    "basic", "ntlm", "forms", "digest", "windows_integrated", "live_id_forms", "live_id_basic", "ws_security",
    "certificate", "nego_ex", "oauth", "adfs", "kerberos", "negotiate", "live_id_negotiate",
)  # fmt: skip
# IIS offers Negotiate with Windows integrated authentication, unless its providers were changed on the server.
_KERBEROS_METHODS = {"windows_integrated", "kerberos", "negotiate"}
_NEGOTIATE_METHOD = 13  # a value of the enumeration AuthenticationMethod, which has no flags
_NAME = re.compile(r".*\((?P<web_site>.*)\)\s*")
_BACK_END = "exchange back end"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VirtualDirectory:
    """A virtual directory of a server.

    C(authentication) are the internal authentication methods of IIS. C(negotiate) is whether internal clients can use
    Kerberos, C(None) if unknown.
    """

    server: str | None
    service: str
    name: str
    web_site: str | None
    internal_url: str | None
    internal_host: str | None
    external_url: str | None
    external_host: str | None
    authentication: tuple[str, ...]
    negotiate: bool | None


def virtual_directories_of(objects: Objects, servers: Servers) -> tuple[VirtualDirectory, ...]:
    """The virtual directories, sorted by server and service, without those of the back end."""
    found = [
        _virtual_directory(entry, service, servers.owner_of(entry.dn))
        for object_class, service in _SERVICES.items()
        for entry in objects.of(object_class)
    ]
    found = [item for item in found if (item.web_site or "").casefold() != _BACK_END]
    return tuple(sorted(found, key=lambda item: (natural(item.server or ""), item.service, item.name.casefold())))


def _virtual_directory(entry: Entry, service: str, server: Server | None) -> VirtualDirectory:
    name = name_of(entry.dn)
    web_site = _NAME.fullmatch(name)
    internal = entry.text("msExchInternalHostName") or None  # contains a URL
    external = entry.text("msExchExternalHostName") or None
    return VirtualDirectory(
        server=server.name if server else None,
        service=service,
        name=name,
        web_site=web_site["web_site"] if web_site else None,
        internal_url=internal,
        internal_host=host_of(internal),
        external_url=external,
        external_host=host_of(external),
        authentication=_authentication(entry),
        negotiate=_negotiate(entry, service, server),
    )


def _authentication(entry: Entry) -> tuple[str, ...]:
    flags = entry.number("msExchInternalAuthenticationMethods") or 0
    return tuple(word for bit, word in enumerate(_METHODS) if flags >> bit & 1)


def _negotiate(entry: Entry, service: str, server: Server | None) -> bool | None:
    if service == "outlook_anywhere" and (server is None or server.generation not in {"2007", "2010"}):
        # Since 2013 Outlook uses one configured method, whatever IIS offers. The default is NTLM.
        method = entry.number("msExchManagementSettings")
        if method is not None or server is not None:
            return method == _NEGOTIATE_METHOD
        return None
    if not entry.number("msExchInternalAuthenticationMethods"):
        return None
    return not _KERBEROS_METHODS.isdisjoint(_authentication(entry))
