# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules about the forest in estates where one thing is half there, or told in another place."""

from __future__ import annotations

import typing as t

import pytest
from audit_cases import Mapping, judged

NAME = "outlook.example.com"
LOST = f"DNS gave no answer about the AAAA records of {NAME}."
PATIENT = {"virtual_addresses": {NAME: ["10.1.0.10"]}}


def outcomes(name: str, case: Mapping) -> dict[str, str]:
    """The outcome by subject."""
    return {finding["subject"]: finding["outcome"] for finding in judged(name, case)}


def resolved(**changes: t.Any) -> Mapping:
    """What DNS says of the name of an array."""
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
    """An array for each of the names, and what its addresses may be."""
    return {
        "exchange_info": {"client_access_arrays": [{"name": one["name"], "fqdn": one["name"]} for one in names]},
        "dns_name_info": {"names": list(names)},
        "parameters": parameters,
    }


DANGLING = resolved(kind="alias", aliases=["gone.example.com"], addresses=[], ttl=60, answers=[])


def test_an_alias_of_nothing_does_not_resolve() -> None:
    (found,) = judged("array-resolves", arrays(DANGLING))
    assert found["outcome"] == "fail"
    assert "an alias of gone.example.com, which has no address" in found["text"]


def test_an_alias_whose_end_nobody_told_of_is_unknown() -> None:
    loose = DANGLING | {"unknown": "The DNS server did not say whether that has addresses."}
    for rule in ("array-resolves", "array-known-address", "array-answers", "array-ttl"):
        assert outcomes(rule, arrays(loose, **(PATIENT if rule == "array-known-address" else {}))) == {NAME: "unknown"}


def test_an_alias_with_addresses_resolves() -> None:
    alias = resolved(kind="alias", aliases=["lb1.example.com"])
    assert outcomes("array-resolves", arrays(alias)) == {NAME: "pass"}


@pytest.mark.parametrize("rule", ["array-known-address", "array-answers", "array-ttl"])
def test_nothing_is_as_it_should_be_of_a_name_without_address(rule: str) -> None:
    found = judged(rule, arrays(DANGLING, **(PATIENT if rule == "array-known-address" else {})))
    assert {each["outcome"] for each in found} == {"not_applicable"}


def test_known_addresses_are_not_all_while_a_question_is_lost() -> None:
    told = {rule: outcomes(rule, arrays(resolved(unknown=LOST))) for rule in ("array-resolves", "array-ttl")}
    assert told == {"array-resolves": {NAME: "pass"}, "array-ttl": {NAME: "unknown"}}
    assert outcomes("array-known-address", arrays(resolved(unknown=LOST), **PATIENT)) == {NAME: "unknown"}
    stray = resolved(unknown=LOST, addresses=["10.1.0.10", "10.9.0.9"])
    assert outcomes("array-known-address", arrays(stray, **PATIENT)) == {NAME: "fail"}


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"authoritative": False, "ttl": 12}, "unknown"),
        ({"authoritative": None, "ttl": 12}, "unknown"),
        ({"authoritative": False, "ttl": 3600}, "fail"),
        ({"authoritative": True, "ttl": 300}, "pass"),
        # The word of the server is about the first record of the chain.
        ({"authoritative": True, "ttl": 300, "kind": "alias", "aliases": ["lb1.example.com"]}, "unknown"),
        ({"authoritative": True, "ttl": 301, "kind": "alias", "aliases": ["lb1.example.com"]}, "fail"),
    ],
)
def test_what_is_left_of_a_time_to_live_proves_only_that_it_is_long(told: Mapping, outcome: str) -> None:
    assert outcomes("array-ttl", arrays(resolved(**told))) == {NAME: outcome}


def test_an_array_that_dns_does_not_tell_of_is_not_hidden_by_one_that_answers() -> None:
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
    """An organization with one trust, which has these certificates."""
    return {"exchange_info": {"federation_trusts": [{"name": "Gateway", "certificates": list(certificates)}], **parts}}


def certificate(use: str = "current", **changes: t.Any) -> Mapping:
    """A certificate that is in order on the day of the judgement, 1 March 2026."""
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


OVER = {"not_after": "2026-02-28T12:00:00Z"}
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


def test_a_trust_without_the_certificate_of_the_gateway_is_unknown() -> None:
    assert outcomes("federation-issuer-valid", trust(certificate())) == {"Gateway token_issuer": "unknown"}


def test_a_certificate_is_not_valid_before_its_time() -> None:
    early = trust(certificate(**EARLY), certificate("token_issuer", **EARLY), certificate("next", **EARLY))
    assert outcomes("federation-begun", early) == {"Gateway current": "fail"}
    assert outcomes("federation-issuer-valid", early) == {"Gateway token_issuer": "fail"}
    for use, rule in (("current", "federation-begun"), ("token_issuer", "federation-issuer-valid")):
        undated = trust(certificate(), certificate("token_issuer"))
        for found in undated["exchange_info"]["federation_trusts"][0]["certificates"]:
            del found["not_before"]
        assert outcomes(rule, undated) == {f"Gateway {use}": "unknown"}


def test_only_an_own_certificate_that_is_over_costs_the_trust() -> None:
    """What the gateway rolled over, and what was never published, is mended while the trust stays."""
    over = trust(certificate(**OVER), certificate("next", **OVER), certificate("token_issuer", **OVER))
    remedies = {
        (rule, finding["subject"]): finding["remedy"]["text"]
        for rule in ("federation-valid", "federation-next-valid", "federation-issuer-valid")
        for finding in judged(rule, over)
    }
    assert {place for place, text in remedies.items() if "Remove" in text} == {("federation-valid", "Gateway current")}
    assert {subject for _rule, subject in remedies} == {"Gateway current", "Gateway next", "Gateway token_issuer"}
    assert len(remedies) == 3
    issuer = remedies["federation-issuer-valid", "Gateway token_issuer"]
    assert "Set-FederationTrust -Identity 'Gateway' -RefreshMetadata" in issuer
    (left,) = (one for one in judged("federation-days-left", over) if one["subject"] == "Gateway token_issuer")
    assert "see federation-issuer-valid" in left["text"]


@pytest.mark.parametrize(
    ("build", "least", "outcome"),
    [
        ("14.0.639.21", "14.1.218.15", "fail"),
        ("14.1.218.15", "14.1.218.15", "pass"),
        ("14.1.218.14", "14.1.218.15", "fail"),
        ("14.2.247.5", "14.3.123.4", "fail"),
        ("14.0.639.21", "14.0.639.21", "pass"),
        # Exchange 2007 knows no federation.
        ("8.3.83.6", "14.1.218.15", "pass"),
        (None, "14.1.218.15", "unknown"),
    ],
)
def test_from_which_build_on_a_certificate_may_be_self_signed_is_a_parameter(
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
def test_a_server_that_does_not_say_what_it_is_may_need_an_array(hidden: Mapping) -> None:
    found = judged("cas-array", {"exchange_info": {"servers": [cas("CAS1", **hidden)], "client_access_arrays": []}})
    assert [each["outcome"] for each in found] == ["unknown"]
    assert "CAS1" in found[0]["text"]


def test_what_a_server_hides_does_not_hide_what_is_known_of_its_site() -> None:
    servers = [
        cas("CAS1"), cas("CAS2", roles=[]), cas("CAS3", site="B", generation=None), cas("CAS4", site="C", roles=None),
        cas("CAS5", site=None), cas("MBX1", site="D", roles=["mailbox"]), cas("MBX2", site=None, roles=["mailbox"]),
        cas("EX16", site="D", generation="2016"), cas("EX19", site=None, generation="2019", roles=[]),
    ]  # fmt: skip
    estate = {"servers": servers, "client_access_arrays": [{"name": "B", "fqdn": "b.example.com", "site": "b"}]}
    told = outcomes("cas-array", {"exchange_info": estate})
    assert told == {"A": "fail", "B": "pass", "C": "unknown", "CAS5": "unknown"}


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
    ("estate", "told"),
    [
        (points(("CAS1", "a.test"), ("CAS2", "b.test"), ORPHAN), {"A": "fail", "of no known site": "unknown"}),
        (points(("CAS1", "a.test"), ("CAS2", "A.test"), ORPHAN), {"A": "unknown", "of no known site": "unknown"}),
        (points(("CAS4", "a.test"), ORPHAN), {"of no known site": "unknown"}),
        (
            points(("CAS1", "a.test"), ("CAS1", "b.test"), ("CAS2", None), ("CAS3", "c.test")),
            {"A": "fail", "B": "pass"},
        ),
        (points(("CAS1", "a.test"), ("CAS2", None), ("CAS3", "c.test")), {"A": "unknown", "B": "pass"}),
        (points(("CAS1", None), ("CAS2", None)), {"A": "unknown"}),
    ],
)
def test_two_names_of_a_site_are_two_whatever_else_is_not_known(estate: Mapping, told: Mapping) -> None:
    assert outcomes("autodiscover-one-name", estate) == told


def test_only_names_that_are_known_are_told() -> None:
    (found,) = judged("autodiscover-one-name", points(("CAS1", "a.test"), ("CAS1", "b.test"), ("CAS2", None)))
    assert "publish a.test, b.test, and" in found["text"]


ASA = {"name": "ASA$", "dn": "CN=ASA,DC=example,DC=com", "encryption_types": {"value": 24, "names": [], "aes": True}}


def planned(*holders: str, accounts: t.Sequence[Mapping] = (), **told: str) -> Mapping:
    """One name is planned and on these accounts; which account is meant is told by generation."""
    name = "http/mail.example.com"
    plan = {"generation": "2010", "principal_names": [{"name": name, "reasons": ["OWA of CAS1"]}]}
    return {
        "principal_plan": {"generations": [plan]},
        "spn_info": {"spns": [{"spn": name, "accounts": list(holders)}], "accounts": list(accounts)},
        "parameters": {"service_accounts": {key.removeprefix("of_"): value for key, value in told.items()}},
    }


def test_a_name_on_some_account_is_not_on_the_right_one_before_that_is_told() -> None:
    (registered,) = judged("spn-registered", planned("CN=CAS1,DC=example,DC=com"))
    assert registered["outcome"] == "pass"
    assert registered["expected"] == "an account"
    (found,) = judged("spn-account", planned("CN=CAS1,DC=example,DC=com"))
    assert found["outcome"] == "unknown"
    assert "The account of Exchange 2010 is not told in the parameter service_accounts." in found["text"]
    assert outcomes("spn-account", planned()) == {"": "not_applicable"}


def test_an_account_that_is_told_and_was_not_read_is_unknown() -> None:
    found = outcomes("spn-encryption", planned(accounts=[ASA], of_2010="EXAMPLE\\asa", of_2016="NEW$"))
    assert found == {"ASA$": "pass", "NEW$": "unknown"}
    assert outcomes("spn-encryption", planned(of_2010="ASA$")) == {"ASA$": "unknown"}
    assert outcomes("spn-encryption", planned()) == {"": "not_applicable"}
