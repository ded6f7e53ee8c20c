# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dns_address against DNS servers in memory, which refuse what a condition forbids."""

from __future__ import annotations

import dataclasses
import typing as t

import dns.rdataclass
import dns.rdatatype
import pytest
from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._dns.records import AddressRecords
from ansible_collections.winha.cluster.plugins.module_utils._dns.session import DnsAccess, DnsServers
from ansible_collections.winha.cluster.plugins.module_utils._dns.update import RecordsChanged, Update
from ansible_collections.winha.cluster.plugins.module_utils._dns.zone import NameServer, Zone
from ansible_collections.winha.cluster.plugins.module_utils.errors import ResponseLost, ServerError, WriteRefused
from ansible_collections.winha.cluster.plugins.modules import dns_address

ZONE = "corp.example.test"
MAIL, ARRAY = f"mail.{ZONE}", f"outlook.{ZONE}"
EAST, WEST, OTHER = ("10.1.0.10",), ("10.2.0.10",), ("10.9.9.9",)
DC1, DC2 = (NameServer(name=f"dc{number}.{ZONE}", addresses=(f"10.{number}.0.1",)) for number in (1, 2))


def nothing(*_arguments: t.Any) -> None:
    """Do nothing."""


@dataclasses.dataclass
class Servers:
    """Two servers with their records. C(replicates) copies each write; C(mishap) happens before or after a write."""

    records: dict[tuple[str, str], AddressRecords]
    replicates: bool = False
    mishap: t.Callable[[Servers, str], None] = nothing
    lose: bool = False
    down: frozenset[str] = frozenset()
    host: str = "dc1, dc2"
    writes: int = 0
    written: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def zones_of(self, names: t.Sequence[str]) -> dict[str, Zone]:
        return {name: Zone(name=ZONE, servers=(DC1, DC2)) for name in names}

    def read(self, wanted: t.Sequence[tuple[str, NameServer]]) -> dict[tuple[str, str], t.Any]:
        return {(name, server.name): self._answer(name, server) for name, server in wanted}

    def _answer(self, name: str, server: NameServer) -> AddressRecords | ServerError:
        if server.name in self.down:
            return ResponseLost(f"{server} did not respond in time")
        return self.records[name, server.name]

    sign_in = staticmethod(nothing)

    def write(self, server: NameServer, update: Update) -> None:
        self.writes += 1
        self.mishap(self, server.name)
        if self.records[update.name, server.name] != update.before:
            raise RecordsChanged(f"{update.name} on {server} was changed after it was read, so nothing was written")
        self.written.append((update.name, server.name))
        for one in (DC1, DC2) if self.replicates else (server,):
            self.records[update.name, one.name] = AddressRecords(addresses=update.after, ttl=update.ttl)
        if self.lose:
            raise ResponseLost(f"{server} did not respond in time")

    def close(self) -> None:
        pass


def having(addresses: tuple[str, ...] = EAST, ttl: int = 3600, **more: t.Any) -> Servers:
    found = AddressRecords(addresses=addresses, ttl=ttl)
    return Servers({(name, one.name): found for name in (MAIL, ARRAY) for one in (DC1, DC2)}, **more)


def run(servers: Servers, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    given: dict[str, t.Any] = {"names": {MAIL: list(WEST), ARRAY: list(WEST)}, "ttl": 300, "write_first": None}
    given |= {"replication_timeout": 0, "expected": None} | options
    return task.run(dns_address.TASK, lambda **_: t.cast("t.Any", servers), given, check_mode=check_mode)


def now(result: dict[str, t.Any]) -> dict[tuple[str, str], tuple[t.Any, ...]]:
    """The addresses, the TTL and the result by name and number of the server."""
    return {
        (row["name"], row["server"][:3]): (row["addresses"], row["ttl"], row["result"]) for row in result["records"]
    }


def test_servers_that_do_not_replicate_in_time_get_the_update_themselves() -> None:
    servers = having()
    result = run(servers)
    assert all(value == (list(WEST), 300, "changed") for value in now(result).values())
    assert sorted(servers.written) == sorted((name, one.name) for name in (MAIL, ARRAY) for one in (DC1, DC2))
    assert not run(servers)["changed"]
    assert len(servers.written) == 4


def test_servers_that_replicate_are_written_once() -> None:
    servers = having(replicates=True)
    assert run(servers, write_first=DC2.name)["changed"]
    assert servers.written == [(MAIL, DC2.name), (ARRAY, DC2.name)]


def test_check_mode_writes_nothing() -> None:
    servers = having()
    result = run(servers, check_mode=True)
    assert (servers.writes, len(result["changes"])) == (0, 8)
    assert now(result)[MAIL, "dc1"] == (list(WEST), 300, "would_change")
    assert f"{MAIL} on {DC1}: 10.1.0.10\nTTL of {MAIL} on {DC1}: 3600\n" in result["diff"]["before"]


def test_a_session_of_check_mode_refuses_a_write() -> None:
    update = Update(zone=ZONE, name=MAIL, before=AddressRecords(), after=WEST, ttl=300)
    with pytest.raises(WriteRefused):
        DnsServers(DnsAccess(), read_only=True).write(DC1, update)


def test_a_record_that_somebody_changes_meanwhile_is_not_overwritten() -> None:
    def change(servers: Servers, _server: str) -> None:
        servers.records[MAIL, DC2.name] = AddressRecords(addresses=OTHER, ttl=60)

    servers = having(mishap=change)
    result = run(servers)
    assert servers.records[MAIL, DC2.name].addresses == OTHER
    assert now(result)[MAIL, "dc1"][0] == list(WEST)
    assert now(result)[ARRAY, "dc2"] == (list(WEST), 300, "changed")
    assert result["failed"]
    assert f"{MAIL} on {DC2} had 10.1.0.10 when this task read it and has 10.9.9.9 now" in result["msg"]


def test_the_server_refuses_what_changes_between_the_reading_and_the_update() -> None:
    def change(servers: Servers, server: str) -> None:
        servers.records[MAIL, server] = AddressRecords(addresses=OTHER, ttl=60)

    servers = having(mishap=change)
    result = run(servers, names={MAIL: list(WEST)})
    assert servers.written == []
    assert "Find out who changed it" in result["msg"]


def test_a_lost_response_is_read_back() -> None:
    servers = having(lose=True)
    result = run(servers)
    assert not result.get("failed")
    assert len(servers.written) == 4


def test_a_server_that_was_not_read_is_reported_after_the_others_are_written() -> None:
    servers = having(down=frozenset([DC2.name]))
    result = run(servers, names={MAIL: list(WEST)})
    assert servers.written == [(MAIL, DC1.name)]
    assert result["failed"]
    assert (result["records"][1]["before"], result["records"][1]["addresses"]) == (None, None)
    assert f"{DC2} did not respond in time" in result["msg"]


def test_a_value_that_is_not_the_expected_one_is_left_alone() -> None:
    servers = having()
    result = run(servers, expected={MAIL: list(OTHER)})
    assert {row["label"] for row in result["left_alone"]} == {f"{MAIL} on {DC1}", f"{MAIL} on {DC2}"}
    assert servers.records[MAIL, DC1.name] == AddressRecords(addresses=EAST, ttl=300)
    assert servers.records[ARRAY, DC1.name].addresses == WEST


def test_without_a_ttl_that_of_the_records_stays() -> None:
    servers = having()
    run(servers, ttl=None, names={MAIL: list(WEST)})
    assert servers.records[MAIL, DC1.name] == AddressRecords(addresses=WEST, ttl=3600)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"names": {}}, "names is empty. Set it to the names with their addresses."),
        ({"names": {"mail": ["10.1.0.1"]}}, "'mail' in names is not a fully qualified host name"),
        ({"names": {MAIL: []}}, f"{MAIL} in names has no list of addresses. This module does not delete names."),
        ({"names": {MAIL: ["10.1.0"]}}, f"An address of {MAIL} in names is not valid"),
        ({"names": {MAIL: list(EAST), f"{MAIL}.": list(WEST)}}, f"{MAIL} is in names twice."),
        ({"ttl": 0}, "ttl 0 is out of range"),
        ({"replication_timeout": -1}, "replication_timeout -1 is out of range"),
        ({"write_first": "dc9"}, f"write_first is dc9, which is none of the DNS servers: {DC1}, {DC2}."),
    ],
)
def test_invalid_options_fail_with_a_sentence(options: dict[str, t.Any], why: str) -> None:
    with pytest.raises(task.TaskError) as refused:
        run(having(), **options)
    assert why in str(refused.value)


def test_an_alias_is_refused() -> None:
    servers = having()
    servers.records[MAIL, DC2.name] = AddressRecords(alias=ARRAY)
    with pytest.raises(task.TaskError, match=rf"{MAIL} is an alias of {ARRAY} on {DC2}"):
        run(servers)
    assert servers.writes == 0


def lines(update: Update) -> tuple[list[str], list[str]]:
    """The conditions and the changes of a message: class, type, TTL and data."""
    message = update.message()
    return _lines(message.sections[1]), _lines(message.sections[2])


def _lines(section: t.Iterable[t.Any]) -> list[str]:
    found = []
    for rrset in section:
        head = f"{dns.rdataclass.to_text(rrset.deleting or rrset.rdclass)} {dns.rdatatype.to_text(rrset.rdtype)}"
        assert str(rrset.name) == f"{MAIL}."
        found += [f"{head} {rrset.ttl} {data}" for data in rrset] or [head]
    return sorted(found)


def test_all_records_of_a_name_are_a_condition_of_its_update() -> None:
    before = AddressRecords(addresses=("10.1.0.10", "10.1.0.11", "2001:db8::1"), ttl=60)
    conditions, changes = lines(Update(zone=ZONE, name=MAIL, before=before, after=WEST, ttl=300))
    assert conditions == ["IN A 0 10.1.0.10", "IN A 0 10.1.0.11", "IN AAAA 0 2001:db8::1", "NONE CNAME"]
    assert changes == ["ANY A", "ANY AAAA", "IN A 300 10.2.0.10"]


def test_a_name_without_records_must_not_have_got_any() -> None:
    conditions, changes = lines(Update(zone=ZONE, name=MAIL, before=AddressRecords(), after=WEST, ttl=300))
    assert conditions == ["NONE A", "NONE AAAA", "NONE CNAME"]
    assert changes == ["IN A 300 10.2.0.10"]


def test_the_type_that_does_not_change_is_not_written() -> None:
    before = AddressRecords(addresses=("10.1.0.10", "2001:db8::1"), ttl=300)
    after = ("10.2.0.10", "2001:db8::1")
    conditions, changes = lines(Update(zone=ZONE, name=MAIL, before=before, after=after, ttl=300))
    assert "IN AAAA 0 2001:db8::1" in conditions
    assert changes == ["ANY A", "IN A 300 10.2.0.10"]
