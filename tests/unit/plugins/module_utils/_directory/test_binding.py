# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Responses that no domain controller of the lab returns, such as half messages and ranges without an end."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import typing as t

import pytest

pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory.access import Access, Server
from ansible_collections.winha.cluster.plugins.module_utils._directory.binding import Binding
from ansible_collections.winha.cluster.plugins.module_utils.errors import ResponseLost, Unreachable
from torture.directory import ber
from torture.directory.proxy import ENTRY, FINAL, PAGED, End

DN = "CN=ASA,DC=corp,DC=test"
SPN = "servicePrincipalName"
UNBIND = 0x42
Answer = t.Callable[[ber.Element], list[bytes]]


def success(request: ber.Element, *controls: ber.Element) -> bytes:
    tag = {0x60: FINAL["bind"], 0x63: FINAL["search"]}[request.parts[1].tag]
    result = ber.sequence(ber.integer(0, 10), ber.octets(b""), ber.octets(b""), tag=tag)
    return ber.sequence(request.parts[0], result, *controls).encode()


def entry(request: ber.Element, name: str, *values: str, dn: bytes = DN.encode()) -> bytes:
    attribute = ber.sequence(ber.octets(name), ber.sequence(*map(ber.octets, values), tag=0x31))
    found = ber.sequence(ber.octets(dn), ber.sequence(attribute), tag=ENTRY)
    return ber.sequence(request.parts[0], found).encode()


def wanted(request: ber.Element) -> str:
    """The first attribute that a search requests."""
    return request.parts[1].parts[7].parts[0].octets.decode()


@contextlib.contextmanager
def listening(serve: t.Callable[[End], None]) -> t.Iterator[Server]:
    """A server on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _peer = server.accept()
                    threading.Thread(target=quiet, args=(client,), daemon=True).start()

        def quiet(client: socket.socket) -> None:
            with client, contextlib.suppress(OSError):
                serve(End(client))

        threading.Thread(target=accept, daemon=True).start()
        yield Server("127.0.0.1", server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


def access(**options: t.Any) -> Access:
    given = {"authentication": "simple", "username": "a", "password": "b", "connect_timeout": 1, "operation_timeout": 1}
    return Access(**{**given, **options})


def page(answer: Answer, scope: int = 0) -> dict[str, tuple[str, ...]]:
    """The values of the entry in a response."""

    def serve(end: End) -> None:
        while data := end.read():
            request = ber.decode(data)
            if request.parts[1].tag == UNBIND:
                return
            is_first = request.parts[1].tag == 0x60 or wanted(request) == "1.1"
            end.send(b"".join([success(request)] if is_first else answer(request)))

    with listening(serve) as server:
        binding = Binding(access(), server)
        try:
            (found,) = binding.page(DN, scope, "(objectClass=*)", [SPN], b"").entries
        finally:
            binding.close()
    return {name: found.texts(name) for name in found.values}


def ranges(*parts: tuple[str, int]) -> Answer:
    """The values of an attribute in parts, each with its range and its number of values."""
    left = iter(parts)

    def answer(request: ber.Element) -> list[bytes]:
        option, number = next(left)
        return [entry(request, SPN + option, *(f"x/{value}" for value in range(number))), success(request)]

    return answer


def test_the_parts_of_a_long_attribute_are_read_in_order() -> None:
    parts = (";range=0-1", 2), (";range=2-3", 2), (";range=4-*", 1)
    assert page(ranges(*parts)) == {SPN.lower(): ("x/0", "x/1", "x/0", "x/1", "x/0")}


@pytest.mark.parametrize(
    "parts",
    [
        [(";range=0-1", 2), (";range=0-1", 2)],
        [(";range=0-1", 2), ("", 2)],
        [(";range=0-1499", 0)],
        [(";range=0-9999999999999999", 2)],
        [(";range=x-y", 2)],
        [(f";range={number}-{number}", 1) for number in range(2000)],
    ],
    ids=["backwards", "no_range", "no_values", "huge", "no_number", "endless"],
)
def test_ranges_that_do_not_match_their_values_are_refused(parts: list[tuple[str, int]]) -> None:
    with pytest.raises(ResponseLost):
        page(ranges(*parts))


def test_a_control_for_pages_without_a_value_does_not_end_the_process() -> None:
    def answer(request: ber.Element) -> list[bytes]:
        control = ber.sequence(ber.octets(PAGED), ber.octets(b""))
        return [entry(request, SPN, "x/1"), success(request, ber.sequence(control, tag=0xA0))]

    with pytest.raises(ResponseLost, match="the response is not valid"):
        page(answer, scope=2)


def test_a_name_that_is_not_utf8_is_not_valid() -> None:
    with pytest.raises(ResponseLost, match="the response is not valid"):
        page(lambda request: [entry(request, SPN, "x/1", dn=b"CN=\xff\xfe,DC=corp"), success(request)])


def half_message(end: End) -> None:
    end.read()
    end.send(b"\x30\x84\x7f\xff\xff\xff")
    end.read()


def no_handshake(end: End) -> None:
    while end.socket.recv(65536):
        pass


@pytest.mark.parametrize(
    ("serve", "options"),
    [
        (half_message, {"authentication": "kerberos"}),
        (half_message, {"tls": "start_tls"}),
        (no_handshake, {"tls": "ldaps"}),
    ],
    ids=["half_message", "half_message_before_start_tls", "no_handshake"],
)
def test_a_server_that_stops_in_the_middle_is_given_up(
    serve: t.Callable[[End], None], options: dict[str, t.Any]
) -> None:
    begin = time.monotonic()
    with listening(serve) as server, pytest.raises(Unreachable) as caught:
        Binding(access(**options), server)
    assert time.monotonic() - begin < 6
    assert caught.value.detail
