# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The virtual IPs of Client Access servers on a load balancer: HTTPS and the RPC endpoint mapper.

The messages of the endpoint mapper are those that Samba sends, octet by octet.
"""

from __future__ import annotations

import contextlib
import http.server
import socketserver
import struct
import threading
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Sequence

_HEADER = struct.Struct("<4BIHHI")
_BIND, _ACKNOWLEDGED, _REFUSED = 11, 12, 13
_ENDPOINT_MAPPER = UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa").bytes_le + struct.pack("<HH", 3, 0)
_NDR = UUID("8a885d04-1ceb-11c9-9fe8-08002b104860").bytes_le + struct.pack("<HH", 2, 0)
_FRAGMENT = 5840


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 32
    site: ClientAccess
    tls: ssl.SSLContext | None = None


class _Web(http.server.BaseHTTPRequestHandler):
    server: _Server

    def setup(self) -> None:
        if self.server.tls:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_HEAD(self) -> None:
        self.send_response(302 if self.server.site.has_servers else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Write no log."""


class _EndpointMapper(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        header = self.rfile.read(_HEADER.size)
        # A load balancer accepts connections, and closes them if no server is there.
        if len(header) < _HEADER.size or not self.server.site.has_servers:
            return
        version, _minor, kind, flags, order, size, security, call = _HEADER.unpack(header)
        body = self.rfile.read(size - _HEADER.size)
        if (version, kind, flags, order, security) != (5, _BIND, 3, 0x10, 0):
            self._reply(_REFUSED, call, struct.pack("<HBBB3x", 4, 1, 5, 0))
            return
        sent, received, _group, number = struct.unpack_from("<HHIB3x", body)
        known = number == 1 and body[16:36] == _ENDPOINT_MAPPER and body[36:56] == _NDR
        result = struct.pack("<HH", 0, 0) + _NDR if known else struct.pack("<HH", 2, 1) + bytes(20)
        port = b"135\0"
        sizes = struct.pack("<HHIH", min(sent, _FRAGMENT), min(received, _FRAGMENT), 0x8A6A, len(port))
        self._reply(_ACKNOWLEDGED, call, sizes + port + bytes(2) + struct.pack("<B3x", 1) + result)

    def _reply(self, kind: int, call: int, body: bytes) -> None:
        size = _HEADER.size + len(body)
        self.wfile.write(_HEADER.pack(5, 0, kind, 3, 0x10, size, 0, call) + body)


class ClientAccess:
    """The virtual IPs of one site. They accept connections also while C(has_servers) is false."""

    def __init__(self, addresses: Sequence[str], tls: ssl.SSLContext, *, https: int = 443, mapper: int = 135) -> None:
        self.has_servers = True
        self._servers: list[_Server] = []
        for address in addresses:
            for port, handler in ((https, _Web), (mapper, _EndpointMapper)):
                server = _Server((address, port), handler)
                server.site = self
                server.tls = tls if handler is _Web else None
                self._servers.append(server)

    @contextlib.contextmanager
    def running(self) -> Iterator[ClientAccess]:
        """Serve until the end of the block."""
        threads = [threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True) for one in self._servers]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            for one in self._servers:
                one.shutdown()
                one.server_close()
