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
    assert {subject for _rule, subject in remedies} == {"Gateway current", "Gateway next", "Gateway token_issuer"}
    assert len(remedies) == 3
    issuer = remedies["federation-issuer-valid", "Gateway token_issuer"]
    assert "Set-FederationTrust -Identity 'Gateway' -RefreshMetadata" in issuer
    (left,) = (one for one in judged("federation-days-left", expired) if one["subject"] == "Gateway token_issuer")
    assert "see federation-issuer-valid" in left["text"]


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


def test_only_known_names_are_in_the_text() -> None:
    (found,) = judged("autodiscover-one-name", points(("CAS1", "a.test"), ("CAS1", "b.test"), ("CAS2", None)))
    assert "publish different names: a.test, b.test." in found["text"]


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


ASA = {"name": "ASA$", "dn": "CN=ASA,DC=example,DC=com", "encryption_types": {"value": 24, "names": [], "aes": True}}


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
