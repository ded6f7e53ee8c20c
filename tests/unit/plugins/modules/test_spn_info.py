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
