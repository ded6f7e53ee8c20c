# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a server cannot be reached, in better words than OpenLDAP's. Private to this collection.

OpenLDAP says "Can't contact LDAP server" for a name that does not resolve, a closed port and a refused certificate
alike, and Debian's says "(unknown error code)" of the last. Python's own socket and ssl know which it was.
"""

from __future__ import annotations

import socket
import ssl
import typing as t

from ..errors import CertificateRefused, Unreachable

if t.TYPE_CHECKING:
    from .access import Access, Server

# The extended request 1.3.6.1.4.1.1466.20037, message 1 (RFC 4511, 4.14).
_START_TLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
_ANSWER = 4096  # octets: its answer is some dozens
_ADVICE = "check the name, the port, the firewall and that the domain controller runs"


def why_unreachable(access: Access, server: Server, *, catalog: bool) -> Unreachable | None:
    """Connect as far as TLS goes and say what stands in the way; None when nothing does."""
    port = access.port(server, catalog=catalog)
    try:
        with socket.create_connection((server.host, port), timeout=access.connect_timeout) as connection:
            if access.tls == "start_tls":
                connection.sendall(_START_TLS)
                connection.recv(_ANSWER)
            if access.tls != "none":
                _context(access).wrap_socket(connection, server_hostname=server.host).close()
    except ssl.SSLCertVerificationError as exc:
        return CertificateRefused(f"its certificate does not verify: {exc.verify_message}")
    except ssl.SSLError as exc:
        return Unreachable(f"TLS failed: {exc.reason or exc}", advice="check that this port speaks TLS")
    except OSError as exc:
        return Unreachable(f"port {port}: {exc.strerror or exc}", advice=_ADVICE)
    return None


def _context(access: Access) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=access.ca_path)
    if not access.validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
