# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules about the forest with incomplete facts."""

from __future__ import annotations

import typing as t

import pytest
from audit_cases import Mapping, judged

NAME = "outlook.example.com"
LOST = f"DNS gave no answer about the AAAA records of {NAME}."
KNOWN = {"virtual_addresses": {NAME: ["10.1.0.10"]}}


def outcomes(name: str, case: Mapping) -> dict[str, str]:
    """The outcome by subject."""
    return {finding["subject"]: finding["outcome"] for finding in judged(name, case)}


def resolved(**changes: t.Any) -> Mapping:
    """The DNS result for the name of a CAS array."""
    found = {
        "name": NAME,
        "kind": "address",
        "addresses": ["10.1.0.10"],
        "aliases": [],
        "ttl": 300,
        "authoritative": True,
        "answers": [{"address": "10.1.0.10", "port": 443, "open": True, "why": None}],
        "unknown": None,
    }
    return found | changes


def arrays(*names: Mapping, **parameters: t.Any) -> Mapping:
    """A CAS array for each of the names, with parameters."""
    return {
        "exchange_info": {"client_access_arrays": [{"name": one["name"], "fqdn": one["name"]} for one in names]},
        "dns_name_info": {"names": list(names)},
        "parameters": parameters,
    }


DANGLING = resolved(kind="alias", aliases=["gone.example.com"], addresses=[], ttl=60, answers=[])


def test_an_alias_without_an_address_does_not_resolve() -> None:
    (found,) = judged("array-resolves", arrays(DANGLING))
    assert found["outcome"] == "fail"
    assert "an alias of gone.example.com, which has no address" in found["text"]


def test_an_alias_whose_target_is_unknown_is_unknown() -> None:
    loose = DANGLING | {"unknown": "The DNS server did not return whether that has addresses."}
    for rule in ("array-resolves", "array-known-address", "array-answers", "array-ttl"):
        assert outcomes(rule, arrays(loose, **(KNOWN if rule == "array-known-address" else {}))) == {NAME: "unknown"}


def test_an_alias_with_addresses_resolves() -> None:
    alias = resolved(kind="alias", aliases=["lb1.example.com"])
    assert outcomes("array-resolves", arrays(alias)) == {NAME: "pass"}


@pytest.mark.parametrize("rule", ["array-known-address", "array-answers", "array-ttl"])
def test_other_rules_do_not_apply_to_a_name_without_an_address(rule: str) -> None:
    found = judged(rule, arrays(DANGLING, **(KNOWN if rule == "array-known-address" else {})))
    assert {each["outcome"] for each in found} == {"not_applicable"}


def test_addresses_are_incomplete_if_a_query_had_no_answer() -> None:
    found = {rule: outcomes(rule, arrays(resolved(unknown=LOST))) for rule in ("array-resolves", "array-ttl")}
    assert found == {"array-resolves": {NAME: "pass"}, "array-ttl": {NAME: "unknown"}}
    assert outcomes("array-known-address", arrays(resolved(unknown=LOST), **KNOWN)) == {NAME: "unknown"}
    stray = resolved(unknown=LOST, addresses=["10.1.0.10", "10.9.0.9"])
    assert outcomes("array-known-address", arrays(stray, **KNOWN)) == {NAME: "fail"}


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"authoritative": False, "ttl": 12}, "unknown"),
        ({"authoritative": None, "ttl": 12}, "unknown"),
        ({"authoritative": False, "ttl": 3600}, "fail"),
        ({"authoritative": True, "ttl": 300}, "pass"),
        # The flag is about the first record of the alias chain.
        ({"authoritative": True, "ttl": 300, "kind": "alias", "aliases": ["lb1.example.com"]}, "unknown"),
        ({"authoritative": True, "ttl": 301, "kind": "alias", "aliases": ["lb1.example.com"]}, "fail"),
    ],
)
def test_a_remaining_ttl_proves_only_that_the_ttl_is_too_long(changes: Mapping, outcome: str) -> None:
    assert outcomes("array-ttl", arrays(resolved(**changes))) == {NAME: outcome}


def test_a_cas_array_without_a_dns_result_is_not_hidden_by_another() -> None:
    other = resolved(name="west.example.com", kind=None, addresses=[], answers=[], unknown="DNS gave no answer.")
    untried = resolved(name="east.example.com", answers=[])
    estate = arrays(resolved(), other, untried, DANGLING | {"name": "old.example.com"})
    estate["exchange_info"]["client_access_arrays"].append({"name": "new", "fqdn": "new.example.com"})
    assert outcomes("array-answers", estate) == {
        f"{NAME} 10.1.0.10 port 443": "pass",
        "west.example.com": "unknown",
        "east.example.com": "not_applicable",
        "old.example.com": "not_applicable",
        "new.example.com": "unknown",
    }


def trust(*certificates: Mapping, **parts: t.Any) -> Mapping:
    """An organization with one trust with these certificates."""
    return {"exchange_info": {"federation_trusts": [{"name": "Gateway", "certificates": list(certificates)}], **parts}}


def certificate(use: str = "current", **changes: t.Any) -> Mapping:
    """A certificate that is valid on the day of the evaluation, 1 March 2026."""
    found = {
        "use": use,
        "not_before": "2025-01-31T12:00:00Z",
        "not_after": "2030-01-31T12:00:00Z",
        "self_signed": True,
        "subject_key_identifier": "3F9C",
        "client_authentication": False,
        "issuer": "CN=Federation",
        "unknown": None,
    }
    return found | changes


EXPIRED = {"not_after": "2026-02-28T12:00:00Z"}
EARLY = {"not_before": "2026-06-01T00:00:00Z"}
OWN = ["federation-valid", "federation-begun", "federation-days-left", "federation-key-identifier",
       "federation-self-signed", "federation-usage"]  # fmt: skip


@pytest.mark.parametrize("rule", OWN)
@pytest.mark.parametrize("certificates", [(), (certificate("previous"),)])
def test_a_trust_without_its_current_certificate_is_unknown(rule: str, certificates: tuple[Mapping, ...]) -> None:
    estate = trust(*certificates, servers=[{"name": "EX1", "build": "14.3.123.4"}])
    assert outcomes(rule, estate) == {"Gateway current": "unknown"}
    estate["exchange_info"]["federation_trusts"][0]["certificates"] = None
    assert outcomes(rule, estate) == {"Gateway current": "unknown"}


def test_a_trust_without_the_gateway_certificate_is_unknown() -> None:
    assert outcomes("federation-issuer-valid", trust(certificate())) == {"Gateway token_issuer": "unknown"}


def test_a_certificate_that_is_not_valid_yet_fails() -> None:
    early = trust(certificate(**EARLY), certificate("token_issuer", **EARLY), certificate("next", **EARLY))
    assert outcomes("federation-begun", early) == {"Gateway current": "fail"}
    assert outcomes("federation-issuer-valid", early) == {"Gateway token_issuer": "fail"}
    for use, rule in (("current", "federation-begun"), ("token_issuer", "federation-issuer-valid")):
        undated = trust(certificate(), certificate("token_issuer"))
        for found in undated["exchange_info"]["federation_trusts"][0]["certificates"]:
            del found["not_before"]
        assert outcomes(rule, undated) == {f"Gateway {use}": "unknown"}


def test_only_an_expired_own_certificate_needs_a_new_trust() -> None:
    """An old gateway certificate or an unpublished certificate is replaced without removing the trust."""
    expired = trust(certificate(**EXPIRED), certificate("next", **EXPIRED), certificate("token_issuer", **EXPIRED))
    remedies = {
        (rule, finding["subject"]): finding["remedy"]["text"]
        for rule in ("federation-valid", "federation-next-valid", "federation-issuer-valid")
        for finding in judged(rule, expired)
    }
    assert {place for place, text in remedies.items() if "Remove" in text} == {("federation-valid", "Gateway current")}
    assert "exchange_settings_federation: prepared" in remedies["federation-next-valid", "Gateway next"]
    assert {subject for _rule, subject in remedies} == {"Gateway current", "Gateway next", "Gateway token_issuer"}
    assert len(remedies) == 3
    issuer = remedies["federation-issuer-valid", "Gateway token_issuer"]
    assert "exchange_settings_refresh_metadata: true" in issuer
    (left,) = (one for one in judged("federation-days-left", expired) if one["subject"] == "Gateway token_issuer")
    assert "see federation-issuer-valid" in left["text"]


def test_the_remedy_for_a_certificate_that_expires_soon_is_for_that_certificate() -> None:
    soon = {"not_after": "2026-03-20T00:00:00Z"}
    estate = trust(certificate(**soon), certificate("token_issuer", **soon))
    own, issuer = (finding["remedy"]["text"] for finding in judged("federation-days-left", estate))
    for text in (own, issuer):
        assert "exchange_settings_federation_days: 60" in text
    assert ("refresh_metadata" in own, "federation: prepared" in own) == (False, True)
    assert ("refresh_metadata: true" in issuer, "federation: prepared" in issuer) == (True, False)


def test_the_remedy_of_a_database_runs_on_a_server_of_2010_or_is_a_command() -> None:
    array = {"fqdn": "outlook.example.com", "site": "A"}
    database = {"name": "DB1", "generation": "2010", "rpc_client_access_server": "x", "preferred_site": "A"}
    servers = [
        {"name": "NEW", "fqdn": "new.example.com", "generation": "2016", "roles": ["client_access"]},
        {"name": "MBX", "fqdn": "mbx.example.com", "generation": "2010", "roles": ["mailbox"]},
        {"name": "CAS", "fqdn": "cas.example.com", "generation": "2010", "roles": ["client_access"]},
    ]
    facts = {"client_access_arrays": [array], "databases": [database]}
    (found,) = judged("database-endpoint", {"exchange_info": {**facts, "servers": servers}})
    assert "server: cas.example.com" in found["remedy"]["text"]
    for known in (servers[:2], None):
        (found,) = judged("database-endpoint", {"exchange_info": {**facts, "servers": known}})
        assert "Run in the Exchange Management Shell: Set-MailboxDatabase" in found["remedy"]["text"]


@pytest.mark.parametrize(
    ("build", "least", "outcome"),
    [
        ("14.0.639.21", "14.1.218.15", "fail"),
        ("14.1.218.15", "14.1.218.15", "pass"),
        ("14.1.218.14", "14.1.218.15", "fail"),
        ("14.2.247.5", "14.3.123.4", "fail"),
        ("14.0.639.21", "14.0.639.21", "pass"),
        # Exchange 2007 has no federation.
        ("8.3.83.6", "14.1.218.15", "pass"),
        (None, "14.1.218.15", "unknown"),
    ],
)
def test_the_first_build_for_self_signed_certificates_is_a_parameter(
    build: str | None, least: str, outcome: str
) -> None:
    estate = trust(certificate(), servers=[{"name": "EX1", "build": build}])
    found = judged("federation-self-signed", {**estate, "parameters": {"self_signed_build": least}})
    assert [each["outcome"] for each in found] == [outcome]
    if outcome == "fail":
        assert least in found[0]["text"]
        assert least in found[0]["remedy"]["text"]


def cas(name: str, **changes: t.Any) -> Mapping:
    return {"name": name, "generation": "2010", "roles": ["client_access"], "site": "A"} | changes


@pytest.mark.parametrize("hidden", [{"roles": []}, {"roles": None}, {"site": None}, {"generation": None}])
def test_a_site_with_a_server_of_unknown_role_is_unknown(hidden: Mapping) -> None:
    found = judged("cas-array", {"exchange_info": {"servers": [cas("CAS1", **hidden)], "client_access_arrays": []}})
    assert [each["outcome"] for each in found] == ["unknown"]
    assert "CAS1" in found[0]["text"]


def test_unknown_servers_do_not_hide_the_outcome_of_a_site() -> None:
    servers = [
        cas("CAS1"), cas("CAS2", roles=[]), cas("CAS3", site="B", generation=None), cas("CAS4", site="C", roles=None),
        cas("CAS5", site=None), cas("MBX1", site="D", roles=["mailbox"]), cas("MBX2", site=None, roles=["mailbox"]),
        cas("EX16", site="D", generation="2016"), cas("EX19", site=None, generation="2019", roles=[]),
    ]  # fmt: skip
    estate = {"servers": servers, "client_access_arrays": [{"name": "B", "fqdn": "b.example.com", "site": "b"}]}
    found = outcomes("cas-array", {"exchange_info": estate})
    assert found == {"A": "fail", "B": "pass", "C": "unknown", "CAS5": "unknown"}


def points(*hosts: tuple[str, str | None]) -> Mapping:
    """Service connection points of Autodiscover by server; CAS1 and CAS2 are in site A, CAS3 in B."""
    sites = {"CAS1": "A", "CAS2": "A", "CAS3": "B", "CAS4": None}
    return {
        "exchange_info": {
            "servers": [{"name": name, "site": site} for name, site in sites.items()],
            "autodiscover": [{"kind": "url", "server": server, "host": host} for server, host in hosts],
        }
    }


ORPHAN = ("GONE", "old.example.com")


@pytest.mark.parametrize(
    ("estate", "expected"),
    [
        (points(("CAS1", "a.test"), ("CAS2", "b.test"), ORPHAN), {"A": "fail", "(unknown site)": "unknown"}),
        (points(("CAS1", "a.test"), ("CAS2", "A.test"), ORPHAN), {"A": "unknown", "(unknown site)": "unknown"}),
        (points(("CAS4", "a.test"), ORPHAN), {"(unknown site)": "unknown"}),
        (
            points(("CAS1", "a.test"), ("CAS1", "b.test"), ("CAS2", None), ("CAS3", "c.test")),
            {"A": "fail", "B": "pass"},
        ),
        (points(("CAS1", "a.test"), ("CAS2", None), ("CAS3", "c.test")), {"A": "unknown", "B": "pass"}),
        (points(("CAS1", None), ("CAS2", None)), {"A": "unknown"}),
    ],
)
def test_two_names_in_a_site_fail_even_with_unknown_servers(estate: Mapping, expected: Mapping) -> None:
    assert outcomes("autodiscover-one-name", estate) == expected


def scoped(*points: tuple[str, str | None, list[str]]) -> Mapping:
    """Service connection points by server, with their site scopes; all servers are in one site."""
    return {
        "exchange_info": {
            "servers": [
                {"name": name, "fqdn": f"{name}.test", "site": "S1", "generation": "2016"} for name, *_rest in points
            ],
            "autodiscover": [
                {"kind": "url", "server": name, "host": host, "url": host and f"https://{host}/", "sites": sites}
                for name, host, sites in points
            ],
        }
    }


@pytest.mark.parametrize(
    ("estate", "expected"),
    [
        (scoped(("EX1", "hq.test", ["HQ"]), ("EX2", "br.test", ["Branch"])), {"HQ": "pass", "Branch": "pass"}),
        (scoped(("EX1", "hq.test", ["DR", "HQ"]), ("EX2", "dr.test", ["HQ", "DR"])), {"DR and HQ": "fail"}),
        (scoped(("EX1", "hq.test", ["HQ"]), ("EX2", "a.test", []), ("EX3", "b.test", [])),
         {"HQ": "pass", "all other sites": "fail"}),
        # The internal Autodiscover URI was removed, for example after a migration to Microsoft 365.
        (scoped(("EX1", None, ["HQ"]), ("EX2", None, ["HQ"])), {"HQ": "not_applicable"}),
        (scoped(("EX1", None, ["HQ"]), ("EX2", "hq.test", ["HQ"])), {"HQ": "pass"}),
    ],
)  # fmt: skip
def test_names_are_compared_within_a_site_scope(estate: Mapping, expected: Mapping) -> None:
    assert outcomes("autodiscover-one-name", estate) == expected


def test_an_empty_uri_is_known_and_a_server_alone_in_its_scope_needs_no_load_balancer() -> None:
    estate = scoped(("EX1", None, ["HQ"]), ("EX2", "EX2.test", ["HQ"]), ("EX3", "ex3", ["BR"]), ("EX4", "EX4", ["HQ"]))
    assert outcomes("autodiscover-own-name", estate) == {
        "EX1": "not_applicable", "EX2": "fail", "EX3": "not_applicable", "EX4": "fail",
    }  # fmt: skip
    lost = scoped(("EX1", None, ["HQ"]))
    lost["exchange_info"]["autodiscover"][0]["url"] = "https://[/"
    assert outcomes("autodiscover-own-name", lost) == {"EX1": "unknown"}
    assert outcomes("autodiscover-one-name", lost) == {"HQ": "unknown"}


@pytest.mark.parametrize(
    "rule", ["array-resolves", "array-no-alias", "array-known-address", "array-answers", "array-ttl"]
)
def test_a_cas_array_that_is_left_over_after_exchange_2010_is_not_judged(rule: str) -> None:
    estate = arrays(resolved(kind="alias", addresses=[], answers=[], ttl=9999), **KNOWN if "known" in rule else {})
    estate["exchange_info"]["servers"] = [{"name": "EX1", "generation": "2016"}]
    (found,) = judged(rule, estate)
    assert found["outcome"] == "not_applicable"
    estate["exchange_info"]["servers"] += [{"name": "CAS1", "generation": "2010"}]
    assert {each["text"] for each in judged(rule, estate)}.isdisjoint({found["text"]}) or "alias" not in rule


def test_a_cas_array_of_a_site_without_exchange_2010_is_used_as_long_as_a_database_has_its_name() -> None:
    estate = arrays(DANGLING)
    estate["exchange_info"]["client_access_arrays"][0]["site"] = "B"
    estate["exchange_info"] |= {"servers": [cas("CAS1")], "databases": []}
    assert outcomes("array-resolves", estate) == {NAME: "not_applicable"}
    estate["exchange_info"]["databases"] = [{"name": "DB1", "rpc_client_access_server": NAME.upper()}]
    assert outcomes("array-resolves", estate) == {NAME: "fail"}
    estate["exchange_info"]["databases"] = None
    assert outcomes("array-resolves", estate) == {NAME: "fail"}


def test_a_name_that_leads_off_the_organization_does_not_pass_as_load_balanced() -> None:
    estate = scoped(("EX1", "localhost", ["HQ"]), ("EX2", "mail.test", ["HQ"]))
    estate["principal_plan"] = {"findings": [{"kind": "outside_organization", "about": ["localhost"]}]}
    assert outcomes("autodiscover-own-name", estate) == {"EX1": "not_applicable", "EX2": "pass"}


def test_only_known_names_are_in_the_text() -> None:
    (found,) = judged("autodiscover-one-name", points(("CAS1", "a.test"), ("CAS1", "b.test"), ("CAS2", None)))
    assert "have different names: a.test, b.test." in found["text"]


@pytest.mark.parametrize(
    ("generations", "commands"),
    [
        (("2010", "2013"), ["(CAS1, CAS2): Set-ClientAccessServer -Identity <server>"]),
        (("2016", "SE"), ["(CAS1, CAS2): Set-ClientAccessService -Identity <server>"]),
        (
            ("2010", "2019"),
            ["(CAS1): Set-ClientAccessServer -Identity <server>", "Set-ClientAccessService with the same parameters"],
        ),
    ],
)
def test_the_remedy_lists_only_the_servers_of_the_site(generations: tuple[str, str], commands: list[str]) -> None:
    estate = points(("CAS1", "a.test"), ("CAS2", "b.test"), ("CAS3", "c.test"))
    for server, generation in zip(estate["exchange_info"]["servers"], generations, strict=False):
        server["generation"] = generation
    (found,) = [one for one in judged("autodiscover-one-name", estate) if one["subject"] == "A"]
    text = found["remedy"]["text"]
    assert [command for command in commands if command not in text] == []
    assert "CAS3" not in text
    assert "Get-ClientAccess" not in text
    assert text.endswith("for each of these servers: CAS2") == (len(commands) == 2)


ASA = {
    "identity": "EXAMPLE\\asa", "name": "ASA$", "user_principal_name": "exchange@mail.test", "kind": "computer",
    "dn": "CN=ASA,DC=example,DC=com", "enabled": True, "password_last_set": "2026-01-31T12:00:00Z", "unknown": None,
    "encryption_types": {"value": 24, "names": [], "aes": True},
}  # fmt: skip


def planned(*holders: str, accounts: t.Sequence[Mapping] = (), **generations: str) -> Mapping:
    """One planned name on these accounts, and the account of each generation."""
    name = "http/mail.example.com"
    plan = {"generation": "2010", "principal_names": [{"name": name, "reasons": ["OWA of CAS1"]}]}
    return {
        "principal_plan": {"generations": [plan]},
        "spn_info": {"spns": [{"spn": name, "accounts": list(holders)}], "accounts": list(accounts)},
        "parameters": {"service_accounts": {key.removeprefix("of_"): value for key, value in generations.items()}},
    }


def test_the_account_of_a_name_is_unknown_until_the_parameter_is_set() -> None:
    (registered,) = judged("spn-registered", planned("CN=CAS1,DC=example,DC=com"))
    assert registered["outcome"] == "pass"
    assert registered["expected"] == "an account"
    (found,) = judged("spn-account", planned("CN=CAS1,DC=example,DC=com"))
    assert found["outcome"] == "unknown"
    assert "The account of Exchange 2010 is not set in the parameter service_accounts." in found["text"]
    assert outcomes("spn-account", planned()) == {"": "not_applicable"}


def test_an_account_that_was_not_read_is_unknown() -> None:
    found = outcomes("spn-encryption", planned(accounts=[ASA], of_2010="EXAMPLE\\asa", of_2016="NEW$"))
    assert found == {"ASA$": "pass", "NEW$": "unknown"}
    assert outcomes("spn-encryption", planned(of_2010="ASA$")) == {"ASA$": "unknown"}
    assert outcomes("spn-encryption", planned()) == {"": "not_applicable"}


@pytest.mark.parametrize(
    "identity",
    ["asa", "ASA$", "example\\ASA$", "asa@example.com", "exchange@MAIL.test", "cn=asa, dc=Example ,DC=com"],
)
@pytest.mark.parametrize("asked", [True, False])
def test_an_account_is_found_by_any_of_its_names(identity: str, asked: bool) -> None:
    """Also in saved facts that were read for another of its names."""
    account = ASA | ({"identity": identity} if asked else {})
    assert outcomes("spn-account", planned(ASA["dn"], accounts=[account], of_2010=identity)) == {
        "http/mail.example.com": "pass"
    }


@pytest.mark.parametrize("identity", ["OTHER\\asa", "asa@other.test", "CN=ASA,OU=X,DC=example,DC=com", "as"])
def test_the_same_name_in_another_domain_is_another_account(identity: str) -> None:
    found = outcomes("spn-account", planned(ASA["dn"], accounts=[ASA], of_2010=identity))
    assert found == {"http/mail.example.com": "unknown"}


@pytest.mark.parametrize(
    ("changes", "outcome", "text"),
    [
        ({}, "pass", ""),
        ({"enabled": False}, "fail", "it is disabled"),
        ({"password_last_set": None}, "fail", "it is without a usable password"),
        ({"kind": "group_managed_service_account"}, "fail", "a managed service account"),
        (
            {"kind": "delegated_managed_service_account", "enabled": False},
            "fail",
            "disabled, a managed service account",
        ),
        ({"enabled": None}, "unknown", "could not be read"),
        ({"unknown": "It is in west.example.com."}, "unknown", "It is in west.example.com."),
    ],
)
def test_an_account_that_the_role_refuses_does_not_pass(changes: Mapping, outcome: str, text: str) -> None:
    (found,) = judged("spn-account-usable", planned(accounts=[ASA | changes], of_2010="asa"))
    assert found["outcome"] == outcome
    assert text in found["text"]


@pytest.mark.parametrize(("value", "shown"), [(None, "not set"), (0, "not set"), (4, "4 (RC4-HMAC)")])
def test_the_remedy_for_encryption_types_does_not_allow_rc4(value: int | None, shown: str) -> None:
    types = {"value": value, "names": ["RC4-HMAC"] if value else [], "aes": False}
    (found,) = judged("spn-encryption", planned(accounts=[ASA | {"encryption_types": types}], of_2010="asa"))
    assert found["outcome"] == "fail"
    assert f"They are {shown}" in found["text"]
    assert ("The default of each domain controller decides" in found["text"]) == (not value)
    assert "= 24}" in found["remedy"]["text"]
    assert "28" not in found["remedy"]["text"]


OTHER = ASA | {"identity": "NEW$", "name": "NEW$", "dn": "CN=NEW,DC=example,DC=com", "user_principal_name": ""}


@pytest.mark.parametrize(
    ("lead", "outcome"),
    [
        ({"generation": "2013", "text": "leads to EX1"}, "fail"),
        ({"generation": "", "text": "leads to 10.9.9.9"}, "unknown"),
        (None, "fail"),
    ],
)
def test_a_name_is_moved_only_if_it_leads_to_the_new_servers(lead: Mapping | None, outcome: str) -> None:
    """Without a second generation there is no C(lead), and nobody else can use the name."""
    estate = planned(ASA["dn"], accounts=[ASA, OTHER], of_2010="asa", of_2013="NEW$")
    plan = estate["principal_plan"]["generations"][0]
    plan["generation"] = "2013"
    if lead:
        plan["principal_names"][0]["lead"] = lead
    (found,) = judged("spn-account", estate)
    assert found["outcome"] == outcome
    assert ("in the same hour" in found["text"]) == (outcome == "unknown")


def test_an_undecided_name_is_unknown_and_not_wrong() -> None:
    estate = planned(ASA["dn"], accounts=[ASA, OTHER], of_2010="asa", of_2013="NEW$")
    names = estate["principal_plan"]["generations"].pop()["principal_names"]
    estate["principal_plan"]["undecided"] = [names[0] | {"why": "mail.example.com was not looked up in DNS"}]
    assert outcomes("spn-account", estate) == {"http/mail.example.com": "unknown"}
    assert outcomes("spn-registered", estate) == {"http/mail.example.com": "pass"}
    estate["spn_info"]["spns"] = []
    assert outcomes("spn-registered", estate) == {"http/mail.example.com": "unknown"}
