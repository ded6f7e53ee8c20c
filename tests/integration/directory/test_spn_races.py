# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""spn while others write the same names: they meet between what it read and what it writes."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import typing as t

import listeners
import pytest
from domain_stage import Domain, Modification, rows
from stage import Result, Run, finished

MAIL = "http/mail.corp.example.test"
AUTOD = "http/autod.corp.example.test"
OUTLOOK = "exchangeMDB/outlook.corp.example.test"
HERE = "localhost"
SEARCHED = 4  # the answer of a catalog that tells who has the names: three before it sign in
ROUNDS = range(2)


@contextlib.contextmanager
def read_then(domain: Domain, deed: t.Callable[[], object]) -> t.Iterator[dict[str, t.Any]]:
    """Options for a run; the deed is done when it has asked the catalog and its controller who has the names."""
    asked = threading.Event()

    def of_catalog(number: int) -> bool:
        if number == SEARCHED:
            asked.set()
        return True

    def of_controller(_number: int) -> bool:
        if asked.is_set():
            asked.clear()
            deed()
        return True

    address = domain.controller.address
    with listeners.relay(address, 389, of_controller) as main, listeners.relay(address, 3268, of_catalog) as catalog:
        yield {"servers": [f"{domain.fqdn}:{main.port}"], "global_catalogs": [f"{domain.fqdn}:{catalog.port}"]}


def together(domain: Domain, *tasks: dict[str, t.Any]) -> list[Run]:
    """Runs of spn that begin together, and none of which writes before all of them have read."""
    meeting = threading.Barrier(len(tasks), timeout=60)
    with contextlib.ExitStack() as stack:
        begun = []
        for options in tasks:
            where = stack.enter_context(read_then(domain, meeting.wait))
            play = domain.playbook("spn", where | options)
            command, environment, place = domain.stage.prepare(play, **domain.with_surroundings({}))
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            begun.append((process, place))
        outputs = [process.communicate(timeout=120)[0] for process, _place in begun]
        return [
            finished(process.returncode, output, place) for (process, place), output in zip(begun, outputs, strict=True)
        ]


def stored(domain: Domain) -> list[Modification]:
    return [one for one in domain.modifications() if one.status == "Success"]


@pytest.mark.parametrize("_round", ROUNDS)
def test_two_runs_that_add_the_same(domain: Domain, _round: int) -> None:
    asa = domain.add("ASA$")
    task = {"account": "ASA$", "spns": [MAIL, AUTOD]}
    for run in together(domain, task, task):
        assert run.rc == 0, run.output
        assert rows(run.of(HERE))[MAIL][1] == [asa]
    assert stored(domain) == [Modification(asa, add=(AUTOD, MAIL), delete=())]
    assert not domain.task("spn", task).changed


@pytest.mark.parametrize("_round", ROUNDS)
def test_two_runs_that_add_some_of_the_same(domain: Domain, _round: int) -> None:
    asa = domain.add("ASA$")
    one, two = ({"account": "ASA$", "spns": [MAIL, other]} for other in (AUTOD, OUTLOOK))
    for run in together(domain, one, two):
        assert run.rc == 0, run.output
    assert domain.names_of(asa) == {MAIL, AUTOD, OUTLOOK}
    assert len(stored(domain)) == 2
    assert not domain.task("spn", one).changed
    assert not domain.task("spn", two).changed


@pytest.mark.parametrize("_round", ROUNDS)
@pytest.mark.parametrize("on_conflict", ["fail", "move"])
def test_two_runs_that_want_one_name_for_two_accounts(domain: Domain, on_conflict: str, _round: int) -> None:
    accounts = {"ONE$": domain.add("ONE$"), "TWO$": domain.add("TWO$")}
    if on_conflict == "move":
        domain.add("OLD$", MAIL)
    tasks = [{"account": name, "spns": [MAIL, AUTOD], "on_conflict": on_conflict} for name in accounts]
    runs = together(domain, *tasks)
    assert sorted(run.rc for run in runs) == [0, 2]
    winner, loser = (0, 1) if runs[0].rc == 0 else (1, 0)
    (won,) = domain.holders(MAIL)
    assert won == list(accounts.values())[winner]
    assert domain.names_of(won) == {MAIL, AUTOD}
    lost = runs[loser].of(HERE)
    wished = list(accounts.values())[loser]
    assert f"{MAIL}, {AUTOD} on {domain.fqdn} should be {wished} and are {won}: " in lost.message
    assert "another account of the forest has the same service principal name or an alias of it" in lost.message
    assert "\n" not in lost.message
    assert rows(lost)[MAIL][1:] == ([won], "failed")
    assert not domain.task("spn", tasks[winner]).changed
    again = domain.task("spn", tasks[loser] | {"on_conflict": "fail"})
    assert f"{MAIL} is on {won}" in again.message


@pytest.mark.parametrize("_round", ROUNDS)
def test_two_runs_that_move_the_same(domain: Domain, _round: int) -> None:
    asa, old = domain.add("ASA$"), domain.add("OLD$", MAIL, AUTOD)
    task = {"account": "ASA$", "spns": [MAIL, AUTOD], "on_conflict": "move"}
    for run in together(domain, task, task):
        assert run.rc == 0, run.output
    assert (domain.names_of(asa), domain.names_of(old)) == ({MAIL, AUTOD}, set())
    assert len(stored(domain)) == 2
    assert not domain.task("spn", task).changed


def meanwhile(domain: Domain, options: dict[str, t.Any], deed: t.Callable[[], None]) -> Result:
    """The result of a run of spn; the deed is done after it has learned who has the names."""
    with read_then(domain, deed) as where:
        return domain.task("spn", where | options, "--diff")


def test_a_name_that_somebody_else_gets_meanwhile(domain: Domain) -> None:
    asa, other = domain.add("ASA$"), domain.add("OTHER$")
    result = meanwhile(domain, {"account": "ASA$", "spns": [MAIL, AUTOD]}, lambda: domain.give(other, MAIL))
    # It is not what it was before, whoever did that.
    assert (result.status, result.changed) == ("failed", True)
    assert f"{MAIL} on {domain.fqdn} should be {asa} and is {other}: " in result.message
    assert "another account of the forest has the same service principal name" in result.message
    assert (domain.names_of(asa), domain.names_of(other)) == (set(), {MAIL})
    assert {spn: row[1] for spn, row in rows(result).items()} == {MAIL: [other], AUTOD: []}


def test_an_alias_that_somebody_else_gets_meanwhile(domain: Domain) -> None:
    """Samba refuses the class beside its alias; the other way round it takes both."""
    asa, other = domain.add("ASA$"), domain.add("OTHER$")
    options = {"account": "ASA$", "spns": ["HOST/mail.corp.example.test"]}
    result = meanwhile(domain, options, lambda: domain.give(other, MAIL))
    assert (result.status, result.changed, domain.names_of(asa)) == ("failed", False, set())
    assert "check that no other account has the value or an alias of it" in result.message


def test_a_name_that_somebody_else_adds_meanwhile(domain: Domain) -> None:
    asa = domain.add("ASA$")
    result = meanwhile(domain, {"account": "ASA$", "spns": [MAIL, AUTOD]}, lambda: domain.give(asa, MAIL.upper()))
    assert (result.status, result.changed) == ("ok", True), result.message
    assert domain.names_of(asa) == {MAIL.upper(), AUTOD}


def test_a_name_that_somebody_else_deletes_meanwhile(domain: Domain) -> None:
    asa = domain.add("ASA$", MAIL, AUTOD)
    options = {"account": "ASA$", "spns": [MAIL, AUTOD], "state": "absent"}
    result = meanwhile(domain, options, lambda: domain.take(asa, MAIL))
    assert (result.status, result.changed) == ("ok", True), result.message
    assert domain.names_of(asa) == set()


def test_a_stranger_s_name_that_comes_meanwhile_stays(domain: Domain) -> None:
    """What exact was never shown it does not delete."""
    asa = domain.add("ASA$", AUTOD)
    options = {"account": "ASA$", "spns": [MAIL], "state": "exact"}
    result = meanwhile(domain, options, lambda: domain.give(asa, OUTLOOK))
    assert (result.status, domain.names_of(asa)) == ("ok", {MAIL, OUTLOOK}), result.message
    assert domain.task("spn", options).changed
    assert domain.names_of(asa) == {MAIL}


def test_a_name_that_is_moved_away_meanwhile(domain: Domain) -> None:
    asa, old = domain.add("ASA$"), domain.add("OLD$", MAIL)
    options = {"account": "ASA$", "spns": [MAIL], "on_conflict": "move"}
    result = meanwhile(domain, options, lambda: domain.take(old, MAIL))
    assert (result.status, result.changed) == ("ok", True), result.message
    assert domain.holders(MAIL) == [asa]


def test_an_account_that_is_deleted_meanwhile(domain: Domain) -> None:
    asa = domain.add("ASA$")
    result = meanwhile(domain, {"account": "ASA$", "spns": [MAIL]}, lambda: domain.ldap.delete_s(asa))
    assert (result.status, result.changed) == ("failed", False)
    assert f"Reading the account {asa} on {domain.fqdn} failed: " in result.message
