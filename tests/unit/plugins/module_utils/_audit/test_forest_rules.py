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
