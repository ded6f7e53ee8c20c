# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""spn if the domain controller fails, responses are lost, or runs are killed."""

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
from test_interruption import process_tree

MAIL = "http/mail.corp.example.test"
AUTOD = "http/autod.corp.example.test"
HERE = "dc"
MOVE = {"account": "ASA$", "spns": [MAIL, AUTOD], "on_conflict": "move"}
SIGN_IN_RESPONSES = 3  # to lose one of these is the same as a controller that is down
SHORT = {"connect_timeout": 2, "operation_timeout": 5}


@pytest.mark.parametrize("answer", ["lost", "given"])
@pytest.mark.parametrize("host", ["localhost", pytest.param("dc", marks=pytest.mark.long)])
def test_the_controller_fails_between_the_two_writes_of_a_move(domain: Domain, host: str, answer: str) -> None:
    asa, old = domain.add("ASA$"), domain.add("OLD$", MAIL)
    domain.controller.fail_after_writes(1, answer=answer)
    result = domain.task("spn", MOVE | SHORT, "--diff", host=host)
    assert not domain.controller.is_running
    assert (domain.names_of(old), domain.names_of(asa)) == (set(), set())
    assert (result.status, result.changed) == ("failed", True), result.message
    if answer == "lost":
        assert f"Deleting {MAIL} from {old} on {domain.fqdn} failed: the connection broke" in result.message
    else:
        assert f"Connecting to LDAP on {domain.fqdn} failed: " in result.message
        assert f"; before that, {MAIL} was deleted from {old}. Run it again when " in result.message, result.message
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
def test_the_controller_fails_after_the_last_write(domain: Domain, answer: str) -> None:
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
def test_the_names_are_read_back_if_the_response_to_a_write_is_lost(domain: Domain, state: str) -> None:
    """Only the connection is closed, with the response to the write. The controller keeps running."""
    asa = domain.add("ASA$", AUTOD)
    lost = threading.Event()

    def on_response(_number: int) -> bool:
        if domain.modifications() and not lost.is_set():
            lost.set()
            return False
        return True

    with listeners.relay(domain.controller.address, 389, on_response) as relay:
        spns = [AUTOD] if state == "absent" else [MAIL]
        options = {"servers": [f"{domain.fqdn}:{relay.port}"], "account": "ASA$", "spns": spns, "state": state}
        result = domain.task("spn", options, "--diff")
    assert lost.is_set()
    assert (result.status, result.changed) == ("ok", True), result.message
    assert domain.names_of(asa) == {"present": {MAIL, AUTOD}, "exact": {MAIL}, "absent": set()}[state]
    assert len(domain.modifications()) == 1


def test_a_move_continues_after_a_lost_response(domain: Domain) -> None:
    asa, old = domain.add("ASA$"), domain.add("OLD$", MAIL)
    lost = []

    def on_response(_number: int) -> bool:
        written = len(domain.modifications())
        if written > len(lost):
            lost.append(written)
            return False
        return True

    with listeners.relay(domain.controller.address, 389, on_response) as relay:
        result = domain.task("spn", {"servers": [f"{domain.fqdn}:{relay.port}"], **MOVE}, "--diff")
    assert lost == [1, 2]
    assert (result.status, result.changed) == ("ok", True), result.message
    assert (domain.names_of(old), domain.names_of(asa), len(domain.modifications())) == (set(), {MAIL, AUTOD}, 2)


def lose_response(domain: Domain, number: int, options: dict[str, t.Any], host: str) -> tuple[t.Any, bool]:
    """Run a task, lose the response with this number once, and return the result and whether it was lost."""
    lock, seen, cut = threading.Lock(), [0], threading.Event()

    def on_response(_number: int) -> bool:
        with lock:
            seen[0] += 1
            if seen[0] == number:
                cut.set()
                return False
            return True

    address = domain.controller.address
    with listeners.relay(address, 389, on_response) as main, listeners.relay(address, 3268, on_response) as catalog:
        where = {"servers": [f"{domain.fqdn}:{main.port}"], "global_catalogs": [f"{domain.fqdn}:{catalog.port}"]}
        return domain.task("spn", where | options, host=host), cut.is_set()


@pytest.mark.long
def test_any_response_can_be_lost(domain: Domain) -> None:
    """Lose every second response of a move in turn. The others are cells of C(make torture)."""
    host = "dc"
    asa, old = domain.add("ASA$"), domain.add("OLD$")
    for number in range(SIGN_IN_RESPONSES + 1, 100, 2):
        for dn in (asa, old):
            if held := domain.names_of(dn):
                domain.delete_spns(dn, *held)
        domain.add_spns(old, MAIL)
        domain.mark_log()
        result, was_lost = lose_response(domain, number, MOVE, host)
        now = (domain.names_of(asa), domain.names_of(old))
        done = now == ({MAIL, AUTOD}, set())
        assert len(domain.modifications()) <= 2
        assert (result.status == "ok") <= done, result.message
        assert result.changed == bool(domain.modifications()), result.message
        if result.status != "ok":
            assert " failed: " in result.message
            assert domain.task("spn", MOVE, host=host).status == "ok"
            assert (domain.names_of(asa), domain.names_of(old)) == ({MAIL, AUTOD}, set())
        if not was_lost:
            break
    else:
        pytest.fail("the run has too many responses")


def test_a_run_is_killed_between_the_two_writes_of_a_move(domain: Domain) -> None:
    asa, old = domain.add("ASA$"), domain.add("OLD$", MAIL)
    written, killed = threading.Event(), threading.Event()

    def on_response(_number: int) -> bool:
        if domain.modifications():
            written.set()
            killed.wait(60)
        return True

    with listeners.relay(domain.controller.address, 389, on_response) as relay:
        play = domain.playbook("spn", {"servers": [f"{domain.fqdn}:{relay.port}"], **MOVE})
        command, environment, _place = domain.stage.prepare(play, **domain.run_arguments({}))
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            assert written.wait(60)
            for pid in list(process_tree(process.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
            killed.set()
    assert (domain.names_of(old), domain.names_of(asa)) == (set(), set())
    assert domain.task("spn", MOVE).changed
    assert (domain.names_of(old), domain.names_of(asa)) == (set(), {MAIL, AUTOD})
