# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about the names that an Exchange organization publishes."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._exchange.published_names import Server
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
    """The only finding."""
    (finding,) = plan(exchange)["findings"]
    return t.cast("Row", finding)


def healthy(*parts: Part, servers: list[Row] = CAS[:3]) -> Row:
    """Servers with URLs and a CAS array, and additional parts."""
    return estate(servers, [ARRAY, *(directory(each, "ews", "mail.b.c") for each in servers), *parts])


def planned(exchange: Row) -> set[str]:
    return {each["name"] for generation in plan(exchange)["generations"] for each in generation["principal_names"]}


def database(name: str, endpoint: str | None, server_name: str = "CAS1", **more: t.Any) -> Part:
    copies = [{"server": "CAS12", "activation_preference": 2}, {"server": server_name, "activation_preference": 1}]
    row = {"name": name, "generation": "2010", "rpc_client_access_server": endpoint, "copies": copies, "master": "DAG1"}
    return "databases", {**row, **more}


def test_a_healthy_organization_has_no_findings() -> None:
    points = [point(each, "autod.b.c") for each in CAS[:3]]
    assert found(healthy(*points, database("DB1", "Outlook1.b.c"))) == []


@pytest.mark.parametrize(
    ("host", "note"),
    [
        ("cas12.corp.example.com", " (its own name)"),
        ("cas3.corp.example.com", " (the name of CAS3)"),
        ("old.b.c", ""),
    ],
)
def test_a_stale_autodiscover_uri_is_found_and_does_not_change_the_plan(host: str, note: str) -> None:
    peers = [point(each, "autod.b.c") for each in CAS[:11]]
    exchange = healthy(*peers, point(CAS[11], host), servers=CAS)
    finding = only(exchange)
    assert (finding["kind"], finding["about"]) == ("stale_autodiscover", ["CAS12"])
    assert (
        f"of CAS12 contains {host}{note}. The other servers for clients in Hamburg have autod.b.c," in finding["text"]
    )
    assert finding["remedy"] == (
        "Run Set-ClientAccessServer -Identity 'CAS12' -AutoDiscoverServiceInternalUri "
        "https://autod.b.c/autodiscover/autodiscover.xml"
    )
    assert {"http/autod.b.c", "http/mail.b.c"} <= planned(exchange)
    assert ("http/old.b.c" in planned(exchange)) == (host == "old.b.c")
    assert "http/cas12.corp.example.com" not in planned(exchange)


def test_each_site_may_have_its_own_name() -> None:
    servers = [*CAS[:2], server("CAS7", site="Berlin")]
    points = [point(CAS[0], "a.b.c"), point(CAS[1], "a.b.c"), point(servers[2], "other.b.c")]
    assert found(healthy(*points, array("Outlook2", "outlook2.b.c", "Berlin"), servers=servers)) == []


def test_the_cmdlet_has_a_different_name_since_2016() -> None:
    servers = [server(f"EX{number}", "2019") for number in (1, 2, 3)]
    points = [point(each, "autod.b.c") for each in servers[:2]]
    exchange = estate(
        servers, [*(directory(each, "ews", "mail.b.c") for each in servers), *points, point(servers[2], "x.b")]
    )
    assert only(exchange)["remedy"].startswith("Run Set-ClientAccessService -Identity 'EX3' ")


def test_several_names_in_a_site_are_one_finding() -> None:
    points = [point(each, "a.b.c") for each in CAS[:3]] + [point(each, "b.b.c") for each in CAS[3:6]]
    exchange = healthy(*points, servers=CAS[:6])
    assert found(exchange) == [("mixed_autodiscover", ["CAS1", "CAS2", "CAS3", "CAS4", "CAS5", "CAS6"])]
    assert "a.b.c at CAS1 to CAS3 and b.b.c at CAS4 to CAS6" in only(exchange)["text"]
    assert {"http/a.b.c", "http/b.b.c"} <= planned(exchange)


def test_servers_that_all_publish_their_own_name_are_one_finding() -> None:
    points = [point(each, each["fqdn"]) for each in CAS[:3]]
    assert found(healthy(*points)) == [("autodiscover_not_balanced", ["CAS1", "CAS2", "CAS3"])]


def test_a_single_server_may_publish_its_own_name() -> None:
    assert found(healthy(point(CAS[0], CAS[0]["fqdn"]), servers=CAS[:1])) == []


@pytest.mark.parametrize(
    ("endpoint", "kind", "what"),
    [
        ("cas3.corp.example.com", "database_of_single_server", "the single server CAS3; the site"),
        ("outlook2.b.c", "database_of_other_site", "the CAS array outlook2.b.c of site Berlin; the site"),
        ("gone.b.c", "database_of_unknown_name", "gone.b.c, which is not a CAS array or a server"),
    ],
)
def test_a_database_with_a_wrong_rpc_endpoint_is_found(endpoint: str, kind: str, what: str) -> None:
    databases = [database(name, endpoint) for name in ("DB10", "DB9", "DB8")]
    exchange = healthy(
        array("Outlook2", "outlook2.b.c", "Berlin"), *databases, servers=[*CAS[:3], server("B1", site="Berlin")]
    )
    finding = only(exchange)
    assert (finding["kind"], finding["about"]) == (kind, ["DB8", "DB9", "DB10"])
    assert f"Outlook connects to DB8 to DB10 through {what}" in finding["text"]
    assert finding["remedy"] == (
        "Run 'DB8', 'DB9', 'DB10' | ForEach-Object { Set-MailboxDatabase -Identity $_ "
        "-RpcClientAccessServer outlook1.b.c }"
    )


def test_a_database_in_a_site_without_an_array_uses_that_of_another_site() -> None:
    bare = server("B1", site="Berlin")
    exchange = healthy(database("DB1", "outlook1.b.c", "B1"), servers=[*CAS[:3], bare])
    assert found(exchange) == [("no_array", ["B1"]), ("database_of_other_site", ["DB1"])]


def test_two_sites_may_share_one_name() -> None:
    servers = [*CAS[:3], server("B1", site="Berlin")]
    twice = [
        array("Outlook2", "outlook1.b.c", "Berlin"),
        database("DB1", "outlook1.b.c"),
        database("DB2", "outlook1.b.c", "B1"),
    ]
    assert found(healthy(*twice, servers=servers)) == []


def test_the_site_of_a_database_is_that_of_its_preferred_copy() -> None:
    """The order of the copies is ignored. Copies without a preference are last."""
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


def test_objects_without_a_site_are_not_compared() -> None:
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
def test_databases_without_an_rpc_endpoint_are_ignored(more: Row) -> None:
    assert found(healthy(database("DB1", "gone.b.c", **more))) == []


def test_an_apostrophe_in_a_database_name_is_quoted() -> None:
    assert "-Identity 'Bob''s DB' " in only(healthy(database("Bob's DB", "gone.b.c")))["remedy"]


def test_findings_about_arrays() -> None:
    bare = server("CAS7", site="Berlin")
    assert found(healthy(servers=[*CAS[:2], bare])) == [("no_array", ["CAS7"])]
    assert found(healthy(array("Outlook9", "outlook9.b.c", "Munich"))) == [("array_without_servers", ["Outlook9"])]
    assert found(healthy(array("Outlook9", "mail.b.c"))) == [("shared_name", ["Outlook9"])]
    assert found(healthy(array("Outlook9", "cas1.corp.example.com"))) == [("array_named_after_server", ["Outlook9"])]
    assert found(healthy(array("Outlook9", "10.0.0.1"))) == [("invalid_name", ["Outlook9"])]
    assert found(healthy(servers=[server("EX1", "2016")])) == [("unused_array", ["Outlook1"])]


def test_servers_with_the_same_wrong_url_are_one_finding() -> None:
    plain = [("virtual_directories", {"server": each["name"], "service": "oab", "internal_url": "http://mail.b.c/OAB"})
             for each in CAS[:3]]  # fmt: skip
    finding = only(healthy(*plain))
    assert (finding["kind"], finding["about"]) == ("plain_http", ["CAS1", "CAS2", "CAS3"])
    assert finding["text"].startswith(
        "http://mail.b.c/OAB, the internal URL of OAB of CAS1 to CAS3, starts with http://"
    )
    assert "Set-OabVirtualDirectory -InternalUrl https://mail.b.c/OAB }" in finding["remedy"]
    assert found(healthy(directory(CAS[0], "owa", "10.0.0.1"))) == [("invalid_name", ["CAS1"])]


def test_the_host_name_of_outlook_anywhere_is_set_with_require_ssl() -> None:
    """Exchange refuses InternalHostname without InternalClientsRequireSsl."""
    wrong = directory(server("EX1", "2016"), "outlook_anywhere", "10.0.0.1")
    assert only(estate([server("EX1", "2016")], [wrong]))["remedy"] == (
        "Run Get-OutlookAnywhere -Server 'EX1' | "
        "Set-OutlookAnywhere -InternalHostname <load-balanced name> -InternalClientsRequireSsl $true"
    )


def test_powershell_may_use_http() -> None:
    row = {"server": "CAS1", "service": "powershell", "internal_url": "http://cas1.corp.example.com/powershell"}
    assert found(healthy(("virtual_directories", row))) == []


def test_servers_without_urls_are_found() -> None:
    exchange = estate(CAS[:3], [ARRAY, *WEB[:1]])
    assert found(exchange) == [("no_url", ["CAS2", "CAS3"])]


@pytest.mark.parametrize("service", ["mapi", "outlook_anywhere"])
def test_a_service_without_negotiate_is_found(service: str) -> None:
    servers = [server("EX1", "2016"), server("EX2", "2016"), server("EX3", "2016")]
    parts = [
        ("virtual_directories", {**directory(each, service, "mail.b.c")[1], "negotiate": negotiate})
        for each, negotiate in zip(servers, (True, False, None), strict=True)
    ]
    assert found(estate(servers, parts)) == [("no_negotiate", ["EX2"])]


def test_servers_whose_names_are_not_planned_are_found() -> None:
    others = [server("EX07", "2007"), {**server("EX99"), "generation": None}]
    parts = [*(directory(each, "ews", "mail.b.c") for each in others), directory(server("GONE"), "ews", "mail.b.c")]
    assert found(healthy(*parts, servers=CAS[:3])) == [("unknown_server", [name]) for name in ("EX07", "EX99", "GONE")]
    exchange = healthy(directory(server("GONE"), "ews", "mail.b.c"), servers=[*CAS[:3], *others])
    assert found(exchange) == [
        ("unknown_server", ["GONE"]),
        ("unplanned_server", ["EX07"]),
        ("unplanned_server", ["EX99"]),
    ]


def test_unread_parts_are_found() -> None:
    exchange = {
        **healthy(),
        "virtual_directories": None,
        "unknown": [{"what": "server MBX9", "why": "it is not there"}],
    }
    assert found(exchange) == [("not_given", ["virtual_directories"]), ("unknown", ["server MBX9"])]
    assert (
        "server MBX9 could not be read: it is not there. Names may be missing" in plan(exchange)["findings"][1]["text"]
    )


def hidden(exchange: Row) -> list[str]:
    """The kinds of the findings with C(hides_names)."""
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
def test_a_finding_that_hides_names_is_marked(exchange: Row, kind: str) -> None:
    assert kind in hidden(exchange)


def test_a_finding_that_hides_no_names_is_not_marked() -> None:
    exchange = healthy(
        *(point(each, "autod.b.c") for each in CAS[:2]),
        point(CAS[2], "old.b.c"),
        database("DB1", "cas1.corp.example.com"),
        array("Outlook2", "mail.b.c", "Berlin"),
    )
    assert (len(found(exchange)), hidden(exchange)) == (4, [])


def test_an_object_of_a_removed_server_without_a_url_is_ignored() -> None:
    row = {"server": "GONE", "service": "ews", "internal_url": None, "external_url": None}
    assert found(healthy(("virtual_directories", row))) == []


def test_a_missing_autodiscover_uri_is_found_and_hides_no_names() -> None:
    """This is usual in a hybrid organization with all mailboxes in the cloud."""
    emptied = [
        ("autodiscover", {"server": each["name"], "name": each["name"], "kind": "url", "url": None, "host": None})
        for each in CAS[:2]
    ]
    finding = only(healthy(*emptied, point(CAS[2], "autod.b.c")))
    assert (finding["kind"], finding["about"]) == ("no_autodiscover_uri", ["CAS1", "CAS2"])
    assert finding["hides_names"] is False
    assert finding["text"].startswith("The service connection points of CAS1 and CAS2 have no URL")
    assert "AutoDiscoverServiceInternalUri" in finding["remedy"]


def test_an_unused_leave_out_is_found() -> None:
    overrides = ["mail.b.c", "exchangeAB/outlook1.b.c", "nail.b.c", "exchangeAB/mail.b.c"]
    assert found(healthy(), leave_out=overrides) == [
        ("leave_out_without_name", ["exchangeAB/mail.b.c"]),
        ("leave_out_without_name", ["nail.b.c"]),
    ]


def test_a_leave_out_that_matches_any_published_name_is_used() -> None:
    external = ("virtual_directories", {"server": "CAS1", "service": "owa", "external_url": "https://mail.example.com"})
    exchange = healthy(external, directory(CAS[0], "activesync", "phone.b.c"))
    assert found(exchange, leave_out=["mail.example.com", "phone.b.c", "cas1.corp.example.com"]) == [
        ("leave_out_without_name", ["cas1.corp.example.com"])
    ]


def test_an_extra_name_for_a_missing_generation_is_found() -> None:
    assert found(healthy(), extra={"2013": ["http/new.b.c"]}) == [("extra_without_servers", ["http/new.b.c"])]


def scoped(of: Row, host: str, *sites: str) -> Part:
    """A service connection point with a site scope."""
    part, row = point(of, host)
    return part, row | {"sites": list(sites)}


NEW = [server(f"EX{number}", "2016") for number in (1, 2)]


def autodiscover_findings(*points: Part) -> list[tuple[str, list[str]]]:
    parts = [directory(each, "mapi", "mail.b.c") for each in NEW]
    return [each for each in found(estate(NEW, [*parts, *points])) if "autodiscover" in each[0]]


def test_service_connection_points_are_compared_by_their_scope() -> None:
    """The two servers are in the same site. Their clients are not, or are in two other sites."""
    apart = autodiscover_findings(scoped(NEW[0], "hq.b.c", "HQ"), scoped(NEW[1], "branch.b.c", "Branch"))
    assert apart == []
    both = ("DR", "HQ")
    together = autodiscover_findings(scoped(NEW[0], "hq.b.c", *both), scoped(NEW[1], "branch.b.c", *both))
    assert together == [("mixed_autodiscover", ["EX1", "EX2"])]
    everywhere = autodiscover_findings(scoped(NEW[0], "hq.b.c"), scoped(NEW[1], "branch.b.c"))
    assert everywhere == [("mixed_autodiscover", ["EX1", "EX2"])]


@pytest.mark.parametrize("service", ["ews", "oab", "mapi", "outlook_anywhere"])
def test_a_server_name_in_a_url_that_should_be_load_balanced_is_found(service: str) -> None:
    own = [directory(NEW[0], service, "ex1.corp.example.com"), directory(NEW[1], service, "mail.b.c")]
    points = [point(each, "mail.b.c") for each in NEW]
    finding = only(estate(NEW, [*own, *points]))
    assert (finding["kind"], finding["about"]) == ("own_name_url", ["EX1"])
    assert "contains ex1.corp.example.com, which is a server and not a load-balanced name" in finding["text"]
    assert "'EX1'" in finding["remedy"]
    assert "EX2" not in finding["remedy"]
    assert found(estate(NEW[:1], [*own[:1], *points[:1]])) == []


def test_a_cas_array_without_exchange_2010_is_left_over() -> None:
    parts = [array("Outlook1", "outlook1.b.c"), *(directory(each, "mapi", "mail.b.c") for each in NEW)]
    finding = only(estate(NEW, [*parts, *(point(each, "mail.b.c") for each in NEW)]))
    assert (finding["kind"], finding["about"]) == ("unused_array", ["Outlook1"])
    assert "Run " not in finding["remedy"]  # no later generation has the cmdlet


@pytest.mark.parametrize(
    ("fqdn", "host", "expected"),
    [
        ("cas1.corp.test", "cas1.corp.test", True),
        ("CAS1.Corp.Test", "cas1.corp.test", True),
        ("cas1.corp.test", "cas1", True),
        ("cas1.corp.test", "cas1.other.test", False),
        ("", "cas1", True),
        ("", "cas1.other.test", True),
        ("", "cas10.other.test", False),
        ("", "mail.cas1", False),
    ],
)
def test_the_own_name_of_a_server(fqdn: str, host: str, expected: bool) -> None:
    assert Server(name="CAS1", fqdn=fqdn).has_name(host) is expected
