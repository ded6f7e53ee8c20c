# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP listener of a host in the domain, with Kerberos and encrypted messages ([MS-WSMV] 2.2.9.1).

This is a separate program for the Python of the system, which has python3-gssapi. It forwards the messages to a
listener of the lab with Basic authentication. KRB5_KTNAME is the keytab of the host. The settings are JSON on standard
input: `address`, `port`, `behind` (address and port of the listener), `user`, `password`, `journal`. Without a `user`
the listener gets the user of the ticket. `path` is the path of the requests, `account` the only one whose tickets are
accepted, and `spaced` writes the boundary of the parts as Exchange does. Several listeners are a list of settings.
The program exits when its standard input is closed.
"""

from __future__ import annotations

import base64
import http.client
import http.server
import json
import pathlib
import struct
import sys
import threading
import typing as t

import gssapi
import gssapi.raw

_BOUNDARY = b"--Encrypted Boundary"
_PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"
_KIND = f'multipart/encrypted;protocol="{_PROTOCOL}";boundary="Encrypted Boundary"'


class _Handler(http.server.BaseHTTPRequestHandler):
    """A connection with its security context."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: _Listener
    context: gssapi.SecurityContext | None = None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Write no log: the journal has the messages."""

    def do_POST(self) -> None:
        """Authenticate, or handle an encrypted message. Other messages are refused (AllowUnencrypted is false)."""
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        scheme, _mark, token = self.headers.get("Authorization", "").partition(" ")
        reply_token = self._accept(scheme, base64.b64decode(token)) if token else b""
        if self.context is None or not self.context.complete or not self.server.serves(self.context):
            self._reply(401, WWW_Authenticate="Negotiate")
        elif not body:
            # Mutual authentication: the client checks the identity of the host.
            self._reply(200, WWW_Authenticate=f"Negotiate {base64.b64encode(reply_token).decode()}")
        elif _PROTOCOL not in self.headers.get("Content-Type", ""):
            self.server.record(self.context, sealed=False)
            self._reply(500)
        else:
            self.server.record(self.context, sealed=True)
            status, response = self.server.forward(self._decrypted(body), self.context)
            self._reply(status, self._encrypted(response), Content_Type=_KIND)

    def _accept(self, scheme: str, token: bytes) -> bytes:
        """Check a ticket and return the token for mutual authentication. `context` is None if the ticket is refused."""
        self.context = None
        if scheme != "Negotiate":
            return b""
        context = gssapi.SecurityContext(creds=gssapi.Credentials(usage="accept"), usage="accept")
        try:
            reply_token = context.step(token)
        except gssapi.raw.GSSError as problem:
            print(f"a ticket was refused: {problem}", file=sys.stderr, flush=True)
            return b""
        self.context = context
        return reply_token or b""

    def _decrypted(self, body: bytes) -> bytes:
        encrypted = body.split(_OCTETS)[1].removesuffix(_BOUNDARY + b"--\r\n")
        # The first four octets are the length of the header. unwrap needs header and data together.
        message = t.cast("gssapi.SecurityContext", self.context).unwrap(encrypted[4:])
        if not message.encrypted:
            raise ValueError("a message was signed but not encrypted")
        return bytes(message.message)

    def _encrypted(self, response: bytes) -> bytes:
        kind = gssapi.raw.IOVBufferType
        buffers = gssapi.raw.IOV(kind.header, response, kind.padding, std_layout=False)
        gssapi.raw.wrap_iov(t.cast("t.Any", self.context), buffers, confidential=True, qop=None)
        header, data, padding = (buffer.value or b"" for buffer in buffers)
        length = len(response) + len(padding)
        head = f"\tContent-Type: {_PROTOCOL}\r\n"
        head += f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={length}\r\n"
        boundary = self.server.boundary
        parts = [boundary, b"\r\n", head.encode(), boundary, b"\r\n", _OCTETS]
        return b"".join([*parts, struct.pack("<i", len(header)), header, data, padding, boundary, b"--\r\n"])

    def _reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, settings: t.Mapping[str, t.Any]) -> None:
        super().__init__((settings["address"], settings["port"]), _Handler)
        self._target = settings["behind"]
        self._journal = pathlib.Path(settings["journal"])
        self._user, self._password = settings.get("user"), settings["password"]
        self._path, self._account = settings.get("path", "/wsman"), settings.get("account", "")
        self.boundary = b"-- Encrypted Boundary" if settings.get("spaced") else _BOUNDARY

    def serves(self, context: gssapi.SecurityContext) -> bool:
        """Whether the ticket is for this host: its key is that of the account."""
        if not self._account or str(context.target_name).partition("@")[0].lower() == self._account.lower():
            return True
        print(f"a ticket is for {context.target_name}", file=sys.stderr, flush=True)
        return False

    def forward(self, message: bytes, context: gssapi.SecurityContext) -> tuple[int, bytes]:
        """Send a message to the listener of the lab. Returns the status and body of the response."""
        address, port = self._target
        account = f"{self._user or context.initiator_name}:{self._password}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(account.encode()).decode(),
            "Content-Type": "application/soap+xml;charset=UTF-8",
        }
        connection = http.client.HTTPConnection(address, port, timeout=60)
        try:
            connection.request("POST", self._path, message, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def record(self, context: gssapi.SecurityContext, *, sealed: bool) -> None:
        """Write the user of a message to the journal."""
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"user": str(context.initiator_name), "sealed": sealed}) + "\n")


def main() -> None:
    """Listen until standard input is closed."""
    settings = json.loads(sys.stdin.readline())
    for one in settings if isinstance(settings, list) else [settings]:
        threading.Thread(target=_Listener(one).serve_forever, daemon=True).start()
    print("listening", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
