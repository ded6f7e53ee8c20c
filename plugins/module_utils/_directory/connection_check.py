# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out why a connection failed, in more detail than OpenLDAP reports. Private to this collection.

OpenLDAP reports "Can't contact LDAP server" for an unknown name, a closed port and a refused certificate. On Debian it
reports "(unknown error code)" for the certificate. Python's socket and ssl modules report the cause.
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
_RESPONSE_SIZE = 4096  # octets: the response is much smaller
_CERTIFICATE = "set ca_path to the issuer's certificate, or renew the certificate for this server name"
_ADVICE = "check the name, the port, the firewall and that the domain controller is running"


def diagnose_connection(access: Access, server: Server, *, catalog: bool) -> Unreachable | None:
    """Connect, with TLS if configured, and return the problem; C(None) if the connection succeeds."""
    port = access.port(server, catalog=catalog)
    try:
        with socket.create_connection((server.host, port), timeout=access.connect_timeout) as connection:
            return None if access.tls == "none" else _diagnose_tls(access, server, port, connection)
    except OSError as exc:
        return Unreachable(f"port {port}: {exc.strerror or exc}", advice=_ADVICE)


def _diagnose_tls(access: Access, server: Server, port: int, connection: socket.socket) -> Unreachable | None:
    try:
        context = ssl.create_default_context(cafile=access.ca_path)
    except OSError as exc:  # includes ssl.SSLError
        return Unreachable(f"the CA file {access.ca_path} cannot be used: {_error_text(exc)}", advice="correct ca_path")
    if not access.validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if access.tls == "start_tls":
            connection.sendall(_START_TLS)
            connection.recv(_RESPONSE_SIZE)
        context.wrap_socket(connection, server_hostname=server.host).close()
    except ssl.SSLCertVerificationError as exc:
        return CertificateRefused(f"its certificate failed verification: {exc.verify_message}", advice=_CERTIFICATE)
    except OSError as exc:
        return Unreachable(f"TLS failed on port {port}: {_error_text(exc)}", advice="check that this port uses TLS")
    return None


def _error_text(error: OSError) -> str:
    return (error.reason if isinstance(error, ssl.SSLError) else error.strerror) or str(error)
