# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP listener of a host in the domain: Kerberos and sealed messages, as Windows has it without TLS.

A program of its own for the Python of the system, because python3-gssapi is there and need not be built. It stands
before a listener of the lab and signs in there with Basic. The key of the host comes in KRB5_KTNAME, the settings as
JSON on standard input: `address`, `port`, `behind` (address and port), `user`, `password`, `journal`. It ends with its
standard input. ([MS-WSMV] 2.2.9.1)
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
    """One connection, which has one security context."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: _Listener
    context: gssapi.SecurityContext | None = None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Stay silent: the journal has it."""

    def do_POST(self) -> None:
        """Sign in, or answer a sealed message. What is not sealed is refused (AllowUnencrypted is off)."""
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        scheme, _mark, token = self.headers.get("Authorization", "").partition(" ")
        proof = self._accept(scheme, base64.b64decode(token)) if token else b""
        if self.context is None or not self.context.complete:
            self._reply(401, WWW_Authenticate="Negotiate")
        elif not body:
            # The client wants to know that it is the host that it asked for.
            self._reply(200, WWW_Authenticate=f"Negotiate {base64.b64encode(proof).decode()}")
        elif _PROTOCOL not in self.headers.get("Content-Type", ""):
            self.server.note(self.context, sealed=False)
            self._reply(500)
        else:
            self.server.note(self.context, sealed=True)
            status, answer = self.server.ask(self._unsealed(body))
            self._reply(status, self._sealed(answer), Content_Type=_KIND)

    def _accept(self, scheme: str, token: bytes) -> bytes:
        """Take a ticket, and give what proves who we are; without a context afterwards the ticket was refused."""
        self.context = None
        if scheme != "Negotiate":
            return b""
        context = gssapi.SecurityContext(creds=gssapi.Credentials(usage="accept"), usage="accept")
        try:
            proof = context.step(token)
        except gssapi.raw.GSSError:
            return b""
        self.context = context
        return proof or b""

    def _unsealed(self, body: bytes) -> bytes:
        sealed = body.split(_OCTETS)[1].removesuffix(_BOUNDARY + b"--\r\n")
        # Four octets with the length of what the mechanism puts before the data; unwrap takes both in one piece.
        message = t.cast("gssapi.SecurityContext", self.context).unwrap(sealed[4:])
        if not message.encrypted:
            raise ValueError("a message was signed and not sealed")
        return bytes(message.message)

    def _sealed(self, answer: bytes) -> bytes:
        kind = gssapi.raw.IOVBufferType
        buffers = gssapi.raw.IOV(kind.header, answer, kind.padding, std_layout=False)
        gssapi.raw.wrap_iov(t.cast("t.Any", self.context), buffers, confidential=True, qop=None)
        header, data, padding = (buffer.value or b"" for buffer in buffers)
        length = len(answer) + len(padding)
        head = f"\tContent-Type: {_PROTOCOL}\r\n"
        head += f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={length}\r\n"
        parts = [_BOUNDARY, b"\r\n", head.encode(), _BOUNDARY, b"\r\n", _OCTETS]
        return b"".join([*parts, struct.pack("<i", len(header)), header, data, padding, _BOUNDARY, b"--\r\n"])

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
        self._behind = settings["behind"]
        self._journal = pathlib.Path(settings["journal"])
        account = f"{settings['user']}:{settings['password']}"
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(account.encode()).decode(),
            "Content-Type": "application/soap+xml;charset=UTF-8",
        }

    def ask(self, message: bytes) -> tuple[int, bytes]:
        """What the lab answers."""
        address, port = self._behind
        behind = http.client.HTTPConnection(address, port, timeout=60)
        try:
            behind.request("POST", "/wsman", message, self._headers)
            answer = behind.getresponse()
            return answer.status, answer.read()
        finally:
            behind.close()

    def note(self, context: gssapi.SecurityContext, *, sealed: bool) -> None:
        """Who sent a message, and how."""
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"user": str(context.initiator_name), "sealed": sealed}) + "\n")


def main() -> None:
    """Listen until standard input ends."""
    listener = _Listener(json.loads(sys.stdin.readline()))
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    print("listening", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
