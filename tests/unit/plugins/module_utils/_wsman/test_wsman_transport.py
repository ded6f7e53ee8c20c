# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the HTTP transport against a real HTTP server: error types, and which requests are resent."""

from __future__ import annotations

import base64
import contextlib
import gzip
import importlib.util
import os
import pathlib
import socket
import ssl
import struct
import sys
import threading
import time
import tracemalloc
import typing as t
import warnings

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman import transport as transport_module
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Reference
from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    CertificateRefused,
    CredentialsRefused,
    NotReady,
    RequestRefused,
    ResponseLost,
    ResponseTooLarge,
    TimedOut,
    Unreachable,
)
from ansible_collections.winha.cluster.plugins.module_utils._wsman.transport import Endpoint, HttpTransport
from ansible_collections.winha.cluster.plugins.module_utils.ticket import Kinit
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.listener import (
    Handler,
    Listener,
    Reply,
    drip,
    flood,
    raw,
    reply,
    stall,
)
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.wire import answer, fault
from lab.estate import Host
from lab.wire.certificates import server_context

if t.TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("winrm")

GOOD = answer("<x/>").encode()
MIB = 1024 * 1024
PAGE = (
    b"<!DOCTYPE HTML><HTML><HEAD><TITLE>T</TITLE></HEAD><BODY><h2>Sorry</h2><hr><p>HTTP Error 5. The reason.</p></BODY>"
)
BASIC = "Basic " + base64.b64encode(b"admin:secret word").decode()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove proxies and certificates from the environment."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def to(port: int, **changes: t.Any) -> HttpTransport:
    """A transport to this machine, over HTTP by default."""
    settings: dict[str, t.Any] = {
        "host": "127.0.0.1",
        "port": port,
        "scheme": "http",
        "username": "admin",
        "password": "secret word",
        "transports": ("plaintext",),
        "connect_timeout": 5,
        "read_timeout": 5,
    }
    return HttpTransport(Endpoint(**{**settings, **changes}), name="node1")


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return t.cast("int", probe.getsockname()[1])


class TestEndpoint:
    @pytest.mark.parametrize(
        ("settings", "url"),
        [
            ({"host": "node1"}, "https://node1:5986/wsman"),
            ({"host": "node1", "scheme": "http", "port": 5985, "path": "a/b"}, "http://node1:5985/a/b"),
            ({"host": "2001:db8::1"}, "https://[2001:db8::1]:5986/wsman"),
        ],
    )
    def test_urls(self, settings: dict[str, t.Any], url: str) -> None:
        assert Endpoint(**settings).url == url

    def test_the_representation_contains_no_secrets(self) -> None:
        shown = repr(Endpoint(host="node1", password="secret word", options={"cert_key_pem": "secret path"}))
        assert "secret" not in shown
        assert "node1" in shown


def test_the_error_without_pywinrm_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("winrm", "winrm.transport"):
        monkeypatch.setitem(sys.modules, name, None)  # importing them fails
    spec = importlib.util.spec_from_file_location(f"{transport_module.__name__}_alone", transport_module.__file__)
    assert spec is not None
    assert spec.loader is not None
    alone = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, alone)
    spec.loader.exec_module(alone)
    with pytest.raises(RequestRefused, match=r"pywinrm is missing on this machine .*\)\. Run pip install pywinrm\.$"):
        alone.HttpTransport(alone.Endpoint(host="node1")).send("x")


class TestResponses:
    def test_a_response(self) -> None:
        with Listener(reply(200, GOOD)) as listener:
            transport = to(listener.port)
            assert transport.send("<größe/>") == GOOD
        (seen,) = listener.seen
        assert (seen.path, seen.body) == ("/wsman", "<größe/>".encode())
        assert seen.headers["Content-Type"] == "application/soap+xml;charset=UTF-8"
        assert seen.headers["Authorization"] == BASIC
        assert (transport.host, transport.url) == ("node1", f"http://127.0.0.1:{listener.port}/wsman")

    def test_the_connection_stays_open_until_close(self) -> None:
        with Listener(*[reply(200, GOOD)] * 3) as listener:
            transport = to(listener.port)
            transport.send("1")
            transport.send("2")
            transport.close()
            transport.send("3")
        first, second, third = (seen.connection for seen in listener.seen)
        assert first == second != third

    @pytest.mark.parametrize("status", [400, 500, 503])
    def test_a_fault_is_returned_with_any_status(self, status: int) -> None:
        wrong = fault("a:DestinationUnreachable", reason="Größe").encode()
        with Listener(reply(status, wrong)) as listener:
            assert to(listener.port).send("x") == wrong

    def test_a_compressed_response(self) -> None:
        with Listener(reply(200, gzip.compress(GOOD), Content_Encoding="gzip")) as listener:
            assert to(listener.port).send("x") == GOOD

    def test_a_response_of_the_maximum_size(self) -> None:
        with Listener(reply(200, b"x" * 4 * MIB)) as listener:
            assert len(to(listener.port).send("x")) == 4 * MIB


class TestNothingSent:
    def test_a_closed_port(self) -> None:
        port = closed_port()
        with pytest.raises(
            Unreachable, match=f"127.0.0.1 port {port} does not accept connections: .*refused"
        ) as caught:
            to(port).send("x")
        assert caught.value.__class__ is Unreachable

    def test_an_unknown_host_name(self) -> None:
        with pytest.raises(
            Unreachable, match=r"(?i)no-such-host\.invalid port 5985 does not accept connections"
        ) as caught:
            to(5985, host="no-such-host.invalid").send("x")
        assert caught.value.__class__ is Unreachable

    def test_a_listener_without_a_tls_handshake(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            with pytest.raises(Unreachable, match=r"did not accept the connection within 0\.2 s"):
                to(port, scheme="https", connect_timeout=0.2).send("x")

    def test_a_password_that_basic_does_not_support(self) -> None:
        message = "contains a character that Basic authentication does not support"
        with Listener() as listener, pytest.raises(CredentialsRefused, match=message):
            to(listener.port, password="Pa55-€").send("x")

    def test_a_missing_proxy(self) -> None:
        with Listener() as listener, pytest.raises(Unreachable, match="the proxy did not connect to"):
            to(listener.port, options={"proxy": f"http://127.0.0.1:{closed_port()}"}).send("x")


class TestRejections:
    def test_401(self) -> None:
        with Listener(reply(401)) as listener, pytest.raises(CredentialsRefused) as caught:
            to(listener.port).send("x")
        assert "(user admin, plaintext)" in str(caught.value)
        assert "secret" not in str(caught.value)

    def test_authentication_methods_are_tried_in_order(self) -> None:
        with Listener(reply(401), reply(200, GOOD), reply(200, GOOD)) as listener:
            transport = to(listener.port, transports=("plaintext", "basic", "credssp"))
            assert transport.send("1") == GOOD
            assert transport.send("2") == GOOD  # the rejected method is not tried again
        assert [seen.body for seen in listener.seen] == [b"1", b"1", b"2"]

    def test_the_error_names_all_methods_that_were_tried(self) -> None:
        with Listener(reply(401), reply(401)) as listener, pytest.raises(CredentialsRefused) as caught:
            to(listener.port, transports=("plaintext", "basic")).send("x")
        assert "(user admin, plaintext)" in str(caught.value)
        assert "(user admin, basic)" in str(caught.value)

    def test_only_the_accepted_method_is_used_afterwards(self) -> None:
        with Listener(reply(200, GOOD), reply(401)) as listener:
            transport = to(listener.port, transports=("plaintext", "basic"))
            transport.send("1")
            with pytest.raises(CredentialsRefused, match="plaintext"):
                transport.send("2")

    def test_an_unavailable_method_is_skipped(self) -> None:
        with Listener(reply(200, GOOD)) as listener:
            assert to(listener.port, transports=("no-such-method", "basic")).send("x") == GOOD

    @pytest.mark.parametrize(
        ("status", "body", "words"),
        [
            (404, b"", "HTTP 404 Not Found. Check that the port and the path are those of a WinRM listener"),
            (405, b"<html>no</html>", r"HTTP 405 Method Not Allowed \(no\)"),
            (413, b"", "HTTP 413 .*MaxEnvelopeSizekb"),
            (415, b"", "HTTP 415 Unsupported Media Type"),
            (403, b"<p>Verboten f\xfcr \xff&uuml;</p>", "HTTP 403 Forbidden .Verboten f.r .*IP filters"),
            (
                503,
                PAGE,
                r"HTTP 503 Service Unavailable \(Sorry HTTP Error 5. The reason\)\. Check that the WinRM service",
            ),
            (400, PAGE.replace(b"reason", b"size of the request headers is too long"), r"Kerberos ticket is too large"),
            (400, PAGE.replace(b"reason", b"request hostname is invalid"), r"winrm/config/listener"),
            (400, b"x" * 100_000, r"HTTP 400 Bad Request \(x{196} ...\)"),
        ],
    )
    def test_http_errors_before_ws_management(self, status: int, body: bytes, words: str) -> None:
        with Listener(reply(status, body)) as listener, pytest.raises(RequestRefused, match=words) as caught:
            to(listener.port).send("x")
        assert isinstance(caught.value, NotReady) is (status in (404, 503))

    @pytest.mark.parametrize("charset", ["idna", "utf-7", "unicode_escape", "undefined", "no-such"])
    def test_a_page_in_any_encoding_is_a_lost_response(self, charset: str) -> None:
        page = reply(500, b"<x>Envelope \\ud800 \xff</x>", Content_Type=f"text/html;charset={charset}")
        with Listener(page) as listener, pytest.raises(ResponseLost, match="not a SOAP envelope"):
            Client(to(listener.port)).invoke(Reference(resource_uri="urn:x"), "Write", {}, operation="writing")

    def test_an_empty_server_error_over_http_is_probably_unencrypted(self) -> None:
        with Listener(reply(500)) as listener, pytest.raises(ResponseLost, match=r"refuse messages .* not encrypted"):
            to(listener.port).send("x")

    @pytest.mark.parametrize("status", [500, 502])
    @pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"Envelope"])
    def test_a_server_error_without_a_fault_is_a_lost_response(self, status: int, body: bytes) -> None:
        with (
            Listener(reply(status, body)) as listener,
            pytest.raises(ResponseLost, match=f"HTTP {status} .* without a SOAP fault") as caught,
        ):
            to(listener.port).send("x")
        assert caught.value.__class__ is ResponseLost

    def test_an_http_error_in_another_encoding(self) -> None:
        with (
            Listener(reply(404, "Zugriff für Größe".encode("latin-1"))) as listener,
            pytest.raises(RequestRefused, match="HTTP 404 Not Found"),
        ):
            to(listener.port).send("x")

    def test_an_unknown_http_status(self) -> None:
        with Listener(reply(499)) as listener, pytest.raises(RequestRefused, match=r"HTTP 499\. "):
            to(listener.port).send("x")

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_redirects_are_not_followed(self, status: int) -> None:
        with Listener() as elsewhere:
            location = f"http://127.0.0.1:{elsewhere.port}/wsman"
            with (
                Listener(reply(status, Location=location)) as listener,
                pytest.raises(RequestRefused, match=f"HTTP {status}, a redirect to {location}"),
            ):
                to(listener.port).send("x")
        assert elsewhere.seen == []


class TestDroppedSessions:
    def test_the_request_is_resent_over_a_new_connection(self) -> None:
        with Listener(reply(200, GOOD), reply(400), reply(200, GOOD)) as listener:
            transport = to(listener.port)
            transport.send("1")
            assert transport.send("2") == GOOD
        assert [seen.body for seen in listener.seen] == [b"1", b"2", b"2"]
        first, second, third = (seen.connection for seen in listener.seen)
        assert first == second != third

    def test_the_request_is_resent_at_most_twice(self) -> None:
        with (
            Listener(*[reply(400)] * 3) as listener,
            pytest.raises(RequestRefused, match=r"the host closed the session 3 times \(HTTP 400 without a body\)"),
        ):
            to(listener.port).send("x")
        assert len({seen.connection for seen in listener.seen}) == 3


class TestTimeLimit:
    @pytest.mark.parametrize(
        "begin",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX: ",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ],
        ids=["body", "header", "chunks"],
    )
    def test_a_response_that_never_ends_is_given_up(self, begin: bytes) -> None:
        piece = b"1\r\n \r\n" if b"chunked" in begin else b" "
        with Listener(drip(begin, piece), reply(200, GOOD)) as listener:
            transport = to(listener.port, connect_timeout=0.1, read_timeout=0.2)
            began = time.monotonic()
            with pytest.raises(TimedOut, match=r"no complete response within 0\.5 s"):
                transport.send("1")
            assert time.monotonic() - began < 3
            assert transport.send("2") == GOOD

    def test_each_exchange_has_the_whole_time_and_one_thread_is_enough(self) -> None:
        def threads() -> int:
            return sum(thread.daemon and thread.name.endswith("(_wait)") for thread in threading.enumerate())

        def late(handler: t.Any) -> None:
            time.sleep(0.3)
            reply(200, GOOD)(handler)

        begin = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        with Listener(late, late, late, drip(begin, b" ")) as listener:
            before = threads()
            transport = to(listener.port, connect_timeout=0.1, read_timeout=0.35)
            assert [transport.send(str(number)) for number in range(3)] == [GOOD] * 3
            assert threads() == before + 1
            with pytest.raises(TimedOut, match=r"no complete response within 0\.8 s"):
                transport.send("4")
            time.sleep(0.05)
            assert threads() == before

    def test_continue_for_ever(self) -> None:
        with Listener(drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n")) as listener, pytest.raises(TimedOut):
            to(listener.port, connect_timeout=0.1, read_timeout=0.2).send("x")

    def test_a_tls_handshake_that_never_ends_sends_nothing(self) -> None:
        def serve() -> None:
            connection, _address = silent.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 KiB
                while True:
                    connection.sendall(b"\x00")
                    time.sleep(0.05)

        with socket.create_server(("127.0.0.1", 0)) as silent:
            threading.Thread(target=serve, daemon=True).start()
            port = silent.getsockname()[1]
            with pytest.raises(Unreachable, match=r"did not accept the connection within 0\.3 s"):
                to(port, scheme="https", connect_timeout=0.3, read_timeout=0.2).send("x")


class TestLostResponses:
    @pytest.mark.parametrize(
        "broken",
        [
            raw(b""),
            raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf"),
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n"),
            reply(200, GOOD[:100], length=len(GOOD)),
            reply(200, b"this is not compressed", Content_Encoding="gzip"),
        ],
        ids=["dropped", "garbage", "half a chunk", "no chunk", "truncated", "not gzip"],
    )
    def test_an_invalid_response(self, broken: Reply) -> None:
        message = "the connection was closed before the response was complete"
        with Listener(broken) as listener, pytest.raises(ResponseLost, match=message) as caught:
            to(listener.port).send("x")
        assert caught.value.__class__ is ResponseLost
        assert len(listener.seen) == 1  # it is not resent

    @pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"])
    def test_no_response_in_time(self, before: bytes) -> None:
        with Listener(stall(0.8, before)) as listener, pytest.raises(TimedOut, match=r"no response within 0\.2 s"):
            to(listener.port, read_timeout=0.2).send("x")
        assert len(listener.seen) == 1

    @pytest.mark.parametrize("octets", [b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\n\r\n<s:Envelope"])
    def test_half_a_response_that_is_valid_http(self, octets: bytes) -> None:
        with Listener(*[raw(octets)] * 3) as listener, pytest.raises(ResponseLost, match="not well-formed XML"):
            Client(to(listener.port), pause=lambda _seconds: None).get(
                Reference(resource_uri="urn:x"), operation="reading"
            )

    def test_a_new_session_starts_after_a_lost_response(self) -> None:
        with Listener(raw(b""), reply(200, GOOD)) as listener:
            transport = to(listener.port)
            with pytest.raises(ResponseLost):
                transport.send("1")
            assert transport.send("2") == GOOD


class TestTooLargeResponses:
    @pytest.mark.parametrize("chunked", [False, True])
    def test_reading_stops_at_the_limit(self, *, chunked: bool) -> None:
        written: list[int] = []
        with Listener(flood(256 * MIB, written, chunked=chunked)) as listener:
            tracemalloc.start()
            try:
                with pytest.raises(ResponseTooLarge, match="larger than 4 MiB"):
                    to(listener.port).send("x")
                _now, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            until = time.monotonic() + 5
            while not written and time.monotonic() < until:
                time.sleep(0.01)
        assert peak < 24 * MIB
        assert written[0] < 64 * MIB

    def test_a_small_compressed_response_that_is_large(self) -> None:
        bomb = gzip.compress(bytes(64 * MIB), 1)
        with Listener(reply(200, bomb, Content_Encoding="gzip")) as listener, pytest.raises(ResponseTooLarge):
            to(listener.port).send("x")

    def test_a_too_large_http_error(self) -> None:
        with Listener(reply(500, b"x" * (4 * MIB + 1))) as listener, pytest.raises(ResponseTooLarge):
            to(listener.port).send("x")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder of the lab's certificate authority, which keeps its own certificate in ca.pem."""
    return tmp_path_factory.mktemp("authority")


def tls(authority: pathlib.Path, certificate: str) -> ssl.SSLContext:
    """The TLS of a host on 127.0.0.1 whose certificate is good or not, as the lab's estate files say it."""
    return server_context(authority, Host("here", "127.0.0.1", "2019", certificate=certificate))


class TestTls:
    def test_a_certificate_that_verifies(self, authority: pathlib.Path) -> None:
        with Listener(reply(200, GOOD), tls=tls(authority, "good")) as listener:
            options = {"ca_trust_path": str(authority / "ca.pem")}
            transport = to(listener.port, scheme="https", transports=("ssl",), options=options)
            assert transport.send("x") == GOOD
        assert listener.seen[0].headers["Authorization"] == BASIC

    def test_an_unknown_issuer(self, authority: pathlib.Path) -> None:
        with (
            Listener(tls=tls(authority, "good")) as listener,
            pytest.raises(CertificateRefused, match="could not be verified: unable to get local issuer certificate"),
        ):
            to(listener.port, scheme="https", transports=("ssl",)).send("x")
        assert listener.seen == []

    def test_a_certificate_for_another_name(self, authority: pathlib.Path) -> None:
        with Listener(tls=tls(authority, "wrong_name")) as listener:
            options = {"ca_trust_path": str(authority / "ca.pem")}
            with pytest.raises(CertificateRefused, match=r"could not be verified: .*127\.0\.0\.1"):
                to(listener.port, scheme="https", transports=("ssl",), options=options).send("x")
        assert listener.seen == []

    def test_a_missing_file_of_certificates(self, authority: pathlib.Path) -> None:
        missing = str(authority / "no-such.pem")
        for options, words in (
            (
                {"ca_trust_path": missing},
                "CA certificates, .*no-such.pem, does not exist .*ansible_winrm_ca_trust_path",
            ),
            ({"cert_pem": missing, "cert_key_pem": missing}, "client certificate, .*correct the path|Correct the path"),
        ):
            with pytest.raises(CertificateRefused, match=words):
                to(closed_port(), scheme="https", transports=("ssl",), options=options).send("x")

    def test_a_file_without_certificates(self, authority: pathlib.Path) -> None:
        options = {"ca_trust_path": __file__}
        with (
            Listener(tls=tls(authority, "good")) as listener,
            pytest.raises(CertificateRefused, match="contains no certificate in PEM format"),
        ):
            to(listener.port, scheme="https", transports=("ssl",), options=options).send("x")

    def test_an_old_version_of_tls(self, authority: pathlib.Path) -> None:
        old = tls(authority, "good")
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        options = {"server_cert_validation": "ignore"}
        with Listener(tls=old) as listener, pytest.raises(Unreachable, match=r"no version of TLS in common.*Schannel"):
            to(listener.port, scheme="https", transports=("ssl",), options=options).send("x")

    def test_https_to_an_http_port(self) -> None:
        with Listener() as listener, pytest.raises(Unreachable, match="does not use TLS"):
            to(listener.port, scheme="https", transports=("ssl",)).send("x")

    def test_http_to_an_https_port(self, authority: pathlib.Path) -> None:
        with Listener(tls=tls(authority, "good")) as listener, pytest.raises(ResponseLost):
            to(listener.port).send("x")
        assert listener.seen == []


class Ntlm:
    """An NTLM server with encrypted messages, as Windows over HTTP."""

    def __init__(self, answer: bytes = GOOD, *, damage: t.Callable[[bytes], bytes] = bytes, **headers: str) -> None:
        self.answer = answer
        self.damage = damage
        self.headers = headers
        self.context: t.Any = None
        self.asked: list[bytes] = []

    def replies(self) -> list[Reply]:
        """The handshake has three requests; the first one has no token."""
        return [reply(401, WWW_Authenticate="Negotiate"), self.challenge, self.accept]

    def challenge(self, handler: Handler) -> None:
        import spnego

        self.context = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
        token = base64.b64encode(self.context.step(self._token(handler))).decode()
        reply(401, WWW_Authenticate=f"Negotiate {token}")(handler)

    def accept(self, handler: Handler) -> None:
        self.context.step(self._token(handler))
        assert self.context.complete
        reply(200)(handler)

    def sealed(self, status: int) -> Reply:
        """Decrypt the message, encrypt the response."""

        def send(handler: Handler) -> None:
            body = t.cast("t.Any", handler).server_body
            part = body.split(b"\tContent-Type: application/octet-stream\r\n")[1]
            payload = part.removesuffix(b"--Encrypted Boundary--\r\n")
            (length,) = struct.unpack("<i", payload[:4])
            assert length == 16
            self.asked.append(self.context.unwrap(payload[4:]).data)
            out = self.context.wrap(self.answer).data
            text = (
                (
                    b"--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
                    b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n--Encrypted Boundary\r\n"
                    b"\tContent-Type: application/octet-stream\r\n" % len(self.answer)
                )
                + struct.pack("<i", 16)
                + out
                + b"--Encrypted Boundary--\r\n"
            )
            kind = (
                'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
            )
            reply(status, self.damage(text), **{"Content_Type": kind, **self.headers})(handler)

        return send

    @staticmethod
    def _token(handler: Handler) -> bytes:
        return base64.b64decode(handler.headers["Authorization"].partition(" ")[2])


class TestEncryptedMessages:
    @pytest.fixture(autouse=True)
    def account(self, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
        pytest.importorskip("requests_ntlm")
        (tmp_path / "accounts").write_text("EXAMPLE:admin:secret word\n")
        monkeypatch.setenv("NTLM_USER_FILE", str(tmp_path / "accounts"))

    @staticmethod
    def ntlm(port: int) -> HttpTransport:
        return to(port, username="EXAMPLE\\admin", transports=("ntlm",))

    def test_all_messages_are_encrypted(self) -> None:
        server = Ntlm()
        with Listener(*server.replies(), server.sealed(200), server.sealed(200)) as listener:
            transport = self.ntlm(listener.port)
            assert transport.send("<first/>") == GOOD
            assert transport.send("<second/>") == GOOD
        assert server.asked == [b"<first/>", b"<second/>"]
        assert not any(b"<first/>" in seen.body or b"<second/>" in seen.body for seen in listener.seen)
        assert not any(b"secret" in seen.body for seen in listener.seen)

    def test_an_encrypted_fault(self) -> None:
        server = Ntlm(fault("a:DestinationUnreachable").encode())
        with Listener(*server.replies(), server.sealed(500)) as listener:
            assert self.ntlm(listener.port).send("x") == server.answer

    @pytest.mark.parametrize(
        "damage",
        [
            lambda text: text.replace(b"Length=", b"Length=1"),
            lambda text: text.replace(b"Length=", b"Length=x"),
            lambda text: text[:-60] + bytes(60),
        ],
        ids=["another length", "no length", "another seal"],
    )
    def test_a_response_that_cannot_be_decrypted_is_lost(self, damage: t.Callable[[bytes], bytes]) -> None:
        server, again = Ntlm(damage=damage), Ntlm()
        with Listener(*server.replies(), server.sealed(200), *again.replies(), again.sealed(200)) as listener:
            transport = self.ntlm(listener.port)
            with pytest.raises(ResponseLost, match="could not be read") as caught:
                transport.send("<first/>")
            assert caught.value.__class__ is ResponseLost
            assert transport.send("<second/>") == GOOD  # with a new session

    @pytest.mark.parametrize("status", [200, 400, 500])
    @pytest.mark.parametrize(
        "headers", [{}, {"Content_Type": "application/soap+xml;charset=UTF-8"}], ids=["bare", "soap"]
    )
    def test_an_unencrypted_response_is_lost(self, status: int, headers: dict[str, str]) -> None:
        server = Ntlm()
        forged = reply(status, GOOD, **headers)
        with Listener(*server.replies(), forged) as listener, pytest.raises(ResponseLost) as caught:
            self.ntlm(listener.port).send("x")
        assert caught.value.__class__ is ResponseLost
        assert f"HTTP {status}) is not encrypted, but this session is" in str(caught.value)

    def test_redirects_in_the_negotiation_are_not_followed(self) -> None:
        with Listener() as elsewhere:
            location = f"http://127.0.0.1:{elsewhere.port}/wsman"
            with Listener(reply(307, Location=location)) as listener, pytest.raises(RequestRefused, match="HTTP 307"):
                self.ntlm(listener.port).send("x")
        assert elsewhere.seen == []

    def test_responses_in_the_negotiation_are_limited(self) -> None:
        with Listener(reply(200, bytes(4 * MIB + 1))) as listener, pytest.raises(ResponseTooLarge):
            self.ntlm(listener.port).send("x")

    def test_a_password_that_is_rejected_in_the_negotiation(self) -> None:
        server = Ntlm()
        handshake = [*server.replies()[:2], reply(401, WWW_Authenticate="Negotiate")]
        with Listener(*handshake) as listener, pytest.raises(CredentialsRefused, match="ntlm") as caught:
            self.ntlm(listener.port).send("<first/>")
        assert "secret" not in str(caught.value)
        assert not any(b"first" in seen.body for seen in listener.seen)

    def test_a_dropped_session_is_negotiated_again(self) -> None:
        server, again = Ntlm(), Ntlm()
        with Listener(
            *server.replies(), server.sealed(200), reply(400), *again.replies(), again.sealed(200)
        ) as listener:
            transport = self.ntlm(listener.port)
            transport.send("<first/>")
            assert transport.send("<second/>") == GOOD
        assert again.asked == [b"<second/>"]


class TestTickets:
    """Tickets from kinit, which is a script here; Kerberos need not be installed."""

    @pytest.fixture
    def kinit(self, tmp_path: pathlib.Path) -> Kinit:
        script = tmp_path / "kinit"
        script.write_text(f'#!/bin/sh\necho "$KRB5CCNAME" >> {tmp_path}/caches\n')
        script.chmod(0o755)
        return Kinit(command=str(script))

    @pytest.fixture(autouse=True)
    def former_cache(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("KRB5CCNAME", "FILE:/former")
        yield
        assert os.environ["KRB5CCNAME"] == "FILE:/former"

    def test_the_ticket_is_deleted_with_its_session(self, kinit: Kinit, tmp_path: pathlib.Path) -> None:
        transport = to(closed_port(), transports=("kerberos",), kinit=kinit)
        for _attempt in range(2):
            with pytest.raises(Unreachable):
                transport.send("x")
        caches = (tmp_path / "caches").read_text().split()
        assert len(caches) == 2
        assert not any(pathlib.Path(cache.removeprefix("FILE:")).exists() for cache in caches)
        assert os.environ["KRB5CCNAME"] == "FILE:/former"

    def test_another_method_is_tried_without_the_ticket(self, kinit: Kinit) -> None:
        with Listener(reply(200, GOOD)) as listener:
            kinit_fails = Kinit(command=kinit.command + "-missing")
            transport = to(listener.port, transports=("kerberos", "basic"), kinit=kinit_fails)
            assert transport.send("x") == GOOD
