# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the verdict about a path from two echo requests."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows.path import Path, read_path, read_replies
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, new_instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import Fault

# No reply to the large echo request is a failure only if the standard one passes.
VERDICTS = {
    ("passes", "passes"): "passes",
    ("passes", "too_big"): "passes",
    ("passes", "no_answer"): "passes",
    ("passes", "unknown"): "passes",
    ("too_big", "passes"): "fails",
    ("too_big", "too_big"): "fails",
    ("too_big", "no_answer"): "fails",
    ("too_big", "unknown"): "fails",
    ("no_answer", "passes"): "fails",
    ("no_answer", "too_big"): "unknown",
    ("no_answer", "no_answer"): "unknown",
    ("no_answer", "unknown"): "unknown",
    ("unknown", "passes"): "unknown",
    ("unknown", "too_big"): "unknown",
    ("unknown", "no_answer"): "unknown",
    ("unknown", "unknown"): "unknown",
}


@pytest.mark.parametrize(("jumbo", "standard"), VERDICTS)
def test_the_verdict_of_two_results(jumbo: str, standard: str) -> None:
    found = Path(jumbo=jumbo, standard=standard)
    assert found.verdict == VERDICTS[jumbo, standard]
    reason = found.reason("HV01", "HV02", 9000)
    assert bool(reason) == (found.verdict != "passes")
    if reason:
        assert "HV01" in reason


def test_the_reason_names_what_to_check() -> None:
    switch = Path(jumbo="no_answer", standard="passes").reason("HV01", "HV02", 9000)
    assert "the path from HV01 to HV02 supports packets of 1500 bytes but not of 9000" in switch
    assert "switches" in switch
    own = Path(jumbo="too_big", standard="passes").reason("HV01", "HV02", 9000)
    assert own == "HV01 itself cannot send packets of 9000 bytes; check its adapters"
    assert "the result is unknown" in Path(jumbo="no_answer", standard="no_answer").reason("HV01", "HV02", 9000)


def test_an_unknown_large_result_is_not_reported_as_no_reply() -> None:
    """The standard echo request got a reply, so the reason must not be that the target does not reply."""
    reason = Path(jumbo="unknown", standard="passes").reason("HV01", "HV02", 9000)
    assert "got no reply" not in reason
    assert "HV01" in reason
    assert "HV02" in reason


class Host:
    """A host with an MTU of 9000 that resolves the name C(hv02) to an IPv6 address."""

    host = "hv01"

    def query(self, namespace: str, wql: str, *, operation: str) -> list[Instance]:
        found = re.search(r"Address='([^']*)' AND BufferSize=(\d+)", wql)
        assert found, operation
        address = {"hv02": "fd00:2::2", "hv03": "10.0.2.3"}.get(found[1], found[1])
        packet = int(found[2]) + (48 if ":" in address else 28)
        row = {"StatusCode": 11009} if packet > 9000 else {"StatusCode": 0, "ProtocolAddress": address}
        return [new_instance(f"http://schemas.microsoft.com/wbem/wsman/1/wmi/{namespace}/Win32_PingStatus", row)]


@pytest.mark.parametrize(
    ("address", "payload"),
    [("10.0.2.2", 8972), ("fd00:2::2", 8952), ("fe80::2%7", 8952), ("hv02", 8952), ("hv03", 8972)],
)
def test_the_mtu_includes_the_headers_of_the_version_of_ip(address: str, payload: int) -> None:
    client = t.cast("t.Any", Host())
    found = read_path(client, address, mtu=9000, timeout_ms=100)
    assert (found.payload, found.jumbo, found.standard) == (payload, "passes", "passes")
    assert read_path(client, address, mtu=9001, timeout_ms=100).jumbo == "too_big"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"StatusCode": 0}, "passes"),
        ({"StatusCode": 11009}, "too_big"),
        ({"StatusCode": 11010}, "no_answer"),
        ({"StatusCode": 12345}, "unknown"),
        ({"StatusCode": None}, "unknown"),
        (None, "unknown"),
    ],
)
def test_the_result_of_an_echo_request(row: dict[str, t.Any] | None, expected: str) -> None:
    class Silent(Host):
        def query(self, namespace: str, wql: str, *, operation: str) -> list[Instance]:
            del wql, operation
            uri = f"http://schemas.microsoft.com/wbem/wsman/1/wmi/{namespace}/Win32_PingStatus"
            return [] if row is None else [new_instance(uri, row)]

    found = read_path(t.cast("t.Any", Silent()), "10.0.2.2", mtu=9000, timeout_ms=100)
    assert (found.jumbo, found.standard) == (expected, expected)


class Several(Host):
    """A host that answers echo requests to several addresses in one query, except for one address."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.asked: list[str] = []
        self.refuses = refuses

    def query(self, namespace: str, wql: str, *, operation: str) -> list[Instance]:
        self.asked.append(wql)
        found = re.findall(r"Address='([^']*)'", wql)
        if self.refuses and len(found) > 1:
            raise Fault("not supported")
        answered = [each for each in found if each != "10.0.2.9" or len(found) == 1]
        condition = wql[wql.index("BufferSize=") :]
        return [
            super(Several, self)
            .query(namespace, f"Address='{each}' AND {condition}", operation=operation)[0]
            .with_property("Address", each)
            for each in answered
        ]


@pytest.mark.parametrize(
    ("refuses", "addresses", "queries"),
    [
        (False, ["10.0.2.2", "10.0.2.3", "10.0.2.4"], 1),
        (False, ["10.0.2.2", "10.0.2.3", "10.0.2.9"], 2),  # the last one alone
        (False, ["10.0.2.2", "fd00:2::2", "hv02"], 4),  # nothing to put together; a name needs one more
        (True, ["10.0.2.2", "10.0.2.3"], 4),
    ],
)
def test_several_addresses_are_tested_with_few_queries(refuses: bool, addresses: list[str], queries: int) -> None:
    """One query for each version of IP; an address without a reply in it is asked alone."""
    host = Several(refuses=refuses)
    client = t.cast("t.Any", host)
    replies = read_replies(client, addresses, mtu=9000, timeout_ms=100)
    found = [read_path(client, each, mtu=9000, timeout_ms=100, replies=replies) for each in addresses]
    assert [one.verdict for one in found] == ["passes"] * len(addresses)
    assert found[0].payload == 8972
    assert len(host.asked) == queries


def test_the_smaller_size_is_sent_only_where_the_larger_one_does_not_pass() -> None:
    host = Several()
    replies = read_replies(t.cast("t.Any", host), ["10.0.2.2", "10.0.2.3"], mtu=9001, timeout_ms=100)
    assert ["BufferSize=8973" in host.asked[0], "BufferSize=1472" in host.asked[1]] == [True, True]
    found = read_path(t.cast("t.Any", host), "10.0.2.2", mtu=9001, timeout_ms=100, replies=replies)
    assert (found.jumbo, found.standard, len(host.asked)) == ("too_big", "passes", 2)
    # A small packet that passes shows nothing about a packet of 1500 bytes.
    read_path(t.cast("t.Any", host), "10.0.2.2", mtu=576, timeout_ms=100)
    assert "BufferSize=1472" in host.asked[-1]


def test_the_echo_requests_of_one_query_wait_at_most_half_of_the_longest_operation() -> None:
    host = Several()
    read_replies(t.cast("t.Any", host), [f"10.0.2.{number}" for number in range(20, 53)], mtu=9000, timeout_ms=2000)
    assert [wql.count("Address=") for wql in host.asked] == [15, 15, 3]
