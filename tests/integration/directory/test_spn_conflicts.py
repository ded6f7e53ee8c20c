# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""spn if another account of the forest has the name or an equivalent one."""

from __future__ import annotations

import pytest
from domain_stage import Domain, Modification, lines, rows

MAIL = "http/mail.corp.example.test"
FREE = "exchangeMDB/outlook.corp.example.test"
HERE = "dc"


@pytest.mark.matrix
def test_a_duplicate_fails_the_task_with_the_other_account(domain: Domain) -> None:
    domain.add("ASA$")
    old = domain.add("OLDASA$", MAIL.upper())
    play = domain.playbook("spn", {"account": "ASA$", "spns": [FREE, MAIL]})
    usn, before = domain.controller.highest_usn(), domain.names()
    checked, applied = domain.check(play), domain.play(play)
    for run in (checked, applied):
        result = run.of(HERE)
        assert (run.rc, result.status, result.changed) == (2, "failed", False)
        assert f"{MAIL} is on {old}" in result.message
        assert "or set on_conflict: move (same domain only, not for equivalent SPNs)." in result.message
        assert FREE not in result.message
        assert "\n" not in result.message
    assert (domain.controller.highest_usn(), domain.names(), domain.modifications()) == (usn, before, [])


def test_an_account_of_another_domain_is_found_and_not_changed(domain: Domain) -> None:
    """A separate partition simulates the other domain."""
    domain.add("ASA$")
    far = domain.add_in_other_partition("FAR", MAIL)
    for on_conflict, text in (
        ("fail", f"{MAIL} is on {far}"),
        ("move", "only a domain controller of domaindnszones.corp.example.test can change"),
    ):
        play = domain.playbook("spn", {"account": "ASA$", "spns": [FREE, MAIL], "on_conflict": on_conflict})
        for run in (domain.check(play), domain.play(play)):
            assert (run.of(HERE).status, domain.modifications()) == ("failed", [])
            assert text in run.of(HERE).message, run.of(HERE).message
            assert "set on_conflict" not in run.of(HERE).message  # it would not help
    assert domain.holders(MAIL) == [far]


@pytest.mark.parametrize("host", ["localhost", "dc"])
def test_a_move_deletes_and_adds_the_name(domain: Domain, host: str) -> None:
    asa, old = domain.add("ASA$"), domain.add("OLDASA$", MAIL.upper(), "http/stays.corp.example.test")
    options = {"account": "ASA$", "spns": [FREE, MAIL], "on_conflict": "move"}
    play = domain.playbook("spn", options, host=host)
    checked = domain.check(play).of(host)
    applied = domain.play(play, "--diff").of(host)
    assert domain.modifications() == [
        Modification(old, add=(), delete=(MAIL.upper(),)),
        Modification(asa, add=(FREE, MAIL), delete=()),
    ]
    assert (domain.names_of(asa), domain.names_of(old)) == ({FREE, MAIL}, {"http/stays.corp.example.test"})
    again = domain.play(play, "--diff").of(host)
    assert [one.changed for one in (checked, applied, again)] == [True, True, False]
    assert len(domain.modifications()) == 2
    assert (
        lines(checked) == lines(applied) == ([f"{FREE}: none", f"{MAIL}: {old}"], [f"{FREE}: {asa}", f"{MAIL}: {asa}"])
    )
    assert rows(applied)[MAIL] == ([old], [asa], "changed")


def test_a_duplicate_of_an_existing_name_is_found(domain: Domain) -> None:
    """Samba refuses to delete a duplicate value, so this test only checks the plan."""
    asa, other = domain.add("ASA$", MAIL), domain.add("OTHER$")
    domain.add_unchecked(other, MAIL)
    assert domain.holders(MAIL) == [asa, other]
    stopped = domain.playbook("spn", {"account": "ASA$", "spns": [FREE, MAIL]})
    for run in (domain.check(stopped), domain.play(stopped)):
        assert run.of(HERE).status == "failed"
        assert f"{MAIL} is on {other} as well as on the account itself" in run.of(HERE).message
    assert domain.modifications() == []
    play = domain.playbook("spn", {"account": "ASA$", "spns": [FREE, MAIL], "on_conflict": "move"})
    checked = domain.check(play).of(HERE)
    assert lines(checked) == ([f"{FREE}: none", f"{MAIL}: {asa} and {other}"], [f"{FREE}: {asa}", f"{MAIL}: {asa}"])


def test_a_name_that_cannot_be_deleted_is_not_added(domain: Domain) -> None:
    """Samba refuses to delete a duplicate value. After that, nothing must be written."""
    domain.add("ASA$")
    one, two = domain.add("ONE$", MAIL), domain.add("TWO$")
    domain.add_unchecked(two, MAIL)
    before = domain.names()
    result = domain.task("spn", {"account": "ASA$", "spns": [FREE, MAIL], "on_conflict": "move"})
    assert (result.status, result.changed, domain.names()) == ("failed", False, before)
    assert f"Deleting {MAIL} from {one} on {domain.fqdn} failed: " in result.message
    assert {spn: row[:2] for spn, row in rows(result).items()} == {FREE: ([], []), MAIL: ([one, two], [one, two])}


@pytest.mark.parametrize("held", ["HOST/mail.corp.example.test", "host/MAIL.corp.example.test"])
@pytest.mark.parametrize("on_conflict", ["fail", "move"])
def test_an_alias_on_another_account_fails_the_task_and_is_not_moved(
    domain: Domain, held: str, on_conflict: str
) -> None:
    domain.add("ASA$")
    mail = domain.add("MAIL$", held)
    play = domain.playbook("spn", {"account": "ASA$", "spns": [FREE, MAIL], "on_conflict": on_conflict})
    for run in (domain.check(play), domain.play(play)):
        assert run.of(HERE).status == "failed"
        assert f"{MAIL} is equivalent to {held}, which is on {mail}" in run.of(HERE).message
        assert "set on_conflict" not in run.of(HERE).message  # it would not help
    assert (domain.modifications(), domain.names_of(mail)) == ([], {held})


def test_the_service_class_of_an_alias_on_another_account_fails_the_task(domain: Domain) -> None:
    domain.add("ASA$")
    mail = domain.add("MAIL$", MAIL)
    host = "HOST/mail.corp.example.test"
    result = domain.task("spn", {"account": "ASA$", "spns": [host], "on_conflict": "move"})
    assert f"{host} is equivalent to {MAIL}, which is on {mail}" in result.message
    assert domain.modifications() == []


def test_an_alias_on_the_same_account_is_not_a_conflict(domain: Domain) -> None:
    asa = domain.add("ASA$", "HOST/mail.corp.example.test")
    assert domain.task("spn", {"account": "ASA$", "spns": [MAIL]}).changed
    assert domain.names_of(asa) == {"HOST/mail.corp.example.test", MAIL}


@pytest.mark.parametrize("state", ["absent", "exact"])
def test_other_accounts_with_a_deleted_name_are_returned(domain: Domain, state: str) -> None:
    asa, other = domain.add("ASA$", MAIL, FREE), domain.add("OTHER$")
    domain.add_unchecked(other, MAIL)
    more = {"spns": [MAIL]} if state == "absent" else {"spns": [FREE], "service_classes": ["*"]}
    play = domain.playbook("spn", {"account": "ASA$", "state": state, **more})
    checked = domain.check(play).of(HERE)
    assert lines(checked) == ([f"{MAIL}: {asa} and {other}"], [f"{MAIL}: {other}"])
    assert rows(checked)[MAIL] == ([asa, other], [other], "would_change")


def test_other_accounts_with_an_absent_name_are_returned(domain: Domain) -> None:
    domain.add("ASA$")
    other = domain.add("OTHER$", MAIL)
    result = domain.task("spn", {"account": "ASA$", "spns": [MAIL], "state": "absent"})
    assert (result.changed, rows(result)) == (False, {MAIL: ([other], [other], "compliant")})


def test_special_characters_are_escaped(domain: Domain) -> None:
    odd = domain.add("odd (x)&1", cn="odd\\, \\+ \\22x\\22 \\\\ #(*)")
    spn = "http/odd(1)&|.corp.example.test"
    assert domain.task("spn", {"account": "odd (x)&1", "spns": [spn]}).changed
    assert domain.names_of(odd) == {spn}
    moved = domain.add("ASA$")
    result = domain.task("spn", {"account": "ASA$", "spns": [spn], "on_conflict": "move"})
    assert rows(result) == {spn: ([odd], [moved], "changed")}
    assert domain.holders(spn) == [moved]
    back = domain.task("spn", {"account": odd, "spns": [spn], "on_conflict": "move"})
    assert rows(back) == {spn: ([moved], [odd], "changed")}
