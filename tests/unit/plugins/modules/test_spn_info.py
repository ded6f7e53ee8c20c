# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The questions of spn_info when some have no answer. The lab has one domain and one domain controller."""

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory import account, forest
from ansible_collections.winha.cluster.plugins.module_utils.errors import (
    CredentialsRefused,
    ServerError,
    TimedOut,
    Unreachable,
)
from ansible_collections.winha.cluster.plugins.module_utils.task import Outcome, TaskError
from ansible_collections.winha.cluster.plugins.modules import spn_info

if t.TYPE_CHECKING:
    import types

MAIL, ASA = "http/mail.corp.test", "CN=ASA,DC=corp,DC=test"
NEAR = account.Account(dn=ASA, name="ASA$", kind="computer", principal_names=(MAIL,))
ELSEWHERE = TaskError("The account FAR$ is not in corp.test.")
ALL = {"accounts": ["FAR$", "asa"], "spns": ["http/*"], "duplicates": True}


class Session:
    """A session that is or is not connected to its domain controller."""

    def __init__(self, *, is_connected: bool) -> None:
        self.is_connected = is_connected


def asked(
    monkeypatch: pytest.MonkeyPatch, *, is_connected: bool = True, **answers: t.Any
) -> tuple[list[str], t.Callable[[], dict[str, t.Any]]]:
    """Answer each question with a value or an error; return the questions that were asked, and the task."""
    log: list[str] = []
    given = {"FAR$": ELSEWHERE, "asa": NEAR, "spns": [forest.Holder(ASA, MAIL)]}
    given |= {"duplicates": forest.Duplicates(found={MAIL: (ASA, "CN=B")}, accounts=2, names=2), **answers}

    def answer(name: str) -> t.Any:
        log.append(name)
        if isinstance(given[name], Exception):
            raise given[name]
        return given[name]

    def replace(module: types.ModuleType, function: str, called: t.Callable[..., t.Any]) -> None:
        monkeypatch.setattr(module, function, called)

    replace(account, "find_account", lambda _session, identity: answer(identity))
    replace(forest, "find_matching", lambda _session, _patterns: answer("spns"))
    replace(forest, "find_duplicates", lambda _session: answer("duplicates"))

    def run() -> dict[str, t.Any]:
        return spn_info.report(spn_info.read(t.cast("t.Any", Session(is_connected=is_connected)), ALL), Outcome())

    return log, run


def test_an_account_of_another_domain_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    _log, run = asked(monkeypatch)
    result = run()
    assert [(row["identity"], row["dn"], row["unknown"]) for row in result["accounts"]] == [
        ("FAR$", None, str(ELSEWHERE)),
        ("asa", ASA, None),
    ]
    assert result["duplicates"] == [{"spn": MAIL, "accounts": [ASA, "CN=B"]}]
    assert result["spns"] == [{"spn": MAIL, "accounts": [ASA]}]
    assert result["unknown"] == [{"what": "account FAR$", "why": str(ELSEWHERE)}]


@pytest.mark.parametrize("lost", ["spns", "duplicates"])
def test_a_search_that_failed_is_null_and_not_empty(monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    log, run = asked(monkeypatch, **{lost: TimedOut("no response")})
    result = run()
    assert log == ["FAR$", "asa", "spns", "duplicates"]
    assert result[lost] is None
    assert [each["what"] for each in result["unknown"]] == ["account FAR$", lost]
    other = {"spns": "duplicates", "duplicates": "spns"}[lost]
    assert result[other]


def test_a_global_catalog_that_is_down_does_not_hide_the_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    down = Unreachable("the global catalog is down")
    log, run = asked(monkeypatch, **{"FAR$": down, "spns": down, "duplicates": down})
    result = run()
    assert [row["dn"] for row in result["accounts"]] == [None, ASA]
    assert (result["spns"], result["duplicates"], result["searched"]) == (None, None, None)
    assert log == ["FAR$", "asa", "spns", "duplicates"]


@pytest.mark.parametrize(
    ("problem", "is_connected", "questions"),
    [
        (CredentialsRefused("wrong password"), True, ["FAR$"]),
        (Unreachable("refused"), False, ["FAR$"]),
        (ELSEWHERE, True, ["FAR$", "asa", "spns", "duplicates"]),
    ],
)
def test_the_task_fails_if_no_question_has_an_answer(
    monkeypatch: pytest.MonkeyPatch, problem: Exception, is_connected: bool, questions: list[str]
) -> None:
    """A wrong password is sent once, so that the account is not locked."""
    every = {"FAR$": problem, "asa": problem, "spns": problem, "duplicates": problem}
    log, run = asked(monkeypatch, is_connected=is_connected, **every)
    with pytest.raises((ServerError, TaskError)) as caught:
        run()
    assert caught.value is problem
    assert log == questions


def test_the_whole_result(monkeypatch: pytest.MonkeyPatch) -> None:
    near = account.Account(
        dn=ASA, name="ASA$", kind="computer", user_principal_name="asa@corp.test", enabled=False, encryption_types=0x18,
        password_last_set="2026-01-01T00:00:00Z", principal_names=("http/z", "HTTP/a"),
    )  # fmt: skip
    found = [forest.Holder("CN=A", "http/a"), forest.Holder("CN=B", "HTTP/A"), forest.Holder(ASA, "http/z")]
    duplicates = forest.Duplicates(found={MAIL: (ASA, "CN=B")}, accounts=2, names=3)
    _log, run = asked(monkeypatch, asa=near, spns=found, duplicates=duplicates)
    nothing = dict.fromkeys(
        ("dn", "name", "user_principal_name", "kind", "enabled", "password_last_set", "encryption_types", "spns")
    )
    assert run() == {
        "spns": [{"spn": "http/a", "accounts": ["CN=A", "CN=B"]}, {"spn": "http/z", "accounts": [ASA]}],
        "accounts": [
            {"identity": "FAR$", "unknown": str(ELSEWHERE), **nothing},
            {
                "identity": "asa", "unknown": None, "dn": ASA, "name": "ASA$", "kind": "computer", "enabled": False,
                "user_principal_name": "asa@corp.test", "password_last_set": "2026-01-01T00:00:00Z",
                "encryption_types": {"value": 0x18, "names": ["AES128", "AES256"], "aes": True},
                "spns": ["HTTP/a", "http/z"],
            },
        ],
        "duplicates": [{"spn": MAIL, "accounts": [ASA, "CN=B"]}],
        "searched": {"accounts": 2, "spns": 3},
        "unknown": [{"what": "account FAR$", "why": str(ELSEWHERE)}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("problem", "is_connected"),
    [(CredentialsRefused("wrong password"), True), (Unreachable("refused"), False)],
)
def test_what_was_answered_before_the_connection_broke_stays(
    monkeypatch: pytest.MonkeyPatch, problem: Exception, is_connected: bool
) -> None:
    log, run = asked(monkeypatch, is_connected=is_connected, spns=problem)
    result = run()
    assert log == ["FAR$", "asa", "spns"]
    assert [row["dn"] for row in result["accounts"]] == [None, ASA]
    assert result["unknown"] == [
        {"what": "account FAR$", "why": str(ELSEWHERE)},
        {"what": "spns", "why": str(problem)},
        {"what": "duplicates", "why": str(problem)},
    ]


def test_only_what_is_asked_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    log, _run = asked(monkeypatch)
    session = t.cast("t.Any", Session(is_connected=True))
    with pytest.raises(TaskError, match="No search is requested: set spns, accounts or duplicates"):
        spn_info.read(session, {"accounts": [], "spns": [], "duplicates": False})
    state = spn_info.read(session, {"accounts": [], "spns": ["http/*"], "duplicates": False})
    assert log == ["spns"]
    result = spn_info.report(state, Outcome())
    assert result == {"spns": [{"spn": MAIL, "accounts": [ASA]}], "accounts": [], "unknown": []}
    state = spn_info.read(session, {"accounts": ["asa"], "spns": [], "duplicates": False})
    assert spn_info.report(state, Outcome())["spns"] == []
