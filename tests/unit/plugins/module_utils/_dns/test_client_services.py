# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether HTTPS and the RPC endpoint mapper respond, with the messages of a Samba server."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import threading
import time
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._dns import client_service, port
from lab.client_access import ClientAccess
from lab.estate import Host
from lab.wire.certificates import server_context

if t.TYPE_CHECKING:
    from pathlib import Path

HERE, NAME = "127.0.0.1", "mail.example.test"
# Samba 4.17, to the binding that is sent, to one to an interface that it does not have, and to one of version 4.
BIND = bytes.fromhex(
    "05000b03100000004800000001000000d016d0160000000001000000000001000883afe11f5dc91191a408002b14a0fa03000000"
    "045d888aeb1cc9119fe808002b10486002000000"
)
BOUND = bytes.fromhex(
    "05000c03100000003c00000001000000d016d0166a8a000004003133350000000100000000000000045d888aeb1cc9119fe808002b104860"
    "02000000"
)
UNKNOWN = bytes.fromhex(
    "05000c03100000003c00000001000000d016d016617c00000400313335000000010000000200010000000000000000000000000000000000"
    "00000000"
)
REFUSED = bytes.fromhex("05000d031000000018000000010000000400010500000000")


@contextlib.contextmanager
def replying(response: bytes | None, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[tuple[int, list[bytes]]]:
    """A port whose service is an endpoint mapper with this response; C(None) is none at all."""
    received: list[bytes] = []
    with socket.create_server((HERE, 0)) as listener, contextlib.ExitStack() as kept:
        listener.settimeout(10)

        def serve() -> None:
            connection = kept.enter_context(listener.accept()[0])
            received.append(connection.recv(len(BIND), socket.MSG_WAITALL))
            if response is not None:
                connection.sendall(response)
                connection.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=serve)
        thread.start()
        number = listener.getsockname()[1]
        monkeypatch.setattr(client_service, "SERVICES", {number: client_service.endpoint_mapper})
        yield number, received
        thread.join()


def outcome(number: int, timeout: float = 5, address: str = HERE, name: str = NAME) -> port.PortResult:
    pair = (address, number)
    return port.check_ports([pair], timeout=timeout, services={pair: name})[pair]


def test_the_endpoint_mapper_of_samba_responds(monkeypatch: pytest.MonkeyPatch) -> None:
    with replying(BOUND, monkeypatch) as (number, received):
        assert outcome(number) == port.PortResult(address=HERE, port=number, open=True, responds=True)
    assert received == [BIND]


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (UNKNOWN, "The RPC endpoint mapper refuses the binding (result 2)"),
        (REFUSED, "The RPC endpoint mapper refuses the binding (reason 4)"),
        (b"", "The port is open, but the connection is closed without a response"),
        (BOUND[:9], "The port is open, but the connection is closed without a response"),
        (BOUND[:20], "The port is open, but no RPC endpoint mapper responds there"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "The port is open, but no RPC endpoint mapper responds there"),
        (b"\5\0\2\3" + BOUND[4:], "The port is open, but no RPC endpoint mapper responds there"),
        (b"\5\0\14\3\x10\0\0\0\x10\0" + BOUND[10:], "The port is open, but no RPC endpoint mapper responds there"),
    ],
)  # fmt: skip
def test_what_is_no_endpoint_mapper_is_told(response: bytes, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with replying(response, monkeypatch) as (number, _received):
        found = outcome(number)
    assert (found.open, found.responds) == (True, False)
    assert str(found.why).startswith(why)


def test_a_service_that_is_silent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with replying(None, monkeypatch) as (number, _received):
        found = outcome(number, timeout=0.3)
    assert (found.open, found.responds) == (True, False)
    assert found.why == "The port is open, but nothing responds within 0.3 s"


def test_https_of_a_site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.create_server((HERE, 0)) as one, socket.create_server((HERE, 0)) as other:
        https, mapper = (listener.getsockname()[1] for listener in (one, other))
    tls = server_context(tmp_path, Host("vip", HERE, "2016"))
    monkeypatch.setattr(
        client_service,
        "SERVICES",
        {https: client_service.https, mapper: client_service.endpoint_mapper},
    )
    with ClientAccess([HERE], tls, https=https, mapper=mapper).running() as site:
        assert [outcome(number).responds for number in (https, mapper)] == [True, True]
        site.has_servers = False
        assert [(found.open, found.why) for found in (outcome(https), outcome(mapper))] == [
            (True, "The load balancer or server returns HTTP 503"),
            (True, "The port is open, but the connection is closed without a response"),
        ]
    monkeypatch.setattr(client_service, "SERVICES", {mapper: client_service.https})
    with ClientAccess([HERE], tls, https=https, mapper=mapper).running():
        found = outcome(mapper)
    assert (found.open, found.responds) == (True, False)
    assert str(found.why).startswith("The port is open, but")


@contextlib.contextmanager
def web(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    handler: type[http.server.BaseHTTPRequestHandler],
    setting: t.Callable[[ssl.SSLContext], None],
    address: str = HERE,
) -> t.Iterator[int]:
    """An HTTPS server with another setting of TLS."""
    tls = server_context(tmp_path, Host("vip", "127.0.0.1", "2016"))
    setting(tls)

    class Server(http.server.ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

        def handle_error(self, request: t.Any, client_address: t.Any) -> None:
            """A client that ends the connection is no error."""

    with Server((address, 0), handler) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        number = server.server_address[1]
        monkeypatch.setattr(client_service, "SERVICES", {number: client_service.https})
        try:
            yield number
        finally:
            server.shutdown()


class Web(http.server.BaseHTTPRequestHandler):
    hosts: t.ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self.hosts.append(self.headers["Host"])
        self.send_response(302)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Write no log."""


def test_the_name_of_the_clients_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str | None] = []

    def by_name(tls: ssl.SSLContext) -> None:
        def choose(_socket: object, name: str | None, _context: object) -> int | None:
            asked.append(name)
            return None if name == NAME else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

        tls.sni_callback = choose

    Web.hosts.clear()
    with web(tmp_path, monkeypatch, Web, by_name) as number:
        assert outcome(number).responds
        assert "TLS fails" in str(outcome(number, name="other.example.test").why)
        assert outcome(number, name=f"{NAME}.").responds  # the root is not sent
        no_name = outcome(number, name=f".{'x' * 70}.test")
        assert (no_name.open, no_name.responds) == (True, False)
        assert str(no_name.why).startswith("The port is open, but the service does not respond as expected")
    assert asked == [NAME, "other.example.test", NAME]
    assert Web.hosts == [NAME, NAME]


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6")
def test_an_address_of_ipv6_can_be_the_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Web.hosts.clear()
    with web(tmp_path, monkeypatch, Web, lambda tls: None, "::1") as number:
        found = outcome(number, address="::1", name="2001:db8::a")
    assert (found.responds, found.why) == (True, None)
    assert Web.hosts == ["[2001:db8::a]"]


def test_a_server_that_wants_a_certificate_responds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tls = server_context(tmp_path, Host("vip", HERE, "2016"))
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    tls.load_verify_locations(tmp_path / "ca.pem")
    done = threading.Event()

    def serve(listener: socket.socket) -> None:
        # The connection stays open, so that its reset does not overtake the alert.
        with tls.wrap_socket(listener.accept()[0], server_side=True, do_handshake_on_connect=False) as connection:
            with contextlib.suppress(ssl.SSLError):
                connection.do_handshake()
            done.wait(10)

    with socket.create_server((HERE, 0)) as listener:
        listener.settimeout(10)
        number = listener.getsockname()[1]
        monkeypatch.setattr(client_service, "SERVICES", {number: client_service.https})
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        found = outcome(number)
        done.set()
        thread.join()
    assert (found.responds, found.why) == (True, None)


def test_a_slow_response_does_not_extend_the_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Slow(Web):
        def do_HEAD(self) -> None:
            with contextlib.suppress(OSError):
                for octet in b"HTTP/1.1 200 OK\r\n" + b"X-Fill: y\r\n" * 9:
                    self.wfile.write(bytes([octet]))
                    time.sleep(0.05)

    with web(tmp_path, monkeypatch, Slow, lambda tls: None) as number:
        began = time.monotonic()
        found = outcome(number, timeout=0.5)
    assert found.why == "The port is open, but nothing responds within 0.5 s"
    assert time.monotonic() - began < 4


def test_nothing_is_sent_without_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_service, "SERVICES", {})
    with socket.create_server((HERE, 0)) as listener:
        number = listener.getsockname()[1]
        found = port.check_ports([(HERE, number)], timeout=5)[HERE, number]
        with listener.accept()[0] as connection:
            assert connection.recv(1) == b""
    assert found == port.PortResult(address=HERE, port=number, open=True)
