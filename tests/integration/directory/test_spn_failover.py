# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""spn with a second domain controller that has not replicated the changes of the first."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest
from domain_stage import DOMAIN, Domain, Modification, rows
from lab.directory import parse, running
from stage import PASSWORD, Result, Variables

if t.TYPE_CHECKING:
    from pathlib import Path

MAIL = "http/mail.corp.example.test"
MOVE: Variables = {"account": "ASA$", "spns": [MAIL], "on_conflict": "move"}
# The first controller is the only KDC of this machine, so Kerberos fails while it is down.
ASKING: Variables = {"authentication": "simple", "tls": "ldaps", "validate_certs": False, "password": PASSWORD}
ASKING |= {"username": f"Administrator@{DOMAIN}", "connect_timeout": 2, "operation_timeout": 5}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two domain controllers of one domain without replication."""

    first: Domain
    second: Domain
    hosts: Path

    def add(self, name: str, *spns: str) -> str:
        """Add an account on both and return its distinguished name."""
        dn = self.first.add(name, *spns)
        assert self.second.add(name, *spns) == dn
        return dn

    def task(self, options: Variables, *servers: str) -> Result:
        """Run spn, by default with both controllers in servers."""
        known = (self.first.controller.folder / "hosts").read_text()
        self.hosts.write_text(f"{known}{self.second.controller.address} {self.second.fqdn}\n")
        asked = {"servers": list(servers) or [self.first.fqdn, self.second.fqdn]} | ASKING | options
        return self.first.task("spn", asked, "--diff", environment={"NSS_WRAPPER_HOSTS": str(self.hosts)})


@pytest.fixture(scope="module")
def other(only_domain: Domain, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Domain]:
    network = only_domain.controller.address.rpartition(".")[0]
    description = {"domain": DOMAIN, "server": "dc02", "address": f"{network}.7", "relay": f"{network}.8"}
    with running(parse(description, {"password": PASSWORD}), tmp_path_factory.mktemp("other")) as controller:
        yield Domain(only_domain.stage, controller, only_domain.cache)


@pytest.fixture
def pair(domain: Domain, other: Domain, tmp_path: Path) -> Pair:
    other.clean()
    return Pair(domain, other, tmp_path / "hosts")


def has_retry_advice(result: Result, fqdn: str) -> bool:
    return (
        f". Run it again when {fqdn} is available; other domain controllers may not have its changes yet."
        in result.message
    )


@pytest.mark.parametrize("answer", ["lost", "given"])
def test_the_result_is_unknown_if_the_controller_fails_after_the_last_write(pair: Pair, answer: str) -> None:
    """The controller stores both writes of a move and then fails."""
    asa, old = pair.add("ASA$"), pair.add("OLD$", MAIL)
    pair.first.controller.fail_after_writes(2, answer=answer)
    result = pair.task(MOVE)
    assert not pair.first.controller.is_running
    assert (pair.first.holders(MAIL), pair.second.holders(MAIL)) == ([asa], [old])
    assert (result.status, result.changed, rows(result)) == ("failed", True, {MAIL: ([old], None, "failed")})
    assert f"Service principal names on {pair.first.fqdn}: 0 to 1 of 1 changes are in effect" in result.message
    assert has_retry_advice(result, pair.first.fqdn), result.message
    assert pair.second.fqdn not in result.message
    assert pair.second.modifications() == []


@pytest.mark.parametrize("answer", ["lost", "given"])
def test_a_move_does_not_continue_on_the_next_controller(pair: Pair, answer: str) -> None:
    """The old account still has the name there."""
    asa, old = pair.add("ASA$"), pair.add("OLD$", MAIL)
    pair.first.controller.fail_after_writes(1, answer=answer)
    result = pair.task(MOVE)
    assert (pair.first.holders(MAIL), pair.second.holders(MAIL)) == ([], [old])
    assert (result.status, result.changed, rows(result)) == ("failed", True, {MAIL: ([old], None, "failed")})
    assert f"from {old}" in result.message
    assert has_retry_advice(result, pair.first.fqdn), result.message
    assert pair.second.modifications() == []
    pair.first.restart()
    assert pair.task(MOVE).changed
    assert pair.first.holders(MAIL) == [asa]


def test_a_lost_response_is_read_back_from_the_same_controller(pair: Pair) -> None:
    asa = pair.add("ASA$")
    pair.first.controller.fail_after_writes(1, answer="lost", controller="lives")
    result = pair.task(MOVE)
    assert (result.status, result.changed, pair.first.names_of(asa)) == ("ok", True, {MAIL}), result.message
    assert pair.first.modifications() == [Modification(asa, add=(MAIL,), delete=())]
    assert pair.second.modifications() == []


def test_the_next_controller_is_used_before_the_first_write(pair: Pair) -> None:
    asa = pair.add("ASA$")
    pair.first.controller.kill()
    result = pair.task(MOVE)
    assert (result.status, result.changed, pair.second.names_of(asa)) == ("ok", True, {MAIL}), result.message
    assert pair.first.names_of(asa) == set()
