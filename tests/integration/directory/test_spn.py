# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""spn: the stored names of an account after a run, and the modifications."""

from __future__ import annotations

import pytest
from domain_stage import Domain, Modification, lines, rows

HTTP = "http/mail.corp.example.test"
RPC = [f"{service}/outlook.corp.example.test" for service in ("exchangeMDB", "exchangeRFR", "exchangeAB")]
NAMES = [HTTP, *RPC]
PLACES = ["localhost", "dc"]


@pytest.mark.matrix
@pytest.mark.parametrize("host", PLACES)
def test_present_adds_only_the_missing_names(domain: Domain, host: str) -> None:
    own, other = "http/other.corp.example.test", "http/www.corp.example.test"
    asa, web = domain.add("ASA$", own, RPC[0]), domain.add("WEB1$", other)
    untouched = domain.names()
    play = domain.playbook("spn", {"account": "ASA$", "spns": NAMES}, host=host)
    missing = sorted([HTTP, *RPC[1:]])
    usn = domain.controller.usn(web)

    checked = domain.check(play)
    assert checked.rc == 0, checked.output
    applied = domain.play(play, "--diff")
    assert applied.rc == 0, applied.output
    assert domain.modifications() == [Modification(asa, add=tuple(missing), delete=())]
    assert domain.names() == untouched | {asa: {own, *NAMES}}
    assert domain.controller.usn(web) == usn
    again = domain.play(play, "--diff")
    assert (again.rc, len(domain.modifications())) == (0, 1)

    first, second, third = (run.of(host) for run in (checked, applied, again))
    assert [one.changed for one in (first, second, third)] == [True, True, False]
    for result, word in ((first, "would_change"), (second, "changed")):
        assert rows(result) == {
            name: ([] if name in missing else [asa], [asa], word if name in missing else "compliant") for name in NAMES
        }
        assert [sorted(side) for side in lines(result)] == [
            [f"{name}: none" for name in missing],
            [f"{name}: {asa}" for name in missing],
        ]
        assert result.data["account"] == {"dn": asa, "name": "ASA$", "kind": "computer"}
    assert f"-{HTTP}: none\n" in checked.output
    assert f"+{HTTP}: {asa}\n" in checked.output
    assert rows(third) == {name: ([asa], [asa], "compliant") for name in NAMES}
    assert third.diff is None


def test_names_are_case_insensitive(domain: Domain) -> None:
    asa = domain.add("ASA$", "HTTP/Mail.Corp.Example.Test", *RPC)
    result = domain.task("spn", {"account": "asa", "spns": [HTTP.upper(), *(spn.lower() for spn in RPC)]})
    assert (result.status, result.changed, domain.modifications()) == ("ok", False, [])
    exact = domain.task("spn", {"account": "asa", "spns": NAMES, "state": "exact"})
    assert (exact.status, exact.changed, domain.modifications()) == ("ok", False, [])
    absent = domain.task("spn", {"account": "asa", "spns": [HTTP], "state": "absent"})
    assert (absent.changed, domain.names_of(asa)) == (True, set(RPC))


def test_a_repeated_name_is_added_once(domain: Domain) -> None:
    asa = domain.add("ASA$")
    result = domain.task("spn", {"account": "ASA$", "spns": [HTTP, HTTP.upper(), HTTP]})
    assert domain.modifications() == [Modification(asa, add=(HTTP,), delete=())]
    assert list(rows(result)) == [HTTP]


@pytest.mark.parametrize("host", [pytest.param("localhost", marks=pytest.mark.long), "dc"])
def test_absent_deletes_only_these_names(domain: Domain, host: str) -> None:
    asa, web = domain.add("ASA$", *NAMES), domain.add("WEB1$", "http/www.corp.example.test")
    unwanted = [RPC[0].upper(), RPC[1], "http/www.corp.example.test", "http/nowhere.corp.example.test"]
    play = domain.playbook("spn", {"account": "ASA$", "spns": unwanted, "state": "absent"}, host=host)
    checked = domain.check(play).of(host)
    applied = domain.play(play, "--diff").of(host)
    assert domain.modifications() == [Modification(asa, add=(), delete=tuple(sorted(RPC[:2])))]
    assert domain.names_of(asa) == {HTTP, RPC[2]}
    assert domain.names_of(web) == {"http/www.corp.example.test"}
    again = domain.play(play, "--diff").of(host)
    assert [one.changed for one in (checked, applied, again)] == [True, True, False]
    assert len(domain.modifications()) == 1
    assert (
        lines(checked)
        == lines(applied)
        == (
            [f"{spn}: {asa}" for spn in sorted(RPC[:2], key=str.lower)],
            [f"{spn}: none" for spn in sorted(RPC[:2], key=str.lower)],
        )
    )


@pytest.mark.parametrize("host", [pytest.param("localhost", marks=pytest.mark.long), "dc"])
def test_exact_adds_and_deletes_in_one_modification(domain: Domain, host: str) -> None:
    old = ["http/old.corp.example.test", "exchangeMDB/old.corp.example.test"]
    kept = ["MSSQLSvc/sql.corp.example.test:1433", "Hyper-V Replica Service/asa"]
    asa = domain.add("ASA$", *old, *kept, RPC[0])
    play = domain.playbook("spn", {"account": "ASA$", "spns": NAMES, "state": "exact"}, host=host)
    checked = domain.check(play).of(host)
    applied = domain.play(play, "--diff").of(host)
    assert domain.modifications() == [Modification(asa, add=tuple(sorted([HTTP, *RPC[1:]])), delete=tuple(sorted(old)))]
    assert domain.names_of(asa) == {*NAMES, *kept}
    again = domain.play(play, "--diff").of(host)
    assert [one.changed for one in (checked, applied, again)] == [True, True, False]
    assert len(domain.modifications()) == 1
    assert lines(checked) == lines(applied)
    for result, word in ((checked, "would_change"), (applied, "changed")):
        assert {spn: rows(result)[spn] for spn in old} == {spn: ([asa], [], word) for spn in old}
        assert rows(result)[HTTP] == ([], [asa], word)


def test_a_name_with_a_space_is_set_and_an_invalid_name_is_deleted(domain: Domain) -> None:
    replica, wrong = "Hyper-V Replica Service/hv01.corp.example.test", f"{HTTP}@CORP.EXAMPLE.TEST"
    asa = domain.add("ASA$", wrong)
    assert domain.task("spn", {"account": "ASA$", "spns": [replica]}).changed
    assert domain.names_of(asa) == {replica, wrong}
    refused = domain.task("spn", {"account": "ASA$", "spns": [wrong]})
    assert refused.status == "failed"
    assert "no client requests a service principal name with a realm" in refused.message
    assert domain.task("spn", {"account": "ASA$", "spns": [replica, wrong], "state": "absent"}).changed
    assert domain.names_of(asa) == set()


@pytest.mark.parametrize("host", PLACES)
def test_exact_without_names_fails(domain: Domain, host: str) -> None:
    asa = domain.add("ASA$", *NAMES)
    play = domain.playbook("spn", {"account": "ASA$", "spns": [], "state": "exact"}, host=host)
    for run in (domain.check(play), domain.play(play)):
        assert (run.of(host).status, run.of(host).changed) == ("failed", False)
        assert "would delete every service principal name of ASA$" in run.of(host).message
    assert (domain.names_of(asa), domain.modifications()) == (set(NAMES), [])


@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_empty_list_changes_nothing(domain: Domain, state: str) -> None:
    domain.add("ASA$", *NAMES)
    result = domain.task("spn", {"account": "ASA$", "spns": [], "state": state})
    assert (result.status, result.changed, rows(result), domain.modifications()) == ("ok", False, {}, [])
