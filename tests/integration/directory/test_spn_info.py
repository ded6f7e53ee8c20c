# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""spn_info compared with the stored values, and Kerberos tickets for names that spn set."""

from __future__ import annotations

import datetime
import re
import typing as t

import pytest
from domain_stage import SECRET, Domain, tasks
from lab.directory import DirectoryError

if t.TYPE_CHECKING:
    from pathlib import Path

    from stage import Result

OUTLOOK = [f"{service}/outlook.corp.example.test" for service in ("exchangeAB", "exchangeMDB", "exchangeRFR")]
MAIL = "http/mail.corp.example.test"
HERE = "dc"


def found(result: Result, key: str = "spns") -> dict[str, list[str]]:
    assert result.status == "ok", result.message
    return {row["spn"]: row["accounts"] for row in result.data[key]}


def duplicates_of(names: t.Mapping[str, set[str]]) -> dict[str, list[str]]:
    """The duplicates among the stored names."""
    holders: dict[str, list[str]] = {}
    for dn, spns in names.items():
        for spn in {one.lower() for one in spns}:
            holders.setdefault(spn, []).append(dn)
    return {spn: sorted(dns) for spn, dns in holders.items() if len(dns) > 1}


@pytest.mark.matrix
@pytest.mark.parametrize("host", [pytest.param("localhost", marks=pytest.mark.long), "dc"])
def test_names_and_wildcards_are_found(domain: Domain, host: str) -> None:
    one, two = domain.add("ONE$", *OUTLOOK, MAIL), domain.add("TWO$", "HTTP/two(x).corp.example.test")
    listed = {
        "name": [MAIL.upper()],
        "nobody": ["http/nobody.corp.example.test"],
        "service": ["*/outlook.corp.example.test"],
        "host": ["http/*.corp.example.test"],
        "odd": ["*two(*"],
        "asterisks": ["exchangeAB/**.test", "***"],
        "both": [MAIL, "*/OUTLOOK.*"],
    }
    where = {} if host == "dc" else {"servers": [domain.fqdn]}
    play = tasks(host, *({"name": name, "spn_info": where | {"spns": spns}} for name, spns in listed.items()))
    usn = domain.controller.highest_usn()
    for run in (domain.play(play), domain.check(play)):
        assert found(run.of(host, "name")) == {MAIL: [one]}
        assert found(run.of(host, "nobody")) == {}
        assert found(run.of(host, "service")) == {spn: [one] for spn in OUTLOOK}
        assert found(run.of(host, "host")) == {MAIL: [one], "HTTP/two(x).corp.example.test": [two]}
        assert found(run.of(host, "odd")) == {"HTTP/two(x).corp.example.test": [two]}
        assert set(OUTLOOK) < set(found(run.of(host, "asterisks")))
        assert found(run.of(host, "both")) == {spn: [one] for spn in (*OUTLOOK, MAIL)}
        assert not any(result.changed for result in run.results)
    assert domain.controller.highest_usn() == usn


def test_all_stored_names_are_found(domain: Domain) -> None:
    domain.add("ONE$", *OUTLOOK)
    stored = {(spn.lower(), dn) for dn, spns in domain.names().items() for spn in spns}
    listed = found(domain.task("spn_info", {"spns": ["*"]}))
    assert {(spn.lower(), dn) for spn, dns in listed.items() for dn in dns} == stored


def test_accounts_have_the_stored_values(domain: Domain) -> None:
    attributes = {"msDS-SupportedEncryptionTypes": "28"}
    dns = [domain.add("ONE$", *OUTLOOK, **attributes), domain.add("two"), domain.add("off", userAccountControl="66050")]
    result = domain.task("spn_info", {"accounts": ["two", dns[0], "off"]})
    two, one, off = result.data["accounts"]
    assert [row["dn"] for row in (one, two, off)] == dns
    assert [row["kind"] for row in (one, two, off)] == ["computer", "user", "user"]
    assert [row["enabled"] for row in (one, two, off)] == [True, True, False]
    assert (one["spns"], two["spns"]) == (OUTLOOK, [])
    assert one["encryption_types"] == {"value": 28, "names": ["RC4-HMAC", "AES128", "AES256"], "aes": True}
    assert (two["encryption_types"]["value"], two["encryption_types"]["aes"]) == (None, False)
    (entry,) = domain.controller.ldbsearch("(objectClass=*)", ["pwdLastSet"], base=dns[0], scope="base")
    seconds = int(entry.one("pwdLastSet")) // 10_000_000 - 11_644_473_600
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one["password_last_set"])
    assert int(datetime.datetime.fromisoformat(one["password_last_set"]).timestamp()) == seconds


def test_all_duplicates_are_found(domain: Domain) -> None:
    one, two, three = domain.add("ONE$", *OUTLOOK), domain.add("TWO$"), domain.add("three", MAIL)
    domain.add_unchecked(two, OUTLOOK[0].upper(), MAIL)
    domain.add_unchecked(three, OUTLOOK[0])
    far = domain.add_in_other_partition("FAR", "http/far.corp.example.test")
    domain.add_unchecked(one, "HTTP/FAR.corp.example.test", "kadmin/changepw")
    result = domain.task("spn_info", {"duplicates": True})
    stored = domain.names()
    expected = duplicates_of(stored)
    assert sorted(expected) == sorted([OUTLOOK[0].lower(), MAIL, "http/far.corp.example.test", "kadmin/changepw"])
    del expected["kadmin/changepw"]
    assert {spn: sorted(dns) for spn, dns in found(result, "duplicates").items()} == expected
    assert expected["http/far.corp.example.test"] == sorted([far, one])
    assert result.data["searched"]["accounts"] == len(stored)
    assert result.data["searched"]["spns"] == sum(len(spns) for spns in stored.values()) - 2


def test_a_forest_without_duplicates(domain: Domain) -> None:
    domain.add("ONE$", *OUTLOOK)
    assert duplicates_of(domain.names()) == {}
    assert found(domain.task("spn_info", {"duplicates": True}), "duplicates") == {}


@pytest.mark.long
def test_more_accounts_than_one_page(domain: Domain) -> None:
    """A page has 1000 entries."""
    for number in range(1010):
        domain.add(f"M{number}$", f"http/m{number}.many.test")
    result = domain.task("spn_info", {"spns": ["http/*.many.test"], "duplicates": True})
    assert len(found(result)) == 1010
    assert result.data["searched"]["accounts"] == len(domain.names())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "No search is requested: set spns, accounts or duplicates"),
        ({"accounts": ["NOBODY"]}, "There is no user or computer account NOBODY in the forest"),
    ],
)
def test_invalid_options_fail(domain: Domain, options: dict[str, t.Any], text: str) -> None:
    result = domain.task("spn_info", options)
    assert result.status == "failed"
    assert text in result.message


@pytest.mark.matrix
def test_kerberos_issues_tickets_for_names_that_spn_set(domain: Domain, tmp_path: Path) -> None:
    """Each ticket decrypts with the key of the account. After absent, there are no tickets."""
    domain.add("ASA$", password=SECRET, **{"msDS-SupportedEncryptionTypes": "24"})
    names = [MAIL, *OUTLOOK]
    assert domain.task("spn", {"account": "ASA$", "spns": names}).changed
    for spn in names:
        # kvno looks up the name in the keytab. The keys are those of the account.
        own = domain.controller.export_keytab(spn, tmp_path / f"{names.index(spn)}.keytab")
        cache = tmp_path / "cache"
        domain.controller.kinit(domain.administrator, cache, password=domain.controller.password)
        assert "keytab entry valid" in domain.controller.kvno(spn, cache, keytab=own)
    assert domain.task("spn", {"account": "ASA$", "spns": names, "state": "absent"}).changed
    domain.controller.kinit(domain.administrator, cache, password=domain.controller.password)
    for spn in names:
        with pytest.raises(DirectoryError, match="not found in Kerberos database"):
            domain.controller.kvno(spn, cache)
