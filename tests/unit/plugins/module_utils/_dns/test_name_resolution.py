# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a name resolves to, before DNS servers that say what real ones say, or nothing."""

from __future__ import annotations

import subprocess
import sys
import threading
import typing as t

import dns.flags
import pytest
from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.modules import dns_name_info
from name_server import SOA, Say, kind, reply, serving

NAME = "outlook.example.test"
V4 = (f"{NAME}.", 300, "IN", "A", "10.1.0.10")
V6 = (f"{NAME}.", 600, "IN", "AAAA", "2001:db8::10")
ALIAS = ("mail.example.test.", 3600, "IN", "CNAME", f"{NAME}.")
AUTHORITATIVE = dns.flags.AA
CACHE = dns.flags.RA
NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5

Row = dict[str, t.Any]
Message = t.Any


def ask(*servers: str, names: t.Sequence[str] = (NAME,), **options: t.Any) -> list[Row]:
    """The rows of the task."""
    given = {"names": list(names), "ports": [], "dns_servers": list(servers), "timeout": 1, **options}
    result = task.run(dns_name_info.TASK, dns_name_info.TASK.service.session_factory(given), given, check_mode=True)
    assert result["changed"] is False
    return t.cast("list[Row]", result["names"])


def answered(say: Say, name: str = NAME) -> Row:
    with serving(say) as server:
        (row,) = ask(server.address, names=[name])
    return row


def by_kind(**said: t.Callable[[Message], Message]) -> Say:
    return lambda question: said[kind(question)](question)


def addresses(question: Message) -> Message:
    return reply(question, V4 if kind(question) == "A" else V6)


def nothing(question: Message) -> Message:
    return reply(question, authority=(SOA,))


def no_such_name(question: Message) -> Message:
    return reply(question, rcode=NXDOMAIN, authority=(SOA,))


def failing(question: Message) -> Message:
    return reply(question, rcode=SERVFAIL)


def test_one_question_goes_out_for_each_kind_and_name() -> None:
    with serving(addresses) as server:
        rows = ask(server.address, names=[NAME, NAME.upper(), f"{NAME}."])
    assert sorted(server.asked) == [("udp", f"{NAME}.", "A"), ("udp", f"{NAME}.", "AAAA")]
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


def test_nothing_is_asked_when_no_name_is_given() -> None:
    with serving(addresses) as server:
        assert ask(server.address, names=[]) == []
    assert server.asked == []


@pytest.mark.parametrize(
    ("name", "parsed_names"), [("outlook", "outlook."), ("bücher.example.test", "xn--bcher-kva.example.test.")]
)
def test_a_name_is_whole_and_in_ascii(name: str, parsed_names: str) -> None:
    with serving(no_such_name) as server:
        (row,) = ask(server.address, names=[name])
    assert {asked for _transport, asked, _kind in server.asked} == {parsed_names}
    assert (row["name"], row["kind"]) == (name, "missing")


@pytest.mark.parametrize(
    "name",
    ["", ".", "@", "https://outlook.example.test", "outlook.example.test:443", "10.1.0.10", "2001:db8::10",
     "*.example.test", "a b.test", r"a\.b.test", "a..test", f"{'a' * 64}.test", ".".join(64 * ["abc"]), "\u2603" * 70],
)  # fmt: skip
def test_what_is_no_host_name_is_unknown_and_never_asked_for(name: str) -> None:
    with serving(addresses) as server:
        row, good = ask(server.address, names=[name, NAME])
    assert {asked for _transport, asked, _kind in server.asked} == {f"{NAME}."}
    assert (row["kind"], row["authoritative"]) == (None, None)
    assert row["unknown"].startswith(f"{name!r} is no host name")
    assert good["kind"] == "address"


@pytest.mark.parametrize(
    "say", [nothing, no_such_name, lambda question: reply(question, flags=AUTHORITATIVE, rcode=NXDOMAIN)]
)
def test_a_name_is_missing_when_a_server_that_must_know_says_so(say: Say) -> None:
    row = answered(say)
    assert (row["kind"], row["addresses"], row["ttl"], row["unknown"]) == ("missing", [], None, None)


@pytest.mark.parametrize(
    "say",
    [
        lambda question: reply(question, rcode=NXDOMAIN, flags=0),
        lambda question: reply(question, flags=0, authority=(("test.", 60, "IN", "NS", "ns.test."),)),
    ],
    ids=["samba", "referral"],
)
def test_a_server_that_knows_nothing_of_the_zone_proves_nothing(say: Say) -> None:
    row = answered(say)
    assert (row["kind"], row["authoritative"]) == (None, None)
    assert row["unknown"].startswith(
        f"DNS gave no answer about the A and AAAA records of {NAME}: its zone is not on 127.0.0.1, and no other"
    )


@pytest.mark.parametrize(
    ("say", "why"),
    [
        (failing, "127.0.0.1 answered SERVFAIL"),
        (lambda question: reply(question, rcode=REFUSED), "127.0.0.1 answered REFUSED"),
        (lambda question: None, "127.0.0.1 did not answer in time"),
        (
            lambda question: reply(
                question, ALIAS, (f"{NAME}.", 1, "IN", "CNAME", "mail.example.test."), rcode=NXDOMAIN
            ),
            "the answer of 127.0.0.1 is of no use: The CNAME chain is too long",
        ),
    ],
    ids=["servfail", "refused", "silent", "loop"],
)
def test_a_name_that_nobody_can_tell_of_is_unknown(say: Say, why: str) -> None:
    row = answered(say)
    assert row == {
        "name": NAME,
        "kind": None,
        "addresses": [],
        "aliases": [],
        "ttl": None,
        "authoritative": None,
        "answers": [],
        "unknown": f"DNS gave no answer about the A and AAAA records of {NAME}: {why} (check the DNS servers, and that "
        "they have this zone or may ask others).",
    }


def test_one_address_is_told_when_the_question_for_the_other_kind_is_lost() -> None:
    row = answered(by_kind(A=addresses, AAAA=failing))
    assert (row["kind"], row["addresses"], row["ttl"]) == ("address", ["10.1.0.10"], 300)
    assert row["unknown"].startswith(
        f"DNS gave no answer about the AAAA records of {NAME}: 127.0.0.1 answered SERVFAIL"
    )


@pytest.mark.parametrize("other", [nothing, no_such_name])
def test_a_name_is_not_missing_while_one_question_is_lost(other: Say) -> None:
    row = answered(by_kind(A=failing, AAAA=other))
    assert (row["kind"], row["authoritative"]) == (None, None)
    assert "about the A records" in row["unknown"]


def test_a_load_balancer_that_denies_the_name_of_another_kind_is_no_contradiction() -> None:
    row = answered(by_kind(A=addresses, AAAA=no_such_name))
    assert (row["kind"], row["addresses"], row["unknown"]) == ("address", ["10.1.0.10"], None)


def test_the_next_server_is_asked_when_one_is_silent_or_fails() -> None:
    for say in (failing, lambda question: None):
        with serving(say, host="127.0.0.2") as first, serving(addresses) as second:
            (row,) = ask(first.address, second.address)
        assert (row["addresses"], row["unknown"]) == (["10.1.0.10", "2001:db8::10"], None)
        assert {len(one.asked) for one in (first, second)} == {2}


def test_a_question_that_got_lost_is_asked_again() -> None:
    seen: set[str] = set()

    def forgetful(question: Message) -> Message:
        known = kind(question) in seen
        seen.add(kind(question))
        return addresses(question) if known else None

    with serving(forgetful) as server:
        (row,) = ask(server.address, timeout=5)
    assert (row["kind"], row["unknown"]) == ("address", None)
    assert len(server.asked) == 4


def test_an_answer_that_is_too_long_is_fetched_by_tcp() -> None:
    many = [(f"{NAME}.", 300, "IN", "A", *(f"10.1.1.{number}" for number in range(60)))]
    with serving(by_kind(A=lambda question: reply(question, *many), AAAA=nothing)) as server:
        (row,) = ask(server.address)
    assert row["addresses"] == [f"10.1.1.{number}" for number in range(60)]
    assert sorted(server.asked) == [
        (transport, f"{NAME}.", one) for transport, one in (("tcp", "A"), ("udp", "A"), ("udp", "AAAA"))
    ]


@pytest.mark.parametrize("flags", [AUTHORITATIVE, AUTHORITATIVE | CACHE, CACHE])
def test_a_server_says_whether_it_has_the_zone(flags: int) -> None:
    row = answered(by_kind(A=lambda question: reply(question, V4, flags=flags), AAAA=nothing))
    assert (row["authoritative"], row["ttl"]) == (bool(flags & AUTHORITATIVE), 300)


def test_an_alias_is_told_with_the_longest_time_that_a_client_may_keep_a_part_of_it() -> None:
    first = ("web.example.test.", 60, "IN", "CNAME", "mail.example.test.")
    row = answered(
        by_kind(
            A=lambda question: reply(question, first, ALIAS, V4),
            AAAA=lambda question: reply(question, first, ALIAS, authority=(SOA,)),
        ),
        "web.example.test",
    )
    assert (row["kind"], row["aliases"]) == ("alias", ["mail.example.test", NAME])
    assert (row["addresses"], row["ttl"], row["unknown"]) == (["10.1.0.10"], 3600, None)


def test_an_alias_of_nothing_is_an_alias() -> None:
    row = answered(lambda question: reply(question, ALIAS, rcode=NXDOMAIN, authority=(SOA,)), "mail.example.test")
    assert (row["kind"], row["aliases"], row["addresses"], row["unknown"]) == ("alias", [NAME], [], None)


def test_an_alias_that_leads_out_of_the_zone_is_known_and_its_end_is_not() -> None:
    foreign = ("mail.example.test.", 60, "IN", "CNAME", "www.example.org.")
    row = answered(
        lambda question: reply(question, foreign, flags=AUTHORITATIVE, authority=(SOA,)), "mail.example.test"
    )
    assert (row["kind"], row["aliases"], row["addresses"]) == ("alias", ["www.example.org"], [])
    assert row["unknown"].startswith("mail.example.test is an alias of www.example.org, and the DNS server did not say")


def test_sixteen_questions_are_waited_for_at_once_and_no_more() -> None:
    together, lock = threading.Barrier(16), threading.Lock()
    waiting, most = 0, 0

    def slow(question: Message) -> Message:
        nonlocal waiting, most
        with lock:
            waiting += 1
            most = max(most, waiting)
        together.wait(20)
        with lock:
            waiting -= 1
        return addresses(question)

    with serving(slow) as server:
        rows = ask(server.address, names=[f"n{number}.example.test" for number in range(16)], timeout=30)
    assert {row["unknown"] for row in rows} == {None}
    assert most == 16


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"dns_servers": ["dc1.example.test"]}, "'dc1.example.test' in dns_servers is no address of a DNS server"),
        ({"dns_servers": ["127.0.0.1:x"]}, "'127.0.0.1:x' in dns_servers is no address of a DNS server"),
        ({"dns_servers": ["127.0.0.1", "127.0.0.1:54"]}, "dns_servers has an address twice"),
        ({"timeout": 0}, "timeout 0 is out of range"),
        ({"ports": [443, 65536]}, "Port 65536 is out of range"),
    ],
)
def test_options_that_cannot_be_meant_end_the_task(options: Row, why: str) -> None:
    with pytest.raises(task.TaskError, match=why):
        ask("127.0.0.1:1", **options)


def test_a_missing_library_is_named() -> None:
    program = (
        "import sys; sys.modules['dns'] = None\n"
        "from ansible_collections.winha.cluster.plugins.modules.dns_name_info import TASK\n"
        "TASK.service.session_factory({'dns_servers': [], 'timeout': 1})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "TaskError: The Python library dnspython, which asks DNS servers, is missing here" in done.stderr
