# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that are planned or left out, with reasons."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._exchange.spn_plan import plan
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._exchange.exchange_estate import (
    Row,
    array,
    directory,
    estate,
    point,
    resolved,
    server,
)

if t.TYPE_CHECKING:
    import random

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

OWN_NAME = "the server's own name, not load balanced; its computer account has the SPN"
EXTERNAL_AUTODISCOVER = "external Autodiscover only: internal clients use the service connection point"
WEB = ("owa", "ecp", "ews", "oab")


def names(exchange: Row, generation: str = "2010", **overrides: t.Any) -> dict[str, list[str]]:
    found = {each["generation"]: each for each in plan(exchange, **overrides)["generations"]}
    return {each["name"]: each["reasons"] for each in found.get(generation, {}).get("principal_names", [])}


def left_out(exchange: Row, generation: str = "2010", **overrides: t.Any) -> dict[str, str]:
    found = {each["generation"]: each for each in plan(exchange, **overrides)["generations"]}
    return {each["name"]: each["reason"] for each in found[generation]["left_out"]}


def published(service: str, name: str, generation: str = "2010", count: int = 2) -> Row:
    """Servers with one internal URL for one service."""
    servers = [server(f"EX{number}", generation) for number in range(1, count + 1)]
    return estate(servers, [directory(each, service, name) for each in servers])


@pytest.mark.parametrize("service", WEB)
@pytest.mark.parametrize("generation", ["2010", "2013", "2016", "2019", "SE"])
def test_web_services_need_http(service: str, generation: str) -> None:
    family = "2010" if generation == "2010" else "2013"
    found = names(published(service, "Mail.Corp.Example.Com", generation), family)
    assert found == {"http/mail.corp.example.com": [f"internal URL of {service.upper()} of EX1 and EX2"]}


@pytest.mark.parametrize(
    ("service", "reason"),
    [("mapi", "internal URL of MAPI"), ("outlook_anywhere", "internal host name of Outlook Anywhere")],
)
def test_mapi_and_outlook_anywhere_need_http_since_2013(service: str, reason: str) -> None:
    exchange = published(service, "mail.corp.example.com", "2019")
    assert names(exchange, "2013") == {"http/mail.corp.example.com": [f"{reason} of EX1 and EX2"]}


def test_outlook_anywhere_may_have_a_host_name_without_a_url() -> None:
    exchange = published("outlook_anywhere", "mail.corp.example.com", "2016")
    for row in exchange["virtual_directories"]:
        row["internal_url"] = "mail.corp.example.com"
    assert list(names(exchange, "2013")) == ["http/mail.corp.example.com"]


@pytest.mark.parametrize(
    ("service", "title"),
    [
        ("activesync", "ActiveSync"),
        ("powershell", "PowerShell"),
        ("outlook_anywhere", "Outlook Anywhere"),
        ("autodiscover", "the Autodiscover virtual directory"),
    ],
)
def test_other_services_need_no_name(service: str, title: str) -> None:
    exchange = published(service, "mail.corp.example.com")
    assert names(exchange) == {}
    assert left_out(exchange) == {"mail.corp.example.com": f"internal URL of {title} only"}


def test_the_internal_autodiscover_name_needs_http() -> None:
    cas = [server("CAS1"), server("CAS2"), server("CAS3")]
    exchange = estate(cas, [point(each, "autod.corp.example.com") for each in cas], domains=["example.com"])
    assert names(exchange) == {"http/autod.corp.example.com": ["internal Autodiscover URI of CAS1 to CAS3"]}
    assert left_out(exchange) == {"autodiscover.example.com": EXTERNAL_AUTODISCOVER}


def test_the_external_autodiscover_name_needs_http_if_it_is_also_internal() -> None:
    exchange = estate([server("CAS1")], [point(server("CAS1"), "autodiscover.example.com")], domains=["example.com"])
    assert list(names(exchange)) == ["http/autodiscover.example.com"]
    assert left_out(exchange) == {}


def test_a_pointer_to_another_forest_needs_no_name() -> None:
    pointer = {"server": None, "name": "other", "kind": "pointer", "url": "LDAP://dc.other.example", "host": None}
    exchange = estate([server("CAS1")], [("autodiscover", pointer)])
    assert (names(exchange), left_out(exchange)) == ({}, {})
    assert [each["kind"] for each in plan(exchange)["findings"]] == ["no_url", "no_array"]


def test_an_array_needs_only_the_names_for_rpc() -> None:
    exchange = estate([server("CAS1")], [array("Outlook1", "Outlook1.corp.example.com")])
    assert names(exchange) == {
        f"{service_class}/outlook1.corp.example.com": ["CAS array Outlook1 of site Hamburg"]
        for service_class in ("exchangeMDB", "exchangeRFR", "exchangeAB")
    }


def test_an_array_needs_names_even_without_servers_in_its_site() -> None:
    exchange = estate([server("CAS1")], [array("Outlook2", "outlook2.corp.example.com", site="Berlin")])
    assert len(names(exchange)) == 3


def test_an_array_is_ignored_without_exchange_2010() -> None:
    exchange = estate([server("EX1", "2016")], [array("Outlook1", "outlook1.corp.example.com")])
    assert names(exchange, "2013") == {}
    assert [each["generation"] for each in plan(exchange)["generations"]] == ["2013"]


def test_an_array_that_shares_its_name_with_the_web_needs_both() -> None:
    exchange = estate(
        [server("CAS1")],
        [array("Outlook1", "mail.corp.example.com"), directory(server("CAS1"), "ews", "mail.corp.example.com")],
    )
    assert [name.partition("/")[0] for name in names(exchange)] == ["http", "exchangeMDB", "exchangeRFR", "exchangeAB"]


@pytest.mark.parametrize("own", ["cas2.corp.example.com", "CAS2.Corp.Example.Com", "cas2"])
def test_a_servers_own_name_is_left_out(own: str) -> None:
    """Also if another server publishes the name, or if an array has it."""
    exchange = estate(
        [server("CAS1"), server("CAS2")],
        [point(server("CAS1"), own), directory(server("CAS2"), "ews", own), array("Outlook1", own)],
    )
    assert names(exchange) == {}
    assert left_out(exchange) == {own.lower(): OWN_NAME}


def test_the_host_name_of_a_server_in_another_domain_is_not_its_own() -> None:
    """The server MAIL does not own mail.example.com."""
    exchange = estate([server("MAIL")], [directory(server("MAIL"), "ews", "mail.example.com")])
    assert list(names(exchange)) == ["http/mail.example.com"]


def test_without_an_fqdn_the_first_label_is_compared() -> None:
    nameless = {**server("CAS1"), "fqdn": None}
    exchange = estate([nameless], [point(nameless, "cas1.corp.example.com"), directory(nameless, "ews", "mail.b.c")])
    assert list(names(exchange)) == ["http/mail.b.c"]


def test_external_names_are_left_out() -> None:
    cas = [server("CAS1"), server("CAS2")]
    parts = [
        ("virtual_directories", {**directory(each, service, "mail.corp.example.com")[1], "external_url": external})
        for each in cas
        for service, external in (("owa", "https://mail.example.com/owa"), ("ews", "https://Mail.Example.com/ews"))
    ]
    exchange = estate(cas, parts)
    assert list(names(exchange)) == ["http/mail.corp.example.com"]
    assert left_out(exchange) == {"mail.example.com": "external only: external URL of OWA and EWS of CAS1 and CAS2"}


def test_a_name_that_is_external_and_internal_is_needed() -> None:
    row = {**directory(server("CAS1"), "ews", "mail.example.com")[1], "external_url": "https://mail.example.com/ews"}
    exchange = estate([server("CAS1")], [("virtual_directories", row)])
    assert (list(names(exchange)), left_out(exchange)) == (["http/mail.example.com"], {})


def test_the_reason_combines_services_of_the_same_servers() -> None:
    cas = [server(f"CAS{number}") for number in (1, 2, 3, 10, 11)]
    parts = [directory(each, service, "mail.b.c") for each in cas[::-1] for service in ("oab", "owa", "ecp")]
    parts += [directory(cas[0], "ews", "mail.b.c"), point(cas[4], "mail.b.c"), point(cas[0], "mail.b.c")]
    assert names(estate(cas, parts))["http/mail.b.c"] == [
        "internal URL of OWA, ECP and OAB of CAS1 to CAS3, CAS10 and CAS11",
        "internal URL of EWS of CAS1",
        "internal Autodiscover URI of CAS1 and CAS11",
    ]


def coexistence() -> Row:
    old, new = server("CAS1"), server("EX1", "2016")
    return estate(
        [old, new, server("EX2", "2019")],
        [
            directory(old, "ews", "mail.b.c"),
            directory(old, "owa", "legacy.b.c"),
            directory(new, "ews", "mail.b.c"),
            directory(new, "mapi", "mapi.b.c"),
            directory(server("EX2", "2019"), "mapi", "mapi.b.c"),
        ],
    )


SERVERS = [resolved("cas1.corp.example.com", "10.0.0.1"), resolved("EX1.corp.example.com.", "10.0.0.2"),
           resolved("ex2.corp.example.com", "10.0.0.3")]  # fmt: skip
TO_OLD, TO_NEW = [resolved("mail.b.c", "10.0.0.1"), *SERVERS], [resolved("mail.b.c", "10.0.0.2", "10.0.0.3"), *SERVERS]


def test_a_shared_name_that_leads_to_the_newer_servers_is_on_their_account() -> None:
    assert list(names(coexistence(), "2013", dns=TO_NEW)) == ["http/mail.b.c", "http/mapi.b.c"]
    assert list(names(coexistence(), "2010", dns=TO_NEW)) == ["http/legacy.b.c"]
    assert left_out(coexistence(), dns=TO_NEW) == {
        "mail.b.c": "on the account of Exchange 2016 and 2019: the name leads to EX1 and EX2"
    }
    assert list(names(coexistence(), generations=["2010"], dns=TO_NEW)) == ["http/legacy.b.c"]


def test_a_shared_name_that_leads_to_the_older_servers_stays_until_the_record_is_changed() -> None:
    found = plan(coexistence(), dns=TO_OLD)
    assert list(names(coexistence(), "2010", dns=TO_OLD)) == ["http/legacy.b.c", "http/mail.b.c"]
    assert list(names(coexistence(), "2013", dns=TO_OLD)) == ["http/mapi.b.c"]
    (finding,) = (each for each in found["findings"] if each["kind"] == "move_with_the_record")
    assert finding["about"] == ["http/mail.b.c"]
    assert "leads to CAS1 of Exchange 2010. So http/mail.b.c stays on the account of Exchange 2010" in finding["text"]
    assert "in the same hour in which you change the DNS record of mail.b.c" in finding["remedy"]


def test_a_name_of_the_newer_servers_alone_stays_where_it_leads() -> None:
    """The URLs of the older servers were changed already, and the record was not."""
    dns = [resolved("mapi.b.c", "10.0.0.1"), *TO_NEW]
    assert list(names(coexistence(), "2010", dns=dns)) == ["http/legacy.b.c", "http/mapi.b.c"]
    assert list(names(coexistence(), "2013", dns=dns)) == ["http/mail.b.c"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (None, "was not looked up in DNS"),
        (resolved("mail.b.c", "10.0.0.1", "10.0.0.2"), "leads to CAS1 and EX1, of different generations"),
        (resolved("mail.b.c", "10.9.9.9"), "leads to 10.9.9.9, which is not the address of an Exchange server in DNS"),
        (resolved("mail.b.c"), "has no address in DNS"),
        (resolved("mail.b.c", "10.0.0.2", unknown="DNS lost the AAAA records."), "could not be resolved: DNS lost"),
    ],
)
def test_a_shared_name_stays_where_it_is_if_it_is_not_known_where_it_leads(row: Row | None, why: str) -> None:
    dns = [*SERVERS, *([row] if row else [])]
    found = plan(coexistence(), dns=dns, accounts={"2010": {"spns": ["http/mail.b.c"]}, "2013": {"spns": []}})
    assert [each["name"] for each in found["undecided"]] == ["http/mail.b.c"]
    assert why in found["undecided"][0]["why"]
    assert [each["kind"] for each in found["findings"] if each["kind"] == "undecided_name"] == ["undecided_name"]
    assert {each["generation"]: (each["missing"], each["surplus"]) for each in found["generations"]} == {
        "2010": (["http/legacy.b.c"], []),
        "2013": (["http/mapi.b.c"], []),
    }
    told = names(coexistence(), "2013", dns=dns, extra={"2013": ["http/mail.b.c"]})
    assert "http/mail.b.c" in told
    assert "http/mail.b.c" not in names(coexistence(), "2010", dns=dns, extra={"2013": ["http/mail.b.c"]})


def test_a_name_is_not_moved_from_the_other_account_before_it_is_known_where_it_leads() -> None:
    accounts = {"2010": {"spns": ["http/mapi.b.c"]}, "2013": {"spns": []}}
    assert list(names(coexistence(), "2013", dns=TO_NEW, accounts=accounts)) == ["http/mail.b.c"]
    lead = [resolved("mapi.b.c", "10.0.0.3"), *TO_NEW]
    assert list(names(coexistence(), "2013", dns=lead, accounts=accounts)) == ["http/mail.b.c", "http/mapi.b.c"]


def test_the_addresses_of_servers_are_needed_for_two_generations() -> None:
    assert plan(published("ews", "mail.b.c"))["hosts_to_resolve"] == ["mail.b.c"]
    assert plan(coexistence())["hosts_to_resolve"] == [
        "cas1.corp.example.com", "ex1.corp.example.com", "ex2.corp.example.com", "legacy.b.c", "mail.b.c", "mapi.b.c",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("localhost", "is the name of each machine for itself"),
        ("localhost.localdomain", "is the name of each machine for itself"),
        ("autodiscover-s.outlook.com", "is a name of Microsoft 365"),
        ("outlook.office365.com", "is a name of Microsoft 365"),
        ("office.com", "is a name of Microsoft 365"),
        ("tenant.mail.onmicrosoft.com", "is a name of Microsoft 365"),
        ("outlook.office365.us", "is a name of Microsoft 365"),
        ("partner.outlook.cn", "is a name of Microsoft 365"),
        ("outlook.office.de.outlook.de", "is a name of Microsoft 365"),
        (
            "mail.other.test",
            "is not below a domain of the organization (corp.example.com, example.com and forest.test)",
        ),
    ],
)
def test_a_name_that_leads_off_the_organization_is_left_out(host: str, why: str) -> None:
    exchange = estate([server("CAS1")], [directory(server("CAS1"), "ews", host)], domains=["example.com"])
    exchange["organization"] = {"name": "Example", "forest": "forest.test"}
    assert names(exchange) == {}
    assert left_out(exchange)[host] == f"leads off the organization: it {why}"
    (finding,) = (each for each in plan(exchange)["findings"] if each["kind"] == "outside_organization")
    assert (finding["about"], finding["hides_names"]) == ([host], host == "mail.other.test")
    assert list(names(exchange, extra={"2010": [f"http/{host}"]})) == [f"http/{host}"]


@pytest.mark.parametrize("host", ["mail.example.com", "mail.corp.example.com", "mail.forest.test", "mail"])
def test_a_name_below_a_domain_of_the_organization_is_planned(host: str) -> None:
    exchange = estate([server("CAS1")], [directory(server("CAS1"), "ews", host)], domains=["*.example.com"])
    exchange["organization"] = {"name": "Example", "forest": "forest.test"}
    assert list(names(exchange)) == [f"http/{host}"]


def test_an_alias_of_a_name_outside_the_organization_is_left_out() -> None:
    exchange = published("ews", "mail.b.c")
    dns = [resolved("mail.b.c", "52.96.0.1", aliases=["autodiscover.outlook.com"])]
    assert names(exchange, dns=dns) == {}
    assert (
        "it is an alias of autodiscover.outlook.com, which is a name of Microsoft 365"
        in left_out(exchange, dns=dns)["mail.b.c"]
    )


def missing_and_surplus(
    exchange: Row, accounts: t.Mapping[t.Any, t.Sequence[str]], **overrides: t.Any
) -> dict[str, t.Any]:
    """The missing and the surplus names of each account."""
    accounts_by_generation = {
        generation: {"dn": f"CN=ASA{generation}", "spns": spns} for generation, spns in accounts.items()
    }
    found = plan(exchange, accounts=accounts_by_generation, **{"dns": TO_NEW, **overrides})["generations"]
    return {each["generation"]: (each["missing"], each["surplus"]) for each in found}


def test_missing_and_surplus_names() -> None:
    windows = ["HOST/asa", "Hyper-V Replica Service/asa"]
    accounts = {"2010": ["HTTP/Legacy.b.c", "http/old.b.c", *windows], "2013": ["http/mapi.b.c"]}
    assert missing_and_surplus(coexistence(), accounts) == {
        "2010": ([], ["http/old.b.c"]),
        "2013": (["http/mail.b.c"], []),
    }


@pytest.mark.parametrize("new", [None, [], ["http/mail.b.c", "http/mapi.b.c"]], ids=["none", "bare", "complete"])
def test_a_name_of_another_generation_is_not_surplus(new: list[str] | None) -> None:
    """This is true with and without an account of that generation."""
    names_of_both = ["http/legacy.b.c", "HTTP/mail.b.c", "host/MAPI.b.c"]
    accounts = {"2010": names_of_both} if new is None else {"2010": names_of_both, "2013": new}
    assert missing_and_surplus(coexistence(), accounts)["2010"] == ([], [])
    back = missing_and_surplus(
        coexistence(), {"2013": ["http/legacy.b.c", "host/legacy.b.c", "http/mail.b.c", "http/mapi.b.c"]}
    )
    assert back["2013"] == ([], [])


def test_only_names_of_a_planned_service_class_are_surplus() -> None:
    assert missing_and_surplus(coexistence(), {"2010": ["host/legacy.b.c"]})["2010"] == (["http/legacy.b.c"], [])
    extra = {"2010": ["host/legacy.b.c"]}
    found = missing_and_surplus(coexistence(), {"2010": ["host/legacy.b.c", "HOST/asa"]}, extra=extra)
    assert found["2010"] == (["http/legacy.b.c"], ["HOST/asa"])


def test_an_extra_name_is_not_surplus_without_a_server_of_its_generation() -> None:
    exchange = published("ews", "mail.b.c")
    assert missing_and_surplus(exchange, {"2010": ["http/new.b.c"]}, extra={"2013": ["http/new.b.c"]}) == {
        "2010": (["http/mail.b.c"], [])
    }


def test_all_names_are_missing_without_an_account() -> None:
    assert missing_and_surplus(coexistence(), {})["2013"] == (["http/mail.b.c", "http/mapi.b.c"], [])
    assert {
        each["generation"]: each["account"] for each in plan(coexistence(), accounts={}, dns=TO_NEW)["generations"]
    } == {
        "2010": None,
        "2013": None,
    }


def test_generations_of_accounts_may_be_numbers() -> None:
    """YAML reads keys without quotes as numbers."""
    assert missing_and_surplus(coexistence(), {2010: ["http/legacy.b.c"]})["2010"] == ([], [])


def test_the_servers_of_a_generation_need_the_credential() -> None:
    found = {each["generation"]: (each["title"], each["servers"]) for each in plan(coexistence())["generations"]}
    assert found == {"2010": ("Exchange 2010", ["CAS1"]), "2013": ("Exchange 2016 and 2019", ["EX1", "EX2"])}


def test_clients_use_servers_with_the_role_or_with_urls() -> None:
    only_mailbox = {**server("MBX1"), "roles": ["mailbox"]}
    two_roles = {**server("EX1", "2013"), "roles": ["mailbox"]}
    one_role = {**server("EX2", "2016"), "roles": ["mailbox"]}
    edge = {**server("EDGE1", "2016"), "roles": ["edge_transport"]}
    exchange = estate([server("CAS1"), only_mailbox, two_roles, one_role, edge], [])
    assert [each["servers"] for each in plan(exchange)["generations"]] == [["CAS1"], ["EX2"]]
    parts = [directory(two_roles, "ews", "mail.b.c"), directory(only_mailbox, "powershell", "mbx1.corp.example.com")]
    exchange = estate([only_mailbox, two_roles], parts)
    assert [each["servers"] for each in plan(exchange)["generations"]] == [["EX1"]]


def test_the_build_determines_an_unknown_generation() -> None:
    unknown = {**server("CAS1"), "generation": None, "build": "14.3.123.4"}
    assert list(names(estate([unknown], [directory(unknown, "ews", "mail.b.c")]))) == ["http/mail.b.c"]


def test_extra_names_are_added_with_a_reason() -> None:
    found = names(coexistence(), extra={"2010": ["HTTP/Legacy.b.c", "exchangeMDB/OUTLOOK1"]})
    assert found == {
        "http/legacy.b.c": ["internal URL of OWA of CAS1", "listed in extra"],
        "exchangeMDB/OUTLOOK1": ["listed in extra"],
    }


def test_an_extra_name_moves_to_the_older_account() -> None:
    overrides = {"extra": {"2010": ["http/mail.b.c"]}}
    assert "http/mail.b.c" in names(coexistence(), **overrides)
    assert "http/mail.b.c" not in names(coexistence(), "2013", **overrides)
    assert left_out(coexistence(), "2013", **overrides) == {"mail.b.c": "in extra for the account of Exchange 2010"}


def test_leave_out_accepts_hosts_and_single_names() -> None:
    exchange = estate(
        [server("CAS1")],
        [array("Outlook1", "outlook.b.c"), directory(server("CAS1"), "ews", "mail.b.c")],
    )
    overrides = {"leave_out": ["Mail.b.c", "exchangeab/OUTLOOK.b.c"]}
    assert list(names(exchange, **overrides)) == ["exchangeMDB/outlook.b.c", "exchangeRFR/outlook.b.c"]
    assert left_out(exchange, **overrides) == dict.fromkeys(
        ["exchangeAB/outlook.b.c", "mail.b.c"], "listed in leave_out"
    )


@pytest.mark.parametrize("written", ["mail.b.c.", "mail.b.c:443", "MAIL.B.C", "http/mail.b.c", "HTTP/Mail.b.c"])
def test_leave_out_ignores_case_port_and_trailing_dot(written: str) -> None:
    assert names(published("ews", "mail.b.c"), leave_out=[written]) == {}


def test_the_services_can_be_selected() -> None:
    exchange = published("activesync", "mail.b.c")
    assert list(names(exchange, services=["activesync"])) == ["http/mail.b.c"]
    assert names(published("owa", "mail.b.c"), services=["ews", "autodiscover"]) == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://mail.b.c:8443/EWS",
        "https://mail.b.c./EWS",
        "HTTPS://MAIL.B.C",
        "http://mail.b.c/EWS",
        "https://user@mail.b.c/EWS",
    ],
)
def test_the_host_of_a_url_is_planned(url: str) -> None:
    row = {"server": "CAS1", "service": "ews", "internal_url": url}
    assert list(names(estate([server("CAS1")], [("virtual_directories", row)]))) == ["http/mail.b.c"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://10.0.0.1/EWS", "is an IP address"),
        ("https://[fe80::1]/EWS", "is an IP address"),
        ("https://[fe80/EWS", "is not a valid URL"),
        ("https:///EWS", "has no valid host name"),
        ("https://mail_.b.1/EWS", "has no valid host name"),
        ("https://-mail.b.c/EWS", "has no valid host name"),
        ("https://m\N{ZERO WIDTH SPACE}ail.b.c/EWS", r"U\+200B"),
        ("https://*.b.c/EWS", "wildcard"),
        (f"https://{'a.' * 126}bc/EWS", "has no valid host name"),
        ("https://mail.b.c, https://x/EWS", "has no valid host name"),
    ],
)
def test_an_invalid_host_name_is_left_out(url: str, why: str) -> None:
    row = {"server": "CAS1", "service": "ews", "internal_url": url}
    exchange = estate([server("CAS1")], [("virtual_directories", row)])
    assert names(exchange) == {}
    (reason,) = left_out(exchange).values()
    with pytest.raises(ValueError, match=why):
        raise ValueError(reason)


def everything() -> Row:
    """Two generations in two sites with objects of every kind."""
    exchange = coexistence()
    more = estate(
        [server("CAS2", site="Berlin")],
        [
            point(server("CAS1"), "autod.b.c"),
            point(server("CAS2", site="Berlin"), "cas2.corp.example.com"),
            point(server("EX1", "2016"), "autod.b.c"),
            directory(server("CAS2"), "owa", "mail2.b.c"),
            array("Outlook1", "outlook1.b.c"),
            array("Outlook2", "mail2.b.c", site="Berlin"),
            ("databases", {"name": "DB1", "generation": "2010", "rpc_client_access_server": "outlook1.b.c",
                           "copies": [{"server": "CAS2", "activation_preference": 1}], "master": None}),
        ],
        domains=["b.c"],
    )  # fmt: skip
    return {part: [*exchange[part], *more[part]] for part in exchange}


@hypothesis.given(st.randoms(use_true_random=False))
def test_the_order_of_the_input_is_ignored(chance: random.Random) -> None:
    shuffled = {part: chance.sample(rows, len(rows)) for part, rows in everything().items()}
    assert json.dumps(plan(shuffled)) == json.dumps(plan(everything()))


@hypothesis.settings(deadline=None)  # a busy machine
@hypothesis.given(st.data())
def test_the_plan_works_with_missing_values(data: t.Any) -> None:
    """Missing values never add a name, put a name on two accounts, or raise an error."""
    all_names = {name for generation in ("2010", "2013") for name in names(everything(), generation)}
    all_names |= {each["name"] for each in plan(everything())["undecided"]}
    exchange = copy.deepcopy(everything())
    for rows in exchange.values():
        for row in rows:
            for key in sorted(row):
                if data.draw(st.sampled_from([False, False, False, True])):
                    row[key] = None
    part = data.draw(st.sampled_from(sorted(exchange)))
    exchange[part] = data.draw(st.sampled_from([None, [], exchange[part]]))
    found = [names(exchange, generation) for generation in ("2010", "2013")]
    assert not set(found[0]) & set(found[1])
    assert {*found[0], *found[1]} <= all_names


def test_the_reasons_name_each_setting_and_its_servers() -> None:
    servers = [server(f"CAS{number}", "2013") for number in (1, 2, 10)]
    parts = [directory(each, service, "mail.b.c") for each in servers for service in ("owa", "ews")]
    parts += [directory(servers[0], "oab", "mail.b.c"), *(point(each, "mail.b.c") for each in servers)]
    parts += [directory(each, "outlook_anywhere", "mail.b.c") for each in servers[:2]]
    (found,) = plan(estate(servers, parts, ["b.c"]))["generations"]
    assert (found["generation"], found["title"], found["servers"]) == (
        "2013", "Exchange 2013", ["CAS1", "CAS2", "CAS10"],
    )  # fmt: skip
    (name,) = (each for each in found["principal_names"] if each["name"] == "http/mail.b.c")
    assert name["reasons"] == [
        "internal URL of OWA and EWS of CAS1, CAS2 and CAS10",
        "internal URL of OAB of CAS1",
        "internal host name of Outlook Anywhere of CAS1 and CAS2",
        "internal Autodiscover URI of CAS1, CAS2 and CAS10",
    ]
