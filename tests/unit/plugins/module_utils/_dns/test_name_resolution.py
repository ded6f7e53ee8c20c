# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resolution of names with DNS servers that respond like real ones or not at all."""

from __future__ import annotations

import subprocess
import sys
import threading
import typing as t

import dns.flags
import pytest
from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._directory.access import Server
from ansible_collections.winha.cluster.plugins.module_utils._dns.question import Lookup
from ansible_collections.winha.cluster.plugins.modules import dns_name_info
from name_server import SOA, Responder, record_type, reply, serving

NAME = "outlook.example.test"
V4 = (f"{NAME}.", 300, "IN", "A", "10.1.0.10")
V6 = (f"{NAME}.", 600, "IN", "AAAA", "2001:db8::10")
ALIAS = ("mail.example.test.", 3600, "IN", "CNAME", f"{NAME}.")
AUTHORITATIVE = dns.flags.AA
CACHE = dns.flags.RA
NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5

Row = dict[str, t.Any]
Message = t.Any


def resolve(*servers: str, names: t.Sequence[str] = (NAME,), **options: t.Any) -> list[Row]:
    """The rows of the task."""
    given = {
        "names": list(names),
        "ports": [],
        "endpoints": [],
        "services": False,
        "service_names": {},
        "dns_servers": list(servers),
        "timeout": 1,
        **options,
    }
    result = task.run(dns_name_info.TASK, dns_name_info.TASK.service.session_factory(given), given, check_mode=True)
    assert result["changed"] is False
    return t.cast("list[Row]", result["names"])


def resolved(respond: Responder, name: str = NAME) -> Row:
    with serving(respond) as server:
        (row,) = resolve(server.address, names=[name])
    return row


def by_kind(**responders: t.Callable[[Message], Message]) -> Responder:
    return lambda query: responders[record_type(query)](query)


def addresses(query: Message) -> Message:
    return reply(query, V4 if record_type(query) == "A" else V6)


def nothing(query: Message) -> Message:
    return reply(query, authority=(SOA,))


def no_such_name(query: Message) -> Message:
    return reply(query, rcode=NXDOMAIN, authority=(SOA,))


def failing(query: Message) -> Message:
    return reply(query, rcode=SERVFAIL)


def test_one_query_is_sent_for_each_name_and_record_type() -> None:
    with serving(addresses) as server:
        rows = resolve(server.address, names=[NAME, NAME.upper(), f"{NAME}."])
    assert sorted(server.queries) == [("udp", f"{NAME}.", "A"), ("udp", f"{NAME}.", "AAAA")]
    assert [row.pop("name") for row in rows] == [NAME, NAME.upper(), f"{NAME}."]
    assert rows == 3 * [
        {
            "kind": "address",
            "addresses": ["10.1.0.10", "2001:db8::10"],
            "aliases": [],
            "ttl": 600,
            "authoritative": False,
            "answers": [],
            "unknown": None,
        }
    ]


def test_no_query_is_sent_without_names() -> None:
    with serving(addresses) as server:
        assert resolve(server.address, names=[]) == []
    assert server.queries == []


@pytest.mark.parametrize(
    ("name", "expected"), [("outlook", "outlook."), ("bücher.example.test", "xn--bcher-kva.example.test.")]
)
def test_a_name_is_fully_qualified_and_in_ascii(name: str, expected: str) -> None:
    with serving(no_such_name) as server:
        (row,) = resolve(server.address, names=[name])
    assert {name for _transport, name, _type in server.queries} == {expected}
    assert (row["name"], row["kind"]) == (name, "missing")


@pytest.mark.parametrize(
    "name",
    ["", ".", "@", "https://outlook.example.test", "outlook.example.test:443", "10.1.0.10", "2001:db8::10",
     "*.example.test", "a b.test", r"a\.b.test", "a..test", f"{'a' * 64}.test", ".".join(64 * ["abc"]), "\u2603" * 70],
)  # fmt: skip
def test_an_invalid_host_name_is_unknown_and_not_queried(name: str) -> None:
    with serving(addresses) as server:
        row, good = resolve(server.address, names=[name, NAME])
    assert {name for _transport, name, _type in server.queries} == {f"{NAME}."}
    assert (row["kind"], row["authoritative"]) == (None, None)
    assert row["unknown"].startswith(f"{name!r} is not a host name")
    assert good["kind"] == "address"


@pytest.mark.parametrize(
    "respond", [nothing, no_such_name, lambda query: reply(query, flags=AUTHORITATIVE, rcode=NXDOMAIN)]
)
def test_a_name_is_missing_if_an_authoritative_response_has_no_records(respond: Responder) -> None:
    row = resolved(respond)
    assert (row["kind"], row["addresses"], row["ttl"], row["unknown"]) == ("missing", [], None, None)


@pytest.mark.parametrize(
    "respond",
    [
        lambda query: reply(query, rcode=NXDOMAIN, flags=0),
        lambda query: reply(query, flags=0, authority=(("test.", 60, "IN", "NS", "ns.test."),)),
    ],
    ids=["samba", "referral"],
)
def test_a_negative_response_from_a_server_without_the_zone_is_unknown(respond: Responder) -> None:
    row = resolved(respond)
    assert (row["kind"], row["authoritative"]) == (None, None)
    assert row["unknown"].startswith(
        f"DNS returned no usable response for the A and AAAA records of {NAME}: "
        "127.0.0.1 does not have the zone and does not forward"
    )


@pytest.mark.parametrize(
    ("respond", "why"),
    [
        (failing, "127.0.0.1 returned SERVFAIL"),
        (lambda query: reply(query, rcode=REFUSED), "127.0.0.1 returned REFUSED"),
        (lambda query: None, "127.0.0.1 did not respond in time"),
        (
            lambda query: reply(query, ALIAS, (f"{NAME}.", 1, "IN", "CNAME", "mail.example.test."), rcode=NXDOMAIN),
            "127.0.0.1 returned an unusable response: The CNAME chain is too long",
        ),
    ],
    ids=["servfail", "refused", "silent", "loop"],
)
def test_a_name_without_a_usable_response_is_unknown(respond: Responder, why: str) -> None:
    row = resolved(respond)
    assert row == {
        "name": NAME,
        "kind": None,
        "addresses": [],
        "aliases": [],
        "ttl": None,
        "authoritative": None,
        "answers": [],
        "unknown": f"DNS returned no usable response for the A and AAAA records of {NAME}: {why}. Check the DNS "
        "servers, and that they have this zone or allow recursion.",
    }


def test_an_address_is_returned_if_only_the_query_for_the_other_type_fails() -> None:
    row = resolved(by_kind(A=addresses, AAAA=failing))
    assert (row["kind"], row["addresses"], row["ttl"]) == ("address", ["10.1.0.10"], 300)
    assert row["unknown"].startswith(
        f"DNS returned no usable response for the AAAA records of {NAME}: 127.0.0.1 returned SERVFAIL"
    )


@pytest.mark.parametrize("other", [nothing, no_such_name])
def test_a_name_is_unknown_if_one_query_fails(other: Responder) -> None:
    row = resolved(by_kind(A=failing, AAAA=other))
    assert (row["kind"], row["authoritative"]) == (None, None)
    assert "for the A records" in row["unknown"]


def test_nxdomain_for_the_other_record_type_is_ignored() -> None:
    row = resolved(by_kind(A=addresses, AAAA=no_such_name))
    assert (row["kind"], row["addresses"], row["unknown"]) == ("address", ["10.1.0.10"], None)


def test_the_next_server_is_queried_if_one_fails() -> None:
    for respond in (failing, lambda query: None):
        with serving(respond, host="127.0.0.2") as first, serving(addresses) as second:
            (row,) = resolve(first.address, second.address)
        assert (row["addresses"], row["unknown"]) == (["10.1.0.10", "2001:db8::10"], None)
        assert {len(one.queries) for one in (first, second)} == {2}


def test_a_lost_query_is_repeated() -> None:
    seen: set[str] = set()

    def respond_to_second_query(query: Message) -> Message:
        is_repeated = record_type(query) in seen
        seen.add(record_type(query))
        return addresses(query) if is_repeated else None

    with serving(respond_to_second_query) as server:
        (row,) = resolve(server.address, timeout=5)
    assert (row["kind"], row["unknown"]) == ("address", None)
    assert len(server.queries) == 4


def test_a_long_response_is_read_by_tcp() -> None:
    many = [(f"{NAME}.", 300, "IN", "A", *(f"10.1.1.{number}" for number in range(60)))]
    with serving(by_kind(A=lambda query: reply(query, *many), AAAA=nothing)) as server:
        (row,) = resolve(server.address)
    assert row["addresses"] == [f"10.1.1.{number}" for number in range(60)]
    assert sorted(server.queries) == [
        (transport, f"{NAME}.", one) for transport, one in (("tcp", "A"), ("udp", "A"), ("udp", "AAAA"))
    ]


@pytest.mark.parametrize("flags", [AUTHORITATIVE, AUTHORITATIVE | CACHE, CACHE])
def test_the_aa_flag_makes_a_response_authoritative(flags: int) -> None:
    row = resolved(by_kind(A=lambda query: reply(query, V4, flags=flags), AAAA=nothing))
    assert (row["authoritative"], row["ttl"]) == (bool(flags & AUTHORITATIVE), 300)


def test_the_ttl_of_an_alias_is_the_largest_of_its_chain() -> None:
    first = ("web.example.test.", 60, "IN", "CNAME", "mail.example.test.")
    row = resolved(
        by_kind(
            A=lambda query: reply(query, first, ALIAS, V4),
            AAAA=lambda query: reply(query, first, ALIAS, authority=(SOA,)),
        ),
        "web.example.test",
    )
    assert (row["kind"], row["aliases"]) == ("alias", ["mail.example.test", NAME])
    assert (row["addresses"], row["ttl"], row["unknown"]) == (["10.1.0.10"], 3600, None)


def test_an_alias_without_an_address_is_an_alias() -> None:
    row = resolved(lambda query: reply(query, ALIAS, rcode=NXDOMAIN, authority=(SOA,)), "mail.example.test")
    assert (row["kind"], row["aliases"], row["addresses"], row["unknown"]) == ("alias", [NAME], [], None)


def test_the_target_of_an_alias_in_another_zone_is_unknown() -> None:
    foreign = ("mail.example.test.", 60, "IN", "CNAME", "www.example.org.")
    row = resolved(lambda query: reply(query, foreign, flags=AUTHORITATIVE, authority=(SOA,)), "mail.example.test")
    assert (row["kind"], row["aliases"], row["addresses"]) == ("alias", ["www.example.org"], [])
    assert row["unknown"].startswith(
        "mail.example.test is an alias of www.example.org, and the DNS server did not return its addresses"
    )


def test_at_most_sixteen_queries_run_at_the_same_time() -> None:
    together, lock = threading.Barrier(16), threading.Lock()
    waiting, most = 0, 0

    def slow(query: Message) -> Message:
        nonlocal waiting, most
        with lock:
            waiting += 1
            most = max(most, waiting)
        together.wait(20)
        with lock:
            waiting -= 1
        return addresses(query)

    with serving(slow) as server:
        rows = resolve(server.address, names=[f"n{number}.example.test" for number in range(16)], timeout=30)
    assert {row["unknown"] for row in rows} == {None}
    assert most == 16


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"dns_servers": ["dc1.example.test"]}, "'dc1.example.test' in dns_servers is not an IP address"),
        ({"dns_servers": ["127.0.0.1:x"]}, "'127.0.0.1:x' in dns_servers is not an IP address"),
        ({"dns_servers": ["127.0.0.1", "127.0.0.1:54"]}, "dns_servers contains an address twice"),
        ({"timeout": 0}, "timeout 0 is out of range"),
        ({"ports": [443, 65536]}, "Port 65536 is out of range"),
    ],
)
def test_invalid_options_fail_the_task(options: Row, why: str) -> None:
    with pytest.raises(task.TaskError, match=why):
        resolve("127.0.0.1:1", **options)


def test_a_missing_library_is_reported() -> None:
    program = (
        "import sys; sys.modules['dns'] = None\n"
        "from ansible_collections.winha.cluster.plugins.modules.dns_name_info import TASK\n"
        "TASK.service.session_factory({'dns_servers': [], 'timeout': 1})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "TaskError: The Python library dnspython is missing on this machine" in done.stderr


@pytest.mark.parametrize(
    ("servers", "timeout", "of_a_server"),
    [(1, 1, 1.0), (1, 2, 2.0), (1, 5, 2.0), (2, 3, 1.5), (2, 4, 2.0), (4, 4, 1.0)],
)
def test_each_server_gets_its_share_of_the_time(servers: int, timeout: float, of_a_server: float) -> None:
    given = [Server(f"127.0.0.{number}", 5300 + number) for number in range(1, servers + 1)]
    lookup = Lookup(given, timeout=timeout)
    resolver = lookup.resolver
    assert (resolver.lifetime, resolver.timeout) == (timeout, of_a_server)
    assert resolver.nameserver_ports == {server.host: server.port for server in given}
    assert lookup.host == ", ".join(server.host for server in given)
