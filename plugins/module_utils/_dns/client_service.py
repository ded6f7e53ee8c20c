# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test whether the services that clients of Exchange connect to respond. Private to this collection.

The RPC endpoint mapper: C706 (DCE 1.1: Remote Procedure Call), chapter 12, and Microsoft's MS-RPCE, section 2.2.1.1.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import struct
import threading
import typing as t
import uuid

# Presentation syntaxes: identifier, major and minor version.
_ENDPOINT_MAPPER = (uuid.UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa"), 3, 0)
_NDR = (uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860"), 2, 0)
_HEADER = struct.Struct("<4BIHHI")
_VERSION, _BIND, _BIND_ACKNOWLEDGED, _BIND_REFUSED = 5, 11, 12, 13
_FIRST_AND_LAST, _LITTLE_ENDIAN = 3, 0x10
_MOST_OCTETS = 5840  # in one message, in each direction
_NO_MAPPER = "The port is open, but no RPC endpoint mapper responds there"
# What a load balancer returns if no server behind it responds.
_NO_SERVER = (502, 503, 504)


def problem(service: Service, connection: socket.socket, name: str) -> str | None:
    """Why a service does not respond on a new connection; C(None) if it does. C(name) is what clients call it."""
    seconds = connection.gettimeout() or 0
    end = _End(seconds)
    try:
        return service(connection, name.rstrip("."), end)
    except (OSError, ValueError, http.client.HTTPException) as exc:  # ValueError: TLS or HTTP cannot send the name
        if end.over or isinstance(exc, TimeoutError):
            return f"The port is open, but nothing responds within {seconds:g} s"
        if isinstance(exc, ssl.SSLError):
            return None if _wants_certificate(exc) else f"The port is open, but TLS fails ({exc.reason or exc})"
        return f"The port is open, but the service does not respond as expected ({exc or type(exc).__name__})"
    finally:
        end.cancel()


def _wants_certificate(error: ssl.SSLError) -> bool:
    """Whether the server wants a certificate of the client, which is a response."""
    return "CERTIFICATE_REQUIRED" in (error.reason or "")


class _End:
    """Ends a connection when the time for the whole test is up, however slowly the server sends."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._connection: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def of(self, connection: socket.socket) -> None:
        """Which connection to end."""
        self._connection = connection

    def cancel(self) -> None:
        """End nothing any more."""
        self._timer.cancel()

    def _end(self) -> None:
        self.over = True
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)


def https(connection: socket.socket, name: str, end: _End) -> str | None:
    """Request C(/) without credentials. Any HTTP status but that of a missing server is a response.

    Nothing secret is sent. So the certificate is not verified, and the versions of TLS of old servers are accepted,
    which their clients use.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with context.wrap_socket(connection, server_hostname=name, do_handshake_on_connect=False) as secure:
        end.of(secure)
        secure.do_handshake()
        client = http.client.HTTPSConnection(name, 443, context=context)
        client.sock = secure
        client.request("HEAD", "/", headers={"Connection": "close"})
        status = client.getresponse().status
    return f"The load balancer or server returns HTTP {status}" if status in _NO_SERVER else None


def endpoint_mapper(connection: socket.socket, name: str, end: _End) -> str | None:
    """Bind to the RPC endpoint mapper, which needs no credentials."""
    del name
    end.of(connection)
    body = struct.pack("<HHIB3xHBx", _MOST_OCTETS, _MOST_OCTETS, 0, 1, 0, 1) + _syntax(_ENDPOINT_MAPPER) + _syntax(_NDR)
    size = _HEADER.size + len(body)
    connection.sendall(_HEADER.pack(_VERSION, 0, _BIND, _FIRST_AND_LAST, _LITTLE_ENDIAN, size, 0, 1) + body)
    with connection.makefile("rb") as stream:
        header = stream.read(_HEADER.size)
        if len(header) < _HEADER.size:
            if end.over:
                raise TimeoutError
            return "The port is open, but the connection is closed without a response"
        version, _minor, kind, _flags, order, size, _security, _call = _HEADER.unpack(header)
        if version != _VERSION or order != _LITTLE_ENDIAN or not _HEADER.size < size <= _MOST_OCTETS:
            return _NO_MAPPER
        rest = stream.read(size - _HEADER.size)
    if end.over:
        raise TimeoutError
    with contextlib.suppress(struct.error):  # a response that is too short
        if kind == _BIND_ACKNOWLEDGED:
            # Two sizes, a group, and the name of the port, filled up to a multiple of four octets.
            (length,) = struct.unpack_from("<H", rest, 8)
            (result,) = struct.unpack_from("<H", rest, (10 + length + 3) // 4 * 4 + 4)
            return None if result == 0 else f"The RPC endpoint mapper refuses the binding (result {result})"
        if kind == _BIND_REFUSED:
            return f"The RPC endpoint mapper refuses the binding (reason {struct.unpack_from('<H', rest)[0]})"
    return _NO_MAPPER


def _syntax(syntax: tuple[uuid.UUID, int, int]) -> bytes:
    identifier, major, minor = syntax
    return identifier.bytes_le + struct.pack("<HH", major, minor)


Service = t.Callable[[socket.socket, str, _End], "str | None"]
SERVICES: t.Mapping[int, Service] = {135: endpoint_mapper, 443: https}
