# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy before the domain controller. It counts the requests of a cell and spoils the responses to some of them.

On the ports of LDAPS it terminates TLS, so it can change what a response says. A connection that Kerberos encrypts it
can only cut, delay and repeat.
"""

from __future__ import annotations

import contextlib
import dataclasses
import select
import socket
import ssl
import struct
import threading
import typing as t

from . import ber

if t.TYPE_CHECKING:
    import pathlib

    from .ber import Element

PORTS = {389: False, 636: True, 3268: False, 3269: True}  # whether the port begins with TLS
_TLS_PORTS = {389: 636, 3268: 3269}
OPERATIONS = {0x60: "bind", 0x63: "search", 0x66: "modify", 0x77: "extended", 0x42: "unbind", 0x50: "abandon"}
FINAL = {"bind": 0x61, "search": 0x65, "modify": 0x67, "extended": 0x78}
ENTRY, REFERENCE, CONTROLS = 0x64, 0x73, 0xA0
PAGED = b"1.2.840.113556.1.4.319"
_STALL_SECONDS = 25  # longer than the deadline of a cell


@dataclasses.dataclass(slots=True)
class Request:
    """A request on the wire, with what the response had. C(lost): its response did not arrive as it was."""

    operation: str
    target: str = ""
    content: bytes = b""
    reached: bool = True
    lost: bool = False
    entries: int = 0
    paged: bool = False
    attributes: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault.

    C(operations): the requests that it can meet. C(effect): the request reaches the domain controller. C(lies): a value
    or an object in the response is not that of the directory, or is missing. C(adds): it has objects or values that are
    not in the directory. C(harmless): a client must accept the response. C(slow): takes long.
    C(applies): whether there is something to spoil. C(ask): changes the request. C(absent) is for the other cells.
    """

    name: str
    operations: frozenset[str]
    effect: bool
    write: t.Callable[[Exchange], None]
    lies: bool = False
    adds: bool = False
    harmless: bool = False
    slow: bool = False
    absent: bool = False
    applies: t.Callable[[Request], bool] = lambda _request: True
    ask: t.Callable[[Element], None] = lambda _message: None


class End:
    """One end of a connection, read one message at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock

    def read(self) -> bytes:
        """One LDAP message, or one encrypted buffer; empty at the end."""
        head = self._exactly(2)
        if head[:1] != b"\x30":  # SASL: four octets of length (RFC 4422, 3.7)
            head += self._exactly(2)
            return head + self._exactly(int.from_bytes(head, "big")) if len(head) == 4 else b""
        if len(head) == 2 and head[1] > 0x80:
            head += self._exactly(head[1] - 0x80)
            return head + self._exactly(int.from_bytes(head[2:], "big"))
        return head + self._exactly(head[1]) if len(head) == 2 else b""

    def _exactly(self, size: int) -> bytes:
        parts = []
        while size:
            part = self.socket.recv(min(size, 1 << 16))
            if not part:
                return b""
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def below(self, data: bytes) -> None:
        """Send octets below TLS."""
        with socket.socket(fileno=socket.dup(self.socket.fileno())) as raw:
            raw.sendall(data)

    def cut(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
        self.socket.close()

    def reset(self) -> None:
        """Close the connection with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Exchange:
    """A request and its response, for a fault. C(data): the octets of the response; empty if there is none."""

    def __init__(
        self,
        proxy: Proxy,
        client: End,
        message: Element | None = None,
        messages: t.Sequence[Element] = (),
        data: bytes = b"",
    ) -> None:
        self.client = client
        self.message = message
        self.messages = list(messages)
        self.data = data or b"".join(one.encode() for one in messages)
        self.referral = proxy.referral
        self._ended = proxy.ended

    @property
    def operation(self) -> str:
        return OPERATIONS[self.message.parts[1].tag] if self.message else ""

    @property
    def entries(self) -> list[Element]:
        """The entries of the response: a distinguished name and a list of attributes."""
        return [one.parts[1] for one in self.messages if one.parts[1].tag == ENTRY]

    def send(self, messages: t.Iterable[Element]) -> None:
        """Send a response."""
        self.client.send(b"".join(one.encode() for one in messages))

    def answer(self, operation: Element, *controls: Element) -> Element:
        """A message with the number of the request."""
        assert self.message is not None
        return ber.sequence(self.message.parts[0], operation, *controls)

    def result(self, code: int, text: bytes | str = "", *more: Element) -> Element:
        """The final message of the operation, with this result code."""
        parts = (ber.integer(code, 10), ber.octets(b""), ber.octets(text), *more)
        return self.answer(ber.sequence(*parts, tag=FINAL[self.operation]))

    def wait(self, seconds: float = _STALL_SECONDS) -> bool:
        """Wait, at most until the end of the cell. Whether it has ended."""
        return self._ended.wait(seconds)


class Proxy:
    """Listens on the ports of a domain controller. C(elsewhere): connections to the server of the referrals."""

    def __init__(self, address: str, target: str, certificate: pathlib.Path) -> None:
        self.requests: list[Request] = []
        self.hits = 0
        self.elsewhere = 0
        self._target = target
        self._lock = threading.Lock()
        self.ended = threading.Event()
        self._clients: list[End] = []
        self._threads: list[threading.Thread] = []
        self._server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server_side.load_cert_chain(certificate)
        self._client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._client_side.check_hostname = False
        self._client_side.verify_mode = ssl.CERT_NONE
        self.begin(None, 0, lasting=False)
        self._listeners = [(socket.create_server((address, port), backlog=64), port) for port in (*PORTS, 0)]
        self.referral = f"ldap://{address}:{self._listeners[-1][0].getsockname()[1]}/DC=elsewhere,DC=test"
        for listener, port in self._listeners:
            threading.Thread(target=self._accept, args=(listener, port), daemon=True).start()

    def stop(self) -> None:
        self.end()
        for listener, _port in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def begin(self, fault: Fault | None, position: int, *, lasting: bool) -> None:
        """Begin a cell."""
        with self._lock:
            self._fault, self._position, self._lasting = fault, position, lasting
            self.requests, self.hits, self.elsewhere = [], 0, 0
            self.ended.clear()
            self._limit = threading.Timer(_STALL_SECONDS, self._cut)  # a task that would never end is only wrong
            self._limit.daemon = True
            self._limit.start()

    def end(self) -> None:
        """End the cell: close all connections, and wait until nothing is on the way to the domain controller."""
        self.ended.set()
        self._limit.cancel()
        self._cut()
        with self._lock:
            threads, self._threads = self._threads, []
        for thread in threads:  # each waits for the response to a request that the domain controller has
            thread.join(10)

    def _cut(self) -> None:
        """Close all connections of clients."""
        with self._lock:
            clients, self._clients = self._clients, []
        for client in clients:
            client.cut()

    def _take(self, request: Request) -> Fault | None:
        """The fault for a request."""
        with self._lock:
            self.requests.append(request)
            number, fault = len(self.requests), self._fault
            if fault is None or self.ended.is_set() or request.operation not in fault.operations:
                return None
            if number != self._position and not (self._lasting and number > self._position):
                return None
            request.reached, request.lost = fault.effect, not (fault.lies or fault.harmless)
            self.hits += 1
            return fault

    def _accept(self, listener: socket.socket, port: int) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _peer = listener.accept()
                if port not in PORTS:
                    self.elsewhere += 1
                    client.close()
                    continue
                thread = threading.Thread(target=self._serve, args=(client, port), daemon=True)
                with self._lock:
                    self._threads.append(thread)
                    thread.start()

    def _client(self, sock: socket.socket) -> End:
        found = End(sock)
        with self._lock:
            self._clients.append(found)
        return found

    def _serve(self, plain: socket.socket, port: int) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            client = self._client(plain)

            def cut() -> None:
                client.cut()  # with TLS, if it began

            stack.callback(cut)
            if fault := self._take(Request("connect")):
                fault.write(Exchange(self, client))
                if fault.effect is False:
                    return
            if PORTS[port]:
                client = self._client(self._server_side.wrap_socket(plain, server_side=True))
            server: End | None = None
            while data := client.read():
                if server is None:
                    server = End(self._connect(port))
                    stack.callback(server.cut)
                if data[:1] != b"\x30":
                    self._serve_sealed(client, server, data)
                    return
                if self._exchange(client, server, ber.decode(data)) and not PORTS[port]:
                    client = self._client(self._server_side.wrap_socket(plain, server_side=True))
                    server, port = None, _TLS_PORTS[port]

    def _connect(self, port: int) -> socket.socket:
        made = socket.create_connection((self._target, port), timeout=30)
        return self._client_side.wrap_socket(made) if PORTS[port] else made

    def _exchange(self, client: End, server: End, message: Element) -> bool:
        """Pass on a request and its response. Whether TLS begins after it."""
        request = _request(message)
        if request.operation in ("unbind", "abandon"):
            server.send(message.encode())
            return False
        fault = self._take(request)
        messages: list[Element] = []
        if fault is None or fault.effect:
            if fault is not None:
                fault.ask(message)
            if request.operation == "extended":
                messages = [Exchange(self, client, message).result(0)]
            else:
                server.send(message.encode())
                messages = list(_response(server, request))
        exchange = Exchange(self, client, message, messages)
        if fault is None:
            client.send(exchange.data)
        else:
            fault.write(exchange)
        return request.operation == "extended"

    def _serve_sealed(self, client: End, server: End, first: bytes) -> None:
        """Pass on encrypted buffers. A fault with an effect spoils the first buffer of the response."""
        waiting = first
        fault: Fault | None = None
        while True:
            if waiting:
                fault = self._take(Request("sealed", content=waiting))
                if fault is not None and not fault.effect:
                    fault.write(Exchange(self, client))
                    return
                server.send(waiting)
                waiting = b""
            if min(client.socket.fileno(), server.socket.fileno()) < 0:  # a fault has closed it
                return
            ready, _writable, _failed = select.select([client.socket, server.socket], [], [], 30)
            if server.socket in ready:
                data = server.read()
                if not data:
                    return
                if fault is None:
                    client.send(data)
                else:
                    fault.write(Exchange(self, client, data=data))
                fault = None
            elif client.socket in ready:
                waiting = client.read()
                if not waiting:
                    return
            elif not ready:
                return


def _request(message: Element) -> Request:
    operation = message.parts[1]
    name = OPERATIONS[operation.tag]
    first = operation.parts[0] if operation.tag & ber.CONSTRUCTED and operation.parts else None
    if name not in ("search", "modify") or first is None:
        return Request(name)
    paged = any(PAGED in part.encode() for part in message.parts[2:])
    return Request(name, first.octets.decode("utf-8", "replace"), operation.encode(), paged=paged)


def _response(server: End, request: Request) -> t.Iterator[Element]:
    """The messages of a response, down to the final one."""
    names: set[str] = set()
    while data := server.read():
        message = ber.decode(data)
        kind = message.parts[1]
        if kind.tag == ENTRY:
            request.entries += 1
            names.update(one.parts[0].octets.decode() for one in kind.parts[1].parts)
            request.attributes = frozenset(names)
        yield message
        if kind.tag == FINAL[request.operation]:
            return
    raise ConnectionError("the domain controller closed the connection")
