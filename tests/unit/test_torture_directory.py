# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judge of the cells of LDAP finds a wrong result, and finds nothing in a right one."""

from __future__ import annotations

import copy
import dataclasses
import functools
import typing as t

import pytest

pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils.errors import ResponseLost
from lab.directory.journal import Change
from torture.directory import ber, entries, oracle
from torture.directory.domain import ASA, FQDN, OLD, OTHER, Picture
from torture.directory.faults import FAULTS
from torture.directory.proxy import Request
from torture.directory.variants import VARIANTS

Edit = t.Callable[[oracle.Evidence], oracle.Evidence]
MOVED = VARIANTS["spn/move"]
NAMES = list(MOVED.wanted)
FIRST = {ASA: (), OLD: NAMES[:2], OTHER: NAMES[2:]}
THEN = {ASA: NAMES, OLD: (), OTHER: ()}


def picture(names: t.Mapping[str, t.Iterable[str]]) -> Picture:
    return Picture({dn: frozenset(held) for dn, held in names.items()})


def write(dn: str, kind: str, *names: str, code: int = 0) -> Change:
    return Change("Modify", dn, code, "", "S-1-5-21", {"servicePrincipalName": ((kind, names),)})


def moved() -> oracle.Evidence:
    """The evidence of a move without a fault."""
    before, after = picture(FIRST), picture(THEN)
    rows = [{"label": name, "before": before.holders(name), "after": [ASA]} for name in NAMES]
    listed = [{"spn": row["label"], "before": row["before"], "holders": [ASA], "result": "changed"} for row in rows]
    return oracle.Evidence(
        variant=MOVED,
        fault=None,
        check_mode=False,
        before=before,
        after=after,
        entries=(write(OLD, "delete", *NAMES[:2]), write(OTHER, "delete", NAMES[2]), write(ASA, "add", *NAMES)),
        requests=(Request("search", ASA), Request("modify", ASA, b"add")),
        result={"changed": True, "changes": rows, "spns": listed},
        error=None,
        seconds=1,
        elsewhere=0,
    )


def read() -> oracle.Evidence:
    """The evidence of a module that reads."""
    row = {"name": "ASA$", "enabled": False, "spns": ["x/1", "x/2"], "unknown": None}
    return dataclasses.replace(
        moved(), variant=VARIANTS["spn_info/some"], before=picture({}), after=picture({}), entries=(), requests=(),
        result={"changed": False, "accounts": [row], "unknown": []},
    )  # fmt: skip


def fields(**values: t.Any) -> Edit:
    return functools.partial(dataclasses.replace, **values)


def account(**values: t.Any) -> Edit:
    def change(found: oracle.Evidence) -> oracle.Evidence:
        result = copy.deepcopy(found.result or {})
        result["accounts"][0].update(values)
        return dataclasses.replace(found, result=result)

    return change


def lost(found: oracle.Evidence) -> oracle.Evidence:
    """Deleted from the other accounts and not added, without a word."""
    after = picture({ASA: (), OLD: (), OTHER: ()})
    error = ResponseLost("the connection broke")
    error.operation, error.host = "reading", FQDN
    return dataclasses.replace(found, after=after, result=None, error=error)


def test_the_judge_finds_nothing_in_a_right_result() -> None:
    assert oracle.judge(moved(), moved()) == oracle.judge(read(), read()) == []


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lost, "any more, and the task does not report it"),
        (fields(after=picture(FIRST)), "the task succeeded, and"),
        (fields(check_mode=True), "3 writes were sent"),
        (fields(elsewhere=1), "the server of a referral"),
        (fields(seconds=16), "the task took 16.0 s"),
        (fields(after=picture({**THEN, "CN=x": ["http/other"]})), "names that the task does not manage"),
        (fields(requests=(Request("modify", ASA, b"add"),) * 2), "sent twice without a read"),
        (fields(entries=(write(ASA, "add", *NAMES),) * 2), "was stored twice"),
        (fields(fault=FAULTS["octets"], result=None, error=ResponseLost("x")), "although every response was valid"),
        (fields(result=None, error=KeyError("x")), "ended with KeyError"),
    ],
)
def test_the_judge_finds_a_wrong_write(edit: Edit, problem: str) -> None:
    assert any(problem in one for one in oracle.judge(edit(moved()), moved()))


@pytest.mark.parametrize(
    ("fault", "edit", "problem"),
    [
        ("drop_after", account(enabled=True), "nothing is unknown"),
        ("drop_after", account(spns=["x/1"]), "nothing is unknown"),
        ("without_userAccountControl", account(enabled=True), "enabled is True and should be False"),
        ("without_userAccountControl", account(enabled=None), ""),
        ("no_entries", account(spns=["x/3"]), "spns has 'x/3'"),
        ("no_entries", account(spns=[]), ""),
        ("drop_after", fields(entries=(write(ASA, "add", "x/1"),)), "1 writes were sent"),
    ],
)
def test_the_judge_finds_a_wrong_reading(fault: str, edit: Edit, problem: str) -> None:
    wrong = oracle.judge(dataclasses.replace(edit(read()), fault=FAULTS[fault]), read())
    assert any(problem in one for one in wrong) if problem else wrong == []


def test_a_message_is_the_same_after_decoding() -> None:
    message = ber.sequence(ber.integer(300), ber.sequence(ber.octets(b"x" * 300), ber.integer(-1, 10), tag=0x65))
    assert ber.decode(message.encode()).encode() == message.encode()
    assert [one.number for one in (message.parts[0], message.parts[1].parts[1])] == [300, -1]
    with pytest.raises(ValueError, match="longer than its message"):
        ber.decode(message.encode()[:-1])


def test_each_attribute_of_an_account_can_be_missing() -> None:
    assert {f"without_{name}" for name in entries.ATTRIBUTES} <= FAULTS.keys()
