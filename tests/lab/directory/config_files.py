# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration files of the domain controller and its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .description import Directory

_SMB = """\
[global]
    netbios name = {server}
    realm = {realm}
    workgroup = {netbios}
    server role = active directory domain controller
    server services = ldap, cldap, kdc, dns
    interfaces = {address}/8
    bind interfaces only = yes
    disable netbios = yes
    dns forwarder =
    load printers = no
    printcap name = /dev/null
    private dir = {folder}/private
    state directory = {folder}/state
    cache directory = {folder}/cache
    pid directory = {folder}
    binddns dir = {folder}/bind-dns
    ncalrpc dir = {sockets}/ncalrpc
    winbindd socket directory = {sockets}/winbindd
    ntp signd socket directory = {sockets}/ntp
    lock directory = {sockets}
    log level = 1 dsdb_json_audit:5
    tls enabled = {tls}
    tls keyfile = {pem}
    tls certfile = {pem}
    tls cafile =
"""

_KRB5 = """\
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
[realms]
    {realm} = {{
        kdc = {address}
        kpasswd_server = {address}
    }}
[domain_realm]
    .{domain} = {realm}
    {domain} = {realm}
"""


def smb(directory: Directory, folder: Path, sockets: Path, pem: Path | None) -> str:
    """The smb.conf. The path of the folder `sockets` must be short. Without a certificate there is no TLS."""
    return _SMB.format(
        server=directory.server.upper(),
        realm=directory.realm,
        netbios=directory.netbios,
        address=directory.address,
        folder=folder,
        sockets=sockets,
        tls="yes" if pem else "no",
        pem=pem or "",
    )


def krb5(directory: Directory) -> str:
    """The krb5.conf. It contains the address of the KDC and switches DNS lookups off."""
    return _KRB5.format(realm=directory.realm, domain=directory.domain, address=directory.address)


def hosts(directory: Directory, address: str) -> str:
    """The hosts file of libnss-wrapper, with the Exchange servers that have an endpoint."""
    servers = directory.exchange.servers if directory.exchange else ()
    lines = [f"{one.address} {one.fqdn} {one.name}\n" for one in servers if one.address]
    return "".join([f"{address} {directory.fqdn} {directory.server}\n", *lines])
