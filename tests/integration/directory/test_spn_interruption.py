# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""spn while the domain controller dies, answers get lost, and runs are killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import typing as t

import listeners
import pytest
from domain_stage import Domain, Modification, rows
from test_interruption import family

MAIL = "http/mail.corp.example.test"
AUTOD = "http/autod.corp.example.test"
HERE = "localhost"
MOVE = {"account": "ASA$", "spns": [MAIL, AUTOD], "on_conflict": "move"}
SIGNED_IN = 3  # answers; what is lost of them is no different from a controller that is down
SHORT = {"connect_timeout": 2, "operation_timeout": 5}


@pytest.mark.parametrize("answer", ["lost", "given"])
@pytest.mark.parametrize("host", ["localhost", "dc"])
def test_a_controller_that_dies_between_the_two_writes_of_a_move(domain: Domain, host: str, answer: str) -> None:
    asa, old = domain.add("ASA$"), domain.add("OLD$", MAIL)
    domain.controller.fail_after_writes(1, answer=answer)
    result = domain.task("spn", MOVE | SHORT, "--diff", host=host)
    assert not domain.controller.is_running
    assert (domain.names_of(old), domain.names_of(asa)) == (set(), set())
    assert (result.status, result.changed) == ("failed", True), result.message
    if answer == "lost":
        assert f"Taking {MAIL} away from {old} on {domain.fqdn} failed: the connection broke" in result.message
    else:
        assert f"Connecting to LDAP on {domain.fqdn} failed: " in result.message
        assert f"; before that, {MAIL} was taken away from {old} (" in result.message, result.message
    assert "0 to 2 of 2 changes are in effect" in result.message
    assert "\n" not in result.message
    assert {spn: row[1:] for spn, row in rows(result).items()} == {MAIL: (None, "failed"), AUTOD: (None, "failed")}
    domain.controller.remove_relay()
    domain.restart()
    second = domain.task("spn", MOVE, host=host)
    assert (second.status, second.changed) == ("ok", True), second.message
    assert (domain.names_of(old), domain.names_of(asa)) == (set(), {MAIL, AUTOD})
    assert domain.modifications() == [
        Modification(old, add=(), delete=(MAIL,)),
        Modification(asa, add=(AUTOD, MAIL), delete=()),
    ]
    assert not domain.task("spn", MOVE, host=host).changed


@pytest.mark.parametrize("answer", ["lost", "given"])
def test_a_controller_that_dies_after_its_last_write(domain: Domain, answer: str) -> None:
    asa = domain.add("ASA$")
    domain.controller.fail_after_writes(1, answer=answer)
    result = domain.task("spn", MOVE | SHORT)
    assert domain.names_of(asa) == {MAIL, AUTOD}
    assert (result.status, result.changed) == ("failed", True), result.message
    domain.controller.remove_relay()
    domain.restart()
    assert not domain.task("spn", MOVE).changed
    assert len(domain.modifications()) == 1


@pytest.mark.parametrize("state", ["present", "exact", "absent"])
def test_reading_decides_when_the_answer_to_a_write_is_lost(domain: Domain, state: str) -> None:
    """The controller lives; only the connection ends with the answer to the write in it."""
    asa = domain.add("ASA$", AUTOD)
    lost = threading.Event()

    def on_answer(_number: int) -> bool:
        if domain.modifications() and not lost.is_set():
            lost.set()
            return False
        return True

    with listeners.relay(domain.controller.address, 389, on_answer) as relay:
        spns = [AUTOD] if state == "absent" else [MAIL]
        options = {"servers": [f"{domain.fqdn}:{relay.port}"], "account": "ASA$", "spns": spns, "state": state}
        result = domain.task("spn", options, "--diff")
    assert lost.is_set()
    assert (result.status, result.changed) == ("ok", True), result.message
    assert domain.names_of(asa) == {"present": {MAIL, AUTOD}, "exact": {MAIL}, "absent": set()}[state]
    assert len(domain.modifications()) == 1


def test_a_move_goes_on_after_a_lost_answer(domain: Domain) -> None:
    asa, old = domain.add("ASA$"), domain.add("OLD$", MAIL)
    lost = []

    def on_answer(_number: int) -> bool:
        written = len(domain.modifications())
        if written > len(lost):
            lost.append(written)
            return False
        return True

    with listeners.relay(domain.controller.address, 389, on_answer) as relay:
        result = domain.task("spn", {"servers": [f"{domain.fqdn}:{relay.port}"], **MOVE}, "--diff")
    assert lost == [1, 2]
    assert (result.status, result.changed) == ("ok", True), result.message
    assert (domain.names_of(old), domain.names_of(asa), len(domain.modifications())) == (set(), {MAIL, AUTOD}, 2)


def cut_at(domain: Domain, number: int, options: dict[str, t.Any], host: str) -> tuple[t.Any, bool]:
    """The result of a run whose connections end with the so-manieth answer, once; and whether there was one."""
    lock, seen, cut = threading.Lock(), [0], threading.Event()

    def on_answer(_number: int) -> bool:
        with lock:
            seen[0] += 1
            if seen[0] == number:
                cut.set()
                return False
            return True

    address = domain.controller.address
    with listeners.relay(address, 389, on_answer) as main, listeners.relay(address, 3268, on_answer) as catalog:
        where = {"servers": [f"{domain.fqdn}:{main.port}"], "global_catalogs": [f"{domain.fqdn}:{catalog.port}"]}
        return domain.task("spn", where | options, host=host), cut.is_set()


@pytest.mark.slow
def test_whatever_answer_is_lost_the_end_is_known(domain: Domain) -> None:
    """Each answer of a move in turn, until there is none left to lose."""
    host = "dc"
    asa, old = domain.add("ASA$"), domain.add("OLD$")
    for number in range(SIGNED_IN + 1, 100):
        for dn in (asa, old):
            if held := domain.names_of(dn):
                domain.take(dn, *held)
        domain.give(old, MAIL)
        domain.mark()
        result, was_cut = cut_at(domain, number, MOVE, host)
        now = (domain.names_of(asa), domain.names_of(old))
        done = now == ({MAIL, AUTOD}, set())
        assert len(domain.modifications()) <= 2
        assert (result.status == "ok") <= done, result.message
        assert result.changed == bool(domain.modifications()), result.message
        if result.status != "ok":
            assert " failed: " in result.message
            assert domain.task("spn", MOVE, host=host).status == "ok"
            assert (domain.names_of(asa), domain.names_of(old)) == ({MAIL, AUTOD}, set())
        if not was_cut:
            break
    else:
        pytest.fail("the answers never end")


def test_a_run_that_is_killed_between_the_two_writes_of_a_move(domain: Domain) -> None:
    asa, old = domain.add("ASA$"), domain.add("OLD$", MAIL)
    written, killed = threading.Event(), threading.Event()

    def on_answer(_number: int) -> bool:
        if domain.modifications():
            written.set()
            killed.wait(60)
        return True

    with listeners.relay(domain.controller.address, 389, on_answer) as relay:
        play = domain.playbook("spn", {"servers": [f"{domain.fqdn}:{relay.port}"], **MOVE})
        command, environment, _place = domain.stage.prepare(play, **domain.with_surroundings({}))
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            assert written.wait(60)
            for pid in list(family(process.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
            killed.set()
    assert (domain.names_of(old), domain.names_of(asa)) == (set(), set())
    assert domain.task("spn", MOVE).changed
    assert (domain.names_of(old), domain.names_of(asa)) == (set(), {MAIL, AUTOD})
