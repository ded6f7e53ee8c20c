# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""spn with concurrent changes of the same names, between its read and its write."""

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
HERE = "dc"
SEARCH_RESPONSE = 4  # the catalog response with the accounts; the three before it are for the sign-in
ROUNDS = range(2)


@contextlib.contextmanager
def after_read(domain: Domain, action: t.Callable[[], object]) -> t.Iterator[dict[str, t.Any]]:
    """Yield options for a run. The action is called after the run has searched for the names."""
    asked = threading.Event()

    def on_catalog_response(number: int) -> bool:
        if number == SEARCH_RESPONSE:
            asked.set()
        return True

    def on_controller_response(_number: int) -> bool:
        if asked.is_set():
            asked.clear()
            action()
        return True

    address = domain.controller.address
    with (
        listeners.relay(address, 389, on_controller_response) as main,
        listeners.relay(address, 3268, on_catalog_response) as catalog,
    ):
        yield {"servers": [f"{domain.fqdn}:{main.port}"], "global_catalogs": [f"{domain.fqdn}:{catalog.port}"]}


def run_concurrently(domain: Domain, *tasks: dict[str, t.Any]) -> list[Run]:
    """Run spn concurrently. No run writes before all runs have read."""
    barrier = threading.Barrier(len(tasks), timeout=60)
    with contextlib.ExitStack() as stack:
        begun = []
        for options in tasks:
            where = stack.enter_context(after_read(domain, barrier.wait))
            play = domain.playbook("spn", where | options)
            command, environment, place = domain.stage.prepare(play, **domain.run_arguments({}))
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
def test_two_runs_add_the_same_names(domain: Domain, _round: int) -> None:
    asa = domain.add("ASA$")
    task = {"account": "ASA$", "spns": [MAIL, AUTOD]}
    for run in run_concurrently(domain, task, task):
        assert run.rc == 0, run.output
        assert rows(run.of(HERE))[MAIL][1] == [asa]
    assert stored(domain) == [Modification(asa, add=(AUTOD, MAIL), delete=())]
    assert not domain.task("spn", task).changed


@pytest.mark.parametrize("_round", ROUNDS)
def test_two_runs_add_overlapping_names(domain: Domain, _round: int) -> None:
    asa = domain.add("ASA$")
    one, two = ({"account": "ASA$", "spns": [MAIL, other]} for other in (AUTOD, OUTLOOK))
    for run in run_concurrently(domain, one, two):
        assert run.rc == 0, run.output
    assert domain.names_of(asa) == {MAIL, AUTOD, OUTLOOK}
    assert len(stored(domain)) == 2
    assert not domain.task("spn", one).changed
    assert not domain.task("spn", two).changed


@pytest.mark.parametrize("_round", ROUNDS)
@pytest.mark.parametrize("on_conflict", ["fail", "move"])
def test_two_runs_set_one_name_on_two_accounts(domain: Domain, on_conflict: str, _round: int) -> None:
    accounts = {"ONE$": domain.add("ONE$"), "TWO$": domain.add("TWO$")}
    if on_conflict == "move":
        domain.add("OLD$", MAIL)
    tasks = [{"account": name, "spns": [MAIL, AUTOD], "on_conflict": on_conflict} for name in accounts]
    runs = run_concurrently(domain, *tasks)
    assert sorted(run.rc for run in runs) == [0, 2]
    winner, loser = (0, 1) if runs[0].rc == 0 else (1, 0)
    (won,) = domain.holders(MAIL)
    assert won == list(accounts.values())[winner]
    assert domain.names_of(won) == {MAIL, AUTOD}
    lost = runs[loser].of(HERE)
    wanted = list(accounts.values())[loser]
    assert f"{MAIL}, {AUTOD} on {domain.fqdn} should be {wanted} and are {won}: " in lost.message
    assert "another account of the forest has the same SPN or an equivalent SPN" in lost.message
    assert "\n" not in lost.message
    assert rows(lost)[MAIL][1:] == ([won], "failed")
    assert not domain.task("spn", tasks[winner]).changed
    again = domain.task("spn", tasks[loser] | {"on_conflict": "fail"})
    assert f"{MAIL} is on {won}" in again.message


@pytest.mark.parametrize("_round", ROUNDS)
def test_two_runs_move_the_same_names(domain: Domain, _round: int) -> None:
    asa, old = domain.add("ASA$"), domain.add("OLD$", MAIL, AUTOD)
    task = {"account": "ASA$", "spns": [MAIL, AUTOD], "on_conflict": "move"}
    for run in run_concurrently(domain, task, task):
        assert run.rc == 0, run.output
    assert (domain.names_of(asa), domain.names_of(old)) == ({MAIL, AUTOD}, set())
    assert len(stored(domain)) == 2
    assert not domain.task("spn", task).changed


def run_with_concurrent_change(domain: Domain, options: dict[str, t.Any], action: t.Callable[[], None]) -> Result:
    """Run spn, call the action after it has searched for the names, and return the result."""
    with after_read(domain, action) as where:
        return domain.task("spn", where | options, "--diff")


def test_another_account_gets_the_name_concurrently(domain: Domain) -> None:
    asa, other = domain.add("ASA$"), domain.add("OTHER$")
    result = run_with_concurrent_change(
        domain, {"account": "ASA$", "spns": [MAIL, AUTOD]}, lambda: domain.add_spns(other, MAIL)
    )
    # changed: the value differs from the value before, although another client changed it.
    assert (result.status, result.changed) == ("failed", True)
    assert f"{MAIL} on {domain.fqdn} should be {asa} and is {other}: " in result.message
    assert "another account of the forest has the same SPN or an equivalent SPN" in result.message
    assert (domain.names_of(asa), domain.names_of(other)) == (set(), {MAIL})
    assert {spn: row[1] for spn, row in rows(result).items()} == {MAIL: [other], AUTOD: []}


def test_another_account_gets_an_alias_concurrently(domain: Domain) -> None:
    """Samba refuses a service class if its alias exists, but not an alias if its class exists."""
    asa, other = domain.add("ASA$"), domain.add("OTHER$")
    options = {"account": "ASA$", "spns": ["HOST/mail.corp.example.test"]}
    result = run_with_concurrent_change(domain, options, lambda: domain.add_spns(other, MAIL))
    assert (result.status, result.changed, domain.names_of(asa)) == ("failed", False, set())
    assert "Check that no other account has the value or an equivalent SPN" in result.message


def test_another_client_adds_the_name_concurrently(domain: Domain) -> None:
    asa = domain.add("ASA$")
    result = run_with_concurrent_change(
        domain, {"account": "ASA$", "spns": [MAIL, AUTOD]}, lambda: domain.add_spns(asa, MAIL.upper())
    )
    assert (result.status, result.changed) == ("ok", True), result.message
    assert domain.names_of(asa) == {MAIL.upper(), AUTOD}


def test_another_client_deletes_the_name_concurrently(domain: Domain) -> None:
    asa = domain.add("ASA$", MAIL, AUTOD)
    options = {"account": "ASA$", "spns": [MAIL, AUTOD], "state": "absent"}
    result = run_with_concurrent_change(domain, options, lambda: domain.delete_spns(asa, MAIL))
    assert (result.status, result.changed) == ("ok", True), result.message
    assert domain.names_of(asa) == set()


def test_exact_keeps_a_name_that_was_added_concurrently(domain: Domain) -> None:
    """exact only deletes names that it has read."""
    asa = domain.add("ASA$", AUTOD)
    options = {"account": "ASA$", "spns": [MAIL], "state": "exact", "service_classes": ["*"]}
    result = run_with_concurrent_change(domain, options, lambda: domain.add_spns(asa, OUTLOOK))
    assert (result.status, domain.names_of(asa)) == ("ok", {MAIL, OUTLOOK}), result.message
    assert domain.task("spn", options).changed
    assert domain.names_of(asa) == {MAIL}


def test_the_name_is_deleted_from_the_other_account_concurrently(domain: Domain) -> None:
    asa, old = domain.add("ASA$"), domain.add("OLD$", MAIL)
    options = {"account": "ASA$", "spns": [MAIL], "on_conflict": "move"}
    result = run_with_concurrent_change(domain, options, lambda: domain.delete_spns(old, MAIL))
    assert (result.status, result.changed) == ("ok", True), result.message
    assert domain.holders(MAIL) == [asa]


def test_the_account_is_deleted_concurrently(domain: Domain) -> None:
    asa = domain.add("ASA$")
    result = run_with_concurrent_change(domain, {"account": "ASA$", "spns": [MAIL]}, lambda: domain.ldap.delete_s(asa))
    assert (result.status, result.changed) == ("failed", False)
    assert f"Reading the account {asa} on {domain.fqdn} failed: " in result.message
