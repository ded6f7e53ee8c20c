# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold before the names of a site are changed, and what is told after it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._change.switchover import judge, plan, read_names
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError

MAIL, ARRAY = "mail.corp.example.test", "outlook.corp.example.test"
EAST, WEST = "10.1.0.10", "10.2.0.10"
NAMES: dict[str, t.Any] = {
    MAIL: {"addresses": {"east": EAST, "west": [WEST]}},
    ARRAY: {"addresses": {"east": EAST, "west": WEST}, "kind": "client_access_array", "ports": [135, 60001]},
}
OPEN = [{"address": WEST, "port": port, "open": True, "responds": None, "why": None} for port in (443, 135, 60001)]


def record(name: str = MAIL, server: str = "dc1", before: t.Any = (EAST,), ttl: int = 300) -> dict[str, t.Any]:
    """A row of dns_address in check mode."""
    changes = before is not None and list(before) != [WEST]
    return {
        "name": name,
        "server": server,
        "before": None if before is None else list(before),
        "addresses": [WEST],
        "ttl_before": ttl if before else None,
        "ttl": 300,
        "result": "failed" if before is None else "would_change" if changes else "compliant",
        "msg": f"{server} did not respond in time.",
    }


def stored(**values: t.Any) -> dict[str, t.Any]:
    """A row of dns_record_info."""
    row = {"name": MAIL, "zone": "corp.example.test", "dn": "DC=mail", "static": True, "writable": True, "aging": False}
    return row | {"no_refresh_hours": 168, "refresh_hours": 168} | values


def planned(*records: dict[str, t.Any], ports: t.Any = OPEN, rows: t.Any = ()) -> t.Any:
    return plan(read_names(NAMES, "west"), records, ports, rows)


def test_a_name_has_its_addresses_endpoints_and_spns() -> None:
    mail, array = (name.row() for name in read_names(NAMES, "west"))
    assert mail == {
        "name": MAIL,
        "addresses": [WEST],
        "endpoints": [f"{WEST}:443"],
        "services": {f"{WEST}:443": MAIL},
        "spns": [f"http/{MAIL}"],
    }
    assert array["endpoints"] == [f"{WEST}:135", f"{WEST}:60001"]
    assert array["spns"] == [f"{kind}/{ARRAY}" for kind in ("exchangeMDB", "exchangeRFR", "exchangeAB")]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "site_switchover_names is empty"),
        ({MAIL: EAST}, f"{MAIL} in site_switchover_names has no addresses"),
        ({MAIL: {"addresses": {"east": EAST}}}, "has no addresses in the site west. Its sites are: east."),
        ({MAIL: {"addresses": {"west": []}}}, "has a site without addresses"),
        ({MAIL: {"addresses": {"west": "10.2"}}}, "has an address that is not valid"),
        ({MAIL: {"addresses": {"west": WEST}, "kind": "smtp"}}, "has the kind smtp. Valid kinds are"),
        ({MAIL: {"addresses": {"west": WEST}, "port": 1}}, "has port, which is not known"),
        ({MAIL: {"addresses": {"west": WEST}, "ports": "x"}}, "has ports that are not a list of numbers"),
    ],
)
def test_a_mistake_in_the_names_is_told(given: dict[str, t.Any], why: str) -> None:
    with pytest.raises(TaskError) as refused:
        read_names(given, "west")
    assert why in str(refused.value)


def test_nothing_forbids_a_change_between_known_addresses() -> None:
    found = planned(record(), record(ARRAY), rows=[stored(static=False)])
    assert (found.problems, found.notes, found.hold_seconds) == ((), (), 300)
    assert found.expected == {f"{MAIL} on dc1": [EAST], f"{ARRAY} on dc1": [EAST]}
    assert found.current == {MAIL: [EAST], ARRAY: [EAST]}


def test_a_closed_port_forbids_the_change() -> None:
    closed = {"address": WEST, "port": 443, "open": False, "responds": None, "why": "Connection refused"}
    (problem,) = planned(record(), ports=[closed, *OPEN[1:]]).problems
    assert f"The new address {WEST} of {MAIL} does not accept connections on port 443: Connection refused" in problem
    (problem,) = planned(record(), ports=OPEN[:2]).problems
    assert "port 60001: it was not tested" in problem


def test_an_address_of_nobody_forbids_the_change() -> None:
    (problem,) = planned(record(), record(server="dc2", before=["10.9.9.9"])).problems
    assert f"On dc2, {MAIL} has 10.9.9.9, which site_switchover_names does not have." in problem


def test_a_server_that_was_not_read_forbids_the_change() -> None:
    assert planned(record(), record(server="dc2", before=None)).problems == ("dc2 did not respond in time.",)


def test_a_half_replicated_zone_is_told() -> None:
    found = planned(record(), record(server="dc2", before=[WEST]))
    assert f"{MAIL} has {EAST} on dc1 and {WEST} on dc2" in found.notes[0]
    assert (found.apart, found.current, found.problems) == ((MAIL,), {}, ())


def test_a_new_name_is_told() -> None:
    found = planned(record(before=[]))
    assert "the account becomes its owner" in found.notes[0]
    assert found.current == {}


def test_a_long_ttl_is_told_with_the_time_that_it_means() -> None:
    found = planned(record(ttl=3600), record(server="dc2", ttl=7200))
    assert "for up to 7200 s after the change" in found.notes[0]
    assert (found.hold_seconds, found.longest_ttl) == (7200, 7200)
    assert planned(record(before=[WEST], ttl=3600)).hold_seconds == 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (stored(), "is a static record. The update gives it a time stamp. Aging is off"),
        (stored(aging=True), "and aging is on in corp.example.test: scavenging can delete it 336 hours after its last"),
        (stored(aging=True, static=False), "is a dynamic record, and aging is on"),
    ],
)
def test_a_record_that_scavenging_can_delete_is_told(row: dict[str, t.Any], words: str) -> None:
    assert words in planned(record(), rows=[row]).notes[0]


def test_what_was_not_read_in_active_directory_is_told() -> None:
    assert "Whether a record is static was not read" in planned(record(), rows=None).notes[0]
    assert planned(record(before=[WEST]), rows=None).notes == ()


def test_a_missing_permission_forbids_the_change() -> None:
    (problem,) = planned(record(), rows=[stored(static=False, writable=False)]).problems
    assert problem == f"The account may not write the records of {MAIL}. Give it the permission to write DC=mail."
    assert planned(record(before=[WEST]), rows=[stored(static=False, writable=False)]).problems == ()


def judged(**more: t.Any) -> t.Any:
    given: dict[str, t.Any] = {"endpoints": OPEN, "resolvers": {}, "spns": None, "hold_seconds": 300}
    return judge(read_names(NAMES, "west"), **(given | more))


def test_the_result_tells_when_the_last_client_follows() -> None:
    found = judged()
    assert found.problems == ()
    assert "After at most 300 s, the TTL of the old record, all clients use the new address." in found.notes[0]
    assert "clients need not wait" in judged(hold_seconds=0).notes[0]


def test_a_resolver_with_the_old_address_is_told() -> None:
    row = {"name": MAIL, "addresses": [EAST], "ttl": 120, "unknown": None}
    assert (
        f"10.3.0.1 still returns {EAST} for {MAIL}, for up to 120 s" in judged(resolvers={"10.3.0.1": [row]}).notes[1]
    )
    lost = row | {"addresses": [], "unknown": "No response."}
    assert "10.3.0.1 did not return" in judged(resolvers={"10.3.0.1": [lost]}).notes[1]
    assert len(judged(resolvers={"10.3.0.1": [row | {"addresses": [WEST]}]}).notes) == 2


def test_spns_of_the_names_are_judged() -> None:
    array = [
        {"spn": f"{kind}/{ARRAY}", "accounts": ["CN=ASA"]} for kind in ("exchangemdb", "exchangerfr", "exchangeab")
    ]
    found = judged(spns=[*array, {"spn": f"http/{MAIL}", "accounts": ["CN=A", "CN=B"]}])
    assert (len(found.notes), len(found.problems)) == (1, 1)
    assert f"The SPN http/{MAIL} is on CN=A and CN=B" in found.problems[0]
    assert f"No account has the SPN http/{MAIL}" in judged(spns=array).notes[1]
