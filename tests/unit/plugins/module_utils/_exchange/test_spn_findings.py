# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found to be wrong with what an Exchange organization publishes."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._exchange.spn_plan import plan
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._exchange.exchange_estate import (
    Part,
    Row,
    array,
    directory,
    estate,
    point,
    server,
)

CAS = [server(f"CAS{number}") for number in range(1, 13)]
ARRAY = array("Outlook1", "outlook1.b.c")
WEB = [directory(each, "ews", "mail.b.c") for each in CAS]


def found(exchange: Row, **overrides: t.Any) -> list[tuple[str, list[str]]]:
    return [(each["kind"], each["about"]) for each in plan(exchange, **overrides)["findings"]]


def only(exchange: Row) -> Row:
    """The one finding that there is."""
    (finding,) = plan(exchange)["findings"]
    return t.cast("Row", finding)


def healthy(*parts: Part, servers: list[Row] = CAS[:3]) -> Row:
    """Servers that publish, with an array, and something more."""
    return estate(servers, [ARRAY, *(directory(each, "ews", "mail.b.c") for each in servers), *parts])


def planned(exchange: Row) -> set[str]:
    return {each["name"] for generation in plan(exchange)["generations"] for each in generation["principal_names"]}


def database(name: str, endpoint: str | None, server_name: str = "CAS1", **more: t.Any) -> Part:
    copies = [{"server": "CAS12", "activation_preference": 2}, {"server": server_name, "activation_preference": 1}]
    row = {"name": name, "generation": "2010", "rpc_client_access_server": endpoint, "copies": copies, "master": "DAG1"}
    return "databases", {**row, **more}


def test_nothing_is_wrong_where_nothing_is_wrong() -> None:
    points = [point(each, "autod.b.c") for each in CAS[:3]]
    assert found(healthy(*points, database("DB1", "Outlook1.b.c"))) == []


@pytest.mark.parametrize(
    ("said", "whose"),
    [
        ("cas12.corp.example.com", " (its own name)"),
        ("cas3.corp.example.com", " (the name of CAS3)"),
        ("old.b.c", ""),
    ],
)
def test_a_stale_autodiscover_uri_is_found_and_costs_no_name(said: str, whose: str) -> None:
    peers = [point(each, "autod.b.c") for each in CAS[:11]]
    exchange = healthy(*peers, point(CAS[11], said), servers=CAS)
    finding = only(exchange)
    assert (finding["kind"], finding["about"]) == ("stale_autodiscover", ["CAS12"])
    assert f"of CAS12 names {said}{whose}, while its peers in site Hamburg name autod.b.c," in finding["text"]
    assert finding["remedy"] == (
        "Run Set-ClientAccessServer -Identity 'CAS12' -AutoDiscoverServiceInternalUri "
        "https://autod.b.c/autodiscover/autodiscover.xml"
    )
    assert {"http/autod.b.c", "http/mail.b.c"} <= planned(exchange)
    assert ("http/old.b.c" in planned(exchange)) == (said == "old.b.c")
    assert "http/cas12.corp.example.com" not in planned(exchange)


def test_each_site_may_have_a_name_of_its_own() -> None:
    servers = [*CAS[:2], server("CAS7", site="Berlin")]
    points = [point(CAS[0], "a.b.c"), point(CAS[1], "a.b.c"), point(servers[2], "other.b.c")]
    assert found(healthy(*points, array("Outlook2", "outlook2.b.c", "Berlin"), servers=servers)) == []


def test_the_cmdlet_has_another_name_since_2016() -> None:
    servers = [server(f"EX{number}", "2019") for number in (1, 2, 3)]
    points = [point(each, "autod.b.c") for each in servers[:2]]
    exchange = estate(
        servers, [*(directory(each, "ews", "mail.b.c") for each in servers), *points, point(servers[2], "x.b")]
    )
    assert only(exchange)["remedy"].startswith("Run Set-ClientAccessService -Identity 'EX3' ")


def test_a_site_that_cannot_agree_is_one_finding() -> None:
    points = [point(each, "a.b.c") for each in CAS[:3]] + [point(each, "b.b.c") for each in CAS[3:6]]
    exchange = healthy(*points, servers=CAS[:6])
    assert found(exchange) == [("mixed_autodiscover", ["CAS1", "CAS2", "CAS3", "CAS4", "CAS5", "CAS6"])]
    assert "a.b.c at CAS1 to CAS3 and b.b.c at CAS4 to CAS6" in only(exchange)["text"]
    assert {"http/a.b.c", "http/b.b.c"} <= planned(exchange)


def test_servers_that_all_announce_themselves_are_one_finding() -> None:
    points = [point(each, each["fqdn"]) for each in CAS[:3]]
    assert found(healthy(*points)) == [("autodiscover_not_balanced", ["CAS1", "CAS2", "CAS3"])]


def test_a_single_server_may_announce_itself() -> None:
    assert found(healthy(point(CAS[0], CAS[0]["fqdn"]), servers=CAS[:1])) == []


@pytest.mark.parametrize(
    ("endpoint", "kind", "what"),
    [
        ("cas3.corp.example.com", "database_of_single_server", "the server CAS3 alone, and the site"),
        ("outlook2.b.c", "database_of_other_site", "the CAS array outlook2.b.c of site Berlin, and the site"),
        ("gone.b.c", "database_of_unknown_name", "gone.b.c, which is neither a CAS array nor a server"),
    ],
)
def test_databases_that_send_outlook_elsewhere(endpoint: str, kind: str, what: str) -> None:
    databases = [database(name, endpoint) for name in ("DB10", "DB9", "DB8")]
    exchange = healthy(
        array("Outlook2", "outlook2.b.c", "Berlin"), *databases, servers=[*CAS[:3], server("B1", site="Berlin")]
    )
    finding = only(exchange)
    assert (finding["kind"], finding["about"]) == (kind, ["DB8", "DB9", "DB10"])
    assert f"Outlook reaches DB8 to DB10 through {what}" in finding["text"]
    assert finding["remedy"] == (
        "Run 'DB8', 'DB9', 'DB10' | ForEach-Object { Set-MailboxDatabase -Identity $_ "
        "-RpcClientAccessServer outlook1.b.c }"
    )


def test_a_database_of_a_site_without_an_array_is_of_another_site() -> None:
    bare = server("B1", site="Berlin")
    exchange = healthy(database("DB1", "outlook1.b.c", "B1"), servers=[*CAS[:3], bare])
    assert found(exchange) == [("no_array", ["B1"]), ("database_of_other_site", ["DB1"])]


def test_one_name_may_serve_two_sites() -> None:
    servers = [*CAS[:3], server("B1", site="Berlin")]
    twice = [
        array("Outlook2", "outlook1.b.c", "Berlin"),
        database("DB1", "outlook1.b.c"),
        database("DB2", "outlook1.b.c", "B1"),
    ]
    assert found(healthy(*twice, servers=servers)) == []


def test_the_preferred_copy_says_where_a_database_belongs() -> None:
    """Whatever the order in which copies are given; without a preference they come last."""
    servers = [*CAS[:3], server("B1", site="Berlin")]
    copies = [
        {"server": "B1", "activation_preference": None},
        {"server": "B1", "activation_preference": 2},
        {"server": "CAS1", "activation_preference": 1},
    ]
    second = array("Outlook2", "outlook2.b.c", "Berlin")
    there = database("DB1", "outlook2.b.c", copies=copies)
    assert found(healthy(second, there, servers=servers)) == [("database_of_other_site", ["DB1"])]
    assert found(healthy(second, database("DB1", "outlook1.b.c.", copies=copies), servers=servers)) == []


def test_what_has_no_known_site_is_not_compared() -> None:
    servers = [{**each, "site": None} for each in CAS[:3]]
    points = [point(servers[0], "a.b.c"), point(servers[1], "b.b.c")]
    nowhere = ("client_access_arrays", {**ARRAY[1], "site": None})
    parts = [
        nowhere,
        *points,
        *(directory(each, "ews", "mail.b.c") for each in servers),
        database("DB1", "outlook1.b.c"),
    ]
    assert found(estate(servers, parts)) == []
    assert found(estate(servers, [ARRAY, *parts[1:]])) == []
    assert found(estate(CAS[:1], [nowhere, WEB[0], database("DB1", "outlook1.b.c")])) == [("no_array", ["CAS1"])]


@pytest.mark.parametrize(
    "more",
    [{"generation": "2016"}, {"recovery": True}, {"rpc_client_access_server": None}],
    ids=["of a later generation", "for recovery", "without a name"],
)
def test_databases_whose_name_nobody_uses(more: Row) -> None:
    assert found(healthy(database("DB1", "gone.b.c", **more))) == []


def test_a_database_with_an_apostrophe_is_still_one_word() -> None:
    assert "-Identity 'Bob''s DB' " in only(healthy(database("Bob's DB", "gone.b.c")))["remedy"]


def test_arrays_and_sites() -> None:
    bare = server("CAS7", site="Berlin")
    assert found(healthy(servers=[*CAS[:2], bare])) == [("no_array", ["CAS7"])]
    assert found(healthy(array("Outlook9", "outlook9.b.c", "Munich"))) == [("array_without_servers", ["Outlook9"])]
    assert found(healthy(array("Outlook9", "mail.b.c"))) == [("shared_name", ["Outlook9"])]
    assert found(healthy(array("Outlook9", "cas1.corp.example.com"))) == [("array_named_after_server", ["Outlook9"])]
    assert found(healthy(array("Outlook9", "10.0.0.1"))) == [("invalid_name", ["Outlook9"])]
    assert found(healthy(servers=[server("EX1", "2016")])) == [("unused_array", ["Outlook1"])]


def test_urls_that_are_wrong_are_folded() -> None:
    plain = [("virtual_directories", {"server": each["name"], "service": "oab", "internal_url": "http://mail.b.c/OAB"})
             for each in CAS[:3]]  # fmt: skip
    finding = only(healthy(*plain))
    assert (finding["kind"], finding["about"]) == ("plain_http", ["CAS1", "CAS2", "CAS3"])
    assert finding["text"].startswith(
        "http://mail.b.c/OAB, the internal URL of OAB of CAS1 to CAS3, begins with http://"
    )
    assert "Set-OabVirtualDirectory -InternalUrl https://mail.b.c/OAB }" in finding["remedy"]
    assert found(healthy(directory(CAS[0], "owa", "10.0.0.1"))) == [("invalid_name", ["CAS1"])]


def test_the_host_name_of_outlook_anywhere_is_set_with_what_it_takes() -> None:
    """Exchange refuses an internal host name without a word on SSL."""
    wrong = directory(server("EX1", "2016"), "outlook_anywhere", "10.0.0.1")
    assert only(estate([server("EX1", "2016")], [wrong]))["remedy"] == (
        "Run Get-OutlookAnywhere -Server 'EX1' | "
        "Set-OutlookAnywhere -InternalHostname <load-balanced name> -InternalClientsRequireSsl $true"
    )


def test_the_urls_of_powershell_may_be_plain() -> None:
    row = {"server": "CAS1", "service": "powershell", "internal_url": "http://cas1.corp.example.com/powershell"}
    assert found(healthy(("virtual_directories", row))) == []


def test_a_server_without_urls() -> None:
    exchange = estate(CAS[:3], [ARRAY, *WEB[:1]])
    assert found(exchange) == [("no_url", ["CAS2", "CAS3"])]


@pytest.mark.parametrize("service", ["mapi", "outlook_anywhere"])
def test_what_does_not_offer_negotiate(service: str) -> None:
    servers = [server("EX1", "2016"), server("EX2", "2016"), server("EX3", "2016")]
    parts = [
        ("virtual_directories", {**directory(each, service, "mail.b.c")[1], "negotiate": negotiate})
        for each, negotiate in zip(servers, (True, False, None), strict=True)
    ]
    assert found(estate(servers, parts)) == [("no_negotiate", ["EX2"])]


def test_what_is_published_and_not_planned_is_said() -> None:
    others = [server("EX07", "2007"), {**server("EX99"), "generation": None}]
    parts = [*(directory(each, "ews", "mail.b.c") for each in others), directory(server("GONE"), "ews", "mail.b.c")]
    assert found(healthy(*parts, servers=CAS[:3])) == [("unknown_server", [name]) for name in ("EX07", "EX99", "GONE")]
    exchange = healthy(directory(server("GONE"), "ews", "mail.b.c"), servers=[*CAS[:3], *others])
    assert found(exchange) == [
        ("unknown_server", ["GONE"]),
        ("unplanned_server", ["EX07"]),
        ("unplanned_server", ["EX99"]),
    ]


def test_what_was_not_read_is_said() -> None:
    exchange = {
        **healthy(),
        "virtual_directories": None,
        "unknown": [{"what": "server MBX9", "why": "it is not there"}],
    }
    assert found(exchange) == [("not_given", ["virtual_directories"]), ("unknown", ["server MBX9"])]
    assert (
        "server MBX9 could not be read: it is not there; names may be missing" in plan(exchange)["findings"][1]["text"]
    )


def hidden(exchange: Row) -> list[str]:
    """The kinds of findings for which names may be missing from the plan."""
    return [each["kind"] for each in plan(exchange)["findings"] if each["hides_names"]]


@pytest.mark.parametrize(
    ("exchange", "kind"),
    [
        (healthy() | {"virtual_directories": None}, "not_given"),
        (healthy() | {"unknown": [{"what": "server MBX9", "why": "it is not there"}]}, "unknown"),
        (healthy(directory(server("GONE"), "ews", "gone.b.c")), "unknown_server"),
        (healthy(directory(CAS[4], "ews", "seven.b.c"), servers=[*CAS[:3], {**CAS[4], "generation": "2007"}]),
         "unplanned_server"),
        (healthy(("virtual_directories", {"server": "CAS1", "service": "owa", "internal_url": "https://m .b.c/"})),
         "invalid_name"),
        (healthy(array("Outlook9", "m .b.c")), "invalid_name"),
    ],
)  # fmt: skip
def test_what_hides_names_is_marked(exchange: Row, kind: str) -> None:
    assert kind in hidden(exchange)


def test_what_is_wrong_and_hides_no_name_is_not_marked() -> None:
    exchange = healthy(
        *(point(each, "autod.b.c") for each in CAS[:2]),
        point(CAS[2], "old.b.c"),
        database("DB1", "cas1.corp.example.com"),
        array("Outlook2", "mail.b.c", "Berlin"),
    )
    assert (len(found(exchange)), hidden(exchange)) == (4, [])


def test_a_server_that_is_gone_and_left_an_object_without_a_url_publishes_nothing() -> None:
    row = {"server": "GONE", "service": "ews", "internal_url": None, "external_url": None}
    assert found(healthy(("virtual_directories", row))) == []


def test_an_autodiscover_uri_that_was_taken_away_is_said_and_hides_nothing() -> None:
    """As in a hybrid organization whose mailboxes are all elsewhere."""
    emptied = [
        ("autodiscover", {"server": each["name"], "name": each["name"], "kind": "url", "url": None, "host": None})
        for each in CAS[:2]
    ]
    finding = only(healthy(*emptied, point(CAS[2], "autod.b.c")))
    assert (finding["kind"], finding["about"]) == ("no_autodiscover_uri", ["CAS1", "CAS2"])
    assert finding["hides_names"] is False
    assert finding["text"].startswith("The service connection points of CAS1 and CAS2 name no URL")
    assert "AutoDiscoverServiceInternalUri" in finding["remedy"]


def test_what_is_to_be_left_out_and_is_nowhere_is_said() -> None:
    overrides = ["mail.b.c", "exchangeAB/outlook1.b.c", "nail.b.c", "exchangeAB/mail.b.c"]
    assert found(healthy(), leave_out=overrides) == [
        ("leave_out_without_name", ["exchangeAB/mail.b.c"]),
        ("leave_out_without_name", ["nail.b.c"]),
    ]


def test_a_name_that_is_left_out_for_another_reason_too_is_no_mistake() -> None:
    external = ("virtual_directories", {"server": "CAS1", "service": "owa", "external_url": "https://mail.example.com"})
    exchange = healthy(external, directory(CAS[0], "activesync", "phone.b.c"))
    assert found(exchange, leave_out=["mail.example.com", "phone.b.c", "cas1.corp.example.com"]) == [
        ("leave_out_without_name", ["cas1.corp.example.com"])
    ]


def test_a_wish_for_a_generation_that_is_not_there() -> None:
    assert found(healthy(), extra={"2013": ["http/new.b.c"]}) == [("extra_without_servers", ["http/new.b.c"])]
