# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A DNS server over UDP and TCP that returns the responses of a test and records the queries."""

from __future__ import annotations

import contextlib
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Optional

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

SOA = ("example.test.", 3600, "IN", "SOA", "dc1.example.test. hostmaster.example.test. 1 900 600 86400 3600")

Responder = Callable[[dns.message.Message], Optional[dns.message.Message]]  # noqa: UP045


@dataclass(frozen=True, slots=True)
class NameServer:
    """A running server; `queries` has the transport, name and record type of each query, in the order received."""

    address: str
    queries: list[tuple[str, str, str]] = field(default_factory=list)


def reply(
    query: dns.message.Message,
    *records: tuple[str, int, str, str, str],
    rcode: int = 0,
    flags: int = dns.flags.RA,
    authority: tuple[tuple[str, int, str, str, str], ...] = (),
) -> dns.message.Message:
    """A response with these records: name, TTL, class, type, data."""
    made = dns.message.make_response(query)
    made.flags = (made.flags & ~dns.flags.RA) | flags
    made.set_rcode(rcode)
    made.answer = [dns.rrset.from_text(*record) for record in records]
    made.authority = [dns.rrset.from_text(*record) for record in authority]
    return made


def record_type(query: dns.message.Message) -> str:
    """The record type: A or AAAA."""
    return dns.rdatatype.to_text(query.question[0].rdtype)


@contextlib.contextmanager
def serving(respond: Responder, *, host: str = "127.0.0.1") -> Iterator[NameServer]:
    """A server that sends the response of `respond`, or nothing for None. Long UDP responses are truncated."""

    def handle_query(transport: str, wire: bytes) -> bytes | None:
        query = dns.message.from_wire(wire)
        server.queries.append((transport, str(query.question[0].name), record_type(query)))
        answer = respond(query)
        if answer is None:
            return None
        message = answer.to_wire(max_size=65535)
        if transport == "tcp" or len(message) <= 512:
            return message
        answer.answer = []
        answer.flags |= dns.flags.TC
        return answer.to_wire()

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, socket = self.request
            if answer := handle_query("udp", wire):
                socket.sendto(answer, self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            (length,) = struct.unpack("!H", self.rfile.read(2))
            if answer := handle_query("tcp", self.rfile.read(length)):
                self.wfile.write(struct.pack("!H", len(answer)) + answer)

    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(socketserver.ThreadingTCPServer((host, 0), Stream))
        port = stream.server_address[1]
        datagram = stack.enter_context(socketserver.ThreadingUDPServer((host, port), Datagram))
        server = NameServer(f"{host}:{port}")
        for one in (stream, datagram):
            threading.Thread(target=one.serve_forever, args=(0.02,), daemon=True).start()
            stack.callback(one.shutdown)
        yield server
