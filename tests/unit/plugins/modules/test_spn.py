# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions of spn, also for a name on several accounts, which domain controllers refuse to create."""

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory import account as accounts
from ansible_collections.winha.cluster.plugins.module_utils._directory import forest
from ansible_collections.winha.cluster.plugins.module_utils._directory.account import Account
from ansible_collections.winha.cluster.plugins.module_utils._directory.forest import Accounts, Holder
from ansible_collections.winha.cluster.plugins.module_utils._directory.ldap_errors import Refused
from ansible_collections.winha.cluster.plugins.module_utils._directory.spn import ServicePrincipalName, read_aliases
from ansible_collections.winha.cluster.plugins.module_utils.errors import ResponseLost, ServerError
from ansible_collections.winha.cluster.plugins.module_utils.task import Outcome, TaskError
from ansible_collections.winha.cluster.plugins.modules import spn

ASA, OLD, FAR = "CN=ASA,DC=corp,DC=test", "CN=Old,DC=corp,DC=test", "CN=Far,DC=child,DC=corp,DC=test"
MAIL = "http/mail.corp.test"


def state(own: tuple[str, ...], *holders: str, spns: tuple[str, ...] = (MAIL,)) -> spn.State:
    names = {name.key: name for name in map(ServicePrincipalName.parse, spns)}
    found = {key: tuple(Holder(dn, str(name)) for dn in holders) for key, name in names.items()}
    return spn.State(
        account=Account(dn=ASA, name="ASA$", principal_names=own), names=names, holders=found, collisions={}
    )


def planned(
    found: spn.State, wanted: str = "present", on_conflict: str = "move", classes: list[str] | None = None
) -> list[tuple[str, str, str]]:
    plan = spn.plan(found, {"state": wanted, "on_conflict": on_conflict, "service_classes": classes})
    return [(change.label, str(change.before), str(change.after)) for change in plan.changes]


def test_a_name_on_two_other_accounts_is_moved_from_both() -> None:
    assert planned(state((), OLD, "CN=Z,DC=corp,DC=test")) == [(MAIL, f"{OLD} and CN=Z,DC=corp,DC=test", ASA)]


def test_a_duplicate_is_deleted_from_the_other_account() -> None:
    assert planned(state((MAIL.upper(),), ASA.upper(), OLD)) == [(MAIL, f"{ASA} and {OLD}", ASA)]


def test_the_domain_controller_takes_precedence_over_an_outdated_catalog() -> None:
    assert planned(state((), ASA)) == [(MAIL, "none", ASA)]
    assert planned(state((MAIL,))) == []


@pytest.mark.parametrize("on_conflict", ["fail", "move"])
def test_a_name_is_never_moved_from_an_account_of_another_domain(on_conflict: str) -> None:
    with pytest.raises(TaskError, match=FAR):
        planned(state((), FAR), on_conflict=on_conflict)


def test_a_deleted_name_stays_on_other_accounts() -> None:
    assert planned(state((MAIL,), ASA, OLD), "absent") == [(MAIL, f"{ASA} and {OLD}", OLD)]
    other = "http/other.corp.test"
    assert planned(state((MAIL, other), ASA, spns=(other,)), "exact") == [(MAIL, ASA, "none")]


def test_exact_deletes_only_the_service_classes_that_it_manages() -> None:
    windows = ("HOST/HV01", "Hyper-V Replica Service/HV01", "TERMSRV/HV01")
    old = "HTTP/old.corp.test"
    found = state((*windows, old, MAIL))
    assert planned(found, "exact") == [(old, ASA, "none")]
    assert planned(found, "exact", classes=["hyper-v replica service"]) == [(windows[1], ASA, "none")]
    assert planned(found, "exact", classes=[]) == []
    every = [label for label, _before, _after in planned(found, "exact", classes=["*"])]
    assert every == sorted([*windows, old], key=str.lower)


class Forest:
    """Accounts with their names, of which one is the account of the task. It notes the searches and the writes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **names: list[str]) -> None:
        self.names = {dn: names.get(key, []) for key, dn in {"own": ASA, "old": OLD, "far": FAR}.items()}
        self.searched: list[set[str]] = []
        self.asked_for_aliases = 0
        self.written: list[tuple[str, list[str], list[str], str]] = []
        self.fails: dict[str, list[ServerError]] = {}
        monkeypatch.setattr(accounts, "find_account", lambda _session, identity: {"asa": self.own()}[identity])
        monkeypatch.setattr(accounts, "read_account", self._read)
        monkeypatch.setattr(accounts, "update_names", self._update)
        monkeypatch.setattr(forest, "find_holders", self._holders)
        monkeypatch.setattr(forest, "read_host_aliases", self._aliases)

    def own(self) -> Account:
        return Account(dn=ASA, name="ASA$", kind="computer", principal_names=tuple(self.names[ASA]))

    def _aliases(self, _session: t.Any) -> t.Any:
        self.asked_for_aliases += 1
        return read_aliases(["host=http,www"])

    def _fail(self, name: str) -> None:
        if self.fails.get(name):
            raise self.fails[name].pop(0)

    def _read(self, _session: t.Any, dn: str) -> Account:
        assert dn == ASA
        self._fail("read")
        return self.own()

    def _holders(self, _session: t.Any, keys: t.Iterable[str]) -> dict[str, tuple[Holder, ...]]:
        self.searched.append(set(keys))
        self._fail("search")
        return {
            key: tuple(Holder(dn, spn) for dn, spns in self.names.items() for spn in spns if spn.lower() == key)
            for key in keys
        }

    def _update(
        self, _session: t.Any, dn: str, *, wanted: t.Iterable[str] = (), unwanted: t.Collection[str] = (),
        operation: str = "",
    ) -> None:  # fmt: skip
        wanted = list(wanted)
        self.written.append((dn, wanted, sorted(unwanted), operation))
        self._fail(dn)
        self.names[dn] = [spn for spn in self.names[dn] if spn.lower() not in unwanted] + wanted


SESSION = t.cast("t.Any", None)


def options(*spns: str, **given: t.Any) -> dict[str, t.Any]:
    own = {"state": "present", "service_classes": None, "on_conflict": "fail"}
    return {"account": "asa", "spns": list(spns), **own, **given}


def test_what_is_read_before_names_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a name that the account lacks can be equivalent to one of another account."""
    found = Forest(monkeypatch, own=["HTTP/mail.corp.test"], old=["host/web.corp.test"])
    read = spn.read(SESSION, options(MAIL, "http/web.corp.test"))
    assert set(read.names) == set(read.holders) == {MAIL, "http/web.corp.test"}
    assert read.holders[MAIL] == (Holder(ASA, "HTTP/mail.corp.test"),)
    assert read.collisions == {"http/web.corp.test": (Holder(OLD, "host/web.corp.test"),)}
    assert found.searched == [{MAIL, "http/web.corp.test", "host/web.corp.test"}]
    with pytest.raises(TaskError, match=r"is equivalent to host/web\.corp\.test, which is on CN=Old"):
        spn.plan(read, options(MAIL, "http/web.corp.test"))


@pytest.mark.parametrize(
    ("given", "searched", "aliases"),
    [
        ({"state": "absent"}, {MAIL}, 0),
        ({"state": "exact"}, {MAIL, "http/old"}, 0),
        ({"state": "present"}, {MAIL}, 0),
    ],
)
def test_equivalent_names_are_read_only_where_a_name_is_added(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], searched: set[str], aliases: int
) -> None:
    found = Forest(monkeypatch, own=[MAIL, "http/old"])
    read = spn.read(SESSION, options(MAIL, **given))
    assert (found.searched, found.asked_for_aliases, set(read.holders)) == ([searched], aliases, searched)


def test_an_invalid_name_can_be_deleted_where_it_is_and_never_added(monkeypatch: pytest.MonkeyPatch) -> None:
    Forest(monkeypatch, own=["HTTP/a b"])
    read = spn.read(SESSION, options("http/A B", state="absent"))
    assert [(change.label, change.after) for change in spn.plan(read, options(state="absent")).changes] == [
        ("HTTP/a b", Accounts())
    ]
    for given in (options("http/other b", state="absent"), options("http/A B")):
        with pytest.raises(TaskError, match="spns contains invalid service principal names"):
            spn.read(SESSION, given)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (options(state="exact"), "spns is empty and state is exact, which would delete every"),
        (options(MAIL, service_classes=["http"]), "service_classes is only for state exact, and state is present"),
        (options(MAIL, service_classes=[], state="absent"), "service_classes is only for state exact"),
    ],
)
def test_options_that_contradict_each_other(given: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(TaskError, match=sentence):
        spn.read(SESSION, given)


def applied(found: Forest, *spns: str, **given: t.Any) -> tuple[dict[str, t.Any], str]:
    wanted = options(*spns, **given)
    read = spn.read(SESSION, wanted)
    (step,) = spn.plan(read, wanted).steps
    done = spn.apply(SESSION, read, step)
    return {label: tuple(value) for label, value in done.values.items()}, done.reason


def test_names_are_deleted_from_other_accounts_first(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Forest(monkeypatch, own=["http/left"], old=["HTTP/mail.corp.test", "http/z"])
    values, _reason = applied(found, MAIL, "http/z", "http/new", state="exact", on_conflict="move")
    assert found.written == [
        (OLD, [], [MAIL, "http/z"], f"deleting HTTP/mail.corp.test, http/z from {OLD}"),
        (ASA, [MAIL, "http/z", "http/new"], ["http/left"], ""),
    ]
    assert values == {MAIL: (ASA,), "http/z": (ASA,), "http/new": (ASA,), "http/left": ()}


def test_a_refused_write_gives_the_names_back(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Forest(monkeypatch, old=["HTTP/mail.corp.test"])
    found.fails = {ASA: [Refused("no right")]}
    values, reason = applied(found, MAIL, on_conflict="move")
    assert [(dn, wanted) for dn, wanted, _unwanted, _operation in found.written] == [
        (OLD, []), (ASA, [MAIL]), (OLD, ["HTTP/mail.corp.test"]),
    ]  # fmt: skip
    assert values == {MAIL: (OLD,)}
    assert reason == "no right"


def test_a_lost_write_gives_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Forest(monkeypatch, old=[MAIL])
    found.fails = {ASA: [ResponseLost("gone")]}
    values, _reason = applied(found, MAIL, on_conflict="move")
    assert [dn for dn, _wanted, _unwanted, _operation in found.written] == [OLD, ASA]
    assert values == {MAIL: ()}


def test_a_name_that_another_account_got_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Forest(monkeypatch)
    update = found._update

    def also_elsewhere(*arguments: t.Any, **given: t.Any) -> None:
        update(*arguments, **given)
        found.names[OLD] = [MAIL]

    monkeypatch.setattr(accounts, "update_names", also_elsewhere)
    assert applied(found, MAIL) == ({MAIL: (ASA, OLD)}, "another account got the SPN at the same time")


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        ([ResponseLost("the write is lost")], f"the write is lost; before that, {MAIL} was deleted from {OLD}"),
        ([], f"the read is lost; before that, {MAIL} was deleted from {OLD}"),
    ],
)
def test_what_was_deleted_is_told_if_nothing_can_be_read_back(
    monkeypatch: pytest.MonkeyPatch, write: list[ServerError], sentence: str
) -> None:
    found = Forest(monkeypatch, old=[MAIL])
    found.fails = {ASA: write, "read": [ResponseLost("the read is lost")]}
    with pytest.raises(ResponseLost) as caught:
        applied(found, MAIL, on_conflict="move")
    assert caught.value.detail == sentence


def test_the_result_has_every_name_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Forest(monkeypatch, own=[MAIL, "http/left"], old=["http/moved"])
    read = spn.read(SESSION, options(MAIL, "HTTP/moved", state="exact"))
    now = Accounts((ASA,))
    outcome = Outcome(values={"HTTP/moved": now}, failures={"http/left": "It failed."})
    assert spn.report(read, outcome) == {
        "account": {"dn": ASA, "name": "ASA$", "kind": "computer"},
        "spns": [
            {"spn": MAIL, "before": [ASA], "holders": [ASA], "result": "compliant"},
            {"spn": "HTTP/moved", "before": [OLD], "holders": [ASA], "result": "changed"},
            {"spn": "http/left", "before": [ASA], "holders": None, "result": "failed", "msg": "It failed."},
        ],
    }
